"""The jump host's certificate at a session's start (B4): another one than the trusted one is refused, and told with both."""

import re

import rdp_wire as wire
from clerk import answer, run
from jump_hosts import certificate, served_with
from lab_parts.certificates import fingerprint
from lab_parts.processes import PATIENCE, wait_for

ANOTHER = re.compile(r"^SK2242 .* host='(?P<host>[^']*)' trusted=(?P<trusted>\S+) shown=(?P<shown>\S+) subject='(?P<subject>[^']*)' "
                     r".* why='(?P<why>[^']*)'$", re.MULTILINE)


def connect(lab, terminal):
    account, ticket = lab.new_ticket(terminal)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    return account, client


def refused(lab, terminal):
    """What the log says of the certificate that a session's start has met."""
    start = len(lab.log)
    account, client = connect(lab, terminal)
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2207")
    rows = wait_for(lambda: list(ANOTHER.finditer(lab.log[start:])), PATIENCE, "the certificate is in the log")
    assert len(rows) == 1 and rows[0]["host"] == terminal
    assert lab.wait_end(account)["reason"] == "HOST_CERTIFICATE"
    return rows[0]


def hex_of(pair):
    return fingerprint(pair[0]).replace(":", "").lower()


def test_k010_a_certificate_that_changes_between_check_and_connect_is_refused_with_both(lab, new_host):
    first, second = certificate(lab, "first"), certificate(lab, "second")
    host = new_host(lab, *served_with(first)).start()
    terminal = lab.add_terminal(host.port)
    assert run(lab, "terminal", "check", terminal).returncode == 0
    host.kill()
    host.options = served_with(second)
    host.start()
    row = refused(lab, terminal)
    assert (row["trusted"], row["shown"]) == (hex_of(first), hex_of(second))
    assert "second" in row["subject"] and "pinned" in row["why"]


def test_k011_trust_shows_both_certificates_and_asks(lab, new_host):
    first, second = certificate(lab, "first"), certificate(lab, "second")
    host = new_host(lab, *served_with(first)).start()
    terminal = lab.add_terminal(host.port, trust=False)
    said, status = answer(lab, "y", "terminal", "trust", terminal)
    assert status == 0 and "Trusted until now" not in said
    host.kill()
    host.options = served_with(second)
    host.start()
    said, status = answer(lab, "n", "terminal", "trust", terminal)
    shown = said.replace("\r\n", "\n")
    assert status == 1 and "ANOTHER certificate" in shown and "Trust the new one instead?" in shown
    for pair, name in ((first, "first"), (second, "second")):
        assert ":".join(re.findall("..", hex_of(pair))) in shown.lower() and "CN=" + name in shown
    assert shown.count("20") > 4 and "trusted by" in shown
    assert lab.call("terminal.show", name=terminal)["pin"] == hex_of(first)
    said, status = answer(lab, "y", "terminal", "trust", terminal)
    assert status == 0
    assert lab.call("terminal.show", name=terminal)["pin"] == hex_of(second)
    _, client = connect(lab, terminal)
    client.wait_demand_active()


def test_k012_a_fingerprint_that_was_told_is_trusted_without_asking_and_no_other(lab, new_host):
    first, second = certificate(lab, "first"), certificate(lab, "second")
    host = new_host(lab, *served_with(second)).start()
    terminal = lab.add_terminal(host.port, trust=False)
    done = run(lab, "terminal", "trust", terminal, "--sha256", hex_of(first))
    assert done.returncode == 1 and "another certificate" in done.stderr
    assert run(lab, "terminal", "trust", terminal, "--sha256", hex_of(second)).returncode == 0
    pinned = lab.call("terminal.show", name=terminal)["pinned"]
    assert "second" in pinned["subject"] and pinned["not_after"] and pinned["by"].startswith("unix:")


def test_k016_what_is_mistyped_is_told_for_what_it_is(lab, new_host, tmp_path):
    pair = certificate(lab, "host")
    terminal = lab.add_terminal(new_host(lab, *served_with(pair)).start().port, trust=False)
    for wrong in ("zzzz", hex_of(pair)[:-1], hex_of(pair) + "00", ""):
        done = run(lab, "terminal", "trust", terminal, "--sha256", wrong)
        assert done.returncode == 2 and "64 hexadecimal digits" in done.stderr, done.stderr
    spelt = " ".join(re.findall("..", hex_of(pair).upper()))
    assert run(lab, "terminal", "trust", terminal, "--sha256", spelt).returncode == 0
    for path, why in ((str(tmp_path), "Is a directory"), (str(tmp_path / "none.pem"), "No such file"), (pair[1], "no certificate in PEM")):
        done = run(lab, "terminal", "edit", terminal, "--ca-file", path)
        assert done.returncode == 1 and why in done.stderr, done.stderr


def test_k017_an_authority_gives_way_to_one_certificate_only_if_that_is_meant(lab, new_host):
    pair = certificate(lab, "authority")
    terminal = lab.add_terminal(new_host(lab, *served_with(pair)).start().port, trust=False)
    done = run(lab, "terminal", "edit", terminal, "--ca-file", pair[0])
    assert done.returncode == 0 and f"terminal check '{terminal}'" in done.stdout
    said, status = answer(lab, "n", "terminal", "trust", terminal)
    assert status == 1 and "instead of the authority?" in said
    assert lab.call("terminal.show", name=terminal)["trust"] == "ca"
    said, status = answer(lab, "y", "terminal", "trust", terminal)
    assert status == 0 and lab.call("terminal.show", name=terminal)["trust"] == "pin"


def test_k013_by_an_authority_chain_name_and_date_must_be_right(lab, new_host):
    authority, stranger = certificate(lab, "authority"), certificate(lab, "stranger")
    localhost = ["-addext", "subjectAltName=DNS:localhost"]

    def terminal_with(pair):
        terminal = lab.add_terminal(new_host(lab, *served_with(pair)).start().port, trust=False)
        lab.admin.text("terminal", "edit", terminal, "--ca-file", authority[0], "--address", "localhost")
        return terminal
    good = certificate(lab, "host", issuer=authority, extra=localhost)
    _, client = connect(lab, terminal_with(good))
    client.wait_demand_active()
    wrong = {
        "hostname": certificate(lab, "host", issuer=authority, extra=["-addext", "subjectAltName=DNS:elsewhere.example"]),
        "expired": certificate(lab, "host", issuer=authority, days=-2, extra=localhost),
        "issuer": certificate(lab, "host", issuer=stranger, extra=localhost)}
    for why, pair in wrong.items():
        row = refused(lab, terminal_with(pair))
        assert row["trusted"] == "authority" and row["shown"] == hex_of(pair) and why in row["why"], row[0]


def test_k018_a_terminal_that_nobody_trusts_is_explained_and_refused(lab, new_host):
    first = certificate(lab, "first")
    terminal = lab.add_terminal(new_host(lab, *served_with(first)).start().port, trust=False)
    account = lab.add_account(terminal)
    done = run(lab, "explain", "--account", account, "--terminal", terminal)
    assert done.returncode == 1 and "terminal trust" in done.stdout and "certificate-trusted" in done.stdout
    done = run(lab, "ticket", "issue", "--account", account, "--terminal", terminal)
    assert done.returncode == 1 and "nobody has said" in done.stderr and "terminal trust" in done.stderr
    assert answer(lab, "y", "terminal", "trust", terminal)[1] == 0
    ticket = lab.ticket(account, terminal)
    # It was trusted when the ticket was issued.
    lab.edit_terminal(terminal, ca_bundle=open(first[0], encoding="ascii").read())
    lab.edit_terminal(terminal, ca_bundle="")
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2246")
    assert not lab.sessions(account)
