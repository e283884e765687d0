"""Screens without a monitor: Xvfb, what is on them, screenshots, typing."""

import os

from .processes import environment, need, run, start, wait_until
from .state import LabError, write_file


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


def start_screen(state, name, size="1024x768", more=()):
    """Xvfb chooses a free number itself and says which when it is ready."""
    need("Xvfb", "import")
    number_file = state.path(name + ".display")
    with open(number_file, "w+b") as number:
        command = ["Xvfb", "-displayfd", str(number.fileno()), "-screen", "0", size + "x24", "-nolisten", "tcp", "-noreset",
                   "-dpi", "96", *more]
        process = start(state, name, command, pass_fds=[number.fileno()])
    display = wait_until(state, process, lambda: number_of(number_file), 15, "Xvfb is ready")
    os.unlink(number_file)
    return Screen(state, name, ":" + display)


def number_of(path):
    with open(path, encoding="ascii") as file:
        text = file.read()
    return text.strip() if text.endswith("\n") else ""


# What somebody who maintains an archive of X-ray pictures might look at; it never stands still.
CONSOLE = r"""#!/bin/bash
printf '\033]0;console\007\033[?25l\033[1;32m'
started=$SECONDS
while :; do
	printf '\033[H\n   %s   maintenance console\n\n' "$1"
	printf '   %(%Y-%m-%d %H:%M:%S)T      up %5d s\n\n' -1 $((SECONDS - started))
	for line in 1 2 3 4 5 6 7 8; do
		printf '   series %04d   %-40s\n' $((RANDOM % 10000)) "$(printf '%*s' $((RANDOM % 40)) '' | tr ' ' '#')"
	done
	read -r -t 0.2 <> <(:)
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
    wait_until(screen.state, terminal, lambda: has_window(screen, "console"), 15, "the console is shown")


def has_window(screen, title):
    try:
        return bool(screen.run("xdotool", "search", "--onlyvisible", "--name", title).strip())
    except LabError:
        return False
