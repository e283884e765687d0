"""control.sock for programs: JSON-RPC 2.0, one message a line."""

import json
import socket

from .processes import PATIENCE


class Refused(Exception):
    """The gateway's answer was an error: .code, .message, .data."""

    def __init__(self, error):
        super().__init__(error.get("message", ""))
        self.code = error.get("code")
        self.message = error.get("message", "")
        self.data = error.get("data") or {}


class Control:
    """One connection. Not for several threads."""

    def __init__(self, path, limit=PATIENCE):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(limit)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.number = 0
        self.notifications = []

    def close(self):
        self.lines.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def read(self):
        line = self.lines.readline()
        if not line:
            raise ConnectionError("the gateway closed the control socket")
        return json.loads(line)

    def call(self, method, **parameters):
        """The result, or Refused. Notifications that come meanwhile wait in .notifications."""
        self.number += 1
        request = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": parameters}
        self.socket.sendall(json.dumps(request, ensure_ascii=False).encode() + b"\n")
        while True:
            answer = self.read()
            if answer.get("id") != self.number:
                self.notifications.append(answer)
                continue
            if "error" in answer:
                raise Refused(answer["error"])
            return answer["result"]
