"""The disk that holds the database is full, and then it is not: on a small tmpfs of its own."""

import contextlib
import csv
import errno
import os
import re
import shutil
import signal
import sqlite3
import subprocess

import pytest

from lab_parts.control import Refused
from lab_parts.facility import AdminError
from lab_parts.identity import as_user
from lab_parts.processes import PATIENCE, alive, wait_for
import rdp_wire as wire
from typist import Typist

ROOM = "8m"
FULL = "the disk that holds the database is full"


def stop_gateway(lab):
    os.kill(lab.gateway_process["pid"], signal.SIGTERM)
    wait_for(lambda: not alive(lab.gateway_process), PATIENCE, "the gateway stops")


class SmallDisk:
    """The folder of a facility's database, on a disk that can be filled."""

    def __init__(self, lab):
        self.folder = lab.state.path("gateway", "var")
        self.filler = os.path.join(self.folder, "filler")
        kept = self.folder + ".kept"
        stop_gateway(lab)
        shutil.copytree(self.folder, kept)
        uid = lab.variables["LAB_GATEWAY_UID"]
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=0700,uid={uid},gid={uid}", "tmpfs", self.folder],
                              text=True, check=False, timeout=20, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            pytest.skip("no tmpfs may be mounted here: " + done.stdout.strip())
        shutil.copytree(kept, self.folder, dirs_exist_ok=True)
        for folder, folders, files in os.walk(self.folder):
            for name in folders + files:
                os.chown(os.path.join(folder, name), int(uid), int(uid))

    def fill(self):
        with open(self.filler, "ab", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"\0" * size)
        with pytest.raises(OSError) as found, open(os.path.join(self.folder, "more"), "wb", buffering=0) as file:
            file.write(b"\0")
        assert found.value.errno == errno.ENOSPC
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.folder, "more"))

    def give_room(self):
        os.unlink(self.filler)

    def close(self):
        # Whatever still runs there goes on in a folder that nobody sees any more.
        subprocess.run(["umount", "--lazy", self.folder], check=True, timeout=20)


@pytest.fixture
def small_disk(new_lab):
    lab = new_lab()
    disk = SmallDisk(lab)
    try:
        lab.start_gateway_again()
        yield lab, disk
    finally:
        disk.close()


def bridged(lab, terminal):
    account, ticket = lab.new_ticket(terminal)
    client = lab.raw(kind=Typist)
    client.introduce(ticket.handle, ticket.secret)
    client.activate()
    lab.wait_session(account)
    return account, client


def test_f401_full_disk_refuses_starts_and_keeps_ends_until_there_is_room(small_disk):
    lab, disk = small_disk
    running = [bridged(lab, lab.shadow) for _ in range(3)]
    staying, staying_client = running.pop()
    late_account, late_ticket = lab.new_ticket(lab.shadow)
    disk.fill()

    # Nothing is relayed unlogged: the client is told, and no host hears of it.
    late = lab.raw()
    late.introduce(late_ticket.handle, late_ticket.secret)
    assert late.told() == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2404")
    assert FULL in lab.log
    assert not lab.sessions(late_account) and not lab.history(late_account)

    # An administrator is told the same; what is there can still be looked at.
    with pytest.raises(AdminError) as found:
        lab.admin.text("account", "lock", staying, "--because", "drill")
    assert found.value.status == 1 and FULL in str(found.value)
    assert [row["account"] for row in lab.call("session.list")["sessions"]].count(staying) == 1

    # Whoever is cut off is cut off at once; the record follows.
    for account, client in running:
        with pytest.raises(Refused) as found:
            lab.call("session.kill", id=lab.sessions(account)[0]["id"], because="full disk")
        assert "has been cut" in str(found.value) and "waits for the database" in str(found.value)
        client.wait_closed()
    assert all(lab.history(account)[-1]["end"] is None for account, _ in running)
    assert lab.sessions(staying)
    assert lab.gateway_runs()

    disk.give_room()
    for account, _ in running:
        row = lab.wait_end(account)
        assert row["state"] == "killed" and row["because"] == "full disk"
    # A ticket that was refused for our own sake is as good as before.
    again = lab.raw()
    again.introduce(late_ticket.handle, late_ticket.secret)
    again.wait_demand_active()
    lab.wait_session(late_account)
    assert lab.sessions(staying)
    staying_client.close()
    lab.wait_end(staying)
    lab.admin.text("log", "verify")


def test_f402_stop_and_start_on_a_full_disk(small_disk):
    lab, disk = small_disk
    account, _ = bridged(lab, lab.shadow)
    disk.fill()
    stop_gateway(lab)
    assert "SK1202" in lab.whole_log and FULL in lab.whole_log  # its end could not be recorded, and that is said

    disk.fill()  # closing the database has made a little room
    program = os.path.join(lab.variables["LAB_PROGRAMS"], "sekisho-gateway")
    done = subprocess.run([*as_user(int(lab.variables["LAB_GATEWAY_UID"])), program, lab.variables["SEKISHO_CONF"]],
                          text=True, check=False, timeout=30, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 1
    assert "SK1003" in done.stdout and "SK1001" not in done.stdout
    assert "full" in done.stdout

    disk.give_room()
    lab.start_gateway_again()
    row = lab.history(account)[-1]
    assert row["end"] and row["state"] in ("lost", "killed")
    lab.admin.text("log", "verify")


IMPORT_HEADER = "アカウント,姓,名,メールアドレス,有効開始日,有効終了日,MACアドレス,接続端末,開始時間,終了時間,ファイル共有,認証連携先"


def test_f403_a_full_disk_in_the_middle_of_an_import_keeps_the_good_rows_and_says_how_far_it_got(small_disk, tmp_path):
    lab, disk = small_disk
    count = 8000
    path = tmp_path / "in.csv"
    path.write_text("\n".join([IMPORT_HEADER, *(f"eng.{i},{'山' * 40},{'田' * 20},e{i}@vendor.example,2026/1/1,2027/10/31,,,,,拒否,"
                                               for i in range(count)), ""]), encoding="utf-8")

    def import_into(result):
        return subprocess.run(lab.admin.command("account", "import", str(path), "--yes", "--result", str(result)), text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=200,
                              env={**os.environ, "LC_ALL": "C.UTF-8"})

    def rows_of(result):
        with open(result, encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def engineers():
        with contextlib.closing(sqlite3.connect(os.path.join(disk.folder, "sekisho.db"), timeout=10)) as database:
            return {row[0] for row in database.execute("SELECT id FROM account WHERE id LIKE 'eng.%'")}
    done = import_into(tmp_path / "first.csv")
    kept = engineers()
    assert done.returncode == 1 and FULL in done.stderr, done.stderr
    assert re.search(rf"\d+ of {count} rows", done.stderr), done.stderr
    first = {row["アカウント"]: row for row in rows_of(tmp_path / "first.csv")}
    told = {account for account, row in first.items() if row["初期パスワード"]}
    assert 0 < len(kept) < count and {account.split("@")[0].removeprefix("998-") for account in told} <= kept
    assert lab.gateway_runs()

    subprocess.run(["mount", "-o", "remount,size=256m", disk.folder], check=True, timeout=20)
    done = import_into(tmp_path / "second.csv")
    assert done.returncode == 0, done.stderr
    second = {row["アカウント"]: row for row in rows_of(tmp_path / "second.csv")}
    assert len(engineers()) == len(second) == count
    # Each account's passwords are in one of the two files.
    assert all(row["初期パスワード"] or account in told for account, row in second.items())
    lab.admin.text("log", "verify")
