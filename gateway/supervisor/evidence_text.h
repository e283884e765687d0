/* Small pure readers that the parsers of evidence share: lines, fields, numbers, addresses.
 *
 * No I/O, no allocation, no log. A slice borrows the text it was cut from and is not NUL-terminated.
 */
#ifndef SUPERVISOR_EVIDENCE_TEXT_H
#define SUPERVISOR_EVIDENCE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct slice {
	const char *at;
	size_t len;
};

/* Takes the next line, without its LF or CRLF, off the front. A last line without LF is still being
 * written by its owner: it is not given. Returns whether there was one. */
bool slice_take_line(struct slice *text, struct slice *ret_line);

/* Takes what stands before the next separator off the front. Returns false when nothing is left:
 * "a,,b" gives three fields, "a," gives two, "" one empty one. */
bool slice_take_field(struct slice *line, char separator, struct slice *ret_field);

/* Takes a word between blanks and tabs. */
bool slice_take_word(struct slice *line, struct slice *ret_word);

bool slice_equals(struct slice slice, const char *text);
bool slice_starts(struct slice slice, const char *text);
struct slice slice_trim(struct slice slice);

/* Decimal digits alone, at most `most`. Returns 0 or -EINVAL. */
int slice_number(struct slice slice, uint64_t most, uint64_t *ret_number);

/* aa:bb:cc:dd:ee:ff, AA-BB-CC-DD-EE-FF, aabb.ccdd.eeff or aabbccddeeff. Only an address that one station can
 * have is read: not zero, not multicast. Returns 0 or -EINVAL. */
int slice_mac(struct slice slice, uint8_t *ret_mac);

/* An IPv4 or IPv6 address as 16 bytes, IPv4 as ::ffff:a.b.c.d. Returns 0 or -EINVAL. */
int slice_address(struct slice slice, uint8_t *ret_address);

/* A socket address in the same form. Returns 0 or -EAFNOSUPPORT. */
int address_from_sockaddr(const struct sockaddr *from, uint8_t *ret_address);

/* 16 bytes from the 4 of an IPv4 address. */
void address_from_ipv4(const void *ipv4, uint8_t *ret_address);

bool address_is_ipv4(const uint8_t *address);

/* Whether a station can have this MAC address: not all zero, not multicast or broadcast. */
bool mac_is_usable(const uint8_t *mac);

#define ADDRESS_SIZE 16
#define MAC_SIZE 6

#endif
