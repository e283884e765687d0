"""Users without a name, and passwords."""

import os
import pwd
import random
import secrets

from .processes import processes_of
from .state import LabError


def unused_uid(state):
    """A number that no user and no process has. Written down, so that `down` ends what runs under it."""
    for uid in random.sample(range(40000, 60000), 100):
        try:
            pwd.getpwuid(uid)
        except KeyError:
            if not processes_of(uid):
                state.uids.append(uid)
                state.save()
                return uid
    raise LabError("no unused user id between 40000 and 60000")


def as_user(uid):
    """What stands before a command that shall run as this user; nothing when we are not root anyway."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--no-new-privs", "--bounding-set=-all",
            "--inh-caps=-all"]


def new_password():
    return secrets.token_hex(8)
