"""The desktop on the xrdp jump host, used through a client as a person would: by looking and typing."""

import itertools
import os
import time

from lab_parts import xrdp_host
from lab_parts.processes import PATIENCE, wait_for

# startwm.sh of the lab paints it; the login screen has nothing like it.
BACKGROUND = (0x5A, 0x3D, 0x20)
# Around xrdp's login screen, and a place there at any size.
LOGIN_GROUND = tuple(bytes.fromhex(xrdp_host.LOGIN_GROUND))
LOGIN_PLACE = (8, 700)
# Background and no window, at any size that the tests use.
EMPTY_PLACE = (700, 500)
# Inside the terminal window; windows are focused by the pointer. Its margin has no text in it, even where xrdp gives a user who signs
# in again the desktop of before, and the terminal is full.
TERMINAL = (300, 300)
MARGIN = (27, 300)
PAPER = (0xFF, 0xF8, 0xE0)


def close_to(colour, wanted):
    """The same colour, but for what compression does to it."""
    return all(abs(one - other) < 12 for one, other in zip(colour, wanted))


def keep_picture(request, client, name):
    """With --pictures DIR: what the client shows, by the number of its test's file."""
    folder = request.config.getoption("--pictures")
    if folder:
        client.screenshot(os.path.join(folder, f"{request.module.__name__.split('_')[0]}_{name}.png"))


def pointer_is_at(lab, client, place):
    """The client moves its pointer, and the shadowed host's comes there: to a place at which no other test has left it. Returns how many
    seconds that took."""
    began = time.monotonic()
    client.screen.run("xdotool", "mousemove", str(place), str(place))
    host = "DISPLAY=" + lab.hosts.variables["LAB_SHADOW_DISPLAY"]
    wait_for(lambda: f"x:{place} y:{place}" in client.screen.run("env", host, "xdotool", "getmouselocation"), PATIENCE,
             "the pointer moves on the jump host")
    return time.monotonic() - began


class Desktop:
    numbers = itertools.count(1)

    def __init__(self, facility, client):
        self.hosts = facility.hosts.variables
        self.client = client

    def wait_login(self, or_press=()):
        """xrdp's login screen is there, and shows what is typed. or_press: as wait_keyboard has it."""
        wait_for(lambda: close_to(self.client.pixel(*LOGIN_PLACE), LOGIN_GROUND), PATIENCE,
                 f"{self.client.name} shows the login screen of xrdp")
        self.client.wait_still()
        self.client.wait_keyboard(blinks=False, or_press=or_press)

    def sign_in(self, or_press=()):
        """Types user and password there: the gateway passes nobody's on."""
        self.wait_login(or_press)
        self.client.type(self.hosts["LAB_XRDP_USER"], enter=False)
        self.client.key("Tab")
        self.client.type(self.hosts["LAB_XRDP_PASSWORD"])
        return self.wait()

    def wait(self):
        """It is there, whoever signed in."""
        wait_for(lambda: close_to(self.client.pixel(*EMPTY_PLACE), BACKGROUND), PATIENCE, f"{self.client.name} shows the desktop")
        # What is typed before the window is there is lost.
        wait_for(lambda: close_to(self.client.pixel(*MARGIN), PAPER), PATIENCE, f"{self.client.name} shows the terminal")
        return self

    def run(self, command, limit=PATIENCE):
        """Types a command into the terminal; what it printed, once it has ended."""
        name = f"answer{next(self.numbers)}"
        path = os.path.join(self.hosts["LAB_XRDP_HOME"], name)
        self.client.click(*TERMINAL)
        self.client.type(f"({command}) >{name}.new 2>&1; mv {name}.new {name}")
        wait_for(lambda: os.path.exists(path), limit, f"{command!r} ends on the jump host")
        with open(path, encoding="utf-8") as file:
            return file.read()
