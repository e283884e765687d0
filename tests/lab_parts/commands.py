"""The verbs of tests/lab."""

import contextlib
import os
import sys

from .clients import FREERDP, Client
from .facility import fill_facility
from .gateway import start_gateway
from .processes import alive, end_user, stop
from .shadow_host import start_shadow_host
from .sign_in import start_sign_in
from .state import LabError, State, write_file
from .xrdp_host import start_xrdp_host

# In this order; the gateway's terminals are the jump hosts that run before it.
PARTS = {
    "shadow": lambda state, wanted: start_shadow_host(state),
    "xrdp": lambda state, wanted: start_xrdp_host(state),
    "sign-in": lambda state, wanted: start_sign_in(state, wanted.build, wanted.pam_stack),
    "gateway": lambda state, wanted: (start_gateway(state, wanted.build, wanted.set, wanted.slow_fsync,
                                                     wanted.clock, wanted.wrap), fill_facility(state)),
}

DEFAULT = tuple(PARTS)

# Kerberos never leaves the machine.
KRB5 = """[libdefaults]
	default_realm = LAB.INVALID
	dns_lookup_kdc = false
	dns_lookup_realm = false
	dns_canonicalize_hostname = false
	rdns = false
"""


def say(text):
    print("lab:", text, file=sys.stderr, flush=True)


def up(wanted):
    state = State(wanted.folder)
    if os.path.exists(state.file):
        raise LabError(f"there is a facility in {state.folder} already; tests/lab down {wanted.folder}")
    os.makedirs(state.folder, exist_ok=True)
    os.chmod(state.folder, 0o755)
    state.save()
    try:
        bring_up(state, wanted)
    except BaseException:
        take_down(state)
        raise
    write_file(state.path("env"), state.shell_text(), mode=0o600)
    print(state.shell_text(), end="")
    return 0


def bring_up(state, wanted):
    krb5 = write_file(state.path("krb5.conf"), KRB5)
    state.set(LAB_DIR=state.folder, KRB5_CONFIG=krb5)
    for name, start_part in PARTS.items():
        if name in (wanted.only or DEFAULT):
            say(f"starting {name}")
            start_part(state, wanted)


def env(wanted):
    print(State.load(wanted.folder).shell_text(), end="")
    return 0


def status(wanted):
    state = State.load(wanted.folder)
    for process in state.processes:
        print(f"{process['name']:20} {process['pid']:>8}  {'runs' if alive(process) else 'has ended'}")
    return 0


def down(wanted):
    state = State.load(wanted.folder)
    take_down(state)
    return 0


def take_down(state):
    """In the reverse order; then whatever runs as a user that only this facility had."""
    while state.processes:
        stop(state.processes[-1])
        state.processes.pop()
        state.save()
    while state.uids:
        end_user(state.uids[-1])
        state.uids.pop()
        state.save()
    for path in state.files:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    os.unlink(state.file)


def connect(wanted):
    """xfreerdp3 with an .rdp file on a screen of its own; prints the client's name."""
    state = State.load(wanted.folder)
    name = f"client{len(state.clients) + 1}"
    command = [FREERDP[0], os.path.abspath(wanted.file), *FREERDP[1:], "/p:", *wanted.options]
    if "LAB_FINGERPRINT" in state.variables:
        command[command.index("/cert:ignore")] = "/cert:fingerprint:sha256:" + state.variables["LAB_FINGERPRINT"]
    Client.start(state, name, command, size="1024x768")
    print(name)
    return 0


def picture(wanted):
    """Waits for a desktop on a client's screen and keeps the picture."""
    client = Client.find(State.load(wanted.folder), wanted.client)
    client.wait_picture(colours=64)
    client.screenshot(os.path.abspath(wanted.file))
    return 0


def wait(wanted):
    """Waits until a client has ended; prints what it said about it."""
    client = Client.find(State.load(wanted.folder), wanted.client)
    client.wait_end(limit=wanted.limit)
    print("\n".join(client.said()))
    return 0


VERBS = {"up": up, "env": env, "status": status, "connect": connect, "picture": picture, "wait": wait, "down": down}
