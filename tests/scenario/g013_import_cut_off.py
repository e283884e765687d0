"""A14, A15: imports and exports that end early: interrupted, with the gateway's end, on a full disk."""

import contextlib
import csv
import json
import os
import re
import signal
import sqlite3
import subprocess

import pytest

from facility import Facility
from lab_parts.processes import PATIENCE, wait_for
from spreadsheets import HEADER, PASSWORD, good, imported, kill_gateway, limit_memory, read, row, run, write


class Cut:
    """An import that ends early: how many rows it has reached, and its result file."""

    def __init__(self, lab, path, result):
        self.result = result
        self.process = subprocess.Popen(lab.admin.command("account", "import", str(path), "--yes", "--result", str(result)),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                                        env={**os.environ, "LC_ALL": "C.UTF-8"})
        wait_for(lambda: os.path.exists(result) and os.path.getsize(result) > 20_000, PATIENCE, "the first rows are kept")

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


def test_a014_an_export_that_the_clerks_disk_has_no_room_for_leaves_nothing(new_csv_lab, tmp_path):
    imported(new_csv_lab, write(tmp_path / "in.csv", [row(f"eng.{i}", "山" * 30, "田" * 30) for i in range(8000)]))
    with small_disk(tmp_path / "small", 1) as disk:
        for encoding in ("utf-8", "cp932"):
            done = run(new_csv_lab, "account", "export", "--output", os.path.join(disk, "out.csv"), "--encoding", encoding)
            assert done.returncode == 1 and "No space left" in done.stderr, done.stderr
            assert os.listdir(disk) == []
    # It was made; only where it was to go there is no room.
    assert [one["state"] for one in new_csv_lab.call("output.list")["outputs"]] == ["done", "done"]


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


MILLION = 1_000_000


class Watched(Cut):
    """An import with little memory of its own, whose progress can be waited for."""

    def __init__(self, lab, path, result):
        self.result = result
        self.errors = ""
        self.process = subprocess.Popen(lab.admin.command("account", "import", str(path), "--yes", "--result", str(result)),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                                        env={**os.environ, "LC_ALL": "C.UTF-8"}, preexec_fn=lambda: limit_memory(128 << 20))

    def wait_progress(self):
        while not re.search(r"^\d+ of \d+ rows$", self.errors, re.MULTILINE):
            line = self.process.stderr.readline()
            assert line, self.errors
            self.errors += line

    def end(self):
        self.errors += self.process.stderr.read()
        return self.process.wait(timeout=60)

    def passwords(self):
        """How many rows the result file has, and the accounts whose passwords are in it."""
        with open(self.result, encoding="utf-8-sig", newline="") as file:
            rows = [(one["アカウント"], one["初期パスワード"], one["エラー内容"]) for one in csv.DictReader(file)]
        assert not [one for one in rows if one[2]]
        return len(rows), {account for account, password, _ in rows if password}


def memory_peak(lab):
    """VmHWM of the supervisor, in bytes."""
    with open(f"/proc/{lab.gateway_process['pid']}/status", encoding="utf-8") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read())[1]) << 10


def cut_off_after(cut):
    return int(re.search(r"cut off after (\d+) of \d+ rows", cut.errors)[1])


@pytest.mark.long
def test_a015_a_million_rows_interrupted_twice_and_repeated(new_csv_lab, tmp_path):
    lab, path = new_csv_lab, tmp_path / "in.csv"
    with open(path, "w", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        for i in range(MILLION):
            file.write(",".join(row(f"eng.{i}")) + "\n")

    first = Watched(lab, path, tmp_path / "1.csv")
    first.wait_progress()
    peak = memory_peak(lab)
    first.process.send_signal(signal.SIGINT)
    assert first.end() == 1
    reached, with_passwords = first.passwords()
    assert reached == cut_off_after(first) and MILLION // 10 <= reached < MILLION and len(with_passwords) == reached

    second = Watched(lab, path, tmp_path / "2.csv")
    second.wait_progress()
    kill_gateway(lab)
    assert second.end() == 1
    assert second.passwords()[0] == cut_off_after(second) < MILLION
    lab.start_gateway_again()

    last = Watched(lab, path, tmp_path / "3.csv")
    last.wait_progress()
    assert last.end() == 0, last.errors
    done = [int(number) for number in re.findall(rf"^(\d+) of {MILLION} rows$", last.errors, re.MULTILINE)]
    assert len(done) >= 9 and done == sorted(set(done))
    # However many rows there are, a batch is all that is held.
    assert memory_peak(lab) < peak + (64 << 20)
    reached, made = last.passwords()
    assert reached == MILLION and len(made | with_passwords | second.passwords()[1]) == MILLION
    with contextlib.closing(sqlite3.connect(os.path.join(lab.folder, "gateway", "var", "sekisho.db"), timeout=20)) as database:
        assert database.execute("SELECT count(*) FROM account WHERE id LIKE 'eng.%'").fetchone() == (MILLION,)
