"""The clerk's desk: a facility, a folder with files, a terminal in which commands are typed, and the page they end up in."""

import os
import re
import subprocess
import threading

from facility import Facility
from lab_parts.certificates import make_certificate
from lab_parts.control import Refused
from lab_parts.processes import PATIENCE, wait_for
from lab_parts.shims import clock_variables
from lab_parts.terminal import at_terminal
from rdp_peers import FakeHost
import rdp_wire as wire

LOCALES = {"en": "C.UTF-8", "ja": "ja_JP.UTF-8"}
YES = {"en": "y", "ja": "はい"}
FIRST = "2026-11-16T08:50:59.900+09:00"  # before the week begins

# What differs from run to run, and what stands for it: examples of the same width, so that tables stay tables.
PASSWORD = re.compile(r"\b[a-km-np-zA-HJ-NP-Z][2-9a-km-np-zA-HJ-NP-Z]{5}(?:-[2-9a-km-np-zA-HJ-NP-Z]{6}){2}\b")
REPLACED = (
    (re.compile(r"\+[0-9a-f]{16}\b"), "+3f0c9a71d2e84b56"),
    (re.compile(r"\b(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}\b"), ":".join(["5e", "88", "48", "98"] * 8)),
    (re.compile(r"\b(?:[0-9a-f]{64}\b|[0-9a-f]{12,}(?=…))"), lambda found: ("5e884898" * 8)[:len(found[0])]),
    # How much it is depends on signatures and on the version.
    (re.compile(r"\b(From the client|To the client|受信量|送信量)( +)\d\.\d kB"), r"\g<1>\g<2>1.5 kB"),
    (re.compile(r"\b\d{3}\.\d kB\b"), "217.4 kB"),
    (re.compile(r"\bbytes: \d{6}\b"), "bytes: 217432"),
    (re.compile(r"/tmp/\S+/backups\b"), "/var/lib/sekisho/backups"),
    # A progress bar has been taken away.
    (re.compile("\x1b\\[K|\ufeff"), ""),
    # The calendar stands at the end of a minute.
    (re.compile(r"\b(\d\d:\d\d):59\b"), r"\1:00"),
    (re.compile(r":59\.900000Z"), ":00.000000Z"),
    # The upkeep of a minute runs ten times a second here, as often as there is something to sign or to erase.
    (re.compile(r"^(Records|記録数)( +)\d+", re.MULTILINE), r"\g<1>\g<2>21"),
    (re.compile(r"\blog_event: \d+"), "log_event: 20"),
    (re.compile(r"\b(Signed checkpoints|署名済みチェックポイント)( +)\d+"), r"\g<1>\g<2>9"),
    (re.compile(r"\bunix:root\b"), "unix:ueno"),
    (re.compile(r"\b127\.0\.0\.1\b"), "10.0.2.21"),
    (re.compile(r"\b127\.0\.1\.7\b"), "10.8.0.17"),
)


EXAMPLES = ("qTn7Re-4kWmuY-x9HbPd", "hM3cVz-w8LaFj-5NyKtU", "sE6bGp-J2rDxq-v7CwTm", "zY4uXf-n9AkHs-3QeLgB",
            "kR8dJv-P5mWcZ-t2NbYa", "fU7yTq-6xGhEn-L4sVkC")
SESSION = "7f31a2c4e5d60918a3b4c5d6e7f80912"


def hide_passwords(text):
    """Each one by another, in the order in which they stand there."""
    shown = iter(EXAMPLES * 4)
    return PASSWORD.sub(lambda _: next(shown), text)


class Desk:
    def __init__(self, folder, language, build):
        self.language = language
        self.folder = os.path.join(folder, "desk")
        os.mkdir(self.folder, 0o755)
        self.facility = Facility(os.path.join(folder, "lab"), build=build, clock=FIRST)
        self.facility.begin_test()
        self.facility.call("account.delete", id=self.facility.variables["LAB_ACCOUNT"])
        certificate, key = make_certificate(self.facility.state, "jump-host", "pacs-01.internal")
        self.signed_out = threading.Event()
        self.host = FakeHost(self.jump_host, certificate, key)
        self.replaced = [*REPLACED, (re.compile(rf"\b{self.host.port}\b"), "3389".ljust(len(str(self.host.port))))]
        self.session = None  # of the engineer who connected last
        self.lines = []

    def close(self):
        self.facility.close()
        self.host.close()

    def text(self):
        return "\n".join(self.lines).rstrip("\n") + "\n"

    # The page

    def say(self, **texts):
        self.lines += [texts[self.language], ""]

    def time(self, text):
        """The calendar turns: "2026-11-17 21:40". It stands still at the very end of the minute, so that the gateway does
        ten times a second what it does every minute: it signs what has been logged."""
        self.facility.set_clock(text.replace(" ", "T") + ":59.900+09:00")
        wait_for(self.log_is_signed, PATIENCE, "the log is signed")

    def log_is_signed(self):
        try:
            return self.facility.call("log.verify")
        except Refused:
            return None

    def show(self, command, output, status=0):
        output = hide_passwords(output)
        for pattern, example in self.replaced:
            output = pattern.sub(example, output)
            command = pattern.sub(example, command)
        lines = [line.rstrip() for line in output.rstrip("\n").splitlines()]
        self.lines += ["```console", "$ " + command.rstrip(), *lines]
        if status:
            self.lines += ["$ echo $?", str(status)]
        self.lines += ["```", ""]

    # The terminal

    def environment(self):
        admin = os.path.dirname(self.facility.admin.command()[0])
        return {"PATH": admin + ":" + os.environ["PATH"], "LANG": LOCALES[self.language], "HOME": self.folder,
                "SEKISHO_SOCKET": self.facility.variables["SEKISHO_SOCKET"], "TERM": "dumb",
                **clock_variables(self.facility.state)}

    def type(self, command, status=0):
        """Runs a shell command as the clerk types it; shows it with all it prints. Returns its output."""
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment(), text=True, check=False,
                              timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == status, f"{command}: {done.returncode}\n{done.stdout}"
        self.show(command, done.stdout, status)
        return done.stdout

    def hash_in(self, shown):
        return re.search(r"\b[0-9a-f]{64}\b", shown)[0]

    def answer(self, command, status=0):
        """The same for a command that asks: the clerk says yes."""
        seen, ended = at_terminal(["bash", "-c", command], [YES[self.language]], rb"\[y/N\]", self.environment(), self.folder)
        # A progress bar is written over; what it ended with stays.
        text = "\n".join(line.rsplit("\r", 1)[-1] for line in seen.replace("\r\n", "\n").split("\n"))
        assert ended == status, f"{command}: {ended}\n{text}"
        for backup in self.facility.call("backup.list")["backups"]:
            self.replaced.append((re.compile(rf"\b{backup['id']}\b"), "a92a7bad"))
        self.show(command, text, status)
        return text

    def file(self, name, text):
        """A file comes into the clerk's folder."""
        with open(os.path.join(self.folder, name), "w", encoding="utf-8", newline="") as file:
            file.write(text)

    # The engineers

    def connect(self, account, terminal):
        """An engineer's client, on its desktop; close() ends it."""
        ticket = self.facility.ticket(account, terminal)
        client = self.facility.raw(source="127.0.1.7")
        client.introduce(ticket.handle, user=ticket.secret)
        client.wait_demand_active()
        session = self.facility.wait_session(account)
        self.session = session["id"]
        # The whole id, or its first characters.
        self.replaced.append((re.compile(rf"\b{session['id'][:7]}[0-9a-f]*"), lambda found: SESSION[:len(found[0])]))
        return client


    def log_off(self, client):
        """The engineer signs out; the jump host then ends the session, as Windows does."""
        self.signed_out.set()
        client.wait_closed()

    def jump_host(self, peer):
        peer.accept_tls()
        peer.accept_mcs()
        peer.activate()
        self.signed_out.wait(60)
        peer.send(wire.ULTIMATUM)
        peer.stay()
