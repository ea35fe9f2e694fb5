//! What a verifier says.

use crate::cache::Verdict;
use crate::cache::facts::Who;
use crate::client::Outcome;

/// What was decided, and about whom.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What was decided. (Never [`Verdict::Unknown`]: that is an error.)
    pub verdict: Verdict,
    /// Whether the server could not be asked, and this is what it said before.
    pub is_stale: bool,
    /// Whose the token is. `None` for an invalid token.
    pub who: Option<Who>,
}

impl Decision {
    /// Whether the token may be used.
    pub fn is_allowed(&self) -> bool {
        self.verdict == Verdict::Allowed
    }

    /// All of it as a JSON object.
    pub fn to_json(&self) -> String {
        let who = self.who.as_ref().map_or_else(|| Who::nobody().members(), Who::members);
        format!(r#"{{"verdict":"{}","is_stale":{},{who}}}"#, self.verdict.name(), self.is_stale)
    }

    /// As the outcome of a call.
    pub fn into_outcome(self) -> Outcome {
        Outcome::of_decision(self.to_json(), self.is_allowed())
    }
}

/// A token that no server can know. It comes from the other side of the network, and is no mistake of the program.
pub fn is_impossible(token: &str) -> bool {
    // Bytes will do for the common case: letters, digits and dashes.
    if token.len() <= 200 && !token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return false;
    }
    let has_dots = token.contains('.') && token.split(['/', '\\']).any(|part| part == "." || part == "..");
    token.is_empty() || token.len() > 2000 || has_dots || token.chars().any(|c| c.is_control() || c == '\u{fffd}')
}
