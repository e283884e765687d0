/* See offer_table.h. */
#include "policy/store/offer_table.h"

#include "policy/store/sql.h"
#include "policy/store/store.h"

static void
read_row(sqlite3_stmt *row, struct offer_row *offer)
{
	struct field_error unused;
	char credentials[16], recording[16];

	*offer = (struct offer_row){.terminal = sql_column_number(row, 0)};
	sql_column_text(row, 1, offer->name, sizeof(offer->name));
	offer->in_service = sql_column_number(row, 2) != 0;
	offer->attendance_required = sql_column_number(row, 3) != 0;
	offer->capacity = (uint32_t)sql_column_number(row, 4);
	offer->sessions = (uint32_t)sql_column_number(row, 5);
	sql_column_text(row, 6, offer->used_by, sizeof(offer->used_by));
	sql_column_text(row, 7, credentials, sizeof(credentials));
	(void)credential_mode_parse(credentials, &offer->credentials, &unused);
	offer->credential_stored = sql_column_number(row, 8) != 0;
	offer->certificate_trusted = sql_column_number(row, 9) != 0;
	sql_column_text(row, 10, recording, sizeof(recording));
	/* A word that this version does not know promises nothing less than the most. */
	if (terminal_recording_parse(recording, &offer->recording, &unused) < 0)
		offer->recording = TERMINAL_RECORDING_REQUIRED;
	offer->record_input = sql_column_number(row, 11) != 0;
	offer->four_eyes = sql_column_number(row, 12) != 0;
	offer->show_watchers = sql_column_number(row, 13) != 0;
}

#define HOLDS(terminal)                                                    \
	" WHERE session.state = 'active' AND session.terminal = " terminal \
	" ORDER BY session.number LIMIT 1"
#define ACCOUNT "SELECT account_full FROM session"
#define NAME "SELECT account_name FROM session"
#define VENDOR                                                                              \
	"SELECT vendor.name FROM session JOIN account ON account.number = session.account " \
	"JOIN vendor ON vendor.number = account.vendor"
#define OFFERS(used_by)                                                                      \
	"SELECT terminal.number, terminal.name, in_service, attendance_required, capacity, " \
	"(SELECT count(*) FROM session WHERE state = 'active' AND "                          \
	"session.terminal = terminal.number), " used_by                                      \
	", terminal.credentials, EXISTS (SELECT 1 FROM terminal_credential WHERE "           \
	"terminal_credential.terminal = terminal.number), trust <> 'none', "                 \
	"terminal.recording, record_input, four_eyes, show_watchers FROM assignment JOIN "   \
	"terminal ON "                                                                       \
	"terminal.number = assignment.terminal WHERE assignment.account = ? ORDER BY name_key"

/* By whom engineers may read of: that column is NULL where nobody is to be named. */
static const char *const questions[] = {
	[HOLDER_ACCOUNT] = OFFERS("(" ACCOUNT HOLDS("terminal.number") ")"),
	[HOLDER_NAME] = OFFERS("(" NAME HOLDS("terminal.number") ")"),
	[HOLDER_VENDOR] = OFFERS("(" VENDOR HOLDS("terminal.number") ")"),
	[HOLDER_NOBODY] = OFFERS("NULL"),
};

int
offer_holder(struct store_db *db, int64_t terminal, char ret_used_by[HOLDER_SIZE])
{
	static const char *const holders[] = {
		[HOLDER_ACCOUNT] = ACCOUNT HOLDS("?"),
		[HOLDER_NAME] = NAME HOLDS("?"),
		[HOLDER_VENDOR] = VENDOR HOLDS("?"),
		[HOLDER_NOBODY] = NULL,
	};
	const char *question = holders[store_db_settings(db)->holder_shown];
	sqlite3_stmt *row;
	int r;

	ret_used_by[0] = '\0';
	if (question == NULL)
		return 0;
	r = sql_ask(db, &row, question, "i", terminal);
	if (r < 0)
		return r;
	r = sql_next(row);
	if (r <= 0)
		return r;
	sql_column_text(row, 0, ret_used_by, HOLDER_SIZE);
	sql_end(row);
	return 0;
}

int
offer_each(struct store_db *db, int64_t account,
	int (*visit)(const struct offer_row *row, void *argument), void *argument)
{
	struct offer_row offer;
	sqlite3_stmt *row;
	int r;

	r = sql_ask(db, &row, questions[store_db_settings(db)->holder_shown], "i", account);
	while (r == 0 && (r = sql_next(row)) > 0) {
		read_row(row, &offer);
		r = visit(&offer, argument);
		if (r < 0)
			sql_end(row);
	}
	return r;
}
