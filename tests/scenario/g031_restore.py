"""H2: a backup is restored without losing the log, or not at all."""

import contextlib
import datetime
import os
import re
import shutil
import signal
import sqlite3
import subprocess

import pytest

from backup_lab import (
    add_many_accounts, admin_events, backups, clear_copies, create, folder_of, left_beside, lose_the_disk, make_large, names, path_of, stop, typed, verify)
from lab_parts.control import Control, Refused
from lab_parts.facility import AdminError
from lab_parts.processes import PATIENCE, environment, wait_for


def test_g031_earlier_state_comes_back_and_the_newer_log_stays(new_lab):
    lab = new_lab()
    kept, ticket = lab.new_ticket(lab.shadow)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    client.wait_demand_active()
    lab.wait_session(kept)
    backup = create(lab)
    gone, ticket = lab.new_ticket(lab.shadow)
    other = lab.raw()
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


def test_g031_restore_asks_and_shows_what_would_change(new_lab):
    lab = new_lab()
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


def test_g031_backup_first(new_lab):
    lab = new_lab()
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


def test_g031_fresh_gateway_takes_over_everything(new_lab, tmp_path):
    lab = new_lab()
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
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    client.wait_demand_active()
    lab.wait_session(account)
    stop(lab)
    lab.start_gateway_again()
    assert verify(lab)["events"] > then - 1


def test_a014_exports_go_with_the_log_that_a_takeover_replaces(new_lab, tmp_path):
    lab = new_lab()
    outputs = lab.state.path("gateway", "var", "outputs")
    copy = tmp_path / "copy.backup"
    lab.admin.text("backup", "get", create(lab), "--output", str(copy))
    lose_the_disk(lab)
    shutil.rmtree(folder_of(lab))
    for number in range(2):
        lab.admin.text("account", "export", "--output", str(tmp_path / f"{number}.csv"))
    assert sorted(os.listdir(outputs)) == ["1.csv", "2.csv"]
    lab.admin.text("backup", "restore", str(copy), "--yes")
    wait_for(lambda: os.listdir(outputs) == [], PATIENCE, "the exports of the log that is gone are gone")
    assert lab.call("output.list")["outputs"] == []
    lab.admin.text("account", "export", "--output", str(tmp_path / "new.csv"))
    assert len(os.listdir(outputs)) == 1


def test_g031_running_sessions_hold_up_a_takeover_unless_told_otherwise(new_lab):
    lab = new_lab()
    lab.add_account()
    backup = create(lab)
    lose_the_disk(lab)
    lab.shadow = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"])
    account, ticket = lab.new_ticket(lab.shadow)
    client = lab.raw()
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


def test_g031_rehearsal_changes_nothing_and_is_known_afterwards(new_lab):
    lab = new_lab()
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


def test_g031_restore_warns_of_a_young_rehearsal(new_lab):
    lab = new_lab()
    backup = create(lab)
    assert "ever been rehearsed" in lab.admin.text("backup", "restore", backup, "--yes")
    lab.admin.text("backup", "restore", backup, "--rehearse")
    assert "less than a week old" in lab.admin.text("backup", "restore", backup, "--yes")


def test_g031_restore_does_not_warn_of_an_old_rehearsal(new_lab):
    start = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    lab = new_lab(clock=start.isoformat())
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


def test_g031_bad_files_are_named_and_change_nothing(new_lab, tmp_path):
    lab = new_lab()
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


def test_g031_mistyped_names_are_told(new_lab):
    lab = new_lab()
    for name in ("0a1b2c3", "sekisho-0a1b2c3d", ""):
        with pytest.raises(AdminError) as refused:
            lab.admin.text("backup", "restore", name, "--yes")
        assert "neither a backup of the gateway" in refused.value.output


def test_g031_only_one_restore_at_a_time(new_lab):
    lab = new_lab()
    make_large(lab, 60)
    account = lab.add_account()
    backup = create(lab)
    gone = lab.add_account()
    with Control(lab.variables["SEKISHO_SOCKET"], limit=60) as control:
        control.socket.sendall(b'{"jsonrpc":"2.0","id":1,"method":"backup.restore","params":{"id":"%s"}}\n' % backup.encode())
        wait_for(lambda: clear_copies(lab, "restored"), PATIENCE, "the first one is under way")
        for parameters in ({"id": backup}, {"id": backup, "rehearse": True}):
            with pytest.raises(Refused) as refused:
                lab.call("backup.restore", **parameters)
            assert "already" in refused.value.message
        with pytest.raises(Refused) as refused:
            lab.call("backup.delete", id=backup)
        assert "is being used" in refused.value.message
        line = control.read()
        while "id" not in line:
            line = control.read()
    assert line["result"]["backup"]["id"] == backup
    assert account in names(lab) and gone not in names(lab)
    verify(lab)


IMPORT_HEADER = "アカウント,姓,名,メールアドレス,有効開始日,有効終了日,MACアドレス,接続端末,開始時間,終了時間,ファイル共有,認証連携先"


def passwords_of(lab):
    with contextlib.closing(sqlite3.connect(f"file:{lab.database}?mode=ro", uri=True, timeout=20)) as database:
        return dict(database.execute("SELECT id, (SELECT count(*) FROM password WHERE account = number) FROM account WHERE id LIKE 'eng.%'"))


def test_g031_backup_and_restore_in_the_middle_of_an_import(new_lab, tmp_path):
    lab = new_lab()
    rows = 3000
    path = tmp_path / "in.csv"
    path.write_text("\n".join([IMPORT_HEADER, *(f"eng.{i},山田,太郎,e{i}@vendor.example,2026/1/1,2027/10/31,,,,,拒否," for i in range(rows)), ""]),
                    encoding="utf-8")

    def start_import(number):
        return subprocess.Popen(lab.admin.command("account", "import", str(path), "--yes", "--result", str(tmp_path / f"result-{number}.csv")),
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(lab.state))
    first = start_import(1)
    wait_for(lambda: passwords_of(lab), 60, "the first rows are there")
    backup = create(lab)
    assert first.wait(120) == 0, first.stdout.read()
    assert len(passwords_of(lab)) == rows
    # What the backup has is whole: an account with both its passwords, or none of it.
    lab.admin.text("backup", "restore", backup, "--yes")
    then = passwords_of(lab)
    assert 0 < len(then) <= rows and set(then.values()) == {2}
    verify(lab)
    # A restore between two rows of another import: its rows go on behind it, and repeating it brings all of them.
    second = start_import(2)
    wait_for(lambda: len(passwords_of(lab)) > len(then) or second.poll() is not None, 60, "the second import is under way")
    lab.admin.text("backup", "restore", backup, "--yes")
    second.communicate(timeout=120)
    assert set(passwords_of(lab).values()) == {2}
    third = start_import(3)
    shown, _ = third.communicate(timeout=120)
    assert third.returncode == 0, shown
    assert len(passwords_of(lab)) == rows and set(passwords_of(lab).values()) == {2}
    verify(lab)


def test_g031_damaged_backup_leaves_an_error_log_and_an_event(new_lab):
    lab = new_lab()
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
    # The same for whoever types it, and gets no further than the check.
    with pytest.raises(AdminError) as refused:
        lab.admin.text("backup", "restore", backup, "--yes")
    assert "nothing was changed" in refused.value.output and re.search(r"/\S*restore-failed-\S*\.log", refused.value.output)
    assert '"state":"failed"' in admin_events(lab, "backup.restore")[1]
    assert names(lab) == {account}
    with pytest.raises(AdminError) as refused:
        lab.admin.text("backup", "restore", backup, "--rehearse")
    assert "rehearsal failed" in refused.value.output
    plan_of = create(lab)
    assert lab.call("backup.check", id=plan_of)["rehearsal"]["succeeded"] is False
    verify(lab)


def test_g031_other_key_and_other_facility_are_foreign(new_lab, tmp_path):
    lab = new_lab()
    backup = create(lab)
    copy = tmp_path / "copy.backup"
    lab.admin.text("backup", "get", backup, "--output", str(copy))
    other = new_lab()
    with pytest.raises(AdminError) as refused:
        other.admin.text("backup", "restore", str(copy), "--yes")
    assert "another facility key" in refused.value.output
    third = new_lab("facility.id=\"997-\"")
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


def test_g031_killed_while_it_is_opened(new_lab):
    lab = new_lab()
    make_large(lab, 60)
    backup = create(lab)
    account = lab.add_account()
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        control.socket.sendall(b'{"jsonrpc":"2.0","id":1,"method":"backup.restore","params":{"id":"%s"}}\n' % backup.encode())
        wait_for(lambda: clear_copies(lab, "restored"), PATIENCE, "the backup is being opened")
        # Only the gateway has what came out of it, and nobody has it any more when the gateway is gone.
        assert set(clear_copies(lab, "restored")) == {0o600} and left_beside(lab) == []
        stop(lab, signal.SIGKILL)
    assert left_beside(lab) == []
    lab.start_gateway_again()
    assert account in names(lab)
    verify(lab)


def test_g031_killed_while_it_is_rehearsed(new_lab):
    lab = new_lab()
    make_large(lab, 60)
    backup = create(lab)
    account = lab.add_account()
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        control.socket.sendall(b'{"jsonrpc":"2.0","id":1,"method":"backup.restore","params":{"id":"%s","rehearse":true}}\n' % backup.encode())
        wait_for(lambda: clear_copies(lab, "rehearsed"), PATIENCE, "the present state is being copied")
        assert set(clear_copies(lab, "rehearsed") + clear_copies(lab, "restored")) == {0o600} and left_beside(lab) == []
        stop(lab, signal.SIGKILL)
    assert left_beside(lab) == []
    lab.start_gateway_again()
    assert account in names(lab) and lab.call("backup.list")["rehearsed"] is None
    verify(lab)


def test_g031_killed_while_rows_are_replaced(new_lab):
    lab = new_lab()
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


