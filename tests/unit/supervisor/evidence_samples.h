/* Packets and files of real peers, shared by unit tests and fuzz targets. */
#ifndef TESTS_UNIT_SUPERVISOR_EVIDENCE_SAMPLES_H
#define TESTS_UNIT_SUPERVISOR_EVIDENCE_SAMPLES_H

#include <stdint.h>

#define SAMPLE_RADIUS_SECRET "xyzzy5461"

/* An Accounting-Request as radclient 3.2.1 sends it: Start of session "4D2" at NAS 192.0.2.1 "vpn1", 10.20.0.5 and
 * fd20::5, Calling-Station-Id 02-00-5E-10-00-11, Session-Timeout 3600, Event-Timestamp 1763632800 and a
 * Message-Authenticator, which is its last attribute. */
static const uint8_t sample_radius[] = {
	0x04,
	0x18,
	0x00,
	0x74,
	0x76,
	0xbe,
	0xed,
	0xd7,
	0xd9,
	0xe9,
	0x31,
	0x30,
	0x4a,
	0xba,
	0x91,
	0x75,
	0x59,
	0xb4,
	0x57,
	0x20,
	0x28,
	0x06,
	0x00,
	0x00,
	0x00,
	0x01,
	0x2c,
	0x05,
	0x34,
	0x44,
	0x32,
	0x04,
	0x06,
	0xc0,
	0x00,
	0x02,
	0x01,
	0x20,
	0x06,
	0x76,
	0x70,
	0x6e,
	0x31,
	0x08,
	0x06,
	0x0a,
	0x14,
	0x00,
	0x05,
	0xa8,
	0x12,
	0xfd,
	0x20,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x05,
	0x1f,
	0x13,
	0x30,
	0x32,
	0x2d,
	0x30,
	0x30,
	0x2d,
	0x35,
	0x45,
	0x2d,
	0x31,
	0x30,
	0x2d,
	0x30,
	0x30,
	0x2d,
	0x31,
	0x31,
	0x1b,
	0x06,
	0x00,
	0x00,
	0x0e,
	0x10,
	0x37,
	0x06,
	0x69,
	0x1e,
	0xe6,
	0xa0,
	0x50,
	0x12,
	0xfc,
	0x85,
	0x6b,
	0x38,
	0x89,
	0xc8,
	0x27,
	0x8a,
	0xac,
	0xf5,
	0xea,
	0x1a,
	0xc4,
	0x17,
	0xcc,
	0x1a,
};

static const char sample_detail[] = "Fri Nov 20 10:00:00 2026\n"
				    "\tAcct-Status-Type = Start\n"
				    "\tAcct-Session-Id = \"d\\\"1\"\n"
				    "\tNAS-IP-Address = 192.0.2.1\n"
				    "\tFramed-IP-Address = 10.21.0.5\n"
				    "\tFramed-IPv6-Address = fd21::5\n"
				    "\tCalling-Station-Id = \"02-00-5E-10-00-11\"\n"
				    "\tSession-Timeout = 60\n"
				    "\tTimestamp = 1763632800\n"
				    "\n"
				    "Fri Nov 20 10:00:01 2026\n"
				    "\tAcct-Session-Id = \"no status\"\n"
				    "\tTimestamp = 1763632801\n"
				    "\n"
				    "Fri Nov 20 10:00:02 2026\n"
				    "\tAcct-Status-Type = Accounting-On\n"
				    "\tNAS-Identifier = vpn1\n"
				    "\tTimestamp = 1763632802\n"
				    "\n";

/* As OpenVPN 2.6.14 writes it. */
static const char sample_openvpn[] =
	"TITLE,OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)] [EPOLL] [AEAD]\n"
	"TIME,2026-11-21 00:12:57,1795219977\n"
	"HEADER,CLIENT_LIST,Common Name,Real Address,Virtual Address,Virtual IPv6 Address,Bytes "
	"Received,Bytes Sent,"
	"Connected Since,Connected Since (time_t),Username,Client ID,Peer ID,Data Channel Cipher\n"
	"CLIENT_LIST,client,10.7.0.11:36346,10.30.0.2,fd30::2,1920,1797,2026-11-21 "
	"00:12:56,1795219976,UNDEF,0,0,"
	"AES-256-GCM\n"
	"CLIENT_LIST,one,two,10.7.0.12:36346,10.30.0.3,,1,1,2026-11-21 "
	"00:12:56,1795219976,UNDEF,1,1,AES-256-GCM\n"
	"HEADER,ROUTING_TABLE,Virtual Address,Common Name,Real Address,Last Ref,Last Ref (time_t)\n"
	"ROUTING_TABLE,10.30.0.2,client,10.7.0.11:36346,2026-11-21 00:12:56,1795219976\n"
	"GLOBAL_STATS,Max bcast/mcast queue length,0\n"
	"END\n";

#endif
