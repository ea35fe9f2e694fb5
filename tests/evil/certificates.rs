//! Certificates of every kind that must not be taken, and one that is right; made when they are first needed.

use crate::mode::Shown;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

type Chain = Vec<CertificateDer<'static>>;

/// An authority that the client trusts, and what it, or another, has signed.
pub struct Certificates {
    /// The PEM file of the authority.
    pub ca_file: PathBuf,
    authority: (Issuer<'static, KeyPair>, CertificateDer<'static>),
    made: Mutex<HashMap<u8, Arc<CertifiedKey>>>,
}

impl Certificates {
    /// Writes the authority's file into this folder.
    pub fn new(folder: &Path) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = authority("the authority of the evil server");
        let certificate = params.self_signed(&key).unwrap();
        let ca_file = folder.join(format!("evil-{}.pem", std::process::id()));
        std::fs::write(&ca_file, certificate.pem()).unwrap();
        let authority = (Issuer::new(params, key), certificate.der().clone());
        Self { ca_file, authority, made: Mutex::default() }
    }

    pub fn configuration(&self, shown: Shown, protocols: &[&str], is_tls12: bool) -> Arc<ServerConfig> {
        let mut made = self.made.lock().unwrap();
        let certified = made.entry(shown as u8).or_insert_with(|| Arc::new(self.make(shown))).clone();
        drop(made);
        let versions: &[_] = if is_tls12 { &[&rustls::version::TLS12] } else { rustls::DEFAULT_VERSIONS };
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_protocol_versions(versions).unwrap().with_no_client_auth();
        let mut configuration = builder.with_cert_resolver(Arc::new(Always(certified)));
        configuration.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::new(configuration)
    }

    fn make(&self, shown: Shown) -> CertifiedKey {
        let key = KeyPair::generate().unwrap();
        let chain = self.chain(shown, &key);
        let key = if shown == Shown::OtherKey { KeyPair::generate().unwrap() } else { key };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        CertifiedKey::new(chain, any_supported_type(&key).unwrap())
    }

    fn chain(&self, shown: Shown, key: &KeyPair) -> Chain {
        let (issuer, root) = &self.authority;
        let signed = |params: CertificateParams| params.signed_by(key, issuer).unwrap().der().clone();
        let good = || leaf(&["localhost", "127.0.0.1"]);
        match shown {
            Shown::Good | Shown::OtherKey => vec![signed(good())],
            Shown::WrongName => vec![signed(leaf(&["evil.example.org"]))],
            Shown::WrongAddress => vec![signed(leaf(&["127.0.0.2"]))],
            Shown::AddressAsName => {
                let mut params = leaf(&[]);
                params.subject_alt_names = vec![rcgen::SanType::DnsName("127.0.0.1".try_into().unwrap())];
                vec![signed(params)]
            }
            Shown::NoNames => {
                let mut params = leaf(&[]);
                params.distinguished_name.push(DnType::CommonName, "127.0.0.1");
                vec![signed(params)]
            }
            Shown::Expired => {
                let mut params = good();
                (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
                vec![signed(params)]
            }
            Shown::NotYet => {
                let mut params = good();
                (params.not_before, params.not_after) = (date_time_ymd(2300, 1, 1), date_time_ymd(2301, 1, 1));
                vec![signed(params)]
            }
            Shown::SelfSigned => vec![good().self_signed(key).unwrap().der().clone()],
            Shown::UnknownAuthority => {
                // Of the same name, with another key.
                let (other, der) = self_made_authority("the authority of the evil server");
                vec![good().signed_by(key, &other).unwrap().der().clone(), der]
            }
            Shown::ForClients => {
                let mut params = good();
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
                vec![signed(params)]
            }
            Shown::Authority => {
                let mut params = good();
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                vec![signed(params)]
            }
            Shown::Spoiled => {
                // One bit of the signature.
                let mut der = signed(good()).to_vec();
                *der.last_mut().unwrap() ^= 1;
                vec![der.into()]
            }
            Shown::Garbage => vec![b"0\x82\x01\x00 no certificate".to_vec().into()],
            Shown::Empty => Vec::new(),
            Shown::TooManyInChain => {
                // Each signed by the one before: no path is this long.
                let (mut by, mut chain) = self.intermediate(issuer, authority("0"));
                let mut chain_of = vec![chain.clone()];
                for number in 1..20 {
                    (by, chain) = self.intermediate(&by, authority(&number.to_string()));
                    chain_of.insert(0, chain.clone());
                }
                chain_of.insert(0, good().signed_by(key, &by).unwrap().der().clone());
                chain_of
            }
            Shown::NoIntermediate => {
                let (by, _) = self.intermediate(issuer, authority("between"));
                vec![good().signed_by(key, &by).unwrap().der().clone(), root.clone()]
            }
            Shown::IntermediateNotAllowed => {
                // It is no authority.
                let (by, between) = self.intermediate(issuer, leaf(&["localhost"]));
                vec![good().signed_by(key, &by).unwrap().der().clone(), between]
            }
            Shown::OutsideConstraints => {
                let mut params = authority("between");
                params.name_constraints = Some(NameConstraints {
                    permitted_subtrees: vec![GeneralSubtree::DnsName("example.org".into())],
                    excluded_subtrees: vec![GeneralSubtree::IpAddress(CidrSubnet::V4([127, 0, 0, 0], [255, 0, 0, 0]))],
                });
                let (by, between) = self.intermediate(issuer, params);
                vec![good().signed_by(key, &by).unwrap().der().clone(), between]
            }
            Shown::ExpiredIntermediate => {
                let mut params = authority("between");
                (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
                let (by, between) = self.intermediate(issuer, params);
                vec![good().signed_by(key, &by).unwrap().der().clone(), between]
            }
        }
    }

    #[allow(clippy::unused_self)]
    fn intermediate(
        &self,
        by: &Issuer<'static, KeyPair>,
        params: CertificateParams,
    ) -> (Issuer<'static, KeyPair>, CertificateDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, by).unwrap().der().clone();
        (Issuer::new(params, key), der)
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ca_file);
    }
}

fn leaf(names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().copied().map(String::from).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "evil");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn self_made_authority(name: &str) -> (Issuer<'static, KeyPair>, CertificateDer<'static>) {
    let (key, params) = (KeyPair::generate().unwrap(), authority(name));
    let der = params.self_signed(&key).unwrap().der().clone();
    (Issuer::new(params, key), der)
}

/// The same certificate, whoever asks for which name: rustls itself would not show one that does not fit its key.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
