/* See take.h. */
#include "take.h"

#include "base/cleanup.h"
#include "recording/keys.h"
#include "recording/writer.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const uint8_t take_key[32] = "thirty-two bytes for a recording";

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "take: %s: %s\n", what, strerror(errno));
	exit(2);
}

void
take_read(struct take *take, const char *path)
{
	FILE *file = fopen(path, "rbe");
	long len;

	if (file == NULL || fseek(file, 0, SEEK_END) < 0 || (len = ftell(file)) < 0)
		die(path);
	rewind(file);
	take->len = (size_t)len;
	take->bytes = malloc(take->len + 1);
	if (take->bytes == NULL || fread(take->bytes, 1, take->len, file) != take->len)
		die(path);
	(void)fclose(file);
}

void
take_done(struct take *take)
{
	free(take_pointer(&take->bytes));
}

bool
take_next(const struct take *take, size_t *at, struct recording_record *ret_record)
{
	const char *why;
	int r = recording_head_get(take->bytes + *at, take->len - *at, ret_record, &why);

	if (r > 0)
		*at += (size_t)r;
	return r > 0;
}

static void
write_out(struct take_file *file)
{
	if (recording_writer_drain(file->writer, file->fd) < 0)
		die("writing the recording");
}

void
take_file_begin(struct take_file *file)
{
	struct recording_about about = {
		.started_us = INT64_C(1795342500000000), .account = "sato", .terminal = "pacs-01"};

	file->fd = memfd_create("recording", MFD_CLOEXEC);
	if (file->fd < 0 || recording_keys_ready() < 0 ||
		crypto_sign_keypair(about.signer, file->signer) != 0 ||
		recording_writer_new(&about, take_key, &file->writer) < 0)
		die("a recording");
	write_out(file);
}

void
take_file_put(struct take_file *file, const struct recording_record *record, uint32_t ms)
{
	struct recording_record one = *record;
	int r;

	one.ms = ms;
	if (one.kind == RECORDING_END)
		return; /* take_file_end's */
	while ((r = recording_writer_put(file->writer, &one)) == -ENOBUFS)
		write_out(file);
	if (r < 0)
		die("a record");
}

void
take_file_flush(struct take_file *file)
{
	while (recording_writer_flush(file->writer) == -ENOBUFS)
		write_out(file);
	write_out(file);
}

void
take_file_end(struct take_file *file, uint32_t ms)
{
	uint8_t text[RECORDING_SIGNED_MOST], signature[RECORDING_SIGNATURE_BYTES];
	size_t len;
	int r;

	while ((r = recording_writer_end(file->writer, ms, INT64_C(1795342560000000), "SK2001")) ==
		-ENOBUFS)
		write_out(file);
	if (r < 0)
		die("the end");
	len = recording_summary_signed(recording_writer_summary(file->writer), text);
	if (crypto_sign_detached(signature, NULL, text, len, file->signer) != 0)
		die("signing");
	while ((r = recording_writer_close(file->writer, signature)) == -ENOBUFS)
		write_out(file);
	if (r < 0)
		die("the closing");
	write_out(file);
}

void
take_file_done(struct take_file *file)
{
	recording_writer_free(take_pointer(&file->writer));
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = -1;
}

int
take_file_of(const struct take *take, unsigned int times)
{
	struct take_file file;
	struct recording_record record;
	size_t at = 0;
	uint32_t ms = 0;
	int fd;

	take_file_begin(&file);
	while (take_next(take, &at, &record)) {
		ms = record.ms * times;
		take_file_put(&file, &record, ms);
	}
	take_file_end(&file, ms);
	fd = file.fd;
	file.fd = -1;
	take_file_done(&file);
	return fd;
}
