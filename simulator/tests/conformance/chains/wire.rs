//! What only the bytes show.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::{Chain, USER};

#[test]
fn header_names_are_spelled_as_the_server_spells_them() {
    let chain = Chain::new(|world| {
        world.login(USER, "someone", "secret");
    });
    let mut stream = TcpStream::connect(chain.simulator().address()).expect("a connection");
    let request = "POST /0.1/token HTTP/1.1\r\nHost: simulator\r\nConnection: close\r\nContent-Length: 2\r\n\
        Authorization: Basic c29tZW9uZTpzZWNyZXQ=\r\n\r\n{}";
    stream.write_all(request.as_bytes()).expect("the request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    for line in ["\r\nWazo-Sessions-Revoked: 0\r\n", "\r\nContent-Type: application/json\r\n", "\r\nContent-Length: "] {
        assert!(answer.contains(line), "{line:?} is not in {answer}");
    }
}
