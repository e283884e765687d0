"""sekisho-pam behind its socket, as systemd starts it: a process for each conversation, under a user of its own.

PAM reads /etc/pam.d, which is the machine's; sekisho-pam sees a copy of it with the service `sekisho`, in a mount
namespace. Two stacks are known: `sekisho`, the gateway's own accounts, and `unix`, the users of a system (pam_unix,
pam_oath), who are the same machine's and one more in a copy of its passwd and shadow.
"""

import grp
import os
import secrets
import shutil
import stat

from .identity import add_user, as_user, new_password, unused_uid
from .private_root import PRIVATE_ROOT
from .processes import PATIENCE, environment, need, start, wait_until
from .state import LabError, write_file

HERE = os.path.dirname(os.path.realpath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))

STACKS = {"sekisho": "sekisho", "unix": "sekisho.unix-oath"}
MODULE = "gateway/pam/pam_sekisho.so"
PROGRAM = "gateway/sekisho-pam"

UNIX_USER = "hanako"

ENTER = PRIVATE_ROOT + r"""
for name in pam.d passwd group shadow; do
	[ ! -e "$1/etc/$name" ] || mount --bind "$1/etc/$name" "/etc/$name"
done
exec "$1/listen"
"""


def start_sign_in(state, build=None, stack="sekisho"):
    """Before the gateway: its settings name the socket."""
    if os.geteuid() != 0:
        raise LabError("signing in needs root, for the namespace in which PAM finds its service")
    need("systemd-socket-activate", "unshare", "setpriv")
    build = os.path.realpath(build or os.path.join(TREE, "build"))
    uid, gateway = unused_uid(state), unused_uid(state)
    folder = state.make_folder("sign-in")
    program, module = (copy_file(build, name, folder) for name in (PROGRAM, MODULE))
    state.set(LAB_PAM_UID=uid, LAB_GATEWAY_UID=gateway, LAB_PAM_SOCKET=os.path.join(folder, "run", "pam.sock"),
              LAB_PAM_STACK=stack)
    shutil.copytree("/etc/pam.d", os.path.join(folder, "etc", "pam.d"), symlinks=True)
    write_stack(state, folder, stack, module)
    run_sekisho_pam(state, folder, program)


def copy_file(build, name, folder):
    """For a user who cannot enter the build folder."""
    if not os.path.exists(os.path.join(build, name)):
        raise LabError(f"there is no {os.path.join(build, name)}: meson setup build && ninja -C build, or --build DIR")
    path = shutil.copy(os.path.join(build, name), folder)
    os.chmod(path, 0o755)
    return path


def write_stack(state, folder, stack, module):
    """The service as it is installed, with the paths of this facility."""
    with open(os.path.join(TREE, "conf", "pam.d", STACKS[stack]), encoding="utf-8") as file:
        text = file.read()
    if stack == "unix":
        text = text.replace("/etc/sekisho/oath/users.oath", add_unix_user(state, folder))
    write_service(folder, text.replace("pam_sekisho.so", module))


def write_service(folder, text):
    write_file(os.path.join(folder, "etc", "pam.d", "sekisho"), text)


def add_unix_user(state, folder):
    """A user of the system with a telephone; returns the file of pam_oath."""
    password, seed = new_password(), secrets.token_hex(20)
    etc = os.path.join(folder, "etc")
    uid = unused_uid(state)
    add_user(etc, UNIX_USER, uid, "/nonexistent", password)
    # As Debian has it: the group may read it.
    os.chmod(os.path.join(etc, "shadow"), 0o640)
    os.chown(os.path.join(etc, "shadow"), 0, shadow_group())
    # pam_oath writes it anew, beside itself.
    secret = state.make_folder("sign-in", "oath", mode=0o700, uid=int(state.variables["LAB_PAM_UID"]))
    users = write_file(os.path.join(secret, "users.oath"), f"HOTP/T30/6 {UNIX_USER} - {seed}\n", mode=0o600,
                       uid=int(state.variables["LAB_PAM_UID"]))
    state.set(LAB_UNIX_USER=UNIX_USER, LAB_UNIX_PASSWORD=password, LAB_UNIX_SEED=seed)
    return users


def shadow_group():
    return grp.getgrnam("shadow").gr_gid


def run_sekisho_pam(state, folder, program):
    variables = state.variables
    path = variables["LAB_PAM_SOCKET"]
    # Those that a build with sanitizers listens to; systemd-socket-activate passes on nothing else.
    passed = [f"--setenv={name}={os.environ[name]}" for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ]
    group = shadow_group() if variables["LAB_PAM_STACK"] == "unix" else None
    # It makes the socket in a folder of its own; systemd makes it for the gateway's user (SocketUser=), so do we.
    state.make_folder("sign-in", "run", uid=int(variables["LAB_PAM_UID"]))
    command = [*as_user(int(variables["LAB_PAM_UID"]), group), "systemd-socket-activate", "--seqpacket", "--accept",
               "--listen=" + path, *passed, program]
    write_file(os.path.join(folder, "listen"), "#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in command) + "\n", mode=0o755)
    enter = write_file(os.path.join(folder, "enter"), ENTER, mode=0o755)
    process = start(state, "sekisho-pam", ["unshare", "--mount", "--propagation", "unchanged", enter, folder],
                    env=environment(state))
    wait_until(state, process, lambda: is_socket(path), PATIENCE, "sekisho-pam is listened for")
    os.chown(path, int(variables["LAB_GATEWAY_UID"]), -1)
    os.chmod(path, 0o600)
    state.set(LAB_PAM_PID=process["pid"], LAB_PAM_LOG=process["log"])


def is_socket(path):
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except FileNotFoundError:
        return False
