//! Indexes of users: who has a login, and in which order a tenant's users are listed. Derived from the state, kept up to
//! date by the changes of `directory.rs`, so that a page of a long list takes no longer than a page.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use crate::listing::SortKey;
use crate::rows::{Tenants, User};

/// By what users are sorted.
pub const COLUMNS: [&str; 3] = ["username", "firstname", "lastname"];

/// The users of one tenant in the order of each column.
type Orders = [BTreeMap<(SortKey, String), String>; COLUMNS.len()];

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// Lower-case login (username or address) to the user's uuid.
    logins: HashMap<String, String>,
    orders: HashMap<String, Orders>,
}

fn logins_of(user: &User) -> impl Iterator<Item = String> {
    let addresses = user.emails.iter().map(|email| email.address.to_lowercase());
    user.username.iter().map(|name| name.to_lowercase()).chain(addresses)
}

fn keys_of(user: &User) -> [(SortKey, String); COLUMNS.len()] {
    [&user.username, &user.firstname, &user.lastname].map(|text| (SortKey::text(text.as_deref()), user.uuid.clone()))
}

impl Index {
    /// The index of these users.
    pub fn of<'a>(users: impl Iterator<Item = &'a User>) -> Self {
        let mut index = Self::default();
        users.for_each(|user| index.add(user));
        index
    }

    pub fn add(&mut self, user: &User) {
        self.logins.extend(logins_of(user).map(|login| (login, user.uuid.clone())));
        let orders = self.orders.entry(user.tenant_uuid.clone()).or_default();
        for (order, key) in orders.iter_mut().zip(keys_of(user)) {
            order.insert(key, user.uuid.clone());
        }
    }

    pub fn remove(&mut self, user: &User) {
        for login in logins_of(user) {
            self.logins.remove(&login);
        }
        if let Some(orders) = self.orders.get_mut(&user.tenant_uuid) {
            for (order, key) in orders.iter_mut().zip(keys_of(user)) {
                order.remove(&key);
            }
        }
    }

    /// The user that has the login, in any case.
    pub fn owner(&self, login: &str) -> Option<&String> {
        self.logins.get(&login.to_lowercase())
    }

    /// How many users these tenants have.
    pub fn count(&self, tenants: &Tenants) -> usize {
        tenants.iter().filter_map(|tenant| self.orders.get(tenant)).map(|orders| orders[0].len()).sum()
    }

    /// The uuids of these tenants' users in the order of a column.
    pub fn ordered<'a>(
        &'a self,
        tenants: &Tenants,
        column: &str,
        descending: bool,
    ) -> Box<dyn Iterator<Item = &'a str> + 'a> {
        let column = COLUMNS.iter().position(|known| *known == column).unwrap_or_default();
        let mut orders: Vec<_> =
            tenants.iter().filter_map(|tenant| self.orders.get(tenant)).map(|orders| &orders[column]).collect();
        match (orders.len(), orders.pop()) {
            (1, Some(order)) if descending => Box::new(order.values().rev().map(String::as_str)),
            (1, Some(order)) => Box::new(order.values().map(String::as_str)),
            (_, last) => {
                orders.extend(last);
                if descending {
                    let lists = orders
                        .into_iter()
                        .map(|order| order.iter().rev().map(|(key, uuid)| (Reverse(Reverse(key)), uuid)));
                    Box::new(merge(lists.collect()))
                } else {
                    let lists = orders.into_iter().map(|order| order.iter().map(|(key, uuid)| (Reverse(key), uuid)));
                    Box::new(merge(lists.collect()))
                }
            }
        }
    }
}

/// One ordered list of several: always the greatest of their first ones, so that keys are given reversed for ascending.
fn merge<'a, K: Ord + 'a>(
    mut lists: Vec<impl Iterator<Item = (K, &'a String)> + 'a>,
) -> impl Iterator<Item = &'a str> + 'a {
    let mut firsts: BinaryHeap<(K, usize, &'a String)> = lists
        .iter_mut()
        .enumerate()
        .filter_map(|(index, list)| list.next().map(|(key, uuid)| (key, index, uuid)))
        .collect();
    std::iter::from_fn(move || {
        let (_, index, uuid) = firsts.pop()?;
        firsts.extend(lists[index].next().map(|(key, next)| (key, index, next)));
        Some(uuid.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(tenant: &str, name: Option<&str>) -> User {
        let uuid = format!("{tenant}-{}", name.unwrap_or("none"));
        User { uuid, tenant_uuid: tenant.into(), username: name.map(String::from), ..User::default() }
    }

    #[test]
    fn users_of_several_tenants_come_in_one_order_and_nameless_ones_last() {
        let users = [user("1", Some("b")), user("2", Some("A")), user("2", None), user("1", Some("c"))];
        let index = Index::of(users.iter());
        let both = Tenants::from(["1".to_string(), "2".to_string()]);
        let listed: Vec<&str> = index.ordered(&both, "username", false).collect();
        assert_eq!(listed, ["2-A", "1-b", "1-c", "2-none"]);
        let listed: Vec<&str> = index.ordered(&both, "username", true).collect();
        assert_eq!(listed, ["2-none", "1-c", "1-b", "2-A"]);
        let one: Vec<&str> = index.ordered(&Tenants::from(["1".to_string()]), "username", true).collect();
        assert_eq!(one, ["1-c", "1-b"]);
    }

    #[test]
    fn a_removed_user_is_in_no_order_and_owns_no_login() {
        let gone = user("1", Some("Bob"));
        let mut index = Index::of([&gone].into_iter());
        assert_eq!(index.owner("BOB"), Some(&gone.uuid));
        index.remove(&gone);
        assert_eq!(index.owner("bob"), None);
        assert_eq!(index.count(&Tenants::from(["1".to_string()])), 0);
    }
}
