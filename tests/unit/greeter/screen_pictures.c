/* Pictures of every page in both languages, for people to look at, and of one for what clients show to be compared with:
 * screen_pictures CATALOGUE FOLDER [WIDTH HEIGHT SCALE [FACILITY PAGE]]
 */
#include "scenes.h"

#include <cairo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
ignore_answer(void *owner, const struct msg_answer *answer)
{
	(void)owner;
	(void)answer;
}

static int
write_picture(const struct screen_setup *setup, const struct scene *scene, const char *folder)
{
	struct picture_rectangle tiles[1024];
	struct screen *screen;
	cairo_surface_t *surface;
	char path[4096];
	size_t stride;
	int failed;

	if (screen_new(setup, &screen) < 0)
		return 1;
	scene_show(screen, scene, 1);
	while (screen_draw(screen, tiles, 1024) > 0)
		;
	surface = cairo_image_surface_create_for_data(
		(unsigned char *)(uintptr_t)screen_pixels(screen, &stride), CAIRO_FORMAT_RGB24,
		setup->width, setup->height, setup->width * 4);
	snprintf(path, sizeof(path), "%s/%s-%s-%ux%u-%u.png", folder, scene->name, setup->language,
		setup->width, setup->height, setup->scale_percent);
	failed = cairo_surface_write_to_png(surface, path) != CAIRO_STATUS_SUCCESS;
	cairo_surface_destroy(surface);
	screen_free(screen);
	return failed;
}

int
main(int argc, char **argv)
{
	static const char *const languages[] = {"en", "ja"};
	struct screen_setup setup = {.width = 1024,
		.height = 768,
		.scale_percent = 100,
		.facility = "関所総合病院  Sekisho General Hospital",
		.now_ms = scene_clock,
		.answered = ignore_answer};
	const char *why = "";

	if (argc != 3 && argc != 6 && argc != 8) {
		fprintf(stderr,
			"screen_pictures CATALOGUE FOLDER [WIDTH HEIGHT SCALE [FACILITY PAGE]]\n");
		return 2;
	}
	if (argc >= 6) {
		setup.width = (uint16_t)atoi(argv[3]);
		setup.height = (uint16_t)atoi(argv[4]);
		setup.scale_percent = (uint16_t)atoi(argv[5]);
	}
	if (argc == 8)
		setup.facility = argv[6];
	if (screen_warm_up(argv[1], &why) < 0) {
		fprintf(stderr, "screen_pictures: %s\n", why);
		return 1;
	}
	for (size_t language = 0; language < 2; language++) {
		setup.language = languages[language];
		for (size_t i = 0; i < scene_count; i++)
			if ((argc < 8 || strcmp(argv[7], scenes[i].name) == 0) &&
				write_picture(&setup, &scenes[i], argv[2]) != 0)
				return 1;
	}
	return 0;
}
