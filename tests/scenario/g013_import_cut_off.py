"""A14, A15: imports and exports that end early: interrupted, with the gateway's end, on a full disk."""

import contextlib
import json
import os
import re
import signal
import subprocess

import pytest

from facility import Facility
from lab_parts.processes import wait_for
from spreadsheets import PASSWORD, good, imported, kill_gateway, read, row, run, write


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
