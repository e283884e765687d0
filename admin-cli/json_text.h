/* JSON on a terminal or for a program. */
#ifndef ADMIN_JSON_TEXT_H
#define ADMIN_JSON_TEXT_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* The one way in which this program writes JSON to its output: what would move a terminal's cursor or turn the
 * direction of writing (a jump host's certificate may hold it) stands there as \u00XX, which programs read as the
 * same text. Flags are those of json_dumpf. */
void json_text_write(FILE *out, const json_t *value, size_t flags);

#endif
