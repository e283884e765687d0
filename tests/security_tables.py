#!/usr/bin/python3
"""The tables of SECURITY.md are those of the sources.

    tests/security_tables.py            exit 1 and a diff if SECURITY.md does not agree with the .def files
    tests/security_tables.py --write    bring it up to date
"""
import difflib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def source(path):
    """The text of a .def file without its comments."""
    return re.sub(r"/\*.*?\*/", "", (ROOT / path).read_text(), flags=re.S)


def split_arguments(text):
    """Splits at the commas that are in no parentheses and no string."""
    parts, depth, quoted, part = [], 0, False, ""
    for character in text:
        if character == '"':
            quoted = not quoted
        if not quoted:
            depth += (character == "(") - (character == ")")
        if character == "," and depth == 0 and not quoted:
            parts.append(part.strip())
            part = ""
        else:
            part += character
    return parts + [part.strip()]


def rows(path, macros):
    """(macro, arguments) for every use of one of the macros in a .def file."""
    text = source(path)
    for found in re.finditer(r"\b(%s)\(" % "|".join(macros), text):
        depth, at = 1, found.end()
        while depth > 0:
            depth += (text[at] == "(") - (text[at] == ")")
            at += 1
        yield found.group(1), split_arguments(" ".join(text[found.end():at - 1].split()))


def table(head, body):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(cells) + " |" for cells in body]


PROCESSES = {"SUPERVISOR": "supervisor", "WORKER": "worker", "KEY": "sekisho-key", "GREETER": "greeter", "NLA": "sekisho-nla", "MEDIATOR": "sekisho-mediator",
             "RECORDER": "sekisho-recorder", "PLAYER": "sekisho-player", "PAM": "sekisho-pam", "CHILD": "any child"}
AT_MOST = {"ONCE": "once", "PER_CONNECTION": "once a connection", "ALWAYS": ""}


def field(name, kind, most):
    if kind == "SECRET":
        return f"**{name}** ≤ {most}"
    return f"{name} ≤ {most}" if most else name


def messages():
    body = []
    for _, (number, name, _, sender, receiver, most, after, fd, fields) in rows(
            "gateway/messages/messages.def", ["MESSAGE"]):
        texts = [field(n, k, m) for k, n, m in re.findall(
            r"(U8|U16|U32|U64|TEXT|BYTES|SECRET)\((\w+)(?:, (\w+))?\)", fields)]
        body.append([number, name, f"{PROCESSES[sender]} → {PROCESSES[receiver]}", AT_MOST[most],
                     "" if after == "NOTHING" else after, "yes" if fd == "HAS_FD" else "", ", ".join(texts)])
    return table(["no.", "message", "direction", "at most", "not before", "descriptor", "fields"], body)


CONDITIONS = {"INT": "argument {0} is {1}", "NOT_INT": "argument {0} is not {1}",
              "POINTER": "argument {0} is {1}", "LACKS": "argument {0} lacks {1}"}


def condition(text):
    name, arguments = re.fullmatch(r"(\w+)\((.*)\)", text).groups()
    return CONDITIONS[name].format(*split_arguments(arguments)).replace("is 0", "is null")


def join_conditions(conditions):
    """`argument 1 is A; or argument 1 is B` in fewer words."""
    grouped = {}
    for one in conditions:
        *before, last = [condition(text) for text in one]
        subject, _, value = last.rpartition(" ")
        grouped.setdefault(" and ".join(before + [subject]), []).append(value)
    return "; or ".join(f"{subject} {' or '.join(values)}" for subject, values in grouped.items())


def calls_of(profile):
    always, sometimes, answered, forbidden = [], {}, {}, []
    for macro, arguments in rows("gateway/base/lock_down_calls.def",
                                 ["CALL_IF2", "CALL_IF", "CALL", "ANSWER_IF", "ANSWER", "FORBID"]):
        if profile not in arguments[0].split(" | "):
            continue
        call = arguments[1]
        if macro == "CALL":
            always.append(call)
        elif macro.startswith("CALL_IF"):
            sometimes.setdefault(call, []).append(arguments[2:])
        elif macro.startswith("ANSWER"):
            answered.setdefault(arguments[2], []).append(call)
        else:
            forbidden.append(call)
    return always, sometimes, answered, forbidden


def sandboxes():
    lines = []
    for letter, name in (("W", "worker"), ("K", "sekisho-key"), ("G", "greeter"), ("N", "sekisho-nla"), ("M", "sekisho-mediator"), ("P", "sekisho-player"), ("R", "sekisho-recorder"), ("S", "supervisor")):
        always, sometimes, answered, forbidden = calls_of(letter)
        lines += [f"**{name}**", ""]
        if forbidden:
            lines += [f"- killed for: {', '.join(f'`{call}`' for call in forbidden)}; all else is allowed"]
        else:
            lines += [f"- allowed: {', '.join(f'`{call}`' for call in always)}"]
            lines += [f"- `{call}` where {join_conditions(where)}" for call, where in sometimes.items()]
            lines += [f"- answers {errno}: {', '.join(f'`{call}`' for call in calls)}"
                      for errno, calls in answered.items()]
            lines += ["- killed for every other system call"]
        lines += [""]
    return lines[:-1]


OUTCOMES = {"KILLED": "killed", "WORKS": "works", "ABORTED": "aborts", "NOT_ASKED": ""}


def probes():
    body = []
    for _, (_, worker, key, greeter, nla, mediator, player, recorder, supervisor, what) in rows("tests/sandbox/probes.def", ["PROBE"]):
        body.append([what.strip('"')] + [OUTCOMES.get(o, o) for o in (worker, key, greeter, nla, mediator, player, recorder, supervisor)])
    return table(["what is tried", "worker", "sekisho-key", "greeter", "sekisho-nla", "sekisho-mediator", "sekisho-player", "sekisho-recorder", "supervisor"], body)


TABLES = {"messages": messages, "sandboxes": sandboxes, "probes": probes}


def fill(text):
    for name, make in TABLES.items():
        begin, end = f"<!-- {name}: from the sources -->", f"<!-- end of {name} -->"
        if begin not in text or end not in text:
            sys.exit(f"SECURITY.md has no place for the table `{name}`: {begin} … {end}")
        before, rest = text.split(begin, 1)
        after = rest.split(end, 1)[1]
        text = before + begin + "\n\n" + "\n".join(make()) + "\n\n" + end + after
    return text


def main():
    path = ROOT / "SECURITY.md"
    old = path.read_text()
    new = fill(old)
    if sys.argv[1:] == ["--write"]:
        path.write_text(new)
    elif new != old:
        sys.stdout.writelines(difflib.unified_diff(
            old.splitlines(True), new.splitlines(True), "SECURITY.md", "what the sources say"))
        sys.exit("SECURITY.md is not what the sources say; run tests/security_tables.py --write")


main()
