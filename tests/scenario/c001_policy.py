"""Every rule of the policy refuses through the real daemon, at the door and in a running session."""

import datetime
import zoneinfo

import pytest

import rdp_wire as wire
from lab_parts.control import Refused

ZONE = zoneinfo.ZoneInfo("Asia/Tokyo")


def day(offset):
    return (datetime.datetime.now(ZONE).date() + datetime.timedelta(days=offset)).isoformat()


def hours_elsewhere():
    """An hour that is not now, and will not be during the test."""
    hour = (datetime.datetime.now(ZONE).hour + 6) % 24
    return f"{hour:02d}:00-{hour:02d}:30"


def lock(lab, account, _):
    lab.call("account.lock", id=account)


def delete(lab, account, _):
    lab.call("account.delete", id=account)


def to_auditor(lab, account, _):
    lab.edit_account(account, kind="auditor", terminals=[])


def not_yet(lab, account, _):
    lab.edit_account(account, valid_from=day(2), valid_until=day(3))


def expire(lab, account, _):
    lab.edit_account(account, valid_from=day(-3), valid_until=day(-1))


def other_hours(lab, account, _):
    lab.edit_account(account, hours=hours_elsewhere())


def other_device(lab, account, _):
    lab.edit_account(account, macs=["02:00:5e:ff:ff:ff"])


def no_device(lab, account, _):
    lab.edit_account(account, macs=[])


def suspend_vendor(lab, account, _):
    vendor = lab.new_name("ベンダー")
    lab.call("vendor.add", name=vendor)
    lab.edit_account(account, vendor=vendor)
    lab.call("vendor.edit", name=vendor, changes={"state": "suspended"})


def revoke(lab, account, terminal):
    lab.edit_terminal(terminal, remove_accounts=[account])


def out_of_service(lab, _, terminal):
    lab.edit_terminal(terminal, in_service=False)


def need_attendance(lab, _, terminal):
    lab.edit_terminal(terminal, attended=True)


def need_recording(lab, _, terminal):
    lab.edit_terminal(terminal, recording="required")


def delete_terminal(lab, _, terminal):
    lab.call("terminal.delete", name=terminal)


# What changes between issue and redemption, the event that the refusal logs, and whether it ends a running session.
CHANGES = [
    (lock, "SK2111", True),
    (delete, "SK2110", True),
    (to_auditor, "SK2112", True),
    (suspend_vendor, "SK2123", True),
    (not_yet, "SK2113", True),
    (expire, "SK2114", True),
    (other_hours, "SK2115", False),
    (other_device, "SK2117", True),
    (no_device, "SK2117", True),
    (revoke, "SK2119", True),
    (out_of_service, "SK2120", True),
    (need_attendance, "SK2121", True),
    (delete_terminal, "SK2118", True),
    (need_recording, "SK2714", False),
]


def new_pair(lab):
    """A terminal and an account that no other test shares."""
    terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"])
    return lab.add_account(terminal), terminal


@pytest.mark.parametrize("change,event,_", CHANGES, ids=lambda value: getattr(value, "__name__", ""))
def test_c001_rule_refuses_at_the_door(lab, change, event, _):
    account, terminal = new_pair(lab)
    ticket = lab.ticket(account, terminal)
    change(lab, account, terminal)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close(event)


@pytest.mark.parametrize("change,event,ends", CHANGES, ids=lambda value: getattr(value, "__name__", ""))
def test_c002_rule_ends_a_running_session(lab, change, event, ends):
    account, terminal = new_pair(lab)
    ticket = lab.ticket(account, terminal)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    client.wait_demand_active()
    session = lab.wait_session(account)
    change(lab, account, terminal)
    if not ends:
        # Past the end of the hours no new connection; a running one goes on (A6).
        assert [one["id"] for one in lab.sessions(account)] == [session["id"]]
        return
    client.wait_closed()
    lab.wait_close(event)
    assert lab.wait_end(account)["state"] == "killed"


def test_c003_device_without_evidence_is_refused(lab):
    account, terminal = new_pair(lab)
    ticket = lab.ticket(account, terminal, mac=None)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2116")


def test_c004_full_terminal_is_refused_and_who_is_in_stays_in(lab):
    account, terminal = new_pair(lab)
    other = lab.add_account(terminal)
    lab.edit_terminal(terminal, capacity=1)
    ticket, late = lab.ticket(account, terminal), lab.ticket(other, terminal)
    first = lab.raw()
    first.introduce(ticket.handle, ticket.secret)
    first.wait_demand_active()
    lab.wait_session(account)
    second = lab.raw()
    second.introduce(late.handle, late.secret)
    assert second.told() == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2122")
    assert lab.sessions(account)


def test_c005_allowlist_off_lets_a_device_without_evidence_in_and_is_marked(lab):
    account, terminal = new_pair(lab)
    lab.edit_account(account, because="replacement notebook", allowlist="off")
    ticket = lab.ticket(account, terminal, mac=None)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    client.wait_demand_active()
    lab.wait_session(account)
    assert lab.history(account)[-1]["allowlist"] == "off"


@pytest.mark.parametrize("change", [lock, not_yet, expire, other_hours, no_device, revoke, out_of_service],
                         ids=lambda value: value.__name__)
def test_c006_no_ticket_is_issued_for_what_would_be_refused(lab, change):
    account, terminal = new_pair(lab)
    mac = lab.mac_of(account)
    change(lab, account, terminal)
    with pytest.raises(Refused):
        lab.call("ticket.issue", account=account, terminal=terminal, mac=mac)


def test_c007_real_client_says_why_it_was_refused(lab):
    account, terminal = new_pair(lab)
    ticket = lab.ticket(account, terminal)
    lab.call("account.lock", id=account)
    client = lab.xfreerdp(ticket)
    client.wait_end()
    client.wait_log(r"ERRINFO_SERVER_DENIED_CONNECTION|SERVER_DENIED")
    # Nothing of it reached the jump host, and nothing of a session is left.
    assert not lab.sessions(account)


def test_c008_an_account_has_as_many_sessions_as_it_may_and_a_full_terminal_names_its_holder(lab):
    account, terminal = new_pair(lab)
    other = lab.add_account(terminal)
    lab.edit_account(account, max_sessions=1)
    lab.edit_terminal(terminal, capacity=2)
    ticket, late = lab.ticket(account, terminal), lab.ticket(account, terminal)
    first = lab.raw()
    first.introduce(ticket.handle, ticket.secret)
    first.wait_demand_active()
    session = lab.wait_session(account)
    second = lab.raw()
    second.introduce(late.handle, late.secret)
    assert second.told() == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2127")
    with pytest.raises(Refused, match="as many sessions at once as it may"):
        lab.call("ticket.issue", account=account, terminal=terminal)
    assert lab.call("policy.explain", account=account, terminal=terminal)["rule"] == "account-sessions"
    # Others still get in; when the terminal is full, whoever issues tickets reads who has it.
    lab.edit_terminal(terminal, capacity=1)
    with pytest.raises(Refused, match=session["full_id"]):
        lab.call("ticket.issue", account=other, terminal=terminal)
    explained = lab.call("policy.explain", account=other, terminal=terminal)
    found = next(rule for rule in explained["rules"] if rule["rule"] == "terminal-full")
    assert found["data"]["holders"] == session["full_id"]
