//! Masking: parts at NUL are up to four secrets and, as the last, the text. In the text the byte 2 and the one behind it
//! stand for a form of a secret.

use crate::telling::{forms, with_secrets};
use crate::texts;
use wazo_auth_client::secret::{MASK, Secrets};

/// Shorter ones are not looked for.
const SHORTEST: usize = 4;

/// The target.
pub fn run(data: &[u8]) {
    let mut parts = data.split(|byte| *byte == 0).take(5).collect::<Vec<_>>();
    let Some(text) = parts.pop() else { return };
    let secrets: Vec<String> = parts.iter().flat_map(|part| texts(part)).collect();
    // The mask itself would show what is part of it.
    if secrets.iter().any(|secret| secret.contains('*') || secret.len() > 400) {
        return;
    }
    let sought: Vec<&String> = secrets.iter().filter(|secret| secret.len() >= SHORTEST).collect();
    let all: Vec<String> = sought.iter().flat_map(|secret| forms(secret)).collect();
    let text = String::from_utf8_lossy(&with_secrets(text, &all)).into_owned();
    let mut known = Secrets::default();
    // By either way in which a call knows its secrets.
    let (given, document) = secrets.split_at(secrets.len() / 2);
    known.extend(given.iter().cloned());
    known.add_all(serde_json::to_string(document).expect("texts are JSON").into_bytes().into());
    let masked = known.mask(&text);
    for form in &all {
        assert!(!masked.contains(form.as_str()), "{form:?} stands in {masked:?}, which was {text:?}");
    }
    if all.iter().any(|form| text.contains(form.as_str())) {
        assert!(masked.contains(MASK));
    } else if !text.contains('\\') {
        // Behind a backslash there may be an escaped form that is not listed, such as JSON within JSON.
        assert_eq!(masked, text, "nothing of {secrets:?} is in it");
    }
    assert_eq!(known.mask(&masked), masked, "a second time changes nothing");
}
