/* Recordings that are being made, for those who watch them or ask for them; see recordings.h. */
#include "supervisor/recordings_private.h"

#include "supervisor/children.h"
#include "supervisor/watches.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

_Static_assert(WATCH_KEY_BYTES == RECORDING_KEY_BYTES, "it is the same key");

static int
open_live(struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES], int *ret_fd,
	uint8_t ret_key[RECORDING_KEY_BYTES])
{
	const struct recording *recording = recording_running(supervisor, session);
	char path[64];
	int fd;

	if (recording == NULL || recording->step != RECORDING_RUNS)
		return -ENOENT;
	/* Another open file, that can only be read. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", recording->file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -ENOMEM; /* it is there: nothing is left to open it with */
	memcpy(ret_key, recording->key, RECORDING_KEY_BYTES);
	*ret_fd = fd;
	return 0;
}

void
recording_go(struct recording *recording, enum recording_step step)
{
	if (recording->step == RECORDING_RUNS)
		watches_recording_over(recording->supervisor->watches, recording->session);
	recording->step = step;
}

bool
recording_is_unsettled(const struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES])
{
	const struct recording *recording = supervisor->recordings;

	while (recording != NULL && memcmp(recording->session, session, SESSION_ID_BYTES) != 0)
		recording = recording->next;
	return recording != NULL;
}

const struct recording_so_far *
recording_now(
	const struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES], int64_t part)
{
	const struct recording *at = supervisor->recordings;

	while (at != NULL && !(at->has_row && at->row.part == part &&
				     memcmp(at->session, session, SESSION_ID_BYTES) == 0))
		at = at->next;
	return at != NULL ? &at->so_far : NULL;
}

void
recording_note(struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES],
	enum recording_note_about about, const char *text)
{
	const struct recording *recording = recording_running(supervisor, session);
	struct msg_record_note note = {.about = (uint8_t)about};

	if (recording == NULL || recording->step != RECORDING_RUNS || recording->child == NULL)
		return;
	(void)snprintf(note.text, sizeof(note.text), "%s", text);
	(void)children_send(recording->child, MSG_RECORD_NOTE, &note, -1);
}

static void
note_watcher(struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES],
	const char *who, bool came)
{
	recording_note(supervisor, session,
		came ? RECORDING_NOTE_WATCHER_CAME : RECORDING_NOTE_WATCHER_WENT, who);
}

const struct watch_live recordings_live = {
	.open = open_live,
	.note = note_watcher,
};
