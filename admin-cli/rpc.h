/* JSON-RPC 2.0 over the gateway's control socket: one message a line (design 5). Blocking, with limits. */
#ifndef ADMIN_RPC_H
#define ADMIN_RPC_H

#include <jansson.h>
#include <stddef.h>

struct rpc;

/* Returns 0 or a negative errno with a sentence for people in ret_why. */
int rpc_open(const char *path, struct rpc **ret_rpc, char *ret_why, size_t size);
void rpc_close(struct rpc *rpc);

/* Asks and waits. Takes `parameters` (NULL: none). Returns 0 with *ret_answer the result; -EREMOTEIO with
 * *ret_answer the error object; another negative errno with ret_why. */
int rpc_call(struct rpc *rpc, const char *method, json_t *parameters, json_t **ret_answer,
	char *ret_why, size_t size);

/* Who is shown how far a call has come (NULL: nobody); the time limit of the call begins anew each time. */
typedef void rpc_progress(const json_t *parameters);
void rpc_on_progress(struct rpc *rpc, rpc_progress *progress);

/* Waits, without limit, for the next notification and gives its params. Those that came during a call are
 * kept. 0, or a negative errno with ret_why. */
int rpc_next(struct rpc *rpc, json_t **ret_parameters, char *ret_why, size_t size);

#endif
