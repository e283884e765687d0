"""What is in the memory of other processes; root's to read."""

import contextlib
import itertools
import os
import re
import struct
import warnings

import pytest

PAGE = os.sysconf("SC_PAGE_SIZE")
IN_MEMORY = 3 << 62  # present, or swapped out: Documentation/admin-guide/mm/pagemap.rst
SHADOW = 1 << 30  # what is longer has been reserved by a sanitizer
BY_CHANCE = 8  # bytes: what is shorter proves nothing
KEPT = "AddressSanitizer keeps freed memory on purpose"
PROGRAMS = ("sekisho-worker", "sekisho-greeter", "sekisho-key", "sekisho-nla", "sekisho-mediator")


def mappings(pid):
    """(first, last, name) of what a process has written or may write: a file that it only reads knows no secret."""
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            first, last, rights, inode, name = re.match(r"(\w+)-(\w+) (\S+) \S+ \S+ (\d+) *(.*)", line).groups()
            first, last = int(first, 16), int(last, 16)
            if rights[0] == "r" and (rights[1] == "w" or inode == "0") and last - first < SHADOW and not name.startswith("[v"):
                yield first, last, name


def pieces(first, last, pagemap):
    """(begin, end) of what is really there: a thread's stack or an arena is reserved and hardly used."""
    pagemap.seek(first // PAGE * 8)
    pages = struct.unpack(f"={(last - first) // PAGE}Q", pagemap.read((last - first) // PAGE * 8))
    at = first
    for there, group in itertools.groupby(pages, lambda page: bool(page & IN_MEMORY)):
        end = at + len(list(group)) * PAGE
        if there:
            yield at, end
        at = end


def found_in(pid, *texts):
    """{(text, form, mapping)} for each of the texts that stands in a process's memory, as UTF-8 or as UTF-16."""
    # Of a text that a lesser alphabet cuts off, the part before that is as good.
    forms = {"UTF-8": "utf-8", "UTF-16": "utf-16-le", "ASCII": "ascii"}
    wanted = [(text, form, text.encode(codec, "ignore")) for text in texts for form, codec in forms.items()]
    wanted = [one for one in wanted if one[1] != "ASCII" or len(one[2]) >= BY_CHANCE]
    found = set()
    with open(f"/proc/{pid}/mem", "rb", 0) as memory, open(f"/proc/{pid}/pagemap", "rb", 0) as pagemap:
        for first, last, name in mappings(pid):
            with contextlib.suppress(OSError, ValueError, OverflowError):  # of the kernel's own
                for begin, end in pieces(first, last, pagemap):
                    memory.seek(begin)
                    content = memory.read(end - begin)
                    found |= {(text, form, name) for text, form, one in wanted if one in content}
    return found


def processes_with(lab, *texts):
    """{program: where} for every process of the gateway that has one of the texts in its memory."""
    pids = {"sekisho-gateway": [int(lab.variables["LAB_GATEWAY_PID"])], **{program: lab.pids(program) for program in PROGRAMS}}
    assert pids["sekisho-worker"] and pids["sekisho-key"]
    found = {}
    for program, some in pids.items():
        for pid in some:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended, and has no memory
                found.setdefault(program, set()).update(found_in(pid, *texts))
    return {program: where for program, where in found.items() if where}


def forgets(lab, known, *passwords):
    """The passwords are nowhere; that the search finds what is there is shown by what the gateway knows, a terminal's name or an
    account's."""
    if lab.is_sanitized:
        warnings.warn("memory is not looked at: " + KEPT, stacklevel=2)
        return
    assert any(text == known for text, _, _ in processes_with(lab, known).get("sekisho-gateway", ()))
    assert processes_with(lab, *passwords) == {}


def need_memory(lab):
    """Skips a test of nothing else where memory tells nothing."""
    if os.geteuid() != 0:
        pytest.skip("memory of others is root's to read")
    if lab.is_sanitized:
        pytest.skip(KEPT)
