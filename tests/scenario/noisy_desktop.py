"""A jump host's desktop on which so much happens that a recording grows by megabytes in seconds."""

import itertools
import os
import subprocess
import threading

SIZE = "700x500"  # of what changes: some 300 KB of graphics each time
PICTURES = 4
EVERY_S = 0.25
GROUND = "#20405a"  # tests/lab_parts/screens.py


class Noise:
    """Pictures that no codec makes small, one after the other, until stop(), which leaves the desktop as it was."""

    def __init__(self, hosts):
        self.environment = {**os.environ, "DISPLAY": hosts.variables["LAB_SHADOW_DISPLAY"]}
        self.paths = [hosts.state.path(f"noise{number}.png") for number in range(PICTURES)]
        for path in self.paths:
            if not os.path.exists(path):
                subprocess.run(["convert", "-size", SIZE, "plasma:", "-attenuate", "2", "+noise", "Gaussian", path], check=True, timeout=60)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        for path in itertools.cycle(self.paths):
            if self.over.wait(EVERY_S):
                return
            subprocess.run(["display", "-window", "root", path], env=self.environment, check=False, timeout=60,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        self.over.set()
        self.thread.join()
        subprocess.run(["xsetroot", "-solid", GROUND], env=self.environment, check=True, timeout=60)
