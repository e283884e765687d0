"""With whose name and password a session signs on to its jump host (B3): typed there, passed through, injected."""

import os
import sqlite3
import subprocess

import pytest

from backup_lab import create, stop
from clerk import answer, at_terminal, run
from desktop import LOGIN_GROUND, LOGIN_PLACE, Desktop, close_to
from lab_parts.control import Refused
from lab_parts.processes import PATIENCE, wait_for
from memory import forgets
from visitor import add_engineer, change_password, knock, visit


UNSEEN = rb"(host|more): $"  # the two questions for a password


def feed(lab, text, *arguments, **more):
    """sekisho-admin with this on its standard input."""
    return subprocess.run(lab.admin.command(*arguments), input=text, text=True, check=False, timeout=60,
                          env={**os.environ, "LC_ALL": "C.UTF-8"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def store_password(lab, terminal, password, *options, user=None):
    done = feed(lab, password + "\n", "terminal", "credential", "set", terminal, "--user",
                user or lab.hosts.variables["LAB_XRDP_USER"], *options)
    assert done.returncode == 0, done.stderr
    return done


def injecting_terminal(lab):
    terminal = lab.add_terminal(lab.hosts.variables["LAB_XRDP_PORT"])
    store_password(lab, terminal, lab.hosts.variables["LAB_XRDP_PASSWORD"])
    lab.admin.text("terminal", "edit", terminal, "--credentials", "injected")
    return terminal


def passing_account(lab, *terminals):
    """An engineer whose account and password are those of xrdp's user."""
    name, password = (lab.hosts.variables[key] for key in ("LAB_XRDP_USER", "LAB_XRDP_PASSWORD"))
    account, initial = add_engineer(lab, name=name)
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, initial)
    change_password(visitor, password)
    visitor.page("SORRY")
    visitor.client.close()
    lab.edit_account(account, terminals=list(terminals))
    return account, password


# The three modes

def test_k001_injected_credentials_open_the_desktop_and_are_forgotten(lab):
    terminal = injecting_terminal(lab)
    account, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket, "/size:1024x768")
    desktop = Desktop(lab, client).wait()
    assert desktop.run("id -un").strip() == lab.hosts.variables["LAB_XRDP_USER"]
    assert lab.wait_session(account)["terminal"] == terminal
    forgets(lab, terminal, lab.hosts.variables["LAB_XRDP_PASSWORD"])


def test_k002_typed_is_asked_for_by_the_jump_host_whatever_is_stored(lab):
    terminal = injecting_terminal(lab)
    lab.admin.text("terminal", "edit", terminal, "--credentials", "typed")
    _, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket, "/size:1024x768")
    wait_for(lambda: close_to(client.pixel(*LOGIN_PLACE), LOGIN_GROUND), PATIENCE, "xrdp asks")


def test_k003_what_was_typed_at_the_gateway_is_passed_through_and_forgotten(door):
    terminal = door.add_terminal(door.hosts.variables["LAB_XRDP_PORT"])
    door.admin.text("terminal", "edit", terminal, "--credentials", "pass-through")
    account, password = passing_account(door, terminal)
    visitor = visit(door, "xfreerdp3")
    visitor.page("SIGN_IN")
    visitor.sign_in(account, password)
    Desktop(door, visitor.client).wait()
    assert door.wait_session(account)["terminal"] == terminal
    visitor.client.wait_still()
    forgets(door, terminal, password)
    visitor.client.close()
    door.clients.remove(visitor.client)
    door.wait_end(account)
    # From Client Info it is the same.
    visitor = visit(door, "xfreerdp3", account, options=["/p:" + password])
    Desktop(door, visitor.client).wait()
    assert not visitor.pages()
    forgets(door, terminal, password)


def test_k004_a_ticket_has_no_password_to_pass_through(lab):
    terminal = lab.add_terminal(lab.hosts.variables["LAB_XRDP_PORT"])
    lab.admin.text("terminal", "edit", terminal, "--credentials", "pass-through")
    _, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket, "/size:1024x768")
    wait_for(lambda: close_to(client.pixel(*LOGIN_PLACE), LOGIN_GROUND), PATIENCE, "xrdp asks")


# Wrong use, and what breaks

def test_k005_a_mode_without_a_password_is_refused_with_what_to_type(lab):
    terminal = lab.add_terminal(lab.hosts.variables["LAB_XRDP_PORT"])
    done = run(lab, "terminal", "edit", terminal, "--credentials", "injected")
    assert done.returncode == 1 and f"terminal credential set '{terminal}' --user" in done.stderr
    store_password(lab, terminal, "pass word")
    lab.admin.text("terminal", "edit", terminal, "--credentials", "injected")
    done = run(lab, "terminal", "credential", "delete", terminal, "--yes")
    assert done.returncode == 1 and "--credentials typed" in done.stderr
    lab.admin.text("terminal", "edit", terminal, "--credentials", "typed")
    assert run(lab, "terminal", "credential", "delete", terminal, "--yes").returncode == 0
    assert run(lab, "terminal", "credential", "show", terminal).returncode == 1


def test_k006_what_cannot_be_opened_refuses_its_sessions_alone(new_lab):
    lab = new_lab()
    terminal, other = injecting_terminal(lab), lab.shadow
    account, ticket = lab.new_ticket(terminal)
    with sqlite3.connect(lab.database) as database:
        database.execute("UPDATE terminal_credential SET user_name = user_name || '2'")
    database.close()
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    client.told()
    lab.wait_close("SK2241")
    done = run(lab, "explain", "--account", account, "--terminal", terminal)
    assert done.returncode == 1 and "facility key" in done.stdout and "credential-opens" in done.stdout
    assert "set it again" in run(lab, "terminal", "credential", "show", terminal).stdout
    _, ticket = lab.new_ticket(other)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    client.wait_demand_active()
    # Set again, it opens again.
    store_password(lab, terminal, lab.hosts.variables["LAB_XRDP_PASSWORD"])
    assert run(lab, "explain", "--account", account, "--terminal", terminal).returncode == 0


def test_k007_the_password_is_read_unseen_twice_or_as_one_line(lab):
    terminal = lab.add_terminal(lab.hosts.variables["LAB_XRDP_PORT"])
    command = ("terminal", "credential", "set", terminal, "--user", "maint")
    for text, why in (("", "no password"), ("\n", "no password"), ("one\ntwo\n", "more than one line"), ("a\0b\n", "no password")):
        done = feed(lab, text, *command)
        assert done.returncode == 1 and why in done.stderr, (text, done.stderr)
    typed = at_terminal(lab, command, ["p@ss ワード", "p@ss ワード"], UNSEEN)
    assert typed[1] == 0 and "p@ss" not in typed[0] and "has been stored" in typed[0]
    typed = at_terminal(lab, command, ["one", "another"], UNSEEN)
    assert typed[1] == 1 and "not the same" in typed[0]
    typed = at_terminal(lab, command, ["half\x03"], UNSEEN)
    assert typed[1] == 1 and "given up" in typed[0]
    usage = run(lab, "terminal", "credential", "show", terminal, "--user", "x")
    assert usage.returncode == 2 and "terminal credential set" in usage.stderr
    for rows in (lab.call("log.admin")["rows"], lab.whole_log):
        assert "p@ss" not in str(rows)
    assert "terminal.set_credential" in str(lab.call("log.admin")["rows"])


# A password goes to the address that it was stored for, and nowhere else

def knocked(lab, ticket):
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    return client


def test_k008_a_terminal_that_moves_loses_its_password(lab):
    terminal, password = injecting_terminal(lab), lab.hosts.variables["LAB_XRDP_PASSWORD"]
    other = lab.fake_host(lambda peer: (peer.accept_tls(), peer.accept_mcs()))
    account, ticket = lab.new_ticket(terminal)
    move = ("terminal", "edit", terminal, "--port", str(other.port))
    # Nobody is there to be asked, and nobody says yes.
    done = run(lab, *move)
    assert done.returncode == 1 and "--yes" in done.stderr
    seen, status = answer(lab, "n", *move)
    assert status == 1 and "forget the stored password" in seen
    seen, status = answer(lab, "n", *move, language="ja_JP.UTF-8")
    assert status == 1 and "保存されたパスワードを破棄しますか" in seen
    assert lab.call("terminal.show", name=terminal)["credential_stored"]
    with pytest.raises(Refused, match="forgotten"):
        lab.edit_terminal(terminal, port=other.port)
    done = run(lab, *move, "--yes", "--because", "moved to 2F")
    assert done.returncode == 0 and f"terminal credential set '{terminal}'" in done.stdout
    rows = [row for row in lab.call("log.admin")["rows"] if row["target"] == terminal]
    assert {"terminal.edit", "terminal.delete_credential"} <= {row["action"] for row in rows if row.get("because") == "moved to 2F"}
    # The ticket of before opens nothing there.
    assert knocked(lab, ticket).told()
    lab.wait_close("SK2240")
    assert not other.received and password not in lab.whole_log
    # The same machine spelt otherwise is the same.
    store_password(lab, terminal, password)
    lab.admin.text("terminal", "edit", terminal, "--address", lab.call("terminal.show", name=terminal)["address"].upper())
    assert lab.call("terminal.show", name=terminal)["credential_stored"]


def test_k009_a_moved_row_is_told_and_refused(new_lab):
    """What is changed behind the gateway's back sends the password nowhere, and says what to do."""
    lab = new_lab()
    terminal = injecting_terminal(lab)
    other = lab.fake_host(lambda peer: (peer.accept_tls(), peer.accept_mcs()))
    account, ticket = lab.new_ticket(terminal)
    with sqlite3.connect(lab.database) as database:
        database.execute("UPDATE terminal SET port = ? WHERE name = ?", (other.port, terminal))
    database.close()
    assert knocked(lab, ticket).told()
    lab.wait_close("SK2243")
    assert not other.received
    shown = run(lab, "terminal", "credential", "show", terminal)
    assert "not for the address" in shown.stdout and "set it again" in shown.stdout
    done = run(lab, "explain", "--account", account, "--terminal", terminal)
    assert done.returncode == 1 and "credential-address" in done.stdout and "another address" in done.stdout
    store_password(lab, terminal, "another one")
    assert run(lab, "explain", "--account", account, "--terminal", terminal).returncode == 0


# Files of another gateway

def refuses_what_another_key_has_sealed(lab, account, terminal):
    ticket = lab.ticket(account, lab.shadow)
    knocked(lab, ticket).wait_demand_active()
    shown = run(lab, "terminal", "credential", "show", terminal)
    assert "facility key" in shown.stdout and "set it again" in shown.stdout
    done = run(lab, "explain", "--account", account, "--terminal", terminal)
    assert done.returncode == 1 and "credential-opens" in done.stdout
    store_password(lab, terminal, lab.hosts.variables["LAB_XRDP_PASSWORD"])
    client = lab.xfreerdp(lab.ticket(account, terminal), "/size:1024x768")
    assert Desktop(lab, client).wait().run("id -un").strip() == lab.hosts.variables["LAB_XRDP_USER"]


def test_k014_a_database_under_another_facility_key_keeps_its_passwords_shut(new_lab):
    """The files were copied, the key was not: the sessions that need it are refused, the others are not, and it can be set again."""
    lab = new_lab()
    terminal = injecting_terminal(lab)
    account = lab.add_account(terminal, lab.shadow)
    stop(lab)
    with open(lab.state.path("gateway", "etc", "facility.key"), "r+b") as key:
        key.write(os.urandom(32))
    lab.start_gateway_again()
    refuses_what_another_key_has_sealed(lab, account, terminal)


def test_k015_a_restored_backup_opens_what_was_stored_for_where_it_leads(new_lab):
    """The state of the backup comes back whole: address and password belong together, whatever was stored for the terminal since."""
    lab = new_lab()
    terminal = injecting_terminal(lab)
    account, _ = lab.new_ticket(terminal)
    backup = create(lab)
    other = lab.fake_host(lambda peer: (peer.accept_tls(), peer.accept_mcs()))
    lab.admin.text("terminal", "edit", terminal, "--port", str(other.port), "--yes")
    store_password(lab, terminal, "another one")
    lab.admin.text("backup", "restore", backup, "--yes")
    client = lab.xfreerdp(lab.ticket(account, terminal), "/size:1024x768")
    assert Desktop(lab, client).wait().run("id -un").strip() == lab.hosts.variables["LAB_XRDP_USER"]
    assert other.connections == 0
