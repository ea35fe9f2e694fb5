//! What was given for the parameters of an operation.

use crate::client::arguments::{Argument, Arguments};
use crate::error::{Error, Result, cut};
use crate::operations::{Encoding, Operation, Parameter, Place};

/// An operation with the arguments of a call.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    pub operation: &'static Operation,
    pub arguments: &'a Arguments,
}

impl<'a> Given<'a> {
    /// The parameters that stand in this place.
    pub fn parameters(self, place: Place) -> impl Iterator<Item = &'static Parameter> {
        self.operation.each_parameter().filter(move |parameter| parameter.place == place)
    }

    /// An error for an argument that the operation does not have.
    pub fn refuse_unknown(self) -> Result<()> {
        let Self { operation, arguments } = self;
        for (name, _) in &arguments.named {
            if operation.parameter(name).is_none() {
                let known: Vec<_> = operation.each_parameter().map(|parameter| parameter.name).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Error::invalid(format!(
                    "argument {}: {} has no such parameter; it has {known} (further keys go into `query` or `body`)",
                    cut(name, 60),
                    operation.name
                )));
            }
        }
        if !arguments.query.is_empty() && !operation.has_query() && !operation.open {
            return Err(Error::invalid(format!("argument query: {} has no query; leave it out", operation.name)));
        }
        let has_body = arguments.body.as_ref().is_some_and(|body| body.get() != "null");
        if has_body && operation.encoding == Encoding::None {
            return Err(Error::invalid(format!("argument body: {} has no body; leave it out", operation.name)));
        }
        Ok(())
    }

    /// A parameter that was given, null counting as not given; an error where it is required.
    pub fn value(self, parameter: &Parameter) -> Result<Option<&'a Argument>> {
        let given = self.arguments.get(parameter.name).filter(|argument| !argument.is_null());
        if given.is_none() && parameter.required {
            return Err(Error::invalid(format!(
                "argument {}: it is missing, but {} needs it: {}",
                parameter.name, self.operation.name, parameter.doc
            )));
        }
        Ok(given)
    }

    /// The same as a text.
    pub fn text(self, parameter: &Parameter) -> Result<Option<String>> {
        let Some(argument) = self.value(parameter)? else { return Ok(None) };
        argument.as_text().map(Some).ok_or_else(|| not_a_text(parameter))
    }
}

/// The error for a value that is no text.
pub fn not_a_text(parameter: &Parameter) -> Error {
    Error::invalid(format!("argument {}: expected a string", parameter.name))
}

/// What no URL can carry, named before anything is sent, and not repeated.
pub fn refuse_length(name: &str, length: usize, longest: usize) -> Result<()> {
    if length > longest {
        return Err(Error::invalid(format!(
            "argument {name}: it is {length} bytes long in the URL; expected {longest} at most"
        )));
    }
    Ok(())
}
