"""B6: maintenance and restart windows: nobody gets in, who is in is told and cut at the minute, and all read when it opens."""

import pytest

import rdp_wire as wire
from lab_parts.control import Refused
from lab_parts.facility import AdminError
from lab_parts.processes import PATIENCE, wait_for
from visitor import PASSWORD, knock, settled_engineer, visit

# The calendar stands still two seconds before a full minute: the gateway looks every two seconds.
AFTERNOON = "2026-11-16T14:00:58+09:00"
BEFORE, WITHIN, AFTER = "2026-11-17T03:50:58+09:00", "2026-11-17T04:00:58+09:00", "2026-11-17T04:30:58+09:00"


def add_window(lab, terminal, *options):
    done = lab.admin.text("window", "add", terminal, "--days", "daily", "--from", "04:00", "--until", "04:30", *options)
    return done


def test_c020_sessions_end_when_the_window_begins_and_nobody_gets_in(new_door):
    lab = new_door("sign_in.second_factor=off", "listeners.0.handover=in-band", clock=AFTERNOON)
    account = settled_engineer(lab, lab.shadow)
    said = add_window(lab, lab.shadow, "--kind", "restart", "--text", "毎日の再起動")
    assert "begins next at 2026-11-17 04:00:00" in said
    lab.set_clock(BEFORE)
    # Told before it connects, also on a list of one.
    visitor = visit(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("QUESTION", text="restarts at 04:00")
    visitor.key("Return")
    session = lab.wait_session(account)
    lab.set_clock(WITHIN)
    visitor.client.wait_end()
    ended = lab.wait_end(account)
    assert (ended["session"], ended["state"], ended["reason"], ended["reason_code"]) == (
        session["id"], "killed", "TERMINAL_WINDOW", "PB")
    visitor.client.wait_log("ERRINFO_RPC_INITIATED_DISCONNECT")
    late = knock(lab)
    late.page("SIGN_IN")
    late.sign_in(account, PASSWORD)
    late.page("SORRY", text="restarts. You can connect again at 04:30. 毎日の再起動")
    explained = lab.call("policy.explain", account=account, terminal=lab.shadow)
    assert (explained["rule"], explained["changes"]) == ("terminal-window", "2026-11-16T19:30:00.000000Z")
    with pytest.raises(Refused, match="maintenance or restart window"):
        lab.call("ticket.issue", account=account, terminal=lab.shadow)
    lab.set_clock(AFTER)
    ticket = lab.call("ticket.issue", account=account, terminal=lab.shadow)
    assert ticket["closes"] is None
    shown = lab.call("terminal.show", name=lab.shadow)
    assert [window["kind"] for window in shown["windows"]] == ["restart"]


# The clock of lab and list stands at Tuesday, 17 November, 03:50:58.
SPANS = [
    (["--days", "daily", "--from", "04:00", "--until", "04:30", "--kind", "restart"], "restart 04:00–04:30"),
    (["--days", "sun", "--from", "22:00", "--until", "02:00"], "maintenance 2026-11-22 22:00–02:00"),
    (["--from", "2026-11-28 22:00", "--until", "2026-11-28 23:30"], "maintenance 2026-11-28 22:00–23:30"),
    (["--from", "2026-11-28 22:00", "--until", "2026-11-29 02:00"], "maintenance 2026-11-28 22:00–2026-11-29 02:00"),
    (["--days", "daily", "--from", "03:00", "--until", "05:00"], "maintenance 03:00–05:00, now"),
]


@pytest.mark.parametrize("options,span", SPANS, ids=[span for _, span in SPANS])
def test_c024_the_list_of_terminals_shows_the_next_span(new_lab, options, span):
    lab = new_lab(clock=BEFORE)
    lab.admin.text("window", "add", lab.shadow, *options, "--yes")
    rows = [line for line in lab.admin.text("terminal", "list").splitlines() if lab.shadow in line]
    assert len(rows) == 1 and span in rows[0], rows
    assert lab.call("terminal.show", name=lab.xrdp)["window"] is None


def test_c021_a_window_for_all_is_asked_about_and_ends_every_session(new_lab):
    lab = new_lab(clock=BEFORE)
    account, ticket = lab.new_ticket(lab.shadow)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    client.wait_demand_active()
    lab.wait_session(account)
    # What begins soon is told to who issues tickets.
    command = ["window", "add", "--all", "--from", "2026-11-17 03:59", "--until", "2026-11-18 00:00"]
    with pytest.raises(AdminError, match="must be confirmed"):
        lab.admin.text(*command)
    lab.admin.text(*command, "--yes")
    issued = lab.call("ticket.issue", account=account, terminal=lab.shadow)
    assert issued["closes"] == "2026-11-16T18:59:00.000000Z"
    lab.set_clock(WITHIN)
    assert client.told()[-1:] == [wire.ERRINFO_ADMINISTRATOR]
    assert lab.wait_end(account)["reason"] == "TERMINAL_WINDOW"
    # Deleted, it keeps nobody out.
    number = lab.call("window.list")["windows"][0]["number"]
    lab.admin.text("window", "delete", str(number))
    assert lab.call("policy.explain", account=account, terminal=lab.shadow)["allowed"]
    actions = [row["action"] for row in lab.all_rows("log.admin") if row["action"].startswith("window")]
    assert sorted(actions) == ["window.add", "window.delete"]


def pass_until_end(lab, client):
    """What a client sent when it began counts from when the gateway asks for it, which may be after the clock was moved."""
    wait_for(lambda: lab.pass_time(1) or not client.running(), PATIENCE, f"{client.name} ends")
    client.wait_end()


def test_c023_who_types_is_not_idle(new_lab):
    lab = new_lab("sessions.idle=30min", clock=AFTERNOON)
    account, ticket = lab.new_ticket(lab.shadow)
    client = lab.xfreerdp(ticket.in_a_window())
    lab.wait_session(account)
    begun = lab.sessions(account)[0]["idle_since"]
    lab.pass_time(20)
    client.type("a")
    later = wait_for(lambda: lab.sessions(account)[0]["idle_since"] > begun and lab.sessions(account)[0], PATIENCE,
                     "the key is seen")
    lab.pass_time(20)
    assert [one["id"] for one in lab.sessions(account)] == [later["id"]]
    pass_until_end(lab, client)
    client.wait_log("ERRINFO_IDLE_TIMEOUT")
    assert lab.wait_end(account)["reason"] == "IDLE"
