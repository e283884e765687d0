/* account.review_sign: a walk that hashes the list, then a write that records it (policy/review_sign.h). */
#include "policy/review_sign.h"
#include "supervisor/control_calls.h"

#include <stdlib.h>

struct signing {
	struct store_job job; /* first: the store gives it back */
	struct control_call *call;
	struct review_signature signature;
};

static void
end(struct signing *signing, int status)
{
	struct control_call *call = signing->call;
	json_t *result = call->method.result;

	review_signature_done(&signing->signature);
	free(signing);
	if (status < 0) {
		control_call_fail(call, status);
		return;
	}
	call->method.result = NULL;
	control_call_answer(call, result);
}

static int
record_work(struct store_db *db, struct store_job *job)
{
	struct signing *signing = (struct signing *)job;

	method_call_reset(&signing->call->method);
	return review_sign_record(db, &signing->call->method, &signing->signature);
}

static void
record_done(struct store_job *job, int status)
{
	end((struct signing *)job, status);
}

static int
read_work(struct store_db *db, struct store_job *job)
{
	struct signing *signing = (struct signing *)job;

	method_call_reset(&signing->call->method);
	return review_sign_read(db, &signing->call->method, &signing->signature);
}

static void
read_done(struct store_job *job, int status)
{
	struct signing *signing = (struct signing *)job;

	if (status < 0) {
		end(signing, status);
		return;
	}
	signing->job.work = record_work;
	signing->job.done = record_done;
	store_write(signing->call->supervisor->store, &signing->job);
}

void
method_account_review_sign(struct control_call *call)
{
	struct signing *signing = calloc(1, sizeof(*signing));

	if (signing == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	signing->call = call;
	signing->job.work = read_work;
	signing->job.done = read_done;
	store_walk(call->supervisor->store, &signing->job);
}
