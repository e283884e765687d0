/* Pictures as PNG: one by itself, or many on a sheet with their times. In sekisho-export, inside its sandbox.
 */
#ifndef EXPORT_SHEET_H
#define EXPORT_SHEET_H

#include "playback/decoder.h"

#include <stdint.h>

#define SHEET_MOST 48

struct sheet;

/* 0 or a negative errno. */
int sheet_new(struct sheet **ret_sheet);
void sheet_free(struct sheet *sheet); /* accepts NULL */

/* A small copy; SHEET_MOST of them at most, -ENOSPC then. */
int sheet_add(struct sheet *sheet, const struct decoder_picture *picture, uint32_t at_ms);

/* Writes all of them; fd: borrowed, a new file. Without any: an empty sheet. 0 or a negative errno. */
int sheet_write(const struct sheet *sheet, int fd);

/* One picture as it is. */
int picture_write(const struct decoder_picture *picture, int fd);

#endif
