"""Sessions that come and go leave nothing behind: some hundred of them, and with --long the 10,000 of tests/bench/cycles."""

import json

import pytest

from cycles import SETTINGS, Cycles
from s002_thousand_sessions import PROGRAMS, Peer


def leave_nothing_behind(door, capsys, warm_up, count, more_kb):
    """So many cycles to warm up, so many that are measured; a twentieth of them by signing in and reconnecting."""
    host = Peer(door, "rdp_host", "--paused")
    cycles = Cycles(door, host.line("port=")["port"], door.hosts.variables["LAB_SHADOW_PORT"])

    def go(times):
        cycles.by_xfreerdp3(times // 100)
        cycles.by_signing_in(times // 20)
        cycles.by_ticket(times - times // 100 - times // 20 * 2)
        return cycles.figures()
    try:
        before, after = go(warm_up), go(count)
    finally:
        host.end()
    with capsys.disabled():
        print("\n" + json.dumps({"before": before, "after": after}, indent=1))
    assert after["database handles"] == before["database handles"]
    for program in PROGRAMS:
        assert after[program]["processes"] == before[program]["processes"]
        assert after[program]["threads"] == before[program]["threads"]
        # A connection to control.sock may still be closing.
        assert abs(after[program]["descriptors"] - before[program]["descriptors"]) <= 1
        assert after[program]["pss_kb"] - before[program]["pss_kb"] < more_kb


@pytest.mark.alone
def test_s003_hundreds_of_cycles_leave_nothing_behind(new_door, capsys):
    # SQLite's pages and the allocator's are still being filled.
    leave_nothing_behind(new_door(*SETTINGS), capsys, 200, 400, more_kb=3000)


@pytest.mark.long
@pytest.mark.alone
def test_s004_ten_thousand_cycles_leave_nothing_behind(new_door, capsys):
    leave_nothing_behind(new_door(*SETTINGS), capsys, 2000, 8000, more_kb=2500)
