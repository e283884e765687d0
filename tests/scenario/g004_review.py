"""A17: stock-taking by sekisho-admin, against the real daemon."""

import contextlib
import csv
import datetime
import hashlib
import io
import json
import re
import sqlite3
import types
import zoneinfo

import pytest

from clerk import run

DAY_US = 24 * 60 * 60 * 1_000_000


def age(lab, account, days):
    """As if it had been made, and used for the last time, so many days ago."""
    path = lab.state.path("gateway", "var", "sekisho.db")
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as database, database:
        changed = database.execute("UPDATE account SET created = created - ?, last_session = created - ? WHERE id = ?",
                                   (days * DAY_US, days * DAY_US, account))
        assert changed.rowcount == 1


def day(offset):
    return (datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Tokyo")).date() + datetime.timedelta(days=offset)).isoformat()


@pytest.fixture(scope="module")
def stock(office):
    """Accounts with something to find, of two vendors and of none."""
    terminal = office.add_terminal(3389, trust=False)
    made = types.SimpleNamespace(
        y="Y社", x="Ｘ社",
        fine=office.add_account(terminal), idle=office.add_account(terminal), new=office.add_account(terminal),
        ending=office.add_account(terminal, valid_until=day(10)), over=office.add_account(terminal),
        bare=office.add_account(), locked=office.add_account(terminal), kept=office.add_account(terminal),
        any=office.add_account(terminal))
    for vendor in (made.x, made.y):
        office.call("vendor.add", name=vendor)
    for account, vendor in ((made.idle, made.x), (made.locked, made.x), (made.bare, made.y)):
        office.edit_account(account, vendor=vendor)
    for account, days in ((made.fine, 1), (made.idle, 91), (made.ending, 1), (made.over, 1), (made.bare, 1),
                          (made.locked, 1), (made.kept, 1), (made.any, 1)):
        age(office, account, days)
    office.edit_account(made.over, valid_from=day(-9), valid_until=day(-1))
    office.edit_account(made.bare, macs=[])
    office.edit_account(made.any, because="検証機", allowlist="off")
    office.edit_account(made.kept, protected="変更前に薬剤部へ")
    office.call("account.lock", id=made.locked)
    return made


def review(lab, *options):
    done = run(lab, "--json", "account", "review", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def found(answer, account):
    return next((row["findings"] for row in answer["rows"] if row["id"] == account), None)


def canonical(answer):
    """The text whose SHA-256 is the list's hash, as policy/review_hash.h describes it."""
    asked = answer["question"]
    text = (f"sekisho account review 1\tunused={asked['unused_days']}\tending={asked['ending_days']}"
            f"\tvendor={asked['vendor'] or ''}\tall={int(asked['all'])}\n")
    for row in answer["rows"]:
        text += "\t".join([row["vendor"] or "", row["id"], row["family_name"], row["given_name"], row["email"],
                           row["kind"], row["valid_from"], row["valid_until"], str(row["macs"]), str(row["terminals"]),
                           ",".join(row["findings"])]) + "\n"
    return text.encode()


def test_a017_each_account_is_listed_with_what_there_is_to_find(office, stock):
    answer = review(office)
    assert found(answer, stock.fine) is None
    assert found(answer, stock.idle) == ["unused"]
    assert found(answer, stock.new) == ["never-used"]
    assert found(answer, stock.ending) == ["ends-soon"]
    assert found(answer, stock.over) == ["expired"]
    assert found(answer, stock.bare) == ["no-device", "no-terminal"]
    assert found(answer, stock.locked) == ["locked"]
    assert found(answer, stock.kept) == ["protected"]
    assert found(answer, stock.any) == ["any-device"]
    everybody = {account["id"] for account in office.call("account.list")["accounts"]}
    assert answer["accounts"] == len(everybody) and answer["findings"]["no-device"] == 1


def test_a017_days_and_vendor_can_be_chosen(office, stock):
    assert found(review(office, "--unused", "92"), stock.idle) is None
    assert found(review(office, "--ending", "9"), stock.ending) is None
    assert found(review(office, "--all"), stock.fine) == []
    assert {row["id"] for row in review(office, "--vendor", stock.x)["rows"]} == {stock.idle, stock.locked}
    refused = run(office, "account", "review", "--unused", "0")
    assert refused.returncode == 1 and "1 to 3650 days" in refused.stderr
    assert run(office, "account", "review", "--vendor", "none").returncode == 1


def test_a017_the_list_is_grouped_by_vendor(office, stock):
    vendors = [row["vendor"] for row in review(office)["rows"]]
    groups = [vendor for at, vendor in enumerate(vendors) if at == 0 or vendors[at - 1] != vendor]
    assert groups == [stock.y, stock.x, None]
    lines = run(office, "account", "review", language="ja_JP.UTF-8").stdout.splitlines()
    assert lines[0].split()[:2] == ["ベンダー", "アカウント"] and "確認事項" in lines[0]
    assert any(line.startswith(stock.x) and "長期間未使用" in line for line in lines)


def test_a017_csv_opens_in_excel(office, stock):
    office.edit_account(stock.bare, family_name="=1+1")
    done = run(office, "account", "review", "--csv", language="ja_JP.UTF-8")
    text = done.stdout
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text[1:])))
    assert rows[0] == ["ベンダー", "アカウント", "ユーザー名", "メールアドレス", "種別", "有効開始日", "有効終了日", "登録日時",
                       "最終接続日時", "MACアドレス", "接続端末", "確認事項"]
    by_id = {row[1]: row for row in rows[1:]}
    assert len(by_id) == len(review(office)["rows"]) and by_id[stock.bare][0] == stock.y
    assert by_id[stock.bare][2].startswith("'=1+1")
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@")]
    assert "SHA-256" in done.stderr and "SHA-256" not in text


def test_a017_the_hash_can_be_made_again_by_anybody(office, stock):
    for options in ((), ("--all",), ("--vendor", stock.x, "--unused", "30", "--ending", "0")):
        answer = review(office, *options)
        assert answer["list_hash"] == hashlib.sha256(canonical(answer)).hexdigest()


def command_below(done):
    """What is printed for whoever has checked the list."""
    line = re.search(r"sekisho-admin (account review sign .*)$", done.stderr, re.MULTILINE)[1]
    return [word.strip("'") for word in line.split()]


def test_a017_a_signature_is_recorded_with_who_and_over_which_list(office, stock):
    printed = run(office, "account", "review", "--unused", "60", "--vendor", stock.x)
    signed = run(office, *command_below(printed), "--note", "第3四半期")
    assert signed.returncode == 0, signed.stderr
    assert "(2 listed)" in signed.stdout
    row = json.loads(run(office, "--json", "account", "review", "signed").stdout)["rows"][0]
    assert row["list_hash"] in printed.stderr and row["by"].startswith("unix:")
    assert (row["note"], row["vendor"], row["unused_days"], row["listed"]) == ("第3四半期", stock.x, 60, 2)
    assert row["findings"]["locked"] == 1
    assert "第3四半期" in run(office, "account", "review", "signed").stdout
    logged = run(office, "log", "admin", "--action", "account.review_sign", "--csv", language="ja_JP.UTF-8").stdout
    assert "第3四半期" in logged and "失効までの日数" in logged, logged
    assert "_days" not in logged and not re.search(r"\dT\d\d:\d\d:\d\d\.?\d*Z", logged), logged
    assert run(office, "log", "verify").returncode == 0


def test_a017_a_list_that_has_changed_is_not_signed(office, stock):
    before = len(json.loads(run(office, "--json", "account", "review", "signed").stdout)["rows"])
    printed = run(office, "account", "review")
    office.edit_account(stock.fine, macs=[])
    refused = run(office, *command_below(printed))
    assert refused.returncode == 1 and "print it again" in refused.stderr
    other = run(office, *command_below(run(office, "account", "review")), "--unused", "91")
    assert other.returncode == 1
    rows = json.loads(run(office, "--json", "account", "review", "signed").stdout)["rows"]
    assert len(rows) == before


def test_a017_options_that_do_not_belong_together_are_usage(office, stock):
    assert run(office, "account", "review", "sign").returncode == 2
    assert run(office, "account", "review", "--note", "x").returncode == 2
    assert run(office, "account", "review", "signed", "--csv").returncode == 2
    assert run(office, "account", "review", "singed").returncode == 2
