#!/usr/bin/env python3
"""Shows that the host tests can fail: breaks the code that keeps a promise, and looks for the test that sees it.

    mutations.py --tree SCRATCH --target FOLDER --programs FOLDER --simulator PROGRAM [NAME ...]

SCRATCH is a checkout that may be broken (`git worktree add --detach ../scratch`), --target a target folder of cargo's of
its own, --programs the compiled programs (after `make test-host-short`: target/host). Each entry below is a change of one
file; the library is built with it, and the tests named beside it are run, of which one must say `not ok` (or die) with
the text that is given. What does not apply any more is said, and to be brought up to date.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

# Name, file, what stands there, what it becomes, the tests that run, a part of the line that must say `not ok`.
MUTATIONS = [
    (
        'fork: a child is not noticed',
        'src/host/fork.rs',
        'libc::madvise(page, LENGTH, libc::MADV_WIPEONFORK)',
        '0 * LENGTH as i32',
        'fork-http',
        'fork: ',
    ),
    (
        'fork: inherited sockets are left open',
        'src/host/descriptors.rs',
        '    let ours = generation();\n    let markers',
        '    if true { return; }\n    let ours = generation();\n    let markers',
        'fork-http',
        '4 children call',
    ),
    (
        'fork: the inherited runtime is dropped',
        'src/host/fork.rs',
        '                    abandon(&owned.value);\n                }\n                // SAFETY: `fresh` is in',
        '                    drop(unsafe { Box::from_raw(inherited) });\n                }\n                // SAFETY: `fresh` is in',
        'fork-https',
        'fork: ',
    ),
    (
        'fork: calls of the parent are forgotten in the child',
        'src/queue.rs',
        'if id != 0 && slot.generation.load(Ordering::Acquire) != generation() {',
        'if id == u64::MAX {',
        'fork-http',
        '4 children call',
    ),
    (
        'fork: a lock of the parent is taken in the child',
        'src/host/fork.rs',
        '(owned.generation == generation()).then_some(&owned.value)',
        'Some(&owned.value)',
        'fork-http',
        'fork: ',
    ),
    (
        'fork: threads that race make two values',
        'src/host/fork.rs',
        '        let fresh = Box::into_raw(Box::new(Owned { generation: generation(), value: make() }));',
        '        let fresh = Box::into_raw(Box::new(Owned { generation: generation(), value: make() }));\n'
        '        let inherited = self.slot.load(Ordering::Acquire);',
        'loom',
        'loom',
    ),
    (
        'loading: the code goes with dlclose',
        'build.rs',
        'println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");',
        '',
        'load',
        'code stays',
    ),
    (
        'loading: something happens at load',
        'src/lib.rs',
        None,
        '#[used]\n#[unsafe(link_section = ".init_array")]\nstatic AT_LOAD: extern "C" fn() = {\n'
        '    extern "C" fn at_load() { let _ = std::fs::File::open("/etc/hostname").map(std::mem::forget); }\n    at_load\n};\n',
        'load',
        'loading: ',
    ),
    (
        'loading: a client leaves its connections behind',
        'src/host/fork.rs',
        '            drop(unsafe { Box::from_raw(current) });',
        '',
        'load',
        'loading: ',
    ),
    (
        'loading: the thread outlives the last queue',
        'src/worker.rs',
        '        self.end.notify_one();',
        '        self.thread.take();',
        'load queue',
        'thread',
    ),
    (
        'exit: something of ours waits at the end',
        'src/worker.rs',
        '        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;',
        '        extern "C" fn at_exit() { std::thread::sleep(std::time::Duration::from_secs(5)); }\n'
        '        unsafe { libc::atexit(at_exit) };\n'
        '        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;',
        'exit',
        'exit: ',
    ),
    (
        'SIGPIPE: not held back',
        'src/host/signals.rs',
        '    let _held = platform::Held::begin();\n',
        '',
        'sigpipe',
        'sigpipe',
    ),
    (
        'SIGPIPE: held back, and delivered afterwards',
        'src/host/signals.rs',
        'if !self.was_pending && pipe_is_pending() {',
        'if false && self.was_pending {',
        'sigpipe',
        'sigpipe',
    ),
    (
        "SIGPIPE: the host's own is taken away",
        'src/host/signals.rs',
        'if !self.was_pending && pipe_is_pending() {',
        'if pipe_is_pending() {',
        'sigpipe',
        "host's handler",
    ),
    (
        'signals: SIGPIPE is ignored for the whole process',
        'src/client.rs',
        '        let base = base(&options.connection)?;',
        '        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };\n        let base = base(&options.connection)?;',
        'guest',
        'no handler',
    ),
    (
        'signals: the mask stays changed',
        'src/host/signals.rs',
        '            mask(SIG_SETMASK, &self.before);',
        '            let _ = &self.before;',
        'guest',
        'mask is as before',
    ),
    (
        'signals: threads of ours take signals',
        'src/host/signals.rs',
        '    let _blocked = platform::AllBlocked::begin();\n',
        '',
        'guest',
        'blocks them all',
    ),
    (
        'errno: left as the last system call made it',
        'src/host/entry.rs',
        '            *at = state.errno;',
        '            let _ = (at, state.errno);',
        'guest',
        'errno',
    ),
    (
        'descriptors: an eventfd that is inherited by exec',
        'src/host/event.rs',
        'libc::EFD_CLOEXEC | libc::EFD_NONBLOCK',
        'libc::EFD_NONBLOCK',
        'guest',
        'close-on-exec',
    ),
    (
        'threads: a blocking call starts one',
        'src/client/transport.rs',
        '        let lanes = self.lanes()?;\n',
        '        let lanes = self.lanes()?;\n        let _ = std::thread::spawn(|| {}).join();\n',
        'guest',
        'blocking calls start none',
    ),
    (
        'environment: a variable is read',
        'src/client.rs',
        '        let base = base(&options.connection)?;',
        '        let _ = std::env::var("HTTP_PROXY");\n        let base = base(&options.connection)?;',
        'guest',
        'environment',
    ),
    (
        'threads: an answer goes to another caller',
        'src/client/transport.rs',
        '        lanes.lay_back(lane, &self.settings);\n        answer\n',
        '        lanes.lay_back(lane, &self.settings);\n'
        '        static LAST: Mutex<Option<Vec<u8>>> = Mutex::new(None);\n'
        '        let mut received = answer?;\n'
        '        // More than three lanes: several threads call.\n'
        '        if Arc::strong_count(&lanes.marker) > 4 {\n'
        '            let mine = received.answer.body.clone();\n'
        '            if let Some(other) = LAST.lock().unwrap().replace(mine) { received.answer.body = other; }\n'
        '        }\n'
        '        Ok(received)\n',
        'threads',
        'every answer its own',
    ),
    (
        'threads: a token is changed in two steps',
        'src/client.rs',
        '        self.settings.rcu(|current| {',
        '        self.settings.rcu(|current| CallSettings { token: None, ..CallSettings::clone(current) });\n'
        '        std::thread::sleep(std::time::Duration::from_micros(100));\n        self.settings.rcu(|current| {',
        'threads',
        'changes whole',
    ),
    (
        'stack: a call takes 256 KiB more',
        'src/client/transport.rs',
        '        let lanes = self.lanes()?;\n',
        '        let lanes = self.lanes()?;\n        let mut pad = [0_u8; 256 << 10];\n        std::hint::black_box(&mut pad);\n',
        'stack',
        'stack: ',
    ),
    (
        'deadline: none',
        'src/client/exchange.rs',
        '                Some(limit) => within(limit, prepared, attempts).await,',
        '                Some(limit) if limit.is_zero() => within(limit, prepared, attempts).await,\n                Some(_) => attempts.await,',
        'deadline',
        'deadline',
    ),
    (
        'deadline: a name is looked up on the thread of the call',
        'src/client/resolver.rs',
        '            let mut found = look_up?;',
        '            std::thread::sleep(std::time::Duration::from_secs(1));\n            let mut found = look_up?;',
        'deadline',
        'looked up slowly',
    ),
    (
        'deadline: a request that was sent is not in doubt',
        'src/client/exchange.rs',
        '    error.in_doubt = phase.may_have_left() && !prepared.is_safe();',
        '    let _ = phase.may_have_left() && !prepared.is_safe();',
        'deadline',
        'nobody reads',
    ),
    (
        'cancel: nobody is woken',
        'src/client/cancellation.rs',
        '        self.waiting().notify_waiters();\n',
        '',
        'cancel',
        'cancel',
    ),
    (
        'cancel: a later call is sent first',
        'src/client/exchange.rs',
        '        if cancelled.iter_mut().any(|one| one.as_mut().poll(context).is_ready()) {',
        '        if let Poll::Ready(outcome) = call.as_mut().poll(context) { return Poll::Ready(outcome); }\n'
        '        if cancelled.iter_mut().any(|one| one.as_mut().poll(context).is_ready()) {',
        'cancel',
        'send nothing',
    ),
    (
        'queue: the last comes first',
        'src/queue.rs',
        'inner.ended.push_back((slot, completion));',
        'inner.ended.push_front((slot, completion));',
        'queue',
        'in the order',
    ),
    (
        'queue: the descriptor is not written',
        'src/queue.rs',
        '        if is_first {\n            self.event.set();\n        }',
        '        let _ = &self.event;',
        'queue',
        'readable while',
    ),
    (
        'queue: the descriptor stays readable',
        'src/queue.rs',
        '                    shared.event.clear();',
        '                    let _ = &shared.event;',
        'queue',
        'readable while',
    ),
    (
        'queue: cancelling by number does nothing',
        'src/queue.rs',
        'running.inspect(Cancellation::cancel).is_some()',
        'running.is_some()',
        'queue',
        'cancelling by number',
    ),
    (
        'queue: a full queue is no clear error',
        'src/queue.rs',
        '                ErrorKind::Quota,',
        '                ErrorKind::Internal,',
        'queue',
        'full queue',
    ),
    (
        'queue: the wake-up is not called',
        'src/queue.rs',
        '        function();',
        '        let _ = &function;',
        'queue',
        'wake-up is called',
    ),
    (
        'queue: freed while its calls go on and call',
        'src/queue.rs',
        '            running.iter().for_each(tokio::task::AbortHandle::abort);\n            state.shared.set_wake_up(None, state.worker.is_current());',
        '            state.shared.lock().is_gone = false;\n            drop(running);\n'
        '            std::mem::forget((Arc::clone(&state.shared), Arc::clone(&state.worker)));',
        'queue',
        'nothing is called afterwards',
    ),
    (
        'queue: closing it lets nobody go',
        'src/queue.rs',
        '            self.arrived.notify_all();\n        } else',
        '            self.arrived.notify_one();\n        } else',
        'queue',
        'queue',
    ),
    (
        'threads: cancelled inside',
        'src/host/entry.rs',
        'unsafe { pthread_setcancelstate(CANCEL_DISABLE, &raw mut cancel_state) };',
        'let _ = (CANCEL_DISABLE, &raw mut cancel_state);',
        'guest',
        'guest',
    ),
    (
        'queue: a thread for each',
        'src/worker.rs',
        '        if let Some(worker) = current.upgrade() {',
        '        if let Some(worker) = current.upgrade().filter(|_| false) {',
        'queue',
        'one thread for all',
    ),
    (
        'queue: waiting does not end',
        'src/queue.rs',
        'Some(Duration::ZERO) => return Ok(None),',
        'Some(Duration::ZERO) if timeout.is_none() => return Ok(None),',
        'queue',
        'queue',
    ),
    (
        'queue: 32 at once, whatever the option says',
        'src/client/transport.rs',
        'self.settings.queue_connections.min(Semaphore::MAX_PERMITS)',
        'self.settings.queue_connections.min(32)',
        'queue',
        '10,000 in flight',
    ),
    (
        'idle: what happened meanwhile is not looked at',
        'src/client/transport.rs',
        '            for _ in 0..3 {',
        '            for _ in 0..0 {',
        'idle',
        'blocking',
    ),
    (
        'memory: an error is not freed',
        'src/client/exchange.rs',
        'fn timed_out(prepared: &Prepared, limit: Duration) -> Error {\n',
        'fn timed_out(prepared: &Prepared, limit: Duration) -> Error {\n    std::mem::forget(vec![7_u8; 1000]);\n',
        'memory',
        'valgrind',
    ),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--tree', type=Path, required=True)
    parser.add_argument('--target', type=Path, required=True)
    parser.add_argument('--programs', type=Path, required=True, help='the compiled programs of the host tests')
    parser.add_argument('--simulator', type=Path, required=True)
    parser.add_argument('names', nargs='*', help='parts of the names of mutations; all where there is none')
    arguments = parser.parse_args()
    environment = {**os.environ, 'CARGO_TARGET_DIR': str(arguments.target)}
    # `deny(unsafe_code)` and the like are of no concern in a broken copy.
    build = ['cargo', 'rustc', '--offline', '--quiet', '-p', 'wazo-auth-client', '--lib', '--', '--cap-lints=warn']
    seen = missed = 0
    for name, path, old, new, tests, due in MUTATIONS:
        if arguments.names and not any(part in name for part in arguments.names):
            continue
        file = arguments.tree / path
        text = file.read_text()
        if old is not None and text.count(old) != 1:
            print(
                f'not ok - {name}: found {text.count(old)} times in {path}: bring the mutation up to date', flush=True
            )
            missed += 1
            continue
        try:
            file.write_text(text + '\n' + new if old is None else text.replace(old, new))
            subprocess.run(build, cwd=arguments.tree, env=environment, check=True, stderr=subprocess.PIPE, text=True)
            # The runner of the broken tree: loom reads the sources that it stands beside.
            command = [
                sys.executable,
                arguments.tree / 'tests' / 'host' / 'run.py',
                '--programs',
                arguments.programs,
                '--library',
                arguments.target / 'debug',
                '--simulator',
                arguments.simulator,
                *tests.split(),
            ]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            failed = [line for line in done.stdout.splitlines() if line.startswith('not ok - ')]
            hit = [line for line in failed if due in line]
            print(f'{"ok" if hit else "not ok"} - {name}: {(hit or failed or ["no test saw it"])[0]}', flush=True)
            seen += bool(hit)
            missed += not hit
        except subprocess.CalledProcessError as error:
            print(f'not ok - {name}: does not build: {error.stderr[-1500:]}', flush=True)
            missed += 1
        finally:
            file.write_text(text)
    print(f'{seen} seen, {missed} missed')
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
