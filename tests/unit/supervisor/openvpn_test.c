/* gateway/supervisor/openvpn.c */
#include "supervisor/openvpn.h"
#include "tests/unit/supervisor/evidence_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
clients_of_a_status_file(void **state)
{
	struct openvpn_status reader;
	struct openvpn_client client;

	(void)state;
	openvpn_status_init(&reader, sample_openvpn, strlen(sample_openvpn));
	assert_int_equal(reader.problem, OPENVPN_GOOD);
	assert_int_equal(reader.written_s, 1795219977);
	assert_true(openvpn_status_next(&reader, &client));
	assert_int_equal(client.ipv4[15], 2);
	assert_true(client.has_ipv6 && client.ipv6[15] == 2);
	assert_int_equal(client.since_s, 1795219976);
	/* A common name with a comma in it shifts the columns: that client is left out. */
	assert_false(openvpn_status_next(&reader, &client));
	assert_int_equal(reader.skipped, 1);
}

static void
version_3_has_tabs(void **state)
{
	char text[sizeof(sample_openvpn)];
	struct openvpn_status reader;
	struct openvpn_client client;

	(void)state;
	memcpy(text, sample_openvpn, sizeof(text));
	for (char *at = text; (at = strchr(at, ',')) != NULL;)
		*at = '\t';
	openvpn_status_init(&reader, text, strlen(text));
	assert_int_equal(reader.problem, OPENVPN_GOOD);
	assert_true(openvpn_status_next(&reader, &client));
	assert_int_equal(client.ipv4[15], 2);
}

static void
other_files_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		enum openvpn_problem problem;
	} files[] = {{"", OPENVPN_UNFINISHED}, {"TIT", OPENVPN_UNFINISHED},
		{"TITLE,x\nTIME,x,1\n", OPENVPN_UNFINISHED}, {"TITLE,x\nEND\n", OPENVPN_UNKNOWN},
		{"TITLE,x\nTIME,x,1\nEND\n", OPENVPN_GOOD},
		{"OpenVPN CLIENT LIST\nUpdated,x\nEND\n", OPENVPN_VERSION_1},
		{"root:x:0:0\nEND\n", OPENVPN_UNKNOWN},
		{"TITLEX,x\nTIME,x,1\nEND\n", OPENVPN_UNKNOWN}};
	struct openvpn_status reader;
	struct openvpn_client client;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		openvpn_status_init(&reader, files[i].text, strlen(files[i].text));
		assert_int_equal(reader.problem, files[i].problem);
		assert_false(openvpn_status_next(&reader, &client));
	}
}

static void
every_cut_is_unfinished(void **state)
{
	struct openvpn_status reader;
	struct openvpn_client client;

	(void)state;
	for (size_t len = 0; len < strlen(sample_openvpn); len++) {
		char *copy = malloc(len > 0 ? len : 1);

		memcpy(copy, sample_openvpn, len);
		openvpn_status_init(&reader, copy, len);
		assert_int_equal(reader.problem, OPENVPN_UNFINISHED);
		assert_false(openvpn_status_next(&reader, &client));
		free(copy);
	}
}

static void
lines_of_devices(void **state)
{
	static const char text[] = "1795219976 10.30.0.2 02:00:5e:10:00:11\n"
				   "1795219976 10.30.0.2\n"
				   "1795219976 10.30.0.2 02:00:5e:10:00:11 more\n"
				   "x 10.30.0.2 02:00:5e:10:00:11\n"
				   "1795219977 10.30.0.3 02:00:5e:10:00:12\n"
				   "1795219978 10.30.0.4 02:00:5e:10:0";
	struct openvpn_devices reader;
	struct openvpn_device device;

	(void)state;
	openvpn_devices_init(&reader, text, strlen(text));
	assert_true(openvpn_devices_next(&reader, &device));
	assert_int_equal(device.since_s, 1795219976);
	assert_int_equal(device.mac[5], 0x11);
	assert_true(openvpn_devices_next(&reader, &device));
	assert_int_equal(device.ipv4[15], 3);
	assert_false(openvpn_devices_next(&reader, &device));
	assert_int_equal(reader.skipped, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_of_a_status_file),
		cmocka_unit_test(version_3_has_tabs),
		cmocka_unit_test(other_files_are_told_apart),
		cmocka_unit_test(every_cut_is_unfinished),
		cmocka_unit_test(lines_of_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
