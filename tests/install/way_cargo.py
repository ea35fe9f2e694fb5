"""The Rust crate, as it is packed for crates.io, in a program that wants the newest tokio."""
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / 'tests' / 'support')]
from wazo_auth import PASSWORD, USERNAME, Simulator  # noqa: E402

ABOUT = 'the packed crate in a Rust program with the newest tokio'
CRATE = 'wazo-auth-client-rust'
CARGO = os.environ.get('CARGO', 'cargo')
# Kept from run to run: the crates of others are compiled once.
TARGET = ROOT / 'build' / 'install' / 'cargo-target'

MANIFEST = '''[package]
name = "program"
version = "0.0.0"
edition = "2024"

[dependencies]
{crate} = {{ path = "{path}" }}
tokio = {{ version = "{tokio}", features = ["rt-multi-thread", "macros", "time"] }}

[workspace]
'''
PROGRAM = '''
use std::sync::Arc;
use std::time::Duration;
use wazo_auth_client::{Client, ErrorKind, Options, operations};

#[tokio::main(worker_threads = 2)]
async fn main() {
    let setting = |name: &str| std::env::var(name).unwrap();
    let mut options = Options::new();
    options.set_url(&setting("URL")).unwrap();
    for name in ["ca_file", "username", "password"] {
        options.set(name, &setting(name)).unwrap();
    }
    let client = Arc::new(Client::new(&options).unwrap());
    let token = client.token_new().expiration(60).call_async().await.unwrap().read().unwrap().token;
    client.set("token", &token).unwrap();

    // From many tasks of the program's own runtime, beside its timers.
    let ask = |token: String| {
        let client = Arc::clone(&client);
        tokio::spawn(async move { client.token_check(token).call_async().await.unwrap() })
    };
    let (known, unknown): (Vec<_>, Vec<_>) = (0..20).map(|_| (ask(token.clone()), ask("unknown".to_owned()))).unzip();
    for answer in known {
        assert!(answer.await.unwrap());
    }
    for answer in unknown {
        assert!(!answer.await.unwrap());
    }
    let listed = client.call_async(operations::named("users.list"), &Default::default()).await.unwrap();
    assert!(listed.json.contains("\\"items\\""));
    let late = tokio::time::timeout(Duration::ZERO, client.users_list().call_async()).await;
    assert!(late.is_err() || late.unwrap().is_ok());

    // A blocking call belongs on a thread of the program's own; on those of the runtime it is refused.
    let blocking = || {
        let client = Arc::clone(&client);
        move || client.users_get("00000000-0000-4000-8000-000000000000").call().unwrap_err().kind
    };
    assert_eq!(std::thread::spawn(blocking()).join().unwrap(), ErrorKind::NotFound);
    assert_eq!(tokio::task::spawn_blocking(blocking()).await.unwrap(), ErrorKind::InvalidArgument);
    println!("well");
}
'''


def cargo(*words, folder):
    """Runs cargo; whether it ended well, and what it said."""
    done = subprocess.run(
        [CARGO, *map(str, words)], cwd=folder, env={**os.environ, 'CARGO_TARGET_DIR': str(TARGET)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    return done.returncode == 0, done.stdout


def numbers(version):
    return tuple(map(int, version.split('.')[:2]))


def locked(lock, name):
    """The versions of a crate in a Cargo.lock."""
    return re.findall(rf'name = "{name}"\nversion = "(.+)"', lock.read_text(encoding='utf-8'))


def unpacked(folder):
    """The crate as crates.io would have it; its folder."""
    well, said = cargo('package', '--locked', '--no-verify', '--allow-dirty', '--package', CRATE, folder=ROOT)
    assert well, said
    (packed,) = re.findall(r'version = "(.+?)"', (ROOT / 'Cargo.toml').read_text())[:1]
    with tarfile.open(TARGET / 'package' / f'{CRATE}-{packed}.crate') as archive:
        archive.extractall(folder, filter='data')
    return folder / f'{CRATE}-{packed}'


def program(folder, crate, tokio):
    """A package that depends on the crate and on this tokio; whether cargo could resolve it, and what it said."""
    (folder / 'src').mkdir(parents=True)
    (folder / 'Cargo.toml').write_text(MANIFEST.format(crate=CRATE, path=crate, tokio=tokio))
    (folder / 'src' / 'main.rs').write_text(PROGRAM)
    return cargo('generate-lockfile', folder=folder)


def run(report, tools):
    crate = unpacked(tools.folder)
    (ours,) = locked(ROOT / 'Cargo.lock', 'tokio')
    report.promise(
        numbers(ours) == (1, 51), 'the C library has tokio 1.51, which reads no environment (library/Cargo.toml)',
        f'Cargo.lock has tokio {ours}',
    )
    folder = tools.folder / 'program'
    well, said = program(folder, crate, '1')
    if not well and re.search(r'Could not resolve host|failed to download|network|spurious', said):
        report.skip('a Rust program has the newest tokio beside the crate', 'crates.io cannot be reached: try again online')
        return
    found = locked(folder / 'Cargo.lock', 'tokio') if well else []
    if not report.promise(
        len(found) == 1 and numbers(found[0]) > numbers(ours),
        f'a Rust program has the newest tokio beside the crate: {", ".join(found)}', said,
    ):
        return
    well, said = program(tools.folder / 'older', crate, f'={ours}')
    report.promise(well, f'another has the tokio of the C library: {ours}', said)
    well, said = cargo('build', '--locked', '--message-format', 'json-render-diagnostics', folder=folder)
    if not report.promise(well, 'the program compiles', said[-3000:]):
        return
    (built,) = [message['executable'] for line in said.splitlines() if line.startswith('{')
                for message in [json.loads(line)] if message.get('executable')]
    with Simulator() as simulator:
        settings = {
            'URL': simulator.url, 'ca_file': str(simulator.ca_file), 'username': USERNAME, 'password': PASSWORD,
        }
        done = subprocess.run(
            [built], env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
        )
    report.promise(
        (done.returncode, done.stdout) == (0, 'well\n'), 'its tasks make calls, blocking and as futures, over HTTPS',
        f'exit status {done.returncode}\n{done.stdout}',
    )


if __name__ == '__main__':
    import run as runner

    sys.exit(runner.begin('cargo').end())
