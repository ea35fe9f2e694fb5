//! What the clients share: their arguments, the clocks, the line of JSON.

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Calls before the clock starts: the handshake, and what is made once.
pub const WARM_UP: usize = 3;

pub struct Arguments {
    pub url: String,
    pub https: bool,
    /// Address and port, such as `127.0.0.1:8080`.
    pub authority: String,
    pub path: String,
    pub ca_file: String,
    pub count: usize,
    pub concurrency: usize,
    pub http2: bool,
}

impl Arguments {
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let words: Vec<String> = words.collect();
        let [url, ca_file, count, concurrency, more @ ..] = words.as_slice() else {
            return Err("expected URL CA_FILE COUNT CONCURRENCY [h2]".into());
        };
        let (scheme, rest) = url.split_once("://").ok_or("the URL has no scheme")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        Ok(Self {
            url: url.clone(),
            https: scheme == "https",
            authority: authority.into(),
            path: format!("/{path}"),
            ca_file: ca_file.clone(),
            count: count.parse()?,
            concurrency: concurrency.parse()?,
            http2: more.iter().any(|word| word == "h2"),
        })
    }

    pub fn host(&self) -> &str {
        self.authority.rsplit_once(':').map_or(self.authority.as_str(), |(host, _)| host)
    }

    pub fn server_name(&self) -> Result<ServerName<'static>, Failure> {
        Ok(ServerName::try_from(self.host().to_owned())?)
    }

    /// TLS as the library has it: ring, and the authorities of the file alone.
    pub fn tls(&self) -> Result<rustls::ClientConfig, Failure> {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(&self.ca_file)? {
            roots.add(certificate?)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth())
    }
}

/// Numbers that are handed out until there are no more: the calls that are still to be made.
pub struct Tickets(AtomicUsize);

impl Tickets {
    pub fn new(count: usize) -> Self {
        Self(AtomicUsize::new(count))
    }

    pub fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// How long each call of one worker took, in microseconds.
#[derive(Default)]
pub struct Latencies(Vec<u32>);

impl Latencies {
    /// Room is made beforehand, so that the measured calls allocate nothing for it.
    pub fn with_capacity(calls: usize) -> Self {
        Self(Vec::with_capacity(calls))
    }

    pub fn note(&mut self, began: Instant) {
        self.0.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
}

pub struct Measurement {
    began: Instant,
    cpu: Duration,
}

impl Measurement {
    pub fn start() -> Self {
        Self { cpu: cpu_time(), began: Instant::now() }
    }

    /// Prints the line.
    pub fn finish(self, workers: impl IntoIterator<Item = Latencies>, wanted: usize) {
        let (seconds, cpu) = (self.began.elapsed(), cpu_time().saturating_sub(self.cpu));
        let mut all: Vec<u32> = workers.into_iter().flat_map(|latencies| latencies.0).collect();
        all.sort_unstable();
        let at = |percent: usize| all.get((all.len() * percent / 100).min(all.len().saturating_sub(1))).unwrap_or(&0);
        println!(
            "{{\"calls\": {}, \"failed\": {}, \"seconds\": {:.6}, \"cpu_seconds\": {:.6}, \"p50_us\": {}, \
             \"p99_us\": {}, \"peak_rss_kib\": {}}}",
            all.len(),
            wanted.saturating_sub(all.len()),
            seconds.as_secs_f64(),
            cpu.as_secs_f64(),
            at(50),
            at(99),
            peak_rss_kib()
        );
    }
}

fn cpu_time() -> Duration {
    // SAFETY: all-zero bytes are a valid rusage, and the pointer is that of a local variable.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let sum = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_micros(time.tv_usec.unsigned_abs())
    };
    sum(usage.ru_utime) + sum(usage.ru_stime)
}

/// Not getrusage's: that one begins with the memory of the process that started this one.
fn peak_rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Lets this process have as many descriptors as it may.
pub fn raise_descriptor_limit() {
    // SAFETY: the structure is a local variable, and both calls only read or write it.
    unsafe {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}

/// One thread, as the library's own event loops have it.
pub fn event_loop() -> Result<tokio::runtime::Runtime, Failure> {
    raise_descriptor_limit();
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
