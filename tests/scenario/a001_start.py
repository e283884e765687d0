"""The gateway starts on good files, says what is wrong with bad ones, and runs without rights."""

import os
import signal
import subprocess

from lab_parts.identity import as_user
from lab_parts.processes import PATIENCE, alive, wait_for


def check(lab, path):
    program = os.path.join(lab.variables["LAB_PROGRAMS"], "sekisho-gateway")
    return subprocess.run([program, "--check", path], text=True, check=False, timeout=PATIENCE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_a001_check_accepts_the_labs_settings(lab):
    done = check(lab, lab.variables["SEKISHO_CONF"])
    assert done.returncode == 0, done.stdout


def test_a002_check_names_every_mistake_with_its_place(lab, tmp_path):
    with open(lab.variables["SEKISHO_CONF"], encoding="utf-8") as file:
        text = file.read()
    wrong = tmp_path / "gateway.yaml"
    wrong.write_text(text + "certficate: x\nlimits:\n  sniff: soon\n", encoding="utf-8")
    lines = text.count("\n")
    done = check(lab, str(wrong))
    assert done.returncode == 1
    assert f"gateway.yaml:{lines + 1}:1:" in done.stdout and "certficate" in done.stdout
    assert f"gateway.yaml:{lines + 3}:" in done.stdout and "soon" in done.stdout


def test_a003_every_process_runs_without_rights(lab):
    for program in ("sekisho-gateway", "sekisho-worker", "sekisho-key"):
        pids = lab.pids(program)
        assert pids, program
        for pid in pids:
            with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
            assert set(status["Uid"].split()) == {lab.variables["LAB_GATEWAY_UID"]}
            assert int(status["CapEff"], 16) == 0 and int(status["CapPrm"], 16) == 0
            assert status["NoNewPrivs"] == "1"
            if program != "sekisho-gateway":
                assert status["Seccomp"] == "2"


def test_a004_files_of_the_gateway_are_nobody_elses(lab):
    for path in ("SEKISHO_CONF",):
        assert os.path.exists(lab.variables[path])
    database = lab.state.path("gateway", "var")
    assert os.stat(database).st_mode & 0o077 == 0
    for name in os.listdir(database):
        assert os.stat(os.path.join(database, name)).st_mode & 0o077 == 0, name


def test_a005_status_tells_listeners_and_workers(lab):
    text = lab.admin.text("gateway", "status")
    assert lab.variables["SEKISHO_RDP"] in text


def test_a006_key_of_another_certificate_is_a_clear_error(lab, new_lab):
    """The supervisor never reads the key: a worker has something signed by sekisho-key and looks whether it fits."""
    other = new_lab()
    os.kill(other.gateway_process["pid"], signal.SIGTERM)
    wait_for(lambda: not alive(other.gateway_process), PATIENCE, "the gateway stops")
    with open(lab.state.path("gateway", "etc", "gateway.key"), "rb") as file:
        key = file.read()
    # Owner and mode stay.
    with open(other.state.path("gateway", "etc", "gateway.key"), "wb") as file:
        file.write(key)
    program = os.path.join(other.variables["LAB_PROGRAMS"], "sekisho-gateway")
    done = subprocess.run([*as_user(int(other.variables["LAB_GATEWAY_UID"])), program, other.variables["SEKISHO_CONF"]],
                          text=True, check=False, timeout=30, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 1
    assert "tls.key does not belong to the certificate in tls.certificate" in done.stdout
    assert "SK1003" in done.stdout and "SK1001" not in done.stdout
