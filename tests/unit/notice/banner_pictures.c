/* Notices as pictures, on backgrounds of several kinds, for people to look at: banner_pictures CATALOGUE FOLDER */
#include "notice/banner.h"

#include <cairo.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *text;
	uint32_t width, height, background;
	enum language language;
	bool by_person, acknowledge;
} scenes[] = {
	{"short", "The gateway restarts at 18:00. Please save your work.", 1024, 768, 0xffffff,
		LANGUAGE_ENGLISH, true, false},
	{"acknowledge", "本日 18:00 に中継装置を再起動します。作業を保存してください。", 1280, 800,
		0x000000, LANGUAGE_JAPANESE, true, true},
	{"large", "The gateway restarts at 18:00.", 3840, 2160, 0x306030, LANGUAGE_ENGLISH, false,
		false},
	{"small", "本日 18:00 に中継装置を再起動します。作業を保存してください。", 400, 300,
		0xc0c0c0, LANGUAGE_JAPANESE, true, true},
};

static int
write_picture(
	const char *folder, const char *name, const struct banner_setup *setup, uint32_t background)
{
	cairo_surface_t *desktop = cairo_image_surface_create(
		CAIRO_FORMAT_RGB24, (int)setup->desktop_width, (int)setup->desktop_height);
	cairo_t *cairo = cairo_create(desktop);
	cairo_surface_t *picture;
	struct banner banner;
	char path[4096];
	int failed;

	if (banner_draw(setup, &banner) < 0)
		return 1;
	cairo_set_source_rgb(cairo, (background >> 16) / 255.0, (background >> 8 & 0xff) / 255.0,
		(background & 0xff) / 255.0);
	cairo_paint(cairo);
	picture = cairo_image_surface_create_for_data(
		banner.pixels, CAIRO_FORMAT_RGB24, banner.width, banner.height, banner.width * 4);
	cairo_set_source_surface(cairo, picture, banner.x, banner.y);
	cairo_paint(cairo);
	snprintf(path, sizeof(path), "%s/notice-%s.png", folder, name);
	failed = cairo_surface_write_to_png(desktop, path) != CAIRO_STATUS_SUCCESS;
	cairo_surface_destroy(picture);
	cairo_destroy(cairo);
	cairo_surface_destroy(desktop);
	banner_done(&banner);
	return failed;
}

int
main(int argc, char **argv)
{
	char longest[BANNER_TEXT_MOST * 3 + 1] = "";
	struct banner_setup setup = {.text = longest,
		.desktop_width = 1024,
		.desktop_height = 768,
		.language = LANGUAGE_JAPANESE,
		.by_person = true,
		.acknowledge = true};
	const char *why = "";

	if (argc != 3 || banner_warm_up(argv[1], &why) < 0) {
		fprintf(stderr, "banner_pictures CATALOGUE FOLDER: %s\n", why);
		return 2;
	}
	for (size_t i = 0; i < BANNER_TEXT_MOST; i++)
		strcat(longest, i % 10 == 9 ? "。" : "病");
	if (write_picture(argv[2], "longest", &setup, 0xffffff) != 0)
		return 1;
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		setup = (struct banner_setup){.text = scenes[i].text,
			.language = scenes[i].language,
			.by_person = scenes[i].by_person,
			.acknowledge = scenes[i].acknowledge,
			.desktop_width = scenes[i].width,
			.desktop_height = scenes[i].height};
		if (write_picture(argv[2], scenes[i].name, &setup, scenes[i].background) != 0)
			return 1;
	}
	return 0;
}
