"""What mutations.py breaks besides: orders of steps between threads, which the models of tests/host/loom must see broken.

Entries as in mutation_table.py.
"""

RACES = [
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
        'queue: who waits is not told',
        'src/queue/shared.rs',
        '        self.arrived.notify_all();\n        is_news',
        '        is_news',
        'loom',
        'loom: no completion is lost',
    ),
    (
        'queue: a slot is shown before it is filled',
        'src/queue/shared.rs',
        '        slot.id.store(id, Ordering::Release);\n        inner.running',
        '        slot.id.store(id, Ordering::Relaxed);\n        inner.running',
        'loom',
        'loom: no completion is lost',
    ),
    (
        'driver: the poll after a wake does not see what was done before it',
        'src/host/drive.rs',
        '            self.state.swap(QUIET, Ordering::AcqRel);\n            waited',
        '            self.state.store(QUIET, Ordering::Release);\n            waited',
        'loom',
        'loom: a wake of the driver',
    ),
    (
        'driver: it says that it waits before it has what wakes it',
        'src/host/drive.rs',
        '            let event = if wants.elsewhere { self.descriptor() } else { None };\n'
        '            let may_wait = self.state.compare_exchange(QUIET, WAITING, Ordering::AcqRel, Ordering::Acquire).is_ok();\n',
        '            let may_wait = self.state.compare_exchange(QUIET, WAITING, Ordering::AcqRel, Ordering::Acquire).is_ok();\n'
        '            let event = if wants.elsewhere { self.descriptor() } else { None };\n',
        'loom',
        'loom: a wake of the driver',
    ),
    (
        'cache: a payload is seen before its version',
        'src/cache/cells.rs',
        '        fence(Ordering::Release);\n',
        '',
        'loom',
        'loom: what is found in shared memory',
    ),
    (
        'cache: the checksum does not cover the version',
        'src/cache/cells.rs',
        'fold(key.0 ^ ODD[0], key.1 ^ version ^ ODD[1]) ^ version;',
        'fold(key.0 ^ ODD[0], key.1 ^ (version & 0) ^ ODD[1]);',
        'loom',
        'loom: what is found in shared memory',
    ),
    (
        'cache: the checksum does not cover the payload',
        'src/cache/cells.rs',
        'payload.chunks(2).fold(',
        'payload[..0].chunks(2).fold(',
        'loom',
        'loom: what is found in shared memory',
    ),
    (
        'cache: an earlier revocation overwrites a later one',
        'src/cache/revoked.rs',
        '[self.start + HEAD + usize::from(group(hash))].fetch_max(number, Ordering::SeqCst);',
        '[self.start + HEAD + usize::from(group(hash))].store(number, Ordering::SeqCst);',
        'loom',
        'loom: what is found in shared memory',
    ),
    (
        'renewer: who waits enlists after it has looked',
        'src/renewer.rs',
        '            let progress = shared.progress();\n            // Under the lock under which a token comes',
        '            if core.token().is_none() && shared.progress().renewal.is_under_way(uptime_ms()) {\n'
        '                from_elsewhere(shared.settled.notified()).await;\n                continue;\n            }\n'
        '            let progress = shared.progress();\n            // Under the lock under which a token comes',
        'loom',
        'loom: one thread renews',
    ),
    (
        'renewer: closing overlooks a thread that begins at the same moment',
        'src/renewer.rs',
        '        let shared = self.0.shared();\n        shared.woken.notify_one();',
        '        let Some(shared) = self.0.known() else { return log_out::log_out(&self.0, deadline) };\n'
        '        shared.woken.notify_one();',
        'loom',
        'loom: one thread renews',
    ),
    (
        'renewer: a late rejection is told of the next token',
        'src/renewer/state.rs',
        '        if session.is_rejected.swap(true, Ordering::AcqRel) || !is_current {',
        '        if session.is_rejected.swap(true, Ordering::AcqRel) || (!is_current && false) {',
        'loom',
        'loom: one thread renews',
    ),
    (
        'renewer: what is over is told as rejected tokens',
        'src/renewer.rs',
        '            if core.life.load(Ordering::Acquire) != ALIVE {\n                return Err(over());\n            }\n            let is_under_way',
        '            let is_under_way',
        'loom',
        'loom: one thread renews',
    ),
    (
        'queue: a call told as lost ends once more',
        'src/queue/shared.rs',
        '        if inner.running.remove(&completion.id).is_none() || inner.is_gone {',
        '        inner.running.remove(&completion.id);\n        if inner.is_gone {',
        'loom',
        'loom: no completion is lost',
    ),
    (
        'fork: a value that is good no more is kept',
        'src/host/fork.rs',
        '            && good(&owned.value)\n',
        '            && (good(&owned.value) || true)\n',
        'loom',
        'loom',
    ),
]
