"""A14: exports as jobs with a list of outputs, and their round trip through an import."""

import json
import os
import pathlib
import pwd
import stat
import subprocess

import pytest

from facility import Facility
from lab_parts.control import Refused
from lab_parts.identity import as_user
from lab_parts.processes import PATIENCE, wait_for
from spreadsheets import (HEADER, PASSWORD, RESULT, events, exported, good, imported, kill_gateway, read, row, run, stop_gateway,
                          write)

SEED_ROWS = [
    '998-operation-user01@nrasdev.onmicrosoft.com,operation,user01,operation-user01@nec.com,2024/12/1,2026/3/31,AA:BB:CC:DD:EE:FF,'
    '"888-us40685_002,998-operation-group01",8:30,17:30,承認後に許可,',
    "998-operation-user04@nrasdev.onmicrosoft.com,operation,user04,operation-user04@nec.com,2024/12/1,2026/3/31,00:11:22:33:44:55,"
    "888-us40685_002,,,拒否,",
    "998-operation-user12@nrasdev.onmicrosoft.com,operation,user12,operation-user12@nec.com,2024/12/1,2026/3/31,00:11:22:33:44:55,"
    ",,,常に許可,",
]
TWENTY = ",".join(f"02:00:5E:20:00:{i:02X}" for i in range(20))
OUR_ROW = f'998-our.engineer@nrasdev.onmicrosoft.com,斎藤,"花子, 次女",h.saito@vendor.example,2025/1/1,2027/1/1,"{TWENTY}",,22:00,6:00,拒否,'


@pytest.fixture
def seed_lab(request, folders):
    """The facility of the model system's manual, on the day of the new year."""
    facility = Facility(folders("seed"), build=request.config.getoption("--build"),
                        settings=["facility.domain=nrasdev.onmicrosoft.com"], clock="2025-01-01T09:00:00+09:00")
    facility.begin_test()
    for account in facility.call("account.list")["accounts"]:
        facility.call("account.delete", id=account["id"])
    for name in ("888-us40685_002", "998-operation-group01"):
        facility.admin.text("terminal", "add", name, "--address", "127.0.0.1")
    yield facility
    facility.close()


def test_a014_a015_rows_of_the_model_system_come_back_letter_by_letter(seed_lab, tmp_path):
    wanted = b"\xef\xbb\xbf" + "\r\n".join([HEADER, *SEED_ROWS, OUR_ROW, ""]).encode()
    path = tmp_path / "in.csv"
    path.write_bytes(wanted)
    first = imported(seed_lab, path)
    assert all(PASSWORD.fullmatch(one["初期パスワード"]) for one in first) and len(first[0]) == 16
    out = exported(seed_lab, tmp_path)
    with open(out, "rb") as file:
        assert file.read() == wanted
    before = events(seed_lab)
    again = imported(seed_lab, out)
    assert [[one[key] for key in RESULT] for one in again] == [["", "", "", ""]] * 4
    assert events(seed_lab) == before
    cp932 = exported(seed_lab, tmp_path, "--encoding", "cp932")
    before = events(seed_lab)
    with open(cp932, "rb") as file:
        assert file.read() == wanted[3:].decode().encode("cp932")
    assert all(one["更新内容"] == one["エラー内容"] == "" for one in imported(seed_lab, cp932))
    assert events(seed_lab) == before


def test_a014_characters_that_cp932_lacks_are_named(office, tmp_path):
    name = office.new_name("lacks")
    imported(office, write(tmp_path / "in.csv", [row(name, "𠮷田", "〜郎")]))
    done = run(office, "account", "export", "--output", tmp_path / "out.csv", "--encoding", "cp932")
    assert done.returncode == 1 and not (tmp_path / "out.csv").exists()
    assert f"998-{name}@example.jp, column 姓: CP932 has no character `𠮷` (U+20BB7)" in done.stderr and "`〜` (U+301C)" in done.stderr
    office.call("account.delete", id=name)


def test_a014_whatever_an_account_holds_an_export_imported_again_changes_nothing(office, tmp_path):
    """What was typed by hand: quotes, line breaks, apostrophes, formulas, blanks of every width within a text."""
    office.admin.text("vendor", "add", "O'Neil, Sons & 甲")
    terminal = office.call("terminal.add", name="998-=端末;(2)", address="127.0.0.1")["name"]
    notes = ["1行目、\"引用\"\n2行目, =1+1\n\n4行目", "'=x", "@佐藤へ\t先に"]
    names = ["''=x", "'", "山\u3000田", "a;=b", "O'Neil", "𠮷" * 30, "-"]
    for number, name in enumerate(names):
        account = office.new_name("odd")
        office.admin.text("account", "add", account, "--family-name", name, "--given-name", f"\"{number},\"", "--email", "'+x@v.example",
                          "--vendor", "O'Neil, Sons & 甲", "--terminal", terminal)
        office.call("account.edit", id=account, changes={"protected": notes[number % len(notes)]})
    for options in (["--extended"], []):
        path = exported(office, tmp_path, *options)
        before = events(office)
        result = imported(office, path)
        assert len(result) >= len(names) and all(one["更新内容"] == one["エラー内容"] == "" for one in result)
        assert events(office) == before
    for account in office.call("account.list", vendor="O'Neil, Sons & 甲")["accounts"]:
        office.call("account.delete", id=account["id"], override_protection=True)


def test_a014_all_accounts_whatever_the_filter_as_a_job_with_a_list(office, tmp_path):
    office.admin.text("account", "export", "--background")
    job = office.call("output.list")["outputs"][0]
    done = wait_for(lambda: next((one for one in office.call("output.list", state="done")["outputs"] if one["id"] == job["id"]), None),
                    PATIENCE, "the export is complete")
    listed = good(office, "export", "list", "--status", "done")
    assert "Complete" in listed and "3 days left" in listed and "unix:" in listed
    good(office, "export", "get", job["id"], "--output", tmp_path / "got.csv")
    assert stat.S_IMODE((tmp_path / "got.csv").stat().st_mode) == 0o600
    assert len((tmp_path / "got.csv").read_bytes()) == done["bytes"]
    assert len(read(tmp_path / "got.csv")) == len(office.call("account.list")["accounts"])
    folder = os.path.join(office.folder, "gateway", "var", "outputs")
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert {stat.S_IMODE(os.stat(os.path.join(folder, one)).st_mode) for one in os.listdir(folder)} == {0o600}
    good(office, "export", "delete", job["id"], "--yes")
    assert run(office, "export", "get", job["id"], "--output", tmp_path / "gone.csv").returncode == 1
    assert not (tmp_path / "gone.csv").exists() and f"{job['id']}.csv" not in os.listdir(folder)


def test_a014_who_asked_and_who_fetched_is_recorded(office, tmp_path):
    before = events(office)
    exported(office, tmp_path)
    assert events(office) == before + 2


@pytest.fixture
def audited(request, folders):
    """(a facility, how its auditor runs a command)"""
    lab = Facility(folders("audited"), build=request.config.getoption("--build"), settings=["roles.auditor.users=[games]"])
    lab.begin_test()

    def as_auditor(*arguments):
        return subprocess.run([*as_user(pwd.getpwnam("games").pw_uid), *lab.admin.command(*map(str, arguments))], text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                              env={**os.environ, "LC_ALL": "C.UTF-8"})
    yield lab, as_auditor
    lab.close()


def test_a014_a015_an_auditor_neither_exports_nor_imports(audited, folders):
    lab, as_auditor = audited
    account = lab.add_account()
    good(lab, "account", "export", "--background")
    output = lab.call("output.list")["outputs"][0]["id"]
    folder = folders("auditor")
    os.chmod(folder, 0o777)
    name = lab.new_name("auditor")
    path = write(pathlib.Path(folder, "in.csv"), [row(name), row(account, given="花子")])
    path.chmod(0o644)
    outputs = lab.call("output.list")["outputs"]
    for arguments in (("account", "export", "--output", f"{folder}/out.csv"), ("account", "export", "--background"), ("export", "list"),
                      ("export", "get", output, "--output", f"{folder}/got.csv"), ("export", "delete", output, "--yes"),
                      ("account", "import", path, "--yes"), ("account", "import", path, "--dry-run")):
        done = as_auditor(*arguments)
        assert done.returncode == 1 and "your role may not do this" in done.stdout, (arguments, done.stdout)
    assert not [one for one in os.listdir(folder) if one in ("out.csv", "got.csv")]
    assert [one["id"] for one in lab.call("output.list")["outputs"]] == [one["id"] for one in outputs]
    assert lab.call("account.show", id=account)["given_name"] != "花子"
    with pytest.raises(Refused):
        lab.call("account.show", id=name)


def test_a017_an_auditor_signs_the_list(audited):
    lab, as_auditor = audited
    lab.add_account()
    listed = json.loads(as_auditor("--json", "account", "review").stdout)
    signed = as_auditor("account", "review", "sign", "--list-hash", listed["list_hash"], "--note", "第1四半期")
    assert signed.returncode == 0, signed.stdout
    kept = lab.call("account.review_signed")["rows"][0]
    assert (kept["by"], kept["list_hash"], kept["note"]) == ("unix:games", listed["list_hash"], "第1四半期")
    # As refused to the auditor as before: what was found is for an administrator to mend.
    account = lab.call("account.list")["accounts"][0]["id"]
    assert as_auditor("account", "lock", account).returncode == 1


def test_a014_what_a_crash_leaves_has_failed_and_what_has_expired_is_gone(request, folders, tmp_path):
    lab = Facility(folders("crash"), build=request.config.getoption("--build"), settings=["exports.validity=5s"])
    try:
        lab.begin_test()
        folder = os.path.join(lab.folder, "gateway", "var", "outputs")
        exported(lab, tmp_path)
        job = lab.call("account.export")["output"]["id"]
        kill_gateway(lab)
        with open(os.path.join(folder, "77.part"), "wb"):
            pass
        lab.start_gateway_again()
        wait_for(lambda: not [one for one in os.listdir(folder) if one.endswith(".part")], PATIENCE, "unfinished files are gone")
        states = {one["id"]: one for one in lab.call("output.list")["outputs"]}
        # Complete, failed by the crash, or expired already: never running.
        assert states.get(job, {"state": "done"})["state"] in ("done", "failed")

        def empty():
            return not lab.call("output.list")["outputs"]
        wait_for(empty, PATIENCE, "everything has expired")
        stop_gateway(lab)
        lab.start_gateway_again()
        wait_for(lambda: not os.listdir(folder), PATIENCE, "expired files are gone")
    finally:
        lab.close()
