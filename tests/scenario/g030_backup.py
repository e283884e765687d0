"""H2: backups are made while the gateway works, listed, taken away and deleted; what comes over the control socket."""

import contextlib
import os
import pwd
import signal
import sqlite3
import subprocess
import threading

import pytest

from backup_lab import (
    admin_events, backups, create, folder_of, left_beside, make_large, path_of, stop, typed, verify)
from lab_parts.control import Control, Refused
from lab_parts.facility import AdminError
from lab_parts.identity import as_user
from lab_parts.processes import PATIENCE, wait_for


def test_g030_create_shows_when_who_how_large_and_why(new_lab):
    lab = new_lab()
    account = lab.add_account()
    backup = create(lab, "年度末の作業前")
    row, = backups(lab)
    assert row["id"] == backup and row["state"] == "done" and row["note"] == "年度末の作業前"
    assert row["by"].startswith("unix:") and row["created"].endswith("Z")
    path = path_of(lab, backup)
    status = os.stat(path)
    assert row["bytes"] == status.st_size and status.st_mode & 0o777 == 0o600
    shown = lab.admin.text("backup", "list")
    assert backup in shown and "年度末の作業前" in shown
    # Nothing in it can be used without the facility's key.
    with open(path, "rb") as file:
        sealed = file.read()
    with contextlib.closing(sqlite3.connect(f"file:{lab.database}?mode=ro", uri=True, timeout=20)) as database:
        hashes = [row[:20] for row, in database.execute("SELECT hash FROM password")]
    assert hashes and all(one.startswith("$y$") for one in hashes)
    for secret in (account, "vendor.example", *hashes, "CREATE TABLE", "試験太郎", "unix:root"):
        assert secret.encode() not in sealed
    assert left_beside(lab) == []
    lab.wait_log("SK1601")
    assert len(admin_events(lab, "backup.create")) == 1


def test_g030_create_and_delete_ask(new_lab):
    lab = new_lab()
    status, shown = typed(lab, ["n"], "backup", "create")
    assert status == 1 and "0 / 5" in shown and backups(lab) == []
    status, shown = typed(lab, ["y"], "backup", "create")
    assert status == 0
    row, = backups(lab)
    status, shown = typed(lab, [""], "backup", "delete", row["id"])
    assert status == 1 and "cannot be undone" in shown and len(backups(lab)) == 1
    with pytest.raises(AdminError) as refused:
        lab.admin.text("backup", "delete", row["id"])
    assert "--yes" in refused.value.output
    lab.admin.text("backup", "delete", row["id"], "--yes")
    assert backups(lab) == []
    assert len(admin_events(lab, "backup.delete")) == 1


def test_g030_sixth_is_refused_and_none_is_deleted_by_itself(new_lab):
    lab = new_lab()
    made = [create(lab) for _ in range(5)]
    with pytest.raises(AdminError) as refused:
        create(lab)
    assert "five backups already" in refused.value.output
    assert [row["id"] for row in backups(lab)] == made
    lab.admin.text("backup", "delete", made[2], "--yes")
    create(lab)
    assert len(backups(lab)) == 5


def test_g030_sessions_and_accounts_begin_while_a_backup_is_made(new_lab):
    lab = new_lab()
    make_large(lab, 60)
    tickets = [lab.new_ticket(lab.shadow) for _ in range(3)]
    with Control(lab.variables["SEKISHO_SOCKET"], limit=60) as control:
        done = []
        thread = threading.Thread(target=lambda: done.append(control.call("backup.create")))
        thread.start()
        wait_for(lambda: any(row["state"] == "running" for row in backups(lab)), PATIENCE, "the backup is under way")
        added = [lab.add_account()]
        for account, ticket in tickets:
            client = lab.raw()
            client.introduce(ticket.handle, ticket.secret)
            client.wait_demand_active()
            lab.wait_session(account)
        while thread.is_alive():
            added.append(lab.add_account())
        thread.join()
        assert any(line["method"] == "progress" for line in control.notifications)
    backup, = done
    assert backup["state"] == "done" and len(added) > 0
    assert all(lab.sessions(account) for account, _ in tickets)
    # It is of one moment: that at which it began.
    plan = lab.call("backup.check", id=backup["id"])
    assert plan["log"] == "same" and plan["accounts_gone"] == len(added)
    verify(lab)


def test_g030_only_one_at_a_time(new_lab):
    lab = new_lab()
    make_large(lab, 60)
    with Control(lab.variables["SEKISHO_SOCKET"], limit=60) as control:
        thread = threading.Thread(target=lambda: control.call("backup.create"))
        thread.start()
        wait_for(lambda: backups(lab), PATIENCE, "the backup is under way")
        if any(row["state"] == "running" for row in backups(lab)):
            with pytest.raises(Refused) as refused:
                lab.call("backup.create")
            assert "already" in refused.value.message
        thread.join()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
def test_g030_full_disk_fails_with_its_reason_and_leaves_nothing(new_lab, folders):
    small = folders("small")
    os.chmod(small, 0o755)
    lab = new_lab(f"backups.folder={small}/mount")
    disk = small + "/mount"
    os.mkdir(disk)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=128k,mode=700,uid={lab.variables['LAB_GATEWAY_UID']}", "tmpfs", disk], check=True)
    try:
        make_large(lab, 1)
        with pytest.raises(AdminError) as refused:
            create(lab, "zu gross")
        assert "the disk is full" in refused.value.output
        assert os.listdir(disk) == []
        row, = backups(lab)
        assert row["state"] == "failed" and row["why"] == "the disk is full" and row["note"] == "zu gross"
        lab.wait_log("SK1602.*disk is full")
        assert '"state":"failed"' in admin_events(lab, "backup.create")[0]
        lab.admin.text("backup", "delete", row["id"], "--yes")
        assert backups(lab) == []
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
    assert left_beside(lab) == []


def test_g030_killed_while_it_is_made(new_lab):
    lab = new_lab()
    whole = create(lab)
    make_large(lab, 100)
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        control.socket.sendall(b'{"jsonrpc":"2.0","id":1,"method":"backup.create","params":{}}\n')
        wait_for(lambda: any(name.endswith(".part") for name in os.listdir(folder_of(lab))), PATIENCE, "it is being sealed")
        stop(lab, signal.SIGKILL)
    assert left_beside(lab)
    lab.start_gateway_again()
    assert left_beside(lab) == []
    lab.wait_log("SK1603")
    rows = backups(lab)
    assert [row["state"] for row in rows] == ["done", "failed"] and rows[0]["id"] == whole
    assert "while it was being made" in rows[1]["why"]
    verify(lab)


# Taking it away

def test_g030_get_writes_a_private_file_and_never_over_another(new_lab, tmp_path):
    lab = new_lab()
    make_large(lab, 2)
    backup = create(lab)
    copy = tmp_path / "copy.backup"
    lab.admin.text("backup", "get", backup, "--output", str(copy))
    with open(path_of(lab, backup), "rb") as file:
        assert copy.read_bytes() == file.read()
    assert copy.stat().st_mode & 0o777 == 0o600
    with pytest.raises(AdminError) as refused:
        lab.admin.text("backup", "get", backup, "--output", str(copy))
    assert "is there already" in refused.value.output
    missing = tmp_path / "missing.backup"
    with pytest.raises(AdminError) as refused:
        lab.admin.text("backup", "get", "00000000", "--output", str(missing))
    assert "there is no backup" in refused.value.output and not missing.exists()
    assert len(admin_events(lab, "backup.get")) == 1


def test_g030_taking_a_backup_away_is_recorded_wherever_it_begins(new_lab):
    lab = new_lab()
    backup = create(lab)
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        assert control.call("backup.read", id=backup, offset=1)["bytes"]
        assert len(admin_events(lab, "backup.get")) == 1
        # What follows belongs to it; to begin anew does not.
        control.call("backup.read", id=backup, offset=100)
        assert len(admin_events(lab, "backup.get")) == 1
        control.call("backup.read", id=backup, offset=0)
        assert len(admin_events(lab, "backup.get")) == 2
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        control.call("backup.read", id=backup, offset=100)
    assert len(admin_events(lab, "backup.get")) == 3


def test_g030_ids_are_no_paths(new_lab):
    lab = new_lab()
    for bad in ("../sekisho.db", "/etc/passwd", "", "0000000g", "00000000/"):
        for method, more in (("backup.read", {"offset": 0}), ("backup.delete", {}), ("backup.check", {}), ("backup.restore", {})):
            with pytest.raises(Refused) as refused:
                lab.call(method, id=bad, **more)
            assert refused.value.code == -32002


# The protocol

def test_g030_uploads_are_bounded_and_go_with_their_client(new_lab):
    lab = new_lab()
    backup = create(lab)
    with open(path_of(lab, backup), "rb") as file:
        whole = file.read()
    first = whole[:200000]
    for bad in ({"offset": 0, "size": len(whole), "bytes": "zz"}, {"offset": 0, "size": len(whole), "bytes": ""},
                {"offset": 5, "size": len(whole), "bytes": "00"}, {"offset": -1, "size": 10, "bytes": "00"},
                {"offset": 0, "size": 0, "bytes": "00"}, {"offset": 0, "size": 1 << 60, "bytes": "00"},
                {"offset": 0, "size": 10, "bytes": "00" * 11}, {"offset": 0, "size": len(whole), "bytes": "00" * 400000},
                {"offset": 0, "size": len(whole) - 1, "bytes": first.hex()}):
        with pytest.raises(Refused):
            lab.call("backup.upload", **bad)
    wait_for(lambda: left_beside(lab) == [], PATIENCE, "nothing is left of them")
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        assert control.call("backup.upload", offset=0, size=len(whole), bytes=first.hex()) == {"received": len(first)}
        with pytest.raises(Refused):
            control.call("backup.check")
        with pytest.raises(Refused):
            control.call("backup.upload", offset=5, size=len(whole), bytes="00")
        assert left_beside(lab)
        # Begun again, as often as one likes: the file of the time before may still be there.
        for _ in range(20):
            assert control.call("backup.upload", offset=0, size=len(whole), bytes=first.hex()) == {"received": len(first)}
    wait_for(lambda: left_beside(lab) == [], PATIENCE, "the upload goes with its client")


def test_g030_auditors_may_list_and_nothing_else(new_lab, tmp_path):
    lab = new_lab("roles.auditor.users=[games]")
    backup = create(lab)

    def as_auditor(*arguments):
        return subprocess.run([*as_user(pwd.getpwnam("games").pw_uid), *lab.admin.command(*arguments)], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20)
    assert backup in as_auditor("backup", "list").stdout
    target = os.path.join("/tmp", f"sekisho-auditor-{os.getpid()}")
    for arguments in (("create", "--yes"), ("get", backup, "--output", target), ("restore", backup, "--yes"), ("restore", backup, "--rehearse"),
                      ("delete", backup, "--yes")):
        done = as_auditor("backup", *arguments)
        assert done.returncode == 1 and "your role may not do this" in done.stdout, arguments
    assert not os.path.exists(target) and len(backups(lab)) == 1


def test_g030_stopping_gives_up_what_is_under_way(new_lab):
    lab = new_lab()
    make_large(lab, 100)
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        control.socket.sendall(b'{"jsonrpc":"2.0","id":1,"method":"backup.create","params":{}}\n')
        wait_for(lambda: any(row["state"] == "running" for row in backups(lab)), PATIENCE, "the backup is under way")
        stop(lab)
    assert left_beside(lab) == []
    lab.start_gateway_again()
    verify(lab)
