"""Attended access (C7) from the hospital's side: numbers, who waits, and what attendants may see."""

import json
import os
import pwd
import re
import subprocess

import pytest

from clerk import answer, run
from facility import Facility

JAPANESE = "ja_JP.UTF-8"
ATTENDANT = "games"  # a user that every machine has, and nobody is


def user_number():
    return pwd.getpwnam(ATTENDANT).pw_uid


@pytest.fixture(scope="module")
def ward(request, folders, hosts):
    """A facility whose attendant `games` has been given no terminal yet."""
    lab = Facility(folders("ward"), build=request.config.getoption("--build"), hosts=hosts,
                   settings=[f"roles.attendant.users=[{ATTENDANT}]", "sources.exempt=[127.0.0.0/8]", "health.every=0"])
    lab.begin_test()
    lab.call("account.add", id=ATTENDANT, family_name="佐藤", given_name="花子", email="games@example.jp", kind="attendant")
    yield lab
    lab.close()


def attend(lab, *arguments, **more):
    return run(lab, *arguments, user=user_number(), **more)


def attended_terminal(lab, given=True):
    """A terminal where somebody must attend, and an engineer who may use it."""
    terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], attended=True)
    account = lab.add_account(terminal)
    if given:
        lab.edit_account(ATTENDANT, add_terminals=[terminal])
    return terminal, account


def admin_log(lab, action, target):
    return lab.call("log.admin", action=action, target=target)["rows"]


def test_g050_a_terminal_is_attended_when_somebody_says_so(ward):
    name = ward.new_name("立会")
    shown = run(ward, "terminal", "add", name, "--address", "127.0.0.1", "--attended", "on")
    assert shown.returncode == 0, shown.stderr
    assert re.search(r"Attended +yes", shown.stdout)
    listed = run(ward, "--json", "terminal", "list", name)
    assert [row["attended"] for row in json.loads(listed.stdout)["terminals"]] == [True]
    assert run(ward, "terminal", "edit", name, "--attended", "off").returncode == 0
    assert re.search(r"Attended +no", run(ward, "terminal", "show", name).stdout)
    changed = [row for row in ward.call("log.admin", action="terminal.edit")["rows"] if row["target"].endswith(name)]
    assert changed[-1]["before"] == {"attended": True} and changed[-1]["after"] == {"attended": False}


def test_g050_a_number_is_told_on_the_telephone(ward):
    terminal, account = attended_terminal(ward)
    shown = attend(ward, "attend", "issue", "--terminal", terminal, "--account", account)
    assert shown.returncode == 0, shown.stderr
    words = "zero one two three four five six seven eight nine".split()
    digits, spoken = re.match(r" +(\d{4} \d{4})\n +([a-z, -]+)\n", shown.stdout).groups()
    assert spoken == ", ".join("-".join(words[int(digit)] for digit in group) for group in digits.split())
    row = admin_log(ward, "attend.issue", terminal)[-1]
    assert row["actor"] == "unix:" + ATTENDANT and row["after"]["account"] == ward.call("account.show", id=account)["full_id"]
    assert digits.replace(" ", "") not in json.dumps(row) and digits not in ward.whole_log

    shown = run(ward, "attend", "issue", "--terminal", terminal, "--files", language=JAPANESE)
    assert shown.returncode == 0, shown.stderr
    words = "ゼロ いち に さん よん ご ろく なな はち きゅう".split()
    digits, spoken = re.match(r" +(\d{4} \d{4})\n +([^\n]+)\n", shown.stdout).groups()
    assert spoken == "、".join("・".join(words[int(digit)] for digit in group) for group in digits.split())
    assert re.search(r"クリップボード、ドライブ、デバイス +はい", shown.stdout)


def test_g050_unused_numbers_are_listed_and_cancelled(ward):
    terminal, account = attended_terminal(ward)
    ward.call("attend.issue", terminal=terminal, files=True)
    shown = attend(ward, "attend", "list", "--terminal", terminal)
    assert "Nobody waits for permission." in shown.stdout
    number = ward.call("attend.list", terminal=terminal)["numbers"][0]
    assert number["files"] and number["control"] and number["account"] is None and "digits" not in number
    assert re.search(rf"(?m)^{number['number']} +{re.escape(terminal)} ", shown.stdout)
    done = attend(ward, "attend", "cancel", str(number["number"]))
    assert done.returncode == 0 and terminal in done.stdout
    assert ward.call("attend.list", terminal=terminal) == {"numbers": [], "waiting": []}
    assert attend(ward, "attend", "cancel", str(number["number"])).returncode == 1
    assert admin_log(ward, "attend.cancel", terminal)[-1]["before"]["number"] == number["number"]
    assert account


def test_g050_what_nobody_needs_is_not_issued(ward):
    terminal, account = attended_terminal(ward)
    ward.edit_terminal(terminal, attended=False)
    refused = attend(ward, "attend", "issue", "--terminal", terminal)
    assert refused.returncode == 1 and "--attended on" in refused.stderr
    ward.edit_terminal(terminal, attended=True)
    ward.edit_terminal(terminal, remove_accounts=[account])
    refused = run(ward, "attend", "issue", "--terminal", terminal, "--account", account, language=JAPANESE)
    assert refused.returncode == 1 and "利用できません" in refused.stderr


def test_g050_explain_says_who_is_missing(ward):
    terminal, account = attended_terminal(ward)
    shown = run(ward, "explain", "--account", account, "--terminal", terminal, "--mac", ward.mac_of(account))
    assert shown.returncode == 1
    assert re.search(r"(?m)^attended .*attend issue.*attend allow", shown.stdout)


def test_g050_an_attendant_sees_the_sessions_of_their_terminals_and_ends_them(ward):
    mine, other = (ward.add_terminal(ward.hosts.variables["LAB_SHADOW_PORT"]) for _ in range(2))
    ward.edit_account(ATTENDANT, add_terminals=[mine])
    sessions = {}
    for terminal in (mine, other):
        account = ward.add_account(terminal)
        ticket = ward.ticket(account, terminal)
        client = ward.raw()
        client.introduce(ticket.handle, ticket.secret)
        client.wait_demand_active()
        sessions[terminal] = ward.wait_session(account, phase="BRIDGE")
    seen = json.loads(attend(ward, "--json", "session", "list").stdout)["sessions"]
    assert [row["id"] for row in seen] == [sessions[mine]["id"]]
    assert attend(ward, "session", "show", sessions[mine]["id"]).returncode == 0
    for command in (["session", "show", sessions[other]["id"]],
                    ["session", "kill", sessions[other]["id"], "--because", "mine?", "--yes"],
                    ["terminal", "show", other], ["attend", "issue", "--terminal", other]):
        assert attend(ward, *command).returncode == 1, command
    assert len(ward.call("session.list", terminal=other)["sessions"]) == 1
    terminals = json.loads(attend(ward, "--json", "terminal", "list").stdout)["terminals"]
    assert mine in [row["name"] for row in terminals] and other not in [row["name"] for row in terminals]
    killed = attend(ward, "session", "kill", sessions[mine]["id"], "--because", "訓練", "--yes")
    assert killed.returncode == 0, killed.stderr
    assert ward.wait_end(sessions[mine]["account"])["by"] == "unix:" + ATTENDANT


def test_g050_who_has_been_given_nothing_sees_nothing(ward):
    terminal, _ = attended_terminal(ward, given=False)
    ward.call("attend.issue", terminal=terminal)
    number = ward.call("attend.list", terminal=terminal)["numbers"][0]["number"]
    refused = attend(ward, "attend", "issue", "--terminal", terminal)
    assert refused.returncode == 1 and "account edit games --add-terminal" in refused.stderr
    assert attend(ward, "attend", "cancel", str(number)).returncode == 1
    assert json.loads(attend(ward, "--json", "attend", "list", "--terminal", terminal).stdout)["numbers"] == []
    ward.edit_account(ATTENDANT, add_terminals=[terminal])
    assert attend(ward, "attend", "cancel", str(number)).returncode == 0


def test_g050_attendants_do_nothing_else(ward):
    for command in (["account", "list"], ["terminal", "edit", "x", "--note", "y"], ["log", "connections"],
                    ["explain", "--account", "x", "--terminal", "y"], ["terminal", "list", "--account", "x"]):
        refused = attend(ward, *command)
        assert refused.returncode == 1 and "role" in refused.stderr, command


def test_g050_nobody_waits_under_a_number_out_of_the_air(ward):
    for verb in ("allow", "refuse"):
        refused = attend(ward, "attend", verb, "4711", "--yes")
        assert refused.returncode == 1 and "nobody waits" in refused.stderr
        done = subprocess.run(ward.admin.command("--json", "attend", verb, "4711", "--yes"), text=True, check=False,
                              stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C.UTF-8"}, timeout=60)
        assert done.returncode == 1 and "nobody waits" in done.stdout
    seen, status = answer(ward, "n", "attend", "allow", "4711")
    assert status == 1 and "nobody waits" in seen
