"""A19: vendors by sekisho-admin, against the real daemon."""

import json

import pytest

from clerk import answer, run
from lab_parts.control import Refused


@pytest.fixture
def vendor(office):
    name = office.new_name("関所メディカル")
    office.admin.text("vendor", "add", name, "--kind", "server", "--note", "夜間 03-0000-0000")
    return name


def test_a019_a_vendor_is_kept_with_kind_state_and_times(office, vendor):
    shown = json.loads(run(office, "--json", "vendor", "show", vendor).stdout)
    assert (shown["kind"], shown["state"], shown["accounts"], shown["version"]) == ("server", "active", 0, 1)
    assert shown["created"] == shown["updated"] and shown["changed_by"].startswith("unix:")
    office.admin.text("vendor", "edit", vendor, "--kind", "general", "--note", "昼のみ")
    shown = office.call("vendor.show", name=vendor)
    assert (shown["kind"], shown["note"], shown["version"]) == ("general", "昼のみ", 2)
    listed = run(office, "vendor", "list", language="ja_JP.UTF-8")
    row = next(line for line in listed.stdout.splitlines() if line.startswith(vendor))
    assert "一般" in row and "昼のみ" in row and "ベンダー" in listed.stdout.splitlines()[0]


@pytest.mark.parametrize("name", ["", "=1+1", "あ" * 65, 'say "A"', "two\nlines"])
def test_a019_a_name_that_is_none_is_refused_with_the_rule(office, name):
    done = run(office, "vendor", "add", name)
    assert done.returncode == 1
    assert "1 to 64 printable characters" in done.stderr and "example:" in done.stderr


def test_a019_names_are_unique_in_whatever_case(office):
    office.admin.text("vendor", "add", "Alpha Co., Ltd.")
    again = run(office, "vendor", "add", "ALPHA co., ltd.")
    assert again.returncode == 1 and "there is a vendor" in again.stderr
    assert office.call("vendor.show", name="alpha CO., LTD.")["name"] == "Alpha Co., Ltd."


def test_a019_a_mistyped_name_is_guessed(office, vendor):
    done = run(office, "vendor", "show", vendor + "x")
    assert done.returncode == 1 and f"did you mean `{vendor}`?" in done.stderr


def test_a019_engineers_belong_to_a_vendor_and_are_counted(office, vendor):
    account = office.add_account()
    office.edit_account(account, vendor=vendor)
    assert office.call("account.show", id=account)["vendor"] == vendor
    assert office.call("vendor.show", name=vendor)["accounts"] == 1
    assert "1 account belongs" in office.admin.text("vendor", "show", vendor)


def test_a019_deleting_a_vendor_with_accounts_is_never_silent(office, vendor):
    heir = office.new_name("引受会社")
    account = office.add_account()
    office.admin.text("vendor", "add", heir)
    office.edit_account(account, vendor=vendor)
    refused = run(office, "vendor", "delete", vendor, "--yes")
    assert refused.returncode == 1 and "(1)" in refused.stderr and "--move-to" in refused.stderr
    seen, status = answer(office, "n", "vendor", "delete", vendor, "--move-to", heir)
    assert status == 1 and vendor in seen and "cannot be undone" in seen
    assert office.call("account.show", id=account)["vendor"] == vendor
    seen, status = answer(office, "y", "vendor", "delete", vendor, "--move-to", heir)
    assert status == 0 and "1 account belongs to " + heir in seen
    assert office.call("account.show", id=account)["vendor"] == heir
    with pytest.raises(Refused):
        office.call("vendor.show", name=vendor)


def test_a019_the_second_of_two_clerks_is_told(office, vendor):
    seen = office.call("vendor.show", name=vendor)["version"]
    office.call("vendor.edit", name=vendor, changes={"note": "first"}, version=seen)
    late = run(office, "vendor", "edit", vendor, "--note", "second", "--if-version", str(seen))
    assert late.returncode == 1 and "changed meanwhile" in late.stderr and "first" in late.stderr
    assert office.call("vendor.show", name=vendor)["note"] == "first"


def test_a019_suspending_asks_and_shows_how_many(office, vendor):
    office.edit_account(office.add_account(), vendor=vendor)
    seen, status = answer(office, "n", "vendor", "edit", vendor, "--state", "suspended")
    assert status == 1 and "Suspend this vendor?" in seen and vendor in seen
    assert office.call("vendor.show", name=vendor)["state"] == "active"
    done = run(office, "vendor", "edit", vendor, "--state", "suspended", "--yes", "--because", "契約終了")
    assert done.returncode == 0 and "is suspended" in done.stdout
    assert office.call("vendor.list", state="suspended")["vendors"][-1]["state"] == "suspended"


def test_a019_a_suspended_vendors_session_ends_with_its_reason(lab):
    """Its tickets are refused, and when it is active again its engineers come in again."""
    terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"])
    account, bystander = lab.add_account(terminal), lab.add_account(terminal)
    vendor = lab.new_name("停止会社")
    lab.call("vendor.add", name=vendor)
    lab.edit_account(account, vendor=vendor)
    clients = []
    for each in (account, bystander):
        ticket = lab.ticket(each, terminal)
        clients.append(lab.raw())
        clients[-1].introduce(ticket.handle, ticket.secret)
        clients[-1].wait_demand_active()
        lab.wait_session(each)
    lab.admin.text("vendor", "edit", vendor, "--state", "suspended", "--because", "契約終了", "--yes")
    clients[0].wait_closed()
    end = lab.wait_end(account)
    assert (end["state"], end["because"]) == ("killed", "契約終了")
    assert end["reason"] == "VENDOR_SUSPENDED"
    lab.wait_close("SK2123")
    assert lab.sessions(bystander), "somebody else's engineer works on"
    with pytest.raises(Refused) as refused:
        lab.call("ticket.issue", account=account, terminal=terminal, mac=lab.mac_of(account))
    assert "vendor is suspended" in str(refused.value)
    lab.admin.text("vendor", "edit", vendor, "--state", "active")
    ticket = lab.ticket(account, terminal)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    client.wait_demand_active()


def test_a018_suspending_the_vendor_of_a_protected_engineer_takes_the_override(office, vendor):
    note = "PACS保守回線。先に佐藤 (内線2210) へ"
    account = office.add_account()
    office.edit_account(account, vendor=vendor, protected=note)
    refused = run(office, "vendor", "edit", vendor, "--state", "suspended", "--yes")
    assert refused.returncode == 1 and note in refused.stderr and account in refused.stderr
    assert "--override-protection" in refused.stderr
    assert office.call("vendor.show", name=vendor)["state"] == "active"
    office.admin.text("vendor", "edit", vendor, "--state", "suspended", "--yes", "--override-protection")
    assert office.call("vendor.show", name=vendor)["state"] == "suspended"
