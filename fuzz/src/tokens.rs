//! What a server says about a token: the first byte moves the server's clock, the rest is its answer, and also what may stand
//! in a cache for an identity.

use crate::byte;
use crate::telling::is_one_line;
use std::time::{Duration, SystemTime};
use wazo_auth_client::cache::facts::{Facts, Who};

/// The target.
pub fn run(data: &[u8]) {
    let (clock, rest) = byte(data);
    let server_time = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(clock) << 24);
    // The same bytes as what is kept: it is read whole, or not at all.
    if let Some(who) = Who::from_bytes(rest) {
        assert!(who.to_bytes().len() <= rest.len());
        assert_eq!(Who::from_bytes(&who.to_bytes()).as_ref(), Some(&who));
        assert!(Who::subject_of(rest).is_some());
    }
    let answer = String::from_utf8_lossy(rest);
    let facts = match Facts::read(&answer, server_time) {
        Ok(facts) => facts,
        Err(error) => {
            assert!(is_one_line(&error.message), "{:?}", error.message);
            return;
        }
    };
    let bytes = facts.who.to_bytes();
    assert_eq!(Who::from_bytes(&bytes).as_ref(), Some(&facts.who));
    let subject = Who::subject_of(&bytes).expect("an identity that was just written");
    assert_eq!(
        facts.entries.allow("users.me.read", subject),
        facts.entries.allow("users.me.read", facts.who.subject())
    );
    let members = format!("{{{}}}", facts.who.members());
    assert!(wazo_auth_client::internals::json::is_json(&members), "{members:?}");
}
