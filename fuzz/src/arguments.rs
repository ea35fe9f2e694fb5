//! The arguments of every operation: the first byte is its number in the table, or none of these; a bit of the second says
//! whether the call is made by the C function, to an address where nobody listens; the rest is the JSON of the arguments. An
//! operation that is not in the table is named up to NUL.

use crate::byte;
use crate::telling::{check, is_one_line};
use std::ffi::{CStr, CString};
use std::ptr;
use std::sync::OnceLock;
use wazo_auth_client::ffi;
use wazo_auth_client::ffi::client::wazo_auth_client as ClientHandle;
use wazo_auth_client::operations::{self, Operation};
use wazo_auth_client::{Arguments, Client, ErrorKind, Options};

/// What marks a secret in the inputs.
const SECRET: &str = "s3cr3t";

/// Where nobody listens.
pub fn options() -> Options {
    let mut options = Options::new();
    for (key, value) in [("host", "127.0.0.1"), ("port", "1"), ("https", "false"), ("timeout_ms", "5000")] {
        options.set(key, value).expect("a valid option");
    }
    options
}

/// The target.
pub fn run(data: &[u8]) {
    let table: Vec<&Operation> = operations::all().collect();
    let (number, rest) = byte(data);
    let (way, rest) = byte(rest);
    let whole = String::from_utf8_lossy(rest).into_owned();
    let known = table.get(usize::from(number)).copied();
    let (name, json) = match known {
        Some(operation) => (operation.name, whole.as_str()),
        None => whole.split_once('\0').unwrap_or((&whole, "{}")),
    };
    if way & 1 == 0 {
        prepare(name, known, json);
    } else if let (Ok(name), Ok(json)) = (CString::new(name), CString::new(json)) {
        call(&name, &json);
    }
}

fn prepare(name: &str, operation: Option<&Operation>, json: &str) {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    let client = CLIENT.get_or_init(|| Client::new(&options()).expect("a client"));
    let prepared = Arguments::from_json(json).and_then(|arguments| client.prepare(name, &arguments));
    match prepared {
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{error:?}");
            check(&error, &secrets(operation, json));
        }
        Ok(ready) => {
            let operation = operation.or_else(|| operations::find(name)).expect("one that is not in the table");
            if let Some(target) = ready.target() {
                check_target(operation, target);
            }
        }
    }
}

/// What the caller has marked as a secret, where it stands as one and nowhere else.
fn secrets(operation: Option<&Operation>, json: &str) -> Vec<String> {
    let is_once = json.matches(SECRET).count() == 1;
    let parameters = operation.into_iter().flat_map(Operation::each_parameter);
    let is_given = parameters
        .filter(|parameter| parameter.secret)
        .any(|parameter| json.contains(&format!("\"{}\":\"{SECRET}\"", parameter.name)));
    if is_once && is_given { vec![SECRET.to_owned()] } else { Vec::new() }
}

/// A path has the segments of the table whatever the arguments are, and a request line stays one.
fn check_target(operation: &Operation, target: &str) {
    assert!(target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'), "{target:?}");
    let path = target.split('?').next().unwrap_or_default();
    let expected = format!("/api/auth/0.1{}", operation.path);
    let (expected, found): (Vec<_>, Vec<_>) = (expected.split('/').collect(), path.split('/').collect());
    assert_eq!(expected.len(), found.len(), "{target:?} for {}", operation.path);
    for (expected, found) in expected.iter().zip(found) {
        let is_argument = expected.starts_with('{');
        assert!(is_argument && !["", ".", ".."].contains(&found) || *expected == found, "{target:?}");
    }
}

/// The client of the C functions; made once.
struct Handle(*mut ClientHandle);
// SAFETY: the handle is thread-safe, as the header says.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

fn handle() -> *mut ClientHandle {
    static HANDLE: OnceLock<Handle> = OnceLock::new();
    let made = || {
        // SAFETY: handles that were made here, and texts that end with NUL; NULL for what is not wanted.
        unsafe {
            let options = ffi::options::wazo_auth_options_new();
            let url = c"http://127.0.0.1:1/?timeout_ms=5000";
            assert!(ffi::options::wazo_auth_options_set_url(options, url.as_ptr(), ptr::null_mut()));
            let client = ffi::client::wazo_auth_client_new(options, ptr::null_mut());
            ffi::options::wazo_auth_options_free(options);
            assert!(!client.is_null());
            Handle(client)
        }
    };
    HANDLE.get_or_init(made).0
}

#[allow(clippy::disallowed_methods, reason = "what the library reads by src/ffi/pointer.rs, its caller reads so")]
fn call(name: &CStr, json: &CStr) {
    let mut error = ptr::null_mut();
    // SAFETY: a living handle, texts that end with NUL, and a place for the error, which is freed below.
    unsafe {
        let result = ffi::call::wazo_auth_call(handle(), name.as_ptr(), json.as_ptr(), &raw mut error);
        assert!(result.is_null(), "nobody listens");
        if error.is_null() {
            // A question about a token that no server can know.
            return;
        }
        let message = CStr::from_ptr(ffi::error::wazo_auth_error_message(error)).to_str().expect("UTF-8").to_owned();
        let kind = ffi::error::wazo_auth_error_kind(error) as i32;
        ffi::error::wazo_auth_error_free(error);
        assert!(is_one_line(&message), "more than a line: {message:?}");
        let expected = [ErrorKind::InvalidArgument, ErrorKind::Connect].map(|kind| kind as i32);
        assert!(expected.contains(&kind), "{kind}: {message}");
    }
}
