//! The certificate of HTTPS: made at each start, or read from files.

use std::fmt::Display;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// What HTTPS shows, and what a client trusts.
pub struct Certificate {
    /// What a client takes as its CA, PEM.
    pub pem: String,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Certificate {
    /// Makes one for this start: an authority, and a certificate for localhost and the loopback addresses that it signed.
    /// (One that is both is refused by rustls.)
    pub fn make() -> Result<Self, rcgen::Error> {
        let mut authority = rcgen::CertificateParams::default();
        authority.distinguished_name.push(rcgen::DnType::CommonName, "wazo-auth-simulator authority");
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        // What OpenSSL's strict checks, and with them Python from 3.13 on, want to see in an authority.
        authority.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
        let authority_key = rcgen::KeyPair::generate()?;
        let pem = authority.self_signed(&authority_key)?.pem();
        let issuer = rcgen::Issuer::new(authority, authority_key);

        let names = ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec();
        let mut own = rcgen::CertificateParams::new(names)?;
        own.distinguished_name.push(rcgen::DnType::CommonName, "wazo-auth-simulator");
        own.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        own.use_authority_key_identifier_extension = true;
        let key = rcgen::KeyPair::generate()?;
        let chain = vec![own.signed_by(&key, &issuer)?.der().clone()];
        Ok(Self { pem, chain, key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() })
    }

    /// One that exists: the certificate, with those between it and its authority behind it, and its key.
    pub fn read(certificate: &Path, key: &Path) -> io::Result<Self> {
        // Of two files, the wrong one is named with what it is for.
        let wrong = |what: &str, path: &Path, problem: &dyn Display| {
            io::Error::other(format!("the {what} {}: {problem}", path.display()))
        };
        let wrong_certificate = |problem: &dyn Display| wrong("certificate", certificate, problem);
        let wrong_key = |problem: &dyn Display| wrong("key", key, problem);
        let pem = std::fs::read(certificate).map_err(|error| wrong_certificate(&error))?;
        let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| wrong_certificate(&error))?;
        if chain.is_empty() {
            return Err(wrong_certificate(&"expected a certificate in PEM"));
        }
        let key = PrivateKeyDer::from_pem_slice(&std::fs::read(key).map_err(|error| wrong_key(&error))?)
            .map_err(|error| wrong_key(&format!("expected a private key in PEM; {error}")))?;
        let read = Self { pem: String::from_utf8_lossy(&pem).into_owned(), chain, key };
        read.acceptor().map_err(|error| wrong_certificate(&format!("it does not fit the key; {error}")))?;
        Ok(read)
    }

    /// What speaks TLS with it.
    pub fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(self.chain.clone(), self.key.clone_key())
            })
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
