"""Issue 3, 5: sekisho-admin explain, against the real daemon: each rule in order, what it found, when it changes."""

import json
import os
import subprocess
import tempfile

import pytest

from facility import Facility

RULES_FIRST_AND_LAST = ("account-known", "terminal-full")


@pytest.fixture(scope="module")
def office(request):
    with tempfile.TemporaryDirectory(prefix="sekisho-explain-") as folder:
        os.chmod(folder, 0o755)
        facility = Facility(os.path.join(folder, "lab"), build=request.config.getoption("--build"))
        facility.begin_test()
        yield facility
        facility.close()


def explain(lab, account, terminal, *options, language="C.UTF-8", json_too=True):
    command = lab.admin.command(*(["--json"] if json_too else []), "explain", "--account", account, "--terminal",
                                terminal, *options)
    environment = {**os.environ, "LC_ALL": language, "LANGUAGE": language.split(".", maxsplit=1)[0]}
    done = subprocess.run(command, text=True, check=False, timeout=60, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, json.loads(done.stdout) if json_too and done.stdout else done.stdout, done.stderr


def rule(answer, name):
    return next(row for row in answer["rules"] if row["rule"] == name)


@pytest.fixture
def engineer(office):
    """(account, terminal): allowed at any hour of the day."""
    terminal = office.add_terminal(9, trust="ab" * 32)
    return office.add_account(terminal), terminal


def test_g040_explain_allows_and_says_until_when(office, engineer):
    account, terminal = engineer
    status, answer, _ = explain(office, account, terminal)
    assert status == 0 and answer["allowed"] and answer["rule"] is None
    assert (answer["rules"][0]["rule"], answer["rules"][-1]["rule"]) == RULES_FIRST_AND_LAST
    assert answer["mac"] == office.mac_of(account) and answer["mac_assumed"]
    # The day after the last one, at the facility's midnight.
    assert answer["changes"] == rule(answer, "valid-until")["changes"]
    assert answer["changes"].endswith("T15:00:00.000000Z")


def test_g040_explain_hours_overnight_at_a_time(office, engineer):
    account, terminal = engineer
    office.edit_account(account, hours="22:00-05:00")
    day = rule(explain(office, account, terminal)[1], "valid-from")["data"]["day"]
    status, answer, _ = explain(office, account, terminal, "--at", f"{day}T21:59")
    assert (status, answer["rule"], answer["reason"]) == (1, "hours", "OUTSIDE_HOURS")
    assert rule(answer, "hours")["data"] == {"hours": "22:00-05:00", "now": "21:59"}
    assert answer["changes"] == f"{day}T13:00:00.000000Z" == rule(answer, "hours")["changes"]
    assert answer["running"]["allowed"]
    status, answer, _ = explain(office, account, terminal, "--at", f"{day}T13:00:00Z")
    assert status == 0 and answer["changes"] == f"{day}T20:00:00.000000Z"


def test_g040_explain_agrees_with_the_ticket(office, engineer):
    account, terminal = engineer
    for change, name in (({"hours": "00:00-00:30"}, None), ({"valid_from": "2020-01-01", "valid_until": "2020-01-31"}, "valid-until"),
                         ({"macs": []}, "device-listed"), ({"terminals": []}, "terminal-assigned")):
        who = office.add_account(terminal)
        office.edit_account(who, **change)
        status, answer, _ = explain(office, who, terminal)
        issued = subprocess.run(office.admin.command("--json", "ticket", "issue", "--account", who, "--terminal", terminal),
                                check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
        assert answer["issue"]["allowed"] == (issued.returncode == 0)
        if name is not None:
            assert (status, answer["rule"]) == (1, name)


def test_g040_explain_a_strange_device_is_stopped_at_the_door(office, engineer):
    account, terminal = engineer
    status, answer, _ = explain(office, account, terminal, "--mac", "02-00-5e-ff-ff-01")
    assert (status, answer["rule"]) == (1, "device-listed")
    assert answer["issue"]["allowed"] and not answer["redeem"]["allowed"]
    assert rule(answer, "device-listed")["data"] == {"mac": "02:00:5E:FF:FF:01", "devices": 1}


def test_g040_explain_strangers_as_such(office, engineer):
    account, terminal = engineer
    status, answer, _ = explain(office, "nobody", terminal)
    assert (status, answer["rule"], answer["changes"]) == (1, "account-known", None)
    assert rule(answer, "hours")["allows"] is None and rule(answer, "terminal-in-service")["allows"] is True
    status, answer, _ = explain(office, account, "nowhere")
    assert (status, answer["rule"]) == (1, "terminal-known")


def test_g040_explain_locked_account_and_closed_terminal(office, engineer):
    account, terminal = engineer
    office.call("account.lock", id=account)
    assert explain(office, account, terminal)[1]["rule"] == "account-locked"
    office.call("account.unlock", id=account)
    office.edit_terminal(terminal, in_service=False)
    answer = explain(office, account, terminal)[1]
    assert answer["rule"] == "terminal-in-service" and not answer["running"]["allowed"]


def test_g040_explain_refuses_what_it_cannot_read(office, engineer):
    account, terminal = engineer
    for option, value in (("--at", "tonight"), ("--at", "2026-02-29 12:00"), ("--mac", "02:00")):
        status, answer, told = explain(office, account, terminal, option, value)
        assert status == 1 and answer["error"]["data"]["field"] == option[2:]
        assert option in told and value in told and "example:" in told
    status, _, told = explain(office, account, terminal, "--time", "12:00")
    assert status == 2 and "unknown option --time" in told


def test_g040_explain_for_people_in_both_languages(office, engineer):
    account, terminal = engineer
    office.edit_account(account, hours="22:00-05:00")
    day = rule(explain(office, account, terminal)[1], "valid-from")["data"]["day"]
    status, english, _ = explain(office, account, terminal, "--at", f"{day}T12:00", json_too=False)
    assert status == 1 and "connection hours 22:00-05:00; it is 12:00" in english
    assert f"That changes at {day} 22:00:00" in english and "A session that runs already may go on." in english
    status, japanese, _ = explain(office, account, terminal, "--at", f"{day}T12:00", language="ja_JP.UTF-8", json_too=False)
    assert status == 1 and "接続可能時間は 22:00-05:00、判定時刻は 12:00 です" in japanese
    assert f"{day} 22:00:00 から接続できます" in japanese


def test_g040_explain_follows_the_calendar(request, folders):
    """A day of a facility whose calendar is ours to turn: hours, the last day, and the day after."""
    lab = Facility(folders("calendar"), build=request.config.getoption("--build"), clock="2026-11-24T08:29:00+09:00")
    try:
        terminal = lab.add_terminal(9, trust="ab" * 32)
        account = lab.add_account(terminal, valid_until="2026-11-24", hours="08:30-17:30")
        seen = []
        for time in ("2026-11-24T08:29:00", "2026-11-24T08:30:00", "2026-11-24T17:30:00", "2026-11-25T08:30:00"):
            lab.set_clock(time + "+09:00")
            status, answer, _ = explain(lab, account, terminal)
            seen.append((status, answer["rule"], answer["changes"]))
    finally:
        lab.close()
    assert seen == [(1, "hours", "2026-11-23T23:30:00.000000Z"), (0, None, "2026-11-24T08:30:00.000000Z"),
                    (1, "hours", None), (1, "valid-until", None)]
