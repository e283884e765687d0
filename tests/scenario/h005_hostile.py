"""What attackers do at the sign-in screen, and what a screen that was taken over does: it costs them their connection."""

import contextlib
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import threading

import pytest

import rdp_wire as wire
from lab_parts.processes import PATIENCE, stat_fields, status_of, wait_for
from rdp_peers import Closed
from typist import SCANCODE, SYNCHRONIZE, UNICODE
from visitor import PASSWORD, add_engineer, knock, settled_engineer

AT_ONCE = 25  # clients that sign in at the same time


def screens(lab):
    """Sign-in screens in use, as `gateway status` has it."""
    return lab.call("gateway.status")["sign_ins"]


def all_gone(lab):
    """Nothing is left of those who have gone: no screen, no conversation, and the gateway goes on."""
    wait_for(lambda: screens(lab) == 0, PATIENCE, "the screens of who has gone end")
    wait_for(lambda: not lab.conversations(), PATIENCE, "the conversations of who has gone end")
    assert lab.gateway_runs()


# Clients that leave

def at_sign_in(lab, _):
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    return visitor.client


def at_busy(lab, account):
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    return visitor.client


def at_terminals(lab, account):
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("TERMINALS")
    return visitor.client


def at_connecting(lab, account):
    client = at_terminals(lab, account)
    client.key("Return")
    return client


def before_the_screen(lab, _):
    client = lab.raw()
    client.introduce()
    return client


def before_it_activates(lab, _):
    client = lab.raw()
    client.introduce()
    client.wait_demand_active()
    return client


@pytest.mark.parametrize("where", [before_the_screen, before_it_activates, at_sign_in, at_busy, at_terminals, at_connecting],
                         ids=lambda value: value.__name__)
def test_h501_client_that_leaves_leaves_nothing_behind(door, where):
    account = settled_engineer(door, door.shadow, door.xrdp)
    where(door, account).close()
    all_gone(door)
    wait_for(lambda: not door.sessions(account), PATIENCE, "no session is left")


# What is typed

@pytest.mark.parametrize("text", ["x" * 100000, "a\0b", "\u202egro.elpmaxe\u202c", "a\ud800b", "'; --", "a%s%n%d", "山田" * 3000,
                                  "../../etc/passwd", "998-taro@example.jp@example.jp"],
                         ids=["long", "nul", "right-to-left", "half-a-pair", "quote", "format", "japanese", "path", "domains"])
def test_h510_strange_names_are_wrong_and_nothing_more(door, text):
    visitor = knock(door)
    visitor.page("SIGN_IN")
    for start in range(0, len(text), 1000):
        visitor.client.type(text[start:start + 1000], enter=False)
    visitor.key("Tab")
    visitor.type("password")
    visitor.page("SIGN_IN", error="wrong")
    assert re.search("[\u202a-\u202e\x00-\x08]", door.log) is None
    visitor.client.close()
    all_gone(door)


@pytest.mark.parametrize("name", ["\u202egro.elpmaxe", "a\tb\x01", "x" * 255, "a%s%n"], ids=["right-to-left", "control", "long", "format"])
def test_h511_strange_names_in_client_info(door, name):
    visitor = knock(door, name, "password")
    visitor.page("SIGN_IN", error="wrong")
    assert re.search("[\u202a-\u202e\x00-\x08]", door.log) is None


@contextlib.contextmanager
def flood_from(client):
    """Keys as fast as they are taken, for as long as the block runs."""
    events = [struct.pack("<BH", UNICODE << 5, 0x41), struct.pack("<BB", SCANCODE << 5, 0x0F)] * 7
    over = threading.Event()

    def flood():
        with contextlib.suppress(Closed, OSError):  # it may be cut for that
            while not over.is_set():
                if select.select([], [client.connection], [], 0.1)[1]:
                    client.send_events(*events)
    thread = threading.Thread(target=flood)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def is_closed(pid):
    """Nobody else of the same user may look into it, and its sandbox is there."""
    try:
        status = status_of(pid)
        return os.stat(f"/proc/{pid}/environ").st_uid == 0 and status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
    except OSError:
        return False


def test_h540_screen_and_conversation_have_users_of_their_own_and_no_privilege(door):
    """While somebody is asked for a new password, one process shows the question and another one asks it."""
    account, initial = add_engineer(door, door.shadow)
    visitor = knock(door)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, initial)
    visitor.page("PROMPT", prompt="New password")
    # One that has just been started for the pool closes itself before it knows anybody.
    wait_for(lambda: all(map(is_closed, door.pids("sekisho-greeter"))), PATIENCE, "every screen is in its sandbox")
    greeters, conversations = door.pids("sekisho-greeter"), door.conversations()
    assert greeters and len(conversations) == 1
    users = {"gateway": int(door.variables["LAB_GATEWAY_UID"]), "pam": int(door.variables["LAB_PAM_UID"])}
    assert len({0, *users.values()}) == 3
    for pid, user in [*((pid, "gateway") for pid in greeters), (conversations[0], "pam")]:
        status = status_of(pid)
        assert {int(uid) for uid in status["Uid"].split()} == {users[user]}, status["Name"]
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0, status["Name"]
    assert os.stat(f"/proc/{conversations[0]}/environ").st_uid == 0


def test_h513_flood_of_keys_ends_nobody_else(door):
    quiet = knock(door)
    quiet.page("SIGN_IN")
    visitor = knock(door)
    visitor.page("SIGN_IN")
    with flood_from(visitor.client):
        account = settled_engineer(door, door.shadow, door.xrdp)
        quiet.sign_in(account, PASSWORD)
        quiet.page("TERMINALS")
    visitor.client.close()
    quiet.client.close()
    all_gone(door)


@pytest.mark.parametrize("size", [(16384, 16384), (1, 1), (200, 200), (8192, 8192), (65535, 1)])
def test_h514_strange_sizes(door, size):
    """Whatever desktop a client claims to have: a screen that can be typed into, and no memory for the rest of it."""
    width, height = size
    visitor = knock(door, width=width, height=height)
    visitor.page("SIGN_IN")
    visitor.client.wait_frame()
    greeters = {pid: memory_of(pid) for pid in door.pids("sekisho-greeter")}
    assert greeters and max(greeters.values()) < 300 << 20, greeters
    visitor.sign_in(door.new_name("nobody"), "password")
    visitor.page("SIGN_IN", error="wrong")
    visitor.client.close()
    all_gone(door)


def memory_of(pid):
    """Resident, in bytes."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


FRENCH = 0x40C
# The keys of "qaz" on a US keyboard; a French one has "aqw" there.
KEYS_QAZ = [0x10, 0x1E, 0x2C]


def confirm_again(visitor, layout, cut=0):
    """A Confirm Active (2.2.1.13.2) that nobody has asked for, with nothing but another layout (2.2.7.1.6)."""
    sets = struct.pack("<HH", 1, 0) + struct.pack("<HHHHIIII", 13, 88, 0x0035, 0, layout, 4, 0, 12) + bytes(64)
    sets = sets[:len(sets) - cut]
    visitor.client.send_share(wire.PDU_CONFIRM_ACTIVE, struct.pack("<IHHH", visitor.client.share, 0x3EA, 6, len(sets)) + b"MSTSC\0" +
                              sets)


@pytest.mark.parametrize("cut", [0, 60], ids=["whole", "cut off"])
def test_h515_layout_that_changes_in_the_middle_of_a_word_ends_it(door, cut):
    """It is the client's fault and not the screen's, and nobody else's loss."""
    account = settled_engineer(door, door.shadow, door.xrdp)
    quiet = knock(door)
    quiet.page("SIGN_IN")
    visitor = knock(door)
    visitor.page("SIGN_IN")
    quiet.type(account[:3], enter=False)
    visitor.type(account[:3], enter=False)
    confirm_again(visitor, FRENCH, cut)
    assert "a second Confirm Active at the sign-in screen" in door.wait_close("SK2007")
    with pytest.raises((Closed, OSError)):
        while True:
            visitor.client.read_pdu()
    quiet.type(account[3:], enter=False)
    quiet.key("Tab")
    quiet.type(PASSWORD)
    quiet.page("TERMINALS")
    assert "SK2410" not in door.log


def test_h516_word_of_keys_and_characters_is_one_word(door):
    """What changes the layout for real clients: characters beside keys, and lock keys that are synchronized in between. Keys mean
    what they meant when the client came."""
    account = settled_engineer(door, door.shadow, door.xrdp, name=door.new_name("x") + "-qazq")
    visitor = knock(door)
    visitor.page("SIGN_IN")
    visitor.type(account[:-4], enter=False)
    for key in KEYS_QAZ:
        visitor.client.send_events(struct.pack("<B", SYNCHRONIZE << 5))
        visitor.key(key)
    visitor.type("q", enter=False)
    visitor.key("Tab")
    visitor.type(PASSWORD)
    visitor.page("TERMINALS")


# How many

def test_h520_screens_have_a_limit(new_door):
    lab = new_door("sign_in.second_factor=off", "sign_in.greeters=2")
    visitors = [knock(lab), knock(lab)]
    for visitor in visitors:
        visitor.page("SIGN_IN")
    late = lab.raw()
    late.introduce()
    assert late.told() == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2414")
    visitors[0].client.close()
    wait_for(lambda: screens(lab) == 1, PATIENCE, "a screen is free again")
    knock(lab).page("SIGN_IN")


def test_h521_and_one_for_each_source(new_door):
    lab = new_door("sign_in.second_factor=off", "sources.exempt=[]", "sign_in.greeters_per_source=1")
    knock(lab).page("SIGN_IN")
    late = lab.raw()
    late.introduce()
    assert late.told() == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2415")
    knock(lab, source="127.0.0.9").page("SIGN_IN")


def test_h522_who_walks_away_is_sent_away(new_door):
    lab = new_door("limits.greet=6s")
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.client.wait_closed()
    lab.wait_close("SK2417")
    all_gone(lab)


def test_h523_five_wrong_passwords_on_one_screen_are_enough(new_door):
    lab = new_door("sign_in.second_factor=off")
    visitor = knock(lab)
    for number in range(6):
        visitor.page("SIGN_IN")
        visitor.sign_in("nobody-here", "guess", filled_in=number > 0)
    visitor.client.wait_closed()
    lab.wait_close("SK2413")


def test_h524_guessing_slows_down_its_own_source_alone(new_door):
    # As many tries as by default, in minutes: what runs down while a slow machine works changes nothing.
    lab = new_door("sign_in.second_factor=off", "sources.exempt=[]", "sign_in.greeters_per_source=20",
                   "sources.penalty=1min", "sources.penalty_threshold=6min")
    account = settled_engineer(lab, lab.shadow, lab.xrdp)
    visitor = knock(lab, source="127.0.0.66")
    for number in range(5):
        visitor.page("SIGN_IN")
        visitor.sign_in(account, "guess", filled_in=number > 0)
    visitor.page("SIGN_IN", error="Too many tries")
    # The engineer, who has signed in from here before, is not locked out by that.
    owner = knock(lab)
    owner.page("SIGN_IN")
    owner.sign_in(account, PASSWORD)
    owner.page("TERMINALS")


# A screen that was taken over

def end_screens(pids, number):
    """Until the gateway has reaped them: one that it does not yet know to be gone could still be taken for the next client."""
    began = {pid: fields[19] for pid in pids if (fields := stat_fields(pid))}
    for pid in began:
        with contextlib.suppress(ProcessLookupError):  # of a client that has just left
            os.kill(pid, number)
    for pid, start in began.items():
        wait_for(lambda pid=pid, start=start: (stat_fields(pid) or [""] * 20)[19] != start, PATIENCE, f"the gateway knows that {pid} has gone")


class TakenOver:
    """A facility where tests/peers/hostile_greeter stands in the place of sekisho-greeter, from the next one that is started on."""

    def __init__(self, lab, program):
        self.lab = lab
        self.program = program
        self.folder = lab.variables["LAB_PROGRAMS"]
        self.heard_file = os.path.join(self.folder, "hostile-greeter.heard")

    def list(self, option):
        """Its modes (--help) or the messages that are not a greeter's (--messages)."""
        said = subprocess.run([self.program, option], check=True, text=True, stdout=subprocess.PIPE, timeout=10).stdout
        return re.findall(r"^ *(\S+)", said, re.MULTILINE)

    def set_mode(self, mode):
        path = os.path.join(self.folder, "hostile-greeter")
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(mode)
        os.rename(path + ".new", path)

    def begin(self):
        """Screens that somebody has stay what they are; those that wait are used up."""
        os.chown(self.folder, int(self.lab.variables["LAB_GATEWAY_UID"]), -1)
        self.set_mode("listen")
        path = os.path.join(self.folder, "sekisho-greeter")
        shutil.copy(self.program, path + ".new")
        os.rename(path + ".new", path)
        # Whoever has a client has closed its sandbox.
        in_use = set(re.findall(r"(?m)^SK1010 sekisho-greeter\[(\d+)\]", self.lab.whole_log))
        end_screens([pid for pid in self.lab.pids("sekisho-greeter") if str(pid) not in in_use], signal.SIGKILL)
        return self

    def heard(self, word):
        """How often it was told this."""
        if not os.path.exists(self.heard_file):
            return 0
        with open(self.heard_file, encoding="latin-1") as file:
            return file.read().count(word)

    def act(self, mode, user="", password=""):
        """A client of a screen that does its worst when its first page comes."""
        self.set_mode(mode)
        client = self.lab.raw()
        client.introduce(user=user, password=password)
        return client

    def wait_cut(self, client, event, mode):
        """That connection and its event."""
        port = client.connection.getsockname()[1]
        wait_for(lambda: re.search(rf"(?m)^{event} .* src=127.0.0.1:{port} ", self.lab.log), PATIENCE, f"{mode} is cut with {event}")
        client.close()


@pytest.fixture
def taken_over(request):
    """taken_over(lab): from now on its screens are hostile."""
    program = os.path.join(request.config.getoption("--build"), "tests/peers/hostile_greeter")
    return lambda lab: TakenOver(lab, program).begin()


def people(lab):
    """Credentials that lead to one page each."""
    new, initial = add_engineer(lab, lab.shadow)
    attended = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], attended=True)
    return {"SIGN_IN": ("", ""), "PROMPT": (new, initial), "TERMINALS": (settled_engineer(lab, lab.shadow, lab.xrdp), PASSWORD),
            "NUMBER": (settled_engineer(lab, attended), PASSWORD)}


def test_h530_screen_that_says_what_others_say_is_cut_wherever_it_stands(new_door, taken_over):
    lab = new_door("sign_in.second_factor=off")
    known = people(lab)
    hostile = taken_over(lab)
    messages = hostile.list("--messages")
    assert len(messages) > 25 and "PAM_RESULT" in messages and "ATTACH" in messages and "ANSWER" not in messages
    for state, credentials in known.items():
        ended = len(re.findall(r"(?m)^SK1023 .*sekisho-greeter", lab.log))
        shown = hostile.heard("SHOW ")
        before = {message: hostile.heard(f"SAYS {message}\n") for message in messages}
        # As many as there are messages: each says another one. Not all at once: more than a listener lets sign in.
        for first in range(0, len(messages), AT_ONCE):
            for client in [hostile.act("say any", *credentials) for _ in messages[first:first + AT_ONCE]]:
                hostile.wait_cut(client, "SK2410", f"what is said at {state}")
        # Each message by a screen of its own, which was asked to show one page. What was ended otherwise has not said its own.
        said = {message: hostile.heard(f"SAYS {message}\n") - before[message] for message in messages}
        others = {message: count for message, count in said.items() if count != 1}
        otherwise = re.findall(r"(?m)^SK102[124-9] .*sekisho-greeter.*$", lab.log)
        pages = hostile.heard("SHOW ") - shown
        assert not others and pages == len(messages), f"{state}: {len(messages)} messages, {pages} pages, {others}, {otherwise}"
        cut = len(re.findall(r"(?m)^SK1023 .*sekisho-greeter", lab.log)) - ended
        assert cut == len(messages), f"{state}: {len(messages)} messages, {cut} screens cut for breaking the rules"
    assert [hostile.heard(f"SAYS {message}\n") for message in messages] == [len(known)] * len(messages)
    all_gone(lab)
    for account, password in known.values():
        assert not account or not (lab.sessions(account) or lab.history(account))
        assert not password or not hostile.heard(password)


# What may come of it: the event of its connection.
CUT = {"guess": "SK2413", "garbage-to-worker": "SK2..."}


def test_h532_screen_that_breaks_a_rule_of_its_own_is_cut(new_door, taken_over):
    lab = new_door("sign_in.second_factor=off")
    account, initial = add_engineer(lab, lab.shadow)
    hostile = taken_over(lab)
    at_start = {"silent", "other-build", "hello-twice", "shown-too-early", "answer-too-early"}
    modes = [mode for mode in hostile.list("--help") if mode not in {"listen", "hang", *at_start}]
    assert len(modes) > 10
    for mode in modes:
        who = ("", "") if mode == "guess" else (account, initial)
        hostile.wait_cut(hostile.act(mode, *who), CUT.get(mode, "SK2410"), mode)
    all_gone(lab)
    assert not lab.sessions(account) and not lab.history(account) and not hostile.heard(initial)


def test_h533_taken_over_screen_hears_nothing_of_the_others(new_door, taken_over):
    lab = new_door("sign_in.second_factor=off", "listeners.0.handover=in-band")
    account = settled_engineer(lab, lab.shadow, lab.xrdp)
    honest = knock(lab)
    honest.page("SIGN_IN")
    hostile = taken_over(lab)
    spies = [hostile.act(mode) for mode in ("listen", "flood", "listen")]
    honest.sign_in(account, PASSWORD)
    honest.page("TERMINALS")
    honest.choose()
    lab.wait_session(account)
    wait_for(lambda: hostile.heard("SHOW ") >= len(spies) - 1, PATIENCE, "the spies are told what to show")
    assert not hostile.heard(PASSWORD) and not hostile.heard(account)
    assert not hostile.heard(lab.shadow.encode().decode("latin-1"))


def test_h534_greeters_that_never_start_right_are_no_end_of_the_gateway(new_door, taken_over):
    lab = new_door("sign_in.second_factor=off")
    account = settled_engineer(lab, lab.shadow)
    hostile = taken_over(lab)
    session = lab.raw()
    session.introduce(user=account, password=PASSWORD)
    session.wait_demand_active()
    lab.wait_session(account)
    for mode in ("other-build", "hello-twice", "shown-too-early", "answer-too-early"):
        hostile.set_mode(mode)
        before = len(re.findall(r"(?m)^SK102[35] ", lab.log))
        for pid in lab.pids("sekisho-greeter"):
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda count=before: len(re.findall(r"(?m)^SK102[35] ", lab.log)) > count, PATIENCE, f"{mode} is logged")
        assert lab.gateway_runs() and lab.sessions(account), mode
    hostile.set_mode("listen")
    wait_for(lambda: hostile.act("listen") and hostile.heard("SHOW ") > 0, PATIENCE, "screens come again")


def test_h531_screens_whose_processes_die_cost_their_connections_alone(door):
    account = settled_engineer(door, door.shadow)
    session = door.raw()
    session.introduce(user=account, password=PASSWORD)
    session.wait_demand_active()
    door.wait_session(account)
    visitor = knock(door)
    visitor.page("SIGN_IN")
    end_screens(door.pids("sekisho-greeter"), signal.SIGSEGV)
    visitor.client.wait_closed()
    door.wait_close("SK2410")
    assert door.sessions(account)
    knock(door).page("SIGN_IN")
