//! Where mails go besides the list that `GET /_simulator/mails` shows.

use std::fmt;

use crate::rows::Mail;

/// Sends mails.
pub trait Mailer: Send + Sync + fmt::Debug {
    /// Sends one. It is called while the state is locked, so it hands the mail on and does not wait.
    fn send(&self, mail: &Mail);
}
