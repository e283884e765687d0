"""recording export that does not come to its end: Ctrl-C, kill, a closed terminal, a full disk. Nothing half stays, and it is said why."""

import os
import signal
import struct
import subprocess

import pytest

from lab_parts.processes import PATIENCE, wait_for
from q020_export import SESSION, Desk
from recordings import PASSPHRASE
from recordings import END, records_of

TIMES = 150  # of two seconds: more than any encoder does while one looks


def long_session(path):
    """The real session again and again, each time over a new connection."""
    with open(SESSION, "rb") as file:
        records = [record for record in records_of(file.read()) if record[0] != END]
    length = records[-1][1] + 100
    with open(path, "wb") as file:
        for turn in range(TIMES):
            for kind, ms, content in records:
                file.write(struct.pack("<BII", kind, turn * length + ms, len(content)) + content)


@pytest.fixture
def desk(tmp_path, request):
    desk = Desk(tmp_path, os.path.realpath(request.config.getoption("--build")))
    long_session(desk.path("long"))
    desk.record("long.skr", desk.path("long"))
    return desk


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def is_there(pid):
    """Not one that is over and was not waited for."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def heed_signals():
    """As in a terminal: whoever runs the tests in the background may have them ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def begin(desk, folder=None, heed=heed_signals):
    """An export under way: the process, and its sekisho-export; something of the video is written."""
    folder = folder or desk.folder
    process = subprocess.Popen([os.path.join(desk.build, "admin-cli", "sekisho-admin"), "recording", "export", desk.path("long.skr"), "--key",
                                desk.path("key"), "--video", "out.mkv", "--png", "0:01", "--contact-sheet", "sheet.png"], cwd=folder,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed,
                               env={**os.environ, "LC_ALL": "C.UTF-8"}, start_new_session=True)
    process.stdin.write(PASSPHRASE)
    process.stdin.close()
    process.stdin = None  # communicate() would flush it
    video = os.path.join(folder, "out.mkv")
    wait_for(lambda: os.path.exists(video) and os.path.getsize(video) > 0 or process.poll() is not None, PATIENCE, "the video begins")
    return process


@pytest.mark.parametrize("number, whom", [(signal.SIGINT, "both"), (signal.SIGINT, "sekisho-admin"), (signal.SIGTERM, "sekisho-admin"),
                                          (signal.SIGHUP, "both")], ids=["ctrl-c", "int", "term", "hup"])
def test_q050_who_gives_up_has_nothing_half(desk, number, whom):
    before = desk.files()
    process = begin(desk)
    [export] = children_of(process.pid)
    if whom == "both":
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    said, why = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1 and said == "" and "given up; nothing was made" in why, why
    assert desk.files() == before
    assert not is_there(export)


def test_q051_nohup_is_respected(desk):
    """Where a closed terminal is to be ignored it does not end the export; SIGTERM still does."""
    process = begin(desk, heed=lambda: (heed_signals(), signal.signal(signal.SIGHUP, signal.SIG_IGN)))
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=PATIENCE) == 1


def test_q052_a_sekisho_export_that_is_killed_leaves_nothing(desk):
    before = desk.files()
    process = begin(desk)
    [export] = children_of(process.pid)
    os.kill(export, signal.SIGKILL)
    _, why = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1 and "died of signal 9" in why
    assert desk.files() == before


@pytest.fixture
def small_disk(tmp_path):
    folder = str(tmp_path / "small")
    os.mkdir(folder)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", folder], text=True, check=False, timeout=20,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        pytest.skip("no tmpfs may be mounted here: " + done.stdout.strip())
    yield folder
    subprocess.run(["umount", folder], check=True, timeout=20)


def test_q053_a_full_disk_is_named_and_left_as_it_was(desk, small_disk):
    process = begin(desk, small_disk)
    _, why = process.communicate(timeout=300)
    assert process.returncode == 1 and "the disk is full" in why, why
    assert os.listdir(small_disk) == []


def test_q054_what_is_there_is_not_written_over(desk):
    for name in ("out.mkv", "sheet.png"):
        with open(desk.path(name), "w", encoding="ascii") as file:
            file.write("somebody's")
        before = desk.files()
        done = desk.export("--video", "out.mkv", "--contact-sheet", "sheet.png", name="./long.skr")
        assert done.returncode == 1 and name in done.stderr and "already" in done.stderr
        assert desk.files() == before
        with open(desk.path(name), encoding="ascii") as file:
            assert file.read() == "somebody's"
        os.unlink(desk.path(name))
