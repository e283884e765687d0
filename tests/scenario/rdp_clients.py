"""The RDP clients that people have, started without a ticket: nothing but the gateway's name."""

import os
import shutil
import subprocess

from lab_parts.clients import FREERDP, RDESKTOP, Client
from lab_parts.processes import wait_until
from lab_parts.state import write_file

# What the gateway logs of a page (SK2613).
SHOWN = "the sign-in screen shows a page"

# The low word of the keyboard layout: Japanese, with a 106-key keyboard, or US.
LAYOUTS = {"ja": ("/kbd:layout:0x411,type:7,subtype:2", "jp", "ja"), "en": ("/kbd:layout:0x409", "us", "en-us")}
LAYOUT_NUMBERS = {"ja": "00000411", "en": "00000409"}

# What Remmina keeps of a connection, and of how it shows all of them. Nothing is asked, and the desktop fills the screen: there
# is no window manager that could maximise a window.
REMMINA_PROFILE = """[remmina]
name=gateway
protocol=RDP
server={address}
username={user}
security=tls
cert_ignore=1
colordepth=32
resolution_mode=0
resolution_width=1024
resolution_height=768
window_width=1024
window_height=768
viewmode=1
disableautoreconnect=1
"""
REMMINA_PREFERENCES = """[remmina_pref]
always_show_tab=false
rdp_keyboard_layout={layout}
"""


def xfreerdp3(lab, user, language, options):
    keyboard = LAYOUTS[language][0]
    fixed = [option for option in FREERDP[1:] if not option.startswith(("/kbd", "/cert"))]
    fingerprint = "/cert:fingerprint:sha256:" + lab.variables["LAB_FINGERPRINT"]
    return [FREERDP[0], "/v:" + lab.variables["SEKISHO_RDP"], "/u:" + user, "/p:", *fixed, fingerprint, keyboard,
            "/size:1024x768", *options], None


def xfreerdp2(lab, user, language, options):
    """It takes the layout alone."""
    keyboard = "/kbd:0x411" if language == "ja" else "/kbd:0x409"
    return ["xfreerdp", "/v:" + lab.variables["SEKISHO_RDP"], "/u:" + user, "/p:", "/cert:ignore", keyboard, "-wallpaper",
            "/size:1024x768", *options], None


def rdesktop(lab, user, language, options):
    fixed = [option for option in RDESKTOP[:-1] if option != "-P"]
    # Without -u it says who has started it.
    return [*fixed, LAYOUTS[language][2], "-g", "1024x768", "-u", user, *options, lab.variables["SEKISHO_RDP"]], "yes\n"


def remmina(lab, user, language, _):
    """It has a home of its own, and no session bus on which it might find another Remmina."""
    home = lab.state.make_folder(lab.new_name("remmina-home"))
    folders = {f"XDG_{name}_HOME": os.path.join(home, name.lower()) for name in ("CONFIG", "DATA", "CACHE")}
    os.makedirs(os.path.join(folders["XDG_CONFIG_HOME"], "remmina"))
    write_file(os.path.join(folders["XDG_CONFIG_HOME"], "remmina", "remmina.pref"),
               REMMINA_PREFERENCES.format(layout=LAYOUT_NUMBERS[language]))
    profile = write_file(os.path.join(home, "gateway.remmina"),
                         REMMINA_PROFILE.format(address=lab.variables["SEKISHO_RDP"], user=user))
    settings = {**folders, "HOME": home, "GDK_BACKEND": "x11", "GSETTINGS_BACKEND": "memory", "NO_AT_BRIDGE": "1",
                "DBUS_SESSION_BUS_ADDRESS": "unix:path=" + os.path.join(home, "no-bus")}
    return ["env", *(f"{name}={value}" for name, value in settings.items()), "remmina", "--no-tray-icon", "--disable-toolbar",
            "--connect=" + profile], None


# Remmina with FreeRDP 3 asks for name and password before it connects: the field that has the focus then, its colour, and OK.
REMMINA_ASKS, REMMINA_FOCUS, REMMINA_OK = (477, 118), (0x35, 0x84, 0xE4), (310, 326)


def leave_empty(lab, client, done, what, limit=60):
    """Answers Remmina, whenever it asks, with nothing until done(): the sign-in screen is to ask."""
    def answered():
        answer = done()
        if not answer and client.pixel(*REMMINA_ASKS) == REMMINA_FOCUS:
            client.click(*REMMINA_OK)
        return answer
    return wait_until(lab.state, client.process, answered, limit, what)


COMMANDS = {"xfreerdp3": xfreerdp3, "xfreerdp2": xfreerdp2, "rdesktop": rdesktop, "remmina": remmina}


def why_not(program):
    """Why this client cannot be tried here, or None."""
    if program == "xfreerdp2":
        # FreeRDP 3 may come under the same name.
        if shutil.which("xfreerdp") is None:
            return "freerdp2-x11 is not installed (Debian 13 has none)"
        libraries = subprocess.run(["ldd", shutil.which("xfreerdp")], check=True, text=True, stdout=subprocess.PIPE).stdout
        return None if "libfreerdp2" in libraries else "xfreerdp is not FreeRDP 2"
    if program == "remmina" and shutil.which("remmina"):
        found = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", "remmina-plugin-rdp"], check=False, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30).stdout
        return None if found == "installed" else "remmina-plugin-rdp is not installed"
    return None if shutil.which(program) else f"{program} is not installed"


def start(lab, program, user="", language="en", options=(), size="1024x768", monitors=1):
    command, text = COMMANDS[program](lab, user, language, options)
    keys = ["setxkbmap", LAYOUTS[language][1]]
    before = lab.log.count(SHOWN)
    client = Client.start(lab.state, lab.new_name(program), [*lab.client_prefix, *command], size, monitors, text,
                          before=lambda screen: screen.run(*keys))
    lab.clients.append(client)
    if program == "remmina":
        leave_empty(lab, client, lambda: lab.log.count(SHOWN) > before, "the sign-in screen is shown in Remmina")
    return client
