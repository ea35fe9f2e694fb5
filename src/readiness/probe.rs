//! The question that is asked: `status.check`.

use crate::client::{Arguments, Client, PendingCall};
use crate::error::Result;
use crate::operations::{self, Operation};

/// A probe, ready to be made.
pub fn probe(client: &Client) -> Result<PendingCall> {
    const CHECK: &Operation = operations::named("status.check");
    client.begin(CHECK, &Arguments::new())
}
