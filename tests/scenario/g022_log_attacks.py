"""People with a role who mean no good: what they can do to the logs and to those who read them (F1-F6)."""

import json
import socket

import pytest

from clerk import run
from lab_parts.processes import PATIENCE, wait_for

MEGABYTE = 1 << 20


def connect(lab):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(30)
    client.connect(lab.variables["SEKISHO_SOCKET"])
    return client


def ask(client, method, **params):
    """The answer. Behind it there may be rows of a log that is followed."""
    client.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n")
    lines = b""
    while b"\n" not in lines:
        piece = client.recv(65536)
        assert piece, "the gateway closed the connection"
        lines += piece
    return json.loads(lines.partition(b"\n")[0])


def is_closed(client):
    """Takes what has come; whether the gateway has closed it."""
    client.setblocking(False)
    try:
        while client.recv(MEGABYTE):
            pass
    except BlockingIOError:
        return False
    except ConnectionResetError:
        pass
    return True


@pytest.mark.parametrize("reason", ["a\x1b[2J", "a\nSK2002 forged", "a\u202eb", "あ" * 251])
def test_f004_a_reason_cannot_bend_a_log(office, reason):
    account = office.add_account()
    done = run(office, "account", "lock", account, "--because", reason)
    assert done.returncode == 1 and "250" in done.stderr and "ticket 4711" in done.stderr
    assert "\x1b" not in done.stderr and "\u202e" not in done.stderr
    assert office.call("account.show", id=account)["locked"] is False


@pytest.mark.parametrize("filters, named", [({"acount": "taro"}, "acount"), ({"result": 7}, "result"),
                                            ({"time": "2026-11-20T00:00:00Z"}, "time"), ({"search": ""}, "")])
def test_f005_following_with_a_filter_that_does_not_exist_is_refused(office, filters, named):
    with connect(office) as client:
        error = ask(client, "log.follow", log="logins", filters=filters)["error"]
    assert error["data"]["value"] == named and error["data"]["rule"] and error["data"]["example"]


def test_f005_many_who_follow_and_never_read_cost_no_more_than_a_few(office):
    terminal = "998-attack"
    office.call("terminal.add", name=terminal, address="192.0.2.1")
    followers = [connect(office) for _ in range(12)]
    for follower in followers:
        assert "result" in ask(follower, "log.follow", log="admin", filters={"target": terminal})
    # Each lets less than its own 16 MB wait, all together more than 64.
    with connect(office) as editor:
        for number in range(8 * MEGABYTE // 8000):
            changed = ask(editor, "terminal.edit", name=terminal, changes={"note": f"{number:04}" + "山" * 900})
            assert "result" in changed, changed
    wait_for(lambda: any(map(is_closed, followers)), PATIENCE, "one of them is closed")
    assert run(office, "log", "verify").returncode == 0
