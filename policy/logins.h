/* The login log (F2): who signed in where, or was refused. Inside a job. */
#ifndef POLICY_LOGINS_H
#define POLICY_LOGINS_H

#include <stdbool.h>

struct store_db;

/* Whether a refusal is logged: whoever knocks without end must not fill the log. */
enum login_logging {
	LOGIN_LOGGED,
	LOGIN_LAST, /* the last one for a while; its record says that there were more */
	LOGIN_UNLOGGED,
};

struct login {
	const char *application; /* "RDP", "admin" */
	const char *account;     /* "" if it is not known */
	const char *name;        /* of the person; may be "" */
	const char *source;      /* address, or "local" */
	const char *reason;      /* why it was refused; NULL: accepted */
	enum login_logging logging;
};

/* Returns 0 or a negative errno. */
int login_record(struct store_db *db, const struct login *login);

#endif
