/* What the gateway says, in the reader's language. The gateway answers in English, so that its answers are the
 * same for every program; sekisho-admin knows its sentences and translates them. */
#ifndef ADMIN_SAID_H
#define ADMIN_SAID_H

/* The sentence in the person's language, or as it came if it is not known. Lives in the argument, in a
 * catalogue, or in one of a few buffers used in turn. */
const char *said_translate(const char *sentence);

/* What it means and what to do, where the sentence, or what stands before its first colon, is that of an
 * event; NULL otherwise. */
const char *said_meaning(const char *sentence);

#endif
