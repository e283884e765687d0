/* The files that the settings name: are they there, and nobody else's where they are secret? The supervisor
 * does this at its start, so that a mistake is told before the first client comes. */
#include "base/cleanup.h"
#include "base/near_miss.h"
#include "settings/check_tls.h"
#include "settings/krb5_conf.h"
#include "settings/places.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ZONES "/usr/share/zoneinfo"
#define CREDENTIALS "/run/credentials/"
#define FACILITY_KEY_BYTES 32

/* A credential is there only while systemd runs the service: a person who checks the file before that has
 * made no mistake. */
static bool
is_of_sleeping_service(const char *path)
{
	return strncmp(path, CREDENTIALS, strlen(CREDENTIALS)) == 0 && access(path, F_OK) < 0 &&
	       getenv("CREDENTIALS_DIRECTORY") == NULL;
}

/* Folders that systemd makes when it first starts the service (sekisho-gateway.service). */
static bool
is_made_by_service(const char *folder)
{
	static const char *const folders[] = {
		"/var/lib/sekisho", "/var/log/sekisho", "/run/sekisho"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		if (strcmp(folder, folders[i]) == 0)
			return true;
	}
	return false;
}

/* Opens a file that must be there. Returns a descriptor, or -EINVAL having complained. */
static int
open_named(const char *key, const char *path, const struct settings_place *place,
	struct settings_errors *errors)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0) {
		settings_errors_add(errors, place->line, place->column,
			"`%s`: %s cannot be read: %s", key, path, strerror(errno));
		return -EINVAL;
	}
	if (!S_ISREG(status.st_mode)) {
		settings_errors_add(
			errors, place->line, place->column, "`%s`: %s is not a file", key, path);
		return -EINVAL;
	}
	return take_fd(&fd);
}

static void
check_readable(const char *key, const char *path, const struct settings_place *place,
	struct settings_errors *errors)
{
	int fd = open_named(key, path, place, errors);

	if (fd >= 0)
		(void)close(fd);
}

/* A secret: readable by us, and by nobody that the file's mode lets in besides its group. systemd gives
 * credentials 0440 with an access list, whose mask is what the group's bits show. */
static bool
check_secret(const char *key, const char *path, const struct settings_place *place,
	struct settings_errors *errors)
{
	auto_fd int fd = -1;
	struct stat status;

	if (is_of_sleeping_service(path)) {
		settings_errors_warn(errors, place->line, place->column,
			"`%s`: %s is there only while the service runs, so it is not checked now",
			key, path);
		return false;
	}
	fd = open_named(key, path, place, errors);
	if (fd < 0 || fstat(fd, &status) < 0)
		return false;
	if (status.st_size == 0) {
		settings_errors_add(
			errors, place->line, place->column, "`%s`: %s is empty", key, path);
		return false;
	}
	if ((status.st_mode & 0027) != 0) {
		settings_errors_add(errors, place->line, place->column,
			"`%s`: %s has mode %04o, so others than the gateway can reach it; allowed "
			"is 0600 "
			"(chmod 600 %s)",
			key, path, status.st_mode & 07777, path);
		return false;
	}
	if ((status.st_mode & 0040) != 0 && strncmp(path, CREDENTIALS, strlen(CREDENTIALS)) != 0)
		settings_errors_warn(errors, place->line, place->column,
			"`%s`: %s can be read by its group (mode %04o); 0600 is safer", key, path,
			status.st_mode & 07777);
	return true;
}

/* A file that the gateway makes: its folder must be there and take it. */
static void
check_folder(const char *key, const char *path, const struct settings_place *place,
	struct settings_errors *errors)
{
	auto_free char *copy = strdup(path);
	const char *folder = copy != NULL ? dirname(copy) : "/";
	struct stat status;

	if (stat(folder, &status) < 0 && errno == ENOENT && is_made_by_service(folder))
		settings_errors_warn(errors, place->line, place->column,
			"`%s`: the folder %s is not there yet; the service makes it at its first "
			"start",
			key, folder);
	else if (stat(folder, &status) < 0)
		settings_errors_add(errors, place->line, place->column, "`%s`: the folder %s: %s",
			key, folder, strerror(errno));
	else if (!S_ISDIR(status.st_mode))
		settings_errors_add(errors, place->line, place->column, "`%s`: %s is not a folder",
			key, folder);
	else if (access(folder, W_OK | X_OK) < 0)
		settings_errors_add(errors, place->line, place->column,
			"`%s`: the folder %s cannot be written: %s", key, folder, strerror(errno));
	else if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		settings_errors_add(errors, place->line, place->column,
			"`%s`: %s is a folder; a file is named here", key, path);
}

/* The zone that was meant, from tzdata's own list. Allocated, or NULL. */
static char *
guess_zone(const char *zone)
{
	FILE *in = fopen(ZONES "/tzdata.zi", "re");
	auto_free char *line = NULL;
	auto_free char *best = NULL;
	/* One typing mistake for each three letters, as for keys. */
	size_t shortest = strlen(zone) / 3 < 3 ? strlen(zone) / 3 + 1 : 4;
	size_t size = 0;

	if (in == NULL)
		return NULL;
	/* "Z Asia/Tokyo 9:18:59 - LMT" and "L Asia/Tokyo Japan": zone and link lines. */
	while (getline(&line, &size, in) > 0) {
		char first[64];
		char second[64];
		const char *name = second;
		size_t distance;

		if ((line[0] != 'Z' && line[0] != 'L') ||
			sscanf(line + 1, "%63s %63s", first, second) != 2)
			continue;
		if (line[0] == 'Z')
			name = first;
		distance = near_miss_distance(zone, name);
		if (distance >= shortest)
			continue;
		shortest = distance;
		free(best);
		best = strdup(name);
	}
	(void)fclose(in);
	return take_pointer(&best);
}

static void
check_time_zone(const struct settings *settings, struct settings_errors *errors)
{
	struct settings_place place = places_find(settings->places, "facility.time_zone");
	auto_free char *path = NULL;
	auto_free char *meant = NULL;
	char magic[4] = "";
	FILE *in;

	if (settings->facility.time_zone == NULL ||
		asprintf(&path, ZONES "/%s", settings->facility.time_zone) < 0)
		return;
	in = fopen(path, "re");
	if (in != NULL) {
		size_t got = fread(magic, 1, sizeof(magic), in);

		(void)fclose(in);
		if (got == sizeof(magic) && memcmp(magic, "TZif", sizeof(magic)) == 0)
			return;
	}
	meant = guess_zone(settings->facility.time_zone);
	settings_errors_add(errors, place.line, place.column,
		"`facility.time_zone`: tzdata knows no `%s`%s%s%s",
		settings_shown(settings->facility.time_zone),
		meant != NULL ? "; did you mean `" : "; see timedatectl list-timezones",
		meant != NULL ? meant : "", meant != NULL ? "`?" : "");
}

static void
check_tls(const struct settings *settings, struct settings_errors *errors)
{
	struct settings_place place = places_find(settings->places, "tls.certificate");
	size_t mistakes = errors->mistakes;

	if (settings->tls.certificate != NULL) {
		check_readable("tls.certificate", settings->tls.certificate, &place, errors);
		if (errors->mistakes == mistakes)
			check_certificate(settings->tls.certificate, &place, errors);
	}
	place = places_find(settings->places, "tls.key");
	if (settings->tls.key != NULL)
		(void)check_secret("tls.key", settings->tls.key, &place, errors);
}

/* With a database but no key, what the database has sealed could never be read again: no new key mends it. */
static void
check_facility_key(const struct settings *settings, struct settings_errors *errors)
{
	struct settings_place place = places_find(settings->places, "facility_key");
	const char *path = settings->facility_key;
	struct stat status;

	if (path == NULL || settings->database == NULL)
		return;
	if (stat(path, &status) == 0 || errno != ENOENT || is_of_sleeping_service(path)) {
		if (check_secret("facility_key", path, &place, errors) &&
			stat(path, &status) == 0 && status.st_size != FACILITY_KEY_BYTES)
			settings_errors_add(errors, place.line, place.column,
				"`facility_key`: %s has %lld bytes; a facility key has %d", path,
				(long long)status.st_size, FACILITY_KEY_BYTES);
	} else if (access(settings->database, F_OK) == 0) {
		settings_errors_add(errors, place.line, place.column,
			"`facility_key`: %s is missing, but the database %s was made with one: "
			"bring it back from "
			"your backup",
			path, settings->database);
	} else {
		settings_errors_add(errors, place.line, place.column,
			"`facility_key`: %s is missing; make it once with (umask 077; openssl rand "
			"-out %s %d), and "
			"keep a copy in a safe",
			path, path, FACILITY_KEY_BYTES);
	}
}

static void
check_evidence_files(const struct settings *settings, struct settings_errors *errors)
{
	struct settings_place place = places_find(settings->places, "evidence.radius.secret");

	if (settings->evidence.radius.secret != NULL)
		(void)check_secret(
			"evidence.radius.secret", settings->evidence.radius.secret, &place, errors);
	for (size_t i = 0; i < settings->evidence.lease_files.count; i++) {
		const char *path = settings->evidence.lease_files.items[i].path;
		char key[64];

		snprintf(key, sizeof(key), "evidence.lease_files[%zu].path", i + 1);
		place = places_find(settings->places, key);
		if (path != NULL && access(path, R_OK) < 0)
			settings_errors_warn(errors, place.line, place.column,
				"`%s`: %s cannot be read: %s", key, path, strerror(errno));
	}
}

/* The gateway makes it, if it may; one that others can read shows them who was recorded, and when, and whoever can write in it takes
 * recordings away. Its owner is seen where the service's user checks, which is at every start (recording_files.c looks again). */
static void
check_recording_directory(const struct settings *settings, struct settings_errors *errors)
{
	const char *path = settings->recording.directory;
	struct settings_place place = places_find(settings->places, "recording.directory");
	struct stat status;

	if (path == NULL)
		return;
	if (lstat(path, &status) < 0 && errno == ENOENT)
		check_folder("recording.directory", path, &place, errors);
	else if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode))
		settings_errors_add(errors, place.line, place.column,
			"`recording.directory`: %s is a symbolic link; name the folder itself",
			path);
	else if (lstat(path, &status) < 0 || !S_ISDIR(status.st_mode))
		settings_errors_add(errors, place.line, place.column,
			"`recording.directory`: %s is not a folder", path);
	else if (geteuid() != 0 && status.st_uid != geteuid())
		settings_errors_add(errors, place.line, place.column,
			"`recording.directory`: %s belongs to user %u; allowed is the gateway's "
			"own, %u (chown)",
			path, status.st_uid, geteuid());
	else if ((status.st_mode & 0077) != 0)
		settings_errors_add(errors, place.line, place.column,
			"`recording.directory`: %s has mode %04o, so others than the gateway can "
			"reach it; allowed is 0700 (chmod 700 %s)",
			path, status.st_mode & 07777, path);
	else if (access(path, W_OK | X_OK) < 0)
		settings_errors_add(errors, place.line, place.column,
			"`recording.directory`: %s cannot be written: %s", path, strerror(errno));
}

static int
check_kerberos(const struct settings *settings, struct settings_errors *errors)
{
	struct krb5_conf *conf = NULL;
	int r;

	if (settings->kerberos.config == NULL)
		return 0;
	r = krb5_conf_read(settings, &conf, errors);
	krb5_conf_free(conf);
	return r == -ENOMEM ? r : 0;
}

static void
check_paths(const struct settings *settings, const char *key, const struct settings_names *paths,
	struct settings_errors *errors)
{
	struct settings_place place = places_find(settings->places, key);

	for (size_t i = 0; i < paths->count; i++) {
		if (access(paths->items[i], R_OK) < 0)
			settings_errors_warn(errors, place.line, place.column,
				"`%s`: %s cannot be read: %s", key, paths->items[i],
				strerror(errno));
	}
}

int
settings_check(const struct settings *settings, struct settings_errors *errors)
{
	const struct {
		const char *key;
		const char *path;
	} made[] = {
		{"database", settings->database},
		{"session_log", settings->session_log},
		{"control_socket", settings->control_socket},
	};
	struct settings_place place;

	check_time_zone(settings, errors);
	check_tls(settings, errors);
	check_facility_key(settings, errors);
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		place = places_find(settings->places, made[i].key);
		if (made[i].path != NULL)
			check_folder(made[i].key, made[i].path, &place, errors);
	}
	check_evidence_files(settings, errors);
	check_paths(settings, "evidence.detail_files", &settings->evidence.detail_files, errors);
	check_paths(settings, "evidence.openvpn_status_files",
		&settings->evidence.openvpn_status_files, errors);
	check_recording_directory(settings, errors);
	if (check_kerberos(settings, errors) < 0)
		return -ENOMEM;
	settings_errors_sort(errors);
	return errors->mistakes > 0 ? -EINVAL : 0;
}

int
settings_check_key(const struct settings *settings, struct settings_errors *errors)
{
	struct settings_place place = places_find(settings->places, "tls.key");

	if (!is_of_sleeping_service(settings->tls.key))
		check_private_key(settings->tls.key, settings->tls.certificate, &place, errors);
	settings_errors_sort(errors);
	return errors->mistakes > 0 ? -EINVAL : 0;
}
