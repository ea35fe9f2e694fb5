//! The options by name: what a host's configuration file may say. Data alone, read by the parser and by the
//! documentation.

/// What an option applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// To the connections; fixed when the client is made, shared by all handles derived from it.
    Connection,
    /// To the calls; a derived handle may have its own, and it may be changed at any time.
    Call,
}

/// One option.
#[derive(Debug)]
pub struct OptionKey {
    /// Its name, with the unit where it has one.
    pub name: &'static str,
    /// What it applies to.
    pub scope: Scope,
    /// The default, as documented.
    pub default: &'static str,
    /// What it does.
    pub doc: &'static str,
}

const fn connection(name: &'static str, default: &'static str, doc: &'static str) -> OptionKey {
    OptionKey { name, scope: Scope::Connection, default, doc }
}

const fn call(name: &'static str, default: &'static str, doc: &'static str) -> OptionKey {
    OptionKey { name, scope: Scope::Call, default, doc }
}

/// Every option.
pub const OPTION_KEYS: &[OptionKey] = &[
    connection("host", "", "Name or address of the server, without scheme or port. Required."),
    connection("port", "443", "TCP port; 0 leaves it out of the URL, for the scheme's own."),
    connection("prefix", "/api/auth", "Path in front of the version; empty for a wazo-auth reached directly on 9497."),
    connection("version", "0.1", "Version of the API in the path."),
    connection("https", "true", "Whether to speak HTTPS; false is for a wazo-auth on the same machine."),
    connection(
        "verify_certificate",
        "true",
        "Whether the server's certificate is checked: true, false, or the path of a CA file, as `ca_file`.",
    ),
    connection("ca_file", "", "PEM file of the authorities to trust instead of the system's."),
    connection("client_certificate_file", "", "PEM file of the certificate to show to the server."),
    connection("client_key_file", "", "PEM file of the key of `client_certificate_file`."),
    connection("connect_timeout_ms", "0", "Longest time for name look-up, TCP and TLS, in ms; 0: only `timeout_ms`."),
    connection("pool_size", "8", "How many idle connections are kept at most."),
    connection(
        "pool_idle_timeout_ms",
        "5000",
        "How long an idle connection is kept, in ms. Shorter than the server's own limit (10,000 for wazo-auth).",
    ),
    connection(
        "queue_connections",
        "32",
        "How many calls of a queue are with the server at once at most; further ones wait their turn. wazo-auth has 25 \
         workers.",
    ),
    connection("proxy", "", "URL of an HTTP proxy. The environment's proxy variables are not read."),
    call("username", "", "User name for `token.new`."),
    call("password", "", "Password for `token.new`. Never shown."),
    call("token", "", "Token sent as `X-Auth-Token`. Never shown."),
    call("tenant_uuid", "", "Tenant sent as `Wazo-Tenant` where a call gives none."),
    call("timeout_ms", "10000", "Longest time of a whole call, in ms, whatever the server does; 0: no limit."),
    call("user_agent", "wazo-auth-client/VERSION", "`User-Agent` of the requests; the server stores that of logins."),
    call("max_response_bytes", "67108864", "Largest answer that is accepted, in bytes."),
    call(
        "retries",
        "0",
        "How often a call is repeated, within its time, that failed to connect or was answered 502, 503 or 504 \
         and changes nothing or was certainly not carried out.",
    ),
];
