"""Rights with real programs: xfreerdp's clipboard on xrdp, and its drive at a host that reads and writes files there."""

import os
import struct

import pytest

import channels as ch
from d001_desktop import PASTE, copy_on_client, paste_outside, sign_in
from lab_parts.processes import PATIENCE, wait_for

@pytest.mark.parametrize("way", ["in", "out"])
def test_i221_text_passes_in_one_direction_alone(lab, way):
    _, client, desktop = sign_in(lab, "+clipboard", allow=["clipboard-" + way])
    # The other direction is tried first: what comes of it later would still come.
    if way == "in":
        desktop.run("echo from inside | xclip -i -selection clipboard >/dev/null 2>&1")
        assert "from inside" in desktop.run(PASTE)
        copy_on_client(client, "from outside")
        wait_for(lambda: "from outside" in desktop.run(PASTE), PATIENCE, "the text is pasted inside")
        desktop.run("echo from inside | xclip -i -selection clipboard >/dev/null 2>&1")
        assert "from inside" in desktop.run(PASTE)
        assert "from inside" not in paste_outside(client)
        return
    copy_on_client(client, "from outside")
    desktop.run("echo from inside | xclip -i -selection clipboard >/dev/null 2>&1")
    wait_for(lambda: "from inside" in paste_outside(client), PATIENCE, "the text is pasted outside")
    copy_on_client(client, "from outside again")
    # Nor has the client's clipboard taken the terminal's own away.
    assert "from inside" in desktop.run(PASTE)


@pytest.mark.parametrize("right", ["drives-in", "drives-out"])
def test_i222_a_real_drive_is_read_or_written(lab, right, tmp_path):
    (tmp_path / "old.txt").write_text("what the engineer brought")
    host = ch.ChannelHost(lab, ch.take_devices)

    def ask(request):
        host.say("rdpdr", request)
        return host.wait("rdpdr")

    terminal = lab.trusted_terminal(host.fake)
    lab.edit_terminal(terminal, allow=[right])
    account, ticket = lab.new_ticket(terminal)
    lab.xfreerdp(ticket, "/drive:share," + str(tmp_path))
    session = lab.wait_session(account)["id"]
    assert host.up.wait(PATIENCE), "the client has a desktop"
    devices = ch.greet_devices(host)
    assert [kind for kind, _ in devices] == [ch.DRIVE]
    drive = devices[0][1]
    opened = ask(ch.rdpdr_open(drive, 1, "\\old.txt"))
    assert ch.rdpdr_status(opened) == (1, 0)
    file = struct.unpack_from("<I", opened, 16)[0]
    read = ask(ch.rdpdr_read(drive, 2, file))
    assert (b"what the engineer brought" in read) == (right == "drives-in")
    ask(ch.rdpdr_close(drive, 3, file))
    made = ask(ch.rdpdr_open(drive, 4, "\\new.txt", access=0x40000000, disposition=2))
    if right == "drives-in":
        assert ch.rdpdr_status(made) == (4, ch.ACCESS_DENIED)
    else:
        file = struct.unpack_from("<I", made, 16)[0]
        ask(ch.rdpdr_write(drive, 5, file, b"what he takes along"))
        ask(ch.rdpdr_close(drive, 6, file))
    assert (tmp_path / "new.txt").exists() == (right == "drives-out")

    def rows():
        return [(row["direction"], row["path"], row["size"]) for row in lab.call("log.transfers", session=session)["rows"]]
    expected = {"drives-in": ("in", "share:\\old.txt", 25), "drives-out": ("out", "share:\\new.txt", 19)}[right]
    wait_for(rows, PATIENCE, "the file is in the log")
    assert rows() == [expected]
    assert os.path.getsize(tmp_path / "old.txt") == 25
