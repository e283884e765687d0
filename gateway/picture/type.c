/* Letters; see type.h.
 *
 * Two families are looked for with the machine's fontconfig: one with Japanese letters, which draws everything
 * but codes, and DejaVu for codes and for what the first one lacks. Their files, and no others, make up a
 * configuration of our own, so that no letter can send pango to a file that was never opened. FreeType and
 * HarfBuzz keep these files mapped for as long as fonts of theirs are in use: one of each is kept for ever.
 *
 * Pango 1.50 starts threads to look for a font that it has not met, and counts every size as another font. Threads
 * cannot be started in the sandbox either. So there is one size for each type, met when warming up, and cairo
 * scales: it draws letters of the final size all the same.
 */
#include "picture/type.h"

#include "base/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <fontconfig/fontconfig.h>
#include <math.h>
#include <pango/pangofc-fontmap.h>
#include <stdbool.h>
#include <string.h>

#define FAMILY_SIZE 80

/* For builds with AddressSanitizer, whose leak check does not see what lives as long as the process: libfontconfig keeps
 * pointers as offsets, and a thread of libpangoft2 has some on its stack. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig.so\nleak:libpangoft2\n";
}

static const struct {
	int size; /* pixels at 100 % */
	bool bold, code;
} types[TYPE_COUNT] = {
	[TYPE_FACILITY] = {17, true, false},
	[TYPE_TITLE] = {21, true, false},
	[TYPE_BODY] = {15, false, false},
	[TYPE_LABEL] = {13, true, false},
	[TYPE_FIELD] = {16, false, false},
	[TYPE_BUTTON] = {15, true, false},
	[TYPE_SMALL] = {12, false, false},
	[TYPE_DIGITS] = {28, true, false},
	[TYPE_CODE] = {14, false, true},
};

/* What is asked of fontconfig. Cairo keeps ten faces open; more than that, and it would open some again. */
enum face {
	FACE_TEXT,
	FACE_TEXT_BOLD,
	FACE_CODE,
	FACE_OTHER,
	FACE_OTHER_BOLD,
	FACE_COUNT,
};

static const struct {
	const char *pattern;
	PangoWeight weight;
} faces[FACE_COUNT] = {
	[FACE_TEXT] = {"Noto Sans CJK JP,sans-serif:lang=ja:weight=80", PANGO_WEIGHT_NORMAL},
	[FACE_TEXT_BOLD] = {"Noto Sans CJK JP,sans-serif:lang=ja:weight=200", PANGO_WEIGHT_BOLD},
	[FACE_CODE] = {"DejaVu Sans Mono:weight=80", PANGO_WEIGHT_NORMAL},
	[FACE_OTHER] = {"DejaVu Sans:weight=80", PANGO_WEIGHT_NORMAL},
	[FACE_OTHER_BOLD] = {"DejaVu Sans:weight=200", PANGO_WEIGHT_BOLD},
};

/* Once for the process, as its fonts are. */
static struct {
	PangoFontMap *map;
	char families[FACE_COUNT][FAMILY_SIZE];
	unsigned int warm; /* types */
} fonts;

int
type_size(enum type type, uint32_t scale)
{
	return (int)(((uint32_t)types[type].size * scale + 50) / 100);
}

/* They are tried in turn, letter by letter. */
static void
set_families(PangoFontDescription *description, enum face first, enum face second)
{
	char families[2 * FAMILY_SIZE];

	snprintf(families, sizeof(families), "%.*s,%.*s", FAMILY_SIZE - 1, fonts.families[first],
		FAMILY_SIZE - 1, fonts.families[second]);
	pango_font_description_set_family(description, families);
}

static PangoFontDescription *
description_of(enum type type)
{
	PangoFontDescription *description = pango_font_description_new();

	if (types[type].code)
		set_families(description, FACE_CODE, FACE_TEXT);
	else
		set_families(description, FACE_TEXT, FACE_OTHER);
	pango_font_description_set_weight(
		description, types[type].bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
	pango_font_description_set_absolute_size(
		description, (double)types[type].size * PANGO_SCALE);
	return description;
}

/* Letters stand on whole pixels where a unit is a pixel; where it is not, they would stand unevenly. */
PangoContext *
type_context(uint32_t scale)
{
	PangoContext *context;
	cairo_font_options_t *options;
	bool whole = scale == 100;

	if (fonts.map == NULL)
		return NULL;
	context = pango_font_map_create_context(fonts.map);
	options = cairo_font_options_create();
	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_SLIGHT);
	cairo_font_options_set_hint_metrics(
		options, whole ? CAIRO_HINT_METRICS_ON : CAIRO_HINT_METRICS_OFF);
	pango_cairo_context_set_font_options(context, options);
	cairo_font_options_destroy(options);
	pango_context_set_round_glyph_positions(context, whole);
	pango_context_set_base_dir(context, PANGO_DIRECTION_LTR);
	/* One that pango does not know: else it would take another for each script, and look for fonts again. Which
	 * forms common characters have is the font's choice: the Japanese ones. */
	pango_context_set_language(context, pango_language_from_string("x-any"));
	return context;
}

/* Pango's units of a length in pixels, and the other way round. */
static int
units_of(int pixels, uint32_t scale)
{
	return (int)((int64_t)pixels * 100 * PANGO_SCALE / (scale > 0 ? scale : 1));
}

static double
pixels_of(int units, uint32_t scale)
{
	return (double)units * scale / 100 / PANGO_SCALE;
}

PangoLayout *
type_layout(PangoContext *context, enum type type, uint32_t scale, const char *text, int width)
{
	PangoLayout *layout = pango_layout_new(context);
	PangoFontDescription *description = description_of(type);

	assert((fonts.warm & TYPE_BIT(type)) != 0);
	pango_layout_set_font_description(layout, description);
	pango_font_description_free(description);
	pango_layout_set_auto_dir(layout, FALSE);
	pango_layout_set_single_paragraph_mode(layout, width < 0);
	if (width >= 0) {
		type_set_width(layout, scale, width);
		pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
	}
	pango_layout_set_text(layout, text, -1);
	return layout;
}

void
type_set_width(PangoLayout *layout, uint32_t scale, int width)
{
	pango_layout_set_width(layout, units_of(width > 0 ? width : 0, scale));
}

void
type_extents(PangoLayout *layout, uint32_t scale, int *ret_width, int *ret_height)
{
	int width, height;

	pango_layout_get_size(layout, &width, &height);
	*ret_width = (int)ceil(pixels_of(width, scale));
	*ret_height = (int)ceil(pixels_of(height, scale));
}

int
type_column(PangoLayout *layout, uint32_t scale, size_t at)
{
	PangoRectangle place;

	pango_layout_index_to_pos(layout, (int)at, &place);
	return (int)lround(pixels_of(place.x, scale));
}

size_t
type_byte_at(PangoLayout *layout, uint32_t scale, int column, bool *ret_behind)
{
	int at, behind;

	pango_layout_xy_to_index(layout, units_of(column, scale), 0, &at, &behind);
	*ret_behind = behind > 0;
	return (size_t)at;
}

void
type_draw(cairo_t *cairo, PangoLayout *layout, uint32_t scale, int x, int y)
{
	cairo_save(cairo);
	cairo_translate(cairo, x, y);
	cairo_scale(cairo, scale / 100.0, scale / 100.0);
	cairo_move_to(cairo, 0, 0);
	pango_cairo_show_layout(cairo, layout);
	cairo_restore(cairo);
}

/* Capital letters and Japanese ones alike seem to stand in the middle when the base line is a little more than a third
 * of their size below it, whichever font they come from. */
void
type_draw_line(cairo_t *cairo, PangoLayout *layout, enum type type, uint32_t scale, int x, int y,
	int height)
{
	double line = y + height / 2.0 + 0.37 * type_size(type, scale);

	type_draw(cairo, layout, scale, x,
		(int)lround(line - pixels_of(pango_layout_get_baseline(layout), scale)));
}

/* Warming up */

/* As fontconfig's XML names a file: its folder is read, all but the files that are named are refused. */
static void
add_file(const char *file, GString *folders, GString *accepted)
{
	char *folder = g_path_get_dirname(file);
	char *dir = g_markup_printf_escaped("<dir>%s</dir>", folder);
	char *glob = g_markup_printf_escaped("<glob>%s</glob>", file);

	g_string_append(folders, dir);
	g_string_append(accepted, glob);
	g_free(dir);
	g_free(glob);
	g_free(folder);
}

static int
find_face(enum face face, GString *folders, GString *accepted)
{
	FcPattern *pattern = FcNameParse((const FcChar8 *)faces[face].pattern);
	FcPattern *found = NULL;
	FcChar8 *file, *family;
	FcResult result;
	int r = -ENOENT;

	if (pattern != NULL && FcConfigSubstitute(NULL, pattern, FcMatchPattern)) {
		FcDefaultSubstitute(pattern);
		found = FcFontMatch(NULL, pattern, &result);
	}
	if (found != NULL && FcPatternGetString(found, FC_FILE, 0, &file) == FcResultMatch &&
		FcPatternGetString(found, FC_FAMILY, 0, &family) == FcResultMatch) {
		add_file((const char *)file, folders, accepted);
		snprintf(fonts.families[face], FAMILY_SIZE, "%s", (const char *)family);
		r = 0;
	}
	if (found != NULL)
		FcPatternDestroy(found);
	if (pattern != NULL)
		FcPatternDestroy(pattern);
	return r;
}

/* The caches of the machine's fontconfig are used again: they hold what the files contain. */
static void
add_caches(GString *xml)
{
	FcStrList *caches = FcConfigGetCacheDirs(NULL);
	const FcChar8 *folder;

	while (caches != NULL && (folder = FcStrListNext(caches)) != NULL) {
		char *text =
			g_markup_printf_escaped("<cachedir>%s</cachedir>", (const char *)folder);

		g_string_append(xml, text);
		g_free(text);
	}
	if (caches != NULL)
		FcStrListDone(caches);
}

static int
write_configuration(GString *xml)
{
	GString *accepted = g_string_new(NULL);
	int r = 0;

	g_string_append(xml,
		"<?xml version=\"1.0\"?><!DOCTYPE fontconfig SYSTEM \"fonts.dtd\"><fontconfig>");
	for (size_t i = 0; i < FACE_COUNT && r == 0; i++)
		r = find_face((enum face)i, xml, accepted);
	add_caches(xml);
	/* "/" because fontconfig 2.15 takes a glob without it for one below the working folder. */
	g_string_append_printf(xml,
		"<selectfont><acceptfont>%s</acceptfont>"
		"<rejectfont><glob>/*</glob></rejectfont></selectfont></fontconfig>",
		accepted->str);
	g_string_free(accepted, TRUE);
	return r;
}

/* NULL if a face is not to be found. */
static FcConfig *
own_configuration(void)
{
	GString *xml = g_string_new(NULL);
	FcConfig *config = NULL;

	if (write_configuration(xml) == 0)
		config = FcConfigCreate();
	if (config != NULL &&
		(!FcConfigParseAndLoadFromMemory(config, (const FcChar8 *)xml->str, FcFalse) ||
			!FcConfigBuildFonts(config))) {
		FcConfigDestroy(config);
		config = NULL;
	}
	g_string_free(xml, TRUE);
	return config;
}

/* Letters of many scripts: a break of Thai lines, for one, needs a dictionary, which is a file. The last ones are in no
 * font: the box with their number is written with letters of another size. */
static const char sample[] = "Sign in 0123456789 \u95a2\u6240 \u30b5\u30a4\u30f3\u30a4\u30f3 "
			     "\u3042\u3044\u3046 \u25cf\u25a1\ufffd "
			     "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25"
			     "\u0e01 \u0645\u0631\u062d\u0628\u0627 "
			     "\u05e9\u05dc\u05d5\u05dd \u0928\u092e\u0938\u094d\u0924\u0947 "
			     "\u1781\u17d2\u1798\u17c2\u179a "
			     "\u1019\u103c\u1014\u103a\u1019\u102c \ud55c\uae00 "
			     "\u041f\u0440\u0438\u0432\u0435\u0442 \u0395\u03bb "
			     "\U0001f600 \U000e0041";

/* One font of every face stays referenced, and with it its mapped file: never freed, on purpose. */
static int
keep_faces(PangoContext *context, cairo_t *cairo)
{
	for (size_t i = 0; i < FACE_COUNT; i++) {
		PangoFontDescription *description = pango_font_description_new();
		PangoFont *font;

		pango_font_description_set_family(description, fonts.families[i]);
		pango_font_description_set_weight(description, faces[i].weight);
		pango_font_description_set_absolute_size(description, 16 * PANGO_SCALE);
		font = pango_context_load_font(context, description);
		pango_font_description_free(description);
		if (font == NULL)
			return -ENOENT;
		cairo_set_scaled_font(
			cairo, pango_cairo_font_get_scaled_font(PANGO_CAIRO_FONT(font)));
		cairo_show_text(cairo, "A");
	}
	return 0;
}

/* Any face may be the one that lacks a letter. */
static void
draw_missing(PangoContext *context, cairo_t *cairo, enum type type, enum face face)
{
	PangoLayout *layout = type_layout(context, type, 100, "\u0378\U0010fffd", -1);
	PangoFontDescription *description = description_of(type);

	set_families(description, face, face);
	pango_layout_set_font_description(layout, description);
	pango_font_description_free(description);
	pango_cairo_show_layout(cairo, layout);
	g_object_unref(layout);
}

static int
draw_everything(unsigned int wanted, uint32_t scale)
{
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 256, 256);
	cairo_t *cairo = cairo_create(surface);
	PangoContext *context = type_context(scale);
	int r = context != NULL && cairo_status(cairo) == CAIRO_STATUS_SUCCESS ? 0 : -ENOMEM;

	for (size_t i = 0; i < TYPE_COUNT && r == 0; i++) {
		PangoLayout *layout;

		if ((wanted & TYPE_BIT(i)) == 0)
			continue;
		layout = type_layout(context, (enum type)i, scale, sample, 200);
		type_draw(cairo, layout, scale, 0, 0);
		for (size_t face = 0; face < FACE_COUNT; face++)
			draw_missing(context, cairo, (enum type)i, (enum face)face);
		g_object_unref(layout);
	}
	if (r == 0)
		r = keep_faces(context, cairo);
	if (context != NULL)
		g_object_unref(context);
	cairo_destroy(cairo);
	cairo_surface_destroy(surface);
	return r;
}

static int
open_fonts(void)
{
	FcConfig *config = FcInit() ? own_configuration() : NULL;

	if (config == NULL)
		return -ENOENT;
	fonts.map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
	pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(fonts.map), config);
	/* The machine's own, with every font that there is, has done its work. */
	(void)FcConfigSetCurrent(config);
	FcConfigDestroy(config);
	return 0;
}

int
type_warm_up(unsigned int wanted)
{
	unsigned int cold = wanted & ~fonts.warm;
	int r = fonts.map == NULL ? open_fonts() : 0;

	if (r < 0 || cold == 0)
		return r;
	fonts.warm |= cold;
	r = draw_everything(cold, 100);
	return r < 0 ? r : draw_everything(cold, 150);
}
