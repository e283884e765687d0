/* Sealing a database into a file and opening it again; see file.h. */
#include "policy/backup/file.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/secret.h"
#include "base/whole.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>

#define LABEL_ABOUT "backup label"
#define NONCE_BYTES 12
#define TAG_BYTES BACKUP_CHUNK_EXTRA

void
backup_meter_begin(struct backup_meter *meter, const char *what, uint64_t of)
{
	atomic_store(&meter->done, 0);
	atomic_store(&meter->of, of);
	atomic_store(&meter->what, what);
}

int
backup_meter_step(struct backup_meter *meter, uint64_t done)
{
	atomic_store(&meter->done, done);
	return atomic_load(&meter->cancel) ? -ECANCELED : 0;
}

/* As many bytes as there are, up to len. */
static int
read_up_to(int fd, uint8_t *bytes, size_t len, size_t *ret_got)
{
	*ret_got = 0;
	while (*ret_got < len) {
		ssize_t got = read(fd, bytes + *ret_got, len - *ret_got);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		*ret_got += (size_t)got;
	}
	return 0;
}

/* What goes through the chunks of one file, in either direction. */
struct pass {
	EVP_CIPHER_CTX *cipher;
	EVP_MD_CTX *hash; /* of the file as it lies there */
	uint8_t key[FACILITY_KEY_BYTES];
	uint8_t header[BACKUP_HEADER_MOST];
	size_t header_len;
	size_t chunk_bytes;
	uint64_t plain_bytes;
	uint8_t *plain;
	uint8_t *sealed;
};

static void
pass_done(struct pass *pass)
{
	EVP_CIPHER_CTX_free(pass->cipher);
	EVP_MD_CTX_free(pass->hash);
	secret_wipe(pass->key, sizeof(pass->key));
	if (pass->plain != NULL)
		secret_wipe(pass->plain, pass->chunk_bytes);
	free(pass->plain);
	free(pass->sealed);
}

static int
pass_init(struct pass *pass, const struct sealing *sealing, const struct backup_header *header)
{
	*pass = (struct pass){
		.cipher = EVP_CIPHER_CTX_new(),
		.hash = EVP_MD_CTX_new(),
		.header_len = header->len,
		.chunk_bytes = header->chunk_bytes,
		.plain_bytes = header->plain_bytes,
		.plain = malloc(header->chunk_bytes),
		.sealed = malloc(header->chunk_bytes + TAG_BYTES),
	};
	if (pass->cipher == NULL || pass->hash == NULL || pass->plain == NULL ||
		pass->sealed == NULL)
		return -ENOMEM;
	if (EVP_DigestInit_ex(pass->hash, EVP_sha256(), NULL) != 1)
		return -EIO;
	return sealing_file_key(sealing, header->id, pass->key);
}

static int
pass_end(struct pass *pass, uint8_t *ret_sha256)
{
	return EVP_DigestFinal_ex(pass->hash, ret_sha256, NULL) == 1 ? 0 : -EIO;
}

static size_t
chunk_len(const struct pass *pass, uint64_t number)
{
	uint64_t left = pass->plain_bytes - number * pass->chunk_bytes;

	return left < pass->chunk_bytes ? (size_t)left : pass->chunk_bytes;
}

static void
make_nonce(const struct pass *pass, uint64_t number, uint8_t *ret_nonce)
{
	bool last = (number + 1) * pass->chunk_bytes >= pass->plain_bytes;

	bytes_put_u16be(ret_nonce, 0);
	bytes_put_u16be(ret_nonce + 2, last ? 1 : 0);
	for (int i = 0; i < 8; i++)
		ret_nonce[4 + i] = (uint8_t)(number >> (8 * (7 - i)));
}

static int
seal_chunk(struct pass *pass, uint64_t number, size_t len)
{
	uint8_t nonce[NONCE_BYTES];
	int done;

	make_nonce(pass, number, nonce);
	if (EVP_EncryptInit_ex(pass->cipher, EVP_aes_256_gcm(), NULL, pass->key, nonce) == 1 &&
		EVP_EncryptUpdate(pass->cipher, NULL, &done, pass->header, (int)pass->header_len) ==
			1 &&
		EVP_EncryptUpdate(pass->cipher, pass->sealed, &done, pass->plain, (int)len) == 1 &&
		EVP_EncryptFinal_ex(pass->cipher, pass->sealed + len, &done) == 1 &&
		EVP_CIPHER_CTX_ctrl(
			pass->cipher, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, pass->sealed + len) == 1 &&
		EVP_DigestUpdate(pass->hash, pass->sealed, len + TAG_BYTES) == 1)
		return 0;
	return -EIO;
}

static int
unseal_chunk(struct pass *pass, uint64_t number, size_t len)
{
	uint8_t nonce[NONCE_BYTES];
	int done;

	make_nonce(pass, number, nonce);
	if (EVP_DigestUpdate(pass->hash, pass->sealed, len + TAG_BYTES) == 1 &&
		EVP_DecryptInit_ex(pass->cipher, EVP_aes_256_gcm(), NULL, pass->key, nonce) == 1 &&
		EVP_DecryptUpdate(pass->cipher, NULL, &done, pass->header, (int)pass->header_len) ==
			1 &&
		EVP_DecryptUpdate(pass->cipher, pass->plain, &done, pass->sealed, (int)len) == 1 &&
		EVP_CIPHER_CTX_ctrl(
			pass->cipher, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, pass->sealed + len) == 1 &&
		EVP_DecryptFinal_ex(pass->cipher, pass->plain + len, &done) == 1)
		return 0;
	return -EBADMSG;
}

static int
write_chunks(struct pass *pass, int fd, int plain_fd, struct backup_meter *meter)
{
	int r = 0;

	for (uint64_t at = 0, number = 0; at < pass->plain_bytes && r == 0; number++) {
		size_t len = chunk_len(pass, number), got;

		r = read_up_to(plain_fd, pass->plain, len, &got);
		if (r == 0 && got != len)
			r = -EIO;
		if (r == 0)
			r = seal_chunk(pass, number, len);
		if (r == 0)
			r = write_whole(fd, pass->sealed, len + TAG_BYTES);
		at += len;
		if (r == 0)
			r = backup_meter_step(meter, at);
	}
	return r;
}

static int
seal_label(const struct sealing *sealing, const char *label, struct backup_header *header)
{
	size_t len = strlen(label);

	if (len + SEALED_EXTRA_BYTES > BACKUP_LABEL_MOST)
		return -E2BIG;
	header->label_len = len + SEALED_EXTRA_BYTES;
	return sealing_seal(sealing, LABEL_ABOUT, label, len, header->label);
}

/* The header as bytes, signed. */
static int
sign_header(const struct sealing *sealing, struct backup_header *header, uint8_t *ret_bytes)
{
	size_t len;

	sealing_public_key(sealing, header->key);
	backup_header_build(header, ret_bytes);
	len = header->len - SIGNATURE_BYTES;
	return sealing_sign(sealing, ret_bytes, len, ret_bytes + len);
}

int
backup_file_write(int fd, const struct sealing *sealing, struct backup_header *header,
	const char *label, int plain_fd, struct backup_meter *meter, uint8_t *ret_sha256)
{
	struct pass pass = {0};
	struct stat stat;
	int r;

	if (fstat(plain_fd, &stat) < 0)
		return -errno;
	if (stat.st_size > BACKUP_PLAIN_MOST)
		return -EFBIG;
	header->plain_bytes = (uint64_t)stat.st_size;
	header->chunk_bytes = BACKUP_CHUNK_BYTES;
	r = seal_label(sealing, label, header);
	if (r < 0)
		return r;
	backup_meter_begin(meter, "sealing", header->plain_bytes);
	r = pass_init(&pass, sealing, header);
	if (r == 0)
		r = sign_header(sealing, header, pass.header);
	pass.header_len = header->len;
	if (r == 0 && EVP_DigestUpdate(pass.hash, pass.header, header->len) != 1)
		r = -EIO;
	if (r == 0)
		r = write_whole(fd, pass.header, header->len);
	if (r == 0)
		r = write_chunks(&pass, fd, plain_fd, meter);
	if (r == 0)
		r = pass_end(&pass, ret_sha256);
	pass_done(&pass);
	return r;
}

static int
bad(enum backup_fault fault, enum backup_fault *ret_fault)
{
	*ret_fault = fault;
	return -EBADMSG;
}

static int
open_label(const struct sealing *sealing, const struct backup_header *header, char *ret_label)
{
	size_t len;

	if (header->label_len < SEALED_EXTRA_BYTES)
		return -EBADMSG;
	len = header->label_len - SEALED_EXTRA_BYTES;
	ret_label[len] = '\0';
	return sealing_unseal(
		sealing, LABEL_ABOUT, header->label, header->label_len, (uint8_t *)ret_label);
}

/* In the order in which the answer helps: a foreign file is not called a damaged one. */
static int
check_header(const uint8_t *bytes, const struct backup_header *header, uint64_t file_bytes,
	const struct sealing *sealing, const struct facility *facility, char *ret_label,
	enum backup_fault *ret_fault)
{
	size_t signed_len = header->len - SIGNATURE_BYTES;
	uint8_t key[SIGNING_PUBLIC_BYTES];

	sealing_public_key(sealing, key);
	if (!bytes_equal_constant_time(key, header->key, sizeof(key)))
		return bad(BACKUP_OTHER_KEY, ret_fault);
	if (sealing_verify(sealing, bytes, signed_len, bytes + signed_len) < 0)
		return bad(BACKUP_CHANGED, ret_fault);
	if (strcmp(header->facility.prefix, facility->prefix) != 0 ||
		strcmp(header->facility.domain, facility->domain) != 0)
		return bad(BACKUP_OTHER_FACILITY, ret_fault);
	if (file_bytes < backup_file_bytes(header))
		return bad(BACKUP_TRUNCATED, ret_fault);
	if (file_bytes > backup_file_bytes(header))
		return bad(BACKUP_TOO_LONG, ret_fault);
	if (open_label(sealing, header, ret_label) < 0)
		return bad(BACKUP_CHANGED, ret_fault);
	return 0;
}

int
backup_header_check(const void *bytes, size_t len, uint64_t file_bytes,
	const struct sealing *sealing, const struct facility *facility,
	struct backup_header *ret_header, char *ret_label, enum backup_fault *ret_fault)
{
	int r = backup_header_parse(bytes, len, ret_header, ret_fault);

	if (r == -EAGAIN)
		return bad(len == 0 ? BACKUP_NOT_A_BACKUP : BACKUP_TRUNCATED, ret_fault);
	return r < 0 ? r
		     : check_header(bytes, ret_header, file_bytes, sealing, facility, ret_label,
			       ret_fault);
}

int
backup_file_open(int fd, const struct sealing *sealing, const struct facility *facility,
	struct backup_header *ret_header, char *ret_label, enum backup_fault *ret_fault)
{
	uint8_t bytes[BACKUP_HEADER_MOST];
	struct stat stat;
	ssize_t got;

	if (fstat(fd, &stat) < 0)
		return -errno;
	if (!S_ISREG(stat.st_mode))
		return bad(BACKUP_NOT_A_BACKUP, ret_fault);
	got = pread(fd, bytes, sizeof(bytes), 0);
	if (got < 0)
		return -errno;
	return backup_header_check(bytes, (size_t)got, (uint64_t)stat.st_size, sealing, facility,
		ret_header, ret_label, ret_fault);
}

static int
read_chunks(struct pass *pass, int fd, int plain_fd, struct backup_meter *meter,
	enum backup_fault *ret_fault)
{
	int r = 0;

	for (uint64_t at = 0, number = 0; at < pass->plain_bytes && r == 0; number++) {
		size_t len = chunk_len(pass, number), got;

		r = read_up_to(fd, pass->sealed, len + TAG_BYTES, &got);
		if (r == 0 && got != len + TAG_BYTES)
			r = bad(BACKUP_TRUNCATED, ret_fault);
		if (r == 0 && unseal_chunk(pass, number, len) < 0)
			r = bad(BACKUP_CHANGED, ret_fault);
		if (r == 0)
			r = write_whole(plain_fd, pass->plain, len);
		at += len;
		if (r == 0)
			r = backup_meter_step(meter, at);
	}
	return r;
}

int
backup_file_read(int fd, const struct sealing *sealing, const struct backup_header *header,
	int plain_fd, struct backup_meter *meter, uint8_t *ret_sha256, enum backup_fault *ret_fault)
{
	struct pass pass = {0};
	size_t got;
	int r;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	backup_meter_begin(meter, "unsealing", header->plain_bytes);
	r = pass_init(&pass, sealing, header);
	if (r == 0)
		r = read_up_to(fd, pass.header, header->len, &got);
	if (r == 0 && got != header->len)
		r = bad(BACKUP_TRUNCATED, ret_fault);
	if (r == 0 && EVP_DigestUpdate(pass.hash, pass.header, header->len) != 1)
		r = -EIO;
	if (r == 0)
		r = read_chunks(&pass, fd, plain_fd, meter, ret_fault);
	if (r == 0)
		r = pass_end(&pass, ret_sha256);
	pass_done(&pass);
	return r;
}
