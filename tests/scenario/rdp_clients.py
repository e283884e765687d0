"""The RDP clients that people have, started without a ticket: nothing but the gateway's name."""

import shutil
import subprocess

from lab_parts.clients import FREERDP, RDESKTOP, Client

# The low word of the keyboard layout: Japanese, with a 106-key keyboard, or US.
LAYOUTS = {"ja": ("/kbd:layout:0x411,type:7,subtype:2", "jp", "ja"), "en": ("/kbd:layout:0x409", "us", "en-us")}


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


COMMANDS = {"xfreerdp3": xfreerdp3, "xfreerdp2": xfreerdp2, "rdesktop": rdesktop}


def why_not(program):
    """Why this client cannot be tried here, or None."""
    if program == "xfreerdp2":
        # FreeRDP 3 may come under the same name.
        if shutil.which("xfreerdp") is None:
            return "freerdp2-x11 is not installed (Debian 13 has none)"
        libraries = subprocess.run(["ldd", shutil.which("xfreerdp")], check=True, text=True, stdout=subprocess.PIPE).stdout
        return None if "libfreerdp2" in libraries else "xfreerdp is not FreeRDP 2"
    return None if shutil.which(program) else f"{program} is not installed"


def start(lab, program, user="", language="en", options=(), size="1024x768"):
    command, text = COMMANDS[program](lab, user, language, options)
    keys = ["setxkbmap", LAYOUTS[language][1]]
    client = Client.start(lab.state, lab.new_name(program), [*lab.client_prefix, *command], size, input_text=text,
                          before=lambda screen: screen.run(*keys))
    lab.clients.append(client)
    return client
