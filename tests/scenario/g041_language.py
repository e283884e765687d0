"""Issue 3, 8: languages, tables that line up whatever the script, completion."""

import json
import os
import re
import subprocess
import tempfile
import unicodedata

import pytest

from clerk import run
from facility import Facility

JAPANESE = "ja_JP.UTF-8"


@pytest.fixture(scope="module")
def office(request):
    with tempfile.TemporaryDirectory(prefix="sekisho-language-") as folder:
        os.chmod(folder, 0o755)
        facility = Facility(os.path.join(folder, "lab"), build=request.config.getoption("--build"))
        facility.begin_test()
        yield facility
        facility.close()


@pytest.fixture(scope="module")
def completion(request):
    """The file that is installed for bash."""
    return os.path.join(request.config.getoption("--build"), "admin-cli", "sekisho-admin.bash")


def has_japanese(text):
    return re.search("[ぁ-んァ-ヶ一-龠]", text) is not None


def columns(text):
    """Columns on a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def commands(completion):
    with open(completion, encoding="utf-8") as file:
        rows = re.findall(r'^\t"(\S+ \S*)"\) echo "(.*)" ;;$', file.read(), re.MULTILINE)
    return {command.strip(): options.split() for command, options in rows}


def test_g041_every_help_in_both_languages(office, completion):
    found = commands(completion)
    assert len(found) > 25 and "account add" in found and "explain" in found
    groups = {command.split()[0] for command in found}
    for words in [[], *([group] for group in sorted(groups)), *(command.split() for command in sorted(found))]:
        english = run(office, *words, "--help")
        japanese = run(office, *words, "--help", language=JAPANESE)
        assert (english.returncode, english.stderr, japanese.returncode, japanese.stderr) == (0, "", 0, "")
        assert has_japanese(japanese.stdout) and not has_japanese(english.stdout), words
        for option in found.get(" ".join(words), []):
            assert f"  {option}" in english.stdout and f"  {option}" in japanese.stdout, (words, option)


def test_g041_no_help_is_left_in_english(office, completion):
    """Whatever begins a line of help in both languages is an option; what it does is said in the reader's."""
    for command in sorted(commands(completion)):
        for line in run(office, *command.split(), "--help", language=JAPANESE).stdout.splitlines():
            told = re.match(r"  (--)?\S+( [A-Z][A-Z:-]*)?\s{2,}(\S.*)$", line)
            assert told is None or has_japanese(told[3]), (command, line)


def test_g041_tables_line_up_in_every_script(office):
    names = ["998-踏み台端末01(Local)", "998-pacs", "998-ｶﾅ半角", "998-か\u3099き", "998-心電図❤", "998-髙﨑"]
    for name in names:
        office.call("terminal.add", name=name, address="192.168.10.21", note="備考です" if name == names[0] else "note")
    for language in ("C.UTF-8", JAPANESE):
        lines = run(office, "terminal", "list", language=language).stdout.splitlines()
        starts = {columns(line[:line.index("192.168.10.21")]) for line in lines if "192.168.10.21" in line}
        assert len(lines) > len(names) and len(starts) == 1, lines


def test_g041_cells_are_cut_between_characters(office):
    account = office.add_account()
    office.edit_account(account, family_name="か\u3099" * 10 + "👍🏽" * 10, given_name="x")
    listed = run(office, "account", "list", account, language=JAPANESE)
    cell = next(word for word in listed.stdout.splitlines()[1].split("  ") if "👍" in word)
    assert cell.endswith("…") and cell.count("か") == cell.count("\u3099") and cell.count("👍") == cell.count("🏽")


def test_g041_refusals_are_japanese(office):
    """The rule, and sentences with names in them, which the gateway sends in English."""
    account = office.add_account()
    expected = [
        (["account", "edit", account, "--add-mac", "00:11:22:33:44"], ["入力規則", "AA-BB-CC-DD-EE-FF", "00:11:22:33:44"]),
        (["account", "edit", account, "--valid-until", "2099-01-01"], ["有効終了日 (--valid-until)", "2年"]),
        (["account", "edit", account, "--hours", "08:15-17:30"], ["30分", "08:15-17:30"]),
        (["account", "show", "nobody"], ["nobody", "ありません"]),
        (["terminal", "show", "998-無い端末"], ["998-無い端末", "ありません"]),
        (["session", "show", "0" * 32], ["セッション", "ありません"]),
        (["explain", "--account", account, "--terminal", "x", "--at", "tonight"], ["日時", "tonight", "施設"]),
    ]
    for words, wanted in expected:
        done = run(office, *words, language=JAPANESE)
        assert done.returncode == 1 and done.stderr.startswith("sekisho-admin: "), (words, done.stderr)
        for part in wanted:
            assert part in done.stderr, (words, part, done.stderr)
        english = run(office, *words)
        assert english.returncode == 1 and not has_japanese(english.stderr.replace("998-無い端末", "")), english.stderr


def test_g041_mistakes_are_pointed_out_in_both_languages(office):
    for words, meant in ((["account", "add", "x", "--famly-name", "y"], "--family-name"), (["acount", "list"], "account"),
                         (["account", "lits"], "list"), (["account", "list", "--state", "lokced"], "locked"),
                         (["explain", "--acount", "x"], "--account")):
        english, japanese = run(office, *words), run(office, *words, language=JAPANESE)
        assert english.returncode == japanese.returncode == 2
        assert "did you mean" in english.stderr and meant in english.stderr
        assert "ではありませんか" in japanese.stderr and meant in japanese.stderr
        assert has_japanese(japanese.stderr) and not has_japanese(english.stderr)


def test_g041_no_locale_is_needed(office):
    """LANG comes from somebody's ssh; the machine has no such locale."""
    environment = {"PATH": os.environ["PATH"], "LOCPATH": "/nonexistent"}
    for variables in ({"LANG": JAPANESE}, {"LANG": "C", "LC_ALL": "ja_JP.eucJP"}, {"LC_MESSAGES": "ja_JP"}):
        done = subprocess.run(office.admin.command("--help"), env={**environment, **variables}, check=True, text=True,
                              stdout=subprocess.PIPE, timeout=60)
        assert "グループ" in done.stdout, variables
    for variables in ({}, {"LANG": "C.UTF-8"}, {"LANG": "de_DE.UTF-8"}, {"LANG": JAPANESE, "LC_ALL": "C"}):
        done = subprocess.run(office.admin.command("--help"), env={**environment, **variables}, check=True, text=True,
                              stdout=subprocess.PIPE, timeout=60)
        assert "Groups:" in done.stdout, variables


def test_g041_json_is_the_same_in_every_language(office):
    account = office.add_account()
    for words in (["account", "show", account], ["account", "show", "nobody"], ["account", "edit", account, "--hours", "9-5"],
                  ["explain", "--account", account, "--terminal", "nowhere", "--at", "2026-11-24T12:00"]):
        english, japanese = run(office, "--json", *words), run(office, "--json", *words, language=JAPANESE)
        assert json.loads(english.stdout) and english.stdout == japanese.stdout


def complete(office, completion, *words, socket=None):
    """What TAB offers behind these words, the last of which is being typed."""
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sekisho_admin; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    folder = os.path.dirname(office.admin.command()[0])
    environment = {"PATH": folder + ":" + os.environ["PATH"], "LC_ALL": "C.UTF-8",
                   "SEKISHO_SOCKET": socket or office.variables["SEKISHO_SOCKET"]}
    done = subprocess.run(["bash", "-c", script, "bash", completion, "sekisho-admin", *words], env=environment, check=True,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert done.stderr == "", done.stderr
    return [line for line in done.stdout.splitlines() if line]


def test_g041_bash_completes_words_and_names(office, completion):
    account = office.add_account()
    terminal = office.add_terminal(9, trust=False)
    office.call("terminal.add", name="998-検査室 (2F)", address="192.168.10.21")
    assert "account" in complete(office, completion, "") and complete(office, completion, "acc") == ["account"]
    assert {"add", "edit", "list", "show"} <= set(complete(office, completion, "account", ""))
    assert complete(office, completion, "account", "add", "x", "--fam") == ["--family-name"]
    assert complete(office, completion, "account", "list", "--state", "loc") == ["locked"]
    assert complete(office, completion, "--json", "account", "show", account) == [account]
    assert account in complete(office, completion, "ticket", "issue", "--account", account[:4])
    assert terminal in complete(office, completion, "explain", "--account", account, "--terminal", "998")
    assert complete(office, completion, "terminal", "show", "998-検") == [r"998-検査室\ \(2F\)"]
    assert complete(office, completion, "explain", "--ac") == ["--account"]


def test_g041_bash_completes_each_argument_in_its_place(office, completion):
    terminal, other = (office.add_terminal(9, trust=False) for _ in range(2))
    credential = ("terminal", "credential")
    assert complete(office, completion, *credential, "") == ["set", "show", "delete"]
    assert complete(office, completion, *credential, "se") == ["set"]
    for action in ("set", "show", "delete"):
        assert {terminal, other} <= set(complete(office, completion, *credential, action, "998"))
        assert complete(office, completion, *credential, action, terminal) == [terminal]
    assert {"--user", "--domain", "--protect", "--because"} <= set(complete(office, completion, *credential, "set", terminal, "--"))
    assert complete(office, completion, *credential, "set", terminal, "--us") == ["--user"]
    assert complete(office, completion, *credential, "set", terminal, "--user", "") == []
    assert complete(office, completion, *credential, "set", "--user", "maint", other) == [other]
    # Behind the last one there are options; a list goes on.
    assert "--yes" in complete(office, completion, *credential, "delete", terminal, "")
    assert complete(office, completion, "terminal", "show", terminal, other) == []
    assert complete(office, completion, "terminal", "check", terminal, other) == [other]


def test_g041_bash_completes_names_as_they_are_quoted(office, completion):
    """JSON escapes some characters, a shell others; and the person may have begun to quote."""
    for name in (r"998-C:\CT \u0041", "998-$HOME `id`"):
        office.call("vendor.add", name=name, kind="general")
    for typed, offered in (("998-C", r"998-C:\\CT\ \\u0041"),
                           ("'998-C", r"998-C:\CT \u0041"), ('"998-C', r"998-C:\\CT \\u0041"),
                           (r"998-\$H", r"998-\$HOME\ \`id\`"), ("'998-$HOME ", "998-$HOME `id`"),
                           (r'"998-\$HOME', r"998-\$HOME \`id\`")):
        found = complete(office, completion, "vendor", "show", typed)
        assert found == [offered], typed
    # Bash splits at a colon outside quotes, and replaces what stands behind the last one.
    for typed in (":",), (":", r"\\C"), (":", r"\\CT\ "):
        found = complete(office, completion, "vendor", "show", "998-C", *typed)
        assert found == [r"\\CT\ \\u0041"], typed
    assert complete(office, completion, "account", "list", "--vendor", "998-C", ":", "--sta") == ["--state"]
    assert complete(office, completion, "account", "list", "--vendor", "=", "998-C") == [r"998-C:\\CT\ \\u0041"]
    assert complete(office, completion, "account", "list", "--state", "=") == ["active", "not-yet", "expired", "locked"]


def test_g041_bash_is_silent_without_a_gateway(office, completion, tmp_path):
    nowhere = str(tmp_path / "none.sock")
    assert complete(office, completion, "account", "show", "a", socket=nowhere) == []
    assert complete(office, completion, "account", "sh", socket=nowhere) == ["show"]


# Section I: the words that clerks know from N-RAS, in their order; columns of ours come after them.
HEADINGS = (
    (("account", "list"), "失効 アカウント ユーザー名 メールアドレス 有効開始日 有効終了日 MACアドレス 接続端末 開始時間 終了時間 ファイル共有権限 認証連携先"),
    (("export", "list"), "作成日時 出力種別 ステータス ファイルサイズ 完了日時 有効期間 アクション"),
    (("log", "connections", "--csv"), "接続開始時間 接続終了時間 アカウント 接続端末 アクティブ状態"),
    (("log", "logins", "--csv"), "ログイン時間 ユーザー名 アカウント アプリ名 状態 接続元IPアドレス"),
    (("log", "files", "--csv"), "処理時間 アカウント ユーザー名 処理 ファイル名 容量 院内外 共有理由 検査結果 承認 承認/否認時間"),
)


def test_g041_headings_are_the_words_of_the_specification(office):
    office.add_account()
    assert run(office, "account", "export", "--background").returncode == 0
    for words, headings in HEADINGS:
        first = run(office, *words, language=JAPANESE).stdout.lstrip("\ufeff").splitlines()[0]
        found = re.split(r"[,\s]+", first.replace('"', ""))
        if found[0] == "ID":
            found.pop(0)
        assert found[:len(headings.split())] == headings.split(), (words, first)
