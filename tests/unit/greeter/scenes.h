/* Every page of the sign-in screen with what a hospital would show on it: for tests and for pictures. */
#ifndef TESTS_GREETER_SCENES_H
#define TESTS_GREETER_SCENES_H

#include "greeter/screen.h"

#include <stddef.h>

#define SCENE_URI                                                                                  \
	"otpauth://totp/%E9%96%A2%E6%89%80%E7%B7%8F%E5%90%88%E7%97%85%E9%99%A2:998-sato"           \
	"?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=%E9%96%A2%E6%89%80%E7%B7%8F%E5%90%88%E7%" \
	"97%85%E9%99%A2"

struct scene {
	const char *name;
	enum greeter_screen screen;
	void (*fill)(struct msg_show *show);
	size_t choices;
	void (*use)(struct screen *screen); /* what somebody does there; NULL: nothing */
};

extern const struct scene scenes[];
extern const size_t scene_count;

/* A clock that stands where it is set. */
extern int64_t scene_now_ms;
int64_t scene_clock(void);

/* Shows it; serial is that of the page. */
void scene_show(struct screen *screen, const struct scene *scene, uint32_t serial);

/* One terminal of a list; every third cannot be chosen. */
void scene_add_choice(struct screen *screen, uint32_t serial, uint16_t index);

/* Types ASCII, a key for each letter. */
void scene_type(struct screen *screen, const char *text);

#endif
