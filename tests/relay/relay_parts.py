"""One relay worker with a supervisor made for tests, and the small RDP peers on both sides of it."""

import os
import re
import select
import signal
import subprocess
import tempfile
import time


def fields(line):
    """'ENDED reason=NOT_RDP detail='a b'' as a dictionary; its first word is under 'message'."""
    found = {name: value.strip("'") for name, value in re.findall(r"(\w+)=('(?:[^'\\]|\\.)*'|\S+)", line)}
    found["message"] = line.split(" ", 1)[0]
    return found


PATIENCE = 60  # seconds for what must happen, also on a machine that has much else to do
AT_ONCE = 9  # … and that no limit of the worker's (10 s) may have brought about


class Process:
    """A child whose lines are waited for, never slept for."""

    def __init__(self, command, **options):
        self.lines = []
        self.rest = b""
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)

    def read_lines(self, limit):
        """Adds what comes within `limit` seconds, at least one line; False at the end of its output."""
        if not select.select([self.child.stdout], [], [], limit)[0]:
            raise TimeoutError(f"{self.child.args[0]} said nothing; so far: {self.lines[-5:]}")
        part = os.read(self.child.stdout.fileno(), 65536)
        *whole, self.rest = (self.rest + part).split(b"\n")
        self.lines += [line.decode("utf-8", "replace") for line in whole]
        return bool(part)

    def wait_line(self, matches, limit=PATIENCE, since=0):
        """The first line from number `since` on that `matches`, and the number behind it."""
        end = time.monotonic() + limit
        at = since
        while True:
            while at < len(self.lines):
                at += 1
                if matches(self.lines[at - 1]):
                    return self.lines[at - 1], at
            if not self.read_lines(max(0.0, end - time.monotonic())):
                raise EOFError(f"{self.child.args[0]} ended: {self.lines[-5:]}")

    def say(self, line):
        self.child.stdin.write(line.encode() + b"\n")
        self.child.stdin.flush()

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        self.child.stdin.close()
        self.child.wait(PATIENCE)
        self.child.stdout.close()


class Host(Process):
    def __init__(self, program, *options):
        super().__init__([program, *options])
        said = fields(self.wait_line(lambda line: "event=listening" in line)[0])
        self.port, self.fingerprint = said["port"], said["fingerprint"]


class Greeter(Process):
    """A sign-in screen for each connection to `path`."""

    def __init__(self, program, folder, *options):
        self.path = os.path.join(tempfile.mkdtemp(dir=folder), "greeter")
        super().__init__([program, "--plain", "--listen", f"unix:{self.path}", *options])
        self.wait_line(lambda line: "event=listening" in line)


def resident_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])


class Relay(Process):
    """relay_driver: sekisho-worker, sekisho-key, and a listener whose clients all go to one host."""

    def __init__(self, driver, programs, identity, host_port, *options):
        self.at = 0
        self.errors = open(os.path.join(os.path.dirname(identity), "relay.log"), "ab")
        super().__init__([driver, "--programs", programs, "--certificate", identity, "--key", identity,
                          "--host", f"127.0.0.1:{host_port}", *options], stderr=self.errors)
        self.worker = fields(self.expect("STARTED sekisho-worker"))["pid"]
        self.key = fields(self.expect("STARTED sekisho-key"))["pid"]
        self.port = fields(self.expect("LISTENING"))["port"]
        self.address = f"127.0.0.1:{self.port}"

    def expect(self, beginning, limit=PATIENCE):
        """The next line that begins so."""
        line, self.at = self.wait_line(lambda text: text.startswith(beginning), limit, self.at)
        return line

    def ended(self, limit=PATIENCE):
        return fields(self.expect("ENDED", limit))

    def wait_idle(self):
        """Until the worker has no connection any more."""
        connections = None
        while connections != "0":
            self.say("ping")
            connections = fields(self.expect("PONG"))["connections"]

    def stop(self):
        """Returns the exit status of the driver, or of a child of its: sanitizers speak by it."""
        if self.child.poll() is None:
            self.say("quit")
            self.lines += self.child.stdout.read().decode("utf-8", "replace").split("\n")
            self.child.wait(PATIENCE)
        statuses = [int(fields(line)["status"]) for line in self.lines if line.startswith("EXITED")]
        status = self.child.returncode or max(statuses, default=0)
        super().stop()
        self.errors.close()
        return status


def make_identity(folder):
    """A certificate and its key in one PEM file."""
    path = os.path.join(folder, "identity.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=gateway.test", "-days", "2", "-keyout", path, "-out", path + ".chain"],
                   check=True, stderr=subprocess.DEVNULL)
    with open(path, "a", encoding="ascii") as both, open(path + ".chain", encoding="ascii") as chain:
        both.write(chain.read())
    return path


class Authority:
    """A CA and the host certificates that it has signed."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.certificate, self.key = self.path("ca.pem"), self.path("ca.key")
        self.openssl("req", "-x509", "-subj", f"/CN={name}", "-days", "2", "-keyout", self.key, "-out", self.certificate)

    def path(self, name):
        return os.path.join(self.folder, f"{self.name}-{name}")

    def openssl(self, verb, *options):
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"] if verb == "req" else []
        subprocess.run(["openssl", verb, *new_key, *options], check=True, stderr=subprocess.DEVNULL)

    def sign(self, names, days="2"):
        """Returns the options of rdp_host for a certificate with these subject alternative names."""
        request, key, certificate, extensions = map(self.path, ("request.pem", "host.key", "host.pem", "host.cnf"))
        with open(extensions, "w", encoding="ascii") as file:
            file.write(f"subjectAltName={names}\n")
        self.openssl("req", "-subj", "/CN=host", "-keyout", key, "-out", request)
        self.openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                     "-days", days, "-extfile", extensions, "-out", certificate)
        return ["--certificate", certificate, "--key", key]
