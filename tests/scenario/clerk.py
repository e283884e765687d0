"""sekisho-admin as people and programs run it."""

import atexit
import functools
import os
import shutil
import subprocess
import tempfile

from lab_parts import terminal


@functools.cache
def places_of(language):
    """LOCPATH for a language that this machine has not installed: its locale, made in a temporary folder."""
    listed = subprocess.run(["locale", "-a"], check=True, stdout=subprocess.PIPE, text=True).stdout.lower().split()
    if language.lower().replace("-", "") in listed:
        return {}
    folder = tempfile.mkdtemp(prefix="sekisho-locale-")
    atexit.register(shutil.rmtree, folder)
    name, _, charset = language.partition(".")
    subprocess.run(["localedef", "-i", name, "-f", charset, os.path.join(folder, language)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)
    return {"LOCPATH": folder}


def run(lab, *arguments, language="C.UTF-8", user=None, **more):
    command = lab.admin.command(*arguments)
    if user is not None:
        program = os.path.join(lab.variables["LAB_PROGRAMS"], "sekisho-admin")
        command = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups", program, *command[1:]]
    environment = {**os.environ, "LC_ALL": language, **places_of(language)}
    return subprocess.run(command, text=True, check=False, timeout=120, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def at_terminal(lab, arguments, lines, prompt, language="C.UTF-8", more=()):
    """What a person at a terminal sees who types these lines, one at each prompt, and the exit status. more: of the environment."""
    environment = {**os.environ, **places_of(language), "LC_ALL": language, **dict(more)}
    return terminal.at_terminal(lab.admin.command(*arguments), lines, prompt, environment)


def answer(lab, words, *arguments, language="C.UTF-8"):
    """The same for who is asked whether it is meant; None: is not to be asked."""
    return at_terminal(lab, arguments, [] if words is None else [words], rb"\[y/N\]", language)
