//! The kinds of errors: one table, from which come the enums of Rust, C and C++, Python's constants and the documentation.
//!
//! A new kind is one entry at the end of the table, then `cargo xtask codegen`. Numbers are part of the ABI: they are
//! never changed and never used again.

use std::ops::RangeInclusive;

/// Whether the same call may succeed later without a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retryable {
    /// It may.
    Yes,
    /// Not without a change.
    No,
    /// Only where no answer came.
    Unanswered,
}

/// What is known about a kind.
#[derive(Clone, Debug)]
pub struct Kind {
    /// The number, pinned for the life of the ABI.
    pub number: i32,
    /// The kind in one word, such as `not_found`.
    pub name: &'static str,
    /// One sentence: when it happens.
    pub meaning: &'static str,
    /// What a program should do about it.
    pub advice: &'static str,
    /// Whether the same call may succeed later.
    pub retryable: Retryable,
    /// The HTTP statuses that become this kind. The narrowest range of all kinds counts; among several kinds of one
    /// status, the body decides.
    pub statuses: &'static [RangeInclusive<u16>],
}

macro_rules! kinds {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $number:literal, $name:literal, $retryable:ident,
        [$($statuses:expr),*], $advice:literal;)+) => {
        /// What kind of failure it was. The numbers are part of the ABI: new kinds are appended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(i32)]
        pub enum ErrorKind {
            $($(#[doc = $meaning])+ $variant = $number,)+
        }

        impl ErrorKind {
            /// Every kind, in the order of the numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
        }

        /// Every kind, in the order of the numbers.
        pub const KINDS: &[Kind] = &[$(Kind {
            number: $number,
            name: $name,
            meaning: concat!($($meaning),+).trim_ascii(),
            advice: $advice,
            retryable: Retryable::$retryable,
            statuses: &[$($statuses),*],
        }),+];
    };
}

// The meaning, the Rust name, the number, the word, whether it is retryable, the statuses, what to do.
kinds! {
    /// An argument is missing or invalid; nothing was sent.
    InvalidArgument = 1, "invalid_argument", No, [], "Correct the program: the message names the argument.";
    /// The server refused the user name and password (401).
    AuthenticationFailed = 2, "authentication_failed", No, [401..=401], "Ask the user for the password again.";
    /// The client's token is unknown or expired (401).
    TokenInvalid = 3, "token_invalid", No, [401..=401], "Create a new token and repeat the call.";
    /// The token is valid, but lacks the required access (401 or 403).
    PermissionDenied = 4, "permission_denied", No, [401..=401, 403..=403], "Give the user a policy with the access.";
    /// The tenant is neither the token's own tenant nor a tenant below it (401).
    TenantUnauthorized = 5, "tenant_unauthorized", No, [401..=401], "Use a tenant that the token can see.";
    /// The resource or the route does not exist (404).
    NotFound = 6, "not_found", No, [404..=404], "Check the identifier, and the options host, port and prefix.";
    /// The resource exists already, or its state forbids the operation (409).
    Conflict = 7, "conflict", No, [409..=409], "Read the resource, then decide.";
    /// A limit is reached: a limit of the server, such as the number of sessions (429), or the limit of a queue.
    Quota = 8, "quota", No, [429..=429], "End sessions, or take completions from the queue.";
    /// The server considers the request invalid (400, 405 and other 4xx).
    Rejected = 9, "rejected", No, [400..=499], "Correct the call: the message holds the server's reason.";
    /// The server failed (500 and other 5xx).
    ServerError = 10, "server_error", No, [500..=599], "Look at the server's log.";
    /// The server, or a proxy in front of it, cannot serve the request now (502, 503, 504).
    Unavailable = 11, "unavailable", Yes, [502..=504], "Try again later.";
    /// No connection could be made: the name was not found, or the connection was refused or unreachable.
    Connect = 12, "connect", Yes, [], "Try again later; check host and port.";
    /// The call did not end before its deadline.
    Timeout = 13, "timeout", Yes, [], "Try again later, or raise timeout_ms.";
    /// TLS failed: the certificate is not trusted, or is for another host name.
    Tls = 14, "tls", No, [], "Check the certificate and the option ca_file.";
    /// The response is malformed: truncated, not JSON, or a redirect.
    Protocol = 15, "protocol", Unanswered, [], "Check host, port and prefix: the server may not be wazo-auth.";
    /// The response is larger than max_response_bytes.
    TooLarge = 16, "too_large", No, [], "Ask for less (limit, offset), or raise max_response_bytes.";
    /// The caller cancelled the call.
    Cancelled = 17, "cancelled", No, [], "Nothing: the program asked for it.";
    /// The queue (in Python: the client) was closed, or the call belonged to the parent process.
    Closed = 18, "closed", No, [], "Make the call again in this process, if it is still needed.";
    /// A defect of this library, caught before it could harm the host process.
    Internal = 19, "internal", No, [], "Please report it.";
    /// Too many calls of queues wait for the server already, or this one has waited too long; nothing was sent.
    Busy = 20, "busy", Yes, [], "Answer without wazo-auth, or try again later; the server is slower than the calls come.";
}

impl ErrorKind {
    /// What the table says about this kind.
    pub fn facts(self) -> &'static Kind {
        // The table is in the order of the numbers, from 1, without a gap; a test holds it to that.
        &KINDS[self as usize - 1]
    }

    /// The kind as a word, such as `not_found`.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// The kind of an HTTP status that is a failure. For 401, which several kinds share, it is the first of them: what
    /// the body says decides.
    pub fn of_status(status: u16) -> Self {
        let width = |kind: &Self| {
            let of_status = kind.facts().statuses.iter().filter(|range| range.contains(&status));
            of_status.map(|range| range.end() - range.start()).min()
        };
        let narrowest = Self::ALL.iter().filter(|kind| width(kind).is_some()).min_by_key(|kind| width(kind));
        *narrowest.unwrap_or(&Self::Protocol)
    }

    /// Every kind that a status can become.
    pub fn all_of_status(status: u16) -> impl Iterator<Item = Self> {
        let exact = status..=status;
        let shared = Self::ALL.iter().copied().filter(move |kind| kind.facts().statuses.contains(&exact));
        let is_shared = shared.clone().count() > 1;
        let single = (!is_shared).then(|| Self::of_status(status));
        shared.filter(move |_| is_shared).chain(single)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ABI as it was released: a line is never changed.
    const PINNED: [(i32, &str); 19] = [
        (1, "invalid_argument"),
        (2, "authentication_failed"),
        (3, "token_invalid"),
        (4, "permission_denied"),
        (5, "tenant_unauthorized"),
        (6, "not_found"),
        (7, "conflict"),
        (8, "quota"),
        (9, "rejected"),
        (10, "server_error"),
        (11, "unavailable"),
        (12, "connect"),
        (13, "timeout"),
        (14, "tls"),
        (15, "protocol"),
        (16, "too_large"),
        (17, "cancelled"),
        (18, "closed"),
        (19, "internal"),
    ];

    #[test]
    fn numbers_and_names_of_kinds_are_pinned() {
        let known: Vec<(i32, &str)> = KINDS.iter().map(|kind| (kind.number, kind.name)).collect();
        assert_eq!(known[..PINNED.len()], PINNED, "kinds are only ever appended");
        for (index, kind) in ErrorKind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, index + 1, "{}: numbers have no gap", kind.name());
            assert_eq!(kind.facts().number, *kind as i32);
        }
    }

    #[test]
    fn every_status_has_the_kind_that_is_documented() {
        for (statuses, kind) in [
            (&[400, 405, 406, 415, 422, 499][..], ErrorKind::Rejected),
            (&[403], ErrorKind::PermissionDenied),
            (&[404], ErrorKind::NotFound),
            (&[409], ErrorKind::Conflict),
            (&[429], ErrorKind::Quota),
            (&[500, 501, 505, 599], ErrorKind::ServerError),
            (&[502, 503, 504], ErrorKind::Unavailable),
            (&[101, 200, 302, 304, 600, 999], ErrorKind::Protocol),
        ] {
            for status in statuses {
                assert_eq!(ErrorKind::of_status(*status), kind, "{status}");
                assert_eq!(ErrorKind::all_of_status(*status).collect::<Vec<_>>(), [kind], "{status}");
            }
        }
        let unauthorized: Vec<_> = ErrorKind::all_of_status(401).map(ErrorKind::name).collect();
        let expected = ["authentication_failed", "token_invalid", "permission_denied", "tenant_unauthorized"];
        assert_eq!(unauthorized, expected);
    }
}
