/* Automatic reconnection in BRIDGE; see bridge.h. The bytes come from jump hosts. */
#include "relay/bridge.h"

void
bridge_follow_cookie(
	struct bridge *bridge, uint8_t *payload, size_t have, const struct share_pdu *pdu)
{
	struct bridge_cookies *cookies = &bridge->cookies;
	size_t at;

	if (!cookies->given)
		return;
	switch (auto_reconnect_find(payload, have, pdu, &at)) {
	case AUTO_RECONNECT_FOUND:
		auto_reconnect_get(payload + at, &cookies->hosts);
		auto_reconnect_put(payload + at, &cookies->ours);
		cookies->is_new = true;
		break;
	case AUTO_RECONNECT_UNCLEAR:
		cookies->due = true;
		break;
	case AUTO_RECONNECT_NONE:
		break;
	}
}

bool
bridge_owes_cookie(const struct bridge *bridge)
{
	return bridge->cookies.due && bridge->stage == BRIDGE_ACTIVE &&
	       bridge_to_boundary(bridge, SIDE_HOST) == 0;
}

void
bridge_cookie_sent(struct bridge *bridge)
{
	bridge->cookies.due = false;
	bridge->cookies.told = true;
}
