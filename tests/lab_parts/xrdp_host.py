"""A jump host with sign-in, clipboard and sound: xrdp and xorgxrdp.

xrdp wants its own places (/etc/xrdp, /run, a system user that PAM knows). It gets copies of them in a mount namespace,
so that nothing of the machine changes: its user stands in a copy of /etc/passwd that nobody else sees. A PID namespace
around it ends sesman, Xorg and the user's desktop with one signal.
"""

import os
import random
import re
import shutil

from .certificates import make_certificate
from .identity import add_user, new_password, unused_uid
from .network import answers_tls, free_port, own_share
from .private_root import PRIVATE_ROOT
from .processes import PATIENCE, environment, need, run, start, tail_of_file, wait_until
from .state import LabError, write_file

USER = "engineer"
DISPLAY_FILES = ("/tmp/.X11-unix/X{}", "/tmp/.X{}-lock")

# Runs as the first process of the namespaces, with FOLDER, the one that holds etc/, as its argument.
ENTER = PRIVATE_ROOT + r"""
mount -t proc proc /proc
mount -t tmpfs -o mode=755 none /run
mkdir -p /run/lock /run/user /run/xrdp/sockdir
chmod 1777 /run/lock /run/xrdp
chmod 3777 /run/xrdp/sockdir
for name in xrdp passwd shadow group; do
	mount --bind "$1/etc/$name" "/etc/$name"
done
xrdp-sesman --nodaemon --config /etc/xrdp/sesman.ini </dev/null &
xrdp --nodaemon --config /etc/xrdp/xrdp.ini </dev/null &
wait
"""

# Around the login screen; each release has another one.
LOGIN_GROUND = "24502c"
# The user's desktop: a coloured background and a terminal with a shell, where a test can type.
DESKTOP = r"""#!/bin/sh
cd "$HOME"
xsetroot -solid '#5a3d20' -cursor_name left_ptr
xclock -geometry 200x200-20-20 -update 1 &
echo "$DISPLAY" >display
exec xterm -title desktop -geometry 80x24+20+20 -b 12 -fa 'DejaVu Sans Mono' -fs 10 -bg '#fff8e0' -fg black -e /bin/sh
"""

# A second of a tone, by the way that pulseaudio's and pipewire's modules for xrdp go: into chansrv's socket.
BEEP = r"""#!/usr/bin/python3
import math, os, socket, struct

wave = b"".join(struct.pack("<hh", *[int(8000 * math.sin(math.tau * 440 * n / 44100))] * 2) for n in range(44100))
out = socket.socket(socket.AF_UNIX)
out.connect(os.path.join(os.environ.get("XRDP_SOCKET_PATH", ""), os.environ["XRDP_PULSE_SINK_SOCKET"]))
for at in range(0, len(wave), 4096):
    part = wave[at:at + 4096]
    out.sendall(struct.pack("<II", 0, len(part) + 8) + part)
out.sendall(struct.pack("<II", 1, 8))
"""


def start_xrdp_host(state):
    if os.geteuid() != 0:
        raise LabError("xrdp needs root, for its namespaces and for PAM")
    need("xrdp", "xrdp-sesman", "xterm", "xclock", "xsetroot", "unshare")
    port = free_port()
    password = new_password() + "-q1"  # one that the gateway takes for an account's, too
    folder = state.make_folder("xrdp")
    home = write_places(state, folder, password)
    write_settings(state, folder, port)
    enter = write_file(os.path.join(folder, "enter"), ENTER, mode=0o755)
    process = start(state, "xrdp", ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation",
                                    "unchanged", enter, folder], env=environment(state, HOME="/root"), end_with="SIGKILL")
    try:
        wait_until(state, process, lambda: answers_tls(port), PATIENCE, "xrdp answers")
    except LabError as error:
        raise LabError(f"{error}\n" + tail_of_file(os.path.join(folder, "xrdp.log"))) from None
    state.set(LAB_XRDP_PORT=port, LAB_XRDP_USER=USER, LAB_XRDP_PASSWORD=password, LAB_XRDP_HOME=home,
              LAB_XRDP_PID=process["pid"], LAB_XRDP_LOG=os.path.join(folder, "xrdp.log"))


def write_places(state, folder, password):
    """/etc/xrdp, passwd, shadow and group as this machine has them, and our user; returns the user's home."""
    uid = unused_uid(state)
    etc = state.make_folder("xrdp", "etc")
    home = state.make_folder("xrdp", "home", mode=0o750, uid=uid)
    shutil.copytree("/etc/xrdp", os.path.join(etc, "xrdp"), dirs_exist_ok=True)
    add_user(etc, USER, uid, home, password)
    write_file(os.path.join(folder, "etc", "xrdp", "startwm.sh"), DESKTOP, mode=0o755)
    write_file(os.path.join(home, "beep"), BEEP, mode=0o755)
    return home


def write_settings(state, folder, port):
    first = displays(state)
    certificate, key = make_certificate(state, "xrdp/certificate", "踏み台端末 xrdp")
    changes = {
        ("xrdp.ini", "Globals"): {
            "port": f"tcp://127.0.0.1:{port}", "security_layer": "tls", "certificate": certificate, "key_file": key,
            "autorun": "Xorg", "runtime_user": None, "runtime_group": None, "ls_top_window_bg_color": LOGIN_GROUND},
        ("xrdp.ini", "Logging"): {"LogFile": os.path.join(folder, "xrdp.log"), "EnableSyslog": "false"},
        ("sesman.ini", "Globals"): {"ListenPort": sesman_port()},
        ("sesman.ini", "Security"): {"TerminalServerUsers": None, "TerminalServerAdmins": None},
        ("sesman.ini", "Sessions"): {"KillDisconnected": "true", "X11DisplayOffset": str(first),
                                     "MaxDisplayNumber": str(first + 9)},
        ("sesman.ini", "Logging"): {"LogFile": os.path.join(folder, "sesman.log"), "EnableSyslog": "false"},
        ("sesman.ini", "Chansrv"): {"EnableFuseMount": "false"},
        ("sesman.ini", "ChansrvLogging"): {"LogLevel": "DEBUG", "EnableSyslog": "false"},
    }
    for (name, section), values in changes.items():
        change_settings(os.path.join(folder, "etc", "xrdp", name), section, values)


def displays(state):
    """The first of ten display numbers that nobody uses. What a killed Xorg leaves in /tmp is removed by `down`."""
    share = own_share(range(100, 1000, 10))
    for first in random.sample(share, len(share)):
        files = [name.format(number) for number in range(first, first + 10) for name in DISPLAY_FILES]
        if not any(os.path.exists(path) for path in files):
            state.files.extend(files)
            state.save()
            return first
    raise LabError("no free X displays between 100 and 1000")


def sesman_port():
    """0.9 listens on a TCP port, 0.10 on a socket in its folder under /run, which is ours alone."""
    version = re.search(r"xrdp (\d+)\.(\d+)", run(["xrdp", "--version"]))
    return str(free_port()) if version and (int(version[1]), int(version[2])) < (0, 10) else "sesman.socket"


def change_settings(path, section, values):
    """Sets keys in one section of an xrdp file; None takes a key away. Repeated keys (param=) stay as they are."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    kept = []
    inside = False
    for line in lines:
        if line.startswith("["):
            inside = line.strip() == f"[{section}]"
            kept.append(line)
            if inside:
                kept.extend(f"{key}={value}" for key, value in values.items() if value is not None)
            continue
        key = line.partition("=")[0].strip()
        if not (inside and key in values):
            kept.append(line)
    if f"[{section}]" not in [line.strip() for line in kept]:
        kept.append(f"[{section}]")
        kept.extend(f"{key}={value}" for key, value in values.items() if value is not None)
    write_file(path, "\n".join(kept) + "\n")
