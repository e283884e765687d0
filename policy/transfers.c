/* See transfers.h. */
#include "policy/transfers.h"

#include "base/clock.h"
#include "policy/record.h"
#include "policy/store/store.h"

int
transfer_record(struct store_db *db, const struct transfer *transfer, json_t **ret_row)
{
	json_t *row = json_object();
	char now[CLOCK_TEXT_SIZE];
	int r;

	(void)json_object_set_new(row, "session", json_string(transfer->session));
	(void)json_object_set_new(row, "account", json_string(transfer->account));
	(void)json_object_set_new(row, "name", json_string(transfer->name));
	(void)json_object_set_new(row, "terminal", json_string(transfer->terminal));
	(void)json_object_set_new(row, "direction", json_string(transfer->direction));
	(void)json_object_set_new(row, "way", json_string(transfer->way));
	(void)json_object_set_new(row, "path", json_string(transfer->path));
	(void)json_object_set_new(row, "size", json_integer((json_int_t)transfer->bytes));
	(void)json_object_set_new(row, "missed", json_integer(transfer->missed));
	r = record_event(db, EVENT_KIND_TRANSFER, json_incref(row), NULL);
	if (r < 0) {
		json_decref(row);
		return r;
	}
	clock_format_utc(store_db_now(db), now);
	(void)json_object_set_new(row, "time", json_string(now));
	*ret_row = row;
	return 0;
}
