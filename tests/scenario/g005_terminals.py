"""Terminals (B1, B2, B4, B7): names and lists, and terminal check against every kind of host."""

import json
import os
import re

import pytest

import rdp_wire as wire
from clerk import answer, run
from jump_hosts import (certificate, hangs_up, http, no_tls_after_all, served_with, serves_a_session, silent,
                        terminal_names)
from lab_parts.network import free_port, listens
from lab_parts.processes import PATIENCE, environment, start, stop, wait_until


@pytest.fixture
def lab(strict_lab):
    """Health looks are off: what is checked here is checked because somebody asks."""
    return strict_lab


def check(lab, *terminals):
    """(exit status, the checks) of terminal check."""
    done = run(lab, "--json", "terminal", "check", *terminals)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)["checks"]


def check_one(lab, terminal):
    status, checks = check(lab, terminal)
    assert len(checks) == 1 and (status == 1) == bool(checks[0]["problems"])
    return checks[0]


# B1

def test_b001_name_gets_the_facilitys_prefix_unless_it_has_one(lab):
    stem = lab.new_name("踏み台端末") + "(Local)"
    assert json.loads(run(lab, "--json", "terminal", "add", stem, "--address", "10.0.0.1").stdout)["name"] == "998-" + stem
    other = "123-" + stem
    assert json.loads(run(lab, "--json", "terminal", "add", other, "--address", "10.0.0.1").stdout)["name"] == other
    bare = lab.new_name("bare")
    done = run(lab, "--json", "terminal", "add", bare, "--prefix", "", "--address", "10.0.0.1")
    assert json.loads(done.stdout)["name"] == bare
    # Both forms are read.
    for typed in (stem, "998-" + stem):
        assert json.loads(run(lab, "--json", "terminal", "show", typed).stdout)["name"] == "998-" + stem
    again = run(lab, "terminal", "add", stem, "--address", "10.0.0.2")
    assert again.returncode == 1 and "already" in again.stderr


@pytest.mark.parametrize("options, words", [
    (["a,b", "--address", "x"], "no comma, no quotes"),
    (['a"b', "--address", "x"], "no comma, no quotes"),
    (["", "--address", "x"], "1 to 64"),
    (["あ" * 61, "--address", "x"], "1 to 64"),  # with the prefix it has 65
    (["a\tb", "--address", "x"], "printable"),
    (["x", "--address", "10.0.0.1:3389"], "the port goes apart"),
    (["x", "--address", "x", "--port", "0"], "1 to 65535"),
    (["x", "--address", "x", "--note", "n" * 1001], "1000"),
])
def test_b001_each_refused_field_says_its_rule(lab, options, words):
    before = terminal_names(lab)
    done = run(lab, "terminal", "add", *options)
    assert done.returncode == 1 and words in done.stderr, done.stderr
    assert terminal_names(lab) == before


def test_b001_address_port_and_note_are_kept(lab):
    name = lab.new_name("998-note")
    run(lab, "terminal", "add", name, "--address", "fd00::1", "--port", "3390", "--note", "サーバー室 2F")
    shown = lab.call("terminal.show", name=name)
    assert (shown["address"], shown["port"], shown["note"]) == ("fd00::1", 3390, "サーバー室 2F")


@pytest.mark.parametrize("options, more, english, japanese", [
    (["--show-watchers", "yes"], ["--recording", "best-effort"], "No watcher will be shown", "監視者は表示されません"),
    (["--show-watchers", "yes", "--recording", "required"], ["--relay", "mediated"], "only mediated sessions can be written on",
     "表示できるのは中継方式が仲介の場合だけです"),
    (["--four-eyes", "yes"], ["--relay", "mediated"], "nothing on the engineer's screen says why", "エンジニアの画面に理由は表示されません"),
    (["--record-input", "yes"], ["--recording", "required"], "Keys and mouse will not be recorded", "キー入力とマウス操作は録画されません"),
    (["--take-over", "yes"], ["--capacity", "1"], "this terminal is never full", "満員になりません"),
])
def test_b001_an_option_that_does_nothing_is_warned_of(lab, options, more, english, japanese):
    added, edited = lab.new_name("998-vain"), lab.new_name("998-vain")
    warned = run(lab, "terminal", "add", added, "--address", "10.0.0.1", *options)
    assert warned.returncode == 0 and english in warned.stdout
    run(lab, "terminal", "add", edited, "--address", "10.0.0.1")
    warned = run(lab, "terminal", "edit", edited, *options, language="ja_JP.UTF-8")
    assert warned.returncode == 0 and japanese in warned.stdout
    # With what it lacks there is nothing to say.
    quiet = run(lab, "terminal", "edit", edited, *more)
    assert quiet.returncode == 0 and english not in quiet.stdout and english not in run(lab, "terminal", "show", edited).stdout


# B2

def test_b002_list_shows_how_many_accounts_and_finds_filters_sorts_and_pages(lab):
    mark = lab.new_name("filter")
    made = [f"998-{mark}-{letter}" for letter in "cab"]
    account = lab.add_account()
    for number, name in enumerate(made):
        run(lab, "terminal", "add", name, "--address", f"10.0.9.{number}",
            *(["--account", account] if number else []))
    lab.edit_terminal(made[0], in_service=False)
    assert terminal_names(lab, mark) == sorted(made)
    assert terminal_names(lab, mark, "--reverse") == sorted(made, reverse=True)
    assert terminal_names(lab, mark, "--sort", "address") == made
    assert terminal_names(lab, mark, "--account", account) == sorted(made[1:])
    assert terminal_names(lab, mark, "--state", "out-of-service") == made[:1]
    assert terminal_names(lab, mark, "--state", "unknown") == sorted(made[1:])
    assert terminal_names(lab, mark, "--warnings") == []
    assert terminal_names(lab, "10.0.9.1") == [made[1]]
    assert terminal_names(lab, mark, "--most", "2", "--page", "2") == [made[0]]
    counts = {one["name"]: one["accounts"] for one in lab.call("terminal.list", search=mark)["terminals"]}
    assert counts == {made[0]: 0, made[1]: 1, made[2]: 1}
    page = run(lab, "terminal", "list", mark, "--most", "2")
    assert page.stdout.splitlines()[0].split()[:2] == ["Terminal", "Accounts"]
    assert "2 of 3 terminals, page 1 of 2" in page.stderr
    japanese = run(lab, "terminal", "list", mark, language="ja_JP.UTF-8").stdout
    assert "ユーザー数" in japanese and "運用停止中" in japanese


def test_b002_accounts_are_chosen_at_once_added_and_removed(lab):
    one, two = lab.add_account(), lab.add_account()
    name = lab.new_name("998-chosen")
    run(lab, "terminal", "add", name, "--address", "10.0.0.1", "--account", one)
    assert lab.call("terminal.show", name=name)["accounts"] == [one]
    run(lab, "terminal", "edit", name, "--add-account", two, "--remove-account", one)
    assert lab.call("terminal.show", name=name)["accounts"] == [two]
    table = run(lab, "terminal", "accounts", name, language="ja_JP.UTF-8").stdout
    assert table.splitlines()[0].split()[:3] == ["アカウント", "ユーザー名", "メールアドレス"]
    assert two + "@vendor.example" in table and one + "@vendor.example" not in table
    # An administrator works with sekisho-admin and never on a terminal (001: 3.5).
    admin = lab.add_account(kind="admin")
    refused = run(lab, "terminal", "edit", name, "--add-account", admin)
    assert refused.returncode == 1 and "administrator" in refused.stderr


def test_b002_delete_asks_says_what_is_lost_and_leaves_the_accounts(lab):
    terminal = lab.trusted_terminal(lab.fake_host(serves_a_session))
    account, ticket = lab.new_ticket(terminal)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    lab.wait_session(account)
    said, status = answer(lab, "no\n", "terminal", "delete", terminal)
    assert status != 0
    assert re.search(r"Assigned accounts\s+1\b", said) and re.search(r"Running sessions\s+1\b", said)
    assert "cannot be undone" in said
    assert lab.sessions(account)
    run(lab, "terminal", "delete", terminal, "--yes")
    client.wait_closed()
    assert terminal not in terminal_names(lab)
    assert lab.call("account.show", id=account)["terminals"] == []


# B7: terminal check

def takes_rdp_security_only(peer):
    request = peer.read_pdu()
    asked = int.from_bytes(request[15:19], "little")
    peer.send(wire.negotiation_failure(2) if asked else wire.connection_confirm(wire.PROTOCOL_RDP))
    peer.stay()


UNREACHABLE = {"http": (http, "SK2204"), "silent": (silent, "SK2203"), "hangs-up": (hangs_up, "SK2208")}


@pytest.mark.parametrize("name", UNREACHABLE)
def test_b007_check_of_something_else_on_the_port(lab, name):
    script, event = UNREACHABLE[name]
    host = lab.fake_host(script, tls=False)
    found = check_one(lab, lab.add_terminal(host.port, trust=False))
    assert (found["reachable"], found["event"], found["problems"]) == (False, event, ["unreachable"])
    assert set(found["protocols"].values()) == {None} and found["certificate"] is None
    assert host.connections == 1  # without an answer to the first question no other is asked


def test_b007_check_of_a_closed_port_and_of_a_name_that_is_none(lab):
    found = check_one(lab, lab.add_terminal(free_port(), trust=False))
    assert found["event"] == "SK2202" and "refused" in found["why"]
    name = lab.new_name("998-nowhere")
    run(lab, "terminal", "add", name, "--address", "nowhere.invalid")
    found = check_one(lab, name)
    assert found["event"] == "SK2201" and found["problems"] == ["unreachable"]
    shown = run(lab, "terminal", "check", name, language="ja_JP.UTF-8")
    assert shown.returncode == 1 and "踏み台端末の名前を解決できません" in shown.stdout and "到達不可" in shown.stdout
    assert "DNSに登録がありません" in shown.stdout


def test_b007_check_of_a_real_tls_host(lab):
    found = check_one(lab, lab.shadow)
    assert found["reachable"] and found["problems"] == [] and found["trusted"] is True
    assert found["protocols"] == {"tls": True, "nla": False, "nla-ex": False, "rdstls": False, "rdsaad": False, "rdp": False}
    assert found["tls_version"] in ("1.2", "1.3") and found["cipher"]
    seen = found["certificate"]
    assert seen["sha256"] == lab.call("terminal.show", name=lab.shadow)["pin"]
    assert seen["subject"].startswith("CN=") and seen["issuer"] and seen["not_before"] < seen["not_after"]
    shown = run(lab, "terminal", "check", lab.shadow)
    assert shown.returncode == 0 and "Nothing is wrong with it" in shown.stdout
    assert re.search(r"Protocols offered\s+TLS\n", shown.stdout)


def test_b007_check_of_xrdp(lab):
    found = check_one(lab, lab.xrdp)
    assert found["protocols"]["tls"] is True and found["protocols"]["nla"] is False and found["problems"] == []
    assert found["certificate"]["names"] == "localhost 127.0.0.1"


def test_b007_check_of_a_real_host_that_takes_nla_only(lab):
    port = free_port()
    sam = os.path.join(lab.folder, "sam")
    with open(sam, "w", encoding="ascii") as file:
        file.write("sato:::8846f7eaee8fb117ad06bdd830b7586c:::\n")
    host = start(lab.state, "shadow-nla", ["freerdp-shadow-cli3", "/bind-address:127.0.0.1", f"/port:{port}", "/sec:nla",
                                           f"/sam-file:{sam}"],
                 env=environment(lab.state, DISPLAY=lab.hosts.variables["LAB_SHADOW_DISPLAY"]))
    try:
        wait_until(lab.state, host, lambda: listens(port), PATIENCE, "freerdp-shadow listens")
        found = check_one(lab, lab.add_terminal(port, trust=False))
    finally:
        stop(host)
    assert found["protocols"]["tls"] is False and found["protocols"]["nla"] is True
    # Its sessions have no credentials: nothing could be shown to it.
    assert found["event"] == "SK2236" and found["certificate"]["sha256"]
    assert found["problems"] == ["not-trusted"]


def test_b007_check_of_a_host_with_rdp_security_only(lab):
    host = lab.fake_host(takes_rdp_security_only, tls=False)
    found = check_one(lab, lab.add_terminal(host.port, trust=False))
    assert found["reachable"] and found["protocols"]["rdp"] is True and found["protocols"]["tls"] is False
    assert "no-tls" in found["problems"] and found["certificate"] is None
    assert host.connections == 6


def test_b007_check_of_a_host_whose_tls_fails(lab):
    host = lab.fake_host(no_tls_after_all, tls=False)
    found = check_one(lab, lab.add_terminal(host.port, trust=False))
    assert found["event"] == "SK2206" and "no-tls" in found["problems"]


def test_b007_check_of_many_at_once(lab, new_host):
    good = lab.add_terminal(new_host(lab, *served_with(certificate(lab, "good"))).start().port)
    dead = [lab.add_terminal(free_port(), trust=False) for _ in range(20)]
    out = lab.add_terminal(free_port(), trust=False, in_service=False)
    status, checks = check(lab, good, *dead)
    assert status == 1 and [one["name"] for one in checks] == [good, *dead]  # in the order asked for
    assert [bool(one["problems"]) for one in checks] == [False] + [True] * 20
    status, checks = check(lab, "--all")
    assert out not in [one["name"] for one in checks] and {good, *dead} <= {one["name"] for one in checks}
    table = run(lab, "terminal", "check", good, dead[0])
    assert "2 terminals looked at, something is wrong with 1" in table.stderr
    nobody = run(lab, "terminal", "check")
    assert nobody.returncode == 1 and "--all" in nobody.stderr
    unknown = run(lab, "terminal", "check", good, "no-such-terminal")
    assert unknown.returncode == 1 and "no-such-terminal" in unknown.stderr


# B4: certificates

def test_b004_check_tells_another_certificate_from_the_pinned_one(lab, new_host):
    terminal = lab.add_terminal(new_host(lab, *served_with(certificate(lab, "host"))).start().port)
    assert check_one(lab, terminal)["trusted"] is True
    lab.call("terminal.trust", name=terminal, sha256="ab" * 32)
    found = check_one(lab, terminal)
    assert found["trusted"] is False and found["problems"] == ["certificate-changed"] and "pinned" in found["distrust"]


def trust_authority(lab, terminal, authority):
    lab.admin.text("terminal", "edit", terminal, "--ca-file", authority[0], "--address", "localhost")


def test_b004_check_judges_by_an_authority(lab, new_host):
    authority = certificate(lab, "authority")
    names_localhost = ["-addext", "subjectAltName=DNS:localhost"]

    def terminal_with(**options):
        pair = certificate(lab, "host", issuer=authority, **options)
        terminal = lab.add_terminal(new_host(lab, *served_with(pair)).start().port, trust=False)
        trust_authority(lab, terminal, authority)
        return terminal
    good = check_one(lab, terminal_with(extra=names_localhost))
    assert good["trusted"] is True and good["problems"] == [] and good["certificate"]["names"] == "localhost"
    assert good["certificate"]["issuer"] == "O=試験, CN=authority"
    expired = check_one(lab, terminal_with(days=-2, extra=names_localhost))
    assert expired["trusted"] is False and "expired" in expired["distrust"]
    assert expired["problems"] == ["certificate-changed", "certificate-expired"]
    assert expired["certificate"]["days_left"] < 0
    soon = check_one(lab, terminal_with(days=10, extra=names_localhost))
    assert soon["trusted"] is True and soon["problems"] == ["certificate-expires"]
    assert soon["certificate"]["days_left"] in (9, 10)
    other_name = check_one(lab, terminal_with(extra=["-addext", "subjectAltName=DNS:elsewhere.example"]))
    assert other_name["trusted"] is False and "hostname" in other_name["distrust"]
    stranger = lab.add_terminal(new_host(lab, *served_with(certificate(lab, "stranger"))).start().port, trust=False)
    trust_authority(lab, stranger, authority)
    assert check_one(lab, stranger)["problems"] == ["certificate-changed"]
