/* What several keys must agree on: one function for each agreement. */
#include "settings/rules.h"

#include "base/auditor_key.h"
#include "settings/places.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The place of a key of a listener. */
static struct settings_place
listener_place(const struct settings *settings, size_t at, const char *key)
{
	char path[64];
	struct settings_place place;

	snprintf(path, sizeof(path), "listeners[%zu].%s", at + 1, key);
	place = places_find(settings->places, path);
	if (place.line == 0)
		place = places_find(settings->places, "listeners");
	return place;
}

static void
check_listeners_differ(const struct settings *settings, struct settings_errors *errors)
{
	const struct settings_listeners *listeners = &settings->listeners;

	for (size_t i = 0; i < listeners->count; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct settings_listener *one = &listeners->items[i];
			const struct settings_listener *other = &listeners->items[j];
			struct settings_place place;

			if (one->name != NULL && other->name != NULL &&
				strcmp(one->name, other->name) == 0) {
				place = listener_place(settings, i, "name");
				settings_errors_add(errors, place.line, place.column,
					"another listener is called `%s` already; each needs its "
					"own name",
					settings_shown(one->name));
			}
			if (one->address.len != 0 &&
				strcmp(one->address.text, other->address.text) == 0) {
				place = listener_place(settings, i, "address");
				settings_errors_add(errors, place.line, place.column,
					"another listener has the address `%s` already",
					one->address.text);
			}
		}
	}
}

static void
check_proxy(const struct settings *settings, struct settings_errors *errors)
{
	for (size_t i = 0; i < settings->listeners.count; i++) {
		const struct settings_listener *listener = &settings->listeners.items[i];
		struct settings_place from = listener_place(settings, i, "proxy_from");
		struct settings_place proxy = listener_place(settings, i, "proxy");

		if (listener->proxy == SETTINGS_PROXY_V2 && listener->proxy_from.count == 0)
			settings_errors_add(errors, proxy.line, proxy.column,
				"`proxy: v2` needs `proxy_from`: the addresses of the load "
				"balancers, for "
				"example [10.0.0.8/32]");
		if (listener->proxy == SETTINGS_PROXY_OFF && listener->proxy_from.count > 0)
			settings_errors_add(errors, from.line, from.column,
				"`proxy_from` is only of use with `proxy: v2`");
		if (listener->proxy == SETTINGS_PROXY_V2 &&
			(listener->evidence & 1u << SETTINGS_EVIDENCE_NEIGHBOUR) != 0) {
			proxy = listener_place(settings, i, "evidence");
			settings_errors_warn(errors, proxy.line, proxy.column,
				"`neighbour` finds only devices on the gateway's own links; a "
				"client behind a "
				"load balancer is rarely one");
		}
	}
}

/* Evidence that a listener accepts but that nothing can bring. */
static void
check_evidence(const struct settings *settings, struct settings_errors *errors)
{
	bool leases = settings->evidence.lease_files.count > 0;
	bool vpn = settings->evidence.radius.address.len != 0 ||
		   settings->evidence.detail_files.count > 0 ||
		   settings->evidence.openvpn_status_files.count > 0;

	for (size_t i = 0; i < settings->listeners.count; i++) {
		uint32_t evidence = settings->listeners.items[i].evidence;
		struct settings_place place = listener_place(settings, i, "evidence");

		if ((evidence & 1u << SETTINGS_EVIDENCE_LEASE) != 0 && !leases)
			settings_errors_warn(errors, place.line, place.column,
				"`lease` finds nothing without `evidence.lease_files`");
		if ((evidence & 1u << SETTINGS_EVIDENCE_VPN) != 0 && !vpn)
			settings_errors_warn(errors, place.line, place.column,
				"`vpn` finds nothing without `evidence.radius`, `detail_files` or "
				"`openvpn_status_files`");
	}
}

static void
check_radius(const struct settings *settings, struct settings_errors *errors)
{
	struct settings_place address = places_find(settings->places, "evidence.radius.address");
	struct settings_place secret = places_find(settings->places, "evidence.radius.secret");
	struct settings_place nas = places_find(settings->places, "evidence.radius.nas");

	if (address.line != 0 && secret.line == 0)
		settings_errors_add(errors, address.line, address.column,
			"RADIUS accounting needs `evidence.radius.secret` as well, for example "
			"/etc/sekisho/radius.secret");
	if (address.line != 0 && (nas.line == 0 || settings->evidence.radius.nas.count == 0))
		settings_errors_add(errors, address.line, address.column,
			"RADIUS accounting needs `evidence.radius.nas` as well: who may send, for "
			"example "
			"[10.0.0.1/32]");
	if (address.line == 0 && (secret.line != 0 || nas.line != 0)) {
		secret = secret.line != 0 ? secret : nas;
		settings_errors_add(errors, secret.line, secret.column,
			"of no use without `evidence.radius.address`, for example "
			"\"10.0.0.5:1813\"");
	}
}

static void
check_penalties(const struct settings *settings, struct settings_errors *errors)
{
	struct settings_place place = places_find(settings->places, "sources.penalty_threshold");

	if (place.line == 0)
		place = places_find(settings->places, "sources.penalty_most");
	if (place.line == 0 ||
		settings->sources.penalty_threshold_ms < settings->sources.penalty_most_ms)
		return;
	settings_errors_add(errors, place.line, place.column,
		"`sources.penalty_threshold` (%u ms) must be below `sources.penalty_most` (%u ms), "
		"or nobody is "
		"ever refused",
		settings->sources.penalty_threshold_ms, settings->sources.penalty_most_ms);
}

static void
check_decide_limit(const struct settings *settings, struct settings_errors *errors)
{
	uint64_t needed = (uint64_t)settings->limits.dial_ms + settings->limits.resolve_ms;
	struct settings_place place = places_find(settings->places, "limits.decide");

	if (place.line == 0)
		place = places_find(settings->places, "limits.dial");
	if (place.line == 0)
		place = places_find(settings->places, "limits.resolve");
	if (place.line == 0 || settings->limits.decide_ms > needed)
		return;
	settings_errors_add(errors, place.line, place.column,
		"`limits.decide` (%u ms) must be above `limits.dial` and `limits.resolve` together "
		"(%llu ms)",
		settings->limits.decide_ms, (unsigned long long)needed);
}

static void
check_paths_differ(const struct settings *settings, struct settings_errors *errors)
{
	const struct {
		const char *path;
		const char *key;
	} paths[] = {
		{settings->tls.certificate, "tls.certificate"},
		{settings->tls.key, "tls.key"},
		{settings->database, "database"},
		{settings->facility_key, "facility_key"},
		{settings->session_log, "session_log"},
		{settings->control_socket, "control_socket"},
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		for (size_t j = 0; j < i; j++) {
			struct settings_place place = places_find(settings->places, paths[i].key);

			/* One PEM file may hold certificate and key. */
			if (i <= 1 || paths[i].path == NULL || paths[j].path == NULL ||
				strcmp(paths[i].path, paths[j].path) != 0)
				continue;
			if (place.line == 0)
				place = places_find(settings->places, paths[j].key);
			settings_errors_add(errors, place.line, place.column,
				"`%s` and `%s` name the same file", paths[j].key, paths[i].key);
		}
	}
}

static void
check_kerberos(const struct settings *settings, struct settings_errors *errors)
{
	struct settings_place place = places_find(settings->places, "kerberos.deadline");

	if (place.line == 0)
		place = places_find(settings->places, "limits.attach");
	if (place.line == 0 || settings->kerberos.config == NULL ||
		settings->kerberos.deadline_ms < settings->limits.attach_ms)
		return;
	settings_errors_add(errors, place.line, place.column,
		"`kerberos.deadline` (%u ms) must be below `limits.attach` (%u ms)",
		settings->kerberos.deadline_ms, settings->limits.attach_ms);
}

/* One key under two names is one person who can read; a single key is one telephone call from being lost. */
static void
check_auditors(const struct settings *settings, struct settings_errors *errors)
{
	const struct settings_names *auditors = &settings->recording.auditors;
	struct settings_place place = places_find(settings->places, "recording.auditors");
	struct auditor_key one, other;

	for (size_t i = 0; i < auditors->count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (auditor_key_read(auditors->items[i], &one) < 0 ||
				auditor_key_read(auditors->items[j], &other) < 0)
				continue;
			if (strcmp(one.name, other.name) == 0)
				settings_errors_add(errors, place.line, place.column,
					"`recording.auditors`: two keys are called `%s`; each "
					"needs its own name",
					one.name);
			else if (memcmp(one.key, other.key, sizeof(one.key)) == 0)
				settings_errors_add(errors, place.line, place.column,
					"`recording.auditors`: `%s` and `%s` have the same key",
					other.name, one.name);
		}
	}
	if (auditors->count == 1)
		settings_errors_warn(errors, place.line, place.column,
			"`recording.auditors`: whoever has this one key can open the recordings, "
			"and nobody "
			"if it is lost; two are safer");
}

void
settings_check_rules(const struct settings *settings, struct settings_errors *errors)
{
	check_listeners_differ(settings, errors);
	check_proxy(settings, errors);
	check_evidence(settings, errors);
	check_radius(settings, errors);
	check_penalties(settings, errors);
	check_decide_limit(settings, errors);
	check_kerberos(settings, errors);
	check_paths_differ(settings, errors);
	check_auditors(settings, errors);
}
