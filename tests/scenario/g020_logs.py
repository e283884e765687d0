"""The four logs (F1-F6): who connected, signed in, shared files and changed what; and that nobody can change that."""

import csv
import io
import json
import os
import sqlite3
import subprocess

import pytest

import rdp_wire as wire
from clerk import answer, places_of, run
from lab_parts.processes import PATIENCE, wait_for


# Of a source with many refusals the login log takes no more for some minutes. Nobody else comes from here.
UNHEARD = "127.0.20.1"


def rows_of(lab, log, *filters):
    done = run(lab, "--json", "log", log, *filters)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["rows"]


def csv_of(lab, log, *filters, language="ja_JP.UTF-8"):
    done = subprocess.run(lab.admin.command("log", log, "--csv", *filters), check=True, stdout=subprocess.PIPE,
                          env={**os.environ, **places_of(language), "LC_ALL": language})
    assert done.stdout.startswith(b"\xef\xbb\xbf") and done.stdout.endswith(b"\r\n")
    return list(csv.reader(io.StringIO(done.stdout.decode("utf-8-sig"), newline="")))


def test_f001_connection_history_has_section_i_headings_and_a_filter_for_every_column(lab):
    account, ticket = lab.new_ticket(lab.shadow)
    lab.xfreerdp(ticket)
    session = lab.wait_session(account)
    lab.admin.text("session", "kill", session["id"], "--because", "=cmd|'/c calc'", "--yes")
    row = lab.wait_end(account)
    heading, shown = csv_of(lab, "connections", "--account", account)
    assert heading[:5] == ["接続開始時間", "接続終了時間", "アカウント", "接続端末", "アクティブ状態"]
    # What a spreadsheet would run as a formula is text.
    assert "'=cmd|'/c calc'" in shown and "強制切断" in shown
    day = shown[1].split()[0]
    for name, value in {"terminal": row["terminal"], "state": "killed", "reason": row["reason"], "by": row["by"],
                        "because": "calc", "source": row["source"], "device": row["device"],
                        "evidence": row["evidence"], "end": day, "duration": "0-3600", "session": row["session"][4:],
                        "name": row["name"], "end-code": row["reason_code"], "allowlist": row["allowlist"],
                        "bytes-to-client": f"{row['bytes_to_client']}", "bytes-from-client": "1-",
                        "search": "CALC"}.items():
        found = rows_of(lab, "connections", "--account", account, "--" + name, value)
        assert [one["session"] for one in found] == [row["session"]], name
    for name, value in {"terminal": "none", "state": "lost", "reason": "IDLE", "by": "nobody", "because": "drill",
                        "source": "192.0.2.9", "evidence": "lease", "end": "2020-01-01", "duration": "999999-",
                        "name": "nobody", "allowlist": "off", "search": "nowhere"}.items():
        assert rows_of(lab, "connections", "--account", account, "--" + name, value) == [], name
    assert "because" not in run(lab, "log", "connections", "--account", account).stdout
    assert "calc" in run(lab, "log", "connections", "--account", account).stdout


def test_f002_login_log_has_every_attempt_with_its_reason(lab):
    account, ticket = lab.new_ticket(lab.shadow)
    for shown in ({"handle": ticket.handle, "user": "guess"}, {"user": "sato", "password": "secret"}):
        client = lab.raw(source=UNHEARD)
        client.introduce(**shown)
        assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    lab.xfreerdp(ticket)
    lab.wait_session(account)
    accepted = rows_of(lab, "logins", "--account", account)
    assert [(row["application"], row["result"], row["reason"], row["source"]) for row in accepted] == [
        ("RDP", "accepted", None, "127.0.0.1")]
    assert accepted[0]["name"]

    def refusals():
        rows = rows_of(lab, "logins", "--result", "refused", "--application", "RDP", "--source", UNHEARD)
        return {"TICKET_SECRET", "NO_TICKET"} <= {row["reason"] for row in rows} and rows
    refused = wait_for(refusals, PATIENCE, "both refusals are logged")
    assert not any("secret" in json.dumps(row) and row["reason"] == "NO_TICKET" for row in refused)
    heading = csv_of(lab, "logins")[0]
    assert heading[:6] == ["ログイン時間", "ユーザー名", "アカウント", "アプリ名", "状態", "接続元IPアドレス"]


def test_f002_administrators_sign_in_once_and_strangers_are_logged(office):
    for _ in range(3):
        assert run(office, "account", "list").returncode == 0
        assert run(office, "account", "list", user=65533).returncode == 1
    rows = wait_for(lambda: [row for row in rows_of(office, "logins", "--application", "admin")
                             if row["result"] == "refused"], PATIENCE, "the stranger is logged")
    assert [(row["reason"], row["source"]) for row in rows] == [("no-role", "local")]
    me = {row["account"] for row in rows_of(office, "logins", "--application", "admin", "--result", "accepted")}
    assert len(me) == 1 and me.pop().startswith("unix:")
    assert len(rows_of(office, "logins", "--application", "admin", "--result", "accepted")) == 1


def test_f003_file_log_is_there_and_empty(office):
    assert rows_of(office, "files") == []
    assert csv_of(office, "files")[0] == ["処理時間", "アカウント", "ユーザー名", "処理", "ファイル名", "容量", "院内外",
                                          "共有理由", "検査結果", "承認", "承認/否認時間"]


def test_f004_administration_log_says_before_and_after(office):
    account = office.add_account()
    office.admin.text("account", "edit", account, "--hours", "08:30-17:30")
    row = rows_of(office, "admin", "--target", account, "--action", "account.edit")[-1]
    assert (row["before"]["hours"], row["after"]["hours"]) == ("always", "08:30-17:30")
    assert row["actor"].startswith("unix:") and row["event"] > 0
    assert rows_of(office, "admin", "--target", account, "--after", "17:30", "--actor", row["actor"]) == [row]
    assert rows_of(office, "admin", "--target", account, "--before", "17:30") == []
    assert "08:30-17:30" in run(office, "log", "admin", "--target", account).stdout


def test_f005_csv_has_more_than_a_thousand_rows_and_periods_include_both_days(office):
    account = office.add_account()
    for number in range(1100):
        office.call("account.edit", id=account, changes={"given_name": f"n{number}"})
    rows = csv_of(office, "admin", "--target", account, "--action", "account.edit")
    assert len(rows) == 1101
    day = rows[1][0].split()[0]
    assert len(rows_of(office, "admin", "--target", account, "--action", "account.edit", "--from", day,
                       "--until", day)) in (1100, len(rows_of(office, "admin", "--from", day, "--until", day,
                                                              "--target", account, "--action", "account.edit")))
    assert rows_of(office, "admin", "--target", account, "--until", "2020-01-01") == []
    assert run(office, "log", "admin", "--last", "24h", "--from", day).returncode == 2


@pytest.mark.parametrize("log, wanted", [("admin", "account.edit"), ("logins", None)])
def test_f005_every_log_can_be_followed(lab, log, wanted):
    account, ticket = lab.new_ticket(lab.shadow)
    filters = ["--target", account, "--action", wanted] if wanted else ["--account", account]
    follower = subprocess.Popen(lab.admin.command("--json", "log", log, "--follow", *filters), text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        lab.edit_account(account, given_name="次郎")
        lab.xfreerdp(ticket)
        lab.wait_session(account)
        row = json.loads(follower.stdout.readline())
    finally:
        follower.kill()
        follower.communicate()
    assert (row["target"] if wanted else row["account"]) == account and row["event"] > 0


def test_f005_records_go_elsewhere_as_lines_of_json(new_lab):
    lab = new_lab("log.records=journal", "log.format=json")
    lab.begin_test()
    account = lab.add_account()

    def records():
        return [json.loads(line) for line in open(lab.variables["LAB_GATEWAY_LOG"], encoding="utf-8")
                if line.startswith("{")]
    found = wait_for(lambda: [one for one in records() if one.get("record", {}).get("target") == account], PATIENCE,
                     "the record is sent")
    assert found[0]["id"] == "SK3008" and len(found[0]["hash"]) == 64 and found[0]["log"] == "admin"
    numbers = [one["event"] for one in records() if "event" in one]
    assert numbers == sorted(set(numbers))
    ready = [one for one in records() if one.get("id") == "SK1001"]
    assert ready and ready[0]["program"] == "sekisho-gateway" and "ready" in ready[0]["text"]
    # What stood in the log when the gateway stopped is not sent again from the beginning.
    event = rows_of(lab, "admin", "--target", account)[0]["event"]
    assert found[0]["event"] == event


def test_f006_retention_shows_asks_and_erases_nothing_that_is_young(office):
    shown = run(office, "log", "retention", "--dry-run")
    assert shown.returncode == 0 and "nothing" in shown.stdout
    assert json.loads(run(office, "--json", "log", "retention", "--dry-run").stdout) == {"kinds": [], "erased": 0}
    # A script can say that it need not be asked.
    scripted = run(office, "log", "retention", "--yes")
    assert scripted.returncode == 0 and "nothing" in scripted.stdout, scripted.stderr
    assert run(office, "log", "verify").returncode == 0


def test_f006_verify_says_what_was_changed(new_lab):
    lab = new_lab()
    lab.begin_test()
    account = lab.add_account()
    lab.edit_account(account, given_name="次郎")
    event = rows_of(lab, "admin", "--target", account, "--action", "account.edit")[0]["event"]
    whole = json.loads(run(lab, "--json", "log", "verify").stdout)
    assert whole["whole"] and whole["events"] >= event and whole["findings"] == []
    with sqlite3.connect(lab.database, timeout=10) as database:
        database.execute("UPDATE event SET payload = replace(payload, '次郎', '三郎') WHERE id = ?", (event,))
    done = run(lab, "--json", "log", "verify")
    found = json.loads(done.stdout)
    assert done.returncode == 1 and not found["whole"]
    assert (found["findings"][0]["event"], found["findings"][0]["why"]) == (event, "its content was changed")
    people = run(lab, "log", "verify", language="ja_JP.UTF-8")
    assert people.returncode == 1 and str(event) in people.stdout and "内容が変更されています" in people.stdout
    lab.wait_log("SK1209")


def test_f006_progress_is_shown_on_a_terminal(office):
    seen, status = answer(office, None, "log", "verify")
    assert status == 0 and "whole" in seen
