"""D5: sessions that a sekisho-mediator carries. Real clients on real desktops, as with the transparent relay; jump hosts that refuse,
lie or vanish; mediators that die. Whatever happens to one is its own session's business alone."""

import os
import signal

import pytest

import rdp_wire as wire
from desktop import Desktop, close_to
from jump_hosts import certificate, nla_shadow, serves_a_session, silent
from lab_parts.certificates import fingerprint
from lab_parts.processes import PATIENCE, wait_for

USER, PASSWORD = "tech", "Ichigo-15!-関所"
WRONG = "Sakura-77?"
SHADOW_GROUND = (0x20, 0x40, 0x5A)


@pytest.fixture(scope="module")
def shadow(hosts):
    with nla_shadow(hosts, {USER: PASSWORD}) as port:
        yield port


def mediated(lab, port, **changes):
    return lab.add_terminal(port, relay="mediated", **changes)


def shadow_terminal(lab, **changes):
    return mediated(lab, lab.hosts.variables["LAB_SHADOW_PORT"], **changes)


def keep_picture(request, client, name):
    """With --pictures DIR: what the client shows."""
    folder = request.config.getoption("--pictures")
    if folder:
        client.screenshot(os.path.join(folder, f"m001_{name}.png"))


def mediator_of(lab, account):
    """Its process, from the gateway's own word."""
    return lab.wait_session(account)["mediator"]


# Four pairs


def test_m001_xfreerdp_at_shadow(lab, request):
    account, ticket = lab.new_ticket(shadow_terminal(lab))
    client = lab.xfreerdp(ticket, "/size:1024x768")
    client.wait_picture()
    lab.wait_session(account)
    host = lab.hosts.variables["LAB_SHADOW_DISPLAY"]
    client.screen.run("xdotool", "mousemove", "321", "432")

    def pointer():
        return "x:321 y:432" in client.screen.run("env", "DISPLAY=" + host, "xdotool", "getmouselocation")
    wait_for(pointer, PATIENCE, "the pointer moves on the jump host")
    keep_picture(request, client, "xfreerdp_shadow")


def test_m002_xfreerdp_at_xrdp(lab, request):
    account, ticket = lab.new_ticket(mediated(lab, lab.hosts.variables["LAB_XRDP_PORT"]))
    client = lab.xfreerdp(ticket, "/size:1024x768")
    desktop = Desktop(lab, client).sign_in()
    assert desktop.run("id -un; echo through the mediator").split("\n")[:2] == [
        lab.hosts.variables["LAB_XRDP_USER"], "through the mediator"]
    session = lab.wait_session(account)
    assert session["bytes_to_client"] > 10000 and session["bytes_from_client"] > 1000
    keep_picture(request, client, "xfreerdp_xrdp")


def test_m003_rdesktop_at_shadow(lab, request):
    account, ticket = lab.new_ticket(shadow_terminal(lab))
    client = lab.rdesktop(ticket, "-g", "1024x768", "-a", "32")
    client.wait_picture()
    lab.wait_session(account)
    keep_picture(request, client, "rdesktop_shadow")


def test_m004_rdesktop_at_xrdp(lab, request):
    _, ticket = lab.new_ticket(mediated(lab, lab.hosts.variables["LAB_XRDP_PORT"]))
    client = lab.rdesktop(ticket, "-g", "1024x768", "-a", "32")
    desktop = Desktop(lab, client).sign_in()
    assert desktop.run("echo through the mediator").strip() == "through the mediator"
    keep_picture(request, client, "rdesktop_xrdp")
