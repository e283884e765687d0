"""sekisho-admin against the real daemon: what people see, what programs get, and what is never done."""

import contextlib
import csv
import io
import json
import re
import sqlite3
import stat
import subprocess

import pytest

from clerk import answer, run


def test_f010_mistakes_are_usage_and_refusals_are_refusals(office):
    assert run(office, "acount", "list").returncode == 2
    assert run(office, "account", "list", "--state", "lokced").returncode == 2
    assert run(office, "log", "connections", "--from", "2026-02-30").returncode == 2
    assert run(office, "account", "show", "nobody").returncode == 1
    refused = run(office, "account", "add", "x", "--family-name", "a", "--given-name", "b", "--email", "c")
    assert refused.returncode == 1
    assert "--email" in refused.stderr and "found:" in refused.stderr and "example:" in refused.stderr


def test_f010_names_are_guessed(office):
    account = office.add_account()
    for done in (run(office, "account", "show", account + "x"),
                 run(office, "ticket", "issue", "--account", account + "x", "--terminal", "t")):
        assert done.returncode == 1 and f"did you mean `{account}`?" in done.stderr


def test_f011_programs_get_the_error_as_json_too(office):
    done = run(office, "--json", "account", "show", "nobody")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (1, -32002)


def test_f012_a_gateway_that_is_not_there_is_said_so(office, tmp_path):
    done = run(office, "--socket", str(tmp_path / "none.sock"), "gateway", "status")
    assert done.returncode == 1 and "is it running?" in done.stderr


def test_f013_whoever_has_no_role_is_told_so(office):
    done = run(office, "account", "list", user=65533)
    assert done.returncode == 1 and "role" in done.stderr


def test_f014_both_languages_show_the_same_accounts(office):
    account = office.add_account()
    english = run(office, "account", "list", account)
    japanese = run(office, "account", "list", account, language="ja_JP.UTF-8")
    assert english.stdout.split("\n")[1].split()[1] == japanese.stdout.split("\n")[1].split()[1] == account
    assert "User name" in english.stdout and "ユーザー名" in japanese.stdout
    assert "ありません" in run(office, "account", "show", "nobody", language="ja_JP.UTF-8").stderr


def test_f015_deleting_asks_and_takes_no_for_an_answer(office):
    account = office.add_account()
    seen, status = answer(office, "n", "account", "delete", account)
    assert status == 1 and account in seen and account + "@vendor.example" in seen
    assert office.call("account.show", id=account)["id"] == account
    without = run(office, "account", "delete", account)
    assert without.returncode == 1 and "--yes" in without.stderr
    assert office.call("account.show", id=account)["id"] == account
    seen, status = answer(office, "はい", "account", "delete", account, language="ja_JP.UTF-8")
    assert status == 0 and "次のユーザーを削除します。よろしいですか。" in seen
    assert run(office, "account", "show", account).returncode == 1


def test_f016_lists_are_added_to_and_taken_from(office):
    account = office.add_account()
    first = office.mac_of(account)
    office.admin.text("account", "edit", account, "--add-mac", "02-00-5E-AA-00-01", "--remove-mac", first.lower())
    assert office.call("account.show", id=account)["macs"] == ["02:00:5E:AA:00:01"]
    missing = run(office, "account", "edit", account, "--remove-mac", first)
    assert missing.returncode == 1 and first in missing.stderr


@pytest.fixture
def ticket_of(office):
    """The arguments of a ticket that the policy allows."""
    terminal = office.add_terminal(9, trust="ab" * 32)
    account = office.add_account(terminal)
    return ["ticket", "issue", "--account", account, "--terminal", terminal, "--mac", office.mac_of(account)]


def test_f017_the_secret_goes_into_a_file_for_its_owner_alone(office, ticket_of, tmp_path):
    path = tmp_path / "session.rdp"
    done = run(office, *ticket_of, "--rdp-file", str(path), umask=0)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secret = re.search(r"^username:s:(\S+)", path.read_text(encoding="utf-8-sig"), re.MULTILINE)[1]
    assert len(secret) > 30 and secret not in done.stdout + done.stderr


def test_f018_no_file_is_overwritten_and_no_link_followed(office, ticket_of, tmp_path):
    there = tmp_path / "there.rdp"
    there.write_text("mine")
    link = tmp_path / "link.rdp"
    link.symlink_to(tmp_path / "target")
    for path in (there, link):
        done = run(office, *ticket_of, "--rdp-file", str(path))
        assert done.returncode == 1 and "there already" in done.stderr
    assert there.read_text() == "mine" and not (tmp_path / "target").exists()


def test_f019_a_refused_ticket_leaves_no_file(office, ticket_of, tmp_path):
    path = tmp_path / "refused.rdp"
    account = ticket_of[3]
    office.call("account.lock", id=account)
    done = run(office, *ticket_of, "--rdp-file", str(path))
    assert done.returncode == 1 and "locked" in done.stderr and not path.exists()


def test_f020_the_secret_is_printed_only_when_asked_for(office, ticket_of):
    assert "secret" not in json.loads(run(office, "--json", *ticket_of).stdout)
    shown = json.loads(run(office, "--json", *ticket_of, "--print").stdout)
    assert shown["secret"] and shown["secret"] in shown["rdp"]
    for_people = run(office, *ticket_of)
    assert for_people.stdout.count("+") == 1 and "Secret" not in for_people.stdout


def test_f021_a_session_is_seen_and_cut_by_the_first_characters_of_its_id(lab):
    account, ticket = lab.new_ticket(lab.shadow)
    follower = subprocess.Popen(lab.admin.command("--json", "log", "connections", "--follow", "--account", account),
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        lab.xfreerdp(ticket)
        session = lab.wait_session(account)
        assert session["id"][:8] in run(lab, "session", "list").stdout
        assert account in run(lab, "session", "show", session["id"][:12]).stdout
        without = run(lab, "session", "kill", session["id"][:12], "--because", "drill")
        assert without.returncode == 1 and "--yes" in without.stderr
        lab.admin.text("session", "kill", session["id"][:12], "--because", "消防訓練", "--yes")
        row = lab.wait_end(account)
        assert (row["state"], row["because"]) == ("killed", "消防訓練")
        lines = [json.loads(follower.stdout.readline()) for _ in range(2)]
    finally:
        follower.kill()
        follower.communicate()
    assert [line["session"] for line in lines] == [session["id"]] * 2
    assert [line["state"] for line in lines] == ["active", "killed"]
    table = run(lab, "log", "connections", "--account", account, language="ja_JP.UTF-8").stdout
    assert "強制切断" in table and session["id"][:7] in table
    # The same when it is over, also as the table cuts it.
    for typed in (session["id"][:7], session["id"][:9].upper(), session["id"][:9] + "…"):
        shown = run(lab, "--json", "session", "show", typed)
        assert json.loads(shown.stdout)["session"] == session["id"], shown.stderr
    killed = run(lab, "session", "kill", session["id"][:7], "--because", "x", "--yes")
    assert killed.returncode == 1 and "there is no such session" in killed.stderr
    short = run(lab, "session", "show", session["id"][:6])
    assert short.returncode == 1 and "SESSION" in short.stderr and "found:     " + session["id"][:6] in short.stderr
    other = session["id"][:30] + ("00" if session["id"][30:] != "00" else "01")
    with contextlib.closing(sqlite3.connect(lab.database, timeout=20)) as database, database:
        columns = ", ".join(row[1] for row in database.execute("PRAGMA table_info(session)") if row[1] not in ("id", "number"))
        database.execute(f"INSERT INTO session (id, {columns}) SELECT ?, {columns} FROM session WHERE id = ?",
                         (bytes.fromhex(other), bytes.fromhex(session["id"])))
    try:
        several = run(lab, "session", "show", session["id"][:8], language="ja_JP.UTF-8")
        assert several.returncode == 1 and "複数あります" in several.stderr
        assert session["id"] in several.stderr and other in several.stderr and account in several.stderr
        assert json.loads(run(lab, "--json", "session", "show", session["id"]).stdout)["session"] == session["id"]
    finally:
        with contextlib.closing(sqlite3.connect(lab.database, timeout=20)) as database, database:
            database.execute("DELETE FROM session WHERE id = ?", (bytes.fromhex(other),))
    text = run(lab, "log", "connections", "--account", account, "--csv").stdout.removeprefix("\ufeff")
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == 2 and "消防訓練" in rows[1] and session["id"] in rows[1]


def test_f022_days_are_those_of_the_facility(lab):
    account, ticket = lab.new_ticket(lab.shadow)
    lab.xfreerdp(ticket)
    lab.wait_session(account)
    rows = lab.history(account)
    # Tokyo's day, whatever zone the clerk's own machine is set to.
    shown = run(lab, "log", "connections", "--account", account).stdout
    day = shown.split("\n")[1].split()[0]
    assert rows[0]["session"][:7] in run(lab, "log", "connections", "--account", account, "--from", day, "--until", day).stdout
    found = json.loads(run(lab, "--json", "log", "connections", "--account", account, "--from", day, "--until", day).stdout)
    assert [row["session"] for row in found["rows"]] == [rows[0]["session"]] and found["next"] is None


def test_f023_the_logs_are_whole_after_all_this(office):
    done = run(office, "log", "verify")
    assert done.returncode == 0 and "whole" in done.stdout
