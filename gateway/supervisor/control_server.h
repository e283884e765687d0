/* control.sock: who may speak (SO_PEERCRED, SO_PEERGROUPS against the settings' roles), lines in, lines out.
 * A connection has one request under way at a time; the next line is read after its answer. Bounded: lines,
 * connections, connections per user, bytes that wait for a client that does not read.
 */
#ifndef SUPERVISOR_CONTROL_SERVER_H
#define SUPERVISOR_CONTROL_SERVER_H

#include "policy/logs.h"
#include "supervisor/supervisor.h"

#include <jansson.h>

#define CONTROL_CLIENTS_MOST 64
#define CONTROL_CLIENTS_MOST_PER_USER 24
/* A client that lets more than this wait is dropped. Larger than any one answer should be. */
#define CONTROL_QUEUE_MOST (16u << 20)
/* Of all clients together: beyond it whoever lets most wait is dropped. */
#define CONTROL_QUEUES_MOST (64u << 20)

struct control_client;
struct control_server;

/* Opens the socket (or takes it from systemd) and reads the roles. Returns 0 or a negative errno with *ret_why. */
int control_server_open(
	struct supervisor *supervisor, struct control_server **ret_server, const char **ret_why);

/* Reads the roles again from supervisor->settings. */
int control_server_reload(struct control_server *server, const char **ret_why);

/* Closes listener and connections, removes the socket; frees itself in the last close callback. Accepts NULL. */
void control_server_close(struct control_server *server);

/* A new row of a log: to those who follow it. */
void control_server_tell(struct control_server *server, enum log_name log, json_t *row);
bool control_server_is_followed(const struct control_server *server);

/* Somebody waits for an attendant, or waits no longer: to those who follow that. Accepts NULL. */
void control_server_tell_attendances(struct control_server *server);

/* For the calls (control_calls.c). An id is never used twice; NULL if that client has gone. */
struct control_client *control_client_find(struct control_server *server, uint64_t id);

/* Sends an answer (taken; NULL: no memory, the client is dropped) and reads the next line. */
void control_client_answer(struct control_client *client, json_t *answer);

/* Sends a notification (params are taken) while a call is under way. One that finds earlier ones not read yet is
 * left out. */
void control_client_notify(struct control_client *client, const char *method, json_t *params);

/* From now on it is told of new rows that the filter lets through. Takes params, from which the filter was read. */
void control_client_follow(
	struct control_client *client, json_t *params, const struct log_filter *filter);

/* From now on it is told of changes among those who wait for an attendant. */
void control_client_follow_attendances(struct control_client *client);

#endif
