"""D5: sessions that a sekisho-mediator carries. Real clients on real desktops, as with the transparent relay; jump hosts that refuse,
lie or vanish; mediators that die. Whatever happens to one is its own session's business alone."""

import os
import signal

import pytest

import rdp_wire as wire
from conftest import gateway_of, one_test
from cuttable import Cable
from desktop import Desktop, close_to, keep_picture, pointer_is_at
from i500_reconnect import AUTO_RECONNECT, wait_connections
from jump_hosts import (certificate, hangs_up, hangs_up_in_response, http, huge_response, knock, nla_shadow, no_tls_after_all,
                        redirects_at_once, served_with, silent)
from lab_parts.certificates import fingerprint
from lab_parts.processes import PATIENCE, wait_for

USER, PASSWORD = "tech", "Ichigo-15!-関所"
WRONG = "Sakura-77?"
SHADOW_GROUND = (0x20, 0x40, 0x5A)


@pytest.fixture(scope="module")
def shadow(hosts):
    with nla_shadow(hosts, {USER: PASSWORD}) as port:
        yield port


@pytest.fixture(scope="module")
def small_lab(request, folders, hosts):
    """There is room for one mediated session."""
    for facility in gateway_of(request, folders, hosts, "limits.mediators=1"):
        yield from one_test(facility)


def mediated(lab, port, **changes):
    return lab.add_terminal(port, relay="mediated", **changes)


def shadow_terminal(lab, **changes):
    return mediated(lab, lab.hosts.variables["LAB_SHADOW_PORT"], **changes)


# Four pairs


def test_m001_xfreerdp_at_shadow(lab, request):
    account, ticket = lab.new_ticket(shadow_terminal(lab))
    client = lab.xfreerdp(ticket, "/size:1024x768")
    client.wait_picture()
    lab.wait_session(account)
    pointer_is_at(lab, client, 317)
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
    client = lab.rdesktop(ticket, "-g", "1024x768", "-a", "32")  # freerdp-shadow garbles 24 bits, mediated or not
    client.wait_picture()
    lab.wait_session(account)
    keep_picture(request, client, "rdesktop_shadow")


def test_m004_rdesktop_at_xrdp(lab, request):
    _, ticket = lab.new_ticket(mediated(lab, lab.hosts.variables["LAB_XRDP_PORT"]))
    client = lab.rdesktop(ticket, "-g", "1024x768")
    desktop = Desktop(lab, client).sign_in()
    assert desktop.run("echo through the mediator").strip() == "through the mediator"
    keep_picture(request, client, "rdesktop_xrdp")


def test_m005_window_is_resized(lab):
    _, ticket = lab.new_ticket(mediated(lab, lab.hosts.variables["LAB_XRDP_PORT"]))
    client = lab.xfreerdp(ticket.in_a_window(), "/size:1024x768", "/dynamic-resolution")
    desktop = Desktop(lab, client).sign_in()
    client.screen.run("xdotool", "windowsize", client.window(), "1200", "860")
    wait_for(lambda: "1200x860" in desktop.run("xdpyinfo | grep dimensions"), PATIENCE, "the desktop has the new size")


def test_m006_two_monitors(lab):
    _, ticket = lab.new_ticket(mediated(lab, lab.hosts.variables["LAB_XRDP_PORT"]))
    client = lab.xfreerdp(ticket, "/multimon", size="2048x768", monitors=2)
    desktop = Desktop(lab, client).sign_in()
    monitors = desktop.run("xrandr --listmonitors")
    assert "1024/" in monitors and "+1024+0" in monitors


# Who logs on


def with_credentials(lab, terminal, password=PASSWORD, nla="required"):
    lab.call("terminal.set_credential", name=terminal, user=USER, password=password)
    lab.edit_terminal(terminal, credentials="injected", nla=nla)
    return terminal


def test_m010_nla_with_stored_credentials(lab, shadow, request):
    account, ticket = lab.new_ticket(with_credentials(lab, mediated(lab, shadow)))
    client = lab.xfreerdp(ticket, "/size:1024x768")
    lab.wait_session(account)
    wait_for(lambda: close_to(client.pixel(8, 760), SHADOW_GROUND), PATIENCE, "the desktop is shown")
    keep_picture(request, client, "nla")
    # It is the mediator that logs on.
    assert not lab.pids("sekisho-nla")
    assert PASSWORD not in lab.whole_log


def test_m011_nla_with_a_wrong_password(lab, shadow):
    account, client = knock(lab, with_credentials(lab, mediated(lab, shadow), WRONG))
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    assert lab.wait_end(account)["reason"] in ("HOST_LOGON", "HOST_LOGON_PASSWORD")
    assert WRONG not in lab.whole_log
    gone(lab)


def test_m012_nla_is_wanted_and_nobody_is_named(lab, shadow):
    account, _ = knock(lab, mediated(lab, shadow))
    assert lab.wait_end(account)["reason"] == "HOST_WANTS_NLA"
    gone(lab)


def test_m013_nla_is_required_and_the_host_has_none(lab):
    account, _ = knock(lab, with_credentials(lab, shadow_terminal(lab)))
    assert lab.wait_end(account)["reason"] == "HOST_WITHOUT_NLA"
    gone(lab)


@pytest.mark.parametrize("status,reason", [(0xC000006D, "HOST_LOGON_PASSWORD"), (0xC0000234, "HOST_LOGON_LOCKED"),
                                           (0xC0000071, "HOST_LOGON_EXPIRED"), (0xC00000E5, "HOST_LOGON")])
def test_m014_what_windows_says_is_the_reason(lab, new_host, status, reason):
    pair = certificate(lab, "nla-host")
    host = new_host(lab, *served_with(pair), "--nla", f"{USER}:{PASSWORD}", "--nla-status", hex(status)).start()
    terminal = with_credentials(lab, mediated(lab, host.port, trust=fingerprint(pair[0])), WRONG)
    account, client = knock(lab, terminal)
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    assert lab.wait_end(account)["reason"] == reason
    lab.wait_log(rf"detail='0x{status:08x}")
    gone(lab)


# Jump hosts that are not what they should be


def test_m020_another_certificate(lab):
    account, client = knock(lab, mediated(lab, lab.hosts.variables["LAB_SHADOW_PORT"], trust="ab" * 32))
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    assert lab.wait_end(account)["reason"] == "HOST_CERTIFICATE"
    lab.wait_log("SK2242")
    gone(lab)


def trusted_fake(lab, script, tls=True):
    fake = lab.fake_host(script, tls)
    return mediated(lab, fake.port, trust=fingerprint(lab.hosts.state.path("xrdp", "certificate.crt")))


@pytest.mark.parametrize("script,reason", [(http, "HOST_NOT_RDP"), (hangs_up, "HOST_REFUSED"), (no_tls_after_all, "HOST_TLS_FAILED"),
                                           (huge_response, "HOST_BAD_PDU"), (hangs_up_in_response, "HOST_REFUSED")])
def test_m021_hosts_that_are_none(lab, script, reason):
    account, _ = knock(lab, trusted_fake(lab, script))
    assert lab.wait_end(account)["reason"] == reason
    gone(lab)


def test_m022_a_silent_host_is_not_waited_for(strict_lab):
    account, _ = knock(strict_lab, trusted_fake(strict_lab, silent))
    assert strict_lab.wait_end(account)["reason"] == "HOST_TOO_SLOW"
    gone(strict_lab)


# Ends


def gone(lab):
    wait_for(lambda: not lab.pids("sekisho-mediator"), PATIENCE, "no sekisho-mediator is left")


def begin(lab):
    """(account, client, the mediator's process) of a session at freerdp-shadow."""
    before = set(lab.pids("sekisho-mediator"))
    account, ticket = lab.new_ticket(shadow_terminal(lab))
    client = lab.xfreerdp(ticket, "/size:1024x768")
    client.wait_picture()
    lab.wait_session(account)
    (pid,) = set(lab.pids("sekisho-mediator")) - before
    return account, client, pid


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGSYS])
def test_m030_a_mediator_dies(lab, number):
    account, client, pid = begin(lab)
    os.kill(pid, number)
    assert lab.wait_end(account)["reason"] == "MEDIATOR_DIED"
    lab.wait_close("SK2662")
    client.wait_log("ERRINFO_RPC_INITIATED_DISCONNECT|administrative tool")
    gone(lab)


def test_m031_one_mediator_dies_and_the_other_session_goes_on(lab):
    first, _, pid = begin(lab)
    second, client, other = begin(lab)
    os.kill(pid, signal.SIGKILL)
    assert lab.wait_end(first)["reason"] == "MEDIATOR_DIED"
    assert lab.pids("sekisho-mediator") == [other]
    pointer_is_at(lab, client, 222)
    assert lab.wait_session(second)


def test_m032_an_administrator_ends_a_session(lab):
    account, client, _ = begin(lab)
    (session,) = lab.sessions(account)
    lab.call("session.kill", id=session["id"], because="fire drill")
    client.wait_log("ERRINFO_RPC_INITIATED_DISCONNECT|administrative tool")
    assert lab.wait_end(account)["reason"] == "ADMIN_KILLED"
    gone(lab)


def test_m033_the_client_leaves(lab):
    account, client, _ = begin(lab)
    client.close()
    lab.clients.remove(client)
    assert lab.wait_end(account)["reason"] in ("CLIENT_LEFT", "CLIENT_LOGGED_OFF")
    gone(lab)


def test_m034_no_room_for_another(small_lab):
    begin(small_lab)
    account, client = knock(small_lab, shadow_terminal(small_lab))
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    assert small_lab.wait_end(account)["reason"] == "MEDIATOR_BUSY"


def test_m035_a_mediator_holds_what_it_needs(lab):
    """Its channel, its sockets to worker and host, and what WinPR waits on: no file, no listener."""
    _, _, pid = begin(lab)
    links = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
    assert all(link.startswith(("socket:", "anon_inode:[eventfd]", "pipe:", "/dev/null")) for link in links), links
    # fd 3, one to the worker, one to the host
    assert sum(link.startswith("socket:") for link in links) == 3, links


def test_m023_a_host_that_leads_away_is_not_followed(lab):
    account, client = knock(lab, trusted_fake(lab, redirects_at_once))
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2210")
    assert lab.wait_end(account)["reason"] == "HOST_REDIRECTS"
    gone(lab)


def test_m036_a_jump_host_that_goes_is_told_to_the_client(lab, new_host):
    host = new_host(lab, "--rate", "20", "--record", "4000").start()
    account, ticket = lab.new_ticket(mediated(lab, host.port))
    client = lab.xfreerdp(ticket)
    wait_for(lambda: any(one["bytes_to_client"] > 20000 for one in lab.sessions(account)), PATIENCE, "the desktop is active")
    host.kill()
    client.wait_end()
    assert "ERRINFO_RPC_INITIATED_DISCONNECT" in client.log
    row = lab.wait_end(account)
    assert (row["reason"], row["state"]) == ("HOST_GONE", "ended")
    gone(lab)


def test_m037_a_session_comes_back_after_a_cut(lab):
    cable = Cable(lab.address)
    try:
        account, ticket = lab.new_ticket(shadow_terminal(lab))
        client = lab.xfreerdp(ticket.in_a_window(), f"/v:127.0.0.1:{cable.port}", *AUTO_RECONNECT)
        client.wait_picture()
        session, first = lab.wait_session(account)["id"], lab.pids("sekisho-mediator")
        cable.cut()
        assert wait_connections(lab, account, 2)["id"] == session
        client.wait_picture()
        wait_for(lambda: len(lab.pids("sekisho-mediator")) == 1, PATIENCE, "one process carries it")
        assert lab.pids("sekisho-mediator") != first
    finally:
        cable.close()
