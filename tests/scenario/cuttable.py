"""A piece of network of the test's own, which can be cut: TCP connections pass through it to one address."""

import contextlib
import select
import socket
import struct
import threading


class Cable:
    """Carries every connection that comes to .port on to `target` ((host, port)), until it is cut or goes silent. `source` is the
    address that its connections come from; another one may be set at any time, for those that come later."""

    def __init__(self, target, source="127.0.0.1"):
        self.target = target
        self.source = source
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs = []
        self.carried = 0
        self.silent = threading.Event()
        self.lock = threading.Lock()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                threading.Thread(target=self.carry, args=(near,), daemon=True).start()

    def carry(self, near):
        try:
            far = socket.create_connection(self.target, timeout=10, source_address=(self.source, 0))
        except OSError:
            near.close()
            return
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (near, far)
        with self.lock:
            self.pairs.append(pair)
            self.carried += 1
        with contextlib.suppress(OSError, ValueError):
            self.pump(near, far)
        with self.lock:
            if pair in self.pairs and not self.silent.is_set():
                self.pairs.remove(pair)
                for end in pair:
                    end.close()

    def pump(self, near, far):
        other = {near: far, far: near}
        while not self.silent.is_set():
            for end in select.select([near, far], [], [], 0.1)[0]:
                data = end.recv(65536)
                if not data:
                    return
                other[end].sendall(data)

    def cut(self):
        """Both ends are reset, as by a router that forgets its connections."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RD)
                end.close()

    def cut_near_end(self):
        """The client is told that its connection is gone, and the gateway is not: half-open."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        self.half_open = [far for _, far in pairs]
        for near, _ in pairs:
            with contextlib.suppress(OSError):
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            near.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()
