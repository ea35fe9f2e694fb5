//! The sample of the guide (docs/simulator.md), word for word below this line; tests/docs compares the two.

use wazo_auth_simulator::{Options, Simulator};

#[test]
fn a_wazo_auth_is_there() -> std::io::Result<()> {
    let simulator = Simulator::start_blocking(Options::with_admin("admin", "secret").https())?;
    let (url, ca) = (simulator.url(), simulator.certificate_pem());
    assert!(url.starts_with("https://localhost:") && ca.starts_with("-----BEGIN CERTIFICATE-----"));
    Ok(()) // The simulator stops when the variable goes out of scope.
}
