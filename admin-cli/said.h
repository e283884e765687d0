/* What the gateway says, in the reader's language. The gateway answers in English, so that its answers are the
 * same for every program, and sends with a refusal what its sentence was made from: a text of policy/, which is a
 * message of po/, and the values in it. A sentence in which nothing varies comes whole, and is a message itself. */
#ifndef ADMIN_SAID_H
#define ADMIN_SAID_H

#include <jansson.h>

/* A sentence that came as "text" (a format, which is a message of po/) and "values", in the person's language.
 * Without a text: NULL. Lives in one of a few buffers used in turn. */
const char *said_sentence(const json_t *object);

/* What an error of JSON-RPC says. As above, or in the error itself. */
const char *said_error(const json_t *error);

/* The same for a sentence that came whole, or for both halves of "what happened: a detail"; as it came if it is not
 * known. Lives in the argument, in a catalogue, or in one of a few buffers used in turn. */
const char *said_translate(const char *sentence);

/* What it means and what to do, where the sentence, or what stands before its first colon, is that of an
 * event; NULL otherwise. */
const char *said_meaning(const char *sentence);

#endif
