//! Below `/groups` and `/policies`.

use serde_json::{Value, json};

use super::Case;
use crate::world::World;

pub fn prepare(case: &mut Case, path: &[&str]) {
    match *path {
        ["groups"] => {
            if let Some(name) = case.conflicting() {
                another_group(&mut case.world, &name);
            }
            if case.method == "GET" {
                case.listing(|world, item| _ = world.group_from(item), another_group);
            }
        }
        ["groups", uuid] => group(case, uuid),
        ["groups", uuid, ref rest @ ..] => {
            if case.is_there(uuid) {
                let is_system_managed = case.status == 403;
                case.world.group(uuid).system_managed = is_system_managed;
            }
            below_group(case, uuid, rest);
        }
        ["policies"] => {
            if let Some(slug) = case.conflicting() {
                case.world.policy(&slug);
            }
            if case.method == "GET" {
                case.listing(|world, item| _ = world.policy_from(item), |world, name| _ = world.policy(name));
            }
        }
        ["policies", name] => policy(case, name),
        ["policies", name, "acl", access] => {
            if let Some(uuid) = policy_in_question(case, name) {
                let is_held = case.method == "DELETE";
                case.world.state.policies[&uuid].acl = vec!["held".to_owned()];
                case.world.state.policies[&uuid].acl.extend(is_held.then(|| access.to_owned()));
            }
        }
        _ => panic!("no derivation for {path:?}"),
    }
}

fn group(case: &mut Case, uuid: &str) {
    if case.status == 200 {
        let before = case.before("name");
        case.world.group_from(&before);
    } else if case.is_there(uuid) {
        case.world.group(uuid).system_managed = case.status == 403;
    }
    if let Some(name) = case.conflicting() {
        another_group(&mut case.world, &name);
    }
}

fn below_group(case: &mut Case, uuid: &str, rest: &[&str]) {
    let items = case.answer["items"].as_array().cloned().unwrap_or_default();
    match *rest {
        ["policies"] => {
            for item in items {
                let policy = case.world.policy_from(&item).uuid.clone();
                case.world.give_group(uuid, &policy);
            }
        }
        ["policies", name] => {
            let policy = policy_in_question(case, name);
            if let Some(policy) = policy.filter(|_| case.method == "DELETE" && case.is_there(uuid)) {
                case.world.give_group(uuid, &policy);
            }
        }
        ["users"] => {
            case.listing(|world, item| _ = world.user_from(item), super::users::another_user);
            let users: Vec<String> = case.world.state.users.keys().cloned().collect();
            for user in users {
                case.world.member(uuid, &user);
            }
        }
        ["users", user] => {
            if case.is_there(user) {
                case.world.user(user);
                if case.method == "DELETE" && case.is_there(uuid) {
                    case.world.member(uuid, user);
                }
            }
        }
        _ => panic!("no derivation for {rest:?} of a group"),
    }
}

fn policy(case: &mut Case, name: &str) {
    if case.status == 200 {
        let before = case.before("name");
        case.world.policy_from(&before);
        return;
    }
    if let Some(uuid) = policy_in_question(case, name) {
        case.world.state.policies[&uuid].config_managed = case.status == 403;
    }
}

/// The policy that the path names, unless the answer says that there is none. Where the answer names an access that
/// the caller lacks, the policy holds it.
pub fn policy_in_question(case: &mut Case, name: &str) -> Option<String> {
    if !case.is_there(name) {
        return None;
    }
    let uuid = case.world.policy(name);
    let lacking = case.answer["details"]["required_access"].as_str().map(str::to_owned);
    case.world.state.policies[&uuid].acl.extend(lacking);
    Some(uuid)
}

/// A group that a listing counts but does not show, or whose name is taken.
pub fn another_group(world: &mut World, name: &str) {
    let answer: Value = json!({"uuid": world.new_uuid(), "name": name});
    world.group_from(&answer);
}
