"""Users, without a name on this machine or with one in a copy of its files, and passwords."""

import os
import pwd
import random
import secrets
import subprocess

from .network import own_share
from .processes import processes_of, run
from .state import LabError, write_file


def unused_uid(state):
    """A number that no user and no process has. Written down, so that `down` ends what runs under it."""
    for uid in random.sample(own_share(range(40000, 60000)), 100):
        try:
            pwd.getpwuid(uid)
        except KeyError:
            if not processes_of(uid):
                state.uids.append(uid)
                state.save()
                return uid
    raise LabError("no unused user id between 40000 and 60000")


def as_user(uid, group=None):
    """What stands before a command that shall run as this user, in one more group or in none; nothing when we are not root
    anyway."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups" if group is None else f"--groups={group}",
            "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]


def new_password():
    return secrets.token_hex(8)


def add_user(etc, name, uid, home, password):
    """passwd, shadow and group as this machine has them, and one user more, in the folder `etc`."""
    hashed = run(["openssl", "passwd", "-6", "-stdin"], stdin=text_of(password)).strip()
    add_line(etc, "passwd", name, f"x:{uid}:{uid}::{home}:/bin/sh", 0o644)
    add_line(etc, "group", name, f"x:{uid}:", 0o644)
    add_line(etc, "shadow", name, f"{hashed}:19000:0:99999:7:::", 0o600)


def text_of(text):
    """A pipe from which a program reads the text: passwords do not appear on a command line."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as source:
        source.stdin.write(text + "\n")
        source.stdin.close()
        kept = os.dup(source.stdout.fileno())
    return os.fdopen(kept)


def add_line(etc, file_name, name, rest, mode):
    """In the copy that is there already, or in a new one."""
    path = os.path.join(etc, file_name)
    with open(path if os.path.exists(path) else "/etc/" + file_name, encoding="utf-8") as file:
        lines = [old for old in file.read().splitlines() if not old.startswith(name + ":")]
    write_file(path, "\n".join([*lines, f"{name}:{rest}", ""]), mode=mode)
