"""Notices on running screens (item B6's warnings, `session notice`): a banner lies over what the jump host draws, in every way in which hosts
draw, and when it goes nothing of it is left. A transparent session cannot be written on, and the command says so."""

import time

import pytest

from desktop import Desktop, close_to, keep_picture
from lab_parts.facility import AdminError
from lab_parts.processes import PATIENCE, stop, wait_for
from lab_parts.screens import Screen

# Of gateway/notice/banner.c: the ground of the box.
BOX = (0x14, 0x36, 0x4A)
STILL_GROUND = (0xE8, 0xE0, 0xC8)
TEXT = "The gateway restarts at 18:00. Please save your work."
# Inside the banner on 1024 x 768, at its right end, where no letters are: wide enough for every text here.
INSIDE = (900, 40)
# 2 s before the full minute; the gateway looks every two seconds.
AFTERNOON = "2026-11-16T14:00:58+09:00"

CLIENTS = {
    "gfx": lambda lab, ticket: lab.xfreerdp(ticket, "/size:1024x768", "/gfx"),
    "plain": lambda lab, ticket: lab.xfreerdp(ticket, "/size:1024x768", "-gfx"),
    "rdesktop": lambda lab, ticket: lab.rdesktop(ticket, "-g", "1024x768"),
    "rdesktop16": lambda lab, ticket: lab.rdesktop(ticket, "-g", "1024x768", "-a", "16"),
}


def mediated(lab, host, **changes):
    return lab.add_terminal(lab.hosts.variables[f"LAB_{host}_PORT"], relay="mediated", **changes)


def shadow_screen(hosts):
    return Screen(hosts.state, "shadow-still", hosts.variables["LAB_SHADOW_DISPLAY"])


@pytest.fixture(autouse=True)
def still(hosts):
    """The shadow's desktop, which moves, lies under a window that does not."""
    screen = shadow_screen(hosts)
    process = screen.start("still", ["xlogo", "-geometry", "1024x768+0+0", "-fg", "#a03020", "-bg", "#e8e0c8"])
    wait_for(lambda: close_to(screen.pixels().at(4, 500), STILL_GROUND), PATIENCE, "the window is there")
    yield
    stop(process)


def begin(lab, host, client, terminal=None):
    """A client on a desktop that stands still, with its session."""
    terminal = terminal or mediated(lab, host)
    account, ticket = lab.new_ticket(terminal)
    client = CLIENTS[client](lab, ticket)
    if host == "XRDP":
        Desktop(lab, client).sign_in()
    client.wait_picture()
    session = lab.wait_session(account)
    client.screen.run("xdotool", "mousemove", "1200", "850")
    settled(client)
    return client, session, terminal


def is_there(client):
    return close_to(client.pixel(*INSIDE), BOX)


def wait_there(client):
    wait_for(lambda: is_there(client), PATIENCE, f"{client.name} shows the notice")


def upper(client):
    """The picture down to below where any notice ends, every pixel of it. Below that xrdp's desktop has a clock."""
    picture = client.look()
    return picture.picture[:500 * picture.row]


def settled(client):
    """The picture when it has been the same for a second: what moving the pointer changes at the far end comes late."""
    seen, since = None, time.monotonic()

    def is_settled():
        nonlocal seen, since
        now = upper(client)
        if now != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since > 1
    wait_for(is_settled, PATIENCE, f"the picture of {client.name} stands still", every=0.2)
    return seen


def wait_back(client, before):
    wait_for(lambda: upper(client) == before, PATIENCE, f"{client.name} shows what it did before the notice")


def notice(lab, session, *options, text=TEXT):
    return lab.admin.text("session", "notice", session["id"], text, *options)


def heard(lab, session, serial, how):
    return lab.wait_log(f"SK2671 .*session={session['id']} .*notice={serial} how='{how}'")


# Not rdesktop at freerdp-shadow: that one's own encoder makes another picture of most pictures at 24 bits (picture/interleaved.h).
PAIRS = [("SHADOW", "gfx"), ("SHADOW", "plain"), ("XRDP", "plain"), ("XRDP", "rdesktop"), ("XRDP", "rdesktop16")]


@pytest.mark.parametrize("host, client", PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_n001_it_comes_and_goes_and_nothing_is_left(lab, request, host, client):
    client, session, _ = begin(lab, host, client)
    before = upper(client)
    keep_picture(request, client, f"{host}_{request.node.callspec.params['client']}_before")
    assert "on 1 of 1 screens" in notice(lab, session, "--seconds", "10")
    wait_there(client)
    keep_picture(request, client, f"{host}_{request.node.callspec.params['client']}_shown")
    heard(lab, session, 1, "shown")
    heard(lab, session, 1, "timed-out")
    try:
        wait_back(client, before)
    finally:
        keep_picture(request, client, f"{host}_{request.node.callspec.params['client']}_after")


@pytest.mark.parametrize("host, client", [("SHADOW", "gfx"), ("XRDP", "rdesktop")])
def test_n002_a_click_acknowledges_it_and_goes_no_further(lab, request, host, client):
    client, session, _ = begin(lab, host, client)
    # Where the pointer is, windows look otherwise.
    client.screen.run("xdotool", "mousemove", *map(str, INSIDE))
    before = settled(client)
    notice(lab, session, "--acknowledge", text="本日 18:00 に中継装置を再起動します。")
    wait_there(client)
    keep_picture(request, client, f"acknowledge_{host}")
    client.click(*INSIDE)
    heard(lab, session, 1, "acknowledged")
    wait_back(client, before)
    events = [row for row in lab.all_rows("log.admin") if row["action"] == "session.notice" and row["target"] == session["id"]]
    assert [row["after"]["text"] for row in events] == ["本日 18:00 に中継装置を再起動します。"]


def test_n003_another_one_takes_its_place(lab, request):
    client, session, _ = begin(lab, "SHADOW", "gfx")
    before = upper(client)
    notice(lab, session, "--seconds", "600")
    wait_there(client)
    first = upper(client)
    notice(lab, session, "--seconds", "10", text="It restarts at 19:00.")
    heard(lab, session, 1, "replaced")
    heard(lab, session, 2, "shown")
    wait_for(lambda: is_there(client) and upper(client) != first, PATIENCE, "the other notice is there")
    keep_picture(request, client, "replaced")
    heard(lab, session, 2, "timed-out")
    wait_back(client, before)


@pytest.mark.parametrize("host, client", [("SHADOW", "gfx"), ("XRDP", "plain")])
def test_n0031_what_waits_to_be_acknowledged_comes_back(lab, request, host, client):
    """Two wait, a third is there for its time: each lies on the screen again when what covered it is gone, until somebody has clicked on it."""
    client, session, _ = begin(lab, host, client)
    client.screen.run("xdotool", "mousemove", *map(str, INSIDE))
    before = settled(client)
    notice(lab, session, "--acknowledge", text="First: call the department.")
    wait_there(client)
    first = upper(client)
    notice(lab, session, "--acknowledge", text="Second: save your work.")
    heard(lab, session, 1, "covered")
    heard(lab, session, 2, "shown")
    wait_for(lambda: is_there(client) and upper(client) != first, PATIENCE, "the second is there")
    second = upper(client)
    notice(lab, session, "--seconds", "4", text="Third: it goes by itself.")
    heard(lab, session, 2, "covered")
    heard(lab, session, 3, "shown")
    heard(lab, session, 3, "timed-out")
    wait_for(lambda: upper(client) == second, PATIENCE, "the second is back")
    keep_picture(request, client, f"back_{host}")
    client.click(*INSIDE)
    heard(lab, session, 2, "acknowledged")
    wait_for(lambda: upper(client) == first, PATIENCE, "the first is back")
    client.click(*INSIDE)
    heard(lab, session, 1, "acknowledged")
    wait_back(client, before)


def test_n004_what_the_host_draws_meanwhile_is_beneath(lab, request):
    """A window of the host's is opened under the notice, which stays on it."""
    client, session, _ = begin(lab, "SHADOW", "gfx")
    empty = client.look()
    notice(lab, session, "--acknowledge")
    wait_there(client)
    window = shadow_screen(lab.hosts).start("beneath", ["xlogo", "-geometry", "600x300+150+0", "-bg", "#205020", "-fg", "#205020"])
    wait_for(lambda: close_to(client.pixel(300, 250), (0x20, 0x50, 0x20)), PATIENCE, "the host draws a window")
    client.wait_still()
    assert is_there(client)
    keep_picture(request, client, "host_draws")
    client.click(*INSIDE)
    heard(lab, session, 1, "acknowledged")
    client.screen.run("xdotool", "mousemove", "1200", "850")
    wait_for(lambda: close_to(client.pixel(300, 40), (0x20, 0x50, 0x20)), PATIENCE, "what the host drew is there")
    stop(window)
    # As far as the host's codec draws the same twice.
    for x, y in ((300, 40), (300, 250), (520, 40)):
        wait_for(lambda: close_to(client.pixel(x, y), empty.at(x, y)), PATIENCE, f"{client.name} shows at {x}, {y} what was there")


def test_n005_all_on_a_terminal(lab):
    client, session, terminal = begin(lab, "SHADOW", "gfx")
    answer = lab.admin.json("session", "notice", "--terminal", terminal, TEXT, "--seconds", "2")
    assert (answer["shown"], [row["id"] for row in answer["sessions"]]) == (1, [session["id"]])
    heard(lab, session, 1, "timed-out")
    assert client.running()


def test_n006_a_transparent_session_is_refused_honestly(lab):
    account, ticket = lab.new_ticket(lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"]))
    client = lab.xfreerdp(ticket, "/size:1024x768")
    client.wait_picture()
    session = lab.wait_session(account)
    with pytest.raises(AdminError, match="cannot be written on.*terminal edit NAME --relay mediated") as refused:
        notice(lab, session)
    assert refused.value.status == 1
    with pytest.raises(AdminError, match="1 to 500 characters"):
        notice(lab, session, text="長" * 501)
    with pytest.raises(AdminError, match="none of them invisible"):
        notice(lab, session, text="reads \u202ebackwards")
    with pytest.raises(AdminError, match="there is no such session"):
        lab.admin.text("session", "notice", "0" * 32, TEXT)
    with pytest.raises(AdminError, match="refused: Session\n"):
        lab.admin.text("session", "notice", "here", TEXT)
    with pytest.raises(AdminError, match="no session runs on that terminal, or there is no such terminal"):
        lab.admin.text("session", "notice", "--terminal", "nowhere", TEXT)
    with pytest.raises(AdminError, match="missing: TEXT"):
        lab.admin.text("session", "notice", "--all")
    with pytest.raises(AdminError, match="missing: SESSION"):
        lab.admin.text("session", "notice")
    assert client.running()


def test_n007_a_window_is_told_before_it_begins(new_lab, request):
    lab = new_lab(clock=AFTERNOON)
    client, session, terminal = begin(lab, "SHADOW", "gfx")
    lab.admin.text("window", "add", terminal, "--days", "daily", "--from", "14:30", "--until", "15:00")
    lab.set_clock("2026-11-16T14:14:58+09:00")
    wait_there(client)
    heard(lab, session, 1, "shown")
    keep_picture(request, client, "window")
    lab.set_clock("2026-11-16T14:24:58+09:00")
    heard(lab, session, 2, "shown")
    lab.set_clock("2026-11-16T14:28:58+09:00")
    heard(lab, session, 3, "shown")
    lab.set_clock("2026-11-16T14:30:58+09:00")
    client.wait_end()
