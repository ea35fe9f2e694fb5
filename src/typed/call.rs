//! A call that is being put together: what the types of all calls are made of.

use crate::client::{Arguments, Client, Outcome};
use crate::error::Result;
use crate::json::quoted;
use crate::operations::Operation;
use crate::queue::Queue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::borrow::Cow;

/// A client, an operation, and the arguments so far. A mistake in one of them is reported when the call is made.
pub struct Call<'a> {
    client: &'a Client,
    operation: &'static Operation,
    arguments: Result<Arguments>,
}

impl<'a> Call<'a> {
    pub fn new(client: &'a Client, operation: &'static Operation) -> Self {
        Self { client, operation, arguments: Ok(Arguments::new()) }
    }

    fn and(self, add: impl FnOnce(Arguments) -> Result<Arguments>) -> Self {
        Self { arguments: self.arguments.and_then(add), ..self }
    }

    pub fn text(self, name: &'static str, text: impl Into<String>) -> Self {
        self.and(|arguments| Ok(arguments.with(name, text)))
    }

    /// A value that is JSON already.
    pub fn json(self, name: &'static str, json: impl AsRef<str>) -> Self {
        self.and(|arguments| arguments.with_json(name, json.as_ref()))
    }

    pub fn integer(self, name: &'static str, value: i64) -> Self {
        self.json(name, value.to_string())
    }

    pub fn boolean(self, name: &'static str, value: bool) -> Self {
        self.json(name, if value { "true" } else { "false" })
    }

    pub fn texts(self, name: &'static str, texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let texts: Vec<_> = texts.into_iter().map(|text| quoted(&text.into())).collect();
        self.json(name, format!("[{}]", texts.join(",")))
    }

    /// The content of a file: JSON has no way to write bytes, so what is no text goes as `{"base64": ...}`.
    pub fn file(self, name: &'static str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref();
        match String::from_utf8_lossy(content) {
            Cow::Borrowed(text) => self.text(name, text),
            Cow::Owned(_) => self.json(name, format!("{{\"base64\":\"{}\"}}", BASE64.encode(content))),
        }
    }

    /// Further keys of the query, a JSON object.
    pub fn query(self, json: impl AsRef<str>) -> Self {
        self.and(|arguments| arguments.with_query(json.as_ref()))
    }

    /// Further fields of the body, a JSON object.
    pub fn body(self, json: impl AsRef<str>) -> Self {
        self.and(|arguments| arguments.with_body(json.as_ref()))
    }

    pub fn outcome(self) -> Result<Outcome> {
        self.client.call(self.operation, &self.arguments?)
    }

    pub async fn outcome_async(self) -> Result<Outcome> {
        self.client.call_async(self.operation, &self.arguments?).await
    }

    pub fn submit(self, queue: &Queue, user_data: usize) -> Result<u64> {
        queue.submit_operation(self.client, self.operation, &self.arguments?, user_data)
    }
}

/// The three ways to make a call, for the type of a call and what the call returns.
macro_rules! ways_to_make {
    ($call:ident -> $returned:ty) => {
        impl $call<'_> {
            /// Makes the call on this thread: blocks until the response has arrived, or for the client's `timeout_ms`.
            pub fn call(self) -> Result<$returned> {
                self.0.outcome().map(Into::into)
            }

            /// Makes the call on the library's thread; awaited by any executor. Dropping the future ends the call.
            pub async fn call_async(self) -> Result<$returned> {
                self.0.outcome_async().await.map(Into::into)
            }

            /// Hands the call to a queue, and returns its number; the completion has `user_data`.
            pub fn submit(self, queue: &Queue, user_data: usize) -> Result<u64> {
                self.0.submit(queue, user_data)
            }
        }
    };
}
pub(super) use ways_to_make;
