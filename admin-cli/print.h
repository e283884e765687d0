/* The printers of commands.def: a result of the gateway, for people. */
#ifndef ADMIN_PRINT_H
#define ADMIN_PRINT_H

#include "admin-cli/commands.h"

#include <stddef.h>

command_printer print_account;
command_printer print_account_added;
command_printer print_account_changed;
command_printer print_account_deleted;
command_printer print_account_reset;
command_printer print_terminals;
command_printer print_terminal;
command_printer print_terminal_added;
command_printer print_terminal_changed;
command_printer print_terminal_deleted;
command_printer print_credential;
command_printer print_terminal_accounts;
command_printer print_checks;
command_printer print_windows;
command_printer print_window_added;
command_printer print_window_deleted;
command_printer print_vendors;
command_printer print_vendor;
command_printer print_vendor_added;
command_printer print_vendor_changed;
command_printer print_vendor_deleted;
command_printer print_number_issued;
command_printer print_number_cancelled;
command_printer print_attendances;
command_printer print_allowed;
command_printer print_refused;
command_printer print_explanation;
command_printer print_sessions;
command_printer print_session;
command_printer print_session_killed;
command_printer print_session_notice;
command_printer print_recording;
command_printer print_recording_held;
command_printer print_recording_released;
command_printer print_recording_deleted;
command_printer print_watchers;
command_printer print_watcher_ended;
command_printer print_outputs;
command_printer print_output_requested;
command_printer print_output_deleted;
command_printer print_verified;
command_printer print_status;
command_printer print_backups;
command_printer print_backup_created;
command_printer print_backup_fetched;
command_printer print_backup_restored;
command_printer print_backup_deleted;

/* "restart 04:00–04:30" of `window` in a terminal object; with the day on which it begins, unless that is every day. */
const char *print_window_span(const json_t *terminal);

/* Rows of window list. Returns how many there are. */
size_t print_window_rows(const json_t *rows);

/* The history's rows, as session list --ended shows them. */
void print_ended_sessions(const json_t *result);

/* The rows of those who wait for permission, as attend list and its --follow show them. */
void print_waiting(const json_t *rows);
void print_waits_no_longer(const json_t *row);

#endif
