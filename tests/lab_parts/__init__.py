"""The parts of tests/lab: a whole throw-away facility on one machine.

    state        what was started, written down before it runs, so that `lab down` can end it
    processes    start in the background, wait for something with a limit, end by process id
    network      free ports, and whether a jump host answers
    certificates keys and certificates by openssl
    screens      Xvfb, what is shown on it, screenshots, typing
    shadow_host  jump host: freerdp-shadow on an Xvfb with something lively
    xrdp_host    jump host: xrdp and xorgxrdp in namespaces of their own
    private_root a mount namespace, for what wants places of the machine as its own
    sign_in      sekisho-pam behind its socket
    gateway      the daemon under test
    facility     accounts and terminals
    clients      xfreerdp3 and rdesktop on a screen of their own
"""
