"""The daemon under test: certificate, keys, settings file, and the process itself as a user without rights."""

import json
import os
import shlex
import shutil

from .certificates import fingerprint, make_certificate
from .control import Control, Refused
from .identity import as_user, unused_uid
from .network import free_port
from .processes import PATIENCE, environment, run, start, wait_until
from .shims import build_shim, set_clock
from .state import LabError, write_file

HERE = os.path.dirname(os.path.realpath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))

PROGRAMS = ("gateway/sekisho-gateway", "gateway/sekisho-worker", "gateway/sekisho-key", "gateway/sekisho-greeter", "gateway/sekisho-nla", "gateway/sekisho-mediator", "gateway/sekisho-player", "gateway/sekisho-recorder", "admin-cli/sekisho-admin")

FACILITY = "998-"
DOMAIN = "example.jp"


def start_gateway(state, build=None, settings=(), slow_fsync=None, clock=None, wrap=None):
    build = os.path.realpath(build or os.path.join(TREE, "build"))
    uid = gateway_uid(state)
    check_way_to(state.folder, uid)
    programs = copy_programs(state, build)
    if clock:
        state.set(LAB_CLOCK=state.path("clock"))
        set_clock(state, clock)
    port = free_port()
    values = prepare(state, uid, port)
    values.update(sign_in_settings(state, values["listeners"][0]))
    for text in settings:
        change_setting(values, text)
    config = write_file(state.path("gateway", "gateway.yaml"), yaml_text(values))
    state.set(LAB_BUILD=build, LAB_PROGRAMS=programs, LAB_GATEWAY_UID=uid, LAB_CERTIFICATE=values["tls"]["certificate"],
              LAB_FINGERPRINT=fingerprint(values["tls"]["certificate"]), SEKISHO_CONF=config, SEKISHO_ADMIN=os.path.join(build, PROGRAMS[-1]),
              SEKISHO_SOCKET=values["control_socket"], SEKISHO_RDP=values["listeners"][0]["address"],
              LAB_SESSION_LOG=values["session_log"], LAB_GATEWAY_LOG=state.path("gateway.log"),
              LAB_SLOW_FSYNC=slow_fsync or 0, LAB_WRAP=wrap or "")
    run_gateway(state)


def gateway_uid(state):
    """Part `sign-in` has chosen one, for whom its socket is."""
    if "LAB_GATEWAY_UID" in state.variables:
        return int(state.variables["LAB_GATEWAY_UID"])
    return unused_uid(state) if os.geteuid() == 0 else os.geteuid()


def check_way_to(folder, uid):
    """The gateway's user must be able to reach its files."""
    while folder != "/":
        folder = os.path.dirname(folder)
        status = os.stat(folder)
        if uid not in (0, status.st_uid) and not status.st_mode & 0o001:
            raise LabError(f"the gateway runs as user {uid}, who cannot enter {folder}; choose a folder elsewhere")


def copy_programs(state, build):
    """Copies the programs into the facility, for users who cannot enter the build folder, and because that may change
    while the facility runs. Returns their folder. (sekisho-admin speaks Japanese only in its own place.)"""
    programs = state.make_folder("programs")
    for name in PROGRAMS:
        source = os.path.join(build, name)
        if not os.access(source, os.X_OK):
            raise LabError(f"there is no {source}: meson setup build && ninja -C build, or --build DIR")
        shutil.copy(source, programs)
        os.chmod(os.path.join(programs, os.path.basename(name)), 0o755)
    # The sign-in screen looks for its Japanese where the build has it: beside the programs' folder.
    words = state.make_folder("po", "ja", "LC_MESSAGES")
    shutil.copy(os.path.join(build, "po", "ja", "LC_MESSAGES", "sekisho-admin.mo"), words)
    return programs


def run_gateway(state):
    """Starts the daemon on the prepared files; also after it has died."""
    variables = state.variables
    uid = int(variables["LAB_GATEWAY_UID"])
    more = {"HOME": state.path("gateway")}
    shims = []
    if variables["LAB_SLOW_FSYNC"] != "0":
        shims.append(build_shim(state, "slow_fsync"))
        more.update(SLOW_FSYNC_MS=variables["LAB_SLOW_FSYNC"])
    if "LAB_CLOCK" in variables:
        shims.append(build_shim(state, "set_clock"))
        more.update(SET_CLOCK_FILE=variables["LAB_CLOCK"])
    if shims:
        more.update(LD_PRELOAD=":".join(shims))
    program = os.path.join(variables["LAB_PROGRAMS"], "sekisho-gateway")
    # "env" last: the shim is for the gateway, not for setpriv.
    command = [*shlex.split(variables["LAB_WRAP"]), *as_user(uid), "env", *(f"{name}={value}" for name, value in more.items()), program, "--config",
               variables["SEKISHO_CONF"]]
    process = start(state, "gateway", command, env=environment(state))
    state.set(LAB_GATEWAY_PID=process["pid"])
    wait_until(state, process, lambda: is_ready(variables["SEKISHO_SOCKET"]), PATIENCE, "the gateway answers")
    return process


def is_ready(socket_path):
    try:
        with Control(socket_path, limit=5) as control:
            control.call("gateway.status")
        return True
    except (OSError, Refused):
        return False


def prepare(state, uid, port):
    """Folders and keys that are the gateway's alone; returns its settings."""
    state.make_folder("gateway")
    for name in ("etc", "var", "run", "log"):
        # Its control socket is for others to open; who they are is asked there.
        state.make_folder("gateway", name, mode=0o755 if name in ("run", "log") else 0o700, uid=uid)
    certificate, key = make_certificate(state, "gateway/etc/gateway", "sekisho.lab.invalid", uid)
    os.chmod(certificate, 0o644)
    facility_key = state.path("gateway", "etc", "facility.key")
    run(["openssl", "rand", "-out", facility_key, "32"], umask=0o077)
    os.chmod(facility_key, 0o600)
    if os.geteuid() == 0:
        os.chown(facility_key, uid, uid)
    return {
        "facility": {"id": FACILITY, "name": "試験病院", "domain": DOMAIN, "time_zone": "Asia/Tokyo"},
        "listeners": [{"name": "loopback", "address": f"127.0.0.1:{port}", "side": "inside", "evidence": ["vouched"]}],
        "tls": {"certificate": certificate, "key": key},
        "database": state.path("gateway", "var", "sekisho.db"),
        "facility_key": facility_key,
        "session_log": state.path("gateway", "log", "session.log"),
        "control_socket": state.path("gateway", "run", "control.sock"),
        "workers": {"count": 2},
    }


def sign_in_settings(state, listener):
    """Without the part of that name nobody can sign in, and who has no ticket is told so."""
    if "LAB_PAM_SOCKET" not in state.variables:
        listener["sign_in"] = "off"
        return {}
    listener["sign_in"] = "on"
    return {"sign_in": {"pam_socket": state.variables["LAB_PAM_SOCKET"]}}


class Raw(str):
    """Text that goes into the file as it was given."""


def change_setting(values, text):
    """limits.sniff=2s, listeners.0.evidence=[neighbour], sources.exempt=[127.0.0.0/8]"""
    path, equals, value = text.partition("=")
    if not equals:
        raise LabError(f"--set {text}: KEY=VALUE is wanted")
    names = path.split(".")
    place = values
    for name in names[:-1]:
        place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
    place[names[-1]] = Raw(value)


def yaml_text(values, indent=""):
    lines = []
    for key, value in values.items():
        if isinstance(value, dict):
            lines.append(f"{indent}{key}:\n" + yaml_text(value, indent + "  "))
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines.append(f"{indent}{key}:\n")
            for item in value:
                block = yaml_text(item, indent + "    ")
                lines.append(indent + "  - " + block[len(indent) + 4:])
        else:
            text = value if isinstance(value, Raw) else json.dumps(value, ensure_ascii=False)
            lines.append(f"{indent}{key}: {text}\n")
    return "".join(lines)
