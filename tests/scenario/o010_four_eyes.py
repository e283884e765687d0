"""Four eyes: a session begins when somebody at the hospital watches it with an RDP client of their own, and has no input while nobody
does."""

from visitor import Visitor

def watched_terminal(lab, **changes):
    return lab.add_terminal(lab.hosts.variables["LAB_XRDP_PORT"], four_eyes=True, **changes)


def engineer(lab, terminal):
    account, ticket = lab.new_ticket(terminal)
    visitor = Visitor(lab, lab.xfreerdp(ticket.in_a_window(), size="1280x900"))
    visitor.page("WATCHED", text=terminal)
    return account, visitor


def test_o0112_nobody_comes_in_time(new_lab):
    lab = new_lab("limits.watcher=2s")
    account, visitor = engineer(lab, watched_terminal(lab))
    visitor.page("NOTICE", text="Nobody at the hospital watched in time")
    assert lab.wait_end(account)["reason"] == "WATCHER_TOO_LATE"
    visitor.key("Return")
    lab.wait_log("SK2682 .*end=PG")

