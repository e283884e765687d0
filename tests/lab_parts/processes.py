"""Processes in the background, and waiting."""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import time

from .state import LabError

PATIENCE = 60  # seconds for what must happen, also on a machine that has much else to do: no test asserts a time


def wait_for(question, limit, what, every=0.05):
    """The first true answer of question(); LabError when there is none within `limit` seconds. It is asked again and again, since
    what is waited for is in other programs: lines of logs, pictures, rows that a gateway answers. What takes long to ask is asked
    less often: those programs need the processor."""
    end = time.monotonic() + limit
    while True:
        began = time.monotonic()
        answer = question()
        if answer:
            return answer
        now = time.monotonic()
        if now >= end:
            raise LabError(f"{what}: not within {limit} s")
        time.sleep(max(every, 2 * (now - began)))


def need(*programs):
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise LabError("not installed: " + " ".join(missing) + " (tests/install test)")


def run(command, **options):
    """A command that ends by itself; its output as text, or LabError with its end."""
    done = subprocess.run(command, stdin=options.pop("stdin", subprocess.DEVNULL), text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=options.pop("timeout", 60), **options)
    if done.returncode != 0:
        raise LabError(f"{command[0]} ended with {done.returncode}: " + tail_of(done.stdout))
    return done.stdout


def tail_of(text, lines=12):
    return "\n".join(text.strip().splitlines()[-lines:])


def tail_of_file(path, lines=12):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return tail_of(file.read(), lines)
    except OSError:
        return ""


def status_of(pid):
    """Lines of /proc/PID/status by their names."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def stat_fields(pid):
    """The fields of /proc/PID/stat after the name: state first; None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def start_time(pid):
    """Clock ticks since boot; 0 when the process is gone (also when it only waits to be reaped). One of several threads is not gone, and
    what it holds is not free, before the last of them has ended."""
    fields = stat_fields(pid)
    return 0 if fields is None or (fields[0] in "ZX" and int(fields[17]) <= 1) else int(fields[19])


def alive(process):
    return start_time(process["pid"]) == process["started"]


def environment(state, **more):
    """What every program of the facility gets: nothing of the caller's session, no Kerberos but our own. A build with
    sanitizers is told what the caller wants of them."""
    wanted = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
              "HOME": state.make_folder("home"), "KRB5_CONFIG": state.path("krb5.conf")}
    wanted.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ})
    wanted.update(more)
    return wanted


def start(state, name, command, env=None, pass_fds=(), log=None, stdin=subprocess.DEVNULL, end_with="SIGTERM"):
    """Starts a program that outlives us, its output in FOLDER/NAME.log. Returns its row in the state. `end_with` is the
    signal that ends it, where it is not SIGTERM."""
    log = log or state.path(name + ".log")
    with open(log, "ab") as output:
        child = subprocess.Popen(command, stdin=stdin, stdout=output, stderr=output, env=env or environment(state),
                                 cwd=state.folder, start_new_session=True, pass_fds=pass_fds)
    process = {"name": name, "pid": child.pid, "started": start_time(child.pid), "log": log, "end_with": end_with}
    state.processes.append(process)
    state.save()
    child.returncode = 0  # it is not ours to wait for; `down` ends it by its id
    return process


def wait_until(state, process, question, limit, what):
    """Like wait_for, but ends at once, with the end of its log, when the process has died."""
    def ask():
        answer = question()
        if not answer and not alive(process):
            raise LabError(f"{process['name']} ended: " + (tail_of_file(process["log"]) or "(its log is empty)"))
        return answer
    try:
        return wait_for(ask, limit, what)
    except LabError as error:
        if "not within" not in str(error):
            raise
        raise LabError(f"{error}: " + tail_of_file(process["log"])) from None


def stop(process, limit=5, first=None):
    """Its own signal (SIGTERM), then SIGKILL after `limit` seconds. What is not ours any more is left alone."""
    first = first or signal.Signals[process["end_with"]]
    try:
        descriptor = os.pidfd_open(process["pid"])
    except (ProcessLookupError, FileNotFoundError):  # nobody has that number, or another program's thread
        return
    try:
        if not alive(process):
            return
        for number, patience in ((first, limit), (signal.SIGKILL, 5)):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, number)
            # Readable when it has ended, whether or not somebody has waited for it.
            if select.select([descriptor], [], [], patience)[0]:
                break
        reap(process["pid"])
    finally:
        os.close(descriptor)


def reap(pid):
    """Ours if we are the process that started it; else its new parent does that."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def processes_of(uid):
    """Ids of the processes that run as a user."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if os.stat("/proc/" + entry).st_uid == uid and start_time(int(entry)):
                    found.append(int(entry))
    return found


def end_user(uid):
    """Ends what runs as a user that only this facility has. Children that are forked meanwhile are met again."""
    def none_left():
        for pid in processes_of(uid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            reap(pid)
        return not processes_of(uid)
    wait_for(none_left, PATIENCE, f"processes of user {uid} end")
