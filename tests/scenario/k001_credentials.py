"""With whose name and password a session signs on to its jump host (B3): typed there, passed through, injected."""

import os
import re
import sqlite3
import subprocess

import pytest

from clerk import answer, run
from desktop import LOGIN_GROUND, LOGIN_PLACE, Desktop, close_to
from lab_parts.processes import PATIENCE, wait_for
from visitor import add_engineer, change_password, knock, visit


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


# What is left of it in memory

def memory_has(pid, *texts):
    """Which of the texts stand in a process's memory, as UTF-8 or UTF-16."""
    wanted = {form: text for text in texts for form in (text.encode(), text.encode("utf-16-le"))}
    longest = max(map(len, wanted))
    found = set()
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            first, last = (int(number, 16) for number in line.split()[0].split("-"))
            if not line.split()[1].startswith("r") or "[vvar" in line or "[vsyscall]" in line:
                continue
            tail = b""
            for at in range(first, last, 1 << 20):
                try:
                    memory.seek(at)
                    piece = tail + memory.read(min(1 << 20, last - at))
                except OSError:
                    break
                found |= {(wanted[form], "UTF-8" if form == wanted[form].encode() else "UTF-16", line.split()[-1])
                          for form in wanted if form in piece}
                tail = piece[-longest:]
    return found


def processes_with(lab, *texts):
    """{program: where} for every process of the gateway that has one of the texts in its memory."""
    pids = {"sekisho-gateway": [int(lab.variables["LAB_GATEWAY_PID"])]}
    for program in ("sekisho-worker", "sekisho-greeter", "sekisho-key", "sekisho-nla"):
        pids[program] = lab.pids(program)
    assert pids["sekisho-worker"]
    return {program: found for program, some in pids.items() for pid in some if (found := memory_has(pid, *texts))}


def forgets(lab, password, terminal):
    """The password is nowhere; that the search finds what is there is shown by the terminal's name."""
    assert "sekisho-gateway" in processes_with(lab, terminal)
    assert processes_with(lab, password) == {}


# The three modes

def test_k001_injected_credentials_open_the_desktop_and_are_forgotten(lab):
    terminal = injecting_terminal(lab)
    account, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket, "/size:1024x768")
    desktop = Desktop(lab, client).wait()
    assert desktop.run("id -un").strip() == lab.hosts.variables["LAB_XRDP_USER"]
    assert lab.wait_session(account)["terminal"] == terminal
    forgets(lab, lab.hosts.variables["LAB_XRDP_PASSWORD"], terminal)


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
    forgets(door, password, terminal)
    visitor.client.close()
    door.clients.remove(visitor.client)
    door.wait_end(account)
    # From Client Info it is the same.
    visitor = visit(door, "xfreerdp3", account, options=["/p:" + password])
    Desktop(door, visitor.client).wait()
    assert not visitor.pages()
    forgets(door, password, terminal)


def test_k004_a_ticket_has_no_password_to_pass_through(lab):
    terminal = lab.add_terminal(lab.hosts.variables["LAB_XRDP_PORT"])
    lab.admin.text("terminal", "edit", terminal, "--credentials", "pass-through")
    _, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket, "/size:1024x768")
    wait_for(lambda: close_to(client.pixel(*LOGIN_PLACE), LOGIN_GROUND), PATIENCE, "xrdp asks")
