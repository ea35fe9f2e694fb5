//! The inputs that are checked in, through every target: what fuzzing has found once stays found.

use std::panic::catch_unwind;
use wazo_auth_fuzz::corpus::inputs;
use wazo_auth_fuzz::{TARGETS, Target};

fn replay(target: &str) {
    let (name, run): &Target = TARGETS.iter().find(|(name, _)| *name == target).expect("a target of this name");
    let inputs = inputs(name);
    assert!(inputs.len() > 5, "{name}: {} inputs", inputs.len());
    // Nothing at all is an input too.
    run(&[]);
    let failed: Vec<_> = inputs.iter().filter(|input| catch_unwind(|| run(input)).is_err()).collect();
    for input in &failed {
        eprintln!("{name} fails for {}", input.escape_ascii());
    }
    assert!(failed.is_empty(), "{name}: {} of {} inputs", failed.len(), inputs.len());
}

macro_rules! replays {
    ($($target:ident)*) => {
        $(#[test]
        fn $target() {
            replay(stringify!($target));
        })*

        #[test]
        fn every_target_is_replayed_and_has_a_program() {
            let replayed = [$(stringify!($target)),*];
            let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, replayed);
            for name in names {
                let program = format!("{}/fuzz_targets/{name}.rs", env!("CARGO_MANIFEST_DIR"));
                let source = std::fs::read_to_string(&program).unwrap_or_default();
                assert!(source.contains(&format!("wazo_auth_fuzz::{name}::run")), "{program}");
            }
        }
    };
}

replays! {
    access_lists arguments error_bodies events json masking options server_bytes shared_memory tokens
}
