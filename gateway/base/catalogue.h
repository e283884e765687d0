/* Messages of a language, from the file that msgfmt made, for machines without that language's locale: since glibc
 * 2.39 gettext() translates nothing there. Languages that have one form for every number, as Japanese has.
 */
#ifndef BASE_CATALOGUE_H
#define BASE_CATALOGUE_H

#include <stddef.h>

struct catalogue;

/* Where the folders of the languages are: in a build tree po/, beside the program's folder, else `installed`. */
const char *catalogue_folder(const char *installed, char *buffer, size_t size);

/* Returns 0; -ENOENT, or -EINVAL for what is no catalogue. */
int catalogue_open(const char *path, const struct catalogue **ret_catalogue);
void catalogue_free(const struct catalogue *catalogue); /* with its texts */

/* The translation of a text, or of the singular of two; the text itself without one. */
const char *catalogue_find(const struct catalogue *catalogue, const char *text);

#endif
