"""Ports on loopback, and whether an RDP server answers there."""

import contextlib
import os
import random
import re
import socket

from .state import LabError

# Below the range from which the kernel takes ports for outgoing connections.
PORTS = range(20000, 32000)

# X.224 Connection Request that asks for TLS (MS-RDPBCGR 2.2.1.1), and the protocol it can choose.
REQUEST_TLS = bytes.fromhex("030000130ee000000000000100080001000000")
PROTOCOL_SSL = 1


def own_share(numbers):
    """Of the numbers from which a facility takes one that is free: those for this worker of pytest-xdist. Two that look at
    the same moment could else find the same one."""
    worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return numbers[worker::workers]


def free_port():
    for port in random.sample(own_share(PORTS), 200):
        with contextlib.closing(socket.socket()) as probe:
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise LabError("no free port on 127.0.0.1")


def answers_tls(port):
    """Whether an RDP server on this port chooses TLS when asked for nothing else."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(REQUEST_TLS)
            answer = b""
            while len(answer) < 19:
                more = connection.recv(19 - len(answer))
                if not more:
                    return False
                answer += more
    except OSError:
        return False
    return answer[5] == 0xD0 and answer[11] == 2 and answer[15] == PROTOCOL_SSL


def listens(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False
