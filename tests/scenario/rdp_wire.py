"""Just enough RDP to script both ends byte by byte: what real clients and hosts never send.

Written against MS-RDPBCGR (section numbers in the comments) and T.125, not against the gateway's own code, so that a
mistake there is not repeated here. Everything returns bytes or plain values; the peers that use it are in
rdp_peers.py.
"""

import struct

PROTOCOL_RDP = 0
PROTOCOL_SSL = 1
PROTOCOL_HYBRID = 2

USER_BASE = 1001
IO_CHANNEL = 1003

ERRINFO_ADMINISTRATOR = 0x01
ERRINFO_SERVER_DENIED = 0x07
PDU_DEMAND_ACTIVE = 0x11
PDU_CONFIRM_ACTIVE = 0x13
PDU_DEACTIVATE_ALL = 0x16
PDU_DATA = 0x17
PDU_SERVER_REDIRECTION = 0x1A
REDIRECTION_TYPE = PDU_SERVER_REDIRECTION & 0x0F
DATA_SET_ERROR_INFO = 47
DATA_FONT_LIST = 0x27

ULTIMATUM = bytes.fromhex("0300000902f0802180")


def tpkt(body):
    return struct.pack(">BBH", 3, 0, len(body) + 4) + body


def x224_data(body):
    return tpkt(b"\x02\xf0\x80" + body)


def connection_request(cookie=b"", protocols=PROTOCOL_SSL, negotiate=True):
    """2.2.1.1. cookie: b"Cookie: msts=+0123" without the line end."""
    rest = cookie + b"\r\n" if cookie else b""
    if negotiate:
        rest += struct.pack("<BBHI", 1, 0, 8, protocols)
    return tpkt(struct.pack(">BBHHB", len(rest) + 6, 0xE0, 0, 0, 0) + rest)


def connection_confirm(protocol=PROTOCOL_SSL, flags=3):
    """2.2.1.2"""
    return tpkt(struct.pack(">BBHHB", 14, 0xD0, 0, 0x1234, 0) + struct.pack("<BBHI", 2, flags, 8, protocol))


def negotiation_failure(code):
    return tpkt(struct.pack(">BBHHB", 14, 0xD0, 0, 0x1234, 0) + struct.pack("<BBHI", 3, 0, 8, code))


def ber(tag, content):
    return tag + b"\x82" + struct.pack(">H", len(content)) + content


def domain_parameters(*values):
    """T.125: a sequence of eight integers, each as short as it can be."""
    content = b""
    for value in values:
        digits = value.to_bytes(value.bit_length() // 8 + 1, "big")
        content += bytes([2, len(digits)]) + digits
    return bytes([0x30, len(content)]) + content


# Target, minimum and maximum that a client asks for.
DOMAIN_PARAMETERS = ((34, 2, 0, 1, 0, 1, 65535, 2), (1, 1, 1, 1, 0, 1, 1056, 2), (65535, 64535, 65535, 1, 0, 1, 65535, 2))


def per_length(length):
    return struct.pack(">H", length | 0x8000)


def block(kind, content):
    return struct.pack("<HH", kind, len(content) + 4) + content


def client_core(width=1024, height=768, early_flags=0x0001, selected=PROTOCOL_SSL, layout=0x409, color_depth=24):
    """2.2.1.3.2"""
    name = "test".encode("utf-16-le").ljust(32, b"\0")
    core = struct.pack("<IHHHHII", 0x00080004, width, height, 0xCA01, 0xAA03, layout, 18363) + name
    core += struct.pack("<III", 4, 0, 12) + bytes(64)
    core += struct.pack("<HHIHHH", 0xCA01, 1, 0, color_depth, 7, early_flags) + bytes(64)
    core += struct.pack("<BBI", 0, 0, selected)
    return block(0xC001, core)


def client_network(channels):
    """2.2.1.3.4: names of at most 7 characters."""
    rows = b"".join(name.encode().ljust(8, b"\0") + struct.pack("<I", 0x80800000) for name in channels)
    return block(0xC003, struct.pack("<I", len(channels)) + rows)


# CS_CLUSTER's flags (2.2.1.3.5): can be redirected by version 4, comes back from a redirection.
CLUSTER_REDIRECTS = 0x0D
CLUSTER_RETURNS = 0x02


def connect_initial(channels=(), extra=b"", cluster=(CLUSTER_REDIRECTS, 0), **core):
    """2.2.1.3: T.125 Connect-Initial around a GCC Conference Create Request. cluster: flags, RedirectedSessionID."""
    blocks = client_core(**core) + block(0xC004, struct.pack("<II", *cluster))
    blocks += block(0xC002, struct.pack("<II", 0, 0)) + client_network(channels) + extra
    gcc = bytes.fromhex("000800100001c00044756361") + per_length(len(blocks)) + blocks
    gcc = bytes.fromhex("000500147c0001") + per_length(len(gcc)) + gcc
    parameters = b"".join(domain_parameters(*row) for row in DOMAIN_PARAMETERS)
    content = bytes.fromhex("0401010401010101ff") + parameters + ber(b"\x04", gcc)
    return x224_data(ber(b"\x7f\x65", content))


def connect_response(channel_count, padding=b"", message_channel=None):
    """2.2.1.4: ids 1004, 1005 … for the channels."""
    blocks = block(0x0C01, struct.pack("<III", 0x00080004, PROTOCOL_SSL, 0))
    network = struct.pack("<HH", IO_CHANNEL, channel_count)
    network += b"".join(struct.pack("<H", IO_CHANNEL + 1 + index) for index in range(channel_count))
    blocks += block(0x0C03, network + (b"\0\0" if channel_count % 2 else b""))
    blocks += block(0x0C02, struct.pack("<II", 0, 0))
    if message_channel is not None:
        blocks += block(0x0C04, struct.pack("<H", message_channel))
    blocks += padding
    gcc = bytes.fromhex("000500147c00012a14760a01010001c0004d63446e") + per_length(len(blocks)) + blocks
    content = bytes.fromhex("0a0100020100") + domain_parameters(34, 3, 0, 1, 0, 1, 65528, 2) + ber(b"\x04", gcc)
    return x224_data(ber(b"\x7f\x66", content))


ERECT_DOMAIN = x224_data(bytes.fromhex("0401000100"))
ATTACH_USER = x224_data(b"\x28")


def attach_user_confirm(user):
    return x224_data(struct.pack(">BBH", 0x2E, 0, user - USER_BASE))


def join(user, channel):
    return x224_data(struct.pack(">BHH", 0x38, user - USER_BASE, channel))


def join_confirm(user, channel):
    return x224_data(struct.pack(">BBHHH", 0x3E, 0, user - USER_BASE, channel, channel))


def send_data_request(user, channel, content):
    return x224_data(struct.pack(">BHHB", 0x64, user - USER_BASE, channel, 0x70) + per_length(len(content)) + content)


def send_data_indication(user, channel, content):
    return x224_data(struct.pack(">BHHB", 0x68, user - USER_BASE, channel, 0x70) + per_length(len(content)) + content)


def client_info(user="", password="", domain="", shell="", folder=""):
    """2.2.1.11, with the security header of 2.2.8.1.1.2.1 in front."""
    texts = [text.encode("utf-16-le") for text in (domain, user, password, shell, folder)]
    info = struct.pack("<II", 0x409, 0x0001 | 0x0002 | 0x0010 | 0x0020 | (0x0008 if password else 0))
    info += b"".join(struct.pack("<H", len(text)) for text in texts)
    info += b"".join(text + b"\0\0" for text in texts)
    address = "127.0.0.1\0".encode("utf-16-le")
    folder_text = "C:\\\0".encode("utf-16-le")
    info += struct.pack("<HH", 2, len(address)) + address + struct.pack("<H", len(folder_text)) + folder_text
    info += bytes(172) + struct.pack("<IIH", 0, 7, 0)
    return struct.pack("<HH", 0x0040, 0) + info


# 2.2.1.12: STATUS_VALID_CLIENT
LICENCE_VALID = bytes.fromhex("80000000ff031000070000000200000004000000")


def share_control(pdu_type, source, content):
    return struct.pack("<HHH", len(content) + 6, pdu_type, source) + content


# The Virtual Channel Capability Set (2.2.7.1.10), and its flags VCCAPS_COMPR_SC and VCCAPS_COMPR_CS_8K.
CAPSTYPE_CHANNELS = 20
CHANNELS_COMPRESSED = 3


def capabilities_of(content, confirm=False):
    """{type: content behind the header} of a Demand or Confirm Active's sets (2.2.1.13)."""
    at = 6 + 4 + (2 if confirm else 0)
    source = struct.unpack_from("<H", content, at)[0]
    at += 4 + source
    found = {}
    for _ in range(struct.unpack_from("<H", content, at)[0]):
        kind, length = struct.unpack_from("<HH", content, at + 4)
        found[kind] = content[at + 8:at + 4 + length]
        at += length
    return found


def capability_sets():
    """Those that no client does without (general, bitmap, order, input), and that channels may be compressed. Count, bytes."""
    capabilities = [
        struct.pack("<HHHHHHHHHHHBB", 1, 24, 1, 3, 0x200, 0, 0, 0x0401, 0, 0, 0, 1, 1),
        struct.pack("<HHHHHHHHHHHBBHH", 2, 28, 24, 1, 1, 1, 1024, 768, 0, 1, 1, 0, 0, 1, 0),
        struct.pack("<HH", 3, 88) + bytes(84),
        struct.pack("<HHHH", 13, 88, 0x0035, 0) + bytes(80),
        struct.pack("<HHII", CAPSTYPE_CHANNELS, 12, CHANNELS_COMPRESSED, 1600),
    ]
    return len(capabilities), b"".join(capabilities)


def demand_active(share_id=0x103EA, source=1002):
    """2.2.1.13.1"""
    count, sets = capability_sets()
    content = struct.pack("<IHH", share_id, 4, len(sets) + 4) + b"RDP\0" + struct.pack("<HH", count, 0) + sets
    return share_control(PDU_DEMAND_ACTIVE, source, content + struct.pack("<I", 0))


def confirm_active(share_id=0x103EA, source=1007):
    """2.2.1.13.2"""
    count, sets = capability_sets()
    content = struct.pack("<IHHH", share_id, 1002, 6, len(sets) + 4) + b"MSTSC\0" + struct.pack("<HH", count, 0) + sets
    return share_control(PDU_CONFIRM_ACTIVE, source, content)


def redirection_of(content):
    """(load balance info, SessionID) of a Server Redirection PDU (2.2.13.3.1) that names nothing else, or None."""
    if len(content) < 8 or content[2] & 0x0F != REDIRECTION_TYPE:
        return None
    flags, _, session, fields = struct.unpack_from("<HHII", content, 8)
    assert (flags, fields) == (0x0400, 0x0002), "more than LB_LOAD_BALANCE_INFO"
    length = struct.unpack_from("<I", content, 20)[0]
    return content[24:24 + length], session


def server_redirection(address="192.0.2.1"):
    """2.2.13.2.1 with LB_TARGET_NET_ADDRESS: would lead the client and its password away."""
    text = (address + "\0").encode("utf-16-le")
    packet = struct.pack("<II", 0, 0x00000001) + struct.pack("<I", len(text)) + text
    packet = struct.pack("<HH", 0x0400, len(packet) + 4) + packet
    return share_control(PDU_SERVER_REDIRECTION, 1002, struct.pack("<H", 0) + packet)


def initiate_multitransport():
    """2.2.15.1: request id, UDP reliable, cookie; with its security header."""
    return struct.pack("<HH", 0x0002, 0) + struct.pack("<IHH", 1, 1, 0) + bytes(16)


def channel_data(content, flags=3):
    """2.2.6.1: a whole PDU of a static channel."""
    return struct.pack("<II", len(content), flags) + content


def is_fast_path(first):
    return first & 3 == 0


# The answer to a Font List (2.2.1.22): from then on the desktop is there.
FONT_MAP = share_control(PDU_DATA, 1002, struct.pack("<IBBHBBH", 0x103EA, 0, 1, 12, 0x28, 0, 0) + struct.pack("<HHHH", 0, 0, 3, 4))


def share_data_of(content):
    """(type of the share control header, type of the share data header or None, the rest)."""
    if len(content) < 6:
        return None, None, b""
    kind = struct.unpack_from("<H", content, 2)[0] & 0x1F
    if kind != PDU_DATA or len(content) < 18:
        return kind, None, content[6:]
    return kind, content[14], content[18:]


def send_data_of(packet):
    """(channel, content) of a TPKT with Send Data, else (None, body)."""
    body = packet[7:]
    if len(body) < 8 or body[0] not in (0x64, 0x68):
        return None, body
    channel = struct.unpack_from(">H", body, 3)[0]
    at = 8 if body[6] & 0x80 else 7
    return channel, body[at:]
