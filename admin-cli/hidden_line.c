/* Reading a password; see hidden_line.h. Past stdio, which would keep a copy. */
#include "admin-cli/hidden_line.h"

#include "admin-cli/text.h"
#include "base/bytes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LINE_BYTES_MOST 4096

/* Reads to the end of a line, or of the input; -EINTR: given up by Ctrl-C; -E2BIG: more than a line; -EINVAL: a NUL in it,
 * or nothing. One byte at a time: what follows is not ours. */
static int
read_line(char interrupt, struct secret *ret_line)
{
	char line[LINE_BYTES_MOST];
	size_t len = 0;
	ssize_t n;
	int r = 0;

	while (len < sizeof(line) && (n = read(STDIN_FILENO, line + len, 1)) == 1) {
		if (interrupt != '\0' && line[len] == interrupt)
			r = -EINTR;
		if (r < 0 || line[len] == '\n')
			break;
		len++;
	}
	if (len == sizeof(line))
		r = -E2BIG;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (r == 0)
		r = len == 0 || memchr(line, '\0', len) != NULL ? -EINVAL
								: secret_set(ret_line, line, len);
	secret_wipe(line, sizeof(line));
	return r;
}

/* Nothing may stand behind the line: whoever gives two passwords means something else. */
static bool
more_follows(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) == 1)
		if (byte != '\n' && byte != '\r')
			return true;
	return false;
}

/* Ctrl-C ends the line instead of the program, which would leave a terminal that shows nothing any more. */
static int
ask(const char *prompt, struct secret *ret_line)
{
	struct termios before, hidden;
	char interrupt;
	int r;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return -errno;
	hidden = before;
	interrupt = (char)before.c_cc[VINTR];
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL | ISIG);
	hidden.c_lflag |= ICANON;
	hidden.c_cc[VEOL] = before.c_cc[VINTR];
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) < 0)
		return -errno;
	fprintf(stderr, "%s: ", prompt);
	(void)fflush(stderr);
	r = read_line(interrupt, ret_line);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return r;
}

static bool
same(const struct secret *one, const struct secret *other)
{
	return one->len == other->len &&
	       bytes_equal_constant_time(one->bytes, other->bytes, one->len);
}

static enum admin_exit
complain(const struct admin *admin, int r)
{
	switch (r) {
	case -EINTR:
		return admin_refuse(admin, ADMIN_REFUSED, _("given up; nothing was changed"));
	case -EINVAL:
		return admin_refuse(
			admin, ADMIN_REFUSED, _("no password was given; nothing was changed"));
	case -E2BIG:
		return admin_refuse(admin, ADMIN_REFUSED,
			_("standard input is more than one line with the password; nothing was "
			  "changed"));
	default:
		return admin_refuse(admin, ADMIN_REFUSED, "%s", strerror(-r));
	}
}

static enum admin_exit
read_piped(const struct admin *admin, struct secret *ret_line)
{
	int r = read_line('\0', ret_line);

	if (r == 0 && more_follows())
		r = -E2BIG;
	return r < 0 ? complain(admin, r) : ADMIN_DONE;
}

enum admin_exit
hidden_line_read(
	const struct admin *admin, const char *prompt, const char *again, struct secret *ret_line)
{
	auto_secret struct secret repeated = {0};
	int r;

	if (isatty(STDIN_FILENO) == 0)
		return read_piped(admin, ret_line);
	r = ask(prompt, ret_line);
	if (r == 0 && again != NULL)
		r = ask(again, &repeated);
	if (r < 0)
		return complain(admin, r);
	if (again != NULL && !same(ret_line, &repeated))
		return admin_refuse(
			admin, ADMIN_REFUSED, _("the two are not the same; nothing was changed"));
	return ADMIN_DONE;
}
