"""C1: the file in pam.d decides who checks passwords. Another stack than the gateway's own, and modules that misbehave."""

import os
import re
import shutil

import pytest

from lab_parts.processes import PATIENCE, run, wait_for
from lab_parts.sign_in import write_service
from visitor import add_engineer, code_of, knock

HERE = os.path.dirname(os.path.realpath(__file__))


def test_h601_unix_password_and_oath_code(new_door):
    lab = new_door(pam_stack="unix")
    unix = lab.variables
    account = unix["LAB_UNIX_USER"]
    add_engineer(lab, lab.shadow, lab.xrdp, name=account)
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, unix["LAB_UNIX_PASSWORD"])
    visitor.page("PROMPT", prompt="One-time password")
    code = code_of(unix["LAB_UNIX_SEED"], base32=False)
    visitor.type(code)
    visitor.page("TERMINALS")
    visitor.choose()
    assert lab.wait_session(account)
    # pam_oath keeps what was used, as the unprivileged user it runs as.
    again = knock(lab)
    again.page("SIGN_IN")
    again.sign_in(account, unix["LAB_UNIX_PASSWORD"])
    again.page("PROMPT")
    again.type(code)
    again.page("SIGN_IN", error="wrong")


def test_h602_wrong_unix_password_is_refused(new_door):
    lab = new_door(pam_stack="unix")
    account = lab.variables["LAB_UNIX_USER"]
    add_engineer(lab, lab.shadow, name=account)
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, "not the password")
    visitor.page("SIGN_IN", error="wrong")


def test_h603_unix_user_without_an_account_here_goes_no_further(new_door):
    lab = new_door(pam_stack="unix")
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(lab.variables["LAB_UNIX_USER"], lab.variables["LAB_UNIX_PASSWORD"])
    visitor.page("PROMPT")
    visitor.type(code_of(lab.variables["LAB_UNIX_SEED"], base32=False))
    visitor.page("SORRY", text="There is no account for you")


@pytest.fixture(scope="module")
def bad_module(folders):
    """tests/scenario/pam_bad.c as a PAM module; its first argument says what it does."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    folder = folders("pam")
    os.chmod(folder, 0o755)
    path = os.path.join(folder, "pam_bad.so")
    run(["gcc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", path, os.path.join(HERE, "pam_bad.c"), "-lpam"])
    os.chmod(path, 0o755)
    return path


def serve(lab, text):
    """From the next conversation on. The namespace's copy is the very file."""
    write_service(lab.state.path("sign-in"), text)


@pytest.mark.parametrize("what,says", [("crash", "does not work"), ("exit", "does not work"), ("hundred", "does not work")])
def test_h604_module_that_misbehaves_costs_its_own_conversation(new_door, bad_module, what, says):
    lab = new_door("sign_in.second_factor=off")
    good = read_service(lab)
    serve(lab, f"auth required {bad_module} {what}\naccount required pam_permit.so\n")
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in("anybody", "secret")
    page = visitor.next_page()
    for _ in range(110):
        if page["name"] != "PROMPT":
            break
        visitor.type("answer")
        page = visitor.next_page()
    assert page["name"] == "SORRY" and says in page["text"], page
    assert "Module is unknown" not in lab.log
    serve(lab, good)
    account, initial = add_engineer(lab)
    other = knock(lab)
    other.page("SIGN_IN")
    other.sign_in(account, initial)
    other.page("PROMPT", prompt="New password")


def read_service(lab):
    with open(lab.state.path("sign-in", "etc", "pam.d", "sekisho"), encoding="utf-8") as file:
        return file.read()


def test_h605_module_that_hangs_is_ended_with_the_sign_in(new_door, bad_module):
    lab = new_door("sign_in.second_factor=off", "limits.greet=10s")
    serve(lab, f"auth required {bad_module} hang\naccount required pam_permit.so\n")
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in("anybody", "secret")
    visitor.client.wait_closed()
    wait_for(lambda: not lab.conversations(), PATIENCE, "the conversation's process ends")


def test_h606_prompts_of_every_kind_reach_the_user(new_door, bad_module):
    lab = new_door()
    serve(lab, f"auth required {bad_module} kinds\naccount required pam_permit.so\n")
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in("anybody", "secret")
    visitor.page("PROMPT", prompt="Your favourite colour", text="Welcome to the test")
    visitor.type("vermilion")
    visitor.page("PROMPT", prompt="And in the dark", error="Not blue")
    visitor.type("obsidian")
    page = visitor.next_page()
    assert page["name"] == "SORRY" and "There is no account for you" in page["text"], page
    assert re.search(r"vermilion|obsidian|secret", lab.log) is None
