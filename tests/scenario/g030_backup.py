"""H2: backups are made while the gateway works, opened only with its key, and restored without losing the log."""

import contextlib
import datetime
import os
import pty
import pwd
import re
import shutil
import signal
import sqlite3
import subprocess
import threading

import pytest

from lab_parts.control import Control, Refused
from lab_parts.facility import AdminError
from lab_parts.gateway import clock_variables
from lab_parts.identity import as_user
from lab_parts.processes import environment, wait_for

MEGABYTE = 1 << 20


def folder_of(lab):
    return os.path.join(os.path.dirname(lab.database), "backups")


def path_of(lab, backup):
    return os.path.join(folder_of(lab), f"sekisho-{backup}.backup")


@pytest.fixture
def own_lab(new_lab):
    """own_lab(…): a facility whose database may be replaced; .database is its path."""
    def make(*settings, **options):
        lab = new_lab(*settings, **options)
        lab.database = lab.state.path("gateway", "var", "sekisho.db")
        return lab
    return make


def create(lab, note=None):
    more = ["--note", note] if note else []
    return lab.admin.json("backup", "create", "--yes", *more)["id"]


def backups(lab):
    return lab.call("backup.list")["backups"]


def names(lab):
    return {account["id"] for account in lab.call("account.list")["accounts"]} - {"taro"}


def stop(lab, number=signal.SIGTERM):
    process = lab.gateway_process
    os.kill(int(lab.variables["LAB_GATEWAY_PID"]), number)
    wait_for(lambda: not lab.gateway_runs(), 20, "the gateway ends")
    return process


def lose_the_disk(lab):
    """The database is gone; settings and facility key are not."""
    stop(lab)
    for name in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(lab.database + name)
    lab.start_gateway_again()


def make_large(lab, megabytes):
    """Rows that belong to nobody, so that a backup takes long enough to be met on its way."""
    with contextlib.closing(sqlite3.connect(lab.database, timeout=20)) as database:
        for number in range(megabytes):
            database.execute("INSERT INTO ticket (handle, secret_hash, account, terminal, issued, issued_by, boot, dead_at_boottime)"
                             " VALUES (?, zeroblob(32), 0, 0, 0, ?, 'x', 0)", (f"+bulk{number}", os.urandom(MEGABYTE // 2).hex()))
            database.commit()


def add_many_accounts(lab, count):
    with contextlib.closing(sqlite3.connect(lab.database, timeout=20)) as database:
        database.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
                         " INSERT INTO account (id, id_key, family_name, given_name, email, kind, valid_from, valid_until, created, updated)"
                         " SELECT 'bulk' || i, 'bulk' || i, 'B', 'B', 'b@example.jp', 'engineer', '2020-01-01', '2020-01-02', 0, 0 FROM n",
                         (count,))
        database.commit()


def left_beside(lab):
    """What a backup or a restore should have taken away."""
    beside = [name for name in os.listdir(os.path.dirname(lab.database)) if re.search(r"-(copy|restored|rehearsed)", name)]
    folder = folder_of(lab)
    return beside + [name for name in os.listdir(folder) if name.endswith(".part")] if os.path.isdir(folder) else beside


def typed(lab, answers, *arguments):
    """sekisho-admin on a terminal, at which somebody types: (exit status, what stood there)."""
    process, terminal = pty.fork()
    if process == 0:
        command = lab.admin.command(*arguments)
        os.execvpe(command[0], command, {**environment(lab.state), **clock_variables(lab.state)})
    shown = b""
    answers = list(answers)
    with contextlib.suppress(OSError):
        while True:
            piece = os.read(terminal, 4096)
            if not piece:
                break
            shown += piece
            if shown.endswith(b"[y/N] ") and answers:
                os.write(terminal, answers.pop(0).encode() + b"\n")
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return status, shown.decode(errors="replace")


def verify(lab):
    return lab.admin.json("log", "verify")


def admin_events(lab, action):
    with contextlib.closing(sqlite3.connect(f"file:{lab.database}?mode=ro", uri=True, timeout=20)) as database:
        return [row for row, in database.execute(
            "SELECT payload FROM event WHERE kind = 'admin' AND payload ->> 'action' = ? ORDER BY id", (action,))]


# Making

def test_h002_create_shows_when_who_how_large_and_why(own_lab):
    lab = own_lab()
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
    for secret in (account, "vendor.example", "$y$", "CREATE TABLE", "試験", "unix:"):
        assert secret.encode() not in sealed
    assert left_beside(lab) == []
    lab.wait_log("SK1601")
    assert len(admin_events(lab, "backup.create")) == 1


def test_h002_create_and_delete_ask(own_lab):
    lab = own_lab()
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


def test_h002_sixth_is_refused_and_none_is_deleted_by_itself(own_lab):
    lab = own_lab()
    made = [create(lab) for _ in range(5)]
    with pytest.raises(AdminError) as refused:
        create(lab)
    assert "five backups already" in refused.value.output
    assert [row["id"] for row in backups(lab)] == made
    lab.admin.text("backup", "delete", made[2], "--yes")
    create(lab)
    assert len(backups(lab)) == 5


def test_h002_sessions_and_accounts_begin_while_a_backup_is_made(own_lab):
    lab = own_lab()
    make_large(lab, 60)
    tickets = [lab.new_ticket(lab.shadow) for _ in range(3)]
    with Control(lab.variables["SEKISHO_SOCKET"], limit=60) as control:
        done = []
        thread = threading.Thread(target=lambda: done.append(control.call("backup.create")))
        thread.start()
        wait_for(lambda: any(row["state"] == "running" for row in backups(lab)), 10, "the backup is under way")
        added = [lab.add_account()]
        for account, ticket in tickets:
            client = lab.raw(limit=30)
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


def test_h002_only_one_at_a_time(own_lab):
    lab = own_lab()
    make_large(lab, 60)
    with Control(lab.variables["SEKISHO_SOCKET"], limit=60) as control:
        thread = threading.Thread(target=lambda: control.call("backup.create"))
        thread.start()
        wait_for(lambda: backups(lab), 10, "the backup is under way")
        if any(row["state"] == "running" for row in backups(lab)):
            with pytest.raises(Refused) as refused:
                lab.call("backup.create")
            assert "already" in refused.value.message
        thread.join()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
def test_h002_full_disk_fails_with_its_reason_and_leaves_nothing(own_lab, folders):
    small = folders("small")
    os.chmod(small, 0o755)
    lab = own_lab(f"backups.folder={small}/mount")
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


def test_h002_killed_while_it_is_made(own_lab):
    lab = own_lab()
    whole = create(lab)
    make_large(lab, 100)
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        control.socket.sendall(b'{"jsonrpc":"2.0","id":1,"method":"backup.create","params":{}}\n')
        wait_for(lambda: any(name.endswith(".part") for name in os.listdir(folder_of(lab))), 20, "it is being sealed")
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

def test_h002_get_writes_a_private_file_and_never_over_another(own_lab, tmp_path):
    lab = own_lab()
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


def test_h002_ids_are_no_paths(own_lab):
    lab = own_lab()
    for bad in ("../sekisho.db", "/etc/passwd", "", "0000000g", "00000000/"):
        for method, more in (("backup.read", {"offset": 0}), ("backup.delete", {}), ("backup.check", {}), ("backup.restore", {})):
            with pytest.raises(Refused) as refused:
                lab.call(method, id=bad, **more)
            assert refused.value.code == -32002


# Restoring

def test_h002_earlier_state_comes_back_and_the_newer_log_stays(own_lab):
    lab = own_lab()
    kept, ticket = lab.new_ticket(lab.shadow)
    client = lab.raw(limit=30)
    client.introduce(ticket.handle, ticket.secret)
    client.wait_demand_active()
    lab.wait_session(kept)
    backup = create(lab)
    gone, ticket = lab.new_ticket(lab.shadow)
    other = lab.raw(limit=30)
    other.introduce(ticket.handle, ticket.secret)
    other.wait_demand_active()
    lab.wait_session(gone)
    before = verify(lab)["events"]
    shown = lab.admin.text("backup", "restore", backup, "--yes")
    assert "has been restored" in shown and "overwritten" in shown
    assert names(lab) == {kept}
    # The running rules hold at once: who is gone does not stay; who is not, does.
    row = lab.wait_end(gone)
    assert row["state"] == "killed" or row["state"] == "ended"
    assert lab.sessions(kept)
    assert verify(lab)["events"] > before
    assert len(lab.history(gone)) == 1
    event = admin_events(lab, "backup.restore")[-1]
    assert backup in event and '"replaced":"state"' in event and re.search(r'"sha256":"[0-9a-f]{64}"', event)
    lab.wait_log("SK1610")
    assert left_beside(lab) == []
    # Numbers are not given away again: the new account has nothing of the old one's history.
    lab.add_account()


def test_h002_restore_asks_and_shows_what_would_change(own_lab):
    lab = own_lab()
    lab.add_account()
    backup = create(lab)
    locked = lab.add_account()
    lab.admin.text("account", "lock", locked)
    status, shown = typed(lab, ["n"], "backup", "restore", backup)
    assert status == 1 and "3 → 2" in shown and "1 disappear, 0 come back" in shown
    assert "ever been rehearsed" in shown and locked in names(lab)
    status, shown = typed(lab, ["y", "y"], "backup", "restore", backup)
    assert status == 0 and "is kept as backup" in shown
    first, second = backups(lab)
    assert first["id"] == backup and second["note"] == "before a restore"
    assert locked not in names(lab)
    with pytest.raises(AdminError) as refused:
        lab.admin.text("backup", "restore", second["id"])
    assert "--yes" in refused.value.output
    lab.admin.text("backup", "restore", second["id"], "--yes")
    assert locked in names(lab)


def test_h002_backup_first(own_lab):
    lab = own_lab()
    backup = create(lab)
    account = lab.add_account()
    lab.admin.text("backup", "restore", backup, "--backup-first", "--yes")
    assert account not in names(lab) and len(backups(lab)) == 2
    for _ in range(3):
        create(lab)
    lab.add_account()
    with pytest.raises(AdminError) as refused:
        lab.admin.text("backup", "restore", backup, "--backup-first", "--yes")
    assert "five backups already" in refused.value.output and names(lab) != set()


def test_h002_fresh_gateway_takes_over_everything(own_lab, tmp_path):
    lab = own_lab()
    account, ticket = lab.new_ticket(lab.shadow)
    backup = create(lab)
    copy = tmp_path / "copy.backup"
    lab.admin.text("backup", "get", backup, "--output", str(copy))
    then = verify(lab)["events"]
    lose_the_disk(lab)
    shutil.rmtree(folder_of(lab))
    assert names(lab) == set()
    stranger = lab.add_account()
    shown = lab.admin.text("backup", "restore", str(copy), "--yes")
    assert "logs included" in shown and "has been restored" in shown
    assert account in names(lab) and stranger not in names(lab)
    # The events of making the backup and of taking it away came behind it, and that of the restore is new.
    assert verify(lab)["events"] == then - 1
    event = admin_events(lab, "backup.restore")[-1]
    assert '"replaced":"everything"' in event and '"before":{"accounts":1' in event
    assert backups(lab) == [] and left_beside(lab) == []
    # It works on: a new session, and a second restart.
    ticket = lab.ticket(account, lab.shadow)
    client = lab.raw(limit=30)
    client.introduce(ticket.handle, ticket.secret)
    client.wait_demand_active()
    lab.wait_session(account)
    stop(lab)
    lab.start_gateway_again()
    assert verify(lab)["events"] > then - 1


def test_h002_running_sessions_hold_up_a_takeover_unless_told_otherwise(own_lab):
    lab = own_lab()
    lab.add_account()
    backup = create(lab)
    lose_the_disk(lab)
    lab.shadow = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"])
    account, ticket = lab.new_ticket(lab.shadow)
    client = lab.raw(limit=30)
    client.introduce(ticket.handle, ticket.secret)
    client.wait_demand_active()
    lab.wait_session(account)
    with pytest.raises(AdminError) as refused:
        lab.admin.text("backup", "restore", backup, "--yes")
    assert "--end-sessions" in refused.value.output
    assert lab.sessions(account)
    lab.admin.text("backup", "restore", backup, "--end-sessions", "--yes")
    client.wait_closed()
    assert account not in names(lab)
    verify(lab)


def test_h002_rehearsal_changes_nothing_and_is_known_afterwards(own_lab):
    lab = own_lab()
    lab.add_account()
    backup = create(lab)
    account = lab.add_account()
    shown = lab.admin.text("backup", "restore", backup, "--rehearse")
    assert "rehearsal went well" in shown
    assert account in names(lab) and left_beside(lab) == []
    assert '"state":"done"' in admin_events(lab, "backup.rehearse")[0]
    lab.wait_log("SK1612")
    assert lab.call("backup.list")["rehearsed"].endswith("Z")
    plan = lab.call("backup.check", id=backup)
    assert plan["rehearsal"]["succeeded"] and plan["rehearsal"]["backup"] == backup
    verify(lab)


def test_h002_restore_warns_of_a_young_rehearsal(own_lab):
    lab = own_lab()
    backup = create(lab)
    assert "ever been rehearsed" in lab.admin.text("backup", "restore", backup, "--yes")
    lab.admin.text("backup", "restore", backup, "--rehearse")
    assert "less than a week old" in lab.admin.text("backup", "restore", backup, "--yes")


def test_h002_restore_does_not_warn_of_an_old_rehearsal(own_lab):
    start = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    lab = own_lab(clock=start.isoformat())
    backup = create(lab)
    lab.admin.text("backup", "restore", backup, "--rehearse")
    lab.set_clock((start + datetime.timedelta(days=7, seconds=1)).isoformat())
    status, shown = typed(lab, ["n"], "backup", "restore", backup)
    assert status == 1 and "Restore this backup?" in shown
    assert "rehears" not in shown


# Bad input

def bad_copies(path, folder):
    """(name, file, what is said) of files that must not be restored."""
    with open(path, "rb") as file:
        whole = file.read()
    length = int.from_bytes(whole[18:20], "big")
    flipped = bytearray(whole)
    flipped[-1000] ^= 1
    header = bytearray(whole)
    header[40] ^= 1
    newer = bytearray(whole)
    newer[17] += 1
    files = {
        "truncated": (whole[:-1], "cut off"),
        "header-only": (whole[:length], "cut off"),
        "half-a-header": (whole[:length // 2], "cut off"),
        "longer": (whole + b"x", "more bytes than were written"),
        "flipped": (bytes(flipped), "not what was written"),
        "header": (bytes(header), "not what was written"),
        "newer-format": (bytes(newer), "newer version"),
        "rubbish": (os.urandom(100000), "not a backup"),
        "database": (b"SQLite format 3\0" + bytes(100000), "not a backup"),
    }
    for name, (content, words) in files.items():
        file = folder / (name + ".backup")
        file.write_bytes(content)
        yield name, str(file), words


def test_h002_bad_files_are_named_and_change_nothing(own_lab, tmp_path):
    lab = own_lab()
    account = lab.add_account()
    backup = create(lab)
    for name, file, words in bad_copies(path_of(lab, backup), tmp_path):
        with pytest.raises(AdminError) as refused:
            lab.admin.text("backup", "restore", file, "--yes")
        assert words in refused.value.output, name
    empty = tmp_path / "empty"
    empty.touch()
    for path in (str(empty), str(tmp_path), str(tmp_path / "not-there")):
        with pytest.raises(AdminError):
            lab.admin.text("backup", "restore", path, "--yes")
    assert names(lab) == {account}
    assert left_beside(lab) == []


def test_h002_damaged_backup_leaves_an_error_log_and_an_event(own_lab):
    lab = own_lab()
    account = lab.add_account()
    backup = create(lab)
    with open(path_of(lab, backup), "r+b") as file:
        file.seek(-1000, os.SEEK_END)
        byte = file.read(1)
        file.seek(-1000, os.SEEK_END)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(Refused) as refused:
        lab.call("backup.restore", id=backup)
    assert "nothing was changed" in refused.value.message
    log = re.search(r"/\S*restore-failed-\S*\.log", refused.value.message)[0]
    with open(log, encoding="utf-8") as file:
        text = file.read()
    assert backup in text and "unsealing" in text and "damaged" in text
    assert os.stat(log).st_mode & 0o777 == 0o600
    lab.wait_log("SK1611")
    assert '"state":"failed"' in admin_events(lab, "backup.restore")[0]
    assert names(lab) == {account}
    with pytest.raises(AdminError) as refused:
        lab.admin.text("backup", "restore", backup, "--rehearse")
    assert "rehearsal failed" in refused.value.output
    plan_of = create(lab)
    assert lab.call("backup.check", id=plan_of)["rehearsal"]["succeeded"] is False
    verify(lab)


def test_h002_other_key_and_other_facility_are_foreign(own_lab, tmp_path):
    lab = own_lab()
    backup = create(lab)
    copy = tmp_path / "copy.backup"
    lab.admin.text("backup", "get", backup, "--output", str(copy))
    other = own_lab()
    with pytest.raises(AdminError) as refused:
        other.admin.text("backup", "restore", str(copy), "--yes")
    assert "another facility key" in refused.value.output
    third = own_lab("facility.id=\"997-\"")
    stop(third)
    for name in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(third.database + name)
    key = third.state.path("gateway", "etc", "facility.key")
    with open(lab.state.path("gateway", "etc", "facility.key"), "rb") as source, open(key, "r+b") as target:
        target.write(source.read())
    third.start_gateway_again()
    with pytest.raises(AdminError) as refused:
        third.admin.text("backup", "restore", str(copy), "--yes")
    assert "another facility" in refused.value.output and "key" not in refused.value.output
    # A foreign file that somebody laid into the folder is shown as what it is, and takes up a place.
    shutil.copy(copy, path_of(other, backup) if os.path.isdir(folder_of(other)) else copy.with_suffix(".2"))
    create(other)
    laid = path_of(other, backup)
    shutil.copy(copy, laid)
    os.chown(laid, int(other.variables["LAB_GATEWAY_UID"]), -1)
    states = {row["id"]: row["state"] for row in backups(other)}
    assert states[backup] == "unusable" and "done" in states.values()


def test_h002_killed_while_it_is_opened(own_lab):
    lab = own_lab()
    make_large(lab, 60)
    backup = create(lab)
    account = lab.add_account()
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        control.socket.sendall(b'{"jsonrpc":"2.0","id":1,"method":"backup.restore","params":{"id":"%s"}}\n' % backup.encode())
        wait_for(lambda: os.path.exists(lab.database + "-restored"), 20, "the backup is being opened")
        stop(lab, signal.SIGKILL)
    lab.start_gateway_again()
    assert left_beside(lab) == [] and account in names(lab)
    verify(lab)


def test_h002_killed_while_rows_are_replaced(own_lab):
    lab = own_lab()
    account = lab.add_account()
    add_many_accounts(lab, 100000)
    backup = create(lab)
    with contextlib.closing(sqlite3.connect(lab.database, timeout=20)) as database:
        database.execute("DELETE FROM account WHERE id LIKE 'bulk%'")
        database.commit()
    newer = lab.add_account()
    with Control(lab.variables["SEKISHO_SOCKET"], limit=60) as control:
        control.socket.sendall(b'{"jsonrpc":"2.0","id":1,"method":"backup.restore","params":{"id":"%s"}}\n' % backup.encode())
        line = control.read()
        while "id" not in line and line["params"]["what"] != "restoring":
            line = control.read()
        stop(lab, signal.SIGKILL)
    lab.start_gateway_again()
    assert left_beside(lab) == []
    with contextlib.closing(sqlite3.connect(f"file:{lab.database}?mode=ro", uri=True)) as database:
        count, = database.execute("SELECT count(*) FROM account").fetchone()
    # All of the one or all of the other.
    assert count in (3, 100002)
    assert (newer in names(lab)) == (count == 3) and account in names(lab)
    verify(lab)


# The protocol

def test_h002_uploads_are_bounded_and_go_with_their_client(own_lab):
    lab = own_lab()
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
    wait_for(lambda: left_beside(lab) == [], 10, "nothing is left of them")
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        assert control.call("backup.upload", offset=0, size=len(whole), bytes=first.hex()) == {"received": len(first)}
        with pytest.raises(Refused):
            control.call("backup.check")
        with pytest.raises(Refused):
            control.call("backup.upload", offset=5, size=len(whole), bytes="00")
        assert left_beside(lab)
    wait_for(lambda: left_beside(lab) == [], 10, "the upload goes with its client")


def test_h002_auditors_may_list_and_nothing_else(own_lab, tmp_path):
    lab = own_lab("roles.auditor.users=[games]")
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


def test_h002_stopping_gives_up_what_is_under_way(own_lab):
    lab = own_lab()
    make_large(lab, 100)
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        control.socket.sendall(b'{"jsonrpc":"2.0","id":1,"method":"backup.create","params":{}}\n')
        wait_for(lambda: any(row["state"] == "running" for row in backups(lab)), 10, "the backup is under way")
        stop(lab)
    assert left_beside(lab) == []
    lab.start_gateway_again()
    verify(lab)
