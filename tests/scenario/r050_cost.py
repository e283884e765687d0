"""What recording costs, beside the same session without: one after the other in one run, so that ratios are what counts."""

import os
import time

import pytest
from r001_recording import auditor, new_session, recorder  # noqa: F401  fixtures
from recordings import file_of

SECONDS = 15
TICK = os.sysconf("SC_CLK_TCK")


def processor_seconds(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def measure(lab, account, client):
    """Moves the pointer, which the desktop follows: (seconds of workers, of recorders, bytes to the client)."""
    workers, recorders = lab.pids("sekisho-worker"), lab.pids("sekisho-recorder")
    before = processor_seconds(workers), processor_seconds(recorders), lab.sessions(account)[0]["bytes_to_client"]
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        client.screen.run("xdotool", "mousemove", "200", "200", "mousemove", "800", "600", "mousemove", "300", "500")
    after = processor_seconds(workers), processor_seconds(recorders), lab.sessions(account)[0]["bytes_to_client"]
    return [now - then for then, now in zip(before, after)]


@pytest.mark.long
def test_r050_recorded_beside_unrecorded(recorder):  # noqa: F811
    lab = recorder()
    rows = {}
    for policy in ("off", "required"):
        if policy == "off":
            account, ticket = lab.new_ticket(lab.shadow)
            client = lab.xfreerdp(ticket.in_a_window(), "/size:1024x768")
            session = lab.wait_session(account)["id"]
            client.wait_picture()
        else:
            account, session, client, _ = new_session(lab, recording=policy)
        rows[policy] = measure(lab, account, client)
        if policy == "required":
            size = os.path.getsize(file_of(lab, session))
            pid, = lab.pids("sekisho-recorder")
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                memory = next(line for line in file if line.startswith("VmRSS"))
        lab.call("session.kill", id=session, because="measured")
        lab.wait_end(account)
    for policy, (worker, recording, count) in rows.items():
        print(f"{policy}: {count / 1e6:.1f} MB; CPU s/GB worker {1e9 * worker / count:.2f}, recorder {1e9 * recording / count:.2f}")
    alone, recorded = rows["off"], rows["required"]
    ratio = ((recorded[0] + recorded[1]) / recorded[2]) / (alone[0] / alone[2])
    print(f"ratio {ratio:.2f}; {size / 1e6:.1f} MB of recording for {recorded[2] / 1e6:.1f} MB shown; recorder {memory.split(':')[1].strip()}")
    # A busy machine measures coarsely: only what would be a mistake fails.
    assert ratio < 3 and size < 1.3 * recorded[2]
