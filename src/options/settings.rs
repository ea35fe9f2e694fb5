//! What options become: the typed settings of connections and of calls.

use crate::secret::Secret;
use std::path::PathBuf;
use std::time::Duration;

/// What applies to the connections of a client.
#[derive(Clone, Debug, Default)]
pub struct ConnectionSettings {
    pub host: String,
    pub port: u16,
    pub prefix: String,
    pub version: String,
    pub https: bool,
    pub verify_certificate: bool,
    pub ca_file: Option<PathBuf>,
    pub client_certificate_file: Option<PathBuf>,
    pub client_key_file: Option<PathBuf>,
    pub connect_timeout: Option<Duration>,
    pub pool_size: usize,
    pub pool_idle_timeout: Duration,
    pub queue_connections: usize,
    pub queue_waiting: usize,
    pub queue_wait: Option<Duration>,
    pub io_threads: usize,
    pub proxy: Option<Secret>,
}

/// What applies to each call: who calls, and within which limits.
#[derive(Clone, Debug, Default)]
pub struct CallSettings {
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub token: Option<Secret>,
    pub tenant_uuid: Option<String>,
    pub timeout: Option<Duration>,
    pub user_agent: String,
    pub max_response_bytes: u64,
    pub retries: u32,
}
