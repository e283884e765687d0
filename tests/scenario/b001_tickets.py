"""A ticket opens one session, for one account, from one source, for a minute."""

import os
import time

import rdp_wire as wire
from lab_parts.processes import PATIENCE, wait_for


def introduce(lab, **how):
    """A client that gets as far as Client Info; returns the error codes that it was told."""
    client = lab.raw()
    client.introduce(**how)
    return client.told()


def test_b001_rdp_file_is_for_its_owner_alone_and_asks_for_nothing_that_is_not_granted(lab):
    _, ticket = lab.new_ticket(lab.shadow)
    assert os.stat(ticket.path).st_mode & 0o777 == 0o600
    assert "redirectclipboard:i:0" in ticket.text
    assert "enablecredsspsupport:i:0" in ticket.text
    assert ticket.handle.startswith("+") and len(ticket.secret) >= 43


def test_b002_no_ticket_is_refused(lab):
    assert introduce(lab, user="sato", password="secret") == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2101")


def test_b003_handle_without_secret_burns_nothing(lab):
    account, ticket = lab.new_ticket(lab.shadow)
    assert introduce(lab, handle=ticket.handle) == [wire.ERRINFO_SERVER_DENIED]
    assert introduce(lab, handle=ticket.handle, user="guess") == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2105")
    lab.xfreerdp(ticket).wait_picture()
    lab.wait_session(account)


def test_b004_handle_and_secret_as_user_name_and_password(lab):
    account, ticket = lab.new_ticket(lab.shadow)
    client = lab.raw()
    client.introduce(user=ticket.handle, password=ticket.secret)
    client.wait_demand_active()
    lab.wait_session(account)


def test_b005_used_ticket_of_an_ended_session_is_refused(lab):
    account, ticket = lab.new_ticket(lab.shadow)
    lab.xfreerdp(ticket).wait_picture()
    session = lab.wait_session(account)
    lab.call("session.kill", id=session["id"], because="done")
    lab.wait_end(account)
    assert introduce(lab, handle=ticket.handle, user=ticket.secret) == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2102")


def test_b006_ticket_of_another_source_is_refused_and_stays_its_owners(lab):
    account = lab.add_account(lab.shadow)
    ticket = lab.ticket(account, lab.shadow, source="127.0.0.9")
    assert introduce(lab, handle=ticket.handle, user=ticket.secret) == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2104")
    client = lab.raw(source="127.0.0.9")
    client.introduce(ticket.handle, ticket.secret)
    client.wait_demand_active()


def test_b007_expired_ticket_is_refused(new_lab):
    lab = new_lab("limits.ticket=1s")
    _, ticket = lab.new_ticket(lab.shadow)
    issued = time.monotonic()
    # Until its time is over, and after it, a wrong secret tells nothing but that it is wrong.
    wait_for(lambda: time.monotonic() - issued > 1.1, PATIENCE, "the ticket expires")
    assert introduce(lab, handle=ticket.handle, user="not the secret") == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2105")
    codes = introduce(lab, handle=ticket.handle, user=ticket.secret)
    lab.wait_close("SK2103")
    assert codes == [wire.ERRINFO_SERVER_DENIED]


def test_b008_client_that_comes_back_continues_its_session(lab):
    account, ticket = lab.new_ticket(lab.shadow)
    first = lab.xfreerdp(ticket)
    first.wait_picture()
    session = lab.wait_session(account)["id"]
    first.kill()
    second = lab.xfreerdp(ticket)
    second.wait_picture()
    assert lab.wait_session(account)["id"] == session
    assert len(lab.history(account)) == 1
