"""A jump host that speaks TLS only: freerdp-shadow shows an Xvfb on which something moves."""

from .network import answers_tls, free_port
from .processes import PATIENCE, need, start, wait_until
from .screens import show_something_lively, start_screen


def start_shadow_host(state):
    need("freerdp-shadow-cli3")
    screen = start_screen(state, "shadow-screen")
    show_something_lively(screen, "PACS-01")
    port = free_port()
    process = start(state, "shadow",
                    ["freerdp-shadow-cli3", "/bind-address:127.0.0.1", f"/port:{port}", "/sec:tls", "-auth"],
                    env=screen.environment())
    wait_until(state, process, lambda: answers_tls(port), PATIENCE, "freerdp-shadow answers")
    state.set(LAB_SHADOW_PORT=port, LAB_SHADOW_DISPLAY=screen.display, LAB_SHADOW_PID=process["pid"])
