"""A client that types into a sign-in screen without showing it: quick, and able to do what no person does.

It activates as MS-RDPBCGR 1.3.1.1 has it and sends keys as fast-path input (2.2.8.1.2).
"""

import contextlib
import select
import struct

import rdp_wire as wire
from lab_parts.processes import PATIENCE
from rdp_peers import Closed, RawClient

DATA_UPDATE = 2
DATA_CONTROL = 20
DATA_SYNCHRONIZE = 31
DATA_FONT_LIST = 39
DATA_FONT_MAP = 40

SCANCODE, MOUSE, SYNCHRONIZE, UNICODE = 0, 1, 3, 4
RELEASE = 1

KEYS = {"Return": 0x1C, "Tab": 0x0F, "Escape": 0x01, "BackSpace": 0x0E, "Up": 0x48, "Down": 0x50, "Shift": 0x2A}


def capabilities(width, height):
    """2.2.7: general, bitmap, order, input, pointer: what a client from 2001 has."""
    return [
        struct.pack("<HHHHHHHHHHHBB", 1, 24, 1, 3, 0x200, 0, 0, 0x0401, 0, 0, 0, 1, 1),
        struct.pack("<HHHHHHHHHHHBBHH", 2, 28, 24, 1, 1, 1, width, height, 0, 1, 1, 0, 0, 1, 0),
        struct.pack("<HH", 3, 88) + bytes(20) + struct.pack("<HHHHHH", 1, 20, 0, 1, 0, 0x22) + bytes(52),
        struct.pack("<HHHHIIII", 13, 88, 0x0035, 0, 0x409, 4, 0, 12) + bytes(64),
        struct.pack("<HHHHH", 8, 10, 1, 20, 20),
    ]


class Typist(RawClient):
    name = "typist"

    def __init__(self, address, source="127.0.0.1", limit=PATIENCE):
        super().__init__(address, source, limit)
        self.source = self.connection.getsockname()
        self.share = 0
        self.frames = 0

    # From Client Info to a screen

    def arrive(self, user="", password="", cookie=b"", channels=(), **core):
        """Everything up to the first screen, whoever shows it."""
        width, height = core.get("width", 1024), core.get("height", 768)
        self.send(wire.connection_request(cookie))
        self.read_pdu()
        self.start_tls()
        self.connect_mcs(channels, **core)
        self.send_info(user, password)
        self.activate(width, height)
        return self

    def activate(self, width=1024, height=768):
        demand = self.wait_demand_active()
        _, content = wire.send_data_of(demand)
        self.share = struct.unpack_from("<I", content, 6)[0]
        sets = capabilities(width, height)
        joined = b"".join(sets)
        self.send_share(wire.PDU_CONFIRM_ACTIVE, struct.pack("<IHHH", self.share, 0x3EA, 6, len(joined) + 4) + b"MSTSC\0" +
                        struct.pack("<HH", len(sets), 0) + joined)
        self.send_data(DATA_SYNCHRONIZE, struct.pack("<HH", 1, self.user))
        self.send_data(DATA_CONTROL, struct.pack("<HHI", 4, 0, 0))
        self.send_data(DATA_CONTROL, struct.pack("<HHI", 1, 0, 0))
        self.send_data(DATA_FONT_LIST, struct.pack("<HHHH", 0, 0, 3, 0x32))
        self.read_until(lambda pdu: self.data_type(pdu) == DATA_FONT_MAP)

    def send_share(self, kind, content):
        self.send(wire.send_data_request(self.user, wire.IO_CHANNEL, wire.share_control(kind, self.user, content)))

    def send_data(self, kind, content):
        """2.2.8.1.1.1.2"""
        self.send_share(wire.PDU_DATA, struct.pack("<IBBHBBH", self.share, 0, 1, len(content) + 18, kind, 0, 0) + content)

    @staticmethod
    def data_type(pdu):
        if pdu[0] != 3:
            return None
        channel, content = wire.send_data_of(pdu)
        return wire.share_data_of(content)[1] if channel == wire.IO_CHANNEL else None

    # Doing

    def send_events(self, *events):
        """Fast-path input events, at most 15 in a PDU."""
        self.look()
        for start in range(0, len(events), 15):
            part = events[start:start + 15]
            body = b"".join(part)
            self.send(struct.pack(">BH", len(part) << 2, (len(body) + 3) | 0x8000) + body)

    def type(self, text, enter=True):
        """Unicode keyboard events (2.2.8.1.2.2.2), UTF-16 code units."""
        units = [unit[0] for unit in struct.iter_unpack("<H", text.encode("utf-16-le", "surrogatepass"))]
        events = []
        for unit in units:
            events += [struct.pack("<BH", UNICODE << 5, unit), struct.pack("<BH", UNICODE << 5 | RELEASE, unit)]
        self.send_events(*events)
        if enter:
            self.key("Return")

    def key(self, *names):
        events = []
        for name in names:
            code = KEYS.get(name, name)
            events += [struct.pack("<BB", SCANCODE << 5, code), struct.pack("<BB", SCANCODE << 5 | RELEASE, code)]
        self.send_events(*events)

    def click(self, x, y):
        """2.2.8.1.2.2.3: moved, button 1 down and up."""
        self.send_events(*(struct.pack("<BHHH", MOUSE << 5, flags, x, y) for flags in (0x0800, 0x9000, 0x1000)))

    # Reading

    def look(self):
        """Takes whatever has arrived; raises Closed if the gateway has gone."""
        while self.readable():
            self.note(self.read_pdu())

    def readable(self):
        return self.connection.pending() > 0 or bool(select.select([self.connection], [], [], 0)[0])

    def note(self, pdu):
        if wire.is_fast_path(pdu[0]):
            self.frames += 1

    def wait_frame(self):
        """A fast-path update, or one on the slow path."""
        while True:
            pdu = self.read_pdu()
            self.note(pdu)
            if wire.is_fast_path(pdu[0]) or self.data_type(pdu) == DATA_UPDATE:
                return pdu

    def wait_redirection(self):
        """(token, session) of the Server Redirection that comes next."""
        def found(pdu):
            channel, content = wire.send_data_of(pdu) if pdu[0] == 3 else (None, b"")
            return channel == wire.IO_CHANNEL and wire.redirection_of(content)
        pdu = self.read_until(found)
        return wire.redirection_of(wire.send_data_of(pdu)[1])

    def running(self):
        with contextlib.suppress(Closed, OSError):
            self.look()
            return True
        return False
