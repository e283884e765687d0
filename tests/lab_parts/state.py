"""What a facility consists of, in FOLDER/state.json.

Everything is written down at the moment it is started, so that a facility that came up by half, or whose maker was
killed, can be taken down all the same. A process is its id and its start time: a number that was used again is never
taken for ours.
"""

import json
import os
import shlex


class LabError(Exception):
    """Something that the person at the terminal can read: one line, maybe with the end of a log."""


class State:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.file = os.path.join(self.folder, "state.json")
        self.processes = []  # {"name", "pid", "started", "log", "end_with"}
        self.uids = []  # users without a name that only this facility has
        self.files = []  # outside FOLDER, removed by `down`
        self.clients = {}  # name: {"display", "pid"}
        self.variables = {}

    @classmethod
    def load(cls, folder):
        state = cls(folder)
        try:
            with open(state.file, encoding="utf-8") as file:
                kept = json.load(file)
        except FileNotFoundError:
            raise LabError("no facility in " + state.folder) from None
        state.processes = kept["processes"]
        state.uids = kept["uids"]
        state.files = kept["files"]
        state.clients = kept["clients"]
        state.variables = kept["variables"]
        return state

    def save(self):
        kept = {"processes": self.processes, "uids": self.uids, "files": self.files, "clients": self.clients,
                "variables": self.variables}
        with open(self.file + ".new", "w", encoding="utf-8") as file:
            json.dump(kept, file, indent=1)
        os.replace(self.file + ".new", self.file)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def make_folder(self, *names, mode=0o755, uid=None):
        path = self.path(*names)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        if uid is not None and os.geteuid() == 0:
            os.chown(path, uid, uid)
        return path

    def set(self, **variables):
        self.variables.update({name: str(value) for name, value in variables.items()})
        self.save()

    def process(self, pid):
        """The row of a process that was started with start()."""
        return next(row for row in self.processes if row["pid"] == pid)

    def shell_text(self):
        """For `.` or eval: NAME=VALUE lines, exported, since the programs read some of them."""
        lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(self.variables.items()))
        return "set -a\n" + lines + "set +a\n"


def write_file(path, text, mode=0o644, uid=None):
    """A whole file at once, never readable for more people than `mode` says."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    if uid is not None and os.geteuid() == 0:
        os.chown(path, uid, uid)
    return path
