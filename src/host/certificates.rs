//! The certificate authorities that the system trusts, from where the system keeps them.

use rustls_native_certs::{CertificateResult, load_certs_from_paths};
use std::path::Path;

/// Reads those of a directory: PEM files under the names of `openssl rehash`, as OpenSSL reads one.
pub fn certificates_in(directory: &Path) -> CertificateResult {
    load_certs_from_paths(None, Some(directory))
}

/// Reads them. The variables by which OpenSSL's users point elsewhere are not read: the caller's settings say whom to
/// trust, and not whoever started the host process.
#[cfg(all(unix, not(target_vendor = "apple")))]
pub fn system_certificates() -> CertificateResult {
    /// Where Unix systems keep them in one file: Debian, Fedora and its relatives, SUSE, Alpine and the BSDs.
    const BUNDLES: [&str; 5] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];
    match BUNDLES.iter().map(Path::new).find(|path| path.is_file()) {
        Some(bundle) => load_certs_from_paths(Some(bundle), None),
        None => load_certs_from_paths(None, Some(Path::new("/etc/ssl/certs"))),
    }
}

/// Reads them from the store of the operating system.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
pub fn system_certificates() -> CertificateResult {
    rustls_native_certs::load_native_certs()
}
