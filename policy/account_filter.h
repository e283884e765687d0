/* Which accounts: the parameters of account.list, which others take too. Inside a job. */
#ifndef POLICY_ACCOUNT_FILTER_H
#define POLICY_ACCOUNT_FILTER_H

#include "policy/methods.h"
#include "policy/store/account_list.h"

/* From call->params, whose texts it borrows. 0, or a negative errno with call->error. */
int account_filter_read(
	struct store_db *db, struct method_call *call, struct account_filter *ret_filter);

#endif
