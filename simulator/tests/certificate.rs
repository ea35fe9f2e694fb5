//! The program with a certificate of the caller's: a client that trusts it finds it, under the names that it has.

mod raw;

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use raw::{TARGET, ask, connect, read_answer, status};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A folder with the files of a test; it goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wazo-auth-simulator-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An authority, and what it signed for the host `auth`: as PEM.
struct Made {
    authority: rcgen::Certificate,
    certificate: String,
    key: String,
}

fn make() -> Made {
    let mut of_authority = rcgen::CertificateParams::default();
    of_authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().expect("a key");
    let authority = of_authority.self_signed(&authority_key).expect("an authority");
    let issuer = rcgen::Issuer::new(of_authority, authority_key);
    let of_host = rcgen::CertificateParams::new(vec!["auth".into()]).expect("a name");
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = of_host.signed_by(&key, &issuer).expect("a certificate").pem();
    Made { authority, certificate, key: key.serialize_pem() }
}

fn command(certificate: &Path, key: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wazo-auth-simulator"));
    command.args(["--port", "0", "--exit-with-stdin", "--certificate"]).arg(certificate).arg("--key").arg(key);
    command
}

/// Starts the program, and gives the port of its HTTPS; it ends with its standard input.
fn start(command: &mut Command) -> (Child, u16) {
    let mut program =
        command.arg("--tls").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut line = String::new();
    let output = program.stdout.as_mut().expect("a pipe");
    BufReader::new(output).read_line(&mut line).expect("a line");
    let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
    (program, port.unwrap_or_else(|| panic!("expected a port, got {line:?}")))
}

fn refusal(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.stdin(Stdio::null()).output().expect("the program starts");
    assert!(!status.success(), "expected a refusal");
    String::from_utf8(stderr).expect("a text")
}

fn connect_as(name: &'static str, port: u16, made: &Made) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(made.authority.der().clone()).expect("a root");
    let configuration = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name).expect("a name");
    let client = ClientConnection::new(Arc::new(configuration), name).expect("a client");
    StreamOwned::new(client, connect(port))
}

#[test]
fn https_uses_the_certificate_and_the_key_of_the_files() {
    let (folder, made) = (Folder::new("given"), make());
    let (certificate, key) = (folder.write("server.crt", &made.certificate), folder.write("server.key", &made.key));
    let (mut program, port) = start(&mut command(&certificate, &key));
    let mut stream = connect_as("auth", port, &made);
    ask(&mut stream, "GET", TARGET, "");
    assert_eq!(status(&read_answer(&mut stream).0), 200);
    drop(program.stdin.take());
    assert!(program.wait().expect("the program ends").success());
}

#[test]
fn the_written_certificate_is_the_one_of_the_file() {
    let (folder, made) = (Folder::new("written"), make());
    let (certificate, key) = (folder.write("server.crt", &made.certificate), folder.write("server.key", &made.key));
    let written = folder.0.join("ca.pem");
    let (mut program, _) = start(command(&certificate, &key).arg("--certificate-file").arg(&written));
    assert_eq!(fs::read_to_string(written).expect("a file"), made.certificate);
    drop(program.stdin.take());
    program.wait().expect("the program ends");
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let (folder, made, other) = (Folder::new("refused"), make(), make());
    let certificate = folder.write("server.crt", &made.certificate);
    let key = folder.write("server.key", &made.key);
    let (foreign, empty) = (folder.write("foreign.key", &other.key), folder.write("empty.pem", ""));
    let missing = folder.0.join("missing.pem");
    for (certificate, key, expected) in [
        (&missing, &key, "the certificate FOLDER/missing.pem: "),
        (&empty, &key, "the certificate FOLDER/empty.pem: expected a certificate in PEM"),
        (&certificate, &missing, "the key FOLDER/missing.pem: "),
        (&certificate, &empty, "the key FOLDER/empty.pem: expected a private key in PEM"),
        (&certificate, &foreign, "the certificate FOLDER/server.crt: it does not fit the key"),
    ] {
        let said = refusal(command(certificate, key).arg("--tls"));
        let expected = expected.replace("FOLDER", &folder.0.display().to_string());
        assert!(said.contains(&expected), "expected {expected:?}, got {said:?}");
    }
}

#[test]
fn a_certificate_without_key_or_without_https_is_refused() {
    let (folder, made) = (Folder::new("alone"), make());
    let (certificate, key) = (folder.write("server.crt", &made.certificate), folder.write("server.key", &made.key));
    let said = refusal(&mut command(&certificate, &key));
    assert!(said.contains("--certificate: expected --tls or --tls-port"), "{said}");
    for (option, path) in [("--certificate", &certificate), ("--key", &key)] {
        let mut alone = Command::new(env!("CARGO_BIN_EXE_wazo-auth-simulator"));
        let said = refusal(alone.args(["--port", "0", "--tls", option]).arg(path));
        assert!(said.contains("expected both --certificate and --key"), "{said}");
    }
}
