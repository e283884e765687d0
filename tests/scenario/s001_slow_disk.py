"""A disk on which every fsync takes 20 ms, as in many a hospital."""


def test_s001_sessions_start_and_end_in_the_log_on_a_slow_disk(new_lab):
    lab = new_lab(slow_fsync=20)
    accounts = []
    for _ in range(5):
        account, ticket = lab.new_ticket(lab.shadow)
        client = lab.raw()
        client.introduce(ticket.handle, ticket.secret)
        client.wait_demand_active()
        lab.wait_session(account)
        accounts.append(account)
    for account in accounts:
        lab.call("session.kill", id=lab.sessions(account)[0]["id"], because="slow")
        assert lab.wait_end(account)["state"] == "killed"
    lab.admin.text("log", "verify")
