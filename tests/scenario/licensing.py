"""A Remote Desktop licence server's part of a jump host (MS-RDPBCGR 2.2.1.12, 5.3.5; MS-RDPELE 2.2.2): it asks, challenges, and gives a
licence or says no. Everything that comes back is checked: who answers has really read what it was sent."""

import functools
import hashlib
import os
import secrets
import struct

import rdp_wire as wire

LICENSE_REQUEST, PLATFORM_CHALLENGE, NEW_LICENSE, UPGRADE_LICENSE = 1, 2, 3, 4
LICENSE_INFO, NEW_LICENSE_REQUEST, PLATFORM_CHALLENGE_RESPONSE, ERROR_ALERT = 0x12, 0x13, 0x15, 0xFF
SEC_LICENSE_PKT = 0x0080
ST_TOTAL_ABORT, ST_NO_TRANSITION = 1, 2
EXPONENT = 65537


def is_prime(number):
    """Miller and Rabin."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(20):
        power = pow(secrets.randbelow(number - 3) + 2, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def prime(bits):
    while True:
        number = secrets.randbits(bits) | 3 << bits - 2 | 1
        if (number - 1) % EXPONENT and is_prime(number):
            return number


def rc4(key, data):
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    out = bytearray()
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def blob(kind, content):
    return struct.pack("<HH", kind, len(content)) + content


def take_blob(content):
    """(kind, its content, the rest)"""
    kind, length = struct.unpack_from("<HH", content)
    assert 4 + length <= len(content)
    return kind, content[4:4 + length], content[4 + length:]


def counted(content):
    return struct.pack("<I", len(content)) + content


def message(kind, content):
    """Behind the security header, with the preamble of 2.2.1.12.1.1."""
    return struct.pack("<HHBBH", SEC_LICENSE_PKT, 0, kind, 3, len(content) + 4) + content


def error_alert(code, transition=ST_TOTAL_ABORT):
    return message(ERROR_ALERT, struct.pack("<II", code, transition) + blob(4, b""))


@functools.cache
def private_key():
    """Two primes, once for all. Made before a session waits for it: that may take seconds."""
    return prime(512), prime(512)


class LicenceServer:
    def __init__(self, peer):
        self.peer = peer
        self.random = os.urandom(32)
        self.primes = private_key()
        self.asked_by = None  # the name of the device
        self.device = None  # its hardware id
        self.encryption_key = self.mac_key = None

    # Keys

    def certificate(self):
        """2.2.1.12.2.1: proprietary, which is not checked by anybody behind TLS."""
        modulus = self.primes[0] * self.primes[1]
        key = struct.pack("<4sIIII", b"RSA1", 128 + 8, 1024, 127, EXPONENT) + modulus.to_bytes(128, "little") + bytes(8)
        return struct.pack("<III", 1, 1, 1) + blob(6, key) + blob(8, os.urandom(64) + bytes(8))

    def decrypt(self, data):
        first, second = self.primes
        private = pow(EXPONENT, -1, (first - 1) * (second - 1))
        return pow(int.from_bytes(data, "little"), private, first * second).to_bytes(128, "little")[:48]

    def make_keys(self, premaster, client_random):
        """5.3.5"""
        def salted(secret, word, one, other):
            return hashlib.md5(secret + hashlib.sha1(word + secret + one + other).digest()).digest()
        words = (b"A", b"BB", b"CCC")
        master = b"".join(salted(premaster, word, client_random, self.random) for word in words)
        session = b"".join(salted(master, word, self.random, client_random) for word in words)
        self.mac_key = session[:16]
        self.encryption_key = hashlib.md5(session[16:32] + client_random + self.random).digest()

    def mac(self, data):
        inner = hashlib.sha1(self.mac_key + b"\x36" * 40 + struct.pack("<I", len(data)) + data).digest()
        return hashlib.md5(self.mac_key + b"\x5c" * 48 + inner).digest()

    def sealed(self, content):
        return blob(9, rc4(self.encryption_key, content)) + self.mac(content)

    # The conversation

    def receive(self, kind):
        channel, content = wire.send_data_of(self.peer.read_pdu())
        flags, _, said, _, length = struct.unpack_from("<HHBBH", content)
        assert channel == wire.IO_CHANNEL and flags & SEC_LICENSE_PKT and said == kind, content[:16]
        assert length + 4 == len(content)
        return content[8:]

    def ask(self):
        product = struct.pack("<I", 0x60000) + counted("Microsoft Corporation\0".encode("utf-16-le")) + counted("A02\0".encode("utf-16-le"))
        self.peer.send_io(message(LICENSE_REQUEST, self.random + product + blob(0xD, struct.pack("<I", 1)) + blob(3, self.certificate()) +
                                  struct.pack("<I", 1) + blob(0xE, b"microsoft.com\0")))

    def hear_request(self):
        """2.2.2.2: it has no licence, and wants one."""
        content = self.receive(NEW_LICENSE_REQUEST)
        algorithm, client_random = struct.unpack_from("<I", content)[0], content[8:40]
        _, premaster, rest = take_blob(content[40:])
        _, _, rest = take_blob(rest)
        _, machine, rest = take_blob(rest)
        assert algorithm == 1 and not rest
        self.asked_by = machine.rstrip(b"\0").decode()
        self.make_keys(self.decrypt(premaster[:128]), client_random)

    def challenge(self):
        challenge = "TEST\0".encode("utf-16-le")
        self.peer.send_io(message(PLATFORM_CHALLENGE, struct.pack("<I", 0) + self.sealed(challenge)))
        content = self.receive(PLATFORM_CHALLENGE_RESPONSE)
        _, response, rest = take_blob(content)
        _, device, mac = take_blob(rest)
        response, self.device = rc4(self.encryption_key, response), rc4(self.encryption_key, device)
        assert response.endswith(challenge) and len(self.device) == 20 and mac == self.mac(response + self.device)

    def give(self, kind=NEW_LICENSE):
        licence = struct.pack("<HH", 0, 6) + counted(b"microsoft.com\0") + counted("Microsoft Corporation\0".encode("utf-16-le"))
        self.peer.send_io(message(kind, self.sealed(licence + counted("A02\0".encode("utf-16-le")) + counted(os.urandom(1500)))))

    def refuse(self, code):
        self.peer.send_io(error_alert(code))
