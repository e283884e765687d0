"""Keys and certificates for a year, by openssl; from the day that the facility's calendar shows."""

import os

from .processes import run
from .shims import clock_variables


def make_certificate(state, name, common_name, uid=None):
    """P-256 key and self-signed certificate for localhost: (certificate, key), PEM files."""
    certificate = state.path(name + ".crt")
    key = state.path(name + ".key")
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "365",
         "-subj", "/CN=" + common_name, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", key, "-out", certificate], umask=0o077, env={**os.environ, **clock_variables(state)})
    os.chmod(certificate, 0o644)
    if uid is not None and os.geteuid() == 0:
        os.chown(key, uid, uid)
    return certificate, key


def fingerprint(certificate):
    """SHA-256 of a certificate, 64 hex digits in lower case."""
    text = run(["openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"])
    return text.strip().partition("=")[2].replace(":", "").lower()
