/* What a jump host answers to the Connection Request (MS-RDPBCGR 2.2.1.2), for tests of who acts on it: initialisers of a struct
 * x224_confirm. */
#ifndef TESTS_RDP_CONFIRMS_H
#define TESTS_RDP_CONFIRMS_H

#include "rdp/x224.h"

#define SELECTS(selected)                                                          \
	{                                                                          \
		.kind = X224_CONFIRM_RESPONSE, .protocol = RDP_PROTOCOL_##selected \
	}
#define FAILS(code)                                                         \
	{                                                                   \
		.kind = X224_CONFIRM_FAILURE, .failure = RDP_FAILURE_##code \
	}

#endif
