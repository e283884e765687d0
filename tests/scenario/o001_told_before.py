"""Whoever enters a terminal whose sessions are recorded is told before, on the sign-in screen: after signing in, and with a ticket, also
where nobody can sign in. With Connect or Back; once for a session."""

import pytest

from cuttable import Cable
from h001_sign_in import wait_shadow
from i500_reconnect import AUTO_RECONNECT, wait_connections
from visitor import PASSWORD, Visitor, settled_engineer, visit

@pytest.fixture
def door(new_door):
    return new_door("sign_in.second_factor=off", "listeners.0.handover=in-band", "recording.keep_days=30")


def recorded_terminal(lab, **changes):
    return lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], recording="best-effort", **changes)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_o0101_who_signs_in_is_told(door, language):
    lab = door
    terminal, other = recorded_terminal(lab, record_input=True), lab.shadow
    account = settled_engineer(lab, terminal, other)
    visitor = visit(lab, language=language)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("TERMINALS")
    names = sorted([terminal, other])
    visitor.choose(names.index(terminal))
    row = visitor.page("RECORDED", text=terminal)
    assert "30 days" in row["text"] and "passwords" in row["text"]
    visitor.picture("o001-recorded", to_read=True)
    assert lab.sessions(account) == []
    visitor.key("Escape")
    visitor.page("TERMINALS")
    visitor.choose(names.index(terminal))
    visitor.page("RECORDED")
    assert lab.history(account) == []
    visitor.key("Return")
    lab.wait_session(account)
    wait_shadow(visitor.client)


def test_o0102_who_has_a_ticket_is_told_where_nobody_signs_in(lab):
    terminal = recorded_terminal(lab)
    account, ticket = lab.new_ticket(terminal)
    visitor = Visitor(lab, lab.xfreerdp(ticket.in_a_window()))
    visitor.page("RECORDED", text=terminal)
    visitor.picture("o001-with-a-ticket", to_read=True)
    # It has begun, and its jump host does not know.
    [session] = lab.sessions(account)
    assert session["state"] == "starting" and session["phase"] == "GREET"
    visitor.key("Return")
    lab.wait_session(account)
    wait_shadow(visitor.client)
    assert [row["name"] for row in visitor.pages()] == ["RECORDED", "BUSY"]


def test_o0103_back_ends_what_a_ticket_began(lab):
    account, ticket = lab.new_ticket(recorded_terminal(lab))
    visitor = Visitor(lab, lab.xfreerdp(ticket.in_a_window()))
    visitor.page("RECORDED")
    visitor.key("Escape")
    row = lab.wait_end(account)
    assert row["reason_code"].startswith("C") and row["state"] == "ended", row
    lab.wait_log(r"SK2418 .*end=CG")


def test_o0104_a_terminal_that_is_not_recorded_says_nothing(lab):
    account, ticket = lab.new_ticket(lab.shadow)
    visitor = Visitor(lab, lab.xfreerdp(ticket.in_a_window()))
    lab.wait_session(account)
    wait_shadow(visitor.client)
    assert visitor.pages() == []


def test_o0105_who_comes_back_is_not_told_again(lab):
    account, ticket = lab.new_ticket(recorded_terminal(lab))
    cable = Cable(lab.address)
    try:
        client = lab.xfreerdp(ticket.in_a_window(), f"/v:127.0.0.1:{cable.port}", *AUTO_RECONNECT)
        visitor = Visitor(lab, client)
        visitor.page("RECORDED")
        visitor.key("Return")
        session = lab.wait_session(account)["id"]
        wait_shadow(client)
        cable.cut()
        assert wait_connections(lab, account, 2)["id"] == session
        wait_shadow(client)
    finally:
        cable.close()
    assert lab.log.count("page=RECORDED") == 1


def test_o0106_too_few_colours_for_it_are_refused(lab):
    account, ticket = lab.new_ticket(recorded_terminal(lab))
    lab.xfreerdp(ticket.in_a_window(), "/bpp:8")
    assert lab.wait_end(account)["reason"] == "FEW_COLOURS"


def test_o0107_ticket_issue_says_so(lab):
    account = lab.add_account(terminal := recorded_terminal(lab))
    said = lab.admin.text("ticket", "issue", "--account", account, "--terminal", terminal, "--mac", lab.mac_of(account), "--print")
    assert "are recorded" in said

