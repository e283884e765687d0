"""What the supervisor alone is there for: who may come in, how often, what happens to settings and records under way."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import struct

import pytest

import rdp_wire as wire
from lab_parts.control import Control, Refused
from lab_parts.gateway import is_ready
from lab_parts.identity import as_user
from lab_parts.network import free_port
from lab_parts.processes import PATIENCE, alive, environment, start, wait_for
from rdp_peers import Closed

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def proxy_header(source, port=51234):
    """PROXY v2, TCP over IPv4, from this client."""
    addresses = socket.inet_aton(source) + socket.inet_aton("10.0.0.1") + struct.pack(">HH", port, 3389)
    return SIGNATURE + b"\x21\x11" + struct.pack(">H", len(addresses)) + addresses


def in_session(lab, client, ticket):
    client.introduce(ticket.handle, ticket.secret)
    client.wait_demand_active()
    return client


def proxied_lab(new_lab):
    return new_lab("listeners.0.proxy=v2", "listeners.0.proxy_from=[127.0.0.1]")


def test_f201_proxy_header_names_the_client(new_lab):
    lab = proxied_lab(new_lab)
    account, ticket = lab.new_ticket(lab.shadow, source="10.9.8.7")
    client = lab.raw()
    # Byte by byte: a header may come in any number of pieces.
    for byte in proxy_header("10.9.8.7"):
        client.send(bytes([byte]))
    in_session(lab, client, ticket)
    assert lab.wait_session(account)["source"] == "10.9.8.7"


def test_f202_without_a_header_nobody_comes_in(new_lab):
    lab = proxied_lab(new_lab)
    client = lab.raw()
    client.send(wire.connection_request(b"", wire.PROTOCOL_SSL))
    client.wait_closed()
    lab.wait_close("SK2011")


def test_f203_a_header_from_elsewhere_is_refused(new_lab):
    lab = proxied_lab(new_lab)
    client = lab.raw(source="127.0.0.2")
    with contextlib.suppress(Closed):
        client.send(proxy_header("10.9.8.7"))
    client.wait_closed()
    assert "proxy_from" in lab.wait_close("SK2012")


def test_f204_a_header_that_never_ends_is_cut(new_lab):
    lab = new_lab("listeners.0.proxy=v2", "listeners.0.proxy_from=[127.0.0.0/8]", "limits.admit=300ms")
    client = lab.raw()
    client.send(proxy_header("10.9.8.7")[:20])
    client.wait_closed()
    lab.wait_close("SK2011")


def test_f205_unfinished_connections_of_a_source_are_limited(new_lab):
    lab = new_lab("sources.exempt=[]", "sources.unfinished=3", "limits.sniff=60s")
    waiting = [lab.raw(source="127.0.0.2") for _ in range(3)]
    wait_for(lambda: lab.call("gateway.status")["unfinished"] == 3, PATIENCE, "three are waiting")
    with pytest.raises(Closed):
        one_more = lab.raw(source="127.0.0.2")
        one_more.request()
    lab.wait_close("SK2012")
    # Another source is not concerned, and a session does not count any more.
    account, ticket = lab.new_ticket(lab.shadow)
    for _ in range(2):
        in_session(lab, lab.raw(), ticket)
        ticket = lab.ticket(account, lab.shadow)
    assert lab.call("gateway.status")["unfinished"] == 3
    for client in waiting:
        client.close()
    wait_for(lambda: lab.call("gateway.status")["unfinished"] == 0, PATIENCE, "none is waiting")


def test_f206_a_source_that_fails_again_and_again_is_refused_for_a_while(new_lab):
    # Minutes: what runs down while a slow machine works changes nothing.
    lab = new_lab("sources.exempt=[]", "sources.penalty=1min", "sources.penalty_threshold=2min",
                  "sources.penalty_most=10min")

    # At once: one after the other they would be delayed.
    crowd = [lab.raw(source="127.0.0.3") for _ in range(4)]
    for client in crowd:
        client.send(b"GET / HTTP/1.1\r\n\r\n")
    for client in crowd:
        client.wait_closed()
    # A failure counts when the gateway has noted the connection's end, a moment behind the client.
    wait_for(lambda: lab.call("gateway.status")["connections"] == 0, PATIENCE, "the four have ended")
    assert [one["source"] for one in lab.call("gateway.status")["penalties"]] == ["127.0.0.3"]
    lab.raw(source="127.0.0.3").wait_closed()
    assert "too many failures" in lab.wait_close("SK2012")
    account, ticket = lab.new_ticket(lab.shadow)
    in_session(lab, lab.raw(), ticket)
    lab.wait_session(account)


def test_f207_hang_up_opens_session_log_again_and_keeps_good_settings(new_lab):
    lab = new_lab()
    account, ticket = lab.new_ticket(lab.shadow)
    in_session(lab, lab.raw(), ticket)
    session = lab.wait_session(account)["id"]
    path, conf = lab.variables["LAB_SESSION_LOG"], lab.variables["SEKISHO_CONF"]
    os.rename(path, path + ".1")
    with open(conf, encoding="utf-8") as file:
        good = file.read()
    with open(conf, "w", encoding="utf-8") as file:
        file.write(good + "no_such_key: 1\n")
    os.kill(lab.gateway_process["pid"], signal.SIGHUP)
    lab.wait_log("SK1102 .*no_such_key")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(good.replace("試験病院", "別の病院"))
    os.kill(lab.gateway_process["pid"], signal.SIGHUP)
    lab.wait_log("SK1101")
    assert lab.call("gateway.status")["facility"] == "別の病院"
    # The session has not noticed, and its end goes into the new file.
    assert lab.sessions(account)
    lab.call("session.kill", id=session, because="drill")
    lab.wait_end(account)
    wait_for(lambda: session in lab.session_log(), PATIENCE, "the end is in the new session.log")
    assert " end " not in open(path + ".1", encoding="utf-8").read()


def test_f208_sockets_may_come_from_systemd(new_lab):
    lab = new_lab()
    host, port = lab.address
    os.kill(lab.gateway_process["pid"], signal.SIGTERM)
    wait_for(lambda: not alive(lab.gateway_process), PATIENCE, "the gateway stops")
    program = os.path.join(lab.variables["LAB_PROGRAMS"], "sekisho-gateway")
    # It listens as root and starts the gateway, with both sockets, when somebody knocks.
    process = start(lab.state, "activate", ["systemd-socket-activate", "-l", f"{host}:{port}", "-l",
                                            lab.variables["SEKISHO_SOCKET"], *as_user(int(lab.variables["LAB_GATEWAY_UID"])),
                                            program, "--config", lab.variables["SEKISHO_CONF"]],
                    env=environment(lab.state), log=lab.variables["LAB_GATEWAY_LOG"])
    lab.state.set(LAB_GATEWAY_PID=process["pid"])
    wait_for(lambda: os.path.exists(lab.variables["SEKISHO_SOCKET"]), PATIENCE, "systemd listens")
    account, ticket = lab.new_ticket(lab.shadow)
    in_session(lab, lab.raw(), ticket)
    lab.wait_session(account)


def test_f209_a_socket_that_no_setting_names_stops_the_start(new_lab):
    lab = new_lab()
    os.kill(lab.gateway_process["pid"], signal.SIGTERM)
    wait_for(lambda: not alive(lab.gateway_process), PATIENCE, "the gateway stops")
    program = os.path.join(lab.variables["LAB_PROGRAMS"], "sekisho-gateway")
    port = free_port()
    process = start(lab.state, "activate", ["systemd-socket-activate", "-l", f"127.0.0.1:{port}",
                                            *as_user(int(lab.variables["LAB_GATEWAY_UID"])), program, "--config",
                                            lab.variables["SEKISHO_CONF"]],
                    env=environment(lab.state), log=lab.variables["LAB_GATEWAY_LOG"])

    def knock():
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return "SK1007" in lab.log
    wait_for(knock, PATIENCE, "the gateway complains")
    wait_for(lambda: not alive(process), PATIENCE, "the gateway ends")


def test_f210_while_the_database_is_locked_nothing_begins_and_no_end_is_lost(new_lab):
    lab = new_lab()
    account, ticket = lab.new_ticket(lab.shadow)
    running = in_session(lab, lab.raw(), ticket)
    session = lab.wait_session(account)["id"]
    other, other_ticket = lab.new_ticket(lab.shadow)
    database = sqlite3.connect(lab.state.path("gateway", "var", "sekisho.db"), isolation_level=None)
    try:
        database.execute("BEGIN IMMEDIATE")
        refused = lab.raw()
        refused.introduce(other_ticket.handle, other_ticket.secret)
        assert wire.ERRINFO_SERVER_DENIED in refused.told()
        lab.wait_close("SK2404")
        # The running session can be cut all the same; only its record has to wait.
        with contextlib.suppress(Refused):
            lab.call("session.kill", id=session, because="drill")
        running.wait_closed()
        assert not lab.sessions(account)
        assert lab.history(account)[-1]["end"] is None
    finally:
        database.execute("ROLLBACK")
        database.close()
    row = lab.wait_end(account)
    assert row["state"] == "killed" and row["because"] == "drill"
    wait_for(lambda: session in lab.session_log().splitlines()[-1], PATIENCE, "its end is in session.log")
    # The ticket that was refused has burnt nothing.
    in_session(lab, lab.raw(), other_ticket)
    lab.wait_session(other)


def request(number, method="gateway.status"):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method}).encode() + b"\n"


def test_f211_lines_sent_together_are_answered_in_their_order(lab):
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        # Quick ones that the loop answers and slow ones from the store's threads.
        methods = ["gateway.status", "account.list", "log.verify", "session.list"]
        control.socket.sendall(b"".join(request(number, methods[number % 4]) for number in range(400)))
        assert [control.read()["id"] for _ in range(400)] == list(range(400))


def test_f212_a_client_that_reads_late_gets_whole_lines(lab):
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        control.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        control.socket.sendall(b"".join(request(number) for number in range(2000)))
        # Meanwhile answers fill the socket, and then wait in the gateway.
        lab.call("gateway.status")
        assert [control.read()["id"] for _ in range(2000)] == list(range(2000))


def test_f213_a_line_without_an_end_is_refused(lab):
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        with contextlib.suppress(OSError):
            control.socket.sendall(b"x" * (2 << 20))
        assert control.read()["error"]["code"] == -32600
        with pytest.raises(OSError):
            control.read()
    lab.call("gateway.status")


def test_f213_who_is_refused_gets_what_was_answered_before_and_the_reason(lab):
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        control.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # One byte more than a line may have: the rest of a longer one would not be read, and stop us from sending. Most
        # answers wait in the gateway when it finds the line without an end.
        control.socket.sendall(b"".join(request(number) for number in range(2000)) + b"x" * ((1 << 20) + 1))
        assert [control.read()["id"] for _ in range(2000)] == list(range(2000))
        assert control.read()["error"]["code"] == -32600
        with pytest.raises(OSError):
            control.read()


def take_every_place(path, stack):
    """Connections that `stack` closes; None while those of an earlier test are not over yet."""
    many = []
    try:
        for _ in range(24):
            many.append(stack.enter_context(Control(path)))
            many[-1].call("gateway.status")
    except (Refused, OSError):
        stack.close()
        return None
    return many


def test_f214_one_user_cannot_take_every_place_at_the_control_socket(lab):
    path = lab.variables["SEKISHO_SOCKET"]
    with contextlib.ExitStack() as stack:
        many = wait_for(lambda: take_every_place(path, stack), PATIENCE, "one user has taken its places")
        with Control(path) as one_more, pytest.raises((Refused, OSError)):
            one_more.call("gateway.status")
        for control in many:
            control.call("gateway.status")
    wait_for(lambda: is_ready(path), PATIENCE, "there is room again")


def test_f215_a_caller_that_goes_away_leaves_its_call_behind(lab):
    for _ in range(20):
        with Control(lab.variables["SEKISHO_SOCKET"]) as control:
            control.socket.sendall(request(1, "log.verify") + request(2, "account.list"))
    # Their places are free again once their calls have been done.
    wait_for(lambda: is_ready(lab.variables["SEKISHO_SOCKET"]), PATIENCE, "the gateway answers")
    assert lab.gateway_runs()
