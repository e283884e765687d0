"""The administration log (F4) for people: what changed in the words of the reader's language, of every operation."""

import csv
import datetime
import io
import json
import os
import re

import pytest

from clerk import run

JAPANESE = "ja_JP.UTF-8"

# What the gateway says of itself; names, notes and addresses of this test are none of these.
WORDS = """active not-yet expired locked always after-approval deny enforced off engineer admin auditor attendant none pin
ca server general suspended unused never-used ends-soon no-device no-terminal any-device protected in out clipboard drive
clipboard-in clipboard-out clipboard-files-in clipboard-files-out drives-in drives-out printer smartcard sound microphone camera
usb channels starting done failed ending killed vouched initial bound state everything true false null accounts""".split()


# What needs a session, an interrupted import, a telephone or somebody who signs in: tests/unit/admin-cli/value_changes_test.c
# tells these.
ELSEWHERE = {"session.kill", "session.notice", "session.watch", "session.watched", "watcher.end", "account.reissue_passwords",
             "account.reset_second_factor", "account.bind_second_factor", "account.change_password", "attend.allow",
             "attend.cancel", "attend.issue", "attend.refuse"}


def actions_of_the_gateway():
    """Every operation that the sources record."""
    tree = os.path.join(os.path.dirname(__file__), "..", "..")
    found = set()
    for folder in ("policy", os.path.join("gateway", "supervisor")):
        for place, _, names in os.walk(os.path.join(tree, folder)):
            for name in names:
                if not name.endswith(".c"):
                    continue
                with open(os.path.join(place, name), encoding="utf-8") as file:
                    source = file.read()
                if "admin_event" in source or "record_change" in source:
                    found |= set(re.findall(r'"((?:account|terminal|vendor|ticket|session|backup|output|window)\.[a-z_]+)"', source))
    return found - {"output.list", "backup.read"}


def do_everything(lab, folder):
    admin = lab.admin.text
    terminal = lab.add_terminal(9, trust=False)
    vendor, heir = "高橋メディカル", "東都システム"
    for name in (vendor, heir):
        admin("vendor", "add", name, "--kind", "server")
    account = lab.add_account(terminal, vendor=vendor)
    admin("account", "edit", account, "--allowlist", "off", "--because", "x", "--priority", terminal + "=3", "--hours",
          "08:30-17:30", "--file-sharing", "after-approval", "--kind", "engineer", "--protect", "要相談")
    admin("account", "edit", account, "--unprotect", "--override-protection")
    admin("account", "edit", account, "--hours", "always")  # whatever the time is, a ticket is issued below
    admin("account", "lock", account)
    admin("account", "unlock", account)
    admin("account", "reset-password", account, "--yes")
    admin("account", "reset-second-password", account, "--yes")
    admin("account", "extend", account, "--until", (datetime.date.today() + datetime.timedelta(days=90)).isoformat(), "--yes")
    admin("terminal", "edit", terminal, "--allow", "clipboard-in", "--deny", "sound", "--in-service", "no")
    admin("terminal", "edit", terminal, "--in-service", "yes", "--ca-file", lab.variables["LAB_CERTIFICATE"])
    admin("terminal", "edit", terminal, "--take-over", "yes", "--idle", "30min", "--longest", "8h")
    admin("window", "add", terminal, "--days", "daily", "--from", "04:00", "--until", "04:30", "--text", "再起動")
    admin("window", "add", terminal, "--from", "2031-01-01 00:00", "--until", "2031-01-02 00:00", "--kind", "restart")
    admin("window", "delete", str(lab.call("window.list", terminal=terminal)["windows"][0]["number"]))
    lab.call("terminal.trust", name=terminal, sha256="5e" * 32)
    lab.call("terminal.set_credential", name=terminal, user="maintenance", password="x")
    lab.call("terminal.delete_credential", name=terminal)
    lab.call("ticket.issue", account=account, terminal=terminal, mac=lab.mac_of(account))
    hash_ = json.loads(run(lab, "--json", "account", "review").stdout)["list_hash"]
    admin("account", "review", "sign", "--list-hash", hash_)
    admin("account", "export", "--output", os.path.join(folder, "accounts.csv"))
    output = str(lab.call("output.list")["outputs"][0]["id"])
    admin("export", "delete", output, "--yes")
    admin("vendor", "edit", vendor, "--state", "suspended", "--yes")
    admin("vendor", "delete", vendor, "--move-to", heir, "--yes")
    backup = lab.admin.json("backup", "create", "--yes")["id"]
    admin("backup", "get", backup, "--output", os.path.join(folder, "kept.backup"))
    admin("backup", "restore", backup, "--rehearse", "--yes")
    admin("backup", "restore", backup, "--yes")
    admin("backup", "delete", backup, "--yes")
    admin("account", "delete", account, "--yes")
    admin("terminal", "delete", terminal, "--yes")


def told(cell):
    """{label: values} of a cell such as "状態: 有効; 接続可能時間: 常時"."""
    return {label: re.split(", |,| ", values) for label, _, values in (part.partition(": ") for part in cell.split("; "))}


def test_f004_every_change_is_told_in_the_readers_words(office, tmp_path):
    do_everything(office, str(tmp_path))
    rows = json.loads(run(office, "--json", "log", "admin").stdout)["rows"]
    assert actions_of_the_gateway() - ELSEWHERE <= {row["action"] for row in rows}
    cells = {}
    for language in ("C.UTF-8", JAPANESE):
        table = csv.reader(io.StringIO(run(office, "log", "admin", "--csv", language=language).stdout[1:], newline=""))
        cells[language] = [cell for row in list(table)[1:] for cell in row[4:6] if cell]
    assert len(cells[JAPANESE]) == len(cells["C.UTF-8"]) > 30
    for cell in cells["C.UTF-8"]:
        for label in told(cell):
            assert re.fullmatch("[A-Z][^_:]+", label), (label, cell)
    for cell in cells[JAPANESE]:
        for label, values in told(cell).items():
            assert label in ("SHA-256", "NLA") or re.search("[ぁ-んァ-ヶ一-龠]", label), (label, cell)
            assert not set(values) & set(WORDS), (values, cell)


def test_f004_the_table_tells_the_same_and_json_stays_neutral(office):
    account = office.add_account()
    office.admin.text("account", "edit", account, "--allowlist", "off", "--because", "x", "--hours", "08:30-17:30")
    shown = run(office, "log", "admin", "--target", account, "--action", "account.edit", language=JAPANESE).stdout
    assert "接続可能時間: 常時 → 08:30-17:30; MACアドレス制限: 有効 → 無効" in shown
    english, japanese = (run(office, "--json", "log", "admin", "--target", account, language=language).stdout
                         for language in ("C.UTF-8", JAPANESE))
    assert english == japanese and '"allowlist": "off"' in english.replace('":"', '": "')
