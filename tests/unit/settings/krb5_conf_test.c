/* gateway/settings/krb5_conf.c */
#include "settings/krb5_conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct settings_errors errors;
static struct krb5_conf *conf;

static int
read_text(const char *text)
{
	char path[] = "/tmp/sekisho-krb5-XXXXXX";
	struct settings settings = {.kerberos = {.config = path}};
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	conf = NULL;
	memset(&errors, 0, sizeof(errors));
	r = krb5_conf_read(&settings, &conf, &errors);
	(void)unlink(path);
	return r;
}

static void
done(void)
{
	krb5_conf_free(conf);
	settings_errors_done(&errors);
}

static void
realms_kdcs_domains_and_encryption_are_taken(void **state)
{
	(void)state;
	assert_int_equal(read_text("[libdefaults]\n"
				   " default_realm = AD.SAKURA.EXAMPLE.JP\n"
				   " permitted_enctypes = aes256-cts aes128-cts\n"
				   " dns_lookup_kdc = true\n"
				   "[realms]\n"
				   " AD.SAKURA.EXAMPLE.JP = {\n"
				   "  kdc = dc1.ad.sakura.example.jp\n"
				   "  kdc = 10.0.0.6:750\n"
				   "  kdc = [fd00::6]\n"
				   "  kdc = [fd00::7]:89\n"
				   "  admin_server = dc1.ad.sakura.example.jp\n"
				   " }\n"
				   "[domain_realm]\n"
				   " .sakura.example.jp = AD.SAKURA.EXAMPLE.JP\n"
				   " sakura = AD.SAKURA.EXAMPLE.JP\n"
				   " elsewhere = OTHER.EXAMPLE.JP\n"),
		0);
	assert_int_equal(errors.count, 0);
	assert_int_equal(conf->realm_count, 1);
	assert_int_equal(conf->realms[0].kdc_count, 4);
	assert_string_equal(conf->realms[0].kdcs[0].name, "dc1.ad.sakura.example.jp");
	assert_int_equal(conf->realms[0].kdcs[0].port, 88);
	assert_string_equal(conf->realms[0].kdcs[1].name, "10.0.0.6");
	assert_int_equal(conf->realms[0].kdcs[1].port, 750);
	assert_string_equal(conf->realms[0].kdcs[2].name, "fd00::6");
	assert_int_equal(conf->realms[0].kdcs[2].port, 88);
	assert_int_equal(conf->realms[0].kdcs[3].port, 89);
	assert_string_equal(conf->relations, "permitted_enctypes aes256-cts aes128-cts\n");
	assert_ptr_equal(krb5_conf_find(conf, "ad.sakura.example.jp"), &conf->realms[0]);
	assert_ptr_equal(krb5_conf_find(conf, "SAKURA"), &conf->realms[0]);
	assert_ptr_equal(krb5_conf_find(conf, "sakura.example.jp"), &conf->realms[0]);
	assert_null(krb5_conf_find(conf, "elsewhere"));
	assert_null(krb5_conf_find(conf, ""));
	done();
}

static void
what_cannot_be_used_is_said(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"", "no realm with a `kdc`"},
		{"[realms]\n A = {\n  admin_server = dc1\n }\n", "realm A is not used"},
		{"[realms]\n ad.example = {\n  kdc = dc1\n }\n", "written in capitals"},
		{"[realms]\n A = {\n  kdc = https://dc1/KdcProxy\n }\n", "has `kdc = https:"},
		{"[realms]\n A = {\n  kdc = dc1:99999\n }\n", "has `kdc = dc1:99999`"},
		{"[realms]\n A = {\n  kdc = dc1\n }\n}\n", "Extra"},
		{"this is no krb5.conf\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(read_text(rows[i].text), -EINVAL);
		assert_true(errors.mistakes > 0);
		assert_non_null(strstr(errors.items[0].text, rows[i].why));
		done();
	}
}

static void
a_realm_without_kdcs_does_not_keep_others_from_theirs(void **state)
{
	(void)state;
	assert_int_equal(read_text("[realms]\n A = {\n }\n B = {\n  kdc = dc1\n }\n lower = {\n  "
				   "kdc = x\n }\n"),
		0);
	assert_int_equal(errors.mistakes, 0);
	assert_int_equal(errors.count, 2);
	assert_int_equal(conf->realm_count, 1);
	assert_string_equal(conf->realms[0].name, "B");
	done();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(realms_kdcs_domains_and_encryption_are_taken),
		cmocka_unit_test(what_cannot_be_used_is_said),
		cmocka_unit_test(a_realm_without_kdcs_does_not_keep_others_from_theirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
