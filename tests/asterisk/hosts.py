"""Asterisk as the test runs it: where it is, the module compiled for it, and a running one with a made-up configuration.

All ports are free ones on loopback, and nothing outlives the test: Asterisk is asked to end when the `with` is left,
killed when it does not, and told by the kernel when the test itself was killed.
"""
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import artifacts

MODULE = artifacts.ROOT / 'bindings' / 'c' / 'asterisk'
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)

# What the configurations below need, in place of all modules of Asterisk: it starts within a second.
MODULES = '''
    res_timing_timerfd pbx_config res_sorcery_config res_sorcery_memory res_sorcery_astdb res_pjproject res_pjsip
    res_pjsip_session res_pjsip_endpoint_identifier_user res_pjsip_header_funcs res_pjsip_sdp_rtp res_rtp_asterisk
    chan_pjsip codec_ulaw func_channel func_strings func_logic func_callerid func_global app_userevent bridge_simple
    res_pjsip_pubsub res_speech res_agi func_shell
'''.split()


class Installation:
    """An Asterisk: how it is started, and where its headers, modules and data are."""

    def __init__(self, root, system=False):
        self.root = root
        self.include = root / 'usr' / 'include'
        libraries = sorted((root / 'usr' / 'lib').glob('*/asterisk/modules')) or [root / 'usr/lib/asterisk/modules']
        self.modules = libraries[0]
        self.data = next((path for path in (root / 'usr/share/asterisk', root / 'var/lib/asterisk') if
                          (path / 'documentation').is_dir()), root / 'usr/share/asterisk')
        self.is_system = system
        self.environment, self.library = {}, None

    @property
    def command(self):
        """The beginning of a command that starts Asterisk, or its CLI."""
        if self.is_system:
            return [shutil.which('asterisk')]
        # With its own C library and loader, as unpacked, so that this system may be older.
        folder = self.modules.parents[1]
        loader = sorted(folder.glob('ld-linux*.so.*'))[0]
        return [loader, '--library-path', f'{folder}:{self.library}', self.root / 'usr/sbin/asterisk']

    def link_library(self, folder):
        """A folder in which linker and loader find the library, whatever its file and its SONAME are."""
        folder.mkdir(parents=True)
        library = Path(os.environ['WAZO_AUTH_CLIENT_LIBRARY']).resolve()
        said = subprocess.run(['readelf', '-d', library], capture_output=True, text=True, check=True).stdout
        for name in {'libwazo_auth_client.so', *re.findall(r'SONAME.*\[(.*)\]', said)}:
            (folder / name).symlink_to(library)
        self.library = folder
        if self.is_system:
            self.environment['LD_LIBRARY_PATH'] = str(folder)

    def version(self):
        done = subprocess.run([*self.command, '-V'], capture_output=True, text=True, env={**os.environ, **self.environment})
        return done.stdout.strip()

    def build(self, folder):
        """Compiles the module for it; gives what make printed if that failed."""
        self.link_library(folder / 'library')
        command = ['make', '-C', MODULE, f'BUILD={folder}', f'ASTERISK_INCLUDE={self.include}', f'LIBRARY_DIR={self.library}']
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.stdout if done.returncode else None


def find():
    """The installation to test with, and the reason if there is none."""
    asked = os.environ.get('ASTERISK_ROOT')
    unpacked = Path(asked or artifacts.ROOT / 'build' / 'asterisk' / 'root').resolve()
    if (unpacked / 'usr/sbin/asterisk').exists() and (unpacked / 'usr/include/asterisk.h').exists():
        return Installation(unpacked), None
    if not asked and shutil.which('asterisk') and Path('/usr/include/asterisk.h').exists():
        return Installation(Path('/'), system=True), None
    return None, f'no Asterisk with headers in {unpacked}, nor installed: make setup-asterisk'


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def _end_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


DIALPLAN = '''
[globals]
; What a check that says no must not let through.
WAZO_AUTH_USER_UUID = global
WAZO_AUTH_STATUS = yes
NAME_OF_A_VARIABLE = TOKEN

#include "{sample}"

[probe]
; QUESTION is what stands in the brackets of WAZO_AUTH(), THEN the same for a second check.
exten => ask,1,Set(ANSWER=${{WAZO_AUTH(${{QUESTION}})}})
 same => n,GotoIf($["${{THEN}}" = ""]?asked)
 same => n,Set(ANSWER=${{WAZO_AUTH(${{THEN}})}})
 same => n(asked),GotoIf(${{ANSWER}}?true)
 same => n,Set(BRANCH=false)
 same => n,Goto(tell)
 same => n(true),Set(BRANCH=true)
 same => n(tell),UserEvent(Probe,Id: ${{ID}},Answer: <${{ANSWER}}>,Branch: ${{BRANCH}},WazoStatus: ${{WAZO_AUTH_STATUS}},WazoError: ${{WAZO_AUTH_ERROR}},Verdict: ${{WAZO_AUTH_VERDICT}},User: ${{WAZO_AUTH_USER_UUID}},Tenant: ${{WAZO_AUTH_TENANT_UUID}},Session: ${{WAZO_AUTH_SESSION_UUID}},Auth: ${{WAZO_AUTH_AUTH_ID}},Stale: ${{WAZO_AUTH_IS_STALE}})
exten => identity,1,UserEvent(Probe,Id: ${{ID}},Value: <${{WAZO_AUTH_IDENTITY(${{QUESTION}})}}>)
exten => agi,1,AGI({agi},${{QUESTION}})
 same => n,UserEvent(Probe,Id: ${{ID}},Answer: <${{ANSWER}}>,User: ${{WAZO_AUTH_USER_UUID}})
; The mistake that the documentation warns of: the value in place of the name.
exten => mistake,1,UserEvent(Probe,Id: ${{ID}},Answer: <${{WAZO_AUTH(${{TOKEN}},${{QUESTION}})}}>)
exten => hung-up,1,Hangup()
exten => h,1,GotoIf($["${{ASK_AFTER}}" = ""]?end)
 same => n,UserEvent(After,Id: ${{ID}},Answer: <${{WAZO_AUTH(${{QUESTION}})}}>)
 same => n(end),NoOp()
exten => wait,1,Wait(60)
'''


class Asterisk:
    """The real one, in the foreground, with the samples that the module comes with."""

    def __init__(self, installation, module, folder, owners, general, verifier=''):
        self.installation = installation
        self.folder = Path(folder)
        self.log = self.folder / 'log' / 'full'
        self.etc = self.folder / 'etc'
        for name in ('etc', 'lib', 'log', 'run', 'spool', 'modules', 'data/documentation/thirdparty'):
            (self.folder / name).mkdir(parents=True)
        for name in MODULES:
            (self.folder / 'modules' / f'{name}.so').symlink_to(installation.modules / f'{name}.so')
        (self.folder / 'modules' / 'res_wazo_auth.so').symlink_to(module)
        for path in (installation.data / 'documentation').glob('*.*'):
            (self.folder / 'data' / 'documentation' / path.name).symlink_to(path)
        shutil.copy(MODULE / 'res_wazo_auth-en_US.xml', self.folder / 'data/documentation/thirdparty')
        self.write_files()
        self.configure(general, verifier)
        # Between the look for a free port and Asterisk another program may take it.
        for _ in range(5):
            self.sip_port, self.ami_port = free_port(socket.SOCK_DGRAM), free_port()
            self.write_ports(owners)
            self.start()
            if self.answers() or 'ddress already in use' not in self.output():
                break
            self.end()

    def write(self, name, text):
        (self.etc / name).write_text(text)

    def write_files(self):
        places = {'etc': 'etc', 'varlib': 'lib', 'db': 'lib', 'key': 'lib', 'spool': 'spool', 'run': 'run', 'log': 'log',
                  'mod': 'modules', 'data': 'data', 'agi': 'data', 'sbin': 'run', 'cache': 'lib'}
        lines = [f'ast{name}dir => {self.folder / place}' for name, place in places.items()]
        self.write('asterisk.conf', '\n'.join(['[directories]', *lines, '[options]', 'verbose = 5', 'nocolor = yes', '']))
        loads = [f'load = {name}.so' for name in MODULES]
        self.write('modules.conf', '\n'.join(['[modules]', 'autoload = no', *loads, 'load = res_wazo_auth.so', '']))
        self.write('logger.conf', '[general]\n[logfiles]\nfull => notice,warning,error,verbose(5),security\n')
        self.write('extensions.conf', DIALPLAN.format(sample=MODULE / 'extensions.conf', agi=Path(__file__).with_name('ask.agi')))

    def write_ports(self, owners):
        sample = (MODULE / 'pjsip.conf').read_text().replace('0.0.0.0:5060', f'127.0.0.1:{self.sip_port}')
        for name, owner in owners.items():
            sample = re.sub(rf'(\[{name}\].*\nset_var = OWNER_UUID=)\S+', rf'\g<1>{owner}', sample)
        self.write('pjsip.conf', sample)
        self.write('manager.conf', f'[general]\nenabled = yes\nbindaddr = 127.0.0.1\nport = {self.ami_port}\n'
                   '[test]\nsecret = test\nread = all\nwrite = all\n')

    def configure(self, general, verifier=''):
        """Writes res_wazo_auth.conf: the lines of its two sections."""
        before = (self.etc / 'res_wazo_auth.conf')
        changed_ns = before.stat().st_mtime_ns if before.exists() else 0
        self.write('res_wazo_auth.conf', f'[general]\n{general}\n[verifier]\n{verifier}\n')
        # Asterisk compares the times of files in seconds on some systems.
        later_ns = max(time.time_ns(), changed_ns + 2_000_000_000)
        os.utime(before, ns=(later_ns, later_ns))

    def start(self):
        command = [*self.installation.command, '-f', '-C', self.etc / 'asterisk.conf']
        with open(self.folder / 'output', 'w') as output:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, **self.installation.environment}, preexec_fn=_end_with_parent, start_new_session=True,
            )

    def output(self):
        log = self.log.read_text(errors='replace') if self.log.exists() else ''
        return (self.folder / 'output').read_text(errors='replace') + log

    def answers(self, seconds=30):
        """Waits until it has started; false where it ended instead."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            if 'fully booted' in self.command('core waitfullybooted'):
                return True
            time.sleep(0.05)
        return False

    def command(self, text):
        """What a command of the CLI prints."""
        command = [*self.installation.command, '-C', self.etc / 'asterisk.conf', '-rx', text]
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, errors='replace', timeout=60,
            env={**os.environ, **self.installation.environment},
        )
        return done.stdout

    def status(self):
        """What `wazo auth show status` prints, by its names."""
        lines = self.command('wazo auth show status').splitlines()
        return {line[:16].strip(): line[17:].strip() for line in lines}

    def reload(self):
        """Reads the module's file again; gives what is in the log since."""
        before = len(self.log.read_text(errors='replace'))
        self.command('module reload res_wazo_auth.so')
        return self.log.read_text(errors='replace')[before:]

    def threads(self):
        return len(os.listdir(f'/proc/{self.process.pid}/task'))

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))

    def end(self, seconds=15):
        """Ends it; gives its exit status, or None where it had to be killed."""
        if self.process.poll() is None:
            self.command('core stop now')
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
