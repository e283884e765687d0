"""The sandboxes of the processes as they really run, in mid-session. What each system call comes to inside is tried by
tests/sandbox; here, that the processes are in there, and what they hold."""

import os
import stat

import pytest

from lab_parts.processes import status_of


def descriptors_of(pid):
    """{number: (link, mode)}; one that is closed while we look is left out."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{name}"
        try:
            found[int(name)] = (os.readlink(path), os.stat(path).st_mode)
        except FileNotFoundError:
            pass
    return found


def listening():
    """The inodes of every listening TCP and Unix socket, as /proc/PID/fd shows them."""
    inodes = set()
    for family in ("tcp", "tcp6"):
        with open(f"/proc/net/{family}", encoding="ascii") as file:
            rows = [line.split() for line in file][1:]
        inodes |= {row[9] for row in rows if row[3] == "0A"}
    with open("/proc/net/unix", encoding="ascii", errors="replace") as file:
        rows = [line.split() for line in file][1:]
    inodes |= {row[6] for row in rows if int(row[3], 16) & 0x10000}
    return {f"socket:[{inode}]" for inode in inodes}


@pytest.fixture
def session(lab):
    account, ticket = lab.new_ticket(lab.shadow)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    client.wait_demand_active()
    lab.wait_session(account)
    return client


def supervisor(lab):
    return int(lab.variables["LAB_GATEWAY_PID"])


def children(lab):
    workers, keys = lab.pids("sekisho-worker"), lab.pids("sekisho-key")
    assert workers and len(keys) == 1
    return [*workers, *keys]


def test_f301_every_process_is_in_its_sandbox(lab, session):
    for pid in [supervisor(lab), *children(lab)]:
        status = status_of(pid)
        assert status["Seccomp"] == "2", status["Name"]
        assert status["NoNewPrivs"] == "1"
        assert int(status["CapEff"], 16) == 0
        # Nobody else of the same user may look into it: what is below /proc/PID belongs to root then.
        assert int(status["Uid"].split()[0]) != 0
        assert os.stat(f"/proc/{pid}/environ").st_uid == 0


def test_f302_the_supervisor_alone_holds_listeners(lab, session):
    listeners = listening()
    held = {pid: {link for link, _ in descriptors_of(pid).values()} & listeners for pid in children(lab)}
    assert not any(held.values()), held
    own = {link for link, _ in descriptors_of(supervisor(lab)).values()}
    assert len(own & listeners) >= 2  # RDP and control.sock: the look is not blind


def test_f303_children_hold_no_file_and_not_the_log(lab, session):
    outputs = set()
    for pid in children(lab):
        held = descriptors_of(pid)
        # Each has a pipe of its own to the supervisor, which alone writes the log.
        assert held[1][0] == held[2][0] and stat.S_ISFIFO(held[2][1])
        outputs.add(held[2][0])
        for number, (link, mode) in held.items():
            assert not stat.S_ISREG(mode) and not stat.S_ISDIR(mode), (pid, number, link)
            assert number == 0 or not stat.S_ISCHR(mode), (pid, number, link)
            assert not link.startswith("anon_inode:[io_uring]"), (pid, number, link)
    assert len(outputs) == len(children(lab))
    # What they say is in the log all the same.
    for pid in children(lab):
        assert f"SK1010 {'sekisho-key' if pid in lab.pids('sekisho-key') else 'sekisho-worker'}[{pid}] " in lab.whole_log


def test_f304_sekisho_key_holds_one_channel_a_process(lab, session):
    key, = lab.pids("sekisho-key")
    held = descriptors_of(key)
    assert set(held) >= {0, 1, 2, 3}
    assert len(held) == 4 + len(lab.pids("sekisho-worker"))
    assert all(link.startswith("socket:") for number, (link, _) in held.items() if number > 2)


def test_f305_no_memory_can_be_written_and_executed(lab, session):
    for pid in [supervisor(lab), *children(lab)]:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
            bad = [line for line in file if line.split()[1].startswith("rwx")]
        assert not bad
