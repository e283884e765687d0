"""Sessions that are recorded: what is in the file, who can read it, and what the session does when it cannot be recorded."""

import os
import signal
import struct
import subprocess
import time

import pytest
from desktop import Desktop, pointer_is_at
from h001_sign_in import wait_shadow
from lab_parts.control import Refused
from lab_parts.processes import PATIENCE, wait_for
from lab_parts.shims import build_shim
from noisy_desktop import Noise
from recordings import (END, FROM_CLIENT, FROM_HOST, GAP, NOTE, SEGMENT, Auditor, channel_of, file_of, files_of, folder_of, let_pass, pdus_of,
                        segment_of, wait_closed, wait_not_closed)
from visitor import Visitor

IO_CHANNEL = 1003


@pytest.fixture(scope="module")
def auditor(request, folders):
    return Auditor(str(request.config.getoption("--build")), folders("auditor"))


@pytest.fixture
def recorder(new_lab, auditor):
    """recorder("recording.stall=1s", …): a facility whose recordings the auditor can open."""
    return lambda *settings, **options: new_lab(auditor.setting, *settings, **options)


def new_session(lab, seen=wait_shadow, **changes):
    """A client on a desktop of a terminal of its own: (account, session, client, ticket)."""
    terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], **changes)
    account, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket.in_a_window(), "/size:1024x768")
    be_told(lab, client)
    session = lab.wait_session(account)["id"]
    seen(client)
    return account, session, client, ticket


def be_told(lab, client):
    """Who enters is told that the session is recorded (o001)."""
    visitor = Visitor(lab, client)
    visitor.page("RECORDED")
    visitor.key("Return")


def leave(lab, client):
    """As a broken network does: newer clients that are asked to go say good-bye, and then the session is over."""
    lab.clients.remove(client)
    client.kill()
    client.close()


def only_pdus(records, kind=FROM_HOST):
    """Every record of the kind holds whole PDUs."""
    return [pdu for one, _, data in records if one == kind for pdu in pdus_of(data)]


def seen_nowhere(path, records, *secrets):
    with open(path, "rb") as file:
        sealed = file.read()
    plain = b"".join(data for _, _, data in records)
    for secret in secrets:
        for spelled in (secret.encode(), secret.encode("utf-16-le")):
            assert spelled not in sealed and spelled not in plain


def test_r001_shadow_desktop_is_recorded_and_opened_by_the_auditor_alone(recorder, auditor):
    lab = recorder()
    account, session, client, ticket = new_session(lab, recording="required")
    path = file_of(lab, session)
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert os.stat(folder_of(lab)).st_mode & 0o777 == 0o700
    wait_for(lambda: os.path.getsize(path) > 100_000, PATIENCE, "pictures are recorded")
    # It can be read while it grows.
    records, closed = auditor.open(path)
    assert records and not closed
    leave(lab, client)
    lab.wait_end(account)
    # Who left may come back within limits.grace: until then the recording goes on.
    assert auditor.verify(path)[0] == "not closed"
    stop_gateway(lab)
    state, fields = auditor.verify(path)
    assert state == "whole" and fields["gaps"] == "0"
    records, closed = auditor.open(path)
    assert closed and records[0][0] == SEGMENT and records[-1][0] == END
    mode, size, io_channel, channels = segment_of(records[0][2])
    assert mode == 0 and size == (1024, 768) and io_channel == IO_CHANNEL
    assert ("drdynvc", True) in [(name, recorded) for name, _, recorded in channels]
    graphics = next(number for name, number, _ in channels if name == "drdynvc")
    pdus = only_pdus(records)
    seen = {channel_of(pdu) for pdu in pdus if pdu[0] == 3}
    assert seen <= {IO_CHANNEL, graphics} and graphics in seen
    assert sum(len(pdu) for pdu in pdus if pdu[0] == 3 and channel_of(pdu) == graphics) > 50_000
    assert all(kind in (SEGMENT, FROM_HOST, NOTE, END) for kind, _, _ in records)
    times = [ms for _, ms, _ in records]
    assert times == sorted(times) and times[-1] > times[0]
    seen_nowhere(path, records, ticket.secret)
    # The log names the very chain that the file ends with.
    assert fields["chain"] == wait_closed(lab, session)["hash"]


def stop_gateway(lab):
    os.kill(lab.gateway_process["pid"], signal.SIGTERM)
    wait_for(lambda: not lab.gateway_runs(), PATIENCE, "the gateway has stopped")


def test_r002_rdesktop_on_xrdp_is_recorded_with_its_input_where_that_is_wanted(recorder, auditor):
    lab = recorder()
    terminal = lab.add_terminal(lab.hosts.variables["LAB_XRDP_PORT"], recording="required", record_input=True)
    account, ticket = lab.new_ticket(terminal)
    client = lab.rdesktop(ticket, "-g", "1024x768")
    be_told(lab, client)
    desktop = Desktop(lab, client).sign_in()
    assert "kept" in desktop.run("echo kept")
    session = lab.wait_session(account)["id"]
    path = file_of(lab, session)
    lab.call("session.kill", id=session, because="enough")
    fields = wait_closed(lab, session)
    records, closed = auditor.open(path)
    assert closed and fields["gaps"] == "0" and records[-1][2] == b"SK2301"
    pdus = only_pdus(records)
    assert sum(map(len, pdus)) > 20_000
    typed = only_pdus(records, FROM_CLIENT)
    # Each is fast-path input, or an input PDU on the I/O channel as the client numbers it.
    assert len(typed) > 50 and all(pdu[0] & 3 == 0 or channel_of(pdu) == IO_CHANNEL for pdu in typed)
    seen_nowhere(path, records, ticket.secret)


def test_r003_input_is_not_recorded_where_nobody_wants_it(recorder, auditor):
    lab = recorder()
    account, session, client, _ = new_session(lab, recording="best-effort")
    pointer_is_at(lab, client, 234)
    client.screen.run("xdotool", "click", "1")  # behind one, FreeRDP 3.15 has the pointer one move behind, without a gateway as well
    path = file_of(lab, session)
    wait_for(lambda: os.path.getsize(path) > 50_000, PATIENCE, "pictures are recorded")
    lab.call("session.kill", id=session, because="enough")
    wait_closed(lab, session)
    records, _ = auditor.open(path)
    assert only_pdus(records) and not only_pdus(records, FROM_CLIENT)
    assert lab.wait_end(account)["reason"] == "ADMIN_KILLED"


def kill_recorder(lab, number=signal.SIGKILL):
    pid, = lab.pids("sekisho-recorder")
    os.kill(pid, number)
    return time.monotonic()


def test_r004_recorder_killed_ends_a_session_that_must_be_recorded(recorder, auditor):
    lab = recorder()
    account, session, _, _ = new_session(lab, recording="required")
    path = file_of(lab, session)
    wait_for(lambda: os.path.getsize(path) > 50_000, PATIENCE, "pictures are recorded")
    began = kill_recorder(lab)
    lab.wait_close("SK2710")
    print(f"recorder killed: the session ended after {1000 * (time.monotonic() - began):.1f} ms")
    assert lab.wait_end(account)["reason"] == "RECORDING_FAILED"
    wait_not_closed(lab)
    state, fields = auditor.verify(path)
    records, closed = auditor.open(path)
    assert state == "not closed" and not closed and int(fields["bytes"]) > 50_000 and only_pdus(records)
    row, = lab.call("recording.list")["recordings"]
    assert row["state"] == "not-closed" and row["why"]


def test_r005_recorder_killed_leaves_a_session_that_need_not_be_recorded(recorder, auditor):
    lab = recorder()
    account, session, client, _ = new_session(lab, recording="best-effort")
    path = file_of(lab, session)
    wait_for(lambda: os.path.getsize(path) > 50_000, PATIENCE, "pictures are recorded")
    kill_recorder(lab)
    wait_not_closed(lab)
    # The session goes on.
    pointer_is_at(lab, client, 345)
    assert lab.sessions(account) and auditor.verify(path)[0] == "not closed"
    # Nobody begins in the middle of a picture: that its recording has ended is said where sessions are looked at.
    row, = lab.sessions(account)
    assert row["recorded"] == "until" and row["recorded_until"] and "recorder" in row["not_recorded_why"]
    assert "until 2" in lab.admin.text("session", "list") and row["not_recorded_why"] in lab.admin.text("session", "show", session)
    kept, = lab.call("recording.list")["recordings"]
    assert kept["state"] == "not-closed"


def test_r020_session_whose_recorder_died_is_recorded_again_from_its_next_connection_on(recorder, auditor):
    lab = recorder()
    account, session, client, ticket = new_session(lab, recording="best-effort")
    path = file_of(lab, session)
    wait_for(lambda: os.path.getsize(path) > 50_000, PATIENCE, "pictures are recorded")
    assert lab.sessions(account)[0]["recorded"] == "yes"
    kill_recorder(lab)
    lab.wait_log("SK2705")
    leave(lab, client)
    lab.wait_end(account)
    client = lab.xfreerdp(ticket, "/size:1024x768")
    row = lab.wait_session(account)
    assert row["id"] == session and row["recorded"] == "yes"
    wait_shadow(client)
    wait_for(lambda: len(files_of(lab)) == 2, PATIENCE, "its recording has a second part")
    second = files_of(lab)[-1]
    wait_for(lambda: os.path.getsize(second) > 50_000, PATIENCE, "pictures are recorded")
    lab.call("session.kill", id=session, because="enough")
    assert wait_closed(lab, session)["part"] == "2"
    records, closed = auditor.open(second)
    assert closed and records[0][0] == SEGMENT and only_pdus(records)
    assert {row["state"] for row in lab.call("recording.list")["recordings"]} == {"closed", "not-closed"}


def test_r021_stalled_recorder_leaves_a_session_that_need_not_be_recorded_undisturbed(recorder, auditor):
    lab = recorder("recording.stall=5s", "limits.watchdog=5min")
    account, session, client, _ = new_session(lab, recording="best-effort")
    path = file_of(lab, session)
    noise = Noise(lab.hosts)
    try:
        wait_for(lambda: os.path.getsize(path) > 1_000_000, PATIENCE, "pictures are recorded")
        usual = sorted(pointer_is_at(lab, client, 200 + 7 * step) for step in range(9))
        before, (pid,) = lab.sessions(account)[0]["bytes_to_client"], lab.pids("sekisho-recorder")
        os.kill(pid, signal.SIGSTOP)
        try:
            let_pass(6)  # longer than recording.stall, which is for sessions that must be recorded
            # More than the relay keeps for it (TEE_MOST, and what the socket holds).
            wait_for(lambda: lab.sessions(account)[0]["bytes_to_client"] > before + 8_000_000, 120, "the desktop goes on")
            stalled = sorted(pointer_is_at(lab, client, 300 + 7 * step) for step in range(9))
        finally:
            os.kill(pid, signal.SIGCONT)
        print(f"the pointer arrives after {1000 * usual[4]:.0f} ms, with a stalled recorder {1000 * stalled[4]:.0f} ms (medians)")
        assert stalled[4] < 3 * usual[4] + 0.2
        gap = lab.wait_log(r"SK2703.*gaps=1 bytes=(\d+)")
        assert int(gap[1]) > 1_000_000
        size = os.path.getsize(path)
        wait_for(lambda: os.path.getsize(path) > size + 1_000_000, PATIENCE, "it is recorded again")
    finally:
        noise.stop()
    assert lab.sessions(account)[0]["recorded"] == "yes" and "SK2704" not in lab.log
    lab.call("session.kill", id=session, because="enough")
    fields = wait_closed(lab, session)
    assert int(fields["gaps"]) >= 1 and int(fields["missing"]) >= int(gap[1])
    records, closed = auditor.open(path)
    assert closed and auditor.verify(path)[0] == "whole"
    first = next(place for place, (kind, _, _) in enumerate(records) if kind == GAP)
    why, missing, since = struct.unpack("<BQI", records[first][2])
    assert (why, missing) == (1, int(gap[1])) and since <= records[first][1]
    # Whole PDUs on either side of it.
    assert only_pdus(records[:first]) and only_pdus(records[first:])


def test_r006_stalled_recorder_ends_a_session_that_must_be_recorded(recorder):
    lab = recorder("recording.stall=5s", "limits.watchdog=60s")
    account, session, _, _ = new_session(lab, recording="required")
    path = file_of(lab, session)
    wait_for(lambda: os.path.getsize(path) > 50_000, PATIENCE, "pictures are recorded")
    began = kill_recorder(lab, signal.SIGSTOP)
    lab.wait_close("SK2711", limit=60)
    print(f"recorder stopped: the session ended after {time.monotonic() - began:.1f} s")
    assert lab.wait_end(account)["reason"] == "RECORDING_STALLED"
    for pid in lab.pids("sekisho-recorder"):
        os.kill(pid, signal.SIGCONT)


def reload_with(lab, text):
    with open(lab.variables["SEKISHO_CONF"], "w", encoding="utf-8") as file:
        file.write(text)
    lab.begin_test()
    os.kill(lab.gateway_process["pid"], signal.SIGHUP)
    lab.wait_log("SK1101")


def test_r007_without_an_auditors_key_nothing_is_recorded(new_lab, auditor):
    lab = new_lab()
    with open(lab.variables["SEKISHO_CONF"], encoding="utf-8") as file:
        without = file.read()
    required = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], recording="required")
    # Who is about to need it is told: explain, and whoever issues a ticket.
    account = lab.add_account(required)
    assert lab.call("policy.explain", account=account, terminal=required)["rule"] == "recording-keys"
    with pytest.raises(Refused) as refused:
        lab.call("ticket.issue", account=account, terminal=required)
    assert "no auditor's key is configured" in refused.value.message
    # A reload takes a key up, and lets it go; a ticket of between the two opens nothing.
    reload_with(lab, without + f"\nrecording:\n  auditors: [{auditor.line}]\n")
    client = lab.xfreerdp(lab.ticket(account, required).in_a_window())
    be_told(lab, client)
    session = lab.wait_session(account)["id"]
    kept = file_of(lab, session)
    _, late = lab.new_ticket(required)
    reload_with(lab, without)
    lab.xfreerdp(late.in_a_window())
    lab.wait_close("SK2714")
    # What runs goes on: it is sealed to the key of its beginning.
    assert [row["id"] for row in lab.sessions(account)] == [session]
    account, _, _, _ = new_session(lab, recording="best-effort")
    lab.wait_log("SK2706")
    assert lab.sessions(account) and files_of(lab) == [kept]


@pytest.fixture
def small_disk(folders):
    """A file system of twelve megabytes."""
    folder = folders("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m,mode=1777", "none", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder, leave):
    """All but so many bytes."""
    disk = os.statvfs(folder)
    with open(os.path.join(folder, "filler"), "wb") as file:
        file.write(b"x" * max(0, disk.f_bavail * disk.f_frsize - leave))


def shake(client, path, until, what):
    """The pointer goes to and fro, so that there is something to be recorded."""
    def moved():
        if until(path):
            return True
        client.screen.run("xdotool", "mousemove", "100", "100", "mousemove", "900", "700")
        return False
    wait_for(moved, 90, what)


def test_r008_full_disk_ends_a_session_that_must_be_recorded(recorder, small_disk):
    folder = os.path.join(small_disk, "recordings")
    lab = recorder("recording.directory=" + folder, "recording.least_free=4MB")
    account, session, _, _ = new_session(lab, recording="required")
    file_of(lab, session, folder)
    fill(small_disk, 3_500_000)
    lab.wait_close("SK2712")
    assert lab.wait_end(account)["reason"] == "RECORDING_DISK"


def test_r009_full_disk_closes_a_recording_that_need_not_go_on(recorder, auditor, small_disk):
    folder = os.path.join(small_disk, "recordings")
    lab = recorder("recording.directory=" + folder, "recording.least_free=4MB")
    account, session, _, _ = new_session(lab, recording="best-effort")
    path = file_of(lab, session, folder)
    wait_for(lambda: os.path.getsize(path) > 50_000, PATIENCE, "pictures are recorded")
    fill(small_disk, 3_500_000)
    wait_closed(lab, session)
    records, closed = auditor.open(path)
    assert closed and any(kind == NOTE for kind, _, _ in records) and lab.sessions(account)
    row, = lab.call("recording.list")["recordings"]
    assert row["why"]


def test_r010_session_that_goes_on_goes_on_being_recorded(recorder, auditor):
    lab = recorder()
    account, session, client, ticket = new_session(lab, recording="required")
    path = file_of(lab, session)
    wait_for(lambda: os.path.getsize(path) > 50_000, PATIENCE, "pictures are recorded")
    leave(lab, client)
    lab.wait_end(account)
    client = lab.xfreerdp(ticket, "/size:1024x768")
    assert lab.wait_session(account)["id"] == session
    wait_shadow(client)
    before = os.path.getsize(path)
    wait_for(lambda: os.path.getsize(path) > before + 50_000, PATIENCE, "the same file grows")
    lab.call("session.kill", id=session, because="enough")
    fields = wait_closed(lab, session)
    assert fields["part"] == "1" and len(files_of(lab)) == 1
    records, closed = auditor.open(path)
    assert closed and [kind for kind, _, _ in records].count(SEGMENT) == 2


def test_r011_recording_that_is_as_large_as_one_may_be_ends_its_session(recorder, auditor):
    lab = recorder("recording.most=1MB")
    # It may be over before anybody could look at the desktop.
    account, session, client, _ = new_session(lab, lambda _: None, recording="required")
    path = file_of(lab, session)
    shake(client, path, lambda _: not lab.sessions(account), "the session has ended")
    assert lab.wait_end(account)["reason"] == "RECORDING_FULL"
    wait_closed(lab, session)
    assert auditor.verify(path)[0] == "whole" and os.path.getsize(path) <= 1 << 20


def test_r012_gateway_that_dies_leaves_what_was_recorded(recorder, auditor):
    lab = recorder()
    _, session, _, _ = new_session(lab, recording="required")
    path = file_of(lab, session)
    wait_for(lambda: os.path.getsize(path) > 50_000, PATIENCE, "pictures are recorded")
    os.kill(lab.gateway_process["pid"], signal.SIGKILL)
    wait_for(lambda: not lab.gateway_runs(), PATIENCE, "the gateway has died")
    wait_for(lambda: not lab.pids("sekisho-recorder"), PATIENCE, "so has the recorder")
    assert auditor.verify(path)[0] == "not closed"
    records, closed = auditor.open(path)
    assert not closed and only_pdus(records) and not any(kind == GAP for kind, _, _ in records)
    lab.start_gateway_again()
    row, = lab.call("recording.list")["recordings"]
    assert row["state"] == "not-closed"


def test_r022_more_sessions_than_may_be_recorded_at_once(recorder):
    lab = recorder("limits.recorders=1")
    new_session(lab, recording="required")
    required = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], recording="required")
    account, ticket = lab.new_ticket(required)
    lab.xfreerdp(ticket.in_a_window(), "/size:1024x768")
    lab.wait_close("SK2715")
    assert lab.wait_end(account)["reason"] == "RECORDING_BUSY"
    account, _, _, _ = new_session(lab, recording="best-effort")
    lab.wait_log("SK2706")
    row, = lab.sessions(account)
    assert row["recorded"] == "no" and "limits.recorders" in row["not_recorded_why"]


def slow_disk(lab, milliseconds):
    """From now on each fdatasync of a recorder takes so long. (What a gateway is started with does not reach its children.)"""
    program = os.path.join(lab.variables["LAB_PROGRAMS"], "sekisho-recorder")
    os.rename(program, program + ".itself")
    with open(program, "w", encoding="ascii") as file:
        file.write(f'#!/bin/sh\nexec env LD_PRELOAD={build_shim(lab.state, "slow_fsync")} SLOW_FSYNC_MS={milliseconds} {program}.itself "$@"\n')
    os.chmod(program, 0o755)


def test_r023_slow_disk_holds_up_neither_session_nor_recording(recorder, auditor):
    """An fdatasync may take long, if less than recording.stall: the recorder reads on meanwhile."""
    lab = recorder("recording.stall=20s")
    slow_disk(lab, 5000)
    account, session, client, _ = new_session(lab, recording="required")
    path = file_of(lab, session)
    noise = Noise(lab.hosts)
    try:
        # Several times SYNCING_BYTES.
        wait_for(lambda: os.path.getsize(path) > 14_000_000, 120, "pictures are recorded")
        grown = []
        for _ in range(20):
            size = os.path.getsize(path)
            grown.append(wait_for(lambda: os.path.getsize(path) > size and time.monotonic(), 60, "it grows"))
        print(f"the longest time without anything recorded: {1000 * max(b - a for a, b in zip(grown, grown[1:])):.0f} ms")
        assert max(b - a for a, b in zip(grown, grown[1:])) < 5
    finally:
        noise.stop()
    assert lab.sessions(account)[0]["recorded"] == "yes"
    lab.call("session.kill", id=session, because="enough")
    fields = wait_closed(lab, session, 60)
    assert fields["gaps"] == "0" and auditor.verify(path)[0] == "whole" and "SK2704" not in lab.log


def test_r024_disk_that_does_not_answer_ends_a_session_that_must_be_recorded(recorder):
    lab = recorder("recording.stall=1s")
    slow_disk(lab, 30_000)
    terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], recording="required")
    _, ticket = lab.new_ticket(terminal)
    lab.xfreerdp(ticket.in_a_window(), "/size:1024x768")
    # The header alone is enough. Who still reads that he will be recorded reads now that it cannot be done.
    lab.wait_log("SK2704.*required=yes what='the disk did not take it in time'")
    lab.wait_log(r"SK2711|page=NOTICE")
