/* The supervisor: what its files share. One loop thread; everything here is for that thread alone.
 *
 *	main.c            options
 *	start.c           start-up order, orderly stop, reload, systemd
 *	accept.c          listeners, PROXY v2, limits; then to a worker
 *	connections.c     every client's connection from accept to its one summary line
 *	attempts.c        a client has shown a ticket: evidence of its device, then
 *	reconnects.c      a client that was cut off comes back by its cookie (resumes.c); then the same
 *	session_starts.c  verdict and start record, dial, ATTACH
 *	sign_ins.c, sign_in_*.c  a client without a ticket: sign-in screen, PAM, choice; then the same
 *	greeters.c        the processes that show it
 *	nla_logons.c      NLA with the jump host: the processes that have its password
 *	principals.c, kdc_search.c  … by Kerberos: who, and sockets to KDCs
 *	mediations.c      sessions that a process carries which understands the picture
 *	sessions.c        end records, running rules
 *	worker_messages.c what workers say
 *	notices.c         what is written on running screens
 *	looks.c           a jump host without a client
 *	pam_conversation.c  who signs in, asked of sekisho-pam
 *	health.c          looks at all terminals, now and then
 *	outputs.c         exports in the background
 *	watches.c, watch_tickets.c  auditors who watch or replay, each with an RDP client
 *	four_eyes.c, watchers_shown.c  … whether somebody watches a session: its input, and what its engineer is told
 *	recordings.c, recordings_*.c  sessions that are recorded, and the process of each
 *	recording_files.c  recordings that lie there: what a crash left open, what its time is over for
 *	log_tail.c        new records of the logs: to those who follow, and to programs elsewhere
 *	backups.c, backup_*.c   backups and restores
 *	attendances.c     who waits for the hospital's permission
 *	control_*.c       control.sock; answer_*.c what it answers from the loop
 */
#ifndef SUPERVISOR_SUPERVISOR_H
#define SUPERVISOR_SUPERVISOR_H

#include "supervisor/attendance_list.h"
#include "supervisor/login_limit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct settings;
struct krb5_conf;
struct sealing;
struct store;
struct children;
struct evidence;
struct penalties;
struct listeners;
struct connections;
struct resumes;
struct looks;
struct backups;
struct health;
struct sessions;
struct control_server;
struct session_log;
struct outputs;
struct recording_files;
struct watches;
struct recording;
struct log_tail;
struct sign_in;
struct pam_conversation;
struct notice_waiter;
struct watched_session;

enum supervisor_state {
	SUPERVISOR_STARTING,
	SUPERVISOR_RUNNING,
	SUPERVISOR_STOPPING,
};

struct supervisor {
	enum supervisor_state state;
	uv_loop_t *loop;
	struct settings *settings;
	struct krb5_conf *krb5; /* NULL: everybody logs on by NTLM */
	struct sealing *sealing;
	struct store *store;
	struct children *children;
	struct evidence *evidence;
	struct penalties *penalties;
	struct listeners *listeners;
	struct connections *connections;
	struct resumes *resumes;
	struct looks *looks;
	struct backups *backups;
	struct health *health; /* NULL before listeners are open */
	struct sessions *sessions;
	struct control_server *control;
	struct session_log *session_log;
	struct outputs *outputs;
	struct recording_files *recording_files;
	struct watches *watches;
	struct recording *recordings; /* under way */
	struct log_tail *log_tail;
	uint32_t inputs_serial; /* idle.c: the question that is out */
	struct login_limit logins;
	struct attendance_list attendances;      /* attendances.h */
	uint32_t pam_conversations;              /* under way */
	struct pam_conversation *pam_unattended; /* those of them that nobody waits for */
	struct sign_in *sign_ins;                /* those under way */
	struct watched_session *watched;         /* four_eyes.h */
	struct notice_waiter *notice_waiters;    /* who wants to know of a notice */
	uint64_t next_connection; /* ids of connections and looks: never used twice */
	int64_t ready_us;         /* clock_now() when listeners opened; 0 before */
};

#endif
