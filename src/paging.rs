//! Listings, item by item, whatever comes and goes meanwhile.
//!
//! The server pages by `limit` and `offset` alone: when an earlier item is deleted, all that follow move forward, and the
//! next page would begin behind some that nobody has seen. So pages overlap by one item: a page that does not begin with
//! an item that is known already is not used, and an earlier one is asked for. In a stable order nothing is skipped then.
//! Where the server counts more items than were seen (its order may be none: users without a name are alike to it), the
//! listing is read again, twice at most. What was seen is remembered, so that nothing comes twice.

use crate::client::{Arguments, Client};
use crate::error::{Error, ErrorKind, Result, reserved, shown};
use crate::host::interrupt::Watch;
use crate::json::{self, Json, plain};
use crate::operations::{self, Method, Operation, Place, Type};
use crate::options::{PageSettings, ServiceSettings};
use serde_json::value::RawValue;
use siphasher::sip128::SipHasher13;
use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// An iterator over a listing. Each item is a JSON text.
///
/// An error does not end it: the next step asks for the same page again.
pub struct Pages {
    client: Client,
    operation: &'static Operation,
    arguments: Arguments,
    settings: PageSettings,
    /// The page that came last, and where in it the items stand that nobody has taken yet.
    page: String,
    ready: VecDeque<Range<usize>>,
    taken: u64,
    /// Hashes of what the items are known by: a listing may be long.
    seen: HashSet<u128>,
    hasher: SipHasher13,
    /// How many items have been passed, by their places; the next page begins with the last of them.
    passed: u64,
    /// How far to go back where that is too late.
    back: u64,
    /// Pages in a row with nothing new.
    barren: u64,
    rounds: u32,
    has_ended: bool,
}

/// One page as it came.
struct Page {
    json: String,
    items: Range<usize>,
    /// How many there are on all pages, by the server's count.
    filtered: Option<u64>,
}

/// A listing is read as often at most: the server's count is not to be trusted without end.
const MOST_ROUNDS: u32 = 3;

impl Pages {
    /// Begins to list. Nothing is sent before the first item is asked for. The client's token, tenant and other options
    /// of calls are those of now; a token source is asked for each page.
    pub fn new(client: &Client, operation: &str, arguments: Arguments, settings: PageSettings) -> Result<Self> {
        let operation = listing(operation)?;
        if let Some(name) = ["limit", "offset"].into_iter().find(|name| arguments.has(name)) {
            return Err(Error::invalid(format!(
                "argument {name}: an iterator sets it itself; use the options page_size and max_items"
            )));
        }
        let client = client.with([])?;
        // What is wrong with the arguments is said at once.
        client.begin(operation, &arguments)?;
        Ok(Self {
            client,
            operation,
            arguments,
            back: settings.page_size,
            settings,
            page: String::new(),
            ready: VecDeque::new(),
            taken: 0,
            seen: HashSet::new(),
            hasher: hasher(),
            passed: 0,
            barren: 0,
            rounds: 1,
            has_ended: false,
        })
    }

    /// The next item; `None` at the end.
    pub fn next_item(&mut self) -> Result<Option<String>> {
        // One call to the thread's check, however many pages it needs.
        let _watch = Watch::begin();
        let most = if self.settings.max_items == 0 { u64::MAX } else { self.settings.max_items };
        while self.taken < most {
            if let Some(item) = self.ready.pop_front() {
                self.taken += 1;
                return copied(&self.page[item]).map(Some);
            }
            // Nothing is kept of a page that has been taken.
            (self.page, self.ready) = (String::new(), VecDeque::new());
            if self.has_ended {
                break;
            }
            self.turn(most - self.taken)?;
        }
        Ok(None)
    }

    /// Asks for the next page. Where that fails, nothing has changed.
    fn turn(&mut self, wanted: u64) -> Result<()> {
        let size = self.settings.page_size.saturating_mul(u64::from(self.rounds)).min(wanted);
        // One more: the item that the page before ended with.
        let (offset, limit) = (self.passed.saturating_sub(1), size + u64::from(self.passed > 0));
        let page = self.page(offset, limit)?;
        let (count, before) = (page.items().count() as u64, self.seen.len());
        let known = |item: Range<usize>| self.seen.contains(&self.hash(&page.json[item]));
        let begins_known = offset == 0 || page.items().next().is_some_and(known);
        if begins_known {
            self.take(&page)?;
            self.page = page.json;
            self.back = self.settings.page_size;
            self.passed = offset + count;
        } else {
            self.passed = offset.saturating_sub(self.back);
            self.back = self.back.saturating_mul(2);
        }
        // What was seen fills so many pages; more of them without anything new come of a server that does not page.
        self.barren = if self.seen.len() > before { 0 } else { self.barren + 1 };
        let is_lost = self.barren > self.seen.len() as u64 / self.settings.page_size + 64;
        if is_lost {
            self.has_ended = true;
        } else if begins_known && count != limit {
            // Fewer than were asked for are the last ones; more are a server's that knows no pages.
            let is_short = page.filtered.is_some_and(|filtered| filtered > self.seen.len() as u64);
            self.has_ended = !is_short || count > limit || self.rounds == MOST_ROUNDS;
            // With larger pages: the same ones would have the same gaps.
            self.rounds += 1;
            self.passed = 0;
        }
        Ok(())
    }

    /// Takes the items of a page that are new.
    fn take(&mut self, page: &Page) -> Result<()> {
        for item in page.items() {
            // The server says how many there are.
            if self.seen.try_reserve(1).is_err() || self.ready.try_reserve(1).is_err() {
                for item in std::mem::take(&mut self.ready) {
                    self.seen.remove(&self.hash(&page.json[item]));
                }
                return Err(Error::no_memory(page.json.len()));
            }
            if self.seen.insert(self.hash(&page.json[item.clone()])) {
                self.ready.push_back(item);
            }
        }
        Ok(())
    }

    fn hash(&self, item: &str) -> u128 {
        self.hasher.hash(identity(item).as_bytes()).as_u128()
    }

    fn page(&self, offset: u64, limit: u64) -> Result<Page> {
        let arguments = self.arguments.clone();
        let arguments = arguments.with("limit", limit.to_string()).with("offset", offset.to_string());
        let outcome = self.client.call(self.operation, &arguments)?;
        Page::read(outcome.json).ok_or_else(|| {
            let name = self.operation.name;
            Error::new(ErrorKind::Protocol, format!("{name}: expected a JSON object with `items`, or a list"))
        })
    }
}

impl Iterator for Pages {
    type Item = Result<String>;

    /// After an error it may go on: the same page is asked for again.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_item().transpose()
    }
}

impl Page {
    fn read(json: String) -> Option<Self> {
        let whole: &RawValue = serde_json::from_str(&json).ok()?;
        let (items, filtered) = match Json::of(whole)? {
            Json::List(_) => (whole, None),
            object => match object.members(["items", "filtered"]) {
                [Some(items), filtered] => (items, filtered),
                _ => return None,
            },
        };
        let filtered = match filtered.and_then(Json::of) {
            Some(Json::Number(number)) => number.parse().ok(),
            _ => None,
        };
        if !items.get().starts_with('[') {
            return None;
        }
        // Where it stands in the text: it was borrowed from there.
        let start = items.get().as_ptr() as usize - json.as_ptr() as usize;
        let items = start..start + items.get().len();
        Some(Self { json, items, filtered })
    }

    /// Where its items stand in its text.
    fn items(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let start = self.items.start;
        json::items(&self.json[self.items.clone()]).map(move |item| start + item.start..start + item.end)
    }
}

/// An item by itself.
fn copied(item: &str) -> Result<String> {
    // One more: C texts end with a byte of their own.
    let mut copy = reserved(item.len() + 1)?;
    copy.push_str(item);
    Ok(copy)
}

/// A hash that a server cannot find two items of.
fn hasher() -> SipHasher13 {
    let random = RandomState::new();
    SipHasher13::new_with_keys(random.hash_one(0), random.hash_one(1))
}

/// What makes an item the same one on two pages: its UUID, or all of it.
fn identity(item: &str) -> String {
    let Ok(json) = serde_json::from_str::<&RawValue>(item) else { return item.to_owned() };
    match Json::of(json).as_ref().and_then(|item| item.member("uuid")).and_then(Json::of) {
        Some(Json::Text(uuid)) => uuid,
        _ => plain(json).unwrap_or_else(|| item.to_owned()),
    }
}

/// Whether an operation lists items page by page.
fn can_be_paged(operation: &Operation) -> bool {
    let has = |name| operation.each_parameter().any(|known| known.name == name && known.place == Place::Query);
    let lists = match operation.returns {
        Some(Type::List(_)) => true,
        Some(Type::Record(record)) => {
            record.fields.iter().any(|field| field.name == "items" && matches!(field.kind, Type::List(_)))
        }
        _ => false,
    };
    operation.method == Method::Get && has("limit") && has("offset") && lists
}

/// Every operation that can be paged.
pub fn listings() -> impl Iterator<Item = &'static Operation> {
    operations::all().filter(|operation| can_be_paged(operation))
}

fn listing(name: &str) -> Result<&'static Operation> {
    listings().find(|operation| operation.name == name).ok_or_else(|| {
        let some: Vec<_> = listings().map(|operation| operation.name).take(5).collect();
        Error::invalid(format!(
            "argument operation: {} is no listing with pages; such are {} and others that take limit and offset",
            shown(name),
            some.join(", ")
        ))
    })
}

/// How long the tenants of a token are kept.
const TENANTS_KEPT: Duration = Duration::from_secs(60);

/// The tenants that the client's token may see, in its tenant: a JSON array of the items of `tenants.list`. What was asked
/// for is kept for 60 s by all handles that share the connections, for 64 tokens and tenants at most; of a token there is
/// only a keyed hash.
pub fn visible_tenants(client: &Client) -> Result<Arc<str>> {
    client.kept_for(TENANTS_KEPT, || {
        let settings = PageSettings { page_size: 1000, ..PageSettings::defaults() };
        let tenants = Pages::new(client, "tenants.list", Arguments::new(), settings)?;
        Ok(format!("[{}]", tenants.collect::<Result<Vec<_>>>()?.join(",")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_limit_and_offset_can_be_paged_and_nothing_else() {
        let names: Vec<_> = listings().map(|operation| operation.name).collect();
        for name in ["users.list", "groups.get_users", "tenants.list", "policies.list", "refresh_tokens.list"] {
            assert!(names.contains(&name), "{names:?}");
        }
        let takes = |operation: &&Operation| operation.each_parameter().any(|parameter| parameter.name == "offset");
        assert_eq!(names.len(), operations::all().filter(takes).count(), "{names:?}");
    }

    #[test]
    fn an_item_is_known_by_its_uuid_or_else_by_all_of_it() {
        assert_eq!(identity(r#"{"uuid": "a", "x": 1}"#), identity(r#"{"uuid": "a", "x": 2}"#));
        assert_ne!(identity(r#"{"uuid": null, "x": 1}"#), identity(r#"{"uuid": null, "x": 2}"#));
        assert_eq!(identity(r#"{"type": "a"}"#), identity(r#"{"type":"\u0061"}"#));
    }

    #[test]
    fn a_page_is_an_object_with_items_or_a_list() {
        let items = |page: &Page| page.items().map(|item| page.json[item].to_owned()).collect::<Vec<_>>();
        let page = Page::read(r#" {"items" : [ {"uuid": "a"}, 2 ], "filtered": 7}"#.into()).unwrap();
        assert_eq!((items(&page), page.filtered), (vec![r#"{"uuid": "a"}"#.to_owned(), "2".into()], Some(7)));
        assert_eq!(items(&Page::read(" [1 , [2, 3]]".into()).unwrap()), ["1", "[2, 3]"]);
        assert_eq!(Page::read("[]".into()).unwrap().items().count(), 0);
        assert!([r#"{"items": {}}"#, "{}", "1", "null", ""].iter().all(|json| Page::read((*json).into()).is_none()));
    }
}
