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
          "This is the maintenance entrance of Sekisho General Hospital. Authorised work only; what you do is recorded.")
NOTICE = ("11月28日(土) 22:00〜24:00、放射線部門システムの定期メンテナンスを行います。この時間帯は接続できません。\\n\\n"
          "Saturday 28 November, 22:00 to 24:00: maintenance of the radiology systems, which cannot be reached then.")

# As they are listed. The caret stands on the first that may be used, which is FREE.
TAKEN, FREE, SILENT, ATTENDED = "998-放射線部PACS01", "998-検査部LIS01", "998-薬剤部01", "998-電子カルテ01"


@pytest.fixture
def hospital(new_door):
    """Terminals of every kind: in use, free, attended, and one whose host says nothing."""
    lab = new_door("facility.name='関所総合病院  Sekisho General Hospital'", f'sign_in.banner="{BANNER}"',
                   f'sign_in.notices=[{{text: "{NOTICE}"}}]', "listeners.0.handover=in-band", "limits.dial=30s")
    for name in (TAKEN, FREE, ATTENDED):
        add_terminal(lab.admin, name, lab.hosts.variables["LAB_SHADOW_PORT"])
    add_terminal(lab.admin, SILENT, lab.fake_host(silent).port, trust=False)
    lab.call("terminal.trust", name=SILENT, sha256="00" * 32)
    lab.edit_terminal(TAKEN, capacity=1)
    lab.edit_terminal(ATTENDED, attended=True)
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
    visitor.type(code_of(seed_of(key_uri(visitor.picture("enrol")))))
    change_password(visitor, picture="new-password")
    visitor.page("NOTICE", text="11月28日")
    visitor.picture("notice")
    visitor.key("Return")
    visitor.page("TERMINALS")
    visitor.picture("terminals")


def ask_the_hospital(lab, visitor):
    visitor.choose(2)
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


def wait_for_the_host(visitor):
    before = len(visitor.pages())
    visitor.choose(1)
    wait_for(lambda: any(row["name"] == "BUSY" and SILENT in row["text"] for row in visitor.pages()[before:]), 15,
             "the screen says that it is being connected")
    visitor.picture("busy")


@pytest.mark.long
@pytest.mark.parametrize("language", ["en", "ja"])
def test_h1201_every_page(hospital, language):
    account, initial = add_engineer(hospital, TAKEN, FREE, SILENT, ATTENDED, name="sato")
    visitor = at_account(hospital, language)
    first_sign_in(hospital, visitor, account, initial)
    ask_the_hospital(hospital, visitor)
    wait_for_the_host(visitor)
    again = at_account(hospital, language)
    again.sign_in(account, PASSWORD)
    again.page("PROMPT", prompt="One-time code")
    again.picture("code")
    shown = {row["name"] for one in (visitor, again) for row in one.pages()}
    with open(os.path.join(TREE, "gateway/greeter/screens.def"), encoding="utf-8") as file:
        assert shown == set(re.findall(r"^SCREEN\((\w+),", file.read(), re.MULTILINE))
