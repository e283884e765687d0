"""Rights with real programs: xfreerdp's clipboard on xrdp, and its drive at a host that reads and writes files there."""

import os
import queue
import struct

import pytest

import channels as ch
import rdp_wire as wire
from d001_desktop import copy_on_client, sign_in
from i500_reconnect import Typist
from lab_parts.processes import PATIENCE, wait_for

PASTE_INSIDE = "timeout 3 xclip -o -selection clipboard; echo pasted"


def paste_outside(client):
    return client.screen.run("sh", "-c", "timeout 3 xclip -o -selection clipboard; echo pasted")


@pytest.mark.parametrize("way", ["in", "out"])
def test_i221_text_passes_in_one_direction_alone(lab, way):
    _, client, desktop = sign_in(lab, "+clipboard", allow=["clipboard-" + way])
    # The other direction is tried first: what comes of it later would still come.
    if way == "in":
        desktop.run("echo from inside | xclip -i -selection clipboard >/dev/null 2>&1")
        assert "from inside" in desktop.run(PASTE_INSIDE)
        copy_on_client(client, "from outside")
        wait_for(lambda: "from outside" in desktop.run(PASTE_INSIDE), PATIENCE, "the text is pasted inside")
        desktop.run("echo from inside | xclip -i -selection clipboard >/dev/null 2>&1")
        assert "from inside" in desktop.run(PASTE_INSIDE)
        assert "from inside" not in paste_outside(client)
        return
    copy_on_client(client, "from outside")
    desktop.run("echo from inside | xclip -i -selection clipboard >/dev/null 2>&1")
    wait_for(lambda: "from inside" in paste_outside(client), PATIENCE, "the text is pasted outside")
    copy_on_client(client, "from outside again")
    # Nor has the client's clipboard taken the terminal's own away.
    assert "from inside" in desktop.run(PASTE_INSIDE)


class DriveHost:
    """A jump host that uses the client's drive as soon as it hears of one. `answers` are those of the client (or the gateway)."""

    def __init__(self, lab):
        self.answers = queue.Queue()
        self.announced = queue.Queue()
        self.fake = lab.fake_host(self.script)

    def script(self, peer):
        peer.accept_tls()
        peer.accept_mcs()
        peer.activate()
        peer.read_until(lambda pdu: Typist.data_type(pdu) == 0x27)  # Font List
        peer.send_io(wire.FONT_MAP)
        self.peer = peer
        self.channel = None
        # Which channel it is tells the first answer: all are tried.
        for number in range(wire.IO_CHANNEL + 1, wire.IO_CHANNEL + 1 + peer.channel_count):
            self.send(ch.rdpdr("In", struct.pack("<HHI", 1, 12, 1)), number)
        whole = bytearray()
        while True:
            pdu = peer.read_pdu()
            channel, content = wire.send_data_of(pdu) if pdu[0] == 3 else (None, b"")
            if channel is None or channel <= wire.IO_CHANNEL or len(content) < 8:
                continue
            whole += content[8:]
            if content[4] & 2:
                self.take(channel, bytes(whole))
                whole.clear()

    def send(self, content, number=None):
        for at in range(0, len(content), 1600):
            part = content[at:at + 1600]
            flags = (1 if at == 0 else 0) | (2 if at + len(part) == len(content) else 0)
            self.peer.send(wire.send_data_indication(self.peer.user, number or self.channel,
                                                     struct.pack("<II", len(content), flags) + part))

    def take(self, channel, pdu):
        kind = pdu[:4]
        if kind == ch.rdpdr("CC"):
            self.channel = channel
        elif kind == ch.rdpdr("CN"):
            general = struct.pack("<HHIIIHHIIIIII", 1, 44, 2, 2, 0, 1, 12, 0xFFFF, 0, 7, 0, 0, 0)
            self.send(ch.rdpdr("SP", struct.pack("<HH", 2, 0) + general + struct.pack("<HHI", 4, 8, 2)))
            self.send(ch.rdpdr("CC", struct.pack("<HHI", 1, 12, 1)))
            self.send(ch.rdpdr("UL"))
        elif kind == ch.rdpdr("DA"):
            self.announced.put(ch.rdpdr_devices(pdu))
        elif kind == ch.rdpdr("IC"):
            self.answers.put(pdu)

    def ask(self, request):
        self.send(request)
        return self.answers.get(timeout=PATIENCE)


@pytest.mark.parametrize("right", ["drives-in", "drives-out"])
def test_i222_a_real_drive_is_read_or_written(lab, right, tmp_path):
    (tmp_path / "old.txt").write_text("what the engineer brought")
    host = DriveHost(lab)
    terminal = lab.trusted_terminal(host.fake)
    lab.edit_terminal(terminal, allow=[right])
    account, ticket = lab.new_ticket(terminal)
    lab.xfreerdp(ticket, "/drive:share," + str(tmp_path))
    session = lab.wait_session(account)["id"]
    devices = host.announced.get(timeout=PATIENCE)
    assert [kind for kind, _ in devices] == [ch.DRIVE]
    drive = devices[0][1]
    opened = host.ask(ch.rdpdr_open(drive, 1, "\\old.txt"))
    assert ch.rdpdr_status(opened) == (1, 0)
    file = struct.unpack_from("<I", opened, 16)[0]
    read = host.ask(ch.rdpdr_read(drive, 2, file))
    assert (b"what the engineer brought" in read) == (right == "drives-in")
    host.ask(ch.rdpdr_close(drive, 3, file))
    made = host.ask(ch.rdpdr_open(drive, 4, "\\new.txt", access=0x40000000, disposition=2))
    if right == "drives-in":
        assert ch.rdpdr_status(made) == (4, ch.ACCESS_DENIED)
    else:
        file = struct.unpack_from("<I", made, 16)[0]
        host.ask(ch.rdpdr_write(drive, 5, file, b"what he takes along"))
        host.ask(ch.rdpdr_close(drive, 6, file))
    assert (tmp_path / "new.txt").exists() == (right == "drives-out")

    def rows():
        return [(row["direction"], row["path"], row["size"]) for row in lab.call("log.transfers", session=session)["rows"]]
    expected = {"drives-in": ("in", "share:\\old.txt", 25), "drives-out": ("out", "share:\\new.txt", 19)}[right]
    wait_for(rows, PATIENCE, "the file is in the log")
    assert rows() == [expected]
    assert os.path.getsize(tmp_path / "old.txt") == 25
