"""A15: files of spreadsheets, and what is no CSV of accounts: refused as a whole, with the place, in little memory."""

import csv
import os
import re

import pytest

from spreadsheets import HEADER, events, exported, imported, limit_memory, row, run, text_of, write

OFFICE_SETTINGS = ["linked_services=[Office365, VPN]"]


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
        "no-rows": ((HEADER + "\r\n" + "," * 11 + "\r\n").encode(), "there is no row below the first line"),
        "semicolons": (utf8.replace(b",", b";"), "parted by semicolons: save it as a CSV with commas"),
        "tabs": (utf8.replace(b",", b"\t"), "parted by tabs"),
        "unicode-text": ((HEADER + "\r\n" + good_row).replace(",", "\t").encode("utf-16"), "UTF-16: save it as CSV UTF-8"),
        "huge-header": (b"x" * (300 << 10) + b"," + utf8, "line 1, column A: the cell is longer than 256 KB"),
        "wide-header": ("山".encode() * (80 << 10) + b"," + utf8, "line 1, column A: there is no column `山山"),
        "cr-alone": (utf8.replace(b"\n", b"\r"), "ends with CR alone"),
        "jis": ((HEADER + "\n" + good_row).encode("iso2022_jp"), "control character"),
        "euc": ((HEADER + "\n" + good_row).encode("euc_jp"), "neither UTF-8 nor CP932"),
    }


ENGLISH = re.compile(r"\b(the|this|is|are|save|and)\b")


@pytest.mark.parametrize("kind", bad_files())
def test_a015_what_is_no_csv_is_refused_as_a_whole(office, tmp_path, kind):
    content, said = bad_files()[kind]
    path = tmp_path / "in.csv"
    path.write_bytes(content)
    before = events(office)
    done = run(office, "account", "import", path, "--yes")
    assert done.returncode == 1 and said in done.stderr, done.stderr
    japanese = run(office, "account", "import", path, "--yes", language="ja_JP.UTF-8")
    assert japanese.returncode == 1 and not ENGLISH.search(japanese.stderr), japanese.stderr
    assert events(office) == before and os.listdir(tmp_path) == ["in.csv"]


def test_a015_a_line_of_100_megabytes_is_refused_at_its_bound(office, tmp_path):
    if office.is_sanitized:
        pytest.skip("data cannot be limited to this under AddressSanitizer")
    path = tmp_path / "in.csv"
    with open(path, "wb") as file:
        file.write(HEADER.encode() + b"\n")
        for _ in range(100):
            file.write(b"x" * (1 << 20))
    # With 64 MB of address space it could not be read into memory.
    done = run(office, "account", "import", path, "--yes", preexec_fn=lambda: limit_memory(64 << 20))
    assert done.returncode == 1 and "line 2, column A: the cell is longer than 256 KB" in done.stderr, done.stderr


def test_a015_a_million_rows_are_read_in_little_memory(office, tmp_path):
    """All of them wrong in their last line's cell, so that nothing has to be made a million times."""
    if office.is_sanitized:
        pytest.skip("data cannot be limited to this under AddressSanitizer")
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


def bad_cells():
    """What a row says, the column that is wrong, what was found there, and what the rule begins with in Japanese."""
    return {
        "full-width id": ({"account": "ａ１"}, "A列（アカウント）", "ａ１", "半角文字", "a1"),
        "full-width date": ({"until": "２０２７/1/1"}, "F列（有効終了日）", "２０２７/1/1", "半角文字", "2027/1/1"),
        "full-width mac": ({"macs": "０２:00:00:00:00:01"}, "G列（MACアドレス）", "０２:00:00:00:00:01", "半角文字", "02:00:00:00:00:01"),
        "date in words": ({"start": "2026年1月1日"}, "E列（有効開始日）", "2026年1月1日", "日付", "2026/4/1"),
        "serial number": ({"start": "46023"}, "E列（有効開始日）", "46023", "日付", "2026/4/1"),
        "too late": ({"until": "2031/1/1"}, "F列（有効終了日）", "2031/1/1", "本日から2年後", "2027-03-31"),
        "before the first": ({"start": "2027/12/1"}, "F列（有効終了日）", "2027/10/31", "有効開始日以降", "2027-03-31"),
        "no name": ({"family": ""}, "B列（姓）", "", "必須", "山田"),
        "no mail": ({"mail": "\u3000"}, "D列（メールアドレス）", "", "必須", "taro@example.jp"),
        "one time": ({"hours": ("8:30", "")}, "J列（終了時間）", "", "開始時間と終了時間の両方", "17:30"),
        "21 devices": ({"macs": ",".join(f"02:00:00:00:00:{i:02x}" for i in range(21))}, "G列（MACアドレス）", "02:00:00:00:00:14",
                       "20件まで", "AA:BB:CC:DD:EE:FF"),
        "a Japanese comma": ({"macs": "02:00:00:00:00:01、02:00:00:00:00:02"}, "G列（MACアドレス）", "02:00:00:00:00:01、02:00:00:00:00:02",
                             "AA-BB", "AA:BB:CC:DD:EE:FF"),
        "half-width kana": ({"sharing": "ｷｮﾋ"}, "K列（ファイル共有）", "ｷｮﾋ", "常に許可", "拒否"),
    }


@pytest.mark.parametrize("kind", bad_cells())
def test_a015_a_wrong_cell_is_told_in_japanese_as_it_stands_in_the_file(office, tmp_path, kind):
    change, column, found, rule, example = bad_cells()[kind]
    cells = row(**{"account": office.new_name("cell"), "mail": "m@v.example", **change})
    path = tmp_path / "in.csv"
    path.write_bytes(text_of([cells], end="\r\n").encode("cp932"))
    done = run(office, "account", "import", path, "--yes", language="ja_JP.UTF-8")
    # On the screen as in the result file: whole, rule and example at the end.
    said = f"2行目 {column}: 入力値「{found}」。使用できる値: {rule}"
    with open(tmp_path / "in-result.csv", encoding="utf-8-sig", newline="") as file:
        kept = next(csv.DictReader(file))["エラー内容"]
    for text in (done.stderr, kept):
        assert said in text and re.search(f"例: {re.escape(example)}$", text, re.MULTILINE), text
    assert done.returncode == 1


def test_a015_twenty_devices_in_a_cell_and_columns_that_excel_left_behind(office, tmp_path):
    name = office.new_name("twenty")
    macs = [f"02:00:00:00:02:{i:02X}" for i in range(20)]
    text = text_of([row(name, macs=",".join(macs))], end="\r\n")
    path = tmp_path / "in.csv"
    path.write_bytes("".join(line + "," * 40 + "\r\n" for line in text.splitlines() + [""] * 3).encode("utf-8-sig"))
    assert len(imported(office, path)) == 1
    assert office.call("account.show", id=name)["macs"] == macs


def test_a015_the_same_account_with_blanks_around_it_is_the_same(office, tmp_path):
    name = office.new_name("blank")
    accounts = [name, f" {name.upper()}", f"998-{name}@example.jp\n", f"\u3000{name}\u3000"]
    result = imported(office, write(tmp_path / "in.csv", [row(one) for one in accounts]), status=1)
    assert [("line 2 already" in one["エラー内容"]) for one in result] == [False, True, True, True]


def test_a014_a_commands_formula_does_not_run_in_a_spreadsheet(office, tmp_path):
    """`=cmd|…` opened in Excel would run: neither exports nor results have a cell that begins so, blanks or not."""
    attacks = ["=cmd|' /C calc'!A0", "+SUM(1)", "-2+3", "@SUM(1)", "'=1", "＝1", "\t=1", " =1"]
    rows = [row(office.new_name("calc"), attack, mail="m@v.example") for attack in attacks]
    result = imported(office, write(tmp_path / "in.csv", rows))
    with open(exported(office, tmp_path), encoding="utf-8-sig", newline="") as file:
        cells = [cell for line in csv.reader(file) for cell in line]
    cells += [cell for one in result for cell in one.values()]
    assert sum("calc" in cell for cell in cells) >= 2 * len(attacks)
    assert not [cell for cell in cells if cell.strip()[:1] in tuple("=+-@＝＋－＠") and cell.strip()]
