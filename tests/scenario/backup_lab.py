"""What the scenarios of backups share."""

import contextlib
import os
import re
import signal
import sqlite3

from clerk import at_terminal
from lab_parts.processes import PATIENCE, wait_for
from lab_parts.shims import clock_variables

MEGABYTE = 1 << 20


def folder_of(lab):
    return os.path.join(os.path.dirname(lab.database), "backups")


def path_of(lab, backup):
    return os.path.join(folder_of(lab), f"sekisho-{backup}.backup")


def create(lab, note=None):
    more = ["--note", note] if note else []
    return lab.admin.json("backup", "create", "--yes", *more)["id"]


def backups(lab):
    return lab.call("backup.list")["backups"]


def names(lab):
    return {account["id"] for account in lab.call("account.list")["accounts"]} - {"taro"}


def threads_of(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def stop(lab, number=signal.SIGTERM):
    process = lab.gateway_process
    pid = int(lab.variables["LAB_GATEWAY_PID"])
    os.kill(pid, number)
    wait_for(lambda: not lab.gateway_runs(), PATIENCE, "the gateway ends")
    # Its other threads hold the database's lock for as long as the disk takes to let go of a large file without a name.
    wait_for(lambda: threads_of(pid) <= 1, PATIENCE, "the last of its threads ends")
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


def clear_copies(lab, name):
    """Modes of the databases without a name that the gateway has open: nothing in them is sealed."""
    folder = f"/proc/{lab.variables['LAB_GATEWAY_PID']}/fd"
    modes = []
    for descriptor in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            if os.readlink(f"{folder}/{descriptor}").endswith(f"-{name} (deleted)"):
                modes.append(os.stat(f"{folder}/{descriptor}").st_mode & 0o777)
    return modes


def left_beside(lab):
    """What a backup or a restore should have taken away, or never given a name."""
    beside = [name for name in os.listdir(os.path.dirname(lab.database)) if re.search(r"-(copy|restored|rehearsed)", name)]
    folder = folder_of(lab)
    return beside + [name for name in os.listdir(folder) if name.endswith(".part")] if os.path.isdir(folder) else beside


def typed(lab, answers, *arguments):
    """sekisho-admin on a terminal, at which somebody types: (exit status, what stood there)."""
    shown, status = at_terminal(lab, arguments, answers, rb"\[y/N\] $", more=clock_variables(lab.state))
    return status, shown


def verify(lab):
    return lab.admin.json("log", "verify")


def admin_events(lab, action):
    with contextlib.closing(sqlite3.connect(f"file:{lab.database}?mode=ro", uri=True, timeout=20)) as database:
        return [row for row, in database.execute(
            "SELECT payload FROM event WHERE kind = 'admin' AND payload ->> 'action' = ? ORDER BY id", (action,))]
