//! A wazo-auth in memory, over HTTP and HTTPS, that behaves as the real one was recorded to behave.
//!
//! ```no_run
//! use wazo_auth_simulator::{Options, Simulator};
//!
//! let simulator = Simulator::start_blocking(Options::with_admin("admin", "secret").https()).unwrap();
//! println!("{} {}", simulator.url(), simulator.certificate_pem());
//! drop(simulator); // stops it
//! ```
//!
//! It runs on threads of its own, so that a test may block its thread in a client.
//!
//! What lives where: [`state`] holds the data, [`routes`] the table of all operations and the rooms behind them,
//! [`errors`] the four error shapes, [`server`] sockets and TLS, [`control`] the routes below `/_simulator/`, [`faults`]
//! what spoils an answer on request, [`mock`] the mode for the tests of Wazo's daemons, [`events`] what would go over
//! the bus, [`oauth2`] the consent of users, [`page`] what a browser shows, `services` (a feature) the real RabbitMQ, mail
//! and LDAP servers.

#![deny(unsafe_code)]
// Fields of the state and functions of the rooms say what they are by their names and types.
#![allow(missing_docs)]
// Times and small counts are converted between the number types of JSON, of the state and of Rust.
#![allow(clippy::cast_precision_loss)]

pub mod access;
pub mod call;
pub mod certificate;
pub mod clock;
pub mod control;
pub mod directory;
pub mod errors;
pub mod events;
pub mod faults;
pub mod http;
pub mod index;
pub mod json;
pub mod ldap;
pub mod listing;
pub mod mails;
pub mod metadata;
pub mod mock;
pub mod multipart;
pub mod oauth2;
pub mod own_tokens;
pub mod page;
pub mod passwords;
pub mod request_log;
pub mod ring;
pub mod routes;
pub mod rows;
pub mod seed;
pub mod server;
#[cfg(feature = "services")]
pub mod services;
pub mod settings;
pub mod shared;
pub mod slugs;
pub mod state;
pub mod validate;
pub mod wait;
pub mod wire;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use certificate::Certificate;
use events::Publisher;
use faults::Faults;
use mock::Mock;
use shared::{Outside, Shared};
use state::State;

/// How a simulator starts. [`Options::default`] is plain HTTP on a free port, without an administrator.
#[derive(Debug)]
pub struct Options {
    /// The address to listen on.
    pub address: IpAddr,
    /// The port for plain HTTP, 0 for a free one; none: no plain HTTP.
    pub port: Option<u16>,
    /// The port for HTTPS, 0 for a free one; none: no HTTPS.
    pub tls_port: Option<u16>,
    /// The files of the certificate and its key for HTTPS, PEM; none: one that is made, for the loopback addresses.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Name and password of an administrator: a user of the top tenant who may do everything.
    pub admin: Option<(String, String)>,
    /// The state to begin with; none: one top tenant and the default policies.
    pub state: Option<State>,
    /// Settings to change, each a JSON object as `PUT /_simulator/settings` takes one.
    pub settings: Vec<String>,
    /// The faults to begin with.
    pub faults: Faults,
    /// The small wazo-auth of Wazo's test helpers in the place of the whole one: see [`mock`]. It has a content of its own:
    /// neither administrator, state nor settings act on it.
    pub mock: bool,
    /// Who gets the messages that wazo-auth would publish, besides the list of `GET /_simulator/events`.
    pub publishers: Vec<Box<dyn Publisher>>,
    /// Who gets mails and logins through LDAP; by default a list and a setting.
    pub outside: Outside,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: Ipv4Addr::LOCALHOST.into(),
            port: Some(0),
            tls_port: None,
            certificate: None,
            admin: None,
            state: None,
            settings: Vec::new(),
            faults: Faults::default(),
            mock: false,
            publishers: Vec::new(),
            outside: Outside::default(),
        }
    }
}

impl Options {
    /// With an administrator.
    pub fn with_admin(username: &str, password: &str) -> Self {
        Self { admin: Some((username.into(), password.into())), ..Self::default() }
    }

    /// HTTPS on a free port instead of plain HTTP.
    #[must_use]
    pub fn https(self) -> Self {
        Self { port: None, tls_port: Some(0), ..self }
    }

    /// HTTPS on a free port beside plain HTTP.
    #[must_use]
    pub fn and_https(self) -> Self {
        Self { tls_port: Some(0), ..self }
    }
}

/// A running simulator.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    certificate_pem: String,
    ip: IpAddr,
    port: Option<u16>,
    tls_port: Option<u16>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Simulator {
    /// Starts a simulator; it listens when this is done.
    pub async fn start(options: Options) -> io::Result<Self> {
        // The ports are open at once; only the certificate takes some milliseconds.
        tokio::task::spawn_blocking(|| Self::start_blocking(options)).await.map_err(io::Error::other)?
    }

    /// The same for a caller without a runtime.
    pub fn start_blocking(options: Options) -> io::Result<Self> {
        let mut state = seed::state(options.state, options.admin.as_ref());
        for change in &options.settings {
            control::change_settings(&mut state, change.as_bytes()).map_err(io::Error::other)?;
        }
        let mut shared = Shared::new(state, options.faults);
        shared.mock = options.mock.then(Mock::default);
        shared.outside = options.outside;
        for publisher in options.publishers {
            shared.events.add(publisher);
        }
        let shared = Arc::new(shared);
        let certificate = match &options.certificate {
            Some((certificate, key)) => Certificate::read(certificate, key)?,
            None => Certificate::make().map_err(io::Error::other)?,
        };
        let certificate_pem = certificate.pem.clone();
        // One thread serves all sockets; what takes long has threads of its own (`server::carry_out`).
        let runtime =
            tokio::runtime::Builder::new_current_thread().thread_name("wazo-auth-simulator").enable_all().build()?;
        let (listeners, port, tls_port) =
            runtime.block_on(server::listen(options.address, options.port, options.tls_port, &certificate))?;
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("wazo-auth-simulator".into()).spawn(move || {
            runtime.block_on(server::serve(listeners, served, stopped));
            runtime.shutdown_background();
        })?;
        let ip = options.address;
        Ok(Self { shared, certificate_pem, ip, port, tls_port, running: Some(Running { stop, thread }) })
    }

    /// The port of plain HTTP, 0 where there is none.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or_default()
    }

    /// The port of HTTPS, 0 where there is none.
    pub fn tls_port(&self) -> u16 {
        self.tls_port.unwrap_or_default()
    }

    /// Where it is reached: HTTPS if it listens there, else HTTP. Without a path.
    pub fn url(&self) -> String {
        match self.tls_port {
            Some(port) => format!("https://localhost:{port}"),
            None => format!("http://127.0.0.1:{}", self.port()),
        }
    }

    /// The certificate, PEM: what a client takes as its CA.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Reads or changes the state behind the server's back.
    pub fn with_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.shared.with_state(|state| {
            let result = change(state);
            // The change may have gone past the functions that keep the index.
            state.rebuild_index();
            self.shared.events.forget(state);
            result
        })
    }

    /// The faults that are set.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Where plain HTTP listens, or HTTPS where there is no plain HTTP.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.ip, self.port.or(self.tls_port).unwrap_or_default())
    }

    /// Stops it: closes its ports and its connections. Dropping it does the same, and blocks the thread meanwhile.
    pub async fn stop(self) {
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }

    fn end(&mut self) {
        if let Some(Running { stop, thread }) = self.running.take() {
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.end();
    }
}
