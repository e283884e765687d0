"""C7 to its end: the hospital lets an engineer in who waits, as attendants and engineers see it; and what consent is to."""

import contextlib
import json
import os
import pwd
import re
import signal
import subprocess

import pytest

from clerk import answer, places_of, run
from desktop import Desktop
from h001_sign_in import wait_shadow
from lab_parts.processes import PATIENCE, wait_for
from visitor import PASSWORD, knock, settled_engineer, visit

ATTENDANT = "games"  # a user that every machine has, and nobody is
JAPANESE = "ja_JP.UTF-8"


@pytest.fixture(scope="module")
def ward(request, folders, hosts):
    """A facility where people sign in, with an attendant."""
    from conftest import open_door
    facility = open_door(request, folders, hosts, "sign_in.second_factor=off", "listeners.0.handover=in-band",
                         f"roles.attendant.users=[{ATTENDANT}]")
    facility.begin_test()
    facility.call("account.add", id=ATTENDANT, family_name="佐藤", given_name="花子", email="games@example.jp", kind="attendant")
    yield facility
    facility.close()


@pytest.fixture(autouse=True)
def one_test(request):
    facility = request.getfixturevalue("ward") if "ward" in request.fixturenames else None
    if facility:
        assert facility.gateway_runs()
        facility.begin_test()
    yield
    if facility:
        facility.end_test()


def attended_terminal(lab, host="LAB_SHADOW_PORT", **changes):
    """(account, terminal) of this test alone; the attendant has been given the terminal."""
    terminal = lab.add_terminal(lab.hosts.variables[host], attended=True, **changes)
    with contextlib.suppress(Exception):
        lab.edit_account(ATTENDANT, add_terminals=[terminal])
    return settled_engineer(lab, terminal), terminal


def at_number(lab, account, **options):
    visitor = knock(lab, **options)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("NUMBER")
    return visitor


def ask_somebody(visitor):
    visitor.type("")
    return visitor.page("WAITING")


def rows(lab, account):
    return [row for row in lab.call("attend.list")["waiting"] if row["account"] == full_id(lab, account)]


def full_id(lab, account):
    return lab.call("account.show", id=account)["full_id"]


def row_of(lab, account):
    return wait_for(lambda: next(iter(rows(lab, account)), None), PATIENCE, f"{account} waits for permission")


def attend(lab, *arguments, **more):
    return run(lab, "attend", *arguments, user=pwd.getpwnam(ATTENDANT).pw_uid, **more)


class Follower:
    """attend list --follow, as somebody has it on a screen."""

    def __init__(self, lab, *options, language="C.UTF-8"):
        self.path = os.path.join(lab.folder, lab.new_name("follow"))
        environment = {**os.environ, "LC_ALL": language, **places_of(language)}
        with open(self.path, "wb") as file:
            self.process = subprocess.Popen(lab.admin.command(*options, "attend", "list", "--follow"), env=environment,
                                            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)

    @property
    def text(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()

    def wait(self, pattern):
        return wait_for(lambda: re.search(pattern, self.text), PATIENCE, f"{pattern!r} is told")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)


@pytest.fixture
def follow():
    made = []

    def make(*arguments, **options):
        made.append(Follower(*arguments, **options))
        return made[-1]
    yield make
    for follower in made:
        if follower.process.poll() is None:
            follower.end()


def wait_last_login(lab, account, reason):
    """It is written while the screen goes on."""
    wait_for(lambda: lab.call("log.logins", account=account)["rows"][-1]["reason"] == reason, PATIENCE, f"{account}'s last is {reason}")


def test_h701_live_consent_from_the_question_to_the_end(ward, follow):
    account, terminal = attended_terminal(ward)
    screen = follow(ward)
    screen.wait("No number has been issued|not been used")
    visitor = visit(ward, "xfreerdp3")
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("NUMBER")
    visitor.key("Return")
    visitor.page("WAITING", text=terminal)
    row = row_of(ward, account)
    person = "試験 太郎"
    assert (row["terminal"], row["name"], row["source"]) == (terminal, person, "127.0.0.1")
    assert row["since"] < row["until"]
    # Who waits since when for what: the attendant's list, and what those see who follow it.
    line = rf"(?m)^{row['id']} +{re.escape(row['account'])} +{person} +{re.escape(terminal)} +127\.0\.0\.1 +\d{{4}}-.*\d$"
    assert re.search(line, attend(ward, "list").stdout)
    screen.wait(line)
    # Nothing is decided without being confirmed, and who is asked sees whom it is about.
    seen, status = answer(ward, "n", "attend", "allow", str(row["id"]))
    assert status != 0 and terminal in seen and person in seen and rows(ward, account)
    allowed = attend(ward, "allow", str(row["id"]), "--because", "電話で確認", "--yes")
    assert allowed.returncode == 0 and terminal in allowed.stdout, allowed.stderr
    session = ward.wait_session(account)
    visitor.client.wait_picture()
    screen.wait(rf"(?m)^{re.escape(row['account'])} waits no longer for {re.escape(terminal)} \({row['id']}\)\.$")
    # Who let whom in, to what: as long as it runs, and afterwards.
    by = "unix:" + ATTENDANT
    assert re.search(rf"(?m)^{session['id'][:8]} .* {by} ", attend_session(ward, "list").stdout)
    for now in ("running", "ended"):
        shown = attend_session(ward, "show", session["id"][:12])
        assert shown.returncode == 0, (now, shown.stderr)
        for fact in (rf"Let in by +{by}", "Consent to control +yes", "Consent to clipboard, drives and devices +no"):
            assert re.search(fact, shown.stdout), (now, shown.stdout)
        if now == "running":
            ended = attend_session(ward, "kill", session["id"], "--because", "終了", "--yes")
            assert ended.returncode == 0, ended.stderr
            assert ward.wait_end(account)["by"] == by
            visitor.client.wait_end()
    listed = attend_session(ward, "list", "--ended", "--terminal", terminal).stdout
    assert re.search(rf"(?m)^{session['id'][:8]} .* {by} ", listed), listed
    decision = ward.call("log.admin", action="attend.allow", target=terminal)["rows"][-1]
    assert decision["actor"] == by and decision["because"] == "電話で確認" and decision["after"]["account"] == row["account"]


def attend_session(lab, *arguments):
    return run(lab, "session", *arguments, user=pwd.getpwnam(ATTENDANT).pw_uid)


def test_h702_refused_engineers_read_why(ward):
    account, terminal = attended_terminal(ward)
    for language in ("en", "ja"):
        visitor = visit(ward, "xfreerdp3", language=language)
        visitor.page("SIGN_IN")
        visitor.sign_in(account, PASSWORD)
        visitor.page("NUMBER")
        visitor.key("Return")
        visitor.page("WAITING")
        row = row_of(ward, account)
        done = run(ward, "attend", "refuse", str(row["id"]), "--because", "電話がありません", "--yes", language=JAPANESE)
        assert done.returncode == 0 and terminal in done.stdout, done.stderr
        visitor.page("SORRY", text=f"The hospital has not let you in to {terminal}. The reason: 電話がありません")
        visitor.picture("refused-by-the-hospital")
        wait_last_login(ward, account, "ATTENDANCE_REFUSED")
        # And may ask again.
        visitor.key("Return")
        visitor.page("NUMBER")
    assert not ward.history(account)


def test_h703_nobody_answers(new_door):
    lab = new_door("sign_in.second_factor=off", "limits.consent=8s")
    account, _ = attended_terminal(lab)
    visitor = at_number(lab, account)
    ask_somebody(visitor)
    row_of(lab, account)
    visitor.page("SORRY", text="Nobody at the hospital answered in time.")
    assert not rows(lab, account)
    wait_last_login(lab, account, "ATTENDANCE_TOO_LATE")
    visitor.key("Return")
    visitor.page("NUMBER")
    # Nor is there a number.
    visitor.page("SORRY", text="Nobody at the hospital has let you in.")


def test_h704_who_goes_away_is_taken_off_every_list(ward, follow):
    account, terminal = attended_terminal(ward)
    screen = follow(ward, "--json")
    screens = follow(ward, language=JAPANESE)
    visitor = at_number(ward, account)
    ask_somebody(visitor)
    row = row_of(ward, account)
    screen.wait(rf'"id":{row["id"]},.*"waits":true')
    screens.wait(rf"(?m)^{row['id']} ")
    visitor.client.close()
    wait_for(lambda: not rows(ward, account), PATIENCE, "the list forgets who has left")
    screen.wait(rf'"id":{row["id"]},.*"waits":false')
    screens.wait(f"{re.escape(row['account'])} は {re.escape(terminal)} の許可待ちを終了しました")
    refused = attend(ward, "allow", str(row["id"]), "--yes")
    assert refused.returncode == 1 and "nobody waits" in refused.stderr
    assert not ward.history(account)


def test_h705_a_restarted_gateway_lets_in_nobody_who_waited(new_door, follow):
    lab = new_door("sign_in.second_factor=off")
    account, _ = attended_terminal(lab)
    screen = follow(lab)
    visitor = at_number(lab, account)
    ask_somebody(visitor)
    row = row_of(lab, account)
    screen.wait(rf"(?m)^{row['id']} ")
    os.kill(lab.gateway_process["pid"], signal.SIGKILL)
    wait_for(lambda: not visitor.client.running(), PATIENCE, "the engineer's connection ends")
    # Whoever followed is told by the end that there is nothing to follow.
    assert screen.process.wait(PATIENCE) != 0
    lab.start_gateway_again()
    assert lab.call("attend.list")["waiting"] == []
    again = at_number(lab, account)
    ask_somebody(again)
    other = row_of(lab, account)
    # What was on the screen before lets in nobody now.
    assert other["id"] != row["id"]
    refused = run(lab, "attend", "allow", str(row["id"]), "--yes")
    assert refused.returncode == 1 and "nobody waits" in refused.stderr
    assert not lab.history(account)


def test_h706_only_who_was_meant_is_let_in(ward):
    account, _ = attended_terminal(ward)
    visitor = at_number(ward, account)
    ask_somebody(visitor)
    row = row_of(ward, account)
    with pytest.raises(Exception, match="nobody waits"):
        ward.call("attend.allow", id=row["id"], account="998-somebody.else")
    assert rows(ward, account)
    ward.call("attend.allow", id=row["id"], account=row["account"])
    ward.wait_session(account)


def on_host(lab, client, *command):
    return client.screen.run("env", "DISPLAY=" + lab.hosts.variables["LAB_SHADOW_DISPLAY"], *command)


def caps_lock(lab, client):
    return re.search(r"Caps Lock: +(on|off)", on_host(lab, client, "xset", "q"))[1]


@pytest.mark.parametrize("look_only", [False, True], ids=["control", "look-only"])
@pytest.mark.parametrize("way", ["number", "consent"])
def test_h707_who_may_only_look(ward, way, look_only):
    account, _ = attended_terminal(ward)
    options = ["--look-only"] if look_only else []
    visitor = visit(ward, "xfreerdp3")
    client = visitor.client
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("NUMBER")
    if way == "number":
        terminal = ward.call("account.show", id=account)["terminals"][0]
        visitor.type(ward.admin.json("attend", "issue", "--terminal", terminal, *options)["digits"])
    else:
        visitor.key("Return")
        visitor.page("WAITING")
        ward.admin.text("attend", "allow", str(row_of(ward, account)["id"]), "--yes", *options)
    session = ward.wait_session(account)
    assert session["let_in_control"] == (not look_only)
    # What is typed before the desktop has begun is lost.
    wait_shadow(client)
    on_host(ward, client, "xdotool", "mousemove", "20", "20")
    keys = caps_lock(ward, client)
    before = ward.sessions(account)[0]["bytes_from_client"]
    client.screen.run("xdotool", "mousemove", "321", "432")
    client.key("Caps_Lock")
    client.click(330, 440)

    def arrived():
        return "x:330 y:440" in on_host(ward, client, "xdotool", "getmouselocation") and caps_lock(ward, client) != keys
    if not look_only:
        wait_for(arrived, PATIENCE, "pointer and keyboard work on the jump host")
        client.key("Caps_Lock")
        wait_for(lambda: caps_lock(ward, client) == keys, PATIENCE, "the key works again")
        return
    # It reached the gateway; what the host draws afterwards is seen, and what it does not get it does not do.
    wait_for(lambda: ward.sessions(account)[0]["bytes_from_client"] > before, PATIENCE, "the gateway receives input")
    first = client.screenshot(os.path.join(ward.folder, "look-first.png"))
    on_host(ward, client, "xdotool", "mousemove", "700", "600")

    def moved():
        with open(first, "rb") as one, open(client.screenshot(first + ".png"), "rb") as other:
            return one.read() != other.read()
    wait_for(moved, PATIENCE, "the picture goes on")
    assert "x:700 y:600" in on_host(ward, client, "xdotool", "getmouselocation")
    assert caps_lock(ward, client) == keys


def copy_on_client(client, text):
    path = os.path.join(client.state.folder, client.name + ".clipboard")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    client.background("xclip", "-quiet", "-selection", "clipboard", "-i", path)


@pytest.mark.parametrize("files", [True, False], ids=["files", "no files"])
def test_h708_file_channels_need_consent_of_their_own(ward, files):
    account, terminal = attended_terminal(ward, "LAB_XRDP_PORT", allow=["clipboard-in", "drives-in"])
    visitor = visit(ward, "xfreerdp3", options=("+clipboard", "/drive:share," + ward.folder, "/dynamic-resolution",
                                                "/log-filters:com.freerdp.channels.rdpdr.client:TRACE,"
                                                "com.freerdp.channels.drdynvc.client:TRACE"))
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("NUMBER")
    options = ["--files"] if files else []
    visitor.type(ward.admin.json("attend", "issue", "--terminal", terminal, *options)["digits"])
    assert ward.wait_session(account)["let_in_files"] == files
    desktop = Desktop(ward, visitor.client).sign_in()
    copy_on_client(visitor.client, "from outside")
    paste = "timeout 3 xclip -o -selection clipboard; echo pasted"
    channels = r"(?i)rdpdr.*(announce|create|capabilit)"
    # The display comes by dynamic channels, whatever there is consent to.
    visitor.client.wait_log(r"drdynvc.*DisplayControl")
    if files:
        wait_for(lambda: "from outside" in desktop.run(paste), PATIENCE, "the text is pasted")
        visitor.client.wait_log(channels)
        return
    assert "from outside" not in desktop.run(paste)
    assert not re.search(channels, visitor.client.log), re.search(channels, visitor.client.log)[0]


def issue(lab, terminal, *more):
    return lab.admin.json("attend", "issue", "--terminal", terminal, *more)["digits"]


def test_h709_a_number_lives_a_quarter_of_an_hour(new_door):
    lab = new_door("sign_in.second_factor=off", clock="2026-11-16T09:00:00+09:00")
    account, terminal = attended_terminal(lab)
    early, late = issue(lab, terminal), issue(lab, terminal)
    expires = {row["expires"] for row in lab.call("attend.list")["numbers"]}
    # The calendar stands still, the clock since the boot does not.
    assert all(re.match("2026-11-16T00:1[45]:", when) for when in expires)
    lab.pass_time(14)
    visitor = at_number(lab, account)
    visitor.type(early)
    lab.wait_session(account)
    visitor.client.close()
    lab.wait_end(account)
    lab.pass_time(1)
    assert lab.call("attend.list")["numbers"] == []
    visitor = at_number(lab, account)
    visitor.type(late)
    visitor.page("NUMBER", error="wrong, used or too old")
    assert len(lab.history(account)) == 1
    wait_last_login(lab, account, "ATTENDANCE_WRONG")


def test_h710_a_number_for_one_engineer_is_nobody_elses(ward):
    account, terminal = attended_terminal(ward)
    other = settled_engineer(ward, terminal)
    digits = issue(ward, terminal, "--account", account)
    visitor = at_number(ward, other)
    visitor.type(digits)
    visitor.page("NUMBER", error="wrong")
    assert not ward.history(other)
    # Nor has the other one used it up.
    visitor = at_number(ward, account)
    visitor.type(digits)
    ward.wait_session(account)


def wrong(digits, by):
    return f"{(int(digits) + by) % 100000000:08d}"


@pytest.fixture
def strict_door(new_door):
    return new_door("sign_in.second_factor=off", "sources.exempt=[]", "sign_in.greeters_per_source=20",
                    "sources.penalty_threshold=9min")


def test_h711_five_wrong_tries_close_a_source_and_no_other(strict_door):
    lab = strict_door
    account, terminal = attended_terminal(lab)
    elsewhere, other = attended_terminal(lab)
    digits = issue(lab, other)
    visitor = at_number(lab, account)
    for by in range(5):
        visitor.type(wrong(digits, by + 1))
        visitor.page("NUMBER", error="wrong")
    visitor.type(issue(lab, terminal))
    visitor.page("NUMBER", error="Too many wrong numbers")
    # Whatever terminal it is for; and the others go on.
    visitor = at_number(lab, elsewhere)
    visitor.type(digits)
    visitor.page("NUMBER", error="Too many wrong numbers")
    visitor = at_number(lab, elsewhere, source="127.0.0.9")
    visitor.type(digits)
    lab.wait_session(elsewhere)
    assert not lab.history(account)
    # And the one that nobody looked at.
    wait_for(lambda: [row["reason"] for row in lab.call("log.logins", account=account)["rows"]].count("ATTENDANCE_WRONG") == 6, PATIENCE,
             "six wrong numbers are logged")


def test_h712_five_wrong_tries_kill_a_number_wherever_they_come_from(strict_door):
    lab = strict_door
    account, terminal = attended_terminal(lab)
    digits = issue(lab, terminal)
    left = [3, 2]
    for count, source in zip(left, ("127.0.0.1", "127.0.0.8")):
        visitor = at_number(lab, account, source=source)
        for by in range(count):
            visitor.type(wrong(digits, by + 1))
            visitor.page("NUMBER", error="wrong")
    assert lab.call("attend.list")["numbers"] == []
    # Neither source has to wait: it is the number that is dead.
    visitor.type(digits)
    visitor.page("NUMBER", error="This number is wrong")
    assert not lab.history(account)
    visitor.type(issue(lab, terminal))
    lab.wait_session(account)


def test_h713_what_attendants_are_not_given_stays_unseen(ward):
    account, terminal = attended_terminal(ward)
    ward.edit_account(ATTENDANT, remove_terminals=[terminal])
    visitor = at_number(ward, account)
    ask_somebody(visitor)
    row = row_of(ward, account)
    assert str(row["id"]) not in attend(ward, "list").stdout
    for verb in ("allow", "refuse"):
        refused = attend(ward, verb, str(row["id"]), "--yes")
        assert refused.returncode == 1 and "nobody waits" in refused.stderr
    ward.admin.text("attend", "allow", str(row["id"]), "--yes")
    session = ward.wait_session(account)
    visitor.client.close()
    ward.wait_end(account)
    for command in (["show", session["id"]], ["list", "--ended"]):
        assert terminal not in attend_session(ward, *command).stdout
    everything = json.loads(run(ward, "--json", "session", "list", "--ended", "--terminal", terminal).stdout)["sessions"]
    assert [(one["session"], one["let_in_by"]) for one in everything] == [(session["id"], "unix:root")]
