"""Screens without a monitor: Xvfb, what is on them, screenshots, typing."""

import os
import struct
import subprocess

from .processes import PATIENCE, environment, need, run, start, wait_until
from .state import LabError, write_file

LOOKS = 10  # at windows of which one goes meanwhile


class Screen:
    """An X display that one facility or test has for itself."""

    def __init__(self, state, name, display):
        self.state = state
        self.name = name
        self.display = display

    def environment(self, **more):
        return environment(self.state, DISPLAY=self.display, **more)

    def run(self, *command, **options):
        return run(list(command), env=self.environment(), **options)

    def start(self, name, command, **options):
        return start(self.state, name, command, env=self.environment(), **options)

    def screenshot(self, path):
        """The whole screen as a PNG file."""
        self.run("import", "-silent", "-window", "root", path)
        return path

    def pixels(self):
        """The same to look at, in a tenth of the time."""
        for _ in range(LOOKS):
            done = subprocess.run(["xwd", "-silent", "-root"], env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True,
                                  check=False, timeout=60)
            if b"BadWindow" not in done.stderr and b"BadDrawable" not in done.stderr:
                break
        if done.returncode != 0:
            raise LabError(f"xwd ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
        return Pixels(done.stdout)


class Pixels:
    """What a screen shows. From the format of xwd: 25 numbers, a name, colours, and the picture, whose pixels have four bytes or,
    where windows of several visuals lie on each other, three: blue, green, red."""

    def __init__(self, dump):
        header = struct.unpack(">25I", dump[:100])
        depth, self.width, self.height, byte_order, bits, self.row = (header[place] for place in (3, 4, 5, 7, 11, 12))
        if depth != 24 or bits not in (24, 32) or byte_order != 0:
            raise LabError(f"a screen of {depth} bits, {bits} for each pixel, byte order {byte_order}")
        self.step = bits // 8
        start = header[0] + 12 * header[19]
        self.picture = dump[start:start + self.row * self.height]

    def __eq__(self, other):
        return self.picture == other.picture

    def __hash__(self):
        return hash(self.picture)

    def has_colours(self, count):
        """Whether there are so many different ones."""
        found = set()
        # Most rows are like others. No more of them are looked at than it takes.
        for row in {self.picture[start:start + self.width * self.step] for start in range(0, len(self.picture), self.row)}:
            found.update(zip(row[::self.step], row[1::self.step], row[2::self.step]))
            if len(found) >= count:
                return True
        return False

    def rows(self):
        """Each as red, green, blue, red, green, blue."""
        found = []
        for start in range(0, len(self.picture), self.row):
            row, other = self.picture[start:start + self.width * self.step], bytearray(self.width * 3)
            other[0::3], other[1::3], other[2::3] = row[2::self.step], row[1::self.step], row[0::self.step]
            found.append(bytes(other))
        return found

    def at(self, x, y):
        """(red, green, blue)"""
        start = y * self.row + x * self.step
        return tuple(reversed(self.picture[start:start + 3]))


def start_screen(state, name, size="1024x768", more=()):
    """Xvfb chooses a free number itself and says which when it is ready."""
    need("Xvfb", "import", "xwd")
    # GLX brings visuals of which rdesktop may choose one with red and blue exchanged, which shows at 15 and 16 bits.
    number_file = state.path(name + ".display")
    with open(number_file, "w+b") as number:
        command = ["Xvfb", "-displayfd", str(number.fileno()), "-screen", "0", size + "x24", "-nolisten", "tcp", "-noreset",
                   "-dpi", "96", "-extension", "GLX", *more]
        process = start(state, name, command, pass_fds=[number.fileno()])
    display = wait_until(state, process, lambda: number_of(number_file), PATIENCE, "Xvfb is ready")
    os.unlink(number_file)
    return Screen(state, name, ":" + display)


def number_of(path):
    with open(path, encoding="ascii") as file:
        text = file.read()
    return text.strip() if text.endswith("\n") else ""


# What somebody who maintains an archive of X-ray pictures might look at; it never stands still.
# It starts no program: five times a second, on four screens at once, that took a quarter of a test run.
CONSOLE = r"""#!/bin/bash
exec {nothing}<> <(:)
printf '\033]0;console\007\033[?25l\033[1;32m'
started=$SECONDS
while :; do
	printf '\033[H\n   %s   maintenance console\n\n' "$1"
	printf '   %(%Y-%m-%d %H:%M:%S)T      up %5d s\n\n' -1 $((SECONDS - started))
	for line in 1 2 3 4 5 6 7 8; do
		printf -v bar '%*s' $((RANDOM % 40)) ''
		printf '   series %04d   %-40s\n' $((RANDOM % 10000)) "${bar// /#}"
	done
	read -r -t 0.2 -u "$nothing"
done
"""


def show_something_lively(screen, title):
    """A console with moving text, a clock with a second hand and a pair of eyes."""
    need("xterm", "xclock", "xeyes", "xsetroot")
    script = write_file(screen.state.path(screen.name + "-console"), CONSOLE, mode=0o755)
    screen.run("xsetroot", "-solid", "#20405a")
    terminal = screen.start(screen.name + "-xterm", ["xterm", "-geometry", "70x16+20+20", "-fa", "DejaVu Sans Mono", "-fs", "12",
                                                     "-bg", "#101820", "-fg", "white", "-e", script, title])
    screen.start(screen.name + "-xclock", ["xclock", "-geometry", "240x240-20+20", "-update", "1", "-bg", "#f0e0b0"])
    screen.start(screen.name + "-xeyes", ["xeyes", "-geometry", "240x140-20-20"])
    wait_until(screen.state, terminal, lambda: has_window(screen, "console"), PATIENCE, "the console is shown")


def has_window(screen, title):
    try:
        return bool(screen.run("xdotool", "search", "--onlyvisible", "--name", title).strip())
    except LabError:
        return False
