"""RDP clients, each on a screen of its own."""

import contextlib
import os
import re
import signal
import time

from .processes import PATIENCE, alive, need, start, stop, wait_for, wait_until
from .screens import Screen, start_screen
from .state import LabError

FREERDP = ["xfreerdp3", "/cert:ignore", "/log-level:INFO", "-wallpaper", "/kbd:layout:0x409"]
# Letters alone have more; a window that nothing was painted into has one, or the few of what lies behind it.
LEAST_COLOURS = 8
RDESKTOP = ["rdesktop", "-5", "-b", "-P", "-k", "en-us"]


class Client:
    """A client that runs, on a screen that ends with it."""

    def __init__(self, state, name, screen, process):
        self.state = state
        self.name = name
        self.screen = screen
        self.process = process
        self.log_file = process["log"]
        self.others = []

    @classmethod
    def start(cls, state, name, command, size="1280x900", monitors=1, input_text=None, before=None):
        """before(screen): what is to be done there first."""
        need(command[0])
        screen = start_screen(state, name + "-screen", size)
        screen_process = state.processes[-1]
        if before:
            before(screen)
        if monitors > 1:
            split_screen(screen, size, monitors)
        client = cls(state, name, screen, start_with_input(state, name, command, screen, input_text))
        client.others.append(screen_process)
        state.clients[name] = {"display": screen.display, "pid": client.process["pid"]}
        state.save()
        return client

    @classmethod
    def find(cls, state, name):
        """One that another command has started."""
        if name not in state.clients:
            raise LabError(f"no client {name} here")
        row = state.clients[name]
        return cls(state, name, Screen(state, name, row["display"]), state.process(row["pid"]))

    @property
    def log(self):
        with open(self.log_file, encoding="utf-8", errors="replace") as file:
            return file.read()

    def said(self):
        """Why the session ended, in the client's words."""
        found = re.findall(r"(?:ERRINFO_\w+[^\n]*|^disconnect: .*|Administrator initiated.*)", self.log, re.MULTILINE)
        return list(dict.fromkeys(found))

    def running(self):
        return alive(self.process)

    def wait_log(self, pattern, limit=PATIENCE):
        """Waits for a line of the client's own log; returns the match."""
        return wait_for(lambda: re.search(pattern, self.log), limit, f"{self.name} says {pattern!r}")

    def wait_end(self, limit=PATIENCE):
        wait_for(lambda: not self.running(), limit, f"{self.name} ends")

    def wait_window(self, limit=PATIENCE):
        """The window number (of X) of the client's largest window."""
        return wait_until(self.state, self.process, self.window, limit, f"{self.name} shows a window")

    def window(self):
        try:
            # "1280x800+0+0" is absent from the root window's line, whose children follow indented.
            text = self.screen.run("xwininfo", "-root", "-children")
        except LabError:
            return None
        best = None
        for match in re.finditer(r"^\s+(0x[0-9a-f]+) .*?(\d+)x(\d+)\+", text, re.MULTILINE):
            area = int(match[2]) * int(match[3])
            if area > 10000 and (best is None or area > best[0]):
                best = (area, match[1])
        return best and best[1]

    def pixel(self, x, y):
        """(red, green, blue) of one pixel of the screen."""
        return self.look().at(x, y)

    def wait_picture(self, limit=PATIENCE, colours=16):
        """Waits until a desktop is really there, and not one or two colours as before the first picture."""
        wait_until(self.state, self.process, lambda: self.look().has_colours(colours), limit, f"{self.name} shows a desktop")

    def look(self):
        """What the screen shows now, to compare."""
        return self.screen.pixels()

    def wait_still(self, limit=PATIENCE):
        """Waits until there is a picture, not a window that is still empty, and it stays as it is for a moment."""
        def is_still():
            now = self.look()
            return now.has_colours(LEAST_COLOURS) and now == self.look()
        wait_for(is_still, limit, f"the picture of {self.name} stands still", every=0.2)

    def wait_keyboard(self, press="x", undo="BackSpace", limit=PATIENCE, blinks=True, or_press=()):
        """Waits until a key that is pressed is seen, and takes it back: a window that has just been opened may lose the first
        ones, or not have the focus yet. While nothing is seen, or_press is pressed as well."""
        before = {self.look()}
        if blinks:  # a caret, which is two pictures
            with contextlib.suppress(LabError):
                wait_for(lambda: before.add(self.look()) or len(before) > 1, 3, "a caret blinks")
        end = time.monotonic() + limit
        pressed = 0
        seen = False
        while not seen and time.monotonic() < end:
            self.key(press)
            pressed += 1
            with contextlib.suppress(LabError):
                seen = wait_for(lambda: self.look() not in before, 3, "a key is seen")
            if or_press and not seen:
                self.key(*or_press)
        if not seen:
            raise LabError(f"{self.name} takes no keys within {limit} s")

        def taken_back():
            self.key(*[undo] * pressed)
            with contextlib.suppress(LabError):
                return wait_for(lambda: self.look() in before, 10, "the keys are taken back")
        wait_for(taken_back, limit, f"{self.name} shows what it did before")

    def screenshot(self, path):
        return self.screen.screenshot(path)

    def type(self, text, enter=True):
        """Types as a person does, into whatever window of the client has the focus."""
        self.screen.run("xdotool", "type", "--delay", "30", text)
        if enter:
            self.screen.run("xdotool", "key", "Return")

    def key(self, *names):
        self.screen.run("xdotool", "key", "--delay", "30", *names)

    def hold(self, name):
        """Presses a key, and keeps it down until let_go."""
        self.screen.run("xdotool", "keydown", name)

    def let_go(self, name):
        self.screen.run("xdotool", "keyup", name)

    def click(self, x, y):
        self.screen.run("xdotool", "mousemove", str(x), str(y), "click", "1")

    def background(self, *command):
        """A program beside the client on its screen."""
        self.others.append(self.screen.start(f"{self.name}-{command[0]}", list(command)))

    def close(self):
        for process in (self.process, *reversed(self.others)):
            stop(process)
            self.state.processes.remove(process)
        self.state.clients.pop(self.name, None)
        self.state.save()

    def kill(self):
        stop(self.process, first=signal.SIGKILL)


def split_screen(screen, size, count):
    """Monitors of the same width side by side, as RandR 1.5 knows them."""
    width, height = (int(number) for number in size.split("x"))
    for index in range(count):
        screen.run("xrandr", "--setmonitor", f"monitor{index}",
                   f"{width // count}/270x{height}/200+{index * width // count}+0", "none" if index else "screen")


def start_with_input(state, name, command, screen, text):
    """Passwords go to standard input: command lines are for everybody to read."""
    if text is None:
        return start(state, name, command, env=screen.environment())
    read_end, write_end = os.pipe()
    os.write(write_end, text.encode())
    os.close(write_end)
    try:
        return start(state, name, command, env=screen.environment(), stdin=read_end)
    finally:
        os.close(read_end)
