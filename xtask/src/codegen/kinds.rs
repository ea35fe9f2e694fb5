//! Kinds of errors: their names in every language, and which of them a status becomes for an operation.
//!
//! The library's own rule for a status (`ErrorKind::of_status`) knows its own kinds only; this one takes any, and a test
//! compares the two.

use crate::error::kind::{Kind, Retryable};
use crate::operations::{Credentials, Operation, Place, Shape};

use super::text::enumeration;

/// The constant in C: `WAZO_AUTH_ERROR_NOT_FOUND`.
pub fn c_name(kind: &Kind) -> String {
    format!("WAZO_AUTH_ERROR_{}", kind.name.to_uppercase())
}

/// Every kind that a status can become: those of exactly this status where there are several, else the one whose range
/// of statuses is the narrowest.
pub fn all_of_status(kinds: &[Kind], status: u16) -> Vec<&Kind> {
    let exact: Vec<&Kind> = kinds.iter().filter(|kind| kind.statuses.contains(&(status..=status))).collect();
    if exact.len() > 1 {
        return exact;
    }
    let width = |kind: &&Kind| {
        let ranges = kind.statuses.iter().filter(|range| range.contains(&status));
        ranges.map(|range| range.end() - range.start()).min()
    };
    kinds.iter().filter(|kind| width(kind).is_some()).min_by_key(width).into_iter().collect()
}

/// The known statuses that are failures; to a question, 403 and 404 are the answer no.
pub fn refusals(operation: &Operation) -> Vec<u16> {
    let is_answer = |status| operation.result == Shape::Question && matches!(status, 403 | 404);
    operation.refused.iter().copied().filter(|status| !is_answer(*status)).collect()
}

/// The known refusals, each with the kinds that it becomes: `401 (token_invalid, permission_denied), 404 (not_found)`.
pub fn known_errors(kinds: &[Kind], operation: &Operation) -> String {
    let refusals = refusals(operation).into_iter();
    refusals.map(|status| format!("{status} ({})", names(kinds, operation, status))).collect::<Vec<_>>().join(", ")
}

/// The names of the kinds that a status becomes for an operation.
fn names(kinds: &[Kind], operation: &Operation, status: u16) -> String {
    let is_login = operation.credentials == Credentials::Basic;
    let has_tenant = operation.each_parameter().any(|parameter| parameter.place == Place::Tenant);
    let possible = all_of_status(kinds, status).into_iter().filter(|kind| match kind.name {
        "authentication_failed" => is_login || operation.proves_password,
        "tenant_unauthorized" => has_tenant && !is_login,
        "token_invalid" => !is_login,
        "permission_denied" => !(is_login && status == 401),
        _ => true,
    });
    possible.map(|kind| kind.name).collect::<Vec<_>>().join(", ")
}

/// The statuses of a kind, for readers: `403`, `502, 503 and 504`, `400 to 499`.
pub fn statuses_in_words(kind: &Kind) -> String {
    let mut words = Vec::new();
    for range in kind.statuses {
        if range.end() - range.start() > 9 {
            words.push(format!("other {} to {}", range.start(), range.end()));
        } else {
            words.extend(range.clone().map(|status| status.to_string()));
        }
    }
    enumeration(&words)
}

/// Whether the same call may succeed later, in a few words.
pub fn retryable_in_words(kind: &Kind) -> &'static str {
    match kind.retryable {
        Retryable::Yes => "yes",
        Retryable::No => "no",
        Retryable::Unanswered => "if no response arrived",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::error::kind::KINDS;

    #[test]
    fn a_status_is_documented_as_the_kind_that_the_library_makes_of_it() {
        for status in 400..600 {
            let documented: Vec<_> = all_of_status(KINDS, status).into_iter().map(|kind| kind.name).collect();
            let made: Vec<_> = ErrorKind::all_of_status(status).map(ErrorKind::name).collect();
            assert_eq!(documented, made, "{status}");
        }
    }
}
