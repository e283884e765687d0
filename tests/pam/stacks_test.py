#!/usr/bin/python3
"""sekisho-pam behind its socket, started for each connection under a user of its own: the default stack, pam_unix with
pam_oath as conf/pam.d/sekisho.unix-oath has it, and who else may ask.

    tests/pam/stacks_test.py SEKISHO_PAM PAM_SEKISHO_SO PAM_DRIVER

As root: in a mount namespace of its own PAM finds copies of /etc/pam.d, passwd and shadow, with one more user.
"""
import grp
import os
import pathlib
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(TREE / "tests"))

from lab_parts.private_root import PRIVATE_ROOT  # noqa: E402

PROGRAMS = {}
SKIPPED = 77
PAM_UID, GATEWAY_UID, OTHER_UID = 61701, 61702, 61703
PASSWORD, SEED = "Umi-to-yama 1603", secrets.token_hex(20)

ENTER = PRIVATE_ROOT + """
for name in pam.d passwd shadow; do mount --bind "$1/etc/$name" "/etc/$name"; done
exec """


def run(*command, **more):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, **more).stdout


def as_user(uid, *groups):
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", *([f"--groups={','.join(map(str, groups))}"] if groups else
            ["--clear-groups"]), "--no-new-privs"]


class Facility:
    """One stack behind one socket."""

    def __init__(self, stack, groups=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-pam-stacks."))
        self.folder.chmod(0o755)
        for name in PROGRAMS:
            shutil.copy(PROGRAMS[name], self.folder / name)
        self.make_etc(stack)
        run_folder = self.folder / "run"
        run_folder.mkdir()
        os.chown(run_folder, PAM_UID, PAM_UID)
        self.socket = run_folder / "pam.sock"
        listen = [*as_user(PAM_UID, *groups), "systemd-socket-activate", "--seqpacket", "--accept",
                  f"--listen={self.socket}", str(self.folder / "sekisho-pam")]
        enter = self.folder / "enter"
        enter.write_text(ENTER + shlex.join(listen) + "\n", encoding="utf-8")
        enter.chmod(0o755)
        self.process = subprocess.Popen(["unshare", "--mount", "--propagation", "unchanged", enter, self.folder],
                                        stderr=subprocess.PIPE, text=True)
        self.wait_for("Listening on")
        os.chown(self.socket, GATEWAY_UID, -1)
        self.socket.chmod(0o666)

    def wait_for(self, text):
        """A line of its standard error that holds this text."""
        for line in self.process.stderr:
            if text in line:
                return line
        raise AssertionError(f"'{text}' has not come")

    def make_etc(self, stack):
        etc = self.folder / "etc"
        etc.mkdir()
        shutil.copytree("/etc/pam.d", etc / "pam.d", symlinks=True)
        oath = self.folder / "oath"
        oath.mkdir(mode=0o700)
        users = oath / "users.oath"
        users.write_text(f"HOTP/T30/6 hanako - {SEED}\n")
        users.chmod(0o600)
        for path in (oath, users):
            os.chown(path, PAM_UID, PAM_UID)
        text = (TREE / "conf/pam.d" / stack).read_text()
        text = text.replace("/etc/sekisho/oath/users.oath", str(users)).replace("pam_sekisho.so", str(self.folder / "module"))
        (etc / "pam.d/sekisho").write_text(text)
        password = run("openssl", "passwd", "-6", "-stdin", input=PASSWORD).strip()
        (etc / "passwd").write_text(pathlib.Path("/etc/passwd").read_text() + "hanako:x:61704:61704::/nonexistent:/bin/false\n")
        (etc / "shadow").write_text(pathlib.Path("/etc/shadow").read_text() + f"hanako:{password}:20000:0:99999:7:::\n")
        os.chown(etc / "shadow", 0, grp.getgrnam("shadow").gr_gid)
        (etc / "shadow").chmod(0o640)

    def converse(self, *words, uid=GATEWAY_UID, options=()):
        """Lines of fields, as pam_driver prints them."""
        done = subprocess.run([*as_user(uid), self.folder / "driver", *options, self.socket, *words], capture_output=True,
                              text=True, timeout=60)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()
        shutil.rmtree(self.folder)


def code(step=0):
    return run("oathtool", "--totp", f"--now=now {step * 30:+d} seconds", SEED).strip()


class DefaultStack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.facility = Facility("sekisho")
        cls.hash = run("openssl", "passwd", "-6", "-stdin", input=PASSWORD).strip()

    @classmethod
    def tearDownClass(cls):
        cls.facility.close()

    def test_the_right_password_signs_in(self):
        lines = self.facility.converse("taro", PASSWORD, options=("--hash", self.hash))
        self.assertEqual(lines[0], ["asked", "Password"])
        self.assertEqual(lines[-1][:4], ["result", "account", "0", "taro"])

    def test_a_wrong_one_and_no_account_are_the_same_lines(self):
        wrong = self.facility.converse("taro", "wrong", options=("--hash", self.hash))
        unknown = self.facility.converse("taro", PASSWORD, options=("--unknown", self.hash))
        self.assertEqual(wrong[:-1], unknown[:-1])
        self.assertEqual(wrong[-1][:4], unknown[-1][:4])
        self.assertEqual(wrong[-1][1:3], ["authenticate", "7"])  # PAM_AUTH_ERR

    def test_nobody_but_the_sockets_owner_is_answered(self):
        for uid in (OTHER_UID, PAM_UID):
            lines = self.facility.converse("taro", PASSWORD, uid=uid, options=("--hash", self.hash))
            self.assertEqual([line[0] for line in lines], ["ended"])
            self.assertIn(f"uid={uid}", self.facility.wait_for("SK1702"))

    def test_bytes_that_are_no_message_end_it(self):
        """By hand, as root: the owner of the socket for a moment."""
        os.chown(self.facility.socket, 0, -1)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
                peer.settimeout(30)
                peer.connect(str(self.facility.socket))
                peer.send(b"\xff" * 100)
                try:
                    self.assertEqual(peer.recv(10), b"")
                except ConnectionResetError:
                    pass
        finally:
            os.chown(self.facility.socket, GATEWAY_UID, -1)


class UnixAndOath(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.facility = Facility("sekisho.unix-oath", groups=(grp.getgrnam("shadow").gr_gid,))

    @classmethod
    def tearDownClass(cls):
        cls.facility.close()

    def test_password_and_code_sign_in_and_no_code_twice(self):
        lines = self.facility.converse("hanako", PASSWORD, code())
        asked = [line[1] for line in lines if line[0] == "asked"]
        self.assertEqual(len(asked), 2)
        self.assertIn("Password", asked[0])
        self.assertIn("One-time password", asked[1])
        self.assertEqual(lines[-1][:4], ["result", "account", "0", "hanako"])
        again = self.facility.converse("hanako", PASSWORD, code(-1))
        self.assertEqual(again[-1][1], "authenticate")
        self.assertNotEqual(again[-1][2], "0")

    def test_a_wrong_password_is_refused(self):
        lines = self.facility.converse("hanako", "wrong", code())
        self.assertEqual(lines[-1][1:3], ["authenticate", "7"])


def missing():
    if os.geteuid() != 0:
        return "needs root, for a mount namespace"
    for name in ("systemd-socket-activate", "unshare", "setpriv", "oathtool", "openssl"):
        if shutil.which(name) is None:
            return f"there is no {name}"
    if subprocess.run(["unshare", "--mount", "--propagation", "unchanged", "true"], check=False).returncode != 0:
        return "there are no mount namespaces"
    return None


if __name__ == "__main__":
    PROGRAMS.update(zip(("sekisho-pam", "module", "driver"), sys.argv[1:4]))
    why = missing()
    if why is not None:
        print(f"skipped: {why}")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1], verbosity=2)
