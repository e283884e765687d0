"""Peers that do exactly what a test tells them: a client, and a jump host in a thread."""

import contextlib
import select
import socket
import ssl
import struct
import threading

import rdp_wire as wire


class Closed(Exception):
    """The other side has closed the connection, orderly or not."""


def client_tls(version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version is not None:
        # Debian's own OpenSSL configuration would not even try.
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = version
    return context


class Peer:
    """A connection on which whole PDUs are read. Every wait has a limit; of a thread that does nothing but read, reads_limit may be
    None: it ends when the connection is closed. One thread may read while another writes."""

    def __init__(self, connection, limit=10):
        self.connection = connection
        self.limit = self.reads_limit = limit
        # OpenSSL takes one thread at a time.
        self.lock = threading.Lock()
        connection.settimeout(limit)
        # As every RDP program does: the second of two PDUs would otherwise wait for a delayed acknowledgement.
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        try:
            with self.lock:
                self.connection.sendall(data)
        except (ConnectionError, ssl.SSLError) as error:
            raise Closed from error

    def receive(self, length):
        """What has come, without keeping writers from writing meanwhile."""
        while True:
            with self.lock:
                self.connection.settimeout(0)
                try:
                    return self.connection.recv(length)
                except (ssl.SSLWantReadError, BlockingIOError):
                    pass
                finally:
                    if self.connection.fileno() >= 0:
                        self.connection.settimeout(self.limit)
            if not select.select([self.connection], [], [], self.reads_limit)[0]:
                raise TimeoutError("timed out")

    def read(self, length):
        got = b""
        while len(got) < length:
            if self.connection.fileno() < 0:
                raise Closed  # a failed handshake has closed it
            try:
                more = self.receive(length - len(got))
            except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
                raise Closed from error
            except ssl.SSLError as error:
                # Python 3.13 says so of an end behind a failed write, without a class of its own.
                if error.reason != "UNEXPECTED_EOF_WHILE_READING":
                    raise
                raise Closed from error
            if not more:
                raise Closed
            got += more
        return got

    def read_pdu(self):
        start = self.read(2)
        if wire.is_fast_path(start[0]):
            length = start[1]
            if length & 0x80:
                start += self.read(1)
                length = (length & 0x7F) << 8 | start[2]
        else:
            start += self.read(2)
            length = struct.unpack(">H", start[2:4])[0]
        return start + self.read(length - len(start))

    def read_until(self, wanted):
        """The first PDU for which wanted(pdu) is true; others are thrown away."""
        while True:
            pdu = self.read_pdu()
            if wanted(pdu):
                return pdu

    def wait_closed(self):
        """Reads until the end; returns the PDUs that came before it."""
        pdus = []
        with contextlib.suppress(Closed):
            while True:
                pdus.append(self.read_pdu())
        return pdus

    def close(self):
        # Somebody who waits for bytes would keep the connection open until its limit.
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self.connection.close()


# Of all raw clients of this run.
ports = set()


def connect_from_new_port(address, source, limit):
    """The gateway's log tells connections apart by their ports, and the kernel gives out again what a client has let go of."""
    while True:
        connection = socket.socket()
        connection.settimeout(limit)
        connection.bind((source, 0))
        port = connection.getsockname()[1]
        if port not in ports:
            break
        connection.close()
    ports.add(port)
    try:
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


class RawClient(Peer):
    """From the connection request on, one step at a time; introduce() does them all."""

    def __init__(self, address, source="127.0.0.1", limit=10):
        super().__init__(connect_from_new_port(address, source, limit), limit)
        self.user = None
        self.channels = {}

    def request(self, handle=None, protocols=wire.PROTOCOL_SSL):
        cookie = b"Cookie: msts=" + handle.encode() if handle else b""
        self.send(wire.connection_request(cookie, protocols))
        return self.read_pdu()

    def start_tls(self, version=None):
        try:
            self.connection = client_tls(version).wrap_socket(self.connection)
        except (ConnectionError, ssl.SSLError) as error:
            raise Closed from error

    def connect_mcs(self, channels=(), message_channel=False, **core):
        # CS_MCS_MSGCHANNEL, 2.2.1.3.7
        extra = wire.block(0xC006, bytes(4)) if message_channel else b""
        self.send(wire.connect_initial(channels, extra, **core))
        self.read_pdu()
        self.send(wire.ERECT_DOMAIN)
        self.send(wire.ATTACH_USER)
        confirm = self.read_pdu()
        self.user = struct.unpack_from(">H", confirm, 9)[0] + wire.USER_BASE
        self.channels = {name: wire.IO_CHANNEL + 1 + index for index, name in enumerate(channels)}
        for channel in (self.user, wire.IO_CHANNEL, *self.channels.values()):
            self.send(wire.join(self.user, channel))
            self.read_pdu()

    def send_info(self, user="", password="", **more):
        self.send(wire.send_data_request(self.user, wire.IO_CHANNEL, wire.client_info(user, password, **more)))

    def introduce(self, handle=None, user="", password="", channels=()):
        """Everything up to Client Info: what the gateway decides on."""
        self.request(handle)
        self.start_tls()
        self.connect_mcs(channels)
        self.send_info(user, password)

    def wait_closed(self):
        """As programs do, it hangs up in its turn: else the gateway would wait for that until limits.drain."""
        pdus = super().wait_closed()
        self.close()
        return pdus

    def told(self):
        """Waits for the end; returns the Set Error Info codes that came before it."""
        codes = []
        for pdu in self.wait_closed():
            channel, content = wire.send_data_of(pdu) if pdu[0] == 3 else (None, b"")
            if channel == wire.IO_CHANNEL:
                kind, data_type, rest = wire.share_data_of(content)
                if kind == wire.PDU_DATA and data_type == wire.DATA_SET_ERROR_INFO:
                    codes.append(struct.unpack("<I", rest[:4])[0])
        return codes

    def wait_demand_active(self):
        def wanted(pdu):
            channel, content = wire.send_data_of(pdu)
            return channel == wire.IO_CHANNEL and wire.share_data_of(content)[0] == wire.PDU_DEMAND_ACTIVE
        return self.read_until(lambda pdu: pdu[0] == 3 and wanted(pdu))


class FakeHost:
    """A jump host that runs `script(peer)` for each connection, in a thread. With a certificate the script gets a
    HostPeer that can answer TLS. connections counts what was accepted."""

    def __init__(self, script, certificate=None, key=None):
        self.script = script
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections = 0
        self.received = []
        self.errors = []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        peer = HostPeer(connection, self)
        try:
            self.script(peer)
        except (Closed, OSError):
            pass  # the gateway hung up, as it should in most of these tests
        except Exception as error:  # a mistake in the script must not look like a peer's behaviour
            self.errors.append(error)
        finally:
            peer.close()

    def close(self):
        self.stopping.set()
        # shutdown wakes accept(); close alone does not.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)
        assert not self.errors, self.errors


class HostPeer(Peer):
    def __init__(self, connection, host):
        super().__init__(connection, 30)
        self.host = host
        self.user = 1002
        self.channel_count = 0
        self.channel_names = []
        self.info = b""

    def accept_tls(self):
        """X.224 and TLS."""
        self.read_pdu()
        self.send(wire.connection_confirm())
        try:
            self.connection = self.host.context.wrap_socket(self.connection, server_side=True)
        except (ConnectionError, ssl.SSLError) as error:
            raise Closed from error

    def accept_mcs(self, padding=b"", message_channel=None):
        """MCS up to the Client Info PDU, which stays in .info."""
        initial = self.read_pdu()
        self.channel_names = network_names(initial)
        self.channel_count = len(self.channel_names)
        self.send(wire.connect_response(self.channel_count, padding, message_channel))
        while True:
            pdu = self.read_pdu()
            kind = pdu[7] >> 2
            if kind == 0x28 >> 2:
                self.send(wire.attach_user_confirm(self.user))
            elif kind == 0x38 >> 2:
                self.send(wire.join_confirm(self.user, struct.unpack_from(">H", pdu, 10)[0]))
            elif kind == 0x64 >> 2:
                self.info = pdu
                self.host.received.append(pdu)
                return

    def activate(self):
        """Licensing and Demand Active; afterwards the session is in BRIDGE."""
        self.send_io(wire.LICENCE_VALID)
        self.send_io(wire.demand_active())

    def send_io(self, content):
        self.send(wire.send_data_indication(self.user, wire.IO_CHANNEL, content))

    def stay(self):
        """Reads and forgets until the other side hangs up."""
        while True:
            self.host.received.append(self.read_pdu())


def network_names(initial):
    """The channels that a Connect-Initial asks for, in CS_NET's order."""
    at = initial.find(b"\x03\xc0")
    if at < 0:
        return []
    count = struct.unpack_from("<I", initial, at + 4)[0]
    return [initial[at + 8 + 12 * i:at + 16 + 12 * i].split(b"\0")[0].decode() for i in range(count)]
