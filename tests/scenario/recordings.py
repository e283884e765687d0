"""Recordings as a test sees them: opened with the auditor's private key, by a program that shares nothing with the gateway but the
format."""

import glob
import os
import re
import struct
import subprocess
import time

from lab_parts.processes import PATIENCE, wait_for

PASSPHRASE = "correct horse battery\n"
SEGMENT, FROM_HOST, FROM_CLIENT, GAP, NOTE, END = range(1, 7)


def new_key(build, path):
    """An auditor's key as people have it, which PASSPHRASE opens, in the file `path`; returns what gateway.yaml takes."""
    program = os.path.join(os.path.realpath(build), "admin-cli", "sekisho-admin")
    return subprocess.run([program, "recording", "key", "new", path, "--name", "tanaka"], input=PASSPHRASE, text=True, check=True,
                          capture_output=True).stdout.split()[0]


class Auditor:
    """A pair of keys for tests; .line is what gateway.yaml takes."""

    def __init__(self, build, folder):
        self.tool = os.path.join(build, "tests", "recording", "recording_tool")
        self.private = os.path.join(folder, "auditor.private")
        self.line = subprocess.run([self.tool, "pair", self.private], check=True, text=True, capture_output=True).stdout.strip()

    @property
    def setting(self):
        return f"recording.auditors=[{self.line}]"

    def open(self, path):
        """(kind, ms, bytes) of each record, and whether the recording is closed."""
        done = subprocess.run([self.tool, "open", path, "@" + self.private], check=False, capture_output=True, timeout=60)
        assert done.returncode in (0, 3), done.stderr
        return list(records_of(done.stdout)), done.returncode == 0

    def forge(self, path, out):
        """As who can write files and knows the auditor's public key would: another recording that says it is this one."""
        subprocess.run([self.tool, "forge", path, out, self.line], check=True, timeout=60)

    def verify(self, path):
        """Without any key: ("whole", its fields)."""
        done = subprocess.run([self.tool, "verify", path], check=False, capture_output=True, text=True, timeout=60)
        fields = dict(field.split("=", 1) for field in done.stdout.split() if "=" in field)
        return re.match(r"not closed|\w+", done.stdout)[0], fields


def records_of(stream):
    at = 0
    while at < len(stream):
        kind, ms, length = struct.unpack_from("<BII", stream, at)
        yield kind, ms, stream[at + 9:at + 9 + length]
        at += 9 + length


def segment_of(record):
    """Of a SEGMENT: its mode, its size, and its channels: name, id, recorded."""
    form, mode, width, height, _, _, _, io_channel, _, count = struct.unpack_from("<BBHHBHHHHB", record)
    assert form == 1 and len(record) == 16 + 15 * count
    channels = []
    for place in range(count):
        name, _, number, recorded = struct.unpack_from("<8sIHB", record, 16 + 15 * place)
        channels.append((name.rstrip(b"\0").decode(), number, bool(recorded)))
    return mode, (width, height), io_channel, channels


def pdus_of(stream):
    """Whole PDUs, each by its own length; nothing may be left."""
    while stream:
        if stream[0] & 3 == 0:
            length = stream[1] if stream[1] < 0x80 else (stream[1] & 0x7f) << 8 | stream[2]
        else:
            assert stream[0] == 3, stream[:16]
            length = struct.unpack_from(">H", stream, 2)[0]
        assert 0 < length <= len(stream), (length, len(stream))
        yield stream[:length]
        stream = stream[length:]


def channel_of(pdu):
    """Of a Send Data Indication or Request."""
    return struct.unpack_from(">H", pdu, 10)[0]


def folder_of(lab):
    return lab.state.path("gateway", "var", "recordings")


def files_of(lab, folder=None):
    return sorted(glob.glob(os.path.join(folder or folder_of(lab), "*.skr")), key=os.path.getmtime)


def file_of(lab, session, folder=None):
    """The recording of a session, by the first digits of its id."""
    def found():
        return next((path for path in files_of(lab, folder) if os.path.basename(path).startswith(session)), None)
    return wait_for(found, PATIENCE, "the recording has a file")


def let_pass(seconds):
    """So much of a session passes: what a replay, which is no faster, shall have time to show."""
    began = time.monotonic()
    wait_for(lambda: time.monotonic() - began > seconds, PATIENCE + seconds, f"{seconds} seconds of the session pass")


def wait_not_closed(lab):
    """The gateway says that it could not close a recording, and has its row so a moment later."""
    lab.wait_log("SK2705")
    wait_for(lambda: "not-closed" in [row["state"] for row in lab.call("recording.list")["recordings"]], PATIENCE, "its row says so")


def wait_closed(lab, session, limit=PATIENCE):
    """The gateway says that it has closed this session's recording: its fields."""
    line = lab.wait_log(rf"(?m)^.*SK2702.*session={session}.*$", limit)[0]
    return dict(re.findall(r"(\w+)=(\S+)", line))
