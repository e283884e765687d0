"""sekisho-admin as people and programs run it."""

import atexit
import functools
import os
import pty
import shutil
import subprocess
import tempfile


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


def answer(lab, words, *arguments, language="C.UTF-8"):
    """What a person at a terminal sees who types these words when asked, and the exit status."""
    places = places_of(language)
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(places, LC_ALL=language)
        os.execvp(lab.admin.command()[0], lab.admin.command(*arguments))
    seen = b""
    while True:
        try:
            got = os.read(terminal, 4096)
        except OSError:
            break
        if not got:
            break
        seen += got
        if words is not None and b"[y/N]" in seen:
            os.write(terminal, words.encode() + b"\n")
            words = None
    os.close(terminal)
    return seen.decode(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
