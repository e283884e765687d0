"""Rights with xfreerdp's own devices: printer, smart cards, USB, sound and microphone, at a host that talks to them; and that
nobody compresses what the gateway reads."""

import os
import struct
import subprocess

import pytest

import channels as ch
import rdp_wire as wire
from lab_parts.processes import PATIENCE, wait_for

CONTEXT = 0x00090014  # SCARD_IOCTL_ESTABLISHCONTEXT, MS-RDPESC 3.1.4


def connect(lab, *options, allow=(), deny=()):
    """A real client at a host whose channels the test plays."""
    host = ch.ChannelHost(lab, ch.take_devices)
    terminal = lab.trusted_terminal(host.fake)
    lab.edit_terminal(terminal, allow=list(allow), deny=list(deny))
    account, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket, *options)
    assert host.up.wait(PATIENCE), f"{client.name} has a desktop"
    lab.wait_session(account)
    return host


def ask(host, request):
    host.say("rdpdr", request)
    return host.wait("rdpdr", lambda pdu: pdu[:4] == ch.rdpdr("IC"))  # smart cards are announced more than once


DEVICES = ["/printer:Office,MS Publisher Imagesetter", "/smartcard", "/drive:share,/tmp"]


@pytest.mark.parametrize("right, kind", [("printer", ch.PRINTER), ("smartcard", ch.SMARTCARD), ("drives-in", ch.DRIVE)])
def test_i231_of_the_clients_devices_one_kind(lab, right, kind):
    host = connect(lab, *DEVICES, allow=[right])
    devices = ch.greet_devices(host)
    assert [found for found, _ in devices] == [kind]
    shown = devices[0][1]
    # Those that were not shown have numbers near by.
    for number in range(shown + 8):
        if number != shown:
            assert ch.rdpdr_status(ask(host, ch.rdpdr_open(number, 7, "\\x"))) == (7, ch.ACCESS_DENIED)


def test_i232_a_printer_is_asked_to_print(lab):
    host = connect(lab, *DEVICES, allow=["printer"])
    printer = ch.greet_devices(host)[0][1]
    # There is no print server behind the client, as it says itself.
    number, status = ch.rdpdr_status(ask(host, ch.rdpdr_request(printer, 0, 1, body=bytes(32))))
    assert number == 1 and status != ch.ACCESS_DENIED
    # It is no drive.
    assert ch.rdpdr_status(ask(host, ch.rdpdr_read(printer, 2, 1))) == (2, ch.ACCESS_DENIED)


def test_i233_the_clients_smart_cards_answer(lab):
    host = connect(lab, *DEVICES, allow=["smartcard"])
    cards = ch.greet_devices(host)[0][1]
    call = bytes.fromhex("01100800cccccccc") + struct.pack("<II", 8, 0) + struct.pack("<II", 2, 0)
    answer = ask(host, ch.rdpdr_request(cards, 14, 1, body=struct.pack("<III", 2048, len(call), CONTEXT) + bytes(20) + call))
    assert ch.rdpdr_status(answer) == (1, 0)
    # There is no reader, and no service for readers: MS-RDPESC 2.2.3.2, behind two headers.
    assert struct.unpack_from("<I", answer, 20 + 16)[0] & 0xFFFF0000 in (0x80100000, 0)
    assert ch.rdpdr_status(ask(host, ch.rdpdr_open(cards, 2, "\\x"))) == (2, ch.ACCESS_DENIED)


def dynamic(host, number, name):
    """Asks the client to open a dynamic channel; its status."""
    if number == 1:
        host.say("drdynvc", ch.DVC_CAPABILITY)
        host.wait("drdynvc", lambda pdu: pdu[0] >> 4 == 5)
    host.say("drdynvc", ch.dvc_create(number, name))
    answer = host.wait("drdynvc", lambda pdu: pdu[0] >> 4 == 1)
    return struct.unpack("<I", answer[-4:])[0]


NOT_OPEN = 0xC0000001


@pytest.mark.parametrize("allowed", [True, False], ids=["granted", "not granted"])
def test_i234_usb_of_a_real_client(lab, allowed):
    host = connect(lab, "/usb:auto", allow=["usb"] if allowed else ["camera"])
    assert dynamic(host, 1, "URBDRC") == (0 if allowed else NOT_OPEN)


@pytest.fixture
def pulse(lab, tmp_path, monkeypatch):
    """A sound server for the client, without any device: its microphone hears silence."""
    monkeypatch.setattr(lab, "client_prefix", ["env", f"PULSE_SERVER=unix:{tmp_path / 'native'}"])
    server = subprocess.Popen(["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1",
                               "--disable-shm=yes", "-L", f"module-native-protocol-unix auth-anonymous=1 socket={tmp_path / 'native'}",
                               "-L", "module-null-sink"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env={**os.environ, "HOME": str(tmp_path)})
    wait_for((tmp_path / "native").exists, PATIENCE, "pulseaudio listens")
    yield
    server.terminate()
    server.wait(PATIENCE)


PCM = struct.pack("<HHIIHHH", 1, 2, 44100, 176400, 4, 16, 0)


def spoken(host, number):
    """The next PDU of AUDIO_INPUT."""
    pdu = host.wait("drdynvc", lambda pdu: pdu[0] >> 4 in (2, 3))
    at = 1 + (1, 2, 4)[pdu[0] & 3]
    assert int.from_bytes(pdu[1:at], "little") == number
    if pdu[0] >> 4 == 2:
        at += (1, 2, 4)[pdu[0] >> 2 & 3]
    return pdu[at:]


def test_i235_a_microphone_is_heard(lab, pulse):
    """MS-RDPEAI 1.3.1: version, formats, open, and then what it hears."""
    host = connect(lab, "/microphone:sys:pulse", allow=["microphone"])
    assert dynamic(host, 1, "AUDIO_INPUT") == 0
    host.say("drdynvc", ch.dvc_data(1, struct.pack("<BI", 1, 1)))
    assert spoken(host, 1)[0] == 1
    host.say("drdynvc", ch.dvc_data(1, struct.pack("<BII", 2, 1, 0) + PCM))
    while spoken(host, 1)[0] != 2:
        pass
    host.say("drdynvc", ch.dvc_data(1, struct.pack("<BII", 3, 441, 0) + PCM))
    heard = []
    while heard.count(6) < 3:
        heard.append(spoken(host, 1)[0])
    assert 4 in heard


def test_i236_a_microphone_that_is_not_granted_is_not_there(lab, pulse):
    host = connect(lab, "/microphone:sys:pulse", allow=["camera"])
    assert dynamic(host, 1, "AUDIO_INPUT") == NOT_OPEN


def test_i237_a_real_client_plays_what_it_hears(lab):
    """MS-RDPEA 1.3.2: formats, and a wave that is confirmed."""
    host = connect(lab, "/sound:sys:fake")
    host.say("rdpsnd", struct.pack("<BBH", 7, 0, 20 + 18) + struct.pack("<IIIHHBHB", 0, 0, 0, 0, 1, 0, 6, 0) + PCM)
    assert host.wait("rdpsnd", lambda pdu: pdu[0] == 7)
    wave = bytes(1764)
    host.say("rdpsnd", struct.pack("<BBHHHB", 2, 0, len(wave) + 8, 100, 0, 9) + bytes(3) + wave[:4])
    host.say("rdpsnd", bytes(4) + wave[4:])
    confirmed = host.wait("rdpsnd", lambda pdu: pdu[0] == 5)
    assert confirmed[6] == 9


def compression(content, confirm=False):
    """Flags of the Virtual Channel Capability Set, or None."""
    found = wire.capabilities_of(content, confirm).get(wire.CAPSTYPE_CHANNELS)
    return struct.unpack_from("<I", found)[0] if found else None


def test_i238_neither_end_hears_that_the_other_would_compress(lab):
    """Both say that they do, and a PDU that is compressed all the same ends the session (i210)."""
    host = ch.ChannelHost(lab)
    terminal = lab.trusted_terminal(host.fake)
    lab.edit_terminal(terminal, allow=["clipboard-in"])
    _, ticket = lab.new_ticket(terminal)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret, channels=["cliprdr"])
    assert compression(wire.send_data_of(client.wait_demand_active())[1]) == 0
    said = wire.confirm_active()
    assert compression(said, confirm=True) == wire.CHANNELS_COMPRESSED
    client.send(wire.send_data_request(client.user, wire.IO_CHANNEL, said))
    wait_for(lambda: host.confirm_active, PATIENCE, "the host hears of the client")
    assert compression(host.confirm_active, confirm=True) == 0


@pytest.mark.parametrize("program, option", [("xfreerdp", "+compression"), ("rdesktop", "-z")])
def test_i239_nor_from_a_real_client(lab, program, option):
    host = ch.ChannelHost(lab)
    terminal = lab.trusted_terminal(host.fake)
    lab.edit_terminal(terminal, allow=["clipboard-in"])
    _, ticket = lab.new_ticket(terminal)
    getattr(lab, program)(ticket, option)
    wait_for(lambda: host.confirm_active, PATIENCE, "the host hears of the client")
    assert not compression(host.confirm_active, confirm=True)
