/* The login log; see logins.h. */
#include "policy/logins.h"

#include "policy/record.h"

int
login_record(struct store_db *db, const struct login *login)
{
	json_t *payload;

	if (login->reason != NULL && login->logging == LOGIN_UNLOGGED)
		return 0;
	payload = json_object();
	(void)json_object_set_new(payload, "application", json_string(login->application));
	(void)json_object_set_new(payload, "account", json_string(login->account));
	(void)json_object_set_new(payload, "name", json_string(login->name));
	(void)json_object_set_new(payload, "source", json_string(login->source));
	(void)json_object_set_new(
		payload, "result", json_string(login->reason == NULL ? "accepted" : "refused"));
	(void)json_object_set_new(payload, "reason",
		login->reason == NULL ? json_null() : json_string(login->reason));
	if (login->reason != NULL && login->logging == LOGIN_LAST)
		(void)json_object_set_new(payload, "unlogged", json_true());
	return record_event(db, EVENT_KIND_LOGIN, payload, NULL);
}
