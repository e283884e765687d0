"""Libraries that are preloaded into programs of a facility: a slow disk, a set calendar."""

import datetime
import os
import struct

from .processes import run
from .state import LabError

HERE = os.path.dirname(os.path.realpath(__file__))


def build_shim(state, name):
    library = state.path(name + ".so")
    if not os.path.exists(library):
        run(["gcc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", library, os.path.join(HERE, name + ".c")])
    return library


def set_clock(state, text):
    """The calendar of a facility with `--clock` shows this time, 2026-11-16T09:00:00+09:00, and stands still."""
    instant = datetime.datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise LabError(f"--clock {text}: a zone is wanted, as in 2026-11-16T09:00:00+09:00")
    write_clock(state, int(instant.timestamp() * 1000000))


def pass_time(state, minutes, less=0):
    """For a facility with `--clock`: so much time has passed, by the calendar and, less so many seconds, since the machine's boot."""
    with open(state.variables["LAB_CLOCK"], "rb") as file:
        calendar, passed = struct.unpack("=qq", file.read(16))
    more = minutes * 60 * 1000000
    write_clock(state, calendar + more, passed + max(more - int(less * 1000000), 0))


def write_clock(state, *values):
    """What set_clock.c reads: microseconds of the calendar, and those that have passed since the boot besides."""
    path = state.variables["LAB_CLOCK"]
    if not os.path.exists(path):
        values = (*values, 0)
    with open(path, "r+b" if os.path.exists(path) else "w+b") as file:
        file.write(struct.pack(f"={len(values)}q", *values))


def clock_variables(state):
    """The same clock for a program of this facility: sekisho-admin counts days back from now."""
    if "LAB_CLOCK" not in state.variables:
        return {}
    return {"LD_PRELOAD": build_shim(state, "set_clock"), "SET_CLOCK_FILE": state.variables["LAB_CLOCK"]}
