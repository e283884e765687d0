/* Lists of accounts, page by page. */
#ifndef ADMIN_ACCOUNT_PAGES_H
#define ADMIN_ACCOUNT_PAGES_H

#include "admin-cli/command.h"

/* Asks account.list with these parameters (taken) for one page after the other; `accounts` is its array, also
 * of a list without any. Otherwise the reason has been told. */
enum admin_exit account_pages(struct admin *admin, json_t *parameters,
	void (*page)(const json_t *accounts, void *argument), void *argument);

#endif
