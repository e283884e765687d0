"""A program at a terminal, and a person who types there."""

import os
import pty
import re

# Linux throws away what stands unread in a terminal whose session leader ends: the leader is this shell, which outlives
# the program and says in the terminal itself when and how it ended. Control-C is for the program alone.
LEADER = r"""trap : INT; "$@"; printf '\0%d\0' $?; exec sleep 600"""
END = re.compile(rb"\0(\d+)\0")


def at_terminal(command, answers, prompt, environment, folder="."):
    """What a person sees who types these answers, one at each prompt, and the exit status. An answer that ends with "\x03" is
    given up with Control-C."""
    answers = list(answers)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execvpe("sh", ["sh", "-c", LEADER, "sh", *command], environment)
    seen, looked = b"", 0
    while not (end := END.search(seen)):
        seen += os.read(terminal, 4096)
        if answers and re.search(prompt, seen[looked:]):
            looked, typed = len(seen), answers.pop(0)
            os.write(terminal, typed.encode() + (b"" if typed.endswith("\x03") else b"\n"))
    os.close(terminal)
    os.waitpid(child, 0)
    return seen[:end.start()].decode(errors="replace"), int(end[1])
