"""Each right of a terminal and an account (B8): what it opens works when it is granted, and nothing comes of it when it is
not. Both ends are played, so that nothing is left to the goodwill of a client or a host."""

import contextlib
import struct

import pytest

import channels as ch
import rdp_wire as wire
from channels import Line
from lab_parts.control import Refused
from lab_parts.processes import PATIENCE, wait_for
from rdp_peers import Closed


def ends(line):
    """The two ends by the direction in which something is offered: (send, receive, answer, wait for the answer)."""
    return {"in": (line.from_client, line.at_host, line.from_host, line.at_client),
            "out": (line.from_host, line.at_client, line.from_client, line.at_host)}


def greet_clipboard(line):
    """Capabilities both ways, and the first offer of each side, with which initialization ends."""
    line.from_host(ch.clip_caps())
    flags = struct.unpack_from("<I", line.at_client(), 20)[0]
    line.from_client(ch.clip_caps())
    assert struct.unpack_from("<I", line.at_host(), 20)[0] == flags
    return flags


@pytest.mark.parametrize("way", ["in", "out"])
@pytest.mark.parametrize("right", ["text", "files", "neither"])
def test_i201_the_clipboard_by_direction_and_text_apart(lab, way, right):
    granted = {"text": f"clipboard-{way}", "files": f"clipboard-files-{way}", "neither": None}[right]
    # The other direction is open, so that the channel is there.
    other = "clipboard-out" if way == "in" else "clipboard-in"
    line = Line(lab, "cliprdr", *filter(None, [granted, other]))
    flags = greet_clipboard(line)
    assert (flags & ch.FILE_FLAGS != 0) == (right == "files")
    offer, offered, ask, asked = ends(line)[way]
    offer(ch.CLIP_OFFER)
    expected = {"text": {ch.CLIP_TEXT}, "files": {ch.CLIP_PICTURE, ch.CLIP_FILES, 0xC0F2}, "neither": set()}[right]
    assert set(ch.clip_formats(offered())) == expected
    for number in (ch.CLIP_TEXT, ch.CLIP_PICTURE, ch.CLIP_FILES):
        ask(ch.clip_ask(number))
        if number in expected:
            assert asked() == ch.clip_ask(number)
            offer(ch.clip_data(b"something"))
            assert offered() == ch.clip_data(b"something")
        else:
            # offered() is at the end that asks.
            assert offered() == ch.CLIP_FAILED
    # What nobody has asked for does not arrive.
    offer(ch.clip_data(b"unasked"))
    offer(ch.CLIP_LIST_TAKEN)
    assert offered() == ch.CLIP_LIST_TAKEN


def test_i202_an_offer_that_may_not_pass_leaves_the_other_clipboard_alone(lab):
    line = Line(lab, "cliprdr", "clipboard-out")
    greet_clipboard(line)
    line.from_client(ch.CLIP_OFFER)
    assert ch.clip_formats(line.at_host()) == {}
    line.from_client(ch.CLIP_OFFER)
    # The gateway takes it in the host's stead.
    assert line.at_client() == ch.CLIP_LIST_TAKEN
    line.nothing_at_host(ch.CLIP_LIST_TAKEN)


def test_i215_a_running_session_says_what_may_pass_in_it(lab):
    line = Line(lab, "drdynvc", "microphone", "camera", deny=["sound"], deny_account=["camera"])
    # What is changed now holds for the next session.
    lab.edit_terminal(line.terminal, allow=["usb"], deny=["microphone"])
    session = lab.call("session.show", id=line.session)
    assert {"microphone"} == {"microphone", "camera", "sound", "usb"} & set(session["rights"])
    shown = lab.admin.text("session", "show", line.session)
    assert "microphone" in shown and "camera" not in shown


@pytest.mark.parametrize("allowed", [True, False], ids=["granted", "not granted"])
def test_i203_files_on_the_clipboard_are_logged_or_refused(lab, allowed):
    line = Line(lab, "cliprdr", "clipboard-out", "clipboard-files-out" if allowed else "clipboard-in")
    greet_clipboard(line)
    line.from_host(ch.CLIP_OFFER)
    line.at_client()
    if allowed:
        line.from_client(ch.clip_ask(ch.CLIP_FILES))
        line.at_host()
        # Longer than a chunk, and told as it passes by.
        line.from_host(ch.clip_file_list(("報告.xlsx", 5_000_000_000), ("folder\\b.txt", 12), ("never fetched", 1)))
        assert len(line.at_client()) == 8 + 4 + 3 * 592
    for place in (1, 0, 0):
        line.from_client(ch.clip_ask_bytes(7, place))
        if allowed:
            assert line.at_host() == ch.clip_ask_bytes(7, place)
            line.from_host(ch.clip_bytes(7, b"x" * 5000))
            assert line.at_client() == ch.clip_bytes(7, b"x" * 5000)
        else:
            assert line.at_client() == ch.clip(9, struct.pack("<I", 7), flags=2)
    line.nothing_at_host(ch.CLIP_LIST_TAKEN)
    rows = transfers(lab, line, 2 if allowed else 0)
    assert [(row["path"], row["size"]) for row in rows] == ([("folder\\b.txt", 12), ("報告.xlsx", 5_000_000_000)] if allowed else [])
    assert all(row["direction"] == "out" and row["way"] == "clipboard" and row["account"] == line.account and
               row["terminal"] == line.terminal for row in rows)
    if allowed:
        wait_for(lambda: f"file session='{line.session}'" in lab.session_log() and "報告.xlsx" in lab.session_log(), PATIENCE,
                 "session.log has the file")


def transfers(lab, line, count):
    """What the log says, once it has said so much."""
    def found():
        return lab.call("log.transfers", session=line.session)["rows"]
    wait_for(lambda: len(found()) >= count, PATIENCE, f"{count} transfers in the log")
    return found()


DEVICES = ((ch.SMARTCARD, 1, "SCARD"), (ch.PORT, 2, "COM1"), (ch.DRIVE, 3, "share"), (ch.PRINTER, 4, "PRN1"))


@pytest.mark.parametrize("right, shown", [("drives-in", 3), ("drives-out", 3), ("printer", 4), ("smartcard", 1)])
def test_i204_devices_are_told_to_the_host_by_their_right(lab, right, shown):
    line = Line(lab, "rdpdr", right)
    line.from_host(ch.RDPDR_FROM_HOST)
    assert line.at_client() == ch.RDPDR_FROM_HOST
    line.from_client(ch.rdpdr_announce(*DEVICES))
    assert [number for _, number in ch.rdpdr_devices(line.at_host())] == [shown]
    # What was not shown is not there for whoever guesses its number.
    for _, number, _ in DEVICES:
        if number != shown:
            line.from_host(ch.rdpdr_open(number, 70 + number, "\\secret"))
            assert ch.rdpdr_status(line.at_host()) == (70 + number, ch.ACCESS_DENIED)
    line.nothing_at_client(ch.RDPDR_FROM_HOST)


WRITES = {
    "create": ch.rdpdr_open(3, 1, "\\new", disposition=2),
    "open or create": ch.rdpdr_open(3, 1, "\\new", disposition=3),
    "overwrite": ch.rdpdr_open(3, 1, "\\old", disposition=5),
    "open to write": ch.rdpdr_open(3, 1, "\\old", access=0x40000000),
    "open to delete": ch.rdpdr_open(3, 1, "\\old", access=0x00010000),
    "delete on close": ch.rdpdr_open(3, 1, "\\old", options=0x1000),
    "write": ch.rdpdr_write(3, 1, 9, b"data"),
    "write much": ch.rdpdr_write(3, 1, 9, b"data" * 5000),
    "rename": ch.rdpdr_request(3, 6, 1, 9, struct.pack("<II", 10, 0) + bytes(24)),
    "label": ch.rdpdr_request(3, 11, 1, 9, struct.pack("<II", 2, 0) + bytes(24)),
    "control": ch.rdpdr_request(3, 14, 1, 9, bytes(32)),
    "unknown": ch.rdpdr_request(3, 77, 1, 9, bytes(32)),
}


def drive(lab, *rights):
    line = Line(lab, "rdpdr", *rights)
    line.from_client(ch.rdpdr_announce(*DEVICES))
    line.at_host()
    return line


def test_i205_a_drive_that_may_be_read_is_not_written(lab):
    line = drive(lab, "drives-in")
    for what, request in WRITES.items():
        line.from_host(request)
        assert ch.rdpdr_status(line.at_host()) == (1, ch.ACCESS_DENIED), what
    line.nothing_at_client(ch.RDPDR_FROM_HOST)
    for request, answer in (
            (ch.rdpdr_open(3, 2, "\\dir\\a.csv"), ch.rdpdr_answer(3, 2, body=struct.pack("<IB", 9, 1))),
            (ch.rdpdr_read(3, 3, 9), ch.rdpdr_answer(3, 3, body=struct.pack("<I", 4000) + b"r" * 4000)),
            (ch.rdpdr_close(3, 4, 9), ch.rdpdr_answer(3, 4, body=bytes(5)))):
        line.from_host(request)
        assert line.at_client() == request
        line.from_client(answer)
        assert line.at_host() == answer
    assert [(row["direction"], row["way"], row["path"], row["size"]) for row in transfers(lab, line, 1)] == [
        ("in", "drive", "share:\\dir\\a.csv", 4000)]


def test_i206_a_drive_that_may_be_written_is_not_read(lab):
    line = drive(lab, "drives-out")
    line.from_host(ch.rdpdr_read(3, 1, 9))
    assert ch.rdpdr_status(line.at_host()) == (1, ch.ACCESS_DENIED)
    line.nothing_at_client(ch.RDPDR_FROM_HOST)
    for request, answer in (
            (ch.rdpdr_open(3, 2, "\\out.bin", access=0x40000000, disposition=2), ch.rdpdr_answer(3, 2, body=struct.pack("<IB", 9, 2))),
            (ch.rdpdr_write(3, 3, 9, b"w" * 7000), ch.rdpdr_answer(3, 3, body=struct.pack("<IB", 7000, 0)))):
        line.from_host(request)
        assert line.at_client() == request
        line.from_client(answer)
        assert line.at_host() == answer
    # Never closed: told when the session ends.
    line.client.close()
    assert [(row["direction"], row["path"], row["size"]) for row in transfers(lab, line, 1)] == [("out", "share:\\out.bin", 7000)]


DYNAMIC = {
    "microphone": "AUDIO_INPUT", "camera": "RDCamera_Device_Enumerator", "usb": "URBDRC", "smartcard": "WebAuthN_Channel",
    "printer": "XPSRD"}
ALWAYS = ["Microsoft::Windows::RDS::Graphics", "Microsoft::Windows::RDS::DisplayControl", "Microsoft::Windows::RDS::Input",
          "AUDIO_PLAYBACK_DVC"]


def opens(line, number, name):
    """Whether the client hears of a channel; if so, data passes both ways."""
    line.from_host(ch.dvc_create(number, name))
    line.from_host(ch.DVC_CAPABILITY)
    heard = line.at_client()
    if heard == ch.DVC_CAPABILITY:
        status = struct.unpack("<BHI", ch.dvc_created(number))[0:2]
        answer = line.at_host()
        assert answer[0] >> 4 == 1 and answer[-4:] == struct.pack("<I", 0xC0000001), (status, answer)
        # Data for it is not there either, from whichever side.
        line.from_host(ch.dvc_data(number, b"data"))
        line.nothing_at_client(ch.DVC_CAPABILITY)
        line.from_client(ch.dvc_data(number, b"data"))
        line.nothing_at_host(ch.DVC_CAPABILITY)
        return False
    assert heard == ch.dvc_create(number, name) and line.at_client() == ch.DVC_CAPABILITY
    line.from_client(ch.dvc_created(number))
    assert line.at_host() == ch.dvc_created(number)
    line.from_host(ch.dvc_data(number, b"d" * 1000))
    assert line.at_client() == ch.dvc_data(number, b"d" * 1000)
    line.from_client(ch.dvc_data(number, b"up"))
    assert line.at_host() == ch.dvc_data(number, b"up")
    return True


@pytest.mark.parametrize("right", [*DYNAMIC, None])
def test_i207_dynamic_channels_by_the_right_they_belong_to(lab, right):
    line = Line(lab, "drdynvc", *filter(None, [right]))
    names = list(DYNAMIC.values()) + ALWAYS + ["HOSPITAL_SCANNER", "Microsoft::Windows::RDS::Location", ""]
    open_ones = {name for number, name in enumerate(names, 300) if opens(line, number, name)}
    assert open_ones == {*ALWAYS, *([DYNAMIC[right]] if right else [])}


def test_i208_a_channel_of_the_hospitals_own_by_its_exact_name(lab):
    line = Line(lab, "drdynvc", allow_channels=["HOSPITAL_SCANNER"])
    assert lab.call("terminal.show", name=line.terminal)["channels"] == ["HOSPITAL_SCANNER"]
    assert opens(line, 5, "HOSPITAL_SCANNER")
    assert not opens(line, 6, "HOSPITAL_SCANNER2")
    assert not opens(line, 7, "hospital_scanner")
    for wrong in ("AUDIO_INPUT", "RDCamera_Device_7", "a,b", "", "x" * 65, "with blank"):
        with pytest.raises(Refused):
            lab.edit_terminal(line.terminal, allow_channels=[wrong])
    lab.admin.text("terminal", "edit", line.terminal, "--deny-channel", "HOSPITAL_SCANNER")
    assert lab.call("terminal.show", name=line.terminal)["channels"] == []


def test_i209_the_narrower_of_terminal_and_account_wins(lab):
    line = Line(lab, "drdynvc", "microphone", "camera", deny_account=["microphone"])
    assert opens(line, 5, DYNAMIC["camera"])
    assert not opens(line, 6, DYNAMIC["microphone"])
    assert lab.call("account.show", id=line.account)["denied"] == ["microphone"]
    explained = {row["right"]: row for row in
                 lab.call("policy.explain", account=line.account, terminal=line.terminal)["rights"]}
    assert explained["microphone"]["terminal"] and not explained["microphone"]["account"]
    assert not explained["microphone"]["passes"] and explained["camera"]["passes"]
    assert not explained["usb"]["terminal"] and explained["usb"]["account"] and not explained["usb"]["passes"]
    assert line.account in [row["id"] for row in lab.call("account.list", denied="microphone")["accounts"]]
    assert line.terminal in [row["name"] for row in lab.call("terminal.list", right="camera")["terminals"]]
    lab.admin.text("account", "edit", line.account, "--allow", "microphone")
    assert lab.call("account.show", id=line.account)["denied"] == []


def refused_end(lab, line, event, code):
    """The session has ended for its own reason, the client was told, and another session goes on."""
    lab.wait_close(event)
    assert lab.wait_end(line.account)["reason_code"] == code


@pytest.fixture
def neighbour(lab):
    """Another session on the same gateway; it still works afterwards."""
    line = Line(lab, "drdynvc")
    yield line
    assert opens(line, 99, ALWAYS[0])


def create_without_end(line):
    line.from_host(struct.pack("<BH", 0x11, 5) + b"x" * 1000)


HOSTILE = {
    "a chunk longer than its PDU": ("drdynvc", lambda line: line.from_host(b"0" * 100, flags=3, total=10), "SK2250", "HB"),
    "a last chunk too early": ("drdynvc", lambda line: line.from_host(b"0" * 100, flags=3, total=1000), "SK2250", "HB"),
    "a PDU that begins twice": ("cliprdr", lambda line: [line.from_host(ch.clip_caps(), flags=1, total=99) for _ in range(2)], "SK2250", "HB"),
    "a middle without beginning": ("rdpdr", lambda line: line.from_client(b"0" * 100, flags=0, total=1000), "SK2251", "CB"),
    "a compressed chunk": ("cliprdr", lambda line: line.from_client(ch.clip_caps(), flags=0x00200003), "SK2251", "CB"),
    "an unknown command": ("drdynvc", lambda line: line.from_host(b"\xf1\0\0"), "SK2250", "HB"),
    "a name without end": ("drdynvc", create_without_end, "SK2250", "HB"),
    "offers of 100 MB": ("cliprdr", lambda line: line.from_client(b"\x02\0\0\0" + struct.pack("<I", 10 ** 8 - 8) + bytes(1592), flags=1, total=10 ** 8),
                         "SK2251", "CB"),
    "a list of devices that lies": ("rdpdr", lambda line: line.from_client(ch.rdpdr("DA", struct.pack("<I", 5))), "SK2251", "CB"),
    "a path that is not there": ("rdpdr", lambda line: [line.from_client(ch.rdpdr_announce(*DEVICES)), line.at_host(),
                                                        line.from_host(ch.rdpdr_open(3, 1, "\\a")[:40])], "SK2250", "HB"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_i210_what_cannot_be_read_ends_its_own_session(lab, neighbour, what):
    channel, attack, event, code = HOSTILE[what]
    line = Line(lab, channel, "clipboard-in", "drives-in")
    attack(line)
    refused_end(lab, line, event, code)
    wait_for(lambda: line.told == [1], PATIENCE, "the client is told")


def worker_memory(lab):
    """Of all workers together, in bytes."""
    total = 0
    for pid in lab.pids("sekisho-worker"):
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            total += int(file.read().split()[1]) * 4096
    return total


def test_i211_sixty_thousand_channels(lab, neighbour):
    line = Line(lab, "drdynvc", "camera")
    before = worker_memory(lab)
    # Half of them nobody may open; of the others there are 128 at once. Who does not read the refusals is another case (i212).
    for first in range(0, 60000, 100):
        for number in range(first, first + 100, 2):
            line.from_host(ch.dvc_create(number, "NOBODYS"))
            line.from_host(ch.dvc_create(number + 1, "RDCamera_Device_1"))
        for number in range(first, first + 100, 2):
            for _ in range(1 if number < 2 * 128 else 2):
                assert line.at_host()[-4:] == struct.pack("<I", 0xC0000001)
    line.from_host(ch.DVC_CAPABILITY)
    heard = 0
    while line.at_client() != ch.DVC_CAPABILITY:
        heard += 1
    assert heard == 128
    assert worker_memory(lab) - before < 8 * 1024 * 1024


def test_i212_who_asks_and_does_not_read(lab, neighbour):
    line = Line(lab, "drdynvc")
    before = worker_memory(lab)
    line.host_reads.clear()
    with contextlib.suppress(Closed):  # the gateway hangs up
        for _ in range(1_000_000):
            line.from_host(ch.dvc_create(5, "NOBODYS"))
    line.host_reads.set()
    refused_end(lab, line, "SK2250", "HB")
    assert worker_memory(lab) - before < 16 * 1024 * 1024


def test_i213_a_pdu_without_end_costs_nothing(lab, neighbour):
    """Text of 4 GB in chunks: what passes is not held."""
    line = Line(lab, "cliprdr", "clipboard-in")
    greet_clipboard(line)
    line.from_client(ch.CLIP_OFFER)
    line.at_host()
    line.from_host(ch.clip_ask(ch.CLIP_TEXT))
    line.at_client()
    before = worker_memory(lab)
    total = 0xFFFFFFF0
    line.from_client(struct.pack("<HHI", 5, 1, total - 8) + bytes(1592), flags=1, total=total)
    for _ in range(20000):
        line.from_client(bytes(1600), flags=0, total=total)
    wait_for(lambda: line.bytes_at_host > 30_000_000, PATIENCE, "it arrives")
    assert worker_memory(lab) - before < 8 * 1024 * 1024
    assert lab.wait_session(line.account)


SOUND_HEARD = struct.pack("<BBHHBB", 5, 0, 4, 1000, 1, 0)  # SNDC_WAVECONFIRM


@pytest.mark.parametrize("allowed", [True, False], ids=["granted", "not granted"])
def test_i214_sound_passes_unless_it_is_taken_away(lab, allowed):
    line = Line(lab, "rdpsnd", deny=[] if allowed else ["sound"])
    line.from_host(b"wave" * 1000)
    line.from_client(SOUND_HEARD)
    # Some clients and servers record by the same channel: SNDC_REC_DATA.
    line.from_client(b"\x2a\0\x04\0recorded")
    line.from_client(SOUND_HEARD)
    # Behind it, on the channel that always passes.
    line.host.send_io(wire.demand_active())
    wait_for(lambda: line.demands == 1, PATIENCE, "the next desktop arrives")
    assert line.to_client_queue.qsize() == allowed
    if allowed:
        assert line.at_client() == b"wave" * 1000 and [line.at_host(), line.at_host()] == [SOUND_HEARD] * 2
