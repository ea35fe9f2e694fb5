"""A real LDAP server for tests: OpenLDAP's slapd on a free port, with a directory that ends with it."""

import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

SUFFIX = "dc=wazo,dc=test"
SERVICE, SERVICE_PASSWORD = f"cn=service,{SUFFIX}", "service secret"

# A user may log in and read itself, but for a mail address that is marked; the service reads all.
CONFIGURATION = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
access to dn.exact="uid=hidden,ou=people,{suffix}" attrs=mail by dn.exact="{service}" read by * none
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{service}" read by self read by * none
database mdb
suffix "{suffix}"
directory {folder}/data
"""


def is_here():
    """Whether slapd is installed. Debian has it where only root looks for programs."""
    return shutil.which("slapd", path="/usr/sbin:/usr/local/sbin") is not None


def entry(dn, *classes, **attributes):
    """An entry as LDIF."""
    lines = [f"dn: {dn}", *(f"objectClass: {name}" for name in classes)]
    lines += [f"{name}: {value}" for name, values in attributes.items() for value in
              (values if isinstance(values, list) else [values])]
    return "\n".join(lines) + "\n\n"


def person(uid, name, mail, password):
    """A person below ou=people."""
    return entry(f"uid={uid},ou=people,{SUFFIX}", "inetOrgPerson", uid=uid, cn=name, sn=name, mail=mail, userPassword=password)


class Slapd:
    """The server. As a context manager it runs from its beginning to its end."""

    def __init__(self, entries):
        self.ldif = (
            entry(SUFFIX, "dcObject", "organization", dc="wazo", o="Wazo")
            + entry(f"ou=people,{SUFFIX}", "organizationalUnit", ou="people")
            + entry(SERVICE, "organizationalRole", "simpleSecurityObject", cn="service", userPassword=SERVICE_PASSWORD)
            + entries
        )

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="slapd-")
        folder = pathlib.Path(self.folder.name)
        (folder / "data").mkdir()
        configuration = folder / "slapd.conf"
        configuration.write_text(CONFIGURATION.format(folder=folder, suffix=SUFFIX, service=SERVICE))
        added = subprocess.run(
            ["/usr/sbin/slapadd", "-f", configuration], input=self.ldif, text=True, capture_output=True, check=False,
        )
        if added.returncode:
            raise AssertionError(f"slapadd: {added.stderr}")
        with open(folder / "log", "w") as log:
            for _ in range(5):
                # slapd takes no port 0. Should another program be faster, the next port is tried.
                with socket.create_server(("127.0.0.1", 0)) as free:
                    self.port = free.getsockname()[1]
                self.process = subprocess.Popen(
                    ["/usr/sbin/slapd", "-d", "0", "-f", configuration, "-h", f"ldap://127.0.0.1:{self.port}"],
                    stdout=log, stderr=log,
                )
                if self.answers():
                    return self
        raise AssertionError(f"slapd does not start: {(folder / 'log').read_text()}")

    def answers(self):
        """Waits until it takes connections; False if it ended before."""
        end = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=10).close()
                return True
            except ConnectionRefusedError:
                time.sleep(0.02)
        return False

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)
        self.folder.cleanup()
