//! reqwest, for proxies and multipart forms, set up by the options.

use super::phase::Observed;
use super::resolver::SystemResolver;
use crate::error::{Error, ErrorKind, Result};
use crate::options::ConnectionSettings;
use std::sync::Arc;

/// Makes one that keeps `most_idle` idle connections at most. Without a TLS configuration it speaks plain HTTP alone.
pub fn http_client(
    settings: &ConnectionSettings,
    most_idle: usize,
    tls: Option<rustls::ClientConfig>,
) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .pool_idle_timeout(settings.pool_idle_timeout)
        .pool_max_idle_per_host(most_idle)
        .dns_resolver(SystemResolver)
        .connector_layer(Observed::LAYER);
    if let Some(proxy) = proxy(settings)? {
        builder = builder.proxy(proxy);
    }
    if let Some(limit) = settings.connect_timeout {
        builder = builder.connect_timeout(limit);
    }
    // Without HTTPS no certificate is ever asked for, but the transport wants some configuration: an empty one.
    let mut tls = tls.map_or_else(without_tls, Ok)?;
    // A connection for each call: one whose peer has become silent ends with its call.
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    builder
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(|e| Error::new(ErrorKind::Internal, format!("the transport could not be set up: {}", e.without_url())))
}

fn without_tls() -> Result<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::new(ErrorKind::Internal, format!("TLS could not be set up: {e}")))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}

/// The proxy that the settings name.
pub fn proxy(settings: &ConnectionSettings) -> Result<Option<reqwest::Proxy>> {
    let Some(url) = &settings.proxy else { return Ok(None) };
    let expected = || Error::invalid("option proxy: expected http://[user:password@]host:port");
    // Of another scheme the transport would take no notice, and send token and all directly.
    if url.0.contains('#') {
        // What stands behind it would be left out, and what stands in front of it taken for the host.
        return Err(Error::invalid("option proxy: it contains a `#`; write %23 for it"));
    }
    let parsed = reqwest::Url::parse(&url.0).map_err(|_| expected())?;
    if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
        return Err(expected());
    }
    reqwest::Proxy::all(parsed).map(Some).map_err(|_| expected())
}
