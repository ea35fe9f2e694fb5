//! TLS as the caller's settings say, and nothing else: which authorities are trusted, who we are.

use crate::error::{Error, ErrorKind, Result};
use crate::host::certificates::{certificates_in, system_certificates};
use crate::options::ConnectionSettings;
use once_cell::race::OnceBox;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;

/// What TLS needs of files, read once: when a client is made, so that a wrong path is told then.
pub struct Tls {
    provider: Arc<CryptoProvider>,
    trust: Trust,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

enum Trust {
    System,
    Authorities(Arc<RootCertStore>),
    Anyone,
}

impl Tls {
    /// Reads what the settings name. The system's authorities are read later, with the first connection.
    pub fn new(settings: &ConnectionSettings) -> Result<Self> {
        let trust = match (&settings.ca_file, settings.verify_certificate) {
            (_, false) => Trust::Anyone,
            (Some(path), true) => Trust::Authorities(Arc::new(authorities(path)?)),
            (None, true) => Trust::System,
        };
        let identity = match (&settings.client_certificate_file, &settings.client_key_file) {
            (None, None) => None,
            (Some(certificate), Some(key)) => {
                let chain = certificates("client_certificate_file", certificate)?;
                let key = PrivateKeyDer::from_pem_file(key).map_err(|e| unreadable("client_key_file", key, &e))?;
                Some((chain, key))
            }
            (Some(_), None) => {
                return Err(Error::invalid("option client_certificate_file: it needs client_key_file too"));
            }
            (None, Some(_)) => {
                return Err(Error::invalid("option client_key_file: it needs client_certificate_file too"));
            }
        };
        Ok(Self { provider: Arc::new(rustls::crypto::ring::default_provider()), trust, identity })
    }

    /// A configuration for one process: its cache of sessions holds a lock, so no two processes may share it.
    pub fn configuration(&self) -> Result<rustls::ClientConfig> {
        let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| fault(&e))?;
        let builder = match &self.trust {
            Trust::Anyone => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate(Arc::clone(&self.provider)))),
            trusted => {
                let roots = match trusted {
                    Trust::Authorities(roots) => Arc::clone(roots),
                    _ => system_authorities()?,
                };
                let verifier =
                    WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&self.provider)).build().map_err(
                        |e| Error::new(ErrorKind::Tls, format!("cannot use the certificate authorities: {e}")),
                    )?;
                builder.with_webpki_verifier(verifier)
            }
        };
        let mut configuration = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder
                .with_client_auth_cert(chain.clone(), key.clone_key())
                .map_err(|e| Error::invalid(format!("options client_certificate_file, client_key_file: {e}")))?,
        };
        configuration.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(configuration)
    }
}

fn fault(error: &rustls::Error) -> Error {
    Error::new(ErrorKind::Internal, format!("TLS could not be set up: {error}"))
}

fn unreadable(key: &str, path: &Path, error: &rustls::pki_types::pem::Error) -> Error {
    Error::invalid(format!("option {key}: expected a PEM file at {}: {error}", path.display()))
}

fn certificates(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let found: std::result::Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let found = found.map_err(|e| unreadable(key, path, &e))?;
    if found.is_empty() {
        return Err(Error::invalid(format!("option {key}: expected a certificate in {}, found none", path.display())));
    }
    Ok(found)
}

fn authorities(path: &Path) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    if path.is_dir() {
        let found = certificates_in(path);
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            let why = found.errors.first().map(|e| format!(" ({e})")).unwrap_or_default();
            return Err(Error::invalid(format!(
                "option ca_file: the directory {} has no certificates{why}; expected PEM files, named by `openssl rehash`",
                path.display()
            )));
        }
        return Ok(roots);
    }
    for certificate in certificates("ca_file", path)? {
        roots
            .add(certificate)
            .map_err(|e| Error::invalid(format!("option ca_file: a certificate in {}: {e}", path.display())))?;
    }
    Ok(roots)
}

/// The system's authorities, parsed once in the life of a process (it takes milliseconds). The cell never blocks: a
/// thread that fork left behind in the middle of it would otherwise leave the child waiting for ever.
fn system_authorities() -> Result<Arc<RootCertStore>> {
    static ROOTS: OnceBox<Arc<RootCertStore>> = OnceBox::new();
    ROOTS
        .get_or_try_init(|| {
            let found = system_certificates();
            let mut roots = RootCertStore::empty();
            let (added, _) = roots.add_parsable_certificates(found.certs);
            if added == 0 {
                let why = found.errors.first().map(|e| format!(" ({e})")).unwrap_or_default();
                return Err(Error::new(
                    ErrorKind::Tls,
                    format!(
                        "the system has no certificate authorities{why}; install ca-certificates, or set the option \
                         ca_file"
                    ),
                ));
            }
            Ok(Box::new(Arc::new(roots)))
        })
        .cloned()
}

/// Takes any certificate, for `verify_certificate=false`. Signatures are checked still, so that the peer holds the key
/// of what it shows.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
