/* DECIDE - the supervisor is told what the client said, and asks the policy. Its answer is ATTACH, with
 * a jump host's socket, GREET, with a greeter's, or KILL, with the reason.
 *
 * From:   INTRODUCE.   To: ATTACH, GREET, DRAIN.
 * Reads:  nothing; the client's bytes wait where they are.
 * Limit:  the time limit `decide`.
 */
#include "relay/connection.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/phase_attach.h"
#include "relay/worker.h"

#include "base/cleanup.h"
#include "rdp/client_info.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Cut at a character's beginning, so that it stays UTF-8. Returns the bytes copied. */
static size_t
copy_text(char *room, size_t most, const char *text)
{
	size_t len = strlen(text);

	if (len > most) {
		len = most;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(room, text, len);
	room[len] = '\0';
	return len;
}

/* A token may hold any byte; a handle is printable ASCII. */
static void
copy_ascii(char *room, size_t size, const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i < size - 1; i++)
		room[i] = text[i] < 0x20 || text[i] > 0x7e ? '?' : text[i];
	room[i] = '\0';
}

static void
say_who(struct msg_introduced *introduced, const struct client_info *info)
{
	char text[CLIENT_INFO_TEXT_UTF8_MAX];

	introduced->autologon = (info->flags & INFO_AUTOLOGON) != 0;
	client_info_text(info, &info->user, text);
	copy_text(introduced->user, sizeof(introduced->user) - 1, text);
	client_info_text(info, &info->domain, text);
	copy_text(introduced->domain, sizeof(introduced->domain) - 1, text);
	client_info_text(info, &info->password, text);
	introduced->password_len = (uint32_t)copy_text(
		(char *)introduced->password, sizeof(introduced->password) - 1, text);
	secret_wipe(text, sizeof(text));
	if (!info->has_cookie)
		return;
	introduced->logon_id = info->cookie_logon_id;
	introduced->verifier_len = CLIENT_INFO_VERIFIER_LEN;
	memcpy(introduced->verifier, info->cookie_verifier, CLIENT_INFO_VERIFIER_LEN);
}

static void
list_channels(const struct gcc_client *client, char *room, size_t size)
{
	size_t len = 0;

	for (uint16_t i = 0; i < client->channel_count && len < size; i++)
		len += (size_t)snprintf(room + len, size - len, "%s%s", i == 0 ? "" : " ",
			client->channels[i].name);
}

static void
say_what(struct msg_introduced *introduced, const struct introduction *introduction)
{
	const struct gcc_client *client = &introduction->client;
	const struct x224_request *request = &introduction->request;

	copy_ascii(introduced->routing_token, sizeof(introduced->routing_token),
		request->token + request->value_at);
	if (client->has_cluster && (client->cluster_flags & GCC_CLUSTER_SESSION_ID_VALID) != 0)
		introduced->redirected_session = client->redirected_session_id;
	copy_text(
		introduced->client_name, sizeof(introduced->client_name) - 1, client->client_name);
	introduced->client_build = client->client_build;
	introduced->may_redirect = gcc_client_follows_redirection(client);
	introduced->keyboard_layout = client->keyboard_layout;
	introduced->width = client->desktop_width;
	introduced->height = client->desktop_height;
	list_channels(client, introduced->channels, sizeof(introduced->channels));
}

/* What is replayed to a back end has none of it (attach.c), and the client may be at the sign-in screen for minutes. */
static void
forget_who(struct introduction *introduction, const struct client_info *info)
{
	const struct pdu_bytes texts[] = {info->user, info->domain, info->password};
	size_t cookie_at = info->cookie_at + 2 + CLIENT_INFO_COOKIE_LEN - CLIENT_INFO_VERIFIER_LEN;
	uint8_t *bytes = introduction->client_info.bytes;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		secret_wipe(bytes + (texts[i].at - bytes), texts[i].len);
	if (info->has_cookie)
		secret_wipe(bytes + (info->extra.at - bytes) + cookie_at, CLIENT_INFO_VERIFIER_LEN);
}

static void
decide_enter(struct connection *conn)
{
	struct introduction *introduction = conn->introduction;
	struct msg_introduced introduced = {.connection = conn->id};
	struct client_info info;

	if (!conn_expect(conn, client_info_parse(introduction->client_info.bytes,
				       introduction->client_info.len, &info, NULL) == PARSE_OK))
		return;
	say_who(&introduced, &info);
	say_what(&introduced, introduction);
	worker_tell(conn->worker, MSG_INTRODUCED, &introduced);
	secret_wipe(&introduced, sizeof(introduced));
	forget_who(introduction, &info);
	secret_wipe(&info, sizeof(info));
}

static void
decide_on_attach(struct connection *conn, const struct msg_attach *attach, int *fd)
{
	int r = attachment_take(conn, attach, fd);

	if (r == -EKEYREJECTED)
		connection_close(conn, CLOSE_HOST_CERTIFICATE,
			"the pin, CA or name that it shall be known by cannot be used");
	else if (r < 0)
		connection_close(
			conn, CLOSE_OUT_OF_ROOM, "the jump host's socket could not be taken");
	else
		connection_go(conn, PHASE_ATTACH);
}

static void
decide_on_greet(struct connection *conn, int *fd)
{
	if (leg_open(conn, SIDE_GREETER, fd) < 0)
		connection_close(
			conn, CLOSE_OUT_OF_ROOM, "the sign-in screen's socket could not be taken");
	else
		connection_go(conn, PHASE_GREET);
}

static void
decide_on_time_limit(struct connection *conn)
{
	connection_close(conn, CLOSE_DECISION_LATE, NULL);
}

const struct phase_ops phase_decide = {
	.enter = decide_enter,
	.on_attach = decide_on_attach,
	.on_greet = decide_on_greet,
	.on_time_limit = decide_on_time_limit,
};
