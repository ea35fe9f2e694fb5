//! Percent-encoding: what may stand in a URL as it is.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// What may stand in a path segment as it is: RFC 3986's unreserved characters.
pub const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
