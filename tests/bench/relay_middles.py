"""The programs that stand between client and jump host in the benchmark, started and measured alike."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "relay"))

from relay_parts import Process, Relay  # noqa: E402


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait_port(port, limit=10):
    """Until somebody listens. A connection made to find out would be one more; nothing else tells of it than this table."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        with open("/proc/net/tcp", encoding="ascii") as table:
            if any(re.match(rf"\s*\d+: \S+:{port:04X} \S+ 0A ", line) for line in table):
                return
        time.sleep(0.02)
    raise TimeoutError(f"nobody listens on {port}")


def cpu_seconds(pid):
    """On-CPU time of all threads, in nanosecond steps (Documentation/scheduler/sched-stats); once some have ended, in 10 ms steps."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue  # a thread that ended
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return max(total / 1e9, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))


def pss_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Pss:\s+(\d+) kB", file.read(), re.M).group(1)) * 1024


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Middle:
    """pids: whose CPU time counts; port: where clients go."""

    client_options = []
    idle_sessions = 200

    def cpu(self):
        return sum(cpu_seconds(pid) for pid in self.pids)

    def pss(self):
        return sum(pss_bytes(pid) for pid in self.pids)


class Direct(Middle):
    """No middle at all: what client and host alone take."""

    name, pids = "direct", []

    def __init__(self, place, host, loud=None):
        self.port = host.port
        self.loud_port = loud.port if loud else None

    def stop(self):
        pass


class Sekisho(Middle):
    """sekisho-worker in its sandbox, with sekisho-key; a supervisor without policy beside it."""

    name = "sekisho"

    def __init__(self, place, host, loud=None):
        more = ["--loud-host", f"127.0.0.1:{loud.port}"] if loud else []
        trust = ["--pin", host.fingerprint] if host.fingerprint else []
        self.relay = Relay(place.driver, place.programs, place.identity, host.port, "--quiet", *trust, *more, *self.options(place))
        if not trust:
            self.relay.expect("HOST_REPORT")  # it trusts the certificate that it sees first
        self.port = self.loud_port = self.relay.port

    def options(self, _):
        return []

    @property
    def pids(self):
        """sekisho-worker first, then sekisho-key, then what single sessions have."""
        with open(f"/proc/{self.relay.child.pid}/task/{self.relay.child.pid}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]

    def stop(self):
        self.relay.stop()


class SekishoRecords(Sekisho):
    """The same with a sekisho-recorder for each session, whose processor time counts as well."""

    name = "recorded"

    def options(self, place):
        self.folder = tempfile.mkdtemp(dir=place.folder)
        return ["--record", self.folder]

    def stop(self):
        super().stop()
        shutil.rmtree(self.folder)


class SekishoMediates(Sekisho):
    """A sekisho-mediator for each session; processor time and memory of both count, also of those whose session is over."""

    name = "mediated"
    idle_sessions = 20

    def options(self, _):
        return ["--mediated"]


HAPROXY = """global
	nbthread 1
	maxconn 8000
	tune.ssl.cachesize 0
	ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
	ssl-default-bind-ciphersuites TLS_AES_256_GCM_SHA384
	ssl-default-server-ciphersuites TLS_AES_256_GCM_SHA384
defaults
	mode tcp
	timeout connect 10s
	timeout client 600s
	timeout server 600s
listen all
	bind 127.0.0.1:{port} ssl crt {identity}
	server host 127.0.0.1:{host} ssl verify none no-ssl-reuse
listen loud
	bind 127.0.0.1:{loud_port} ssl crt {identity}
	server host 127.0.0.1:{loud} ssl verify none no-ssl-reuse
"""


class Haproxy(Middle):
    """TLS to TLS, one thread. It knows no RDP: TLS comes first on both sides."""

    name = "haproxy"
    client_options = ["--tls-first"]
    host_options = ["--tls-first"]

    def __init__(self, place, host, loud=None):
        self.port, self.loud_port = free_port(), free_port()
        settings = os.path.join(place.folder, f"haproxy-{self.port}.cfg")
        with open(settings, "w", encoding="ascii") as file:
            file.write(HAPROXY.format(port=self.port, identity=place.identity, host=host.port, loud_port=self.loud_port,
                                      loud=(loud or host).port))
        self.process = subprocess.Popen(["haproxy", "-db", "-q", "-f", settings], stderr=subprocess.DEVNULL)
        self.pids = [self.process.pid]
        wait_port(self.port)

    def stop(self):
        self.process.terminate()
        self.process.wait()


FREERDP_PROXY = """[Server]
Host=127.0.0.1
Port={port}
[Target]
Host=127.0.0.1
Port={host}
FixedTarget=true
TlsSecLevel=1
[Channels]
GFX=true
DisplayControl=true
Clipboard=true
AudioInput=true
AudioOutput=true
DeviceRedirection=true
VideoRedirection=true
CameraRedirection=true
RemoteApp=false
PassthroughIsBlacklist=true
Passthrough=
Intercept=
[Input]
Keyboard=true
Mouse=true
Multitouch=true
[Security]
ServerTlsSecurity=true
ServerNlaSecurity=false
ServerRdpSecurity=false
ClientTlsSecurity=true
ClientNlaSecurity=false
ClientRdpSecurity=false
ClientAllowFallbackToTls=true
[Certificates]
CertificateFile={certificate}
PrivateKeyFile={key}
"""


class FreerdpProxy(Middle):
    """The whole of FreeRDP twice, back to back. Wants an RSA key. It shows a desktop of its own first, then the host's."""

    name = "freerdp-proxy3"
    client_options = ["--mode", "patient", "--desktops", "2"]
    idle_sessions = 20

    def __init__(self, place, host, _=None):
        self.port = free_port()
        settings = os.path.join(place.folder, f"proxy-{self.port}.ini")
        with open(settings, "w", encoding="ascii") as file:
            file.write(FREERDP_PROXY.format(port=self.port, host=host.port, certificate=place.rsa_certificate,
                                            key=place.rsa_key))
        self.log = open(os.path.join(place.folder, f"proxy-{self.port}.log"), "wb")
        self.process = subprocess.Popen(["freerdp-proxy3", settings], stdout=self.log, stderr=self.log)
        self.pids = [self.process.pid]
        wait_port(self.port, 20)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


__all__ = ["Direct", "FreerdpProxy", "Haproxy", "Middle", "Process", "Sekisho", "SekishoMediates", "SekishoRecords", "descriptors",
           "pss_bytes", "threads"]
