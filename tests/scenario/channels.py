"""A session whose both ends a test plays itself, PDU by PDU, on static channels: what passes is what the gateway lets through.

Written against MS-RDPECLIP, MS-RDPEFS and MS-RDPEDYC (sections in the comments), not against the gateway's code.
"""

import queue
import struct
import threading

import rdp_wire as wire
from lab_parts.processes import PATIENCE
from rdp_peers import Closed

LONG_NAMES = 0x02
FILE_FLAGS = 0x3C


class Line:
    """client and host are at the two ends; what arrives on the channel can be asked for at each."""

    def __init__(self, lab, channel, *allow, deny=(), deny_account=(), allow_channels=()):
        self.lab = lab
        self.channel = channel
        self.to_host_queue = queue.Queue()
        self.to_client_queue = queue.Queue()
        self.up = threading.Event()
        self.host_reads = threading.Event()
        self.host_reads.set()
        self.bytes_at_host = 0
        self.told = []
        self.demands = 0
        fake = lab.fake_host(self.host_script)
        self.terminal = lab.trusted_terminal(fake)
        lab.edit_terminal(self.terminal, allow=list(allow), deny=list(deny), allow_channels=list(allow_channels))
        self.account, ticket = lab.new_ticket(self.terminal)
        if deny_account:
            lab.edit_account(self.account, deny=list(deny_account))
        self.client = lab.raw()
        self.client.introduce(ticket.handle, ticket.secret, channels=[channel])
        self.client.wait_demand_active()
        self.session = lab.wait_session(self.account)["id"]
        self.up.wait(PATIENCE)
        threading.Thread(target=self.client_script, daemon=True).start()

    def host_script(self, peer):
        peer.accept_tls()
        peer.accept_mcs()
        peer.activate()
        peer.send_io(wire.FONT_MAP)
        self.host = peer
        self.up.set()
        self.listen(peer, self.to_host_queue)

    def client_script(self):
        try:
            self.listen(self.client, self.to_client_queue)
        except (Closed, OSError):
            self.to_client_queue.put(None)

    def listen(self, peer, arrived):
        """Puts whole PDUs of the channel into the queue, for as long as the session lasts: it may be quiet for long."""
        whole = bytearray()
        peer.reads_limit = None
        while True:
            if peer is not self.client:
                self.host_reads.wait()
            pdu = peer.read_pdu()
            channel, content = wire.send_data_of(pdu) if pdu[0] == 3 else (None, b"")
            if channel == wire.IO_CHANNEL and peer is self.client:
                kind, data_type, rest = wire.share_data_of(content)
                self.demands += kind == wire.PDU_DEMAND_ACTIVE
                if kind == wire.PDU_DATA and data_type == wire.DATA_SET_ERROR_INFO:
                    self.told.append(struct.unpack("<I", rest[:4])[0])
            if channel != wire.IO_CHANNEL + 1:
                continue
            total, flags = struct.unpack_from("<II", content)
            whole += content[8:]
            self.bytes_at_host += len(content) if peer is not self.client else 0
            assert len(whole) <= total and (flags & 2 != 0) == (len(whole) == total), "chunks that do not add up"
            if flags & 2:
                arrived.put(bytes(whole))
                whole.clear()

    # Sending. flags: of the one chunk, or None to cut it as everybody does.

    def send(self, write, content, flags=None, total=None):
        if flags is not None:
            write(struct.pack("<II", len(content) if total is None else total, flags) + content)
            return
        for at in range(0, max(len(content), 1), 1600):
            part = content[at:at + 1600]
            flags = (1 if at == 0 else 0) | (2 if at + len(part) == len(content) else 0)
            write(struct.pack("<II", len(content), flags) + part)

    def from_client(self, content, **more):
        number = self.client.channels[self.channel]
        self.send(lambda chunk: self.client.send(wire.send_data_request(self.client.user, number, chunk)), content, **more)

    def from_host(self, content, **more):
        number = wire.IO_CHANNEL + 1
        self.send(lambda chunk: self.host.send(wire.send_data_indication(self.host.user, number, chunk)), content, **more)

    # What has arrived. With `none`, only a later PDU that always passes may.

    def at_host(self):
        return self.to_host_queue.get(timeout=PATIENCE)

    def at_client(self):
        return self.to_client_queue.get(timeout=PATIENCE)

    def nothing_at_host(self, fence):
        self.from_client(fence)
        assert self.at_host() == fence

    def nothing_at_client(self, fence):
        self.from_host(fence)
        assert self.at_client() == fence


class ChannelHost:
    """A jump host that a real client draws, and whose static channels a test plays: whole PDUs, by the channel's name."""

    def __init__(self, lab, take=None):
        self.arrived = {}
        self.take = take or (lambda host, channel, pdu: self.queue(channel).put(pdu))
        self.confirm_active = None
        self.up = threading.Event()
        self.fake = lab.fake_host(self.script)

    def queue(self, channel):
        return self.arrived.setdefault(channel, queue.Queue())

    def wait(self, channel, wanted=lambda pdu: True):
        """The next PDU on a channel for which wanted(pdu) is true."""
        while True:
            pdu = self.queue(channel).get(timeout=PATIENCE)
            if wanted(pdu):
                return pdu

    def script(self, peer):
        peer.accept_tls()
        peer.accept_mcs()
        peer.activate()
        self.peer = peer
        self.numbers = {name.lower(): wire.IO_CHANNEL + 1 + i for i, name in enumerate(peer.channel_names)}
        names = {number: name for name, number in self.numbers.items()}
        whole = {name: bytearray() for name in self.numbers}
        peer.reads_limit = None  # a desktop may be quiet for long
        while True:
            pdu = peer.read_pdu()
            channel, content = wire.send_data_of(pdu) if pdu[0] == 3 else (None, b"")
            if channel == wire.IO_CHANNEL:
                self.take_share(content)
            if channel not in names or len(content) < 8:
                continue
            name = names[channel]
            whole[name] += content[8:]
            if content[4] & 2:
                self.take(self, name, bytes(whole[name]))
                whole[name].clear()

    def take_share(self, content):
        kind, data_type, _ = wire.share_data_of(content)
        if kind == wire.PDU_CONFIRM_ACTIVE:
            self.confirm_active = content
        elif data_type == wire.DATA_FONT_LIST:
            self.peer.send_io(wire.FONT_MAP)
            self.up.set()

    def say(self, channel, content):
        for at in range(0, len(content), 1600):
            part = content[at:at + 1600]
            flags = (1 if at == 0 else 0) | (2 if at + len(part) == len(content) else 0)
            self.peer.send(wire.send_data_indication(self.peer.user, self.numbers[channel],
                                                     struct.pack("<II", len(content), flags) + part))


def greet_devices(host):
    """At a ChannelHost with take_devices: what is announced then, as [(type, id)]."""
    host.say("rdpdr", RDPDR_FROM_HOST)
    return rdpdr_devices(host.wait("rdpdr"))


# The clipboard

def clip(kind, body=b"", flags=0):
    return struct.pack("<HHI", kind, flags, len(body)) + body


def clip_caps(flags=LONG_NAMES | FILE_FLAGS):
    """2.2.2.1"""
    return clip(7, struct.pack("<HHHHII", 1, 0, 1, 12, 2, flags))


def clip_list(*formats):
    """2.2.3.1.2: (id, name)"""
    return clip(2, b"".join(struct.pack("<I", number) + (name + "\0").encode("utf-16-le") for number, name in formats))


def clip_formats(pdu):
    assert struct.unpack_from("<H", pdu)[0] == 2
    found, at = {}, 8
    while at < len(pdu):
        number = struct.unpack_from("<I", pdu, at)[0]
        end = at + 4
        while pdu[end:end + 2] != b"\0\0":
            end += 2
        found[number] = pdu[at + 4:end].decode("utf-16-le")
        at = end + 2
    return found


CLIP_LIST_TAKEN = clip(3, flags=1)
CLIP_TEXT, CLIP_PICTURE, CLIP_FILES = 13, 8, 0xC0F1
CLIP_OFFER = clip_list((CLIP_TEXT, ""), (CLIP_PICTURE, ""), (CLIP_FILES, "FileGroupDescriptorW"), (0xC0F2, "HTML Format"))


def clip_ask(number):
    return clip(4, struct.pack("<I", number))


def clip_data(data):
    return clip(5, data, flags=1)


CLIP_FAILED = clip(5, flags=2)


def clip_file_list(*files):
    """2.2.5.2.3.1: (name, size)"""
    rows = b""
    for name, size in files:
        rows += struct.pack("<I", 0x4040) + bytes(32 + 4 + 16 + 8) + struct.pack("<II", size >> 32, size & 0xFFFFFFFF)
        rows += name.encode("utf-16-le").ljust(520, b"\0")
    return clip_data(struct.pack("<I", len(files)) + rows)


def clip_ask_bytes(stream, place):
    """2.2.5.3, FILECONTENTS_RANGE"""
    return clip(8, struct.pack("<IIIIII", stream, place, 2, 0, 0, 4096))


def clip_bytes(stream, data):
    return clip(9, struct.pack("<I", stream) + data, flags=1)


# Dynamic channels

DVC_CAPABILITY = struct.pack("<BBH", 0x50, 0, 1)


def dvc_create(number, name):
    """2.2.2.1"""
    return struct.pack("<BH", 0x11, number) + name.encode() + b"\0"


def dvc_created(number, status=0):
    return struct.pack("<BHI", 0x11, number, status)


def dvc_data(number, data):
    return struct.pack("<BH", 0x31, number) + data


# Devices

DRIVE, PRINTER, SMARTCARD, PORT = 8, 4, 0x20, 1


def take_devices(host, channel, pdu):
    """For ChannelHost: greets the devices of the client (2.2.2, 3.2.5.1); what it announces and answers is put into the queue."""
    kind = pdu[:4]
    if channel != "rdpdr" or kind in (rdpdr("DA"), rdpdr("IC")):
        host.queue(channel).put(pdu)
    elif kind == rdpdr("CN"):
        general = struct.pack("<HHIIIHHIIIIII", 1, 44, 2, 2, 0, 1, 12, 0xFFFF, 0, 7, 0, 0, 0)
        others = b"".join(struct.pack("<HHI", number, 8, version) for number, version in ((2, 1), (4, 2), (5, 1)))
        host.say(channel, rdpdr("SP", struct.pack("<HH", 4, 0) + general + others))
        host.say(channel, rdpdr("CC", struct.pack("<HHI", 1, 12, 1)))
        host.say(channel, rdpdr("UL"))


def rdpdr(kind, body=b""):
    """2.2.1.1: kind as the specification writes it, "DA" for 0x4441."""
    return struct.pack("<HH", 0x4472, int.from_bytes(kind.encode(), "big")) + body


RDPDR_FROM_HOST = rdpdr("In", struct.pack("<HHI", 1, 12, 1))
RDPDR_FROM_CLIENT = rdpdr("CN", struct.pack("<III", 0, 0, 0))


def rdpdr_announce(*devices):
    """2.2.2.9: (type, id, name)"""
    rows = b"".join(struct.pack("<II", kind, number) + name.encode().ljust(8, b"\0") + struct.pack("<I", 3) + b"abc"
                    for kind, number, name in devices)
    return rdpdr("DA", struct.pack("<I", len(devices)) + rows)


def rdpdr_devices(pdu):
    assert pdu[:4] == rdpdr("DA"), pdu
    found, at = [], 8
    for _ in range(struct.unpack_from("<I", pdu, 4)[0]):
        kind, number = struct.unpack_from("<II", pdu, at)
        found.append((kind, number))
        at += 20 + struct.unpack_from("<I", pdu, at + 16)[0]
    assert at == len(pdu), pdu
    return found


def rdpdr_request(device, function, completion, file=0, body=b""):
    """2.2.1.4"""
    return rdpdr("IR", struct.pack("<IIIII", device, file, completion, function, 0) + body)


def rdpdr_open(device, completion, path, access=0x80100080, disposition=1, options=0):
    """2.2.1.4.1"""
    name = (path + "\0").encode("utf-16-le")
    return rdpdr_request(device, 0, completion, body=struct.pack("<IQIIIII", access, 0, 0, 7, disposition, options, len(name)) + name)


def rdpdr_read(device, completion, file, length=4096, offset=0):
    return rdpdr_request(device, 3, completion, file, struct.pack("<IQ", length, offset) + bytes(20))


def rdpdr_write(device, completion, file, data, offset=0):
    return rdpdr_request(device, 4, completion, file, struct.pack("<IQ", len(data), offset) + bytes(20) + data)


def rdpdr_close(device, completion, file):
    return rdpdr_request(device, 2, completion, file, bytes(32))


def rdpdr_answer(device, completion, status=0, body=b""):
    return rdpdr("IC", struct.pack("<III", device, completion, status) + body)


def rdpdr_status(pdu):
    """(completion, status) of an answer."""
    assert pdu[:4] == rdpdr("IC")
    return struct.unpack_from("<II", pdu, 8)


ACCESS_DENIED = 0xC0000022
