/* See capability_scan.h. One field after the other; each is two bytes but the flags, which are four and are cleared. */
#include "rdp/capability_scan.h"

#define DEMAND_HEAD_LEN (6 + 4)      /* share control header, shareId */
#define CONFIRM_HEAD_LEN (6 + 4 + 2) /* the same, originatorId */
#define SET_HEADER_LEN 4
#define CAPSTYPE_VIRTUALCHANNEL 0x14

enum step {
	STEP_NOTHING,
	STEP_SOURCE_LEN, /* lengthSourceDescriptor */
	STEP_COUNT, /* numberCapabilities, behind lengthCombinedCapabilities and the descriptor */
	STEP_TYPE,  /* behind two bytes of padding */
	STEP_LENGTH,
	STEP_FLAGS,
};

static void
begin(struct capability_scan *scan, uint32_t head_len)
{
	*scan = (struct capability_scan){.step = STEP_SOURCE_LEN, .skip = head_len};
}

void
capability_scan_demand(struct capability_scan *scan)
{
	begin(scan, DEMAND_HEAD_LEN);
}

void
capability_scan_confirm(struct capability_scan *scan)
{
	begin(scan, CONFIRM_HEAD_LEN);
}

void
capability_scan_stop(struct capability_scan *scan)
{
	*scan = (struct capability_scan){.step = STEP_NOTHING};
}

/* Behind a whole set, `left` bytes of it still to be passed over. */
static void
next_set(struct capability_scan *scan)
{
	scan->skip = scan->left;
	scan->step = scan->sets > 0 ? STEP_TYPE : STEP_NOTHING;
}

/* A field of two bytes is there. */
static void
take_field(struct capability_scan *scan, uint16_t value)
{
	switch (scan->step) {
	case STEP_SOURCE_LEN:
		scan->source = value;
		scan->skip = 2u + value;
		scan->step = STEP_COUNT;
		break;
	case STEP_COUNT:
		scan->sets = value;
		scan->left = 2;
		next_set(scan);
		break;
	case STEP_TYPE:
		scan->sets--;
		scan->type = value;
		scan->step = STEP_LENGTH;
		break;
	default: /* STEP_LENGTH */
		scan->left = value < SET_HEADER_LEN ? 0 : (uint16_t)(value - SET_HEADER_LEN);
		if (scan->type == CAPSTYPE_VIRTUALCHANNEL && scan->left >= 4)
			scan->step = STEP_FLAGS;
		else
			next_set(scan);
		break;
	}
}

static unsigned int
take_byte(struct capability_scan *scan, uint8_t *byte)
{
	scan->value |= (uint32_t)*byte << 8 * scan->have;
	scan->have++;
	if (scan->step == STEP_FLAGS)
		*byte = 0; /* VCCAPS_NO_COMPR */
	if (scan->have < (scan->step == STEP_FLAGS ? 4 : 2))
		return 0;
	scan->have = 0;
	if (scan->step != STEP_FLAGS) {
		take_field(scan, (uint16_t)scan->value);
		scan->value = 0;
		return 0;
	}
	scan->left = (uint16_t)(scan->left - 4);
	scan->value = 0;
	next_set(scan);
	return 1;
}

unsigned int
capability_scan_bytes(struct capability_scan *scan, uint8_t *bytes, size_t len)
{
	unsigned int changed = 0;
	size_t at = 0;

	while (at < len && scan->step != STEP_NOTHING) {
		size_t skip = scan->skip < len - at ? scan->skip : len - at;

		if (skip > 0) {
			scan->skip -= (uint32_t)skip;
			at += skip;
			continue;
		}
		changed += take_byte(scan, bytes + at);
		at++;
	}
	return changed;
}
