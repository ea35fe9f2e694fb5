//! A fleet of hosts against one wazo-auth, on a virtual clock: what the schedules and the cache of this library make of steady
//! traffic, and of an outage. `make simulate-fleet` runs it and writes docs/fleet.md.
//!
//! The cache, the breaker and the schedule of tokens are those of the library; the server is a number of workers and a queue
//! in front of them, and a request takes them some time. A step is one second.
//!
//!     fleet HOSTS TOKENS SCENARIO
//!
//! It prints one JSON object: for each second the requests and logins that came to the server, and how the decisions fell.

use std::time::Duration;
use wazo_auth_client::access::Entries;
use wazo_auth_client::cache::facts::{Facts, Who};
use wazo_auth_client::cache::{Age, Cache, Look};
use wazo_auth_client::options::{ServiceSettings, VerifierSettings};
use wazo_auth_client::schedule::renewal::Renewal;
use wazo_auth_client::schedule::{Budget, Random};

/// What is simulated.
#[derive(Clone, Copy)]
struct Scenario {
    name: &'static str,
    /// Whether the hosts have a verifier at all.
    has_verifier: bool,
    /// Whether failed calls are repeated.
    retries: bool,
    ttl_s: u64,
    stale_s: u64,
}

const SCENARIOS: [Scenario; 5] = [
    Scenario { name: "none", has_verifier: false, retries: false, ttl_s: 0, stale_s: 0 },
    Scenario { name: "retries", has_verifier: false, retries: true, ttl_s: 0, stale_s: 0 },
    Scenario { name: "minute", has_verifier: true, retries: true, ttl_s: 60, stale_s: 3600 },
    Scenario { name: "half-hour", has_verifier: true, retries: true, ttl_s: 1800, stale_s: 3600 },
    Scenario { name: "half-hour-without-stale", has_verifier: true, retries: true, ttl_s: 1800, stale_s: 0 },
];

/// A token is used once in so many seconds: a phone registers, or a call is made.
const USED_EVERY_S: u64 = 300;
/// wazo-auth's workers, and what a question about a token takes one of them.
const WORKERS: f64 = 25.0;
const QUESTION_S: f64 = 0.003;
/// A login: 250,000 rounds of PBKDF2-SHA512.
const LOGIN_S: f64 = 0.25;
/// A caller gives up after so many seconds.
const TIMEOUT_S: f64 = 10.0;
/// The service token of a host lives six hours, and is renewed at four fifths of that.
const LIFE_S: u64 = 6 * 3600;
/// The option `retries`, where it is set.
const RETRIES: u64 = 3;
/// When the simulated time begins, the outage, its end, and the end of all, in seconds.
const BEGIN: u64 = 100_000;
const OUTAGE: u64 = 600;
const RETURN: u64 = 900;
const END: u64 = 2700;

struct Host {
    cache: Option<Cache>,
    random: Random,
    login: Login,
    budget: Budget,
}

/// What happened in a second.
#[derive(Clone, Copy, Default)]
struct Second {
    questions: u64,
    logins: u64,
    decided: u64,
    stale: u64,
    unknown: u64,
}

/// The host's own token: when it is renewed.
struct Login(Renewal);

impl Login {
    /// As if it had been obtained at some time before.
    fn new(random: &Random) -> Self {
        let began_ms = BEGIN * 1000 - random.below(LIFE_S * 8 / 10) * 1000;
        Self(Renewal::with_token(80, began_ms, began_ms + LIFE_S * 1000, random))
    }

    fn step(&mut self, now_s: u64, serves: bool, random: &Random, second: &mut Second) {
        let now_ms = now_s * 1000;
        if self.0.due_ms().is_none_or(|due_ms| now_ms < due_ms) {
            return;
        }
        second.logins += 1;
        self.0.begin(now_ms);
        if serves {
            self.0.succeeded(now_ms, Duration::from_secs(LIFE_S), random);
        } else {
            self.0.failed(now_ms, random);
        }
    }
}

fn facts(random: &Random) -> Facts {
    let who = Who {
        auth_id: "c8b85467-dd97-4590-8d74-9d05d645e139".into(),
        user_uuid: "c8b85467-dd97-4590-8d74-9d05d645e139".into(),
        tenant_uuid: "28744357-4278-4501-97d7-4278e5cc36d5".into(),
        session_uuid: "dcc72b36-8e83-4d9d-9408-28a9a1af1073".into(),
        metadata: "{}".into(),
    };
    let life = Duration::from_secs(7200 + random.below(7200));
    Facts { who, entries: Entries::new(["sip.me.register", "confd.#"]), life: Some(life) }
}

impl Host {
    fn new(scenario: Scenario, number: u64, tokens: u64) -> Self {
        let random = Random::new(number);
        let cache = scenario.has_verifier.then(|| {
            let settings = VerifierSettings {
                ttl: Duration::from_secs(scenario.ttl_s),
                stale: Duration::from_secs(scenario.stale_s),
                max_tokens: usize::try_from(tokens).expect("a number of tokens"),
                ..VerifierSettings::defaults()
            };
            Cache::new(&settings).expect("memory for a host")
        });
        let login = Login::new(&random);
        let host = Self { cache, random, login, budget: Budget::new() };
        // As if it had run for long: what is known was asked for at any time within its life.
        if let Some(cache) = &host.cache {
            let begin_ms = BEGIN * 1000;
            for token in 0..tokens {
                let question = cache.question(&format!("token-{token}"), None, None);
                let asked_ms = begin_ms - host.random.below((scenario.ttl_s + USED_EVERY_S) * 1000);
                let _ = cache.keep(question.token, &facts(&host.random), 0, asked_ms, begin_ms);
            }
        }
        host
    }

    /// One second. `serves`: whether the server answers in time.
    fn step(&mut self, scenario: Scenario, tokens: u64, now_s: u64, serves: bool) -> Second {
        let mut second = Second::default();
        self.login.step(now_s, serves, &self.random, &mut second);
        // So many of its tokens are used in this second, on average.
        let uses = (tokens + self.random.below(USED_EVERY_S)) / USED_EVERY_S;
        for _ in 0..uses {
            let token = self.random.below(tokens);
            let now_ms = now_s * 1000 + self.random.below(1000);
            self.used(scenario, token, now_ms, serves, &mut second);
        }
        second
    }

    /// A request, and its repetitions as far as the budget allows them.
    fn ask(&self, retries: bool, serves: bool, second: &mut Second) {
        second.questions += 1;
        if serves {
            self.budget.succeeded();
        } else if retries {
            second.questions += (0..RETRIES).take_while(|_| self.budget.take()).count() as u64;
        }
    }

    fn used(&self, scenario: Scenario, token: u64, now_ms: u64, serves: bool, second: &mut Second) {
        let Some(cache) = &self.cache else {
            self.ask(scenario.retries, serves, second);
            *(if serves { &mut second.decided } else { &mut second.unknown }) += 1;
            return;
        };
        let question = cache.question(&format!("token-{token}"), None, None);
        let look = cache.look(&question, now_ms);
        if let Some((_, is_stale)) = look.verdict() {
            *(if is_stale { &mut second.stale } else { &mut second.decided }) += 1;
            return;
        }
        let may_ask = cache.breaker.may_ask(now_ms, 1000).is_ok();
        if may_ask {
            self.ask(scenario.retries, serves, second);
            let asked_last = cache.revoked.last();
            if serves {
                cache.breaker.succeeded(now_ms);
                let _ = cache.keep(question.token, &facts(&self.random), asked_last, now_ms, now_ms);
                second.decided += 1;
                return;
            }
            cache.breaker.failed(now_ms, now_ms, &self.random);
        }
        *(match look {
            Look::Known { age: Age::Stale, .. } => &mut second.stale,
            _ => &mut second.unknown,
        }) += 1;
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, hosts, tokens, name] = arguments.as_slice() else {
        eprintln!("usage: fleet HOSTS TOKENS SCENARIO; the scenarios are {}", SCENARIOS.map(|s| s.name).join(", "));
        std::process::exit(2);
    };
    let (Ok(hosts), Ok(tokens)) = (hosts.parse::<u64>(), tokens.parse::<u64>()) else {
        eprintln!("HOSTS and TOKENS are numbers");
        std::process::exit(2);
    };
    let Some(scenario) = SCENARIOS.into_iter().find(|scenario| scenario.name == name) else {
        eprintln!("there is no scenario {name}; there are {}", SCENARIOS.map(|s| s.name).join(", "));
        std::process::exit(2);
    };
    let mut fleet: Vec<Host> = (0..hosts).map(|number| Host::new(scenario, number + 1, tokens)).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let part = fleet.len().div_ceil(threads).max(1);
    let mut seconds = Vec::new();
    // Work that waits in front of the workers, in seconds of one worker.
    let mut backlog = 0.0_f64;
    for at in 0..END {
        let is_up = !(OUTAGE..RETURN).contains(&at);
        let serves = is_up && backlog / WORKERS < TIMEOUT_S;
        let parts: Vec<Second> = std::thread::scope(|scope| {
            let work = fleet.chunks_mut(part).map(|hosts| {
                scope.spawn(move || {
                    hosts
                        .iter_mut()
                        .map(|host| host.step(scenario, tokens, BEGIN + at, serves))
                        .fold(Second::default(), sum)
                })
            });
            let running: Vec<_> = work.collect();
            running.into_iter().map(|thread| thread.join().expect("a part of the fleet")).collect()
        });
        let second = parts.into_iter().fold(Second::default(), sum);
        if is_up {
            #[allow(clippy::cast_precision_loss, reason = "counts of a second are small")]
            let work = second.questions as f64 * QUESTION_S + second.logins as f64 * LOGIN_S;
            backlog = (backlog + work - WORKERS).max(0.0);
            // What nobody waits for any more is not worked on.
            backlog = backlog.min(WORKERS * TIMEOUT_S * 1.2);
        } else {
            backlog = 0.0;
        }
        seconds.push((second, backlog / WORKERS));
        if at % 60 == 0 {
            eprintln!("{name}: {at} of {END} s");
        }
    }
    let of = |value: &dyn Fn(&Second) -> u64| {
        let texts: Vec<String> = seconds.iter().map(|(second, _)| value(second).to_string()).collect();
        texts.join(",")
    };
    let waits: Vec<String> = seconds.iter().map(|(_, wait)| format!("{wait:.3}")).collect();
    println!(
        r#"{{"scenario":"{name}","hosts":{hosts},"tokens":{tokens},"ttl_s":{},"stale_s":{},"outage_s":{OUTAGE},"return_s":{RETURN},"questions":[{}],"logins":[{}],"decided":[{}],"stale":[{}],"unknown":[{}],"wait_s":[{}]}}"#,
        scenario.ttl_s,
        scenario.stale_s,
        of(&|second| second.questions),
        of(&|second| second.logins),
        of(&|second| second.decided),
        of(&|second| second.stale),
        of(&|second| second.unknown),
        waits.join(",")
    );
}

fn sum(one: Second, other: Second) -> Second {
    Second {
        questions: one.questions + other.questions,
        logins: one.logins + other.logins,
        decided: one.decided + other.decided,
        stale: one.stale + other.stale,
        unknown: one.unknown + other.unknown,
    }
}
