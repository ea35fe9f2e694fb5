//! Faults as they are written: the JSON of the control route, and the short form of the command line.

use serde_json::{Map, Value};

use super::{Fault, Kind, Moment};

/// The keys that every kind takes besides its own; those that act on connections take the last two alone.
const WHEN: [&str; 4] = ["method", "path", "times", "probability"];

/// Every kind, with its own keys.
const KINDS: [(&str, &[&str]); 12] = [
    ("delay", &["ms"]),
    ("drip", &["ms", "at"]),
    ("reset", &["at"]),
    ("close", &["at"]),
    ("wrong_length", &["by"]),
    ("bad_json", &[]),
    ("bad_utf8", &[]),
    ("huge_body", &["bytes"]),
    ("bad_gateway", &["status"]),
    ("redirect", &["url", "status"]),
    ("stall_tls", &[]),
    ("idle_close", &["ms"]),
];

/// The list of a `PUT`: alone, or as `GET` shows it. A single object is a list of one.
pub fn list(body: &[u8]) -> Result<Vec<Fault>, String> {
    let given = serde_json::from_slice(body).map_err(|e| format!("the faults are not JSON: {e}"))?;
    let faults = match given {
        Value::Object(shown) if shown.keys().eq(["faults"]) => shown["faults"].clone(),
        other => other,
    };
    match faults {
        Value::Array(items) => items.iter().map(fault).collect(),
        value @ Value::Object(_) => Ok(vec![fault(&value)?]),
        other => Err(format!("expected a list of faults, got {other}")),
    }
}

/// `kind,key=value,...` as the JSON object that it means. Numbers are numbers, all else is text.
pub fn argument(argument: &str) -> Result<Value, String> {
    if argument.trim_start().starts_with('{') {
        return serde_json::from_str(argument).map_err(|e| format!("the fault is not JSON: {e}"));
    }
    let mut object = Map::new();
    for (index, part) in argument.split(',').enumerate() {
        match part.split_once('=') {
            None if index == 0 => object.insert("fault".to_owned(), part.into()),
            Some((key, text)) => {
                let number = serde_json::from_str::<Value>(text).ok().filter(Value::is_number);
                object.insert(key.to_owned(), number.unwrap_or_else(|| text.into()))
            }
            None => return Err(format!("expected key=value, got {part:?}")),
        };
    }
    Ok(Value::Object(object))
}

/// One fault. Whatever it does not know is an error that names what it knows: a fault that never strikes, for a
/// misspelt key, would make a test pass that tests nothing.
pub fn fault(value: &Value) -> Result<Fault, String> {
    let object = value.as_object().ok_or_else(|| format!("expected a fault, an object, got {value}"))?;
    let name = object.get("fault").and_then(Value::as_str).unwrap_or_default();
    let Some((_, own)) = KINDS.iter().find(|(kind, _)| *kind == name) else {
        let known: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
        let got = object.get("fault").unwrap_or(&Value::Null);
        return Err(format!("`fault` must be one of {}, got {got}", known.join(", ")));
    };
    let when = if matches!(name, "stall_tls" | "idle_close") { &WHEN[2..] } else { &WHEN[..] };
    let takes = [own, when].concat().join(", ");
    for key in object.keys().filter(|key| *key != "fault" && *key != "hits") {
        if !own.contains(&key.as_str()) && !when.contains(&key.as_str()) {
            return Err(format!("{name}: unknown key {key:?}; it takes {takes}"));
        }
    }
    let fields = Fields { name, object, takes };
    let kind = fields.kind()?;
    let probability = fields.number("probability", Value::as_f64)?;
    if probability.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
        return Err(format!("{name}: `probability` lies between 0 and 1, got {}", value["probability"]));
    }
    Ok(Fault {
        kind,
        method: fields.text("method")?,
        path: fields.text("path")?,
        times: fields.number("times", Value::as_u64)?,
        probability,
        hits: 0,
        given: value.clone(),
    })
}

/// The keys of one fault, read with their types.
struct Fields<'a> {
    name: &'a str,
    object: &'a Map<String, Value>,
    /// The keys that there are, as a text.
    takes: String,
}

impl Fields<'_> {
    fn kind(&self) -> Result<Kind, String> {
        Ok(match self.name {
            "delay" => Kind::Delay { ms: self.needed("ms", Value::as_u64)? },
            "drip" => {
                let at = match self.text("at")?.as_deref() {
                    None | Some("body") => Moment::Body,
                    Some("head") => Moment::Head,
                    Some(other) => return Err(format!("drip: `at` is one of head, body; got {other:?}")),
                };
                Kind::Drip { ms: self.needed("ms", Value::as_u64)?, at }
            }
            "reset" => Kind::Reset { at: self.moment()? },
            "close" => Kind::Close { at: self.moment()? },
            "wrong_length" => Kind::WrongLength { by: self.needed("by", Value::as_i64)? },
            "bad_json" => Kind::BadJson,
            "bad_utf8" => Kind::BadUtf8,
            // The smallest JSON object of the kind that is sent has 12 bytes.
            "huge_body" => Kind::HugeBody { bytes: self.needed("bytes", |value| value.as_u64().filter(|n| *n >= 12))? },
            "bad_gateway" => Kind::BadGateway { status: self.status(502, &[502, 503, 504])? },
            "redirect" => {
                let url = self.text("url")?.ok_or_else(|| self.missing("url"))?;
                Kind::Redirect { url, status: self.status(302, &[301, 302, 303, 307, 308])? }
            }
            "stall_tls" => Kind::StallTls,
            _ => Kind::IdleClose { ms: self.needed("ms", Value::as_u64)? },
        })
    }

    fn moment(&self) -> Result<Moment, String> {
        match self.text("at")?.as_deref() {
            Some("request") => Ok(Moment::Request),
            None | Some("answer") => Ok(Moment::Answer),
            Some("head") => Ok(Moment::Head),
            Some("body") => Ok(Moment::Body),
            Some(other) => Err(format!("{}: `at` is one of request, answer, head, body; got {other:?}", self.name)),
        }
    }

    fn status(&self, default: u16, allowed: &[u16]) -> Result<u16, String> {
        let status = self.number("status", Value::as_u64)?.unwrap_or(u64::from(default));
        let found = allowed.iter().copied().find(|known| u64::from(*known) == status);
        found.ok_or_else(|| format!("{}: `status` is one of {allowed:?}, got {status}", self.name))
    }

    fn text(&self, key: &str) -> Result<Option<String>, String> {
        match self.object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(format!("{}: `{key}` is a text, got {other}", self.name)),
        }
    }

    fn number<T>(&self, key: &str, read: fn(&Value) -> Option<T>) -> Result<Option<T>, String> {
        match self.object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(value) {
                Some(number) => Ok(Some(number)),
                None => Err(format!("{}: `{key}` is a number within its range, got {value}", self.name)),
            },
        }
    }

    fn needed<T>(&self, key: &str, read: fn(&Value) -> Option<T>) -> Result<T, String> {
        self.number(key, read)?.ok_or_else(|| self.missing(key))
    }

    fn missing(&self, key: &str) -> String {
        format!("{}: `{key}` is missing; it takes {}", self.name, self.takes)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_command_line_says_what_the_control_route_says() {
        let short = Fault::from_argument("drip,ms=5,path=/0.1/users*,method=GET,times=3,probability=0.5").unwrap();
        let long =
            json!({"fault": "drip", "ms": 5, "path": "/0.1/users*", "method": "GET", "times": 3, "probability": 0.5});
        assert_eq!(short.given, long);
        assert_eq!(Fault::from_argument(&long.to_string()).unwrap().given, long);
    }

    #[test]
    fn every_kind_can_be_given() {
        for text in [
            "delay,ms=1",
            "drip,ms=1",
            "drip,ms=1,at=head",
            "reset",
            "reset,at=request",
            "close,at=head",
            "close,at=body",
            "wrong_length,by=-3",
            "bad_json",
            "bad_utf8",
            "huge_body,bytes=1000",
            "bad_gateway,status=504",
            "redirect,url=http://elsewhere/",
            "stall_tls,times=1",
            "idle_close,ms=10",
        ] {
            Fault::from_argument(text).unwrap_or_else(|complaint| panic!("{text}: {complaint}"));
        }
    }

    #[test]
    fn what_is_not_known_is_refused_with_what_is() {
        for (text, due) in [
            ("dealy,ms=1", "one of delay, drip"),
            ("delay", "`ms` is missing"),
            ("delay,ms=soon", "`ms` is a number within its range, got \"soon\""),
            ("delay,ms=-1", "`ms` is a number"),
            ("delay,ms=1,time=1", "unknown key \"time\"; it takes ms, method, path, times, probability"),
            ("drip,ms=1,at=answer", "one of head, body"),
            ("reset,at=once", "one of request, answer, head, body"),
            ("bad_gateway,status=200", "one of [502, 503, 504]"),
            ("idle_close,ms=1,path=/x", "unknown key \"path\""),
            ("delay,ms=1,probability=2", "between 0 and 1"),
            ("delay,ms=1,oops", "expected key=value"),
        ] {
            let complaint = Fault::from_argument(text).expect_err(text);
            assert!(complaint.contains(due), "{text}: {complaint}");
        }
    }
}
