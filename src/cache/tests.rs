//! What the cache promises.

use super::*;
use crate::access::Entries;

pub fn cache(change: impl FnOnce(&mut VerifierSettings)) -> Cache {
    use crate::options::ServiceSettings;
    let mut settings = VerifierSettings { max_tokens: 1000, ..VerifierSettings::defaults() };
    change(&mut settings);
    Cache::new(&settings).unwrap()
}

pub fn facts(user: &str, session: &str, tenant: &str, acl: &[&str]) -> Facts {
    let who = Who {
        auth_id: user.into(),
        user_uuid: user.into(),
        tenant_uuid: tenant.into(),
        session_uuid: session.into(),
        metadata: "{}".into(),
    };
    Facts { who, entries: Entries::new(acl.iter().copied()), life: Some(Duration::from_secs(7200)) }
}

const fn known(verdict: Verdict) -> Look {
    Look::Known { verdict, age: Age::Fresh }
}

#[test]
fn one_answer_decides_every_access_and_the_own_tenant() {
    let cache = cache(|_| {});
    let about = |access, tenant| cache.look(&cache.question("T", access, tenant), 1000);
    assert_eq!(about(None, None), Look::AskToken);
    let token = cache.question("T", None, None).token;
    assert!(cache.keep(token, &facts("u1", "s1", "t1", &["confd.#", "!confd.x", "u.me"]), 0, 1000, 1000));
    for _ in 0..2 {
        assert_eq!(about(None, None), known(Verdict::Allowed));
        assert_eq!(about(Some("confd.users.read"), Some("t1")), known(Verdict::Allowed));
        assert_eq!(about(Some("u.u1"), None), known(Verdict::Allowed));
        assert_eq!(about(Some("confd.x"), None), known(Verdict::MissingAccess));
        assert_eq!(about(Some("other"), Some("t2")), known(Verdict::MissingAccess));
        assert_eq!(about(None, Some("t2")), Look::AskTenant);
    }
    cache.keep_tenant(&cache.question("T", None, Some("t2")), true, 0, 1000);
    cache.keep_tenant(&cache.question("T", None, Some("t3")), false, 0, 1000);
    assert_eq!(about(Some("confd.y"), Some("t2")), known(Verdict::Allowed));
    assert_eq!(about(None, Some("t3")), known(Verdict::WrongTenant));
    assert_eq!(about(None, Some("t4")), Look::AskTenant);
    let (_, who) = cache.look_at_whom(&cache.question("T", None, None), 1000);
    assert_eq!(who.unwrap().session_uuid, "s1");
    // More accesses than there is room for answers are decided all the same.
    for number in 0..50 {
        let (allowed, other) = (format!("confd.{number}"), format!("elsewhere.{number}"));
        assert_eq!(cache.look(&cache.question("T", Some(&allowed), None), 1000), known(Verdict::Allowed));
        assert_eq!(cache.look(&cache.question("T", Some(&other), None), 1000), known(Verdict::MissingAccess));
    }
}

#[test]
fn wazo_auth_itself_may_act_in_every_tenant() {
    let cache = cache(|_| {});
    let question = cache.question("T", None, Some("any"));
    assert!(cache.keep(question.token, &facts("wazo-auth", "s", "t", &[]), 0, 0, 0));
    assert_eq!(cache.look(&question, 1), known(Verdict::Allowed));
}

#[test]
fn nothing_is_used_longer_than_it_may_be() {
    let cache = cache(|settings| {
        settings.ttl = Duration::from_secs(60);
        settings.stale = Duration::from_secs(600);
    });
    let question = cache.question("T", None, None);
    let mut short = facts("u", "s", "t", &[]);
    assert!(cache.keep(question.token, &short, 0, 1000, 1500));
    assert_eq!(cache.look(&question, 54_999), known(Verdict::Allowed));
    let stale = Look::Known { verdict: Verdict::Allowed, age: Age::Stale };
    assert_eq!(cache.look(&question, 61_000), stale);
    assert_eq!(cache.look(&question, 654_000), stale);
    assert_eq!(cache.look(&question, 661_000), Look::AskToken);
    // Its own end comes first, and counts from when it was asked about.
    short.life = Some(Duration::from_secs(30));
    assert!(cache.keep(question.token, &short, 0, 700_000, 705_000));
    assert_eq!(cache.look(&question, 729_999), known(Verdict::Allowed));
    assert_eq!(cache.look(&question, 730_000), Look::AskToken);
    cache.keep_invalid(question.token, 0, 800_000, 800_000);
    assert_eq!(cache.look(&question, 804_000), known(Verdict::InvalidToken));
    assert_eq!(cache.look(&question, 805_000), Look::AskToken);
}

#[test]
fn an_answer_from_before_a_revocation_is_neither_used_nor_kept() {
    let cache = cache(|_| {});
    let question = cache.question("T", None, None);
    let facts = facts("u", "s", "t", &[]);
    let revocations: [&dyn Fn(); 5] = [
        &|| cache.revoke_token("T"),
        &|| cache.revoke_all_of(What::Session, "s"),
        &|| cache.revoke_all_of(What::User, "u"),
        &|| cache.revoke_all_of(What::Tenant, "t"),
        &|| cache.revoke_all(),
    ];
    for revoke in revocations {
        let asked = cache.revoked.last();
        assert!(cache.keep(question.token, &facts, asked, 0, 0));
        assert_eq!(cache.look(&question, 1), known(Verdict::Allowed));
        revoke();
        assert_eq!(cache.look(&question, 1), Look::AskToken);
        assert!(!cache.keep(question.token, &facts, asked, 0, 0), "asked before");
        assert_eq!(cache.look(&question, 1), Look::AskToken);
    }
    let asked = cache.revoked.last();
    assert!(cache.keep(question.token, &facts, asked, 0, 0));
    for other in [What::Session, What::User, What::Tenant] {
        cache.revoke_all_of(other, "somebody else's");
    }
    cache.revoke_token("another");
    assert_eq!(cache.look(&question, 1), known(Verdict::Allowed));
}

#[test]
fn an_answer_about_another_tenant_ends_when_that_tenant_changes() {
    let cache = cache(|_| {});
    let question = cache.question("T", None, Some("t2"));
    let asked = cache.revoked.last();
    assert!(cache.keep(question.token, &facts("u", "s", "t", &[]), asked, 0, 0));
    cache.keep_tenant(&question, false, asked, 0);
    assert_eq!(cache.look(&question, 1), known(Verdict::WrongTenant));
    cache.revoke_all_of(What::Tenant, "t2");
    assert_eq!(cache.look(&question, 1), Look::AskTenant);
    cache.keep_tenant(&question, true, asked, 1);
    assert_eq!(cache.look(&question, 1), Look::AskTenant, "asked before it changed");
    cache.keep_tenant(&question, true, cache.revoked.last(), 1);
    assert_eq!(cache.look(&question, 1), known(Verdict::Allowed));
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let cache = cache(|_| {});
    let bytes = cache.bytes();
    for number in 0..20_000_u64 {
        let token = format!("token {number}");
        let question = cache.question(&token, None, None);
        assert!(cache.keep(question.token, &facts(&token, "s", "t", &["a.#"]), 0, number * 100, number * 100));
        assert_eq!(cache.look(&question, number * 100), known(Verdict::Allowed));
    }
    assert!(cache.tokens() <= 1200 && cache.bytes() == bytes, "{} tokens", cache.tokens());
    assert!(bytes < 1_500_000, "{bytes} bytes for 1,000 tokens");
}

#[test]
fn an_answer_about_one_tenant_leaves_those_about_others() {
    use super::answer::Answer;
    let cache = cache(|_| {});
    let tenants = ["t2", "t3", "t4"];
    for round in 0..2 {
        for tenant in tenants {
            let question = cache.question("T", None, Some(tenant));
            if round == 0 {
                let asked = cache.begin(1000);
                cache.keep_answer(&question, true, asked, &Answer::Valid(facts("u", "s", "t", &[])), 1000);
            }
            assert_eq!(cache.look(&question, 1001), known(Verdict::Allowed), "{tenant}");
        }
    }
    let other = cache.question("T", None, Some("t5"));
    cache.keep_answer(&other, true, cache.begin(1000), &Answer::WrongTenant, 1000);
    assert!(tenants.iter().all(|t| cache.look(&cache.question("T", None, Some(t)), 1001) == known(Verdict::Allowed)));
    assert_eq!(cache.look(&other, 1001), known(Verdict::WrongTenant));
}
