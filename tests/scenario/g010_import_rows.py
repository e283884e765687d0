"""A15, A18: what becomes of the rows of a CSV: accounts, edits, refusals, and their result file."""

import os
import pwd
import re
import stat
import subprocess

import pytest

from clerk import answer
from facility import Facility
from lab_parts.control import Refused
from lab_parts.identity import as_user
from spreadsheets import HEADER, KEYS, PASSWORD, RESULT, events, exported, good, imported, read, row, run, write

OFFICE_SETTINGS = ["linked_services=[Office365, VPN]"]


def test_a015_new_accounts_get_initial_passwords_once(office, tmp_path):
    name = office.new_name("new")
    path = write(tmp_path / "in.csv", [row(name, macs="aa-bb-cc-dd-ee-01 , 0200.5e10.0002")])
    first = imported(office, path)[0]
    assert list(first) == HEADER.split(",") + RESULT
    assert PASSWORD.fullmatch(first["初期パスワード"]) and PASSWORD.fullmatch(first["初期第二パスワード"])
    assert first["初期パスワード"] != first["初期第二パスワード"] and first["更新内容"] == first["エラー内容"] == ""
    account = office.call("account.show", id=name)
    assert account["macs"] == ["AA:BB:CC:DD:EE:01", "02:00:5E:10:00:02"] and account["kind"] == "engineer"
    assert account["allowlist"] == "enforced" and account["hours"] == "always"
    again = imported(office, path)[0]
    assert [again[key] for key in RESULT] == ["", "", "", ""]


def test_a015_result_is_for_its_owner_alone_and_never_over_a_file(office, tmp_path):
    path = write(tmp_path / "in.csv", [row(office.new_name("own"))])
    good(office, "account", "import", path, "--yes")
    assert stat.S_IMODE((tmp_path / "in-result.csv").stat().st_mode) == 0o600
    good(office, "account", "import", path, "--yes")
    assert (tmp_path / "in-result-2.csv").exists()
    before = (tmp_path / "in-result.csv").read_bytes()
    done = run(office, "account", "import", path, "--yes", "--result", tmp_path / "in-result.csv")
    assert done.returncode == 1 and "is there already" in done.stderr
    assert (tmp_path / "in-result.csv").read_bytes() == before


def test_a015_bad_rows_change_nothing_and_the_mended_result_goes_through(office, tmp_path):
    names = [office.new_name("mix") for _ in range(3)]
    rows = [row(names[0]), row(names[1], until="２０２７/１０/３１"), row(names[2], macs="not a mac")]
    path = write(tmp_path / "in.csv", rows)
    done = run(office, "account", "import", path, "--yes", "--result", tmp_path / "out.csv")
    assert done.returncode == 1
    assert "line 3, column F (有効終了日)" in done.stderr and "2027/10/31" in done.stderr and "full-width" in done.stderr
    assert "line 4, column G (MACアドレス)" in done.stderr
    with pytest.raises(Refused):
        office.call("account.show", id=names[1])
    result = read(tmp_path / "out.csv")
    assert [bool(one["エラー内容"]) for one in result] == [False, True, True]
    text = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    mended = tmp_path / "mended.csv"
    mended.write_text(text.replace("２０２７/１０/３１", "2027/10/31").replace("not a mac", "AA:BB:CC:DD:EE:02"), encoding="utf-8")
    result = imported(office, mended)
    assert [one["エラー内容"] for one in result] == ["", "", ""]
    assert [bool(one["初期パスワード"]) for one in result] == [False, True, True]
    assert list(result[0]) == HEADER.split(",") + RESULT


def test_a015_edits_say_what_they_changed_and_empty_cells_empty(office, tmp_path):
    name = office.new_name("edit")
    imported(office, write(tmp_path / "1.csv", [row(name, macs="AA:BB:CC:DD:EE:03", hours=("8:30", "17:30"), services="VPN")]))
    short = HEADER.rsplit(",", 1)[0]
    before = events(office)
    changed = imported(office, write(tmp_path / "2.csv", [row(name, mail="new@vendor.example", hours=("22:00", "6:00:00"))[:-1]], short))[0]
    assert "メールアドレス" in changed["更新内容"] and "new@vendor.example" in changed["更新内容"] and not changed["初期パスワード"]
    account = office.call("account.show", id=name)
    assert account["macs"] == [] and account["hours"] == "22:00-06:00" and account["services"] == ["VPN"]
    assert events(office) == before + 1
    imported(office, write(tmp_path / "3.csv", [row(name, mail="new@vendor.example")]))
    account = office.call("account.show", id=name)
    assert account["services"] == [] and account["hours"] == "always"


@pytest.mark.parametrize("header, cells, said", [
    (HEADER + ",電話番号", 13, "column M: there is no column `電話番号`"),
    (HEADER.replace(",メールアドレス", ""), 11, "`メールアドレス` is missing"),
    (HEADER.replace("終了時間,", ""), 11, "`終了時間` is missing"),
    (HEADER + ",mail", 13, "`メールアドレス` is there twice"),
    (HEADER + ",優先度", 13, None),
])
def test_a015_columns_are_refused_by_name(office, tmp_path, header, cells, said):
    path = write(tmp_path / "in.csv", [(row(office.new_name("head")) + [""])[:cells]], header)
    done = run(office, "account", "import", path, "--yes")
    assert done.returncode == (1 if said else 0), done.stderr
    assert not said or said in done.stderr


@pytest.mark.parametrize("change, column, said", [
    ({"hours": ("8:30", "")}, "J (終了時間)", "both times"),
    ({"hours": ("8:15", "9:00")}, "I (開始時間)", "minutes 00 or 30"),
    ({"until": "2031/1/1"}, "F (有効終了日)", "two years"),
    ({"mail": " "}, "D (メールアドレス)", "required"),
    ({"sharing": "許可"}, "K (ファイル共有)", "常に許可"),
    ({"terminals": "nowhere"}, "H (接続端末)", "terminal"),
    ({"services": "nothing"}, "L (認証連携先)", ""),
    ({"macs": ",".join(f"02:00:00:00:01:{i:02x}" for i in range(21))}, "G (MACアドレス)", "at most 20"),
    ({"given": "山" * 64}, "C (名)", "64"),
])
def test_a015_each_wrong_cell_names_line_column_and_rule(office, tmp_path, change, column, said):
    name = office.new_name("wrong")
    result = imported(office, write(tmp_path / "in.csv", [row(name, **change)]), status=1)[0]
    assert f"line 2, column {column}" in result["エラー内容"] and said in result["エラー内容"]
    with pytest.raises(Refused):
        office.call("account.show", id=name)


def test_a015_makes_engineers_only_and_never_changes_a_kind(office, tmp_path):
    header = HEADER + ",種別"
    name = office.new_name("kind")
    result = imported(office, write(tmp_path / "1.csv", [row(name) + ["管理者"]], header), status=1)[0]
    assert "column M (種別)" in result["エラー内容"]
    imported(office, write(tmp_path / "2.csv", [row(name) + ["エンジニア"]], header))
    result = imported(office, write(tmp_path / "3.csv", [row(name) + ["監査担当者"]], header), status=1)[0]
    assert "種別" in result["エラー内容"] and office.call("account.show", id=name)["kind"] == "engineer"


def test_a015_the_same_account_twice_is_refused(office, tmp_path):
    name = office.new_name("twice")
    result = imported(office, write(tmp_path / "in.csv", [row(name), row(f"998-{name.upper()}@example.jp", given="次郎")]), status=1)
    assert "line 2 already" in result[1]["エラー内容"] and office.call("account.show", id=name)["given_name"] == "太郎"


def test_a015_dry_run_shows_and_changes_nothing(office, tmp_path):
    name, there = office.new_name("dry"), office.add_account()
    before = events(office)
    path = write(tmp_path / "in.csv", [row(name), row(there, given="花子"), row("x y")])
    done = run(office, "account", "import", path, "--dry-run")
    assert done.returncode == 1 and f"{name}: new account" in done.stdout and "→ 花子" in done.stdout and "line 4" in done.stderr
    assert events(office) == before and os.listdir(tmp_path) == ["in.csv"]
    with pytest.raises(Refused):
        office.call("account.show", id=name)


def test_a015_asks_with_the_numbers_and_takes_no_for_an_answer(office, tmp_path):
    name = office.new_name("ask")
    path = write(tmp_path / "in.csv", [row(name)])
    assert run(office, "account", "import", path).returncode == 1
    seen, status = answer(office, "n", "account", "import", str(path))
    assert status == 1
    assert re.search(r"New accounts +1", seen) and os.listdir(tmp_path) == ["in.csv"]
    with pytest.raises(Refused):
        office.call("account.show", id=name)


def test_a015_vendor_priority_protection_and_lock_by_extended_columns(office, tmp_path):
    office.admin.text("vendor", "add", "甲医療")
    terminals = [office.add_terminal(9, trust=False) for _ in range(2)]
    terminals.sort()
    name, plain = office.new_name("ext"), office.new_name("ext")
    header = HEADER + ",種別,ベンダー,優先度,保護,ロック"
    rows = [row(name, terminals=",".join(terminals)) + ["", "", "0,7", "止めると検査が止まる", "ロック中"], row(plain) + [""] * 5]
    imported(office, write(tmp_path / "1.csv", rows, header), "--vendor", "甲医療")
    account = office.call("account.show", id=name)
    assert account["vendor"] == "甲医療" and account["priorities"] == {terminals[1]: 7} and account["locked"]
    assert account["protected"] == "止めると検査が止まる" and office.call("account.show", id=plain)["vendor"] == "甲医療"
    path = exported(office, tmp_path, "--extended")
    assert list(read(path)[0]) == header.split(",")
    mine = next(one for one in read(path) if name in one["アカウント"])
    assert [mine[key] for key in ("種別", "ベンダー", "優先度", "保護", "ロック")] == ["エンジニア", "甲医療", "0,7", "止めると検査が止まる", "ロック中"]
    before = events(office)
    assert all(one["更新内容"] == one["エラー内容"] == "" for one in imported(office, path))
    assert events(office) == before
    refused = imported(office, write(tmp_path / "2.csv", [row(name)]), status=1)[0]
    assert "止めると検査が止まる" in refused["エラー内容"]
    imported(office, write(tmp_path / "3.csv", [row(name)]), "--override-protection")
    assert office.call("account.show", id=name)["terminals"] == []


def test_a015_what_somebody_else_changed_meanwhile_is_refused(office, tmp_path):
    name = office.add_account()
    path = exported(office, tmp_path)
    created = office.call("output.list")["outputs"][0]["created"]
    office.edit_account(name, given_name="花子")
    # By the same person it is no conflict; the version is another's only if somebody else made it.
    imported(office, path, "--unless-changed-since", created)
    assert office.call("account.show", id=name)["given_name"] == "太郎"


def test_a015_another_persons_change_since_then_is_refused_with_who_and_when(request, folders, tmp_path):
    lab = Facility(folders("two"), build=request.config.getoption("--build"), settings=["roles.admin.users=[games]"])
    try:
        lab.begin_test()
        name, other = lab.add_account(), lab.add_account()
        path = exported(lab, tmp_path)
        created = lab.call("output.list")["outputs"][0]["created"]
        done = subprocess.run([*as_user(pwd.getpwnam("games").pw_uid), *lab.admin.command("account", "edit", name, "--given-name", "花子")],
                              text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        assert done.returncode == 0, done.stdout
        updated = lab.call("account.show", id=name)["updated"]
        rows = imported(lab, path, "--unless-changed-since", created, status=1)
        errors = {one["アカウント"]: one["エラー内容"] for one in rows}
        refused = next(text for account, text in errors.items() if name in account)
        assert "unix:games" in refused and "export it again" in refused and updated[:10] in refused, (refused, updated)
        assert next(text for account, text in errors.items() if other in account) == ""
        assert lab.call("account.show", id=name)["given_name"] == "花子"
        imported(lab, path)
        assert lab.call("account.show", id=name)["given_name"] != "花子"
    finally:
        lab.close()


def test_a015_a_day_that_is_none_is_shown_as_it_stands_in_the_file(office, tmp_path):
    name = office.new_name("feb")
    line = row(name)
    line[HEADER.split(",").index("有効終了日")] = "2027/2/29"
    refused = imported(office, write(tmp_path / "1.csv", [line]), status=1)[0]
    assert "2027/2/29" in refused["エラー内容"] and "YYYY/M/D" in refused["エラー内容"]
    assert "2027-02-29" not in refused["エラー内容"]


def test_a018_undelivered_passwords_of_a_protected_account_are_made_anew_with_the_override_alone(office, tmp_path):
    name = office.new_name("pass")
    path = write(tmp_path / "1.csv", [row(name)])
    cells = dict(zip(KEYS, row(name), strict=True))
    made = office.call("account.import", rows=[{"line": 2, "cells": cells}])["rows"][0]
    assert made["what"] == "added"
    office.edit_account(name, protected="止めると検査が止まる")
    before = events(office)
    for dry_run in (True, False):
        again = office.call("account.import", rows=[{"line": 2, "cells": cells}], dry_run=dry_run)["rows"][0]
        assert again["what"] == "refused" and "止めると検査が止まる" in again["error"]["message"]
    assert events(office) == before
    assert imported(office, path, "--override-protection")[0]["初期パスワード"]
