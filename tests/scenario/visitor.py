"""Somebody at the sign-in screen with nothing but an RDP client: reads pages, types, keeps pictures.

Which page is shown is read in the gateway's log (SK1601, written when the page is with the client); what it looks like is in the
pictures, which `--pictures DIR` keeps.
"""

import os
import re
import subprocess
import urllib.parse

import pytest

import rdp_clients
from lab_parts.clients import Client
from lab_parts.processes import PATIENCE, wait_for
from typist import Typist

PAGE = re.compile(r"^SK\d+ sekisho-gateway\[\d+\] the sign-in screen shows a page conn=(?P<conn>\w+) src=(?P<src>\S+) "
                  r"page=(?P<name>\w+) prompt='(?P<prompt>QUOTED)' text='(?P<text>QUOTED)' error='(?P<error>QUOTED)'$"
                  .replace("QUOTED", r"(?:[^'\\]|\\.)*"), re.MULTILINE)


class Visitor:
    def __init__(self, lab, client, language="en", pictures=None):
        self.lab = lab
        self.client = client
        self.language = language
        self.pictures = pictures
        self.seen = 0
        self.connection = None
        self.keys_arrive = False

    # Reading

    def pages(self):
        """Those of this client's connection, in their order: the first that no other visitor has."""
        rows = [{key: re.sub(r"\\(.)", r"\1", value) for key, value in match.groupdict().items()}
                for match in PAGE.finditer(self.lab.log)]
        if self.connection is None:
            source = getattr(self.client, "source", None)
            for row in rows:
                mine = row["src"] == f"{source[0]}:{source[1]}" if source else row["conn"] not in self.lab.visited
                if mine:
                    self.connection = row["conn"]
                    self.lab.visited.add(row["conn"])
                    break
        return [row for row in rows if row["conn"] == self.connection]

    def next_page(self, limit=PATIENCE):
        """The next one that waits for something: BUSY does not."""
        def shown():
            rows = self.pages()[self.seen:]
            for row in rows:
                self.seen += 1
                if row["name"] != "BUSY":
                    return row
            return None
        return wait_for(shown, limit, f"{self.client.name} shows another page")

    def page(self, name, limit=PATIENCE, **says):
        """The next page, which is this one and says these words: text=, error=, prompt=, parts of what was logged."""
        row = self.next_page(limit)
        assert row["name"] == name, row
        for key, words in says.items():
            assert words in row[key], row
        return row

    def picture(self, name, to_read=False):
        """Waits until what is shown now has been painted. Keeps it where pictures are wanted, or to_read; returns the file."""
        self.client.wait_still()
        if not self.pictures and not to_read:
            return None
        folder = self.pictures or self.lab.folder
        return self.client.screenshot(os.path.join(folder, f"{name}.{self.language}.png"))

    # Doing

    def wait_keys(self):
        """Before the first key: on the page of an account into its empty field, elsewhere to the next button and back."""
        if not self.keys_arrive and isinstance(self.client, Client):
            last = self.pages()[self.seen - 1]
            self.client.wait_still()
            self.client.wait_keyboard(*([] if last["name"] == "SIGN_IN" else ["Tab", "shift+Tab"]))
        self.keys_arrive = True

    def type(self, text, enter=True):
        self.wait_keys()
        self.client.type(text, enter)

    def key(self, *names):
        self.wait_keys()
        self.client.key(*names)

    def sign_in(self, account, password, filled_in=False):
        """On the page SIGN_IN."""
        if not filled_in:
            self.type(account, enter=False)
            self.key("Tab")
        self.type(password)

    def choose(self, number=0):
        """On the page TERMINALS: the caret stands on the first that is allowed."""
        self.key(*["Down"] * number, "Return")


def key_uri(visitor):
    """On the page ENROL: otpauth://… of the QR code on the screen, by zbar. The page may still be on its way."""
    def read():
        done = subprocess.run(["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", visitor.picture("enrol", to_read=True)],
                              check=False, text=True, stdout=subprocess.PIPE, timeout=PATIENCE)
        return done.stdout.strip()
    return wait_for(read, PATIENCE, "a QR code is on the screen", every=0.2)


def seed_of(uri):
    """The secret of a key URI, in base 32."""
    parts = urllib.parse.urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp"), uri
    return urllib.parse.parse_qs(parts.query)["secret"][0]


def code_of(seed, when="now", base32=True):
    """What the telephone shows: oathtool reads the seed from standard input."""
    done = subprocess.run(["oathtool", "--totp", *(["--base32"] if base32 else []), f"--now={when}", "-"], input=seed, check=True,
                          text=True, stdout=subprocess.PIPE, timeout=10)
    return done.stdout.strip()


# Long enough, of letters, digits and symbols, and typed alike on a Japanese and on a US keyboard but for the hyphens.
PASSWORD = "Kuro-matsu-2026-x"


def visit(lab, program="xfreerdp3", user="", language="en", options=(), size="1024x768", monitors=1):
    """An RDP client of that name at the gateway, on a screen of its own."""
    reason = rdp_clients.why_not(program)
    if reason:
        pytest.skip(reason)
    return Visitor(lab, rdp_clients.start(lab, program, user, language, options, size, monitors), language, lab.pictures)


def knock(lab, user="", password="", source="127.0.0.1", **core):
    """A client that only a script has: at its first screen, or at the desktop."""
    typist = lab.raw(source, kind=Typist)
    typist.arrive(user, password, **core)
    return Visitor(lab, typist)


def add_engineer(lab, *terminals, name=None, **options):
    """An account whose device needs no evidence (only `neighbour` and its like could know it): (account, initial password)."""
    account = name or lab.new_name("user")
    arguments = ["account", "add", account, "--family-name", "試験", "--given-name", "太郎", "--email", account + "@vendor.example"]
    for terminal in terminals:
        arguments += ["--terminal", terminal]
    for key, value in options.items():
        arguments += ["--" + key.replace("_", "-"), value]
    password = lab.admin.json(*arguments)["initial_password"]
    lab.edit_account(account, because="tests", allowlist="off")
    return account, password


def settled_engineer(lab, *terminals, **options):
    """An account that has signed in before, so that PASSWORD is its password (where no second factor is asked for)."""
    account, initial = add_engineer(lab, **options)
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, initial)
    change_password(visitor)
    # There was no terminal to go on to.
    visitor.page("SORRY")
    visitor.client.close()
    lab.edit_account(account, terminals=list(terminals))
    return account


def change_password(visitor, new=PASSWORD, picture=None):
    """The forced change: twice the new one."""
    visitor.page("PROMPT", prompt="New password")
    if picture:
        visitor.picture(picture)
    visitor.type(new)
    visitor.page("PROMPT", prompt="Retype the new password")
    visitor.type(new)
