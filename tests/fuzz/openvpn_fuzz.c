/* OpenVPN's status file and the file of devices beside it: supervisor/openvpn.h. */
#include "fuzz.h"

#include <string.h>

#include "supervisor/openvpn.h"
#include "tests/unit/supervisor/evidence_samples.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct openvpn_status status;
	struct openvpn_client client;
	struct openvpn_devices devices;
	struct openvpn_device device;

	openvpn_status_init(&status, (const char *)bytes, len);
	while (openvpn_status_next(&status, &client))
		fuzz_expect(address_is_ipv4(client.ipv4) && status.problem == OPENVPN_GOOD);
	openvpn_devices_init(&devices, (const char *)bytes, len);
	while (openvpn_devices_next(&devices, &device))
		fuzz_expect(address_is_ipv4(device.ipv4) && mac_is_usable(device.mac));
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const char lines[] = "1795219976 10.30.0.2 02:00:5e:10:00:11\n";

	fuzz_seed(seeds, sample_openvpn, strlen(sample_openvpn));
	fuzz_seed(seeds, lines, strlen(lines));
}
