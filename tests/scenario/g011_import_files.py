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
