"""An MIT KDC as a domain's, and files for those who ask it. The realm's users are pre-authenticated, as Active Directory's are."""

import os
import tempfile

from .network import free_port
from .processes import PATIENCE, need, run, start, stop, wait_until

REALM = "AD.SAKURA.EXAMPLE.JP"
DOMAIN = "SAKURA"  # its short name, as before the \ of a user

KDC = """[kdcdefaults]
    kdc_listen = ""
    kdc_tcp_listen = {address}:{port}
[realms]
    {realm} = {{
        database_name = {folder}/principal
        key_stash_file = {folder}/stash
        acl_file = {folder}/kadm5.acl
        max_life = 10h
        default_principal_flags = +preauth
        supported_enctypes = aes256-cts:normal aes128-cts:normal
    }}
[logging]
    kdc = FILE:{folder}/kdc.log
"""

CLIENT = """[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_canonicalize_hostname = false
    rdns = false
    {more}
[realms]
    {realm} = {{
{kdcs}
    }}
[domain_realm]
    {domain} = {realm}
"""


def write_client_file(path, kdcs, more="", realm=REALM):
    """krb5.conf of the facility. kdcs: "address:port"."""
    lines = "\n".join(f"        kdc = {kdc}" for kdc in kdcs)
    with open(path, "w", encoding="ascii") as file:
        file.write(CLIENT.format(realm=realm, domain=DOMAIN.lower(), kdcs=lines, more=more))
    os.chmod(path, 0o644)
    return path


class Kdc:
    """krb5kdc, over TCP alone. prefix: what stands before a command that shall run where it does."""

    def __init__(self, state, address="127.0.0.1", prefix=()):
        need("krb5kdc", "kdb5_util", "kadmin.local")
        self.state, self.address, self.port, self.prefix = state, address, free_port(), list(prefix)
        self.place = f"{address}:{self.port}"
        self.folder = tempfile.mkdtemp(prefix="kdc-", dir=state.folder)
        self.process = None
        with open(self.path("kdc.conf"), "w", encoding="ascii") as file:
            file.write(KDC.format(realm=REALM, folder=self.folder, address=address, port=self.port))
        self.environment = {**os.environ, "KRB5_KDC_PROFILE": self.path("kdc.conf"), "LC_ALL": "C.UTF-8",
                            "KRB5_CONFIG": write_client_file(self.path("krb5.conf"), [self.place])}
        run(["kdb5_util", "create", "-s", "-r", REALM, "-P", "a master password"], env=self.environment)

    def path(self, name):
        return os.path.join(self.folder, name)

    def admin(self, *arguments):
        run(["kadmin.local", "-r", REALM, *arguments], env=self.environment)

    def add_user(self, name, password, *options):
        self.admin("addprinc", *options, "-pw", password, name)

    def add_service(self, host):
        """TERMSRV/host, as a computer that has joined the domain. Returns the path of its keytab."""
        path = self.path(host + ".keytab")
        self.admin("addprinc", "-randkey", f"TERMSRV/{host}")
        self.admin("ktadd", "-k", path, f"TERMSRV/{host}")
        return path

    def answers(self):
        done = run([*self.prefix, "ss", "-Htln"])
        return f"{self.place} " in done

    def start(self, **variables):
        name = f"kdc-{self.port}"
        self.process = start(self.state, name, [*self.prefix, "krb5kdc", "-n", "-r", REALM],
                             env={**self.environment, **variables})
        wait_until(self.state, self.process, self.answers, PATIENCE, "the KDC listens")
        return self

    def stop(self):
        if self.process:
            stop(self.process)
            self.process = None

    @property
    def log(self):
        """Its answers, a line each."""
        with open(self.path("kdc.log"), encoding="utf-8", errors="replace") as file:
            return file.read()
