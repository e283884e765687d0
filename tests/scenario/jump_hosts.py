"""Jump hosts for scenarios: what a fake one may do (lab.fake_host), tests/peers/rdp_host, and their certificates."""

import contextlib
import json
import os
import struct
import tempfile
import time

import rdp_wire as wire
from clerk import run
from lab_parts.network import free_port, listens
from lab_parts.processes import PATIENCE, environment, need, run as run_program
from lab_parts.processes import start, stop, wait_for, wait_until
from lab_parts.screens import show_something_lively, start_screen
from rdp_peers import RawClient

HOST = "tests/peers/rdp_host"


def http(peer):
    peer.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    peer.stay()


def silent(peer):
    peer.stay()


def hangs_up(peer):
    peer.read_pdu()


def no_tls_after_all(peer):
    peer.read_pdu()
    peer.send(wire.connection_confirm())
    peer.send(b"this is not TLS" * 10)
    peer.stay()


def huge_response(peer):
    peer.accept_tls()
    peer.read_pdu()
    peer.send(wire.connect_response(0, padding=b"\x55" * 32000))
    peer.stay()


def hangs_up_in_response(peer):
    peer.accept_tls()
    peer.read_pdu()
    peer.send(wire.connect_response(2)[:40])


def redirects_at_once(peer):
    peer.accept_tls()
    peer.accept_mcs()
    peer.send_io(wire.LICENCE_VALID)
    redirects(peer)


def serves_a_session(peer):
    peer.accept_tls()
    peer.accept_mcs()
    peer.activate()
    peer.stay()


# Behind its desktop's beginning

def redirects(peer):
    peer.send_io(wire.server_redirection())
    peer.stay()


def half_a_pdu(peer):
    peer.send(struct.pack(">BBH", 3, 0, 1000) + b"\x02\xf0\x80\x68" + bytes(100))


def impossible_length(peer):
    peer.send(struct.pack(">BBH", 3, 0, 3) + bytes(20))
    peer.stay()


def unknown_mcs(peer):
    peer.send(wire.x224_data(b"\xfc" + bytes(20)))
    peer.stay()


class Host:
    """tests/peers/rdp_host on a port of its own: it can be killed, and come back with another certificate."""

    def __init__(self, lab, build, *options):
        self.lab, self.program, self.options = lab, os.path.join(str(build), HOST), options
        self.port = free_port()
        self.process = None
        self.environment = {}

    def start(self, *options):
        self.process = start(self.lab.state, f"host-{self.port}",
                             [self.program, "--listen", f"127.0.0.1:{self.port}", "--quiet", *self.options, *options],
                             env=environment(self.lab.state, **self.environment))
        wait_until(self.lab.state, self.process, lambda: listens(self.port), PATIENCE, "the test host listens")
        return self

    def kill(self):
        stop(self.process)
        wait_for(lambda: not listens(self.port), PATIENCE, "the test host has gone")


AUTHORITY = """
[ca]
default_ca = the_ca
[the_ca]
database = {folder}/index
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
organizationName = optional
commonName = supplied
"""


def certificate(lab, name, days=365, issuer=None, extra=("-addext", "basicConstraints=critical,CA:TRUE")):
    """(certificate, key): P-256, valid from three days ago, for so many days from now (may be negative)."""
    folder = tempfile.mkdtemp(prefix=name + "-", dir=lab.folder)
    request, signed, key = (os.path.join(folder, part) for part in ("csr", "crt", "key"))
    with open(os.path.join(folder, "cnf"), "w", encoding="utf-8") as file:
        file.write(AUTHORITY.format(folder=folder))
    with open(os.path.join(folder, "index"), "w", encoding="ascii"), \
            open(os.path.join(folder, "serial"), "w", encoding="ascii") as file:
        file.write(os.urandom(8).hex() + "\n")
    run_program(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-subj", "/O=試験/CN=" + name, "-utf8", "-keyout", key, "-out", request, *extra], umask=0o077)

    def day(number):
        return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + number * 86400))
    signing = ["-cert", issuer[0], "-keyfile", issuer[1]] if issuer else ["-selfsign", "-keyfile", key]
    run_program(["openssl", "ca", "-batch", "-notext", "-config", os.path.join(folder, "cnf"), "-utf8",
                 "-startdate", day(-3), "-enddate", day(days), "-in", request, "-out", signed, *signing])
    return signed, key


def served_with(pair):
    return ("--certificate", pair[0], "--key", pair[1])


def terminal_names(lab, *options):
    return [one["name"] for one in json.loads(run(lab, "--json", "terminal", "list", *options).stdout)["terminals"]]


# freerdp-shadow with NLA

def nt_hash(folder, password):
    """MD4, which OpenSSL has in its legacy provider alone."""
    path = os.path.join(folder, "password")
    with open(path, "wb") as file:
        file.write(password.encode("utf-16-le"))
    return run_program(["openssl", "dgst", "-md4", "-provider", "legacy", "-provider", "default", "-r", path]).split()[0]


@contextlib.contextmanager
def nla_shadow(hosts, passwords):
    """freerdp-shadow with NLA alone, and {user: password} in its SAM file: its port."""
    need("freerdp-shadow-cli3")
    port = free_port()
    screen = start_screen(hosts.state, f"nla-screen-{port}")
    show_something_lively(screen, "PACS-02")
    sam = os.path.join(hosts.folder, f"nla-{port}.sam")
    with open(sam, "w", encoding="ascii") as file:
        for user, password in passwords.items():
            file.write(f"{user}:::{nt_hash(hosts.folder, password)}:::\n")
    environment = {**screen.environment(), "KRB5_CONFIG": "/dev/null"}
    process = start(hosts.state, f"nla-shadow-{port}", ["freerdp-shadow-cli3", "/bind-address:127.0.0.1", f"/port:{port}", "/sec:nla",
                                                        "/sam-file:" + sam], env=environment)
    wait_until(hosts.state, process, lambda: listens(port), PATIENCE, "freerdp-shadow answers")
    yield port
    stop(process)


def introduce(lab, ticket, kind=RawClient):
    """A scripted client, as far as Client Info."""
    client = lab.raw(kind=kind)
    client.introduce(ticket.handle, ticket.secret, channels=["rdpsnd"])
    return client


def knock(lab, terminal, kind=RawClient):
    """The same, of a new account, for this terminal."""
    account, ticket = lab.new_ticket(terminal)
    return account, introduce(lab, ticket, kind)
