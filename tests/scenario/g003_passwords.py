"""A10, A11: initial passwords and resets by sekisho-admin, against the real daemon."""

import contextlib
import ctypes
import json
import os
import re
import signal
import sqlite3
import stat
import subprocess

import pytest

from clerk import answer, run
from lab_parts.processes import PATIENCE, wait_for
from memory import found_in

PASSWORD = re.compile(r"\b[a-km-np-zA-HJ-NP-Z][2-9a-km-np-zA-HJ-NP-Z]{5}(?:-[2-9a-km-np-zA-HJ-NP-Z]{6}){2}\b")


def add(lab, account, *options, language="C.UTF-8"):
    return run(lab, "account", "add", account, "--family-name", "山田", "--given-name", "太郎", "--email",
               account + "@vendor.example", *options, language=language)


def crypt(password, setting):
    """crypt(3) of this system's libcrypt, as pam_unix asks it."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    return library.crypt(password.encode(), setting.encode()).decode()


def stored(lab, account):
    """{kind: (hash, must_change)} from the database itself."""
    with contextlib.closing(sqlite3.connect(f"file:{lab.database}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT password.kind, hash, must_change FROM password JOIN account ON account = number "
                                "WHERE id = ?", (account,)).fetchall()
    return {kind: (hash_, must_change) for kind, hash_, must_change in rows}


def verifies(password, hash_):
    return crypt(password, hash_) == hash_


def test_a010_add_shows_both_passwords_once(office):
    account = office.new_name("new")
    done = add(office, account)
    assert done.returncode == 0, done.stderr
    first, second = PASSWORD.findall(done.stdout)
    assert first != second and "shown this once" in done.stdout
    # Copy-friendly: each at the end of its own line.
    assert {first, second} <= {line.split()[-1] for line in done.stdout.splitlines() if line.strip()}
    kept = stored(office, account)
    assert verifies(first, kept["first"][0]) and verifies(second, kept["second"][0])
    assert all(hash_.startswith("$y$") and must_change == 1 for hash_, must_change in kept.values())
    shown = run(office, "--json", "account", "show", account).stdout
    assert first not in shown and not PASSWORD.search(shown)


def test_a010_words_are_those_of_the_hospital(office):
    done = add(office, office.new_name("new"), language="ja_JP.UTF-8")
    assert "初期パスワード" in done.stdout and "初期第二パスワード" in done.stdout


def test_a010_programs_get_them_as_json(office):
    account = office.new_name("new")
    done = run(office, "--json", "account", "add", account, "--family-name", "a", "--given-name", "b", "--email", "c@d")
    result = json.loads(done.stdout)
    assert PASSWORD.fullmatch(result["initial_password"]) and PASSWORD.fullmatch(result["initial_second_password"])


def test_a010_handover_goes_into_a_file_of_ones_own(office, tmp_path):
    account, path = office.new_name("new"), tmp_path / "handover.txt"
    done = add(office, account, "--handover", str(path))
    assert done.returncode == 0 and not PASSWORD.search(done.stdout + done.stderr)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text(encoding="utf-8")
    first, second = PASSWORD.findall(text)
    assert text == text.rstrip() + "\n" and account in text and "山田 太郎" in text
    kept = stored(office, account)
    assert verifies(first, kept["first"][0]) and verifies(second, kept["second"][0])


@pytest.mark.parametrize("kind", ["there", "link", "folder"])
def test_a010_no_account_is_made_when_the_file_cannot_be(office, tmp_path, kind):
    account, path = office.new_name("new"), tmp_path / "file"
    if kind == "there":
        path.write_text("mine")
    elif kind == "link":
        path.symlink_to(tmp_path / "target")
    else:
        path = tmp_path / "none" / "file"
    done = add(office, account, "--handover", str(path))
    assert done.returncode == 1 and str(path) in done.stderr
    assert run(office, "account", "show", account).returncode == 1
    assert not (tmp_path / "target").exists()
    assert kind != "there" or path.read_text() == "mine"


@pytest.fixture
def full_disk(tmp_path):
    folder = tmp_path / "full"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(folder)], text=True, check=False,
                          timeout=20, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        pytest.skip("no tmpfs may be mounted here: " + done.stdout.strip())
    (folder / "filler").write_bytes(b"\0" * 4096)
    yield folder
    subprocess.run(["umount", str(folder)], check=True, timeout=20)


def test_a010_a_full_disk_is_noticed_before_anything_is_made(office, full_disk):
    account = office.new_name("new")
    done = add(office, account, "--handover", str(full_disk / "file"))
    assert done.returncode == 1 and "No space left" in done.stderr
    assert run(office, "account", "show", account).returncode == 1
    assert os.listdir(full_disk) == ["filler"]


def test_a010_passwords_are_in_one_document_when_the_file_fails_at_last(office, tmp_path, full_disk):
    """The gateway is held up while the room that was set aside for the file is taken."""
    account, path = office.new_name("new"), full_disk / "file"
    subprocess.run(["mount", "-o", "remount,size=8k", str(full_disk)], check=True, timeout=20)
    os.kill(office.gateway_process["pid"], signal.SIGSTOP)
    try:
        client = subprocess.Popen(office.admin.command("--json", "account", "add", account, "--family-name", "a", "--given-name", "b",
                                                       "--email", "c@d", "--handover", str(path)), text=True, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "LC_ALL": "C.UTF-8"})
        wait_for(lambda: path.exists() and path.stat().st_size == 4096, PATIENCE, "the room is set aside")
        os.truncate(path, 0)
        with open(full_disk / "filler", "ab") as filler:
            filler.write(b"\0" * 4096)
    finally:
        os.kill(office.gateway_process["pid"], signal.SIGCONT)
    out, err = client.communicate(timeout=60)
    result = json.loads(out)
    assert client.returncode == 1 and "No space left" in result["error"]["message"] and "keep the passwords" in err
    kept = stored(office, account)
    assert verifies(result["initial_password"], kept["first"][0]) and verifies(result["initial_second_password"], kept["second"][0])
    assert os.listdir(full_disk) == ["filler"]


def test_a010_a_refused_account_leaves_no_file(office, tmp_path):
    path = tmp_path / "file"
    done = add(office, "two words", "--handover", str(path))
    assert done.returncode == 1 and not path.exists()


def test_a011_reset_password_prints_a_new_one_once(office):
    account = office.new_name("reset")
    first, second = PASSWORD.findall(add(office, account).stdout)
    done = run(office, "account", "reset-password", account, "--yes", "--because", "忘れた")
    assert done.returncode == 0, done.stderr
    (new,) = PASSWORD.findall(done.stdout)
    kept = stored(office, account)
    assert verifies(new, kept["first"][0]) and not verifies(first, kept["first"][0])
    assert verifies(second, kept["second"][0])


def test_a011_reset_second_password_leaves_the_first(office, tmp_path):
    account, path = office.new_name("reset"), tmp_path / "second.txt"
    first, second = PASSWORD.findall(add(office, account).stdout)
    done = run(office, "account", "reset-second-password", account, "--yes", "--handover", str(path))
    assert done.returncode == 0 and not PASSWORD.search(done.stdout)
    (new,) = PASSWORD.findall(path.read_text(encoding="utf-8"))
    kept = stored(office, account)
    assert verifies(new, kept["second"][0]) and not verifies(second, kept["second"][0])
    assert verifies(first, kept["first"][0])


def test_a011_a_reset_asks_and_shows_whose(office):
    account = office.new_name("reset")
    add(office, account)
    before = stored(office, account)
    seen, status = answer(office, "n", "account", "reset-password", account)
    assert status == 1 and account + "@vendor.example" in seen and "山田 太郎" in seen
    assert run(office, "account", "reset-password", account).returncode == 1
    assert stored(office, account) == before


def test_a011_a_second_factor_that_is_not_bound_cannot_be_reset(office):
    account = office.new_name("reset")
    add(office, account)
    done = run(office, "account", "reset-second-factor", account, "--yes")
    assert done.returncode == 1 and "no telephone is bound" in done.stderr


def test_a011_a_protected_account_keeps_its_password(office):
    account = office.new_name("reset")
    add(office, account)
    office.edit_account(account, protected="オンライン資格確認。先に03-0000へ")
    before = stored(office, account)
    refused = run(office, "account", "reset-password", account, "--yes")
    assert refused.returncode == 1 and "先に03-0000へ" in refused.stderr
    assert stored(office, account) == before
    assert run(office, "account", "reset-password", account, "--yes", "--override-protection").returncode == 0


def test_a011_a_reset_leaves_running_sessions_alone(lab):
    terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"])
    account, ticket = lab.new_ticket(terminal)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    client.wait_demand_active()
    session = lab.wait_session(account)
    lab.admin.text("account", "reset-password", account, "--yes")
    assert [one["id"] for one in lab.sessions(account)] == [session["id"]]


def test_a011_no_password_is_anywhere_but_in_the_answer(office):
    account = office.new_name("reset")
    passwords = PASSWORD.findall(add(office, account).stdout)
    passwords += PASSWORD.findall(run(office, "account", "reset-password", account, "--yes").stdout)
    assert len(passwords) == 3
    folder = os.path.dirname(office.database)
    files = [os.path.join(folder, name) for name in os.listdir(folder)] + [office.variables["LAB_GATEWAY_LOG"]]
    for path in files:
        if os.path.isfile(path):
            with open(path, "rb") as file:
                content = file.read()
            assert not [one for one in passwords if one.encode() in content], path
    # Nor in the gateway's memory, once the answers are out.
    gateway = int(office.variables["LAB_GATEWAY_PID"])
    assert found_in(gateway, "sekisho")
    assert not found_in(gateway, *passwords)
