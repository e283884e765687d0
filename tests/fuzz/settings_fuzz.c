/* gateway/settings: a settings file. An administrator's, but it may be any file that was named by mistake. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "settings/settings.h"

static void
check_mistakes(const struct settings_errors *errors)
{
	size_t mistakes = 0;

	for (size_t i = 0; i < errors->count; i++) {
		const struct settings_error *error = &errors->items[i];

		/* One line for each, in the order of the file, with a column wherever there is a line. */
		fuzz_expect(error->text != NULL && strchr(error->text, '\n') == NULL);
		fuzz_expect((error->line == 0) == (error->column == 0));
		fuzz_expect(i == 0 || error[-1].line <= error->line);
		mistakes += !error->warning;
	}
	fuzz_expect(mistakes <= errors->mistakes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct settings_errors errors = {0};
	struct settings *settings = NULL;
	int r = settings_parse("f", bytes, len, &settings, &errors);

	fuzz_expect(r == 0 || r == -EINVAL);
	fuzz_expect((r == 0) == (settings != NULL) && (r == 0) == (errors.mistakes == 0));
	check_mistakes(&errors);
	if (r == 0) {
		char *keys = settings_restart_keys(settings, settings);

		/* Whatever was read is within what the rest of the gateway relies on. */
		fuzz_expect(keys != NULL && keys[0] == '\0');
		fuzz_expect(settings->listeners.count >= 1 && settings->listeners.count <= 32);
		fuzz_expect(settings->workers.count >= 1 && settings->workers.count <= 256);
		fuzz_expect(
			settings->limits.ticket_ms >= 1000 && settings->limits.ticket_ms <= 60000);
		fuzz_expect(
			settings->tls.certificate[0] == '/' && settings->control_socket[0] == '/');
		for (size_t i = 0; i < settings->listeners.count; i++)
			fuzz_expect(settings->listeners.items[i].address.len != 0);
		free(keys);
	}
	settings_free(settings);
	settings_errors_done(&errors);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const char *const files[] = {
		"facility: {id: \"998-\", name: 桜総合病院, domain: sakura.example.jp}\n"
		"listeners:\n  - {name: a, address: \"0.0.0.0:3389\", side: outside, evidence: "
		"[vpn, vouched]}\n"
		"  - name: b\n    address: \"[::1]:3390\"\n    side: inside\n    evidence: []\n    "
		"proxy: v2\n"
		"    proxy_from: [10.0.0.8, fd00::/8]\n"
		"tls: {certificate: /c, key: /k, minimum: 1.3}\n"
		"limits: {sniff: 500ms, grace: 2h, ticket: 30s}\nworkers: {count: 2}\n"
		"sources: {exempt: [10.0.0.0/8], penalty: 0}\nroles:\n  admin: {users: [root]}\n"
		"evidence:\n  lease_files: [{path: /l, format: kea}]\n"
		"  radius: {address: \"127.0.0.1:1813\", secret: /s, nas: [127.0.0.1]}\n",
		"a: &a [*a, *a]\nb: !!str x\n? [c]\n: d\n---\n",
		"limits:\n\tsniff: 1\n",
		"\xef\xbb\xbf# nothing\r\n",
		"facility: \"\\0\\u202e\"\nfacility: |\n  x\n",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		fuzz_seed(seeds, files[i], strlen(files[i]));
}
