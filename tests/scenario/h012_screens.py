"""Every page of the sign-in screen in both languages, as a real client shows it.

tests/sign_in_pictures keeps what this takes in docs/pictures.
"""

import os
import re

import pytest

from conftest import TREE
from jump_hosts import silent
from lab_parts.facility import add_account, add_terminal, new_mac
from lab_parts.processes import PATIENCE, wait_for
from visitor import PASSWORD, add_engineer, change_password, code_of, key_uri, seed_of, visit

BANNER = ("関所総合病院の保守用の入口です。許可された作業に限ります。操作は記録されます。\\n\\n"
          "This is the maintenance entrance of Sekisho General Hospital. Authorised work only; what you do is logged.")
NOTICE = ("11月28日(土) 22:00〜24:00、放射線部門システムの定期メンテナンスを行います。この時間帯は接続できません。\\n\\n"
          "Saturday 28 November, 22:00 to 24:00: maintenance of the radiology systems, which cannot be reached then.")

# As they are listed. The caret stands on the first, which may be used.
TAKEN, FREE, SILENT, ATTENDED = "998-放射線部PACS01", "998-検査部LIS01", "998-薬剤部01", "998-電子カルテ01"
# Whose sessions are recorded, and must be watched.
RECORDED, WATCHED = "998-生理検査部01", "998-病理部01"
# One that restarts now, and one that will soon: by a clock that stands still.
RESTARTS, CLOSES = "998-資格確認端末01", "998-手術部01"
ALL = sorted([TAKEN, FREE, SILENT, ATTENDED, RESTARTS, CLOSES, RECORDED, WATCHED])
NOON = "2026-11-27T12:00:58+09:00"


@pytest.fixture
def hospital(new_door):
    """Terminals of every kind: in use, free, attended, and one whose host says nothing."""
    lab = new_door("facility.name='関所総合病院  Sekisho General Hospital'", f'sign_in.banner="{BANNER}"',
                   f'sign_in.notices=[{{text: "{NOTICE}"}}]', "listeners.0.handover=in-band", "limits.dial=30s", clock=NOON)
    for name in (TAKEN, FREE, ATTENDED, RESTARTS, CLOSES, RECORDED, WATCHED):
        add_terminal(lab.admin, name, lab.hosts.variables["LAB_SHADOW_PORT"])
    add_terminal(lab.admin, SILENT, lab.fake_host(silent).port, trust=False)
    lab.call("terminal.trust", name=SILENT, sha256="00" * 32)
    lab.edit_terminal(TAKEN, capacity=1, take_over=True)
    for name, begin, end in ((RESTARTS, "12:00", "12:30"), (CLOSES, "12:15", "12:45")):
        lab.admin.text("window", "add", name, "--kind", "restart", "--days", "daily", "--from", begin, "--until", end, "--yes")
    lab.edit_terminal(ATTENDED, attended=True)
    lab.edit_terminal(RECORDED, recording="best-effort", record_input=True)
    lab.edit_terminal(WATCHED, four_eyes=True)
    add_account(lab.admin, "yamada", [TAKEN], macs=[new_mac()])
    lab.xfreerdp(lab.ticket("yamada", TAKEN).in_a_window())
    lab.wait_session("yamada")
    return lab


def at_account(lab, language):
    visitor = visit(lab, "xfreerdp3", language=language)
    visitor.page("NOTICE", text="関所総合病院")
    visitor.picture("banner")
    visitor.key("Return")
    visitor.page("SIGN_IN")
    return visitor


def first_sign_in(lab, visitor, account, initial):
    visitor.picture("sign-in")
    visitor.sign_in(account, "not the password")
    visitor.page("SIGN_IN", error="wrong")
    visitor.picture("wrong-password")
    visitor.type(initial)
    visitor.page("ENROL")
    visitor.type(code_of(seed_of(key_uri(visitor))))
    change_password(visitor, picture="new-password")
    visitor.page("NOTICE", text="11月28日")
    visitor.picture("notice")
    visitor.key("Return")
    visitor.page("TERMINALS")
    visitor.picture("terminals")


def ask_the_hospital(lab, visitor):
    visitor.choose(ALL.index(ATTENDED))
    visitor.page("NUMBER", text=ATTENDED)
    visitor.picture("number")
    visitor.key("Return")
    visitor.page("WAITING")
    visitor.picture("waiting")
    waiting = wait_for(lambda: lab.call("attend.list")["waiting"], PATIENCE, "somebody waits")
    lab.admin.text("attend", "refuse", str(waiting[0]["id"]), "--because", "nobody called", "--yes")
    visitor.page("SORRY", text=ATTENDED)
    visitor.picture("sorry")
    visitor.key("Return")
    visitor.page("TERMINALS")


def see_who_goes_first(visitor):
    """Both are left by their cancel key."""
    visitor.choose(ALL.index(CLOSES))
    visitor.page("QUESTION", text="12:15")
    visitor.picture("closes-soon")
    visitor.key("Escape")
    visitor.page("TERMINALS")
    visitor.choose(ALL.index(TAKEN))
    visitor.page("QUESTION", text="yamada")
    visitor.picture("take-over")
    visitor.key("Return")
    visitor.page("PLACE")
    visitor.picture("place")
    visitor.key("Escape")
    visitor.page("TERMINALS")


def see_who_looks(visitor):
    visitor.choose(ALL.index(RECORDED))
    visitor.page("RECORDED", text=RECORDED)
    visitor.picture("recorded")
    visitor.key("Escape")
    visitor.page("TERMINALS")
    visitor.choose(ALL.index(WATCHED))
    visitor.page("WATCHED", text=WATCHED)
    visitor.picture("watched")
    visitor.key("Escape")
    visitor.page("TERMINALS")


def wait_for_the_host(visitor):
    before = len(visitor.pages())
    visitor.choose(ALL.index(SILENT))
    wait_for(lambda: any(row["name"] == "BUSY" and SILENT in row["text"] for row in visitor.pages()[before:]), PATIENCE,
             "the screen says that it is being connected")
    visitor.picture("busy")


@pytest.mark.long
@pytest.mark.parametrize("language", ["en", "ja"])
def test_h1201_every_page(hospital, language):
    account, initial = add_engineer(hospital, *ALL, name="sato")
    hospital.edit_account(account, priorities={TAKEN: 5})
    visitor = at_account(hospital, language)
    first_sign_in(hospital, visitor, account, initial)
    ask_the_hospital(hospital, visitor)
    see_who_goes_first(visitor)
    see_who_looks(visitor)
    wait_for_the_host(visitor)
    again = at_account(hospital, language)
    again.sign_in(account, PASSWORD)
    again.page("PROMPT", prompt="One-time code")
    again.picture("code")
    shown = {row["name"] for one in (visitor, again) for row in one.pages()}
    with open(os.path.join(TREE, "gateway/greeter/screens.def"), encoding="utf-8") as file:
        assert shown == set(re.findall(r"^SCREEN\((\w+),", file.read(), re.MULTILINE))
