/* From events.def and close_reasons.def: sekisho-gateway(8), with every event that it logs. Build time. */
#include "base/log.h"
#include "man/troff.h"

#include <stdio.h>
#include <syslog.h>

static const char *
level_name(int level)
{
	switch (level) {
	case LOG_ERR:
		return "error";
	case LOG_WARNING:
		return "warning";
	case LOG_NOTICE:
		return "notice";
	default:
		return "info";
	}
}

static void
write_events(void)
{
	for (int i = 0; i < EVENT_COUNT; i++) {
		const struct event_row *row = event_row((enum event)i);
		char term[160];

		snprintf(term, sizeof(term), "%s %s", row->id, row->text);
		troff_item(term, row->meaning);
		snprintf(term, sizeof(term), "(%s)", level_name(row->level));
		troff_more(term);
	}
}

int
main(void)
{
	troff_start("sekisho-gateway", "8", "NAME", "RDP bastion gateway for hospitals");
	troff_section("SYNOPSIS");
	troff_paragraph("`sekisho-gateway` [--config FILE]");
	troff_paragraph("`sekisho-gateway --check` FILE");
	troff_section("DESCRIPTION");
	troff_paragraph("sekisho-gateway lets remote maintenance engineers reach the jump hosts "
			"inside a hospital "
			"with any RDP client, and only through it. It checks who they are, from "
			"which device they come and when "
			"they may, relays their sessions, records each of them before the first "
			"byte reaches a jump host, and "
			"lets administrators cut them off. It runs as an unprivileged user and "
			"starts its own helper "
			"processes, each in a sandbox.");
	troff_paragraph("Its settings are in FILE, `/etc/sekisho/gateway.yaml` unless another one "
			"is named; see "
			"sekisho-gateway.yaml(5). Everything else is done with sekisho-admin(8).");
	troff_section("OPTIONS");
	troff_item("--config FILE", "The settings to run with.");
	troff_item("--check FILE",
		"Read and check the settings and the files they name, print every mistake with its "
		"line and column, and exit.");
	troff_item("--help", "Print how it is used.");
	troff_item("--version", "Print the version.");
	troff_section("SIGNALS");
	troff_item("SIGTERM", "Ends every session, records it, and stops.");
	troff_item("SIGHUP",
		"Reads the settings again, and opens session.log anew after it was rotated.");
	troff_section("EXIT STATUS");
	troff_item("0", "Stopped in good order; the settings are good.");
	troff_item("1", "The settings are wrong, or something that the gateway needs failed. The "
			"reason is on standard "
			"error.");
	troff_item("2", "It was called wrongly.");
	troff_section("EVENTS");
	troff_paragraph(
		"Every line in the journal begins with the id of its event, which never changes:");
	troff_example("journalctl -u sekisho-gateway");
	troff_paragraph(
		"Texts stand between single quotes. Inside, a single quote and a backslash stand "
		"behind a backslash (user='O\\'Brien'), and characters that could forge a "
		"line are shown as ?.");
	write_events();
	troff_section("SEE ALSO");
	troff_paragraph("sekisho-gateway.yaml(5), sekisho-admin(8), sekisho-pam(8)");
	return 0;
}
