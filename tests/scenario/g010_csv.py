"""A14, A15: accounts as spreadsheets have them, in and out."""

import contextlib
import csv
import io
import json
import os
import pathlib
import pty
import pwd
import re
import signal
import stat
import subprocess
import tempfile

import pytest

from facility import Facility
from lab_parts.control import Refused
from lab_parts.identity import as_user
from lab_parts.processes import alive, wait_for

HEADER = "アカウント,姓,名,メールアドレス,有効開始日,有効終了日,MACアドレス,接続端末,開始時間,終了時間,ファイル共有,認証連携先"
KEYS = ["account", "family_name", "given_name", "email", "valid_from", "valid_until", "macs", "terminals", "start", "end", "file_sharing",
        "services"]
RESULT = ["初期パスワード", "初期第二パスワード", "更新内容", "エラー内容"]
PASSWORD = re.compile(r"[a-zA-Z][a-zA-Z0-9]{5}(-[a-zA-Z0-9]{6}){2}")


@pytest.fixture(scope="module")
def office(request):
    """A gateway without jump hosts."""
    with tempfile.TemporaryDirectory(prefix="sekisho-csv-") as folder:
        os.chmod(folder, 0o755)
        facility = Facility(os.path.join(folder, "lab"), build=request.config.getoption("--build"),
                            settings=["linked_services=[Office365, VPN]"])
        facility.begin_test()
        yield facility
        facility.close()


def run(lab, *arguments, language="C.UTF-8", **more):
    environment = {**os.environ, "LC_ALL": language}
    return subprocess.run(lab.admin.command(*map(str, arguments)), text=True, check=False, timeout=120, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def good(lab, *arguments):
    done = run(lab, *arguments)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def row(account, family="山田", given="太郎", mail=None, start="2026/1/1", until="2027/10/31", macs="", terminals="", hours=("", ""),
        sharing="拒否", services=""):
    return [account, family, given, mail or f"{account.split('@')[0]}@vendor.example", start, until, macs, terminals, *hours, sharing,
            services]


def text_of(rows, header=HEADER, end="\n"):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end)
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return out.getvalue()


def write(path, rows, header=HEADER, encoding="utf-8", end="\n"):
    path.write_bytes(text_of(rows, header, end).encode(encoding))
    return path


def read(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def imported(lab, path, *options, status=0):
    """The rows of the result file."""
    result = str(path) + f".result{next(Facility.numbers)}"
    done = run(lab, "account", "import", path, "--yes", "--result", result, *options)
    assert done.returncode == status, done.stderr + done.stdout
    return read(result)


def exported(lab, folder, *options):
    path = os.path.join(folder, f"export{next(Facility.numbers)}.csv")
    good(lab, "account", "export", "--output", path, *options)
    return path


def kill_gateway(lab, number=signal.SIGKILL):
    os.kill(lab.gateway_process["pid"], number)
    wait_for(lambda: not alive(lab.gateway_process), 10, "the gateway has ended")


def stop_gateway(lab):
    kill_gateway(lab, signal.SIGTERM)


def events(lab):
    return lab.call("log.verify")["events"]


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
    result = imported(office, write(tmp_path / "3.csv", [row(name) + ["監査者"]], header), status=1)[0]
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
    child, terminal = pty.fork()
    if child == 0:
        os.environ["LC_ALL"] = "C.UTF-8"
        os.execvp(office.admin.command()[0], office.admin.command("account", "import", str(path)))
    seen = b""
    with contextlib.suppress(OSError):
        while got := os.read(terminal, 4096):
            seen += got
            if b"[y/N]" in seen and b"\nn" not in seen:
                os.write(terminal, b"n\n")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert re.search(r"New accounts +1", seen.decode()) and os.listdir(tmp_path) == ["in.csv"]
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


def excel_style(rows):
    return b"\xef\xbb\xbf" + text_of(rows, end="\r\n").encode("utf-8")


@pytest.mark.parametrize("style", ["excel-cp932", "excel-utf8", "libreoffice", "no-last-line-end", "short-rows"])
def test_a015_files_of_excel_and_libreoffice(office, tmp_path, style):
    names = [office.new_name("sheet"), office.new_name("sheet")]
    rows = [row(names[0], "髙橋", "①郎", until="2027/10/31", hours=("8:30:00", "17:30:00")), row(names[1], "はしごだか", "ﾊﾝｶｸ")]
    path = tmp_path / "in.csv"
    if style == "excel-cp932":
        path.write_bytes(text_of(rows, end="\r\n").encode("cp932"))
    elif style == "excel-utf8":
        path.write_bytes(excel_style(rows))
    elif style == "libreoffice":
        text = "\n".join(",".join(f'"{cell}"' for cell in one) for one in [HEADER.split(","), *rows]) + "\n"
        path.write_bytes(text.replace("2027/10/31", "2027-10-31").encode())
    elif style == "no-last-line-end":
        path.write_bytes(text_of(rows).rstrip("\n").encode())
    else:
        path.write_bytes(re.sub(r"[,]*\r\n", "\r\n", text_of(rows, end="\r\n")).encode())
    imported(office, path)
    account = office.call("account.show", id=names[0])
    assert (account["family_name"], account["given_name"], account["hours"]) == ("髙橋", "①郎", "08:30-17:30")
    assert office.call("account.show", id=names[1])["given_name"] == "ﾊﾝｶｸ"


def test_a015_quoted_newlines_and_formulas_come_back(office, tmp_path):
    name = office.new_name("formula")
    header = HEADER + ",保護"
    macs = "AA:BB:CC:DD:EE:04,\n AA:BB:CC:DD:EE:05"
    imported(office, write(tmp_path / "in.csv", [row(name, "=cmd", "@山", macs=macs) + ["1行目、\"引用\""]], header))
    account = office.call("account.show", id=name)
    assert (account["family_name"], account["given_name"], len(account["macs"])) == ("=cmd", "@山", 2)
    path = exported(office, tmp_path, "--extended")
    with open(path, encoding="utf-8-sig", newline="") as file:
        assert not [cell for line in csv.reader(file) for cell in line if cell[:1] in tuple("=+-@") and cell]
    before = events(office)
    assert all(one["更新内容"] == one["エラー内容"] == "" for one in imported(office, path))
    assert events(office) == before


def bad_files():
    good_row = ",".join(row("bad1"))
    utf8, sjis = (HEADER + "\n" + good_row).encode(), (HEADER + "\n" + good_row).encode("cp932")
    return {
        "nul": (utf8 + b"\nx,\0y\n", "line 3, column B: a NUL byte"),
        "rubbish": (b"\x7fELF\x02\x01" + bytes(range(256)) * 50, "control character"),
        "unterminated": (utf8 + b'\nx,"y\nz\n', "line 3, column B: a quote that is opened here is never closed"),
        "mixed": (utf8 + b"\n" + good_row.encode("cp932"), "line 3, column B: the file begins in UTF-8"),
        "mixed-back": (sjis + b"\n" + good_row.encode(), "line 3, column B: the file is CP932"),
        "workbook": (b"PK\x03\x04" + bytes(100), "workbook"),
        "utf-16": ((HEADER + "\n" + good_row).encode("utf-16"), "UTF-16"),
        "empty": (b"", "the file is empty"),
        "columns": (b"," * 100 + b"\n", "more than 64 cells"),
    }


@pytest.mark.parametrize("kind", bad_files())
def test_a015_what_is_no_csv_is_refused_as_a_whole(office, tmp_path, kind):
    content, said = bad_files()[kind]
    path = tmp_path / "in.csv"
    path.write_bytes(content)
    before = events(office)
    done = run(office, "account", "import", path, "--yes")
    assert done.returncode == 1 and said in done.stderr, done.stderr
    assert events(office) == before and os.listdir(tmp_path) == ["in.csv"]


def test_a015_a_line_of_100_megabytes_is_refused_at_its_bound(office, tmp_path):
    path = tmp_path / "in.csv"
    with open(path, "wb") as file:
        file.write(HEADER.encode() + b"\n")
        for _ in range(100):
            file.write(b"x" * (1 << 20))
    # With 64 MB of address space it could not be read into memory.
    done = run(office, "account", "import", path, "--yes", preexec_fn=lambda: limit_memory(64 << 20))
    assert done.returncode == 1 and "line 2, column A: the cell is longer than 256 KB" in done.stderr, done.stderr


def limit_memory(most):
    import resource
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def test_a015_a_million_rows_are_read_in_little_memory(office, tmp_path):
    """All of them wrong in their last line's cell, so that nothing has to be made a million times."""
    path = tmp_path / "in.csv"
    one = ",".join(row("many{}"))
    with open(path, "w", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        file.writelines(one.replace("{}", str(i)) + "\n" for i in range(1_000_000))
        file.write('x,"never closed\n')
    before = events(office)
    done = run(office, "account", "import", path, "--yes", preexec_fn=lambda: limit_memory(64 << 20))
    assert done.returncode == 1 and "line 1000002, column B" in done.stderr, done.stderr
    assert events(office) == before


SEED_HEADER = HEADER
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


def test_a014_all_accounts_whatever_the_filter_as_a_job_with_a_list(office, tmp_path):
    office.admin.text("account", "export", "--background")
    job = office.call("output.list")["outputs"][0]
    done = wait_for(lambda: next((one for one in office.call("output.list", state="done")["outputs"] if one["id"] == job["id"]), None),
                    10, "the export is complete")
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
    lab = Facility(folders("crash"), build=request.config.getoption("--build"), settings=["exports.validity=1s"])
    try:
        lab.begin_test()
        folder = os.path.join(lab.folder, "gateway", "var", "outputs")
        exported(lab, tmp_path)
        job = lab.call("account.export")["output"]["id"]
        kill_gateway(lab)
        with open(os.path.join(folder, "77.part"), "wb"):
            pass
        lab.start_gateway_again()
        wait_for(lambda: not [one for one in os.listdir(folder) if one.endswith(".part")], 10, "unfinished files are gone")
        states = {one["id"]: one for one in lab.call("output.list")["outputs"]}
        # Complete, failed by the crash, or expired already: never running.
        assert states.get(job, {"state": "done"})["state"] in ("done", "failed")

        def empty():
            return not lab.call("output.list")["outputs"]
        wait_for(empty, 10, "everything has expired")
        stop_gateway(lab)
        lab.start_gateway_again()
        wait_for(lambda: not os.listdir(folder), 10, "expired files are gone")
    finally:
        lab.close()


class Cut:
    """An import that ends early: how many rows it has reached, and its result file."""

    def __init__(self, lab, path, result):
        self.result = result
        self.process = subprocess.Popen(lab.admin.command("account", "import", str(path), "--yes", "--result", str(result)),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                                        env={**os.environ, "LC_ALL": "C.UTF-8"})
        wait_for(lambda: os.path.exists(result) and os.path.getsize(result) > 20_000, 30, "the first rows are kept")

    def end(self):
        self.output, self.errors = self.process.communicate(timeout=60)
        return self.process.returncode


def check_repeat(lab, path, tmp_path, first_result):
    """The repeat completes it: every account has passwords in one of the two files, and only in one."""
    second = imported(lab, path)
    first = {one["アカウント"]: one["初期パスワード"] for one in read(first_result)}
    assert 0 < len(first) < len(second)
    for one in second:
        kept = first.get(one["アカウント"])
        assert one["エラー内容"] == ""
        assert bool(kept) != bool(one["初期パスワード"]) or (kept and "never kept" in one["更新内容"])
    assert all(not one["初期パスワード"] for one in imported(lab, path))


def test_a015_interrupted_import_says_how_far_and_can_be_repeated(office, tmp_path):
    stem = office.new_name("cut")
    path = write(tmp_path / "in.csv", [row(f"{stem}.{i}") for i in range(3000)])
    cut = Cut(office, path, tmp_path / "first.csv")
    cut.process.send_signal(signal.SIGINT)
    assert cut.end() == 1 and re.search(r"cut off after \d+ of 3000 rows", cut.errors), cut.errors
    check_repeat(office, path, tmp_path, tmp_path / "first.csv")


def test_a015_import_survives_the_gateways_restart(new_csv_lab, tmp_path):
    path = write(tmp_path / "in.csv", [row(f"eng.{i}") for i in range(3000)])
    cut = Cut(new_csv_lab, path, tmp_path / "first.csv")
    kill_gateway(new_csv_lab)
    assert cut.end() == 1 and re.search(r"cut off after \d+ of 3000 rows", cut.errors), cut.errors
    new_csv_lab.start_gateway_again()
    check_repeat(new_csv_lab, path, tmp_path, tmp_path / "first.csv")


@pytest.fixture
def new_csv_lab(request, folders):
    facility = Facility(folders("csv"), build=request.config.getoption("--build"))
    facility.begin_test()
    yield facility
    facility.close()


@contextlib.contextmanager
def small_disk(path, megabytes, uid=0):
    """A file system of its own that is soon full."""
    os.makedirs(path, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700,uid={uid}", "tmpfs", path], check=False,
                          stderr=subprocess.PIPE)
    if done.returncode != 0:
        pytest.skip("no right to mount a small file system here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def test_a015_a_full_disk_under_the_result_file_stops_the_import(new_csv_lab, tmp_path):
    path = write(tmp_path / "in.csv", [row(f"eng.{i}", "山" * 32, "田" * 32) for i in range(4000)])
    with small_disk(tmp_path / "small", 1) as disk:
        result = os.path.join(disk, "first.csv")
        done = run(new_csv_lab, "account", "import", path, "--yes", "--result", result)
        assert done.returncode == 1 and "No space left" in done.stderr and "cut off after" in done.stderr, done.stderr
        # Whole rows, and no half batch.
        assert all(PASSWORD.fullmatch(one["初期第二パスワード"]) for one in read(result))
        check_repeat(new_csv_lab, path, tmp_path, result)


def test_a014_a_full_disk_fails_the_export_with_the_reason(new_csv_lab, tmp_path):
    imported(new_csv_lab, write(tmp_path / "in.csv", [row(f"eng.{i}", "山" * 30, "田" * 30) for i in range(8000)]))
    uid = int(new_csv_lab.variables["LAB_GATEWAY_UID"])
    folder = os.path.join(new_csv_lab.folder, "gateway", "var", "outputs")
    with small_disk(folder, 1, uid):
        done = run(new_csv_lab, "account", "export", "--output", tmp_path / "out.csv")
        assert done.returncode == 1 and "full" in done.stderr and not (tmp_path / "out.csv").exists(), done.stderr
        assert os.listdir(folder) == []
        failed = new_csv_lab.call("output.list", state="failed")["outputs"][0]
        assert failed["why"] == "the disk that holds the database is full"
        listed = json.loads(good(new_csv_lab, "--json", "export", "list", "--status", "failed"))["outputs"]
        assert listed[0]["id"] == failed["id"]
    new_csv_lab.wait_log("SK1220")


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
