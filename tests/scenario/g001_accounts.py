"""Accounts (A1-A9, A11-A13, A16, A18, A20) by sekisho-admin, against the real daemon."""

import datetime
import json
import os
import socket
import tempfile
import threading

import pytest

from clerk import answer, run
from facility import Facility
from lab_parts.control import Refused


@pytest.fixture(scope="module")
def clinic(request):
    """A gateway that links accounts with two services."""
    with tempfile.TemporaryDirectory(prefix="sekisho-clinic-") as folder:
        os.chmod(folder, 0o755)
        facility = Facility(os.path.join(folder, "lab"), build=request.config.getoption("--build"),
                            settings=["linked_services=[mail, 院内ポータル]"])
        facility.begin_test()
        yield facility
        facility.close()


def new_account(lab, *options, given="太郎", family="山田"):
    account = lab.new_name("taro")
    lab.admin.text("account", "add", account, "--family-name", family, "--given-name", given,
                   "--email", account + "@vendor.example", *options)
    return account


def show(lab, account):
    return json.loads(run(lab, "--json", "account", "show", account).stdout)


def refused(lab, *arguments, says):
    """Exit 1, with every word in what the person is told."""
    done = run(lab, *arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    for words in says:
        assert words in done.stderr
    return done.stderr


def listed(lab, *options):
    return [account["id"] for account in json.loads(run(lab, "--json", "account", "list", *options).stdout)["accounts"]]


def day(days):
    return (datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=9))).date()
            + datetime.timedelta(days=days)).isoformat()


# A1-A9: what an account is


@pytest.mark.parametrize("form", ["{id}", "{full}", "  {id}  ", "{upper}"])
def test_a001_the_typed_part_and_the_full_form_are_both_read(clinic, form):
    account = new_account(clinic)
    full = show(clinic, account)["full_id"]
    assert account in full and "@" in full
    assert show(clinic, form.format(id=account, full=full, upper=account.upper()))["id"] == account


@pytest.mark.parametrize("bad", ["", "a" * 61, "山田", "ta ro", "ｔａｒｏ", "a/b"])
def test_a001_other_ids_are_refused_with_value_rule_and_example(clinic, bad):
    refused(clinic, "account", "add", bad, "--family-name", "a", "--given-name", "b", "--email", "c@d.example",
            says=["ACCOUNT", "1 to 60 half-width", "example:", "taro.yamada"])


def test_a001_an_id_is_unique_in_whatever_case_and_never_changes(clinic):
    account = new_account(clinic)
    refused(clinic, "account", "add", account.upper(), "--family-name", "a", "--given-name", "b", "--email",
            "c@d.example", says=[account.upper()])
    with pytest.raises(Refused) as refusal:
        clinic.edit_account(account, id="other")
    assert "never changes" in refusal.value.message
    assert show(clinic, account)["id"] == account


def test_a002_names_and_address_have_their_limits(clinic):
    account = new_account(clinic, family="あ" * 63, given="い")
    assert show(clinic, account)["family_name"] == "あ" * 63
    refused(clinic, "account", "edit", account, "--given-name", "いう", says=["--given-name", "at most 64"])
    refused(clinic, "account", "edit", account, "--email", "a" * 60 + "@b.jp", says=["--email", "at most 64"])
    refused(clinic, "account", "edit", account, "--email", "nobody", says=["found:", "nobody", "example:"])
    other = new_account(clinic)
    clinic.admin.text("account", "edit", other, "--email", show(clinic, account)["email"])


def test_a003_validity_is_at_most_two_years_and_may_be_over(clinic):
    account = new_account(clinic, "--valid-from", "2020-02-29", "--valid-until", "2021-02-28")
    shown = show(clinic, account)
    assert (shown["state"], shown["expired"]) == ("expired", True)
    refused(clinic, "account", "edit", account, "--valid-until", day(740),
            says=["--valid-until", day(740), "two years from today"])
    refused(clinic, "account", "edit", account, "--valid-until", "2020-02-28", says=["not before valid_from"])
    refused(clinic, "account", "edit", account, "--valid-from", "2021-02-29", says=["2021-02-29", "YYYY-MM-DD"])
    assert show(clinic, account)["valid_until"] == "2021-02-28"


def test_a004_addresses_are_read_in_three_forms_up_to_twenty(clinic):
    account = new_account(clinic, "--mac", "02-00-5e-00-00-01,0200.5E00.0002", "--mac", "02:00:5e:00:00:03")
    assert show(clinic, account)["macs"] == [f"02:00:5E:00:00:0{n}" for n in (1, 2, 3)]
    clinic.admin.text("account", "edit", account, "--add-mac", ",".join(f"02:00:5E:00:01:{n:02X}" for n in range(17)))
    refused(clinic, "account", "edit", account, "--add-mac", "02:00:5E:00:02:00", says=["(--add-mac)", "at most 20 addresses"])
    refused(clinic, "account", "edit", account, "--remove-mac", "02:00:5E:00:03:00", says=["(--remove-mac)", "02:00:5E:00:03:00"])
    refused(clinic, "account", "edit", account, "--add-terminal", "nowhere", says=["(--add-terminal)", "nowhere"])
    refused(clinic, "account", "edit", account, "--mac", "x", says=["(--mac)"])
    clinic.admin.text("account", "edit", account, "--remove-mac", "0200.5e00.0001", "--add-mac", "02:00:5E:00:02:00")
    macs = show(clinic, account)["macs"]
    assert len(macs) == 20 and "02:00:5E:00:00:01" not in macs and "02:00:5E:00:02:00" in macs
    refused(clinic, "account", "edit", account, "--remove-mac", "02-00-5E-00-00-01",
            says=["02-00-5E-00-00-01", "an address that the account has"])


def test_a004_the_allowlist_goes_off_with_a_reason_and_is_marked_in_the_list(clinic):
    account = new_account(clinic)
    refused(clinic, "account", "edit", account, "--allowlist", "off", says=["--because"])
    clinic.admin.text("account", "edit", account, "--allowlist", "off", "--because", "装置交換")
    row = next(line for line in run(clinic, "account", "list").stdout.splitlines() if f" {account} " in line)
    assert "ANY DEVICE" in row
    assert listed(clinic, "--allowlist-off") == [account]
    clinic.admin.text("account", "edit", account, "--allowlist", "enforced")
    assert listed(clinic, "--allowlist-off") == []


def test_a005_terminals_are_added_and_taken_away_one_by_one(clinic):
    first, second = (clinic.add_terminal(9, trust=False) for _ in range(2))
    account = new_account(clinic, "--terminal", first)
    clinic.admin.text("account", "edit", account, "--add-terminal", second, "--remove-terminal", first)
    assert show(clinic, account)["terminals"] == [second]
    refused(clinic, "account", "edit", account, "--remove-terminal", first, says=[first, "assigned to the account"])
    refused(clinic, "account", "edit", account, "--add-terminal", "どこにもない", says=["どこにもない"])
    clinic.admin.text("account", "edit", account, "--terminal", "")
    assert show(clinic, account)["terminals"] == []


@pytest.mark.parametrize("hours", ["08:15-17:00", "09:00-09:00", "9-17", "24:00-08:00"])
def test_a006_hours_come_in_half_hours(clinic, hours):
    account = new_account(clinic, "--hours", "22:30-05:00")
    refused(clinic, "account", "edit", account, "--hours", hours, says=["--hours", hours, "30 minutes", "08:30-17:30"])
    assert show(clinic, account)["hours"] == "22:30-05:00"


def test_a007_the_file_sharing_right_is_one_of_three(clinic):
    account = new_account(clinic)
    for right in ("always", "after-approval", "deny"):
        clinic.admin.text("account", "edit", account, "--file-sharing", right)
        assert show(clinic, account)["file_sharing"] == right
    assert run(clinic, "account", "edit", account, "--file-sharing", "maybe").returncode == 2


def test_a008_linked_services_are_those_of_the_settings(clinic):
    account = new_account(clinic, "--service", "院内ポータル")
    clinic.admin.text("account", "edit", account, "--add-service", "mail")
    assert show(clinic, account)["services"] == ["mail", "院内ポータル"]
    refused(clinic, "account", "edit", account, "--add-service", "fax", says=["fax", "linked_services"])
    with pytest.raises(Refused) as refusal:
        clinic.edit_account(account, add_services=["fax"])
    assert "mail" in refusal.value.message and refusal.value.data["field"] == "add_services"
    clinic.admin.text("account", "edit", account, "--remove-service", "mail")
    assert show(clinic, account)["services"] == ["院内ポータル"]


def test_a009_administrators_have_no_terminal_and_stay(clinic):
    terminal = clinic.add_terminal(9, trust=False)
    boss, other = (new_account(clinic, "--kind", "admin") for _ in range(2))
    refused(clinic, "account", "edit", boss, "--add-terminal", terminal, says=["administrator"])
    refused(clinic, "terminal", "edit", terminal, "--add-account", boss, says=["administrator"])
    refused(clinic, "account", "delete", boss, "--yes", says=["cannot be deleted"])
    clinic.admin.text("account", "lock", other)
    for change in (["lock", boss], ["edit", boss, "--kind", "engineer"]):
        refused(clinic, "account", *change, says=["last administrator"])
    clinic.admin.text("account", "unlock", other)
    clinic.admin.text("account", "edit", boss, "--kind", "auditor")
    clinic.admin.text("account", "edit", other, "--unprotect", "--email", "x@y.example")
    engineer = new_account(clinic, "--terminal", terminal)
    refused(clinic, "account", "edit", engineer, "--kind", "admin", says=["remove its 1 terminals"])


# A11, A12: changing and deleting


def test_a011_everything_but_the_id_is_edited_at_once_or_not_at_all(clinic):
    account = new_account(clinic)
    before = show(clinic, account)
    refused(clinic, "account", "edit", account, "--email", "new@vendor.example", "--hours", "1-2", says=["--hours"])
    assert show(clinic, account) == before
    clinic.admin.text("account", "edit", account, "--email", "new@vendor.example", "--family-name", "佐藤",
                      "--hours", "08:30-17:30", "--max-sessions", "2")
    shown = show(clinic, account)
    assert (shown["email"], shown["family_name"], shown["given_name"]) == ("new@vendor.example", "佐藤", "太郎")
    assert (shown["version"], shown["max_sessions"]) == (before["version"] + 1, 2)


def test_a011_an_edit_that_changes_nothing_says_so_and_is_no_event(clinic):
    account = new_account(clinic)
    before = show(clinic, account)
    said = clinic.admin.text("account", "edit", account, "--email", before["email"])
    assert "Nothing has changed" in said
    assert show(clinic, account) == before


def test_a011_the_second_of_two_who_edit_at_once_is_told_what_differs(clinic):
    account = new_account(clinic)
    seen = str(show(clinic, account)["version"])
    clinic.admin.text("account", "edit", account, "--email", "first@vendor.example", "--if-version", seen)
    told = refused(clinic, "account", "edit", account, "--email", "second@vendor.example", "--if-version", seen,
                   says=["unix:", "email", "first@vendor.example", "version 2", "not 1"])
    assert day(0)[:4] in told
    assert show(clinic, account)["email"] == "first@vendor.example"
    terminal = clinic.add_terminal(9, trust=False)
    seen = str(clinic.call("terminal.show", name=terminal)["version"])
    clinic.admin.text("terminal", "edit", terminal, "--note", "一人目", "--if-version", seen)
    refused(clinic, "terminal", "edit", terminal, "--note", "二人目", "--if-version", seen, says=["note", "一人目"])


def test_a012_deleting_shows_who_it_is_and_cannot_be_undone(clinic):
    account = new_account(clinic)
    seen, status = answer(clinic, "n", "account", "delete", account)
    assert status == 1 and account in seen and "山田 太郎" in seen and account + "@vendor.example" in seen
    assert "cannot be undone" in seen
    clinic.admin.text("account", "delete", account, "--yes")
    refused(clinic, "account", "show", account, says=[account])


# A13: lists


@pytest.fixture(scope="module")
def crowd(clinic):
    """Forty accounts whose ids begin alike, of a vendor, on a terminal."""
    vendor, terminal = clinic.new_name("列ベンダー"), clinic.add_terminal(9, trust=False)
    clinic.call("vendor.add", name=vendor, kind="general")
    ids = [f"crowd.{n:02}" for n in range(40)]
    for n, account in enumerate(ids):
        clinic.call("account.add", id=account, family_name="Müller" if n % 2 else "高橋", given_name=f"番号{n:02}",
                    email=f"{39 - n:02}@crowd.example", valid_from="2026-01-01", valid_until=f"2026-0{1 + n % 9}-15",
                    terminals=[terminal] if n < 10 else [], vendor=vendor,
                    file_sharing="always" if n < 5 else "deny")
    return {"ids": ids, "vendor": vendor, "terminal": terminal}


@pytest.mark.parametrize(("words", "count"), [
    ("crowd.", 40), ("CROWD.0", 10), ("ＣＲＯＷＤ．０７", 1), ("müller", 20), ("ＭÜLLER 番号01", 1), ("高橋番号02", 1),
    ("39@crowd", 1), ("nobody at all", 0)])
def test_a013_search_finds_parts_of_ids_names_and_addresses(clinic, crowd, words, count):
    assert len(crowd["ids"]) == 40 and len(listed(clinic, words)) == count


def test_a013_filters_narrow_the_list(clinic, crowd):
    assert listed(clinic, "--terminal", crowd["terminal"]) == crowd["ids"][:10]
    assert listed(clinic, "--vendor", crowd["vendor"]) == crowd["ids"]
    assert listed(clinic, "crowd", "--vendor", "") == []
    assert listed(clinic, "crowd", "--file-sharing", "always") == crowd["ids"][:5]
    assert set(listed(clinic, "crowd", "--state", "expired")).issubset(crowd["ids"])
    clinic.admin.text("account", "lock", "crowd.03")
    assert listed(clinic, "crowd", "--state", "locked") == ["crowd.03"]
    clinic.admin.text("account", "unlock", "crowd.03")
    assert listed(clinic, "crowd", "--kind", "auditor") == []
    refused(clinic, "account", "list", "--vendor", "いない会社", says=["いない会社"])


def test_a013_every_column_sorts_both_ways(clinic, crowd):
    assert listed(clinic, "crowd", "--sort", "email") == crowd["ids"][::-1]
    assert listed(clinic, "crowd", "--reverse") == crowd["ids"][::-1]
    by_end = json.loads(run(clinic, "--json", "account", "list", "crowd", "--sort", "valid_until").stdout)["accounts"]
    assert [row["valid_until"] for row in by_end] == sorted(row["valid_until"] for row in by_end)
    for column in ("id", "name", "email", "kind", "state", "expired", "valid_from", "valid_until", "hours_from",
                   "hours_until", "allowlist", "macs", "terminals", "file_sharing", "services", "vendor",
                   "max_sessions", "protected", "locked", "last_session", "created", "updated"):
        up, down = listed(clinic, "crowd", "--sort", column), listed(clinic, "crowd", "--sort", column, "--reverse")
        assert up == down[::-1] and set(up) == set(crowd["ids"]), column
    assert run(clinic, "account", "list", "--sort", "colour").returncode == 2


@pytest.mark.parametrize("sort", ["id", "valid_until", "macs"])
def test_a013_pages_neither_repeat_nor_leave_out(clinic, crowd, sort):
    got, after = [], None
    while True:
        page = clinic.call("account.list", search="crowd.", sort=sort, most=7, **({"after": after} if after else {}))
        got += [account["id"] for account in page["accounts"]]
        after = page["next"]
        if after is None:
            break
        assert len(page["accounts"]) == 7
    assert sorted(got) == crowd["ids"]
    with pytest.raises(Refused):
        clinic.call("account.list", after="nonsense")


def test_a013_a_list_that_breaks_off_is_an_error_and_no_half_of_an_object(clinic, tmp_path):
    """The gateway goes away between two pages."""
    def serve(listener):
        peer, _ = listener.accept()
        with peer, peer.makefile("r", encoding="utf-8") as lines:
            asked = json.loads(next(lines))
            answer = {"jsonrpc": "2.0", "id": asked["id"], "result": {"accounts": [{"id": "taro"}], "next": "taro"}}
            peer.sendall(json.dumps(answer).encode() + b"\n")
            next(lines)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "half.sock"))
        listener.listen(1)
        gateway = threading.Thread(target=serve, args=(listener,))
        gateway.start()
        done = run(clinic, "--socket", tmp_path / "half.sock", "--json", "account", "list")
        gateway.join()
    assert done.returncode != 0
    assert set(json.loads(done.stdout)) == {"error"}


def test_a013_the_list_has_the_columns_of_the_model_in_japanese(clinic, crowd):
    head, *rows = run(clinic, "account", "list", crowd["ids"][0], language="ja_JP.UTF-8").stdout.splitlines()
    words = ["失効", "アカウント", "ユーザー名", "メールアドレス", "有効開始日", "有効終了日", "MACアドレス", "接続端末",
             "開始時間", "終了時間", "ファイル共有権限", "認証連携先"]
    places = [head.index(word) for word in words]
    assert places == sorted(places) and len(rows) == 1
    assert rows[0].startswith("失効") and "--:--" in rows[0] and "常に許可" in rows[0]


# A16: the last day of many at once


def test_a016_extend_shows_first_and_asks(clinic):
    accounts = [new_account(clinic) for _ in range(3)]
    dry = run(clinic, "account", "extend", *accounts, "--until", day(100), "--dry-run")
    assert dry.returncode == 0 and all(account in dry.stdout for account in accounts) and "3 would be changed" in dry.stdout
    seen, status = answer(clinic, "n", "account", "extend", *accounts, "--until", day(100))
    assert status == 1 and accounts[0] in seen and day(100) in seen
    assert all(show(clinic, account)["valid_until"] != day(100) for account in accounts)
    assert "--yes" in run(clinic, "account", "extend", *accounts, "--until", day(100)).stderr
    done = run(clinic, "account", "extend", *accounts, "--until", day(100), "--yes")
    assert done.returncode == 0 and "3 changed" in done.stdout
    assert all(show(clinic, account)["valid_until"] == day(100) for account in accounts)
    again = run(clinic, "account", "extend", *accounts, "--until", day(100), "--yes")
    assert again.returncode == 0 and "0 would be changed, 3 end on that day already" in again.stdout


def test_a016_each_account_has_its_own_result(clinic):
    plain = new_account(clinic)
    later = new_account(clinic, "--valid-from", day(200), "--valid-until", day(300))
    kept = new_account(clinic, "--protect", "検査装置の保守契約。佐藤へ連絡")
    done = run(clinic, "account", "extend", plain, later, kept, "nobody.here", "--until", day(100), "--yes")
    assert done.returncode == 1
    assert "1 changed, 0 ended on that day already, 3 refused" in done.stdout
    for words in ("not before valid_from", "佐藤へ連絡", "nobody.here"):
        assert words in done.stdout + done.stderr
    assert show(clinic, plain)["valid_until"] == day(100) and show(clinic, later)["valid_until"] == day(300)
    assert show(clinic, kept)["valid_until"] != day(100)
    over = run(clinic, "account", "extend", kept, "--until", day(100), "--override-protection", "--yes")
    assert over.returncode == 0 and show(clinic, kept)["valid_until"] == day(100)


def test_a016_extend_takes_a_file_or_a_filter(clinic, crowd, tmp_path):
    path = tmp_path / "ids.txt"
    path.write_bytes("\ufeff# 四月の一括登録\r\ncrowd.00\r\n\r\n998-crowd.01\r\n".encode())
    path.write_text(path.read_text(encoding="utf-8").replace("998-", ""), encoding="utf-8")
    done = run(clinic, "account", "extend", "--file", str(path), "--until", day(50), "--yes")
    assert done.returncode == 0, done.stderr
    assert [show(clinic, account)["valid_until"] for account in crowd["ids"][:3]].count(day(50)) == 2
    done = run(clinic, "--json", "account", "extend", "--terminal", crowd["terminal"], "--until", day(51), "--yes")
    results = json.loads(done.stdout)["results"]
    assert [row["account"] for row in results] == crowd["ids"][:10] and {row["result"] for row in results} == {"changed"}
    mixed = run(clinic, "account", "extend", "crowd.00", "--terminal", crowd["terminal"], "--until", day(51))
    assert mixed.returncode == 2
    assert run(clinic, "account", "extend", "--until", day(51), "--yes").returncode == 2


def test_a016_the_two_year_rule_is_said_once(clinic):
    account = new_account(clinic)
    told = refused(clinic, "account", "extend", account, "--until", day(800), "--yes", says=["two years from today"])
    assert told.count("two years") == 1


# A18: protection

NOTE = "透析装置の保守。変更すると再設定に半日かかる。先に臨床工学 佐藤（内線2210）へ"


def test_a018_a_protected_account_is_changed_and_deleted_with_the_override_alone(clinic):
    terminal = clinic.add_terminal(9, trust=False)
    account = new_account(clinic, "--terminal", terminal)
    clinic.admin.text("account", "edit", account, "--protect", NOTE)
    before = show(clinic, account)
    assert before["protected"] == NOTE and listed(clinic, "--protected").count(account) == 1
    for change in (["edit", account, "--email", "x@y.example"], ["lock", account], ["delete", account, "--yes"],
                   ["edit", account, "--unprotect"]):
        refused(clinic, "account", *change, says=[NOTE, "--override-protection"])
    refused(clinic, "terminal", "edit", terminal, "--remove-account", account, says=[NOTE])
    refused(clinic, "terminal", "delete", terminal, "--yes", says=[NOTE])
    assert show(clinic, account) == before
    assert "Nothing has changed" in clinic.admin.text("account", "edit", account, "--email", before["email"])
    clinic.admin.text("account", "edit", account, "--email", "x@y.example", "--override-protection")
    assert show(clinic, account)["email"] == "x@y.example"
    clinic.admin.text("account", "edit", account, "--unprotect", "--override-protection")
    clinic.admin.text("account", "delete", account, "--yes")


def test_a018_a_protected_terminal_keeps_its_address(clinic):
    terminal = clinic.add_terminal(9, trust=False)
    account = new_account(clinic)
    clinic.admin.text("terminal", "edit", terminal, "--protect", NOTE)
    for change in (["edit", terminal, "--address", "10.1.2.3"], ["edit", terminal, "--port", "3390"],
                   ["delete", terminal, "--yes"]):
        refused(clinic, "terminal", *change, says=[NOTE, "--override-protection"])
    clinic.admin.text("terminal", "edit", terminal, "--add-account", account)
    assert show(clinic, account)["terminals"] == [terminal]
    clinic.admin.text("terminal", "edit", terminal, "--port", "3390", "--override-protection")
    shown = clinic.call("terminal.show", name=terminal)
    assert (shown["port"], shown["protected"]) == (3390, NOTE)
    clinic.admin.text("terminal", "delete", terminal, "--yes", "--override-protection")


def test_a018_an_empty_note_is_none(clinic):
    account = new_account(clinic)
    refused(clinic, "account", "edit", account, "--protect", " ", says=["--protect", "whom to ask first", "example:"])
    assert "whom to ask first" in run(clinic, "account", "edit", "--help").stdout.replace("\n", " ")


# A20: priorities and limits


def test_a020_priorities_and_session_limits_are_kept(clinic):
    first, second = (clinic.add_terminal(9, trust=False) for _ in range(2))
    account = new_account(clinic, "--terminal", first, "--terminal", second, "--priority", f"{first}=7",
                          "--max-sessions", "3")
    assert show(clinic, account)["priorities"] == {first: 7}
    clinic.admin.text("account", "edit", account, "--priority", f"{first}=0", "--priority", f"{second}=9")
    assert show(clinic, account)["priorities"] == {second: 9}
    clinic.admin.text("account", "edit", account, "--terminal", f"{first},{second}")
    assert show(clinic, account)["priorities"] == {second: 9}
    assert f"{second} 9" in run(clinic, "account", "show", account).stdout
    assert run(clinic, "account", "edit", account, "--priority", f"{first}=10").returncode == 2
    refused(clinic, "account", "edit", account, "--max-sessions", "1001", says=["--max-sessions", "1001", "0 (no limit)"])
    clinic.admin.text("account", "edit", account, "--remove-terminal", second)
    refused(clinic, "account", "edit", account, "--priority", f"{second}=1", says=[second, "assigned to the account"])


def test_a019_an_account_belongs_to_a_vendor_that_there_is(clinic, crowd):
    account = new_account(clinic, "--vendor", crowd["vendor"])
    assert show(clinic, account)["vendor"] == crowd["vendor"]
    refused(clinic, "account", "edit", account, "--vendor", "いない会社", says=["いない会社", "a vendor that there is"])
    clinic.admin.text("account", "edit", account, "--vendor", "")
    assert show(clinic, account)["vendor"] is None
