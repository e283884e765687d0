"""What is in the memory of other processes; root's to read."""

import contextlib
import re


def memory_of(pid):
    """All that this process may write."""
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not found:
                continue
            begin, end = (int(part, 16) for part in found.groups())
            with contextlib.suppress(OSError, ValueError, OverflowError):
                memory.seek(begin)
                yield memory.read(end - begin)


def has_password(pid, password):
    # What is long enough not to be there by chance, in each of the forms that it takes.
    forms = (password.encode(), password.encode("utf-16-le"), password.encode("ascii", "ignore"))
    return any(form in part for part in memory_of(pid) for form in forms)
