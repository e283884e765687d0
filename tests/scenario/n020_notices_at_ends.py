"""Notices by the gateway itself: whatever will end a mediated session by a rule is on the engineer's screen before, in his language, at
notices.first, second and last; and then the session ends, with the rule's reason."""

import datetime
import time
from dataclasses import dataclass
from typing import Callable

import pytest

from c003_windows import pass_until_end
from c005_ends import ADMINISTRATOR, IDLE, TIME
from conftest import gateway_of, one_test
from desktop import close_to, keep_picture
from lab_parts.processes import PATIENCE, wait_for
from n001_notices import BOX, INSIDE, is_there, still, upper  # noqa: F401
from visitor import PASSWORD, knock, settled_engineer

# 2 s before the full minute, when the gateway looks.
SECONDS = ":58+09:00"
# Of the facilities here: not the defaults (15, 5 and 1 minutes), so that it is the settings that count.
SETTINGS = ["notices.first=10min", "notices.second=3min", "notices.last=2min", "sessions.hours_end=disconnect"]
MOMENTS = (10, 3, 2)


class Work:
    """An English and a Japanese engineer on a mediated terminal of their own, on a day of their own, from 14:00."""

    days = 0

    def __init__(self, lab):
        Work.days += 1
        self.lab = lab
        self.day = f"2026-11-{15 + Work.days:02}"
        self.lab.set_clock(f"{self.day}T14:00{SECONDS}")
        self.terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], relay="mediated")
        self.accounts = [lab.add_account(self.terminal) for _ in range(2)]
        self.clients, self.sessions = [], []
        self.taken_off = 0

    def admin(self, *arguments):
        return self.lab.admin.text(*arguments)

    def each(self, *arguments):
        for account in self.accounts:
            self.admin("account", arguments[0], account, *arguments[1:])

    def begin(self):
        self.begun = time.monotonic()
        for account, layout in zip(self.accounts, ("0x409", "0x411")):
            client = self.lab.xfreerdp(self.lab.ticket(account, self.terminal).in_a_window(), "/size:1024x768", "/kbd:layout:" + layout)
            client.wait_picture()
            self.clients.append(client)
            self.sessions.append(self.lab.wait_session(account))
        for client, account in zip(self.clients, self.accounts):
            self.move(client, account, 310)

    def move(self, client, account, x):
        """The pointer, and with it all that it sent when it began, has been counted: later it would count from behind the clock's next jump. While
        the calendar stands still, the time of the last input falls behind it."""
        def idle_since():
            return datetime.datetime.fromisoformat(self.lab.sessions(account)[0]["idle_since"])

        first = idle_since()
        wait_for(lambda: idle_since() < first - datetime.timedelta(seconds=1), PATIENCE, "nothing is counted for a second")
        before = idle_since()
        client.screen.run("xdotool", "mousemove", str(x), "600")
        wait_for(lambda: idle_since() > before, PATIENCE, "the pointer is seen")

    def at(self, minute):
        """So many minutes behind 14:00:58, by the calendar."""
        begun = datetime.datetime.fromisoformat(f"{self.day}T14:00{SECONDS}")
        self.lab.set_clock((begun + datetime.timedelta(minutes=minute)).isoformat())

    def heard(self, serial, how):
        for session in self.sessions:
            self.lab.wait_log(rf"SK2671 .*session={session['id']} .*notice={serial} how='{how}'")

    def wait_there(self):
        for client in self.clients:
            wait_for(lambda: is_there(client), PATIENCE, f"{client.name} shows the notice")

    def nothing_yet(self):
        assert "SK2670" not in self.lab.log
        assert not any(is_there(client) for client in self.clients)

    def end(self, end):
        for client, account in zip(self.clients, self.accounts):
            client.wait_end()
            client.wait_log(end.told[0])
            row = self.lab.wait_end(account)
            assert (row["reason"], row["reason_code"]) == (end.reason, "PB")


@dataclass
class End:
    reason: str
    told: tuple
    before: Callable  # what is set before it begins
    length: int = 30  # minutes from the beginning to the end, or to two seconds before it
    passes: bool = False  # counted in time that passes, not by the calendar
    moments: tuple = MOMENTS


def edit_terminal(*options):
    return lambda work: work.admin("terminal", "edit", work.terminal, *options)


def window(work):
    work.admin("window", "add", work.terminal, "--days", "daily", "--from", "14:30", "--until", "15:00", "--yes")


ENDS = {
    "hours": End("OUTSIDE_HOURS", TIME, lambda work: work.each("edit", "--hours", "08:30-14:30"), length=29),
    "window": End("TERMINAL_WINDOW", ADMINISTRATOR, window, length=29),
    "validity": End("ACCOUNT_EXPIRED", TIME, lambda work: work.each("edit", "--valid-until", work.day), length=10 * 60 - 1),
    "longest": End("SESSION_TOO_LONG", TIME, edit_terminal("--longest", "30min"), passes=True),
    "idle": End("IDLE", IDLE, edit_terminal("--idle", "30min"), passes=True, moments=(2,)),
}


@pytest.fixture(scope="module")
def calendar(request, folders, hosts):
    yield from gateway_of(request, folders, hosts, *SETTINGS, clock="2026-11-15T14:00" + SECONDS)


@pytest.fixture
def work(calendar, still):
    for facility in one_test(calendar):
        yield Work(facility)


def move_on(work, end, minute):
    """To so many minutes behind the beginning."""
    if not end.passes:
        work.at(minute)
        return
    # What has passed by itself is part of it: else a slow machine would be past the next moment.
    took = time.monotonic() - work.begun
    work.lab.pass_time(minute - work.passed, less=took - work.taken_off)
    work.passed, work.taken_off = minute, took


@pytest.mark.parametrize("name", ENDS)
def test_n021_each_end_is_told_at_its_moments_and_comes(work, request, name):
    end = ENDS[name]
    end.before(work)
    work.begin()
    work.passed = 0
    # Up to a minute before the first moment nothing is said.
    move_on(work, end, end.length - end.moments[0] - 1)
    wait_looked(work.lab)
    work.nothing_yet()
    shown = [set(), set()]
    for serial, left in enumerate(end.moments, 1):
        move_on(work, end, end.length - left)
        work.heard(serial, "shown")
        work.wait_there()
        for client, seen in zip(work.clients, shown):
            client.wait_still()
            # Another one each time: it says how many minutes are left.
            wait_for(lambda: upper(client) not in seen, PATIENCE, f"{client.name} shows the next notice")
            seen.add(upper(client))
        assert upper(work.clients[0]) != upper(work.clients[1])
        for client, language in zip(work.clients, ("en", "ja")):
            keep_picture(request, client, f"{name}_{left}min.{language}")
    assert [len(work.lab.sessions(account)) for account in work.accounts] == [1, 1]
    if end.passes:
        for client in work.clients:
            pass_until_end(work.lab, client)
    else:
        work.at(end.length + 1)
    work.end(end)


def wait_looked(lab):
    """The gateway has looked at the clock since it was moved: when it does, it also signs what is new in its log. Twice: the first time may
    have begun before, and what follows from it may come behind the signature."""
    for _ in range(2):
        signed = lab.log.count("SK1205")
        lab.add_account()
        wait_for(lambda before=signed: lab.log.count("SK1205") > before, PATIENCE, "the gateway looks at the clock")


def test_n022_an_idle_engineer_who_moves_is_not_ended(work):
    edit_terminal("--idle", "30min")(work)
    work.begin()
    work.lab.pass_time(28)
    work.heard(1, "shown")
    work.wait_there()
    work.move(work.clients[0], work.accounts[0], 300)
    work.lab.pass_time(3)
    work.clients[1].wait_end()
    assert work.lab.wait_end(work.accounts[1])["reason"] == "IDLE"
    assert work.lab.sessions(work.accounts[0])


@pytest.fixture(scope="module")
def theatre(request, folders, hosts):
    from conftest import open_door
    facility = open_door(request, folders, hosts, "sign_in.second_factor=off", "listeners.0.handover=in-band",
                         "sessions.take_over_grace=60s", clock="2026-11-16T14:00" + SECONDS)
    yield facility
    facility.close()


@pytest.mark.parametrize("language, layout", [("en", "0x409"), ("ja", "0x411")])
def test_n023_who_is_taken_over_is_told_and_makes_place(theatre, still, request, language, layout):
    for lab in one_test(theatre):
        terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], relay="mediated")
        lab.admin.text("terminal", "edit", terminal, "--capacity", "1", "--take-over", "yes")
        holder, comer = lab.add_account(terminal), settled_engineer(lab, terminal, lab.shadow)
        lab.edit_account(comer, priorities={terminal: 5})
        client = lab.xfreerdp(lab.ticket(holder, terminal).in_a_window(), "/size:1024x768", "/kbd:layout:" + layout)
        client.wait_picture()
        session = lab.wait_session(holder)
        visitor = knock(lab)
        visitor.page("SIGN_IN")
        visitor.sign_in(comer, PASSWORD)
        visitor.page("TERMINALS")
        visitor.choose(sorted([terminal, lab.shadow]).index(terminal))
        visitor.page("QUESTION", text="lower priority ends in 60 seconds")
        visitor.key("Return")
        visitor.page("PLACE", text="makes place")
        lab.wait_log(rf"SK2671 .*session={session['id']} .*notice=1 how='shown'")
        wait_for(lambda: close_to(client.pixel(*INSIDE), BOX), PATIENCE, "the notice is seen")
        keep_picture(request, client, f"take-over.{language}")
        assert lab.sessions(holder)
        lab.pass_time(1)
        client.wait_end()
        client.wait_log("DISCONNECTED_BY_OTHER")
        ended = lab.wait_end(holder)
        assert (ended["reason"], ended["reason_code"]) == ("TAKEN_OVER", "PB")
        assert lab.wait_session(comer)["terminal"] == terminal
