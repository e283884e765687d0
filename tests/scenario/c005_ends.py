"""D2, D4, A6, B6: whatever ends a running session tells real clients why, and stands in the log as who x phase."""

from dataclasses import dataclass
from typing import Callable

import pytest

from c003_windows import pass_until_end
from conftest import gateway_of, one_test
from lab_parts.processes import PATIENCE, wait_for
from rdp_clients import why_not

# What xfreerdp3 and rdesktop print of Set Error Info.
ADMINISTRATOR = ("ERRINFO_RPC_INITIATED_DISCONNECT", "Administrator initiated disconnect")
IDLE = ("ERRINFO_IDLE_TIMEOUT", "Server idle session time limit reached")
TIME = ("ERRINFO_LOGON_TIMEOUT", "Server active session time limit reached")


class Work:
    """An account of each client, on a terminal of their own, on a day of their own."""

    days = 0

    def __init__(self, lab):
        Work.days += 1
        self.lab = lab
        self.day = f"2026-11-{15 + Work.days:02}"
        self.at("14:00:58")
        self.terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"])
        self.accounts = [lab.add_account(self.terminal) for _ in range(2)]
        self.clients = []

    def at(self, time, days=0):
        self.lab.set_clock(f"2026-11-{15 + Work.days + days:02}T{time}+09:00")

    def admin(self, *arguments):
        return self.lab.admin.text(*arguments)

    def each(self, *arguments):
        for account in self.accounts:
            self.admin("account", arguments[0], account, *arguments[1:])

    def begin(self):
        tickets = [self.lab.ticket(account, self.terminal) for account in self.accounts]
        self.clients.append(self.lab.xfreerdp(tickets[0].in_a_window()))
        self.lab.wait_session(self.accounts[0])
        if not why_not("rdesktop"):
            self.clients.append(self.lab.rdesktop(tickets[1]))
            # Who is told before its desktop is active spins in rdesktop 1.9 for ever.
            wait_for(lambda: self.lab.wait_session(self.accounts[1])["bytes_to_client"] > 20000, PATIENCE, "its desktop is there")

    def go_on(self):
        for account in self.accounts[:len(self.clients)]:
            assert [one["phase"] for one in self.lab.sessions(account)] == ["BRIDGE"]


def nothing(work):
    pass


def half_an_hour(work):
    work.lab.pass_time(29)
    work.go_on()
    for client in work.clients:
        pass_until_end(work.lab, client)


def midnight(work):
    work.at("23:58:58")
    work.go_on()
    work.at("00:00:58", days=1)


def suspend(work):
    vendor = work.lab.new_name("vendor")
    work.admin("vendor", "add", vendor)
    work.each("edit", "--vendor", vendor)
    work.go_on()
    work.admin("vendor", "edit", vendor, "--state", "suspended", "--because", "contract over", "--yes")


def kill(work):
    for account in work.accounts[:len(work.clients)]:
        work.admin("session", "kill", work.lab.sessions(account)[0]["id"], "--because", "drill", "--yes")


@dataclass
class End:
    event: str
    reason: str
    told: tuple
    act: Callable  # what ends it
    before: Callable = nothing  # what is set before it begins
    foreseen: tuple = ()  # by session list: the rule, and when (UTC)
    code: str = "PB"


def edit_terminal(*options):
    return lambda work: work.admin("terminal", "edit", work.terminal, *options)


ENDS = {
    "idle": End("SK2130", "IDLE", IDLE, half_an_hour, edit_terminal("--idle", "30min"), ("idle", "05:30")),
    "longest": End("SK2131", "SESSION_TOO_LONG", TIME, half_an_hour, edit_terminal("--longest", "30min"),
                   ("session-length", "05:30")),
    "hours": End("SK2115", "OUTSIDE_HOURS", TIME, half_an_hour, lambda work: work.each("edit", "--hours", "08:30-14:30"),
                 ("hours", "05:30")),
    "midnight": End("SK2114", "ACCOUNT_EXPIRED", TIME, midnight, lambda work: work.each("edit", "--valid-until", work.day),
                    ("valid-until", "15:00")),
    "locked": End("SK2111", "ACCOUNT_LOCKED", ADMINISTRATOR, lambda work: work.each("lock", "--because", "left")),
    "deleted": End("SK2110", "ACCOUNT_UNKNOWN", ADMINISTRATOR, lambda work: work.each("delete", "--yes")),
    "revoked": End("SK2119", "TERMINAL_NOT_ASSIGNED", ADMINISTRATOR,
                   lambda work: work.each("edit", "--remove-terminal", work.terminal)),
    "device": End("SK2117", "DEVICE_REFUSED", ADMINISTRATOR, lambda work: work.each("edit", "--mac", "02:00:00:99:99:99")),
    "vendor": End("SK2123", "VENDOR_SUSPENDED", ADMINISTRATOR, suspend),
    "out-of-service": End("SK2120", "TERMINAL_OUT_OF_SERVICE", ADMINISTRATOR, edit_terminal("--in-service", "no")),
    "terminal-deleted": End("SK2118", "TERMINAL_UNKNOWN", ADMINISTRATOR,
                            lambda work: work.admin("terminal", "delete", work.terminal, "--yes")),
    "window": End("SK2128", "TERMINAL_WINDOW", ADMINISTRATOR,
                  lambda work: work.admin("window", "add", work.terminal, "--from", work.day + " 13:00", "--until",
                                          work.day + " 15:00", "--yes")),
    "killed": End("SK2301", "ADMIN_KILLED", ADMINISTRATOR, kill, code="AB"),
}


@pytest.fixture(scope="module")
def calendar(request, folders, hosts):
    yield from gateway_of(request, folders, hosts, "sessions.hours_end=disconnect", clock="2026-11-15T14:00:58+09:00")


@pytest.fixture
def work(calendar):
    for facility in one_test(calendar):
        yield Work(facility)


@pytest.mark.parametrize("name", ENDS)
def test_c040_each_end_is_told_and_logged(work, name):
    end = ENDS[name]
    end.before(work)
    work.begin()
    for account in work.accounts[:len(work.clients)] if end.foreseen else ():
        session = work.lab.sessions(account)[0]
        assert (session["ends_by"], session["ends"][:16]) == (end.foreseen[0], f"{work.day}T{end.foreseen[1]}"), session
    end.act(work)
    for client, account, words in zip(work.clients, work.accounts, end.told):
        client.wait_end()
        client.wait_log(words)
        ended = work.lab.wait_end(account)
        assert (ended["reason"], ended["reason_code"], ended["state"]) == (end.reason, end.code, "killed")
        assert work.lab.wait_log(rf"(?m)^{end.event} .* user='{account}' .* end={end.code} ")
