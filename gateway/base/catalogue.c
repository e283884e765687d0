/* Catalogues as msgfmt writes them; see catalogue.h. GNU gettext manual, "The Format of GNU MO Files". */
#include "base/catalogue.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x950412deu

/* In the machine's order: msgfmt ran on this kind of machine, or the magic number tells. */
struct header {
	uint32_t magic;
	uint32_t revision;
	uint32_t count;
	uint32_t originals;    /* where their table begins; sorted */
	uint32_t translations; /* and theirs */
};

struct entry {
	uint32_t len; /* without the NUL that follows */
	uint32_t at;
};

struct catalogue {
	const char *bytes;
	size_t size;
	uint32_t count;
	const struct entry *originals;
	const struct entry *translations;
};

const char *
catalogue_folder(const char *installed, char *buffer, size_t size)
{
	char own[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
	struct stat status;

	if (len > 0) {
		own[len] = '\0';
		*strrchr(own, '/') = '\0';
		snprintf(buffer, size, "%s/../po", own);
		if (stat(buffer, &status) == 0)
			return buffer;
	}
	return installed;
}

static bool
table_fits(uint32_t at, uint32_t count, size_t size)
{
	return at % sizeof(uint32_t) == 0 && at <= size &&
	       count <= (size - at) / sizeof(struct entry);
}

static bool
text_fits(const struct catalogue *catalogue, const struct entry *entry)
{
	return entry->at < catalogue->size && entry->len < catalogue->size - entry->at &&
	       catalogue->bytes[entry->at + entry->len] == '\0';
}

static int
read_tables(struct catalogue *catalogue)
{
	const struct header *header = (const void *)catalogue->bytes;

	if (catalogue->size < sizeof(*header) || header->magic != MAGIC ||
		!table_fits(header->originals, header->count, catalogue->size) ||
		!table_fits(header->translations, header->count, catalogue->size))
		return -EINVAL;
	catalogue->count = header->count;
	catalogue->originals = (const void *)(catalogue->bytes + header->originals);
	catalogue->translations = (const void *)(catalogue->bytes + header->translations);
	for (uint32_t i = 0; i < catalogue->count; i++) {
		if (!text_fits(catalogue, &catalogue->originals[i]) ||
			!text_fits(catalogue, &catalogue->translations[i]))
			return -EINVAL;
	}
	return 0;
}

int
catalogue_open(const char *path, const struct catalogue **ret_catalogue)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct catalogue *catalogue;
	struct stat status;
	void *bytes;
	int r;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -ENOENT;
	if (status.st_size < (off_t)sizeof(struct header))
		return -EINVAL;
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	catalogue = calloc(1, sizeof(*catalogue));
	if (bytes == MAP_FAILED || catalogue == NULL) {
		free(catalogue);
		return -ENOMEM;
	}
	catalogue->bytes = bytes;
	catalogue->size = (size_t)status.st_size;
	r = read_tables(catalogue);
	if (r < 0) {
		(void)munmap(bytes, catalogue->size);
		free(catalogue);
		return r;
	}
	*ret_catalogue = catalogue;
	return 0;
}

void
catalogue_free(const struct catalogue *catalogue)
{
	if (catalogue == NULL)
		return;
	(void)munmap((void *)(uintptr_t)catalogue->bytes, catalogue->size);
	free((void *)(uintptr_t)catalogue);
}

const char *
catalogue_find(const struct catalogue *catalogue, const char *text)
{
	uint32_t low = 0, high = catalogue->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = strcmp(text, catalogue->bytes + catalogue->originals[middle].at);

		if (order == 0)
			return catalogue->translations[middle].len > 0
				       ? catalogue->bytes + catalogue->translations[middle].at
				       : text;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return text;
}
