//! The faults over TLS, where they act within the stream or before it, and over HTTP/2.

mod raw;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use raw::{End, TARGET, ask, connect, exchange, read_answer, read_to_end, set, status};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;
use tokio_rustls::TlsConnector;
use wazo_auth_simulator::{Options, Simulator};

fn start() -> Simulator {
    Simulator::start_blocking(Options::default().and_https()).expect("the simulator starts")
}

/// A client that trusts the simulator, and offers this protocol.
fn configuration(simulator: &Simulator, protocol: &str) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(simulator.certificate_pem().as_bytes()).expect("a certificate");
    roots.add(certificate).expect("a root");
    let mut configuration = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    configuration.alpn_protocols = vec![protocol.into()];
    Arc::new(configuration)
}

fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").expect("a name")
}

/// A TLS connection that speaks HTTP/1.1.
fn connect_tls(simulator: &Simulator) -> StreamOwned<ClientConnection, TcpStream> {
    let client = ClientConnection::new(configuration(simulator, "http/1.1"), localhost()).expect("a client");
    StreamOwned::new(client, connect(simulator.tls_port()))
}

#[test]
fn a_stalled_handshake_is_never_answered_and_the_next_one_is() {
    let simulator = start();
    set(simulator.port(), &json!([{"fault": "stall_tls", "times": 1}]));
    // The handshake that stalls is the first connection after the fault was set over its own.
    let mut stalled = connect_tls(&simulator);
    stalled.sock.set_read_timeout(Some(Duration::from_millis(200))).expect("a limit");
    assert!(stalled.flush().is_err() || stalled.read(&mut [0; 1]).is_err());
    assert!(stalled.conn.is_handshaking());

    let mut sound = connect_tls(&simulator);
    ask(&mut sound, "GET", TARGET, "");
    assert_eq!(status(&read_answer(&mut sound).0), 200);
}

#[test]
fn a_connection_breaks_within_tls_as_it_does_without() {
    let simulator = start();
    let sound = exchange(simulator.port(), "GET", TARGET, "").1;
    for (kind, due) in [("reset", End::Reset), ("close", End::Closed)] {
        set(simulator.port(), &json!([{"fault": kind, "at": "body", "times": 1}]));
        let mut stream = connect_tls(&simulator);
        ask(&mut stream, "GET", TARGET, "");
        let (came, end) = read_to_end(&mut stream);
        assert_eq!(end, due);
        assert!(came.ends_with(&sound[..sound.len() / 2]), "{:?}", String::from_utf8_lossy(&came));
    }
}

#[test]
fn a_close_within_tls_says_no_farewell_and_an_idle_close_does() {
    let simulator = start();
    set(simulator.port(), &json!([{"fault": "close", "times": 1}]));
    let mut stream = connect_tls(&simulator);
    ask(&mut stream, "GET", TARGET, "");
    // rustls tells an end without `close_notify` from one with it.
    let problem = stream.read(&mut [0; 1]).expect_err("an end in bad order");
    assert_eq!(problem.kind(), std::io::ErrorKind::UnexpectedEof);

    set(simulator.port(), &json!([{"fault": "idle_close", "ms": 30}]));
    let mut stream = connect_tls(&simulator);
    ask(&mut stream, "GET", TARGET, "");
    read_answer(&mut stream);
    assert_eq!(stream.read(&mut [0; 1]).expect("an end in good order"), 0);
}

/// One exchange over HTTP/2: the status and the body, or at which step it failed.
async fn exchange_http2(port: u16, configuration: Arc<ClientConfig>) -> Result<(u16, Bytes), &'static str> {
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.map_err(|_| "connect")?;
    let stream = TlsConnector::from(configuration).connect(localhost(), stream).await.map_err(|_| "handshake")?;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) = h2::client::handshake(stream).await.map_err(|_| "handshake")?;
    let driven = tokio::spawn(connection);
    let request = hyper::Request::get(format!("https://localhost{TARGET}")).body(()).expect("a request");
    let mut sender = sender.ready().await.map_err(|_| "handshake")?;
    let (answer, _) = sender.send_request(request, true).map_err(|_| "head")?;
    let answer = answer.await.map_err(|_| "head")?;
    let (status, mut stream, mut body) = (answer.status().as_u16(), answer.into_body(), Vec::new());
    while let Some(part) = stream.data().await {
        let part = part.map_err(|_| "body")?;
        stream.flow_control().release_capacity(part.len()).map_err(|_| "body")?;
        body.extend_from_slice(&part);
    }
    driven.abort();
    Ok((status, body.into()))
}

#[test]
fn the_faults_act_over_http2_too() {
    let simulator = start();
    let client = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    client.block_on(every_fault_over_http2(&simulator));
}

async fn every_fault_over_http2(simulator: &Simulator) {
    let configuration = configuration(simulator, "h2");
    let port = simulator.tls_port();
    let (status, sound) = exchange_http2(port, Arc::clone(&configuration)).await.expect("a sound answer");
    assert_eq!(status, 200);
    for (text, due) in [
        ("reset,at=request", Err("head")),
        ("reset", Err("head")),
        ("reset,at=head", Err("head")),
        ("reset,at=body", Err("body")),
        ("close", Err("head")),
        ("close,at=head", Err("head")),
        ("close,at=body", Err("body")),
        ("wrong_length,by=5", Err("body")),
        ("wrong_length,by=-5", Err("body")),
        ("drip,ms=1", Ok((200, sound.clone()))),
        ("delay,ms=1", Ok((200, sound.clone()))),
    ] {
        let fault = wazo_auth_simulator::faults::Fault::from_argument(text).expect("a fault");
        simulator.faults().set(vec![fault]);
        assert_eq!(exchange_http2(port, Arc::clone(&configuration)).await, due, "{text}");
    }
    simulator.faults().clear();
    assert_eq!(exchange_http2(port, configuration).await, Ok((200, sound)));
}
