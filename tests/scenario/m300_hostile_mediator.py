"""A mediator that was taken over, by the jump host whose bytes it reads: it says what it must not, and it costs its own session and
nothing else. (What its sandbox keeps it from is in tests/sandbox.)"""

import os
import re
import shutil
import subprocess

import pytest

from conftest import gateway_of, one_test
from jump_hosts import serves_a_session
from lab_parts.certificates import fingerprint
from lab_parts.processes import PATIENCE, wait_for
from m200_hostile_hosts import MEDIATED_LIMITS, Neighbour

CREDENTIALS = ("tech", "Ichigo-15!-関所")


class TakenOver:
    """A facility where tests/peers/hostile_mediator stands in the place of sekisho-mediator, from now on."""

    def __init__(self, lab, program):
        self.lab, self.program = lab, program
        self.folder = lab.variables["LAB_PROGRAMS"]
        os.chown(self.folder, int(lab.variables["LAB_GATEWAY_UID"]), -1)
        path = os.path.join(self.folder, "sekisho-mediator")
        shutil.copy(program, path + ".new")
        os.rename(path + ".new", path)
        self.host = lab.fake_host(serves_a_session)

    def list(self, option):
        """Its modes (--help) or the messages that are not a mediator's (--messages)."""
        said = subprocess.run([self.program, option], check=True, text=True, stdout=subprocess.PIPE, timeout=10).stdout
        return re.findall(r"^ *(\S+)", said, re.MULTILINE)

    def heard(self):
        with open(os.path.join(self.folder, "hostile-mediator.heard"), encoding="latin-1") as file:
            return file.read()

    def act(self, mode):
        """A session that it carries: how it ended, and log(), what was logged since it began."""
        path = os.path.join(self.folder, "hostile-mediator")
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(mode)
        os.rename(path + ".new", path)
        start = len(self.lab.log)
        trust = fingerprint(self.lab.hosts.state.path("xrdp", "certificate.crt"))
        account, ticket = self.lab.new_ticket(self.lab.add_terminal(self.host.port, trust=trust, relay="mediated"))
        client = self.lab.raw()
        client.introduce(ticket.handle, ticket.secret)
        told = client.told()
        row = self.lab.wait_end(account)
        self.lab.wait_log(rf"(?m)^SK\d+ .* user='{account}' .* end=\w+ ")
        assert told, mode
        return row, lambda: self.lab.log[start:]


@pytest.fixture(scope="module")
def gateway(request, folders, hosts):
    yield from gateway_of(request, folders, hosts, *MEDIATED_LIMITS)


@pytest.fixture
def taken_over(request, gateway):
    """With a mediated session that began before."""
    program = os.path.join(request.config.getoption("--build"), "tests/peers/hostile_mediator")
    for lab in one_test(gateway):
        shutil.copy(os.path.join(request.config.getoption("--build"), "gateway", "sekisho-mediator"),
                    os.path.join(lab.variables["LAB_PROGRAMS"], "sekisho-mediator.good"))
        os.rename(os.path.join(lab.variables["LAB_PROGRAMS"], "sekisho-mediator.good"),
                  os.path.join(lab.variables["LAB_PROGRAMS"], "sekisho-mediator"))
        neighbour = Neighbour(lab)
        neighbour.echo()
        yield TakenOver(lab, program)
        neighbour.goes_on()
        assert lab.gateway_runs() and len(lab.pids("sekisho-worker")) == 2
        assert "\033" not in lab.whole_log


def test_m301_what_others_say_ends_it(taken_over):
    messages = taken_over.list("--messages")
    assert len(messages) > 40 and {"ATTACH", "NOTICE_SHOW", "ENDED"} <= set(messages) and "MEDIATE_RESULT" not in messages
    for message in messages:
        row, log = taken_over.act("say " + message)
        wait_for(lambda: re.search(r"(?m)^SK1023 .*sekisho-mediator", log()), PATIENCE, f"{message} is an event")
        assert row["reason"] == "MEDIATOR_DIED", message


# What becomes of its session, and of the process: broke the rules of its channel, died, or is ended as every other is.
BROKE, DIED, OTHER_BUILD, NOTHING = "SK1023", "SK1021", "SK1025", None
MODES = {
    "silent": (("HOST_TOO_SLOW", "MEDIATOR_DIED"), NOTHING),
    "other-build": ("MEDIATOR_DIED", OTHER_BUILD),
    "hello-twice": ("MEDIATOR_DIED", BROKE),
    "result-at-start": ("MEDIATOR_DIED", BROKE),
    # Both messages are on their way at once: to the supervisor it is not too early.
    "result-too-early": (("HOST_TOO_SLOW", "MEDIATOR_DIED"), NOTHING),
    "certificate-too-early": (("HOST_TOO_SLOW", "MEDIATOR_DIED"), NOTHING),
    "leaves-early": ("MEDIATOR_DIED", NOTHING),
    "listen": ("HOST_TOO_SLOW", NOTHING),
    "connected-twice": ("MEDIATOR_DIED", BROKE),
    "behind-its-end": (("MEDIATOR_DIED", "HOST_REFUSED", "HOST_LOST"), BROKE),
    "unknown-outcome": ("MEDIATOR_DIED", BROKE),
    "certificate-twice": ("MEDIATOR_DIED", BROKE),
    "notice-of-nobody": ("MEDIATOR_DIED", BROKE),
    "descriptor": ("MEDIATOR_DIED", BROKE),
    "unknown-message": ("MEDIATOR_DIED", BROKE),
    "cut-message": ("MEDIATOR_DIED", BROKE),
    "long-message": ("MEDIATOR_DIED", BROKE),
    "pong-of-no-ping": (("HOST_TOO_SLOW", "MEDIATOR_DIED"), NOTHING),
    "garbage-to-worker": ("HOST_NOT_RDP", NOTHING),
    "lies-and-leaves": (("HOST_REFUSED", "HOST_LOST", "HOST_GONE"), NOTHING),
    "crash": ("MEDIATOR_DIED", DIED),
    "leave": ("MEDIATOR_DIED", NOTHING),
    "hang": (("HOST_TOO_SLOW", "MEDIATOR_DIED"), NOTHING),
}


def test_m302_every_mode_is_tried(taken_over):
    assert sorted(taken_over.list("--help")) == sorted(MODES)


@pytest.mark.parametrize("mode", MODES)
def test_m303_what_breaks_its_own_rules_ends_it(taken_over, mode):
    reasons, event = MODES[mode]
    row, log = taken_over.act(mode)
    assert row["reason"] in ([reasons] if isinstance(reasons, str) else reasons), log()
    if event:
        wait_for(lambda: re.search(rf"(?m)^{event} .*sekisho-mediator", log()), PATIENCE, f"{mode} is an event")
    wait_for(lambda: len(taken_over.lab.pids("sekisho-mediator")) == 1, PATIENCE, "its process is gone")


def test_m304_it_hears_of_its_own_session_alone(taken_over):
    """Who logs on there and whom to trust; nothing of other terminals' credentials."""
    lab = taken_over.lab
    other = lab.add_terminal(taken_over.host.port, trust="ab" * 32, relay="mediated")
    lab.call("terminal.set_credential", name=other, user=CREDENTIALS[0], password=CREDENTIALS[1])
    taken_over.act("listen")
    heard = taken_over.heard()
    names = {line.split(" ")[0] for line in heard.strip("\n").split("\n")}
    assert {"MEDIATE_BEGIN", "MEDIATE_HOST"} <= names - {"SAYS"} <= {"HELLO", "MEDIATE_BEGIN", "MEDIATE_HOST", "PING"}, names
    secrets = [one for one in CREDENTIALS if one.encode().decode("latin-1") in heard]
    assert not secrets
