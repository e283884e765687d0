"""Accounts as CSV, as the scenarios of imports and exports share them."""

import csv
import io
import os
import re
import signal

import clerk
from facility import Facility
from lab_parts.processes import PATIENCE, alive, wait_for

HEADER = "アカウント,姓,名,メールアドレス,有効開始日,有効終了日,MACアドレス,接続端末,開始時間,終了時間,ファイル共有,認証連携先"
KEYS = ["account", "family_name", "given_name", "email", "valid_from", "valid_until", "macs", "terminals", "start", "end", "file_sharing",
        "services"]
RESULT = ["初期パスワード", "初期第二パスワード", "更新内容", "エラー内容"]
PASSWORD = re.compile(r"[a-zA-Z][a-zA-Z0-9]{5}(-[a-zA-Z0-9]{6}){2}")


def run(lab, *arguments, **more):
    return clerk.run(lab, *map(str, arguments), **more)


def good(lab, *arguments):
    done = run(lab, *arguments)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def row(account, family="山田", given="太郎", mail=None, start="2026/1/1", until="2027/10/31", macs="", terminals="", hours=("", ""),
        sharing="拒否", services=""):
    return [account, family, given, mail or f"{account.split('@')[0]}@vendor.example", start, until, macs, terminals, *hours, sharing,
            services]


def text_of(rows, header=HEADER, end="\n"):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end)
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return out.getvalue()


def write(path, rows, header=HEADER, encoding="utf-8", end="\n"):
    path.write_bytes(text_of(rows, header, end).encode(encoding))
    return path


def read(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def imported(lab, path, *options, status=0):
    """The rows of the result file."""
    result = str(path) + f".result{next(Facility.numbers)}"
    done = run(lab, "account", "import", path, "--yes", "--result", result, *options)
    assert done.returncode == status, done.stderr + done.stdout
    return read(result)


def exported(lab, folder, *options):
    path = os.path.join(folder, f"export{next(Facility.numbers)}.csv")
    good(lab, "account", "export", "--output", path, *options)
    return path


def kill_gateway(lab, number=signal.SIGKILL):
    os.kill(lab.gateway_process["pid"], number)
    wait_for(lambda: not alive(lab.gateway_process), PATIENCE, "the gateway has ended")


def stop_gateway(lab):
    kill_gateway(lab, signal.SIGTERM)


def events(lab):
    return lab.call("log.verify")["events"]


def limit_memory(most):
    import resource
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
