"""B5, A20: a full terminal, taken over by an account of higher priority."""

import pytest

from lab_parts.processes import PATIENCE, wait_for
from typist import Typist
from visitor import PASSWORD, knock, settled_engineer, visit


@pytest.fixture(scope="module")
def theatre(request, folders, hosts):
    """A facility whose clock the tests move on, never back."""
    from conftest import open_door
    facility = open_door(request, folders, hosts, "sign_in.second_factor=off", "listeners.0.handover=in-band",
                         "sessions.take_over_grace=60s", clock="2026-11-16T14:00:58+09:00")
    yield facility
    facility.close()


@pytest.fixture
def arrive():
    """How people come: with a client that a script has; `visit`: with a program on a screen."""
    return knock


@pytest.fixture
def full(theatre, arrive):
    """A terminal for one, held by an engineer; who comes has the higher priority."""
    lab = theatre
    assert lab.gateway_runs()
    lab.begin_test()
    lab.arrive = arrive
    lab.terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"])
    lab.admin.text("terminal", "edit", lab.terminal, "--capacity", "1", "--take-over", "yes")
    lab.holder, lab.comer = settled_engineer(lab, lab.terminal), settled_engineer(lab, lab.terminal, lab.shadow)
    lab.edit_account(lab.comer, priorities={lab.terminal: 5})
    lab.held = lab.arrive(lab)
    lab.held.page("SIGN_IN")
    lab.held.sign_in(lab.holder, PASSWORD)
    lab.wait_session(lab.holder)
    if isinstance(lab.held.client, Typist):
        lab.held.client.activate()
    yield lab
    lab.end_test()
    wait_for(lambda: not lab.call("session.list")["sessions"], PATIENCE, "all sessions of the test have ended")


def at_terminals(lab, account):
    visitor = lab.arrive(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("TERMINALS")
    return visitor


def take(lab, visitor):
    visitor.choose(sorted([lab.terminal, lab.shadow]).index(lab.terminal))
    visitor.page("QUESTION", text="lower priority ends in 60 seconds")
    visitor.key("Return")
    visitor.page("PLACE", text="makes place")


@pytest.mark.parametrize("arrive", [visit], ids=["xfreerdp3"])
def test_c030_a_higher_priority_gets_the_place_after_the_grace_time(full):
    visitor = at_terminals(full, full.comer)
    take(full, visitor)
    full.wait_log("SK2614")
    assert full.sessions(full.holder)
    full.pass_time(1)
    full.held.client.wait_end()
    full.held.client.wait_log("ERRINFO_DISCONNECTED_BY_OTHER_CONNECTION|DISCONNECTED_BY_OTHER")
    ended = full.wait_end(full.holder)
    assert (ended["state"], ended["reason"], ended["reason_code"]) == ("killed", "TAKEN_OVER", "PB")
    assert full.comer in ended["by"]
    assert full.wait_session(full.comer)["terminal"] == full.terminal


@pytest.mark.parametrize("arrive", [visit], ids=["xfreerdp3"])
def test_c031_who_leaves_before_makes_place_at_once(full):
    visitor = at_terminals(full, full.comer)
    take(full, visitor)
    full.held.client.kill()
    assert full.wait_session(full.comer)["terminal"] == full.terminal
    assert full.wait_end(full.holder)["reason"] != "TAKEN_OVER"


def test_c032_a_newcomer_who_gives_up_ends_nobody(full):
    visitor = at_terminals(full, full.comer)
    take(full, visitor)
    visitor.client.close()
    wait_for(lambda: full.call("gateway.status")["sign_ins"] == 0, PATIENCE, "the newcomer has gone")
    full.pass_time(2)
    full.wait_log("SK2009|SK2001|SK2418")
    assert [one["terminal"] for one in full.sessions(full.holder)] == [full.terminal]


def test_c033_the_same_priority_takes_nothing(full):
    full.edit_account(full.comer, priorities={full.terminal: 0})
    visitor = at_terminals(full, full.comer)
    visitor.choose(0)  # the only one that may be chosen
    assert full.wait_session(full.comer)["terminal"] == full.shadow
    assert full.sessions(full.holder)


@pytest.mark.parametrize("change", ["lock", "sessions"])
def test_c034_who_may_not_come_in_any_more_ends_nobody(full, change):
    """Priority is not enough: what would refuse the newcomer afterwards refuses before somebody has made place."""
    visitor = at_terminals(full, full.comer)
    if change == "sessions":
        full.edit_account(full.comer, max_sessions=1)
    take(full, visitor)
    if change == "lock":
        full.admin.text("account", "lock", full.comer, "--because", "left")
    else:
        other = at_terminals(full, full.comer)
        other.choose(sorted([full.terminal, full.shadow]).index(full.shadow))
        full.wait_session(full.comer)
    full.pass_time(1)
    visitor.page("SORRY")
    assert full.sessions(full.holder)


def arrive_together(lab, *accounts):
    """Newcomers, each with a client of their own, who wait for the same place."""
    visitors = [at_terminals(lab, account) for account in accounts]
    for visitor in visitors:
        take(lab, visitor)
    return visitors


@pytest.mark.parametrize("priority", [5, 7], ids=["the-same-priority", "a-higher-one"])
def test_c035_of_two_newcomers_the_higher_or_else_the_first_gets_the_place(full, priority):
    rival = settled_engineer(full, full.terminal, full.shadow)
    full.edit_account(rival, priorities={full.terminal: priority})
    first, second = arrive_together(full, full.comer, rival)
    winner, loser = (full.comer, second) if priority == 5 else (rival, first)
    full.pass_time(1)
    full.held.client.wait_closed()
    assert winner in full.wait_end(full.holder)["by"]
    assert full.wait_session(winner)["terminal"] == full.terminal
    loser.page("SORRY", text=f"is in use by 998-{winner}@")
    assert [one["terminal"] for one in full.sessions(winner)] == [full.terminal]
    assert len([one for one in full.call("session.list")["sessions"] if one["terminal"] == full.terminal]) == 1
    # The list, and from there somewhere else.
    loser.key("Return")
    loser.page("TERMINALS")


def test_c036_who_waits_for_a_place_may_give_up_and_choose_again(full):
    visitor = at_terminals(full, full.comer)
    take(full, visitor)
    visitor.key("Escape")
    visitor.page("TERMINALS")
    full.pass_time(2)
    visitor.choose(sorted([full.terminal, full.shadow]).index(full.shadow))
    assert full.wait_session(full.comer)["terminal"] == full.shadow
    assert [one["terminal"] for one in full.sessions(full.holder)] == [full.terminal]


def test_c037_who_has_one_terminal_and_will_not_take_it_over_is_asked_once(full):
    full.edit_account(full.comer, terminals=[full.terminal])
    full.edit_account(full.comer, priorities={full.terminal: 5})
    visitor = knock(full)
    visitor.page("SIGN_IN")
    visitor.sign_in(full.comer, PASSWORD)
    visitor.page("QUESTION", text="lower priority ends in 60 seconds")
    visitor.key("Escape")
    visitor.page("TERMINALS")
    visitor.key("Escape")
    visitor.page("SIGN_IN")
    assert full.sessions(full.holder)
