/* The inside of the control socket, shared by control_server.c (who may come) and control_client.c (what is said). */
#ifndef SUPERVISOR_CONTROL_PRIVATE_H
#define SUPERVISOR_CONTROL_PRIVATE_H

#include "supervisor/control_logins.h"
#include "supervisor/control_roles.h"
#include "supervisor/control_server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#define ACTOR_TEXT_SIZE 64
#define PERSON_TEXT_SIZE 128

enum client_state {
	CLIENT_NAMING, /* its user's name is being looked up, on a thread */
	CLIENT_WAITING,
	CLIENT_BUSY,    /* a call is under way */
	CLIENT_REFUSED, /* closed as soon as it has been told why */
	CLIENT_CLOSING,
};

struct control_client {
	struct control_client *next;
	struct control_server *server;
	uint64_t id;
	enum client_state state;
	uv_pipe_t pipe;
	uv_work_t naming;
	unsigned int holds; /* pipe and naming: the last one frees */
	uid_t user;
	uint32_t roles;
	char actor[ACTOR_TEXT_SIZE];
	char name[PERSON_TEXT_SIZE]; /* by the operating system; may be empty */
	bool is_new;                 /* to the login log */
	char *buffer;
	size_t size, len;
	bool in_lines; /* control_client_serve is on the stack */
	bool follows;
	struct log_filter follow;
	json_t *follow_params; /* the filter's texts */
	bool follows_attendances;
};

struct control_server {
	struct supervisor *supervisor;
	uv_pipe_t listener;
	struct control_roles roles;
	struct control_logins logins;
	struct control_client *clients;
	uint64_t next_id;
	char *path; /* to be removed at the end; NULL if the socket is systemd's */
	bool closing;
};

/* Frees the server that is being closed, once neither clients nor listener are left. */
void control_server_free_if_idle(struct control_server *server);

/* Starts calls for the lines that are there, one after the other; reads on when there is none. */
void control_client_serve(struct control_client *client);

/* Takes the message. Whatever goes wrong drops the client: half an answer is worse than none. */
void control_client_send(struct control_client *client, json_t *message);

/* Says why, and closes once that has left. */
void control_client_refuse(struct control_client *client, int code, const char *message);

void control_client_close(struct control_client *client);

/* Gives one of its holds back. */
void control_client_release(struct control_client *client);

#endif
