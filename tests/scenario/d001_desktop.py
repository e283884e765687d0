"""Real clients see and use real desktops through the gateway."""

import os
import re

from desktop import Desktop, pointer_is_at
from lab_parts.processes import PATIENCE, wait_for


def sign_in(lab, *options, allow=()):
    """An xfreerdp3 session on the xrdp host, signed in: (account, client, desktop)."""
    terminal = lab.add_terminal(lab.hosts.variables["LAB_XRDP_PORT"])
    if allow:
        lab.edit_terminal(terminal, allow=list(allow))
    account, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket, *options)
    desktop = Desktop(lab, client).sign_in()
    return account, client, desktop


def test_d001_shadow_desktop_is_seen_and_moves(lab):
    account, ticket = lab.new_ticket(lab.shadow)
    client = lab.xfreerdp(ticket, "/size:1024x768")
    client.wait_picture()
    session = lab.wait_session(account)
    assert session["terminal"] == lab.shadow and session["source"].startswith("127.0.0.1")
    first = os.path.join(lab.folder, "first.png")
    client.screenshot(first)

    def moved():
        client.screenshot(first + ".png")
        with open(first, "rb") as one, open(first + ".png", "rb") as other:
            return one.read() != other.read()
    wait_for(moved, PATIENCE, "the picture moves")


def test_d002_shadow_gets_what_is_typed(lab):
    _, ticket = lab.new_ticket(lab.shadow)
    client = lab.xfreerdp(ticket, "/size:1024x768")
    client.wait_picture()
    pointer_is_at(lab, client, 323)


def test_d003_xrdp_desktop_and_keyboard(lab):
    account, _, desktop = sign_in(lab, "/size:1024x768")
    assert desktop.run("id -un; echo through the gate").split("\n")[:2] == [
        lab.hosts.variables["LAB_XRDP_USER"], "through the gate"]
    session = lab.wait_session(account)
    assert session["bytes_to_client"] > 10000 and session["bytes_from_client"] > 1000


def test_d004_window_is_resized(lab):
    terminal = lab.add_terminal(lab.hosts.variables["LAB_XRDP_PORT"])
    _, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket.in_a_window(), "/size:1024x768", "/dynamic-resolution")
    desktop = Desktop(lab, client).sign_in()
    client.screen.run("xdotool", "windowsize", client.window(), "1200", "860")
    wait_for(lambda: "1200x860" in desktop.run("xdpyinfo | grep dimensions"), PATIENCE, "the desktop has the new size")


def test_d005_two_monitors(lab):
    terminal = lab.add_terminal(lab.hosts.variables["LAB_XRDP_PORT"])
    _, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket, "/multimon", size="2048x768", monitors=2)
    desktop = Desktop(lab, client).sign_in()
    monitors = desktop.run("xrandr --listmonitors")
    assert re.findall(r"(\d+)/\d+x(\d+)/\d+\+(\d+)\+0", monitors) == [("1024", "768", "0"), ("1024", "768", "1024")]


def test_d006_sound_arrives(lab):
    _, client, desktop = sign_in(lab, "/sound:sys:fake", "/log-filters:com.freerdp.channels.rdpsnd.client:TRACE")
    # What it plays before client and desktop have agreed on a format is lost.
    wait_for(lambda: desktop.run("./beep") is not None and re.search(r"rdpsnd_treat_wave.*size: \d+", client.log), PATIENCE,
             "the sound arrives")


def copy_on_client(client, text):
    path = os.path.join(client.state.folder, client.name + ".clipboard")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    client.background("xclip", "-quiet", "-selection", "clipboard", "-i", path)


PASTE = "timeout 3 xclip -o -selection clipboard; echo pasted"


def paste_outside(client):
    return client.screen.run("sh", "-c", PASTE)


def test_d007_clipboard_works_where_it_is_granted(lab):
    _, client, desktop = sign_in(lab, "+clipboard", allow=["clipboard-in", "clipboard-out"])
    copy_on_client(client, "from outside")
    wait_for(lambda: "from outside" in desktop.run(PASTE), PATIENCE, "the text is pasted")
    desktop.run("echo from inside | xclip -i -selection clipboard >/dev/null 2>&1")
    wait_for(lambda: "from inside" in paste_outside(client), PATIENCE, "the text comes back")


def test_d008_clipboard_is_blocked_where_it_is_not_granted(lab):
    # The client asks for it all the same.
    _, client, desktop = sign_in(lab, "+clipboard", "/log-filters:com.freerdp.channels.cliprdr.client:TRACE")
    copy_on_client(client, "from outside")
    # The X selection of the desktop would have an owner as soon as the channel said anything.
    assert "from outside" not in desktop.run("timeout 3 xclip -o -selection clipboard; echo nothing")
    assert not re.search(r"cliprdr.*(Capabilities|MonitorReady|ServerCapabilities)", client.log, re.IGNORECASE)


def test_d009_rdesktop_on_xrdp(lab):
    terminal = lab.add_terminal(lab.hosts.variables["LAB_XRDP_PORT"])
    account, ticket = lab.new_ticket(terminal)
    client = lab.rdesktop(ticket, "-g", "1024x768")
    desktop = Desktop(lab, client).sign_in()
    assert "old client" in desktop.run("echo old client")
    assert lab.wait_session(account)["terminal"] == terminal


def test_d010_clients_own_credentials_stay_at_the_gateway(lab):
    received = []

    def script(peer):
        peer.accept_tls()
        peer.accept_mcs()
        received.append(peer.info)
        peer.activate()
        peer.stay()
    host = lab.fake_host(script)
    terminal = lab.add_terminal(host.port)
    account, ticket = lab.new_ticket(terminal)
    client = lab.raw()
    client.request(ticket.handle)
    client.start_tls()
    client.connect_mcs()
    client.send_info(user=ticket.secret, password="my own", domain="HOSPITAL", shell="cmd.exe", folder="C:\\own")
    client.wait_demand_active()
    lab.wait_session(account)
    for text in (ticket.secret, ticket.handle, "my own", "HOSPITAL", "cmd.exe", "C:\\own"):
        assert text.encode("utf-16-le") not in received[0]
