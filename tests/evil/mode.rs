//! What a mode is: how the server misbehaves, as steps, and what the client must make of it.

/// What is asked: one that changes nothing, a question, one that changes, one that may be done twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Head,
    Post,
    Delete,
}

impl Method {
    pub const ALL: [Self; 4] = [Self::Get, Self::Head, Self::Post, Self::Delete];

    pub fn name(self) -> &'static str {
        ["get", "head", "post", "delete"][self as usize]
    }

    pub fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

/// Who carries the call: the caller's own thread, or the library's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Blocking,
    Queued,
}

/// What lies between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Plain,
    Tls,
    Http2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Http1,
    Http2,
    Tls,
    Connect,
}

/// The stream of a frame.
#[derive(Clone, Copy, Debug)]
pub enum On {
    /// That of the request that is answered, and so many beyond it.
    Own(u32),
    /// This one.
    Id(u32),
}

#[derive(Clone, Debug)]
pub enum Payload {
    /// As it is.
    Bytes(Vec<u8>),
    /// A template of text (see [`Step::Text`]).
    Text(&'static str),
    /// Header fields, their values templates, as literals that no table remembers.
    Headers(Vec<(String, String)>),
}

/// What the server does next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Writes a text: `{S}` is the right status, `{C}` its number, `{H}` the right headers without a length, `{B}` the right body, `{L}` its
    /// length, `{N}` the asker's number, `{W}` a whole answer with another number, `{K}` 1,000 letters.
    Text(String),
    Raw(Vec<u8>),
    Frame(u8, u8, On, Payload),
    /// The right answer.
    Good,
    Times(usize, Vec<Step>),
    /// Until nobody takes it any more.
    Flood(Vec<Step>),
    /// The same, or until the server is to be good; the connection is a good one then.
    FloodWhileEvil(Vec<Step>),
    /// A text, byte by byte, with so many milliseconds between two.
    Drip(String, u64),
    Wait(u64),
    /// Writes nothing more, and waits until the client goes.
    Hold,
    /// Ends the connection in good order.
    Close,
    /// Ends TCP alone.
    Cut,
    Reset,
    HalfClose,
}

/// How several requests over one connection are answered, once all are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Reversed,
    /// The heads, then a byte of each body in turn.
    Interleaved,
    /// All but the first, which waits for ever.
    FirstSilent,
    /// All but the first, which is reset.
    FirstReset,
}

/// How many they are.
pub const TOGETHER: usize = 5;

/// Which certificate the server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Good,
    WrongName,
    WrongAddress,
    AddressAsName,
    NoNames,
    Expired,
    NotYet,
    SelfSigned,
    UnknownAuthority,
    ForClients,
    Authority,
    OtherKey,
    Spoiled,
    Garbage,
    Empty,
    TooManyInChain,
    NoIntermediate,
    IntermediateNotAllowed,
    OutsideConstraints,
    ExpiredIntermediate,
}

/// How far the server gets with TLS, or with TCP.
#[derive(Clone, Debug)]
pub enum Handshake {
    /// To its end, by a certificate; the steps are encrypted.
    Whole(Shown),
    /// Steps on TCP as soon as the connection is there.
    AtAccept,
    /// Steps on TCP when the client's hello has come.
    AfterHello,
    /// This share (of 1,000) of the server's first flight, then the steps on TCP.
    Flight(usize),
    /// The same, with this byte of the flight (a share of 1,000) changed.
    Spoiled(usize),
    /// The steps on TCP when the handshake is over, before the request.
    Finished,
    /// The steps on TCP when the request has come.
    AfterRequest,
    /// Nobody listens.
    Refused,
    /// The backlog is full.
    BlackHole,
    /// Accepted after so many milliseconds.
    LateAccept(u64),
    /// The name leads nowhere.
    NoName(&'static str),
}

/// One mode.
#[allow(clippy::struct_excessive_bools)] // Each is a fact of its own.
#[derive(Clone, Debug)]
pub struct Mode {
    pub family: Family,
    pub name: &'static str,
    pub steps: Vec<Step>,
    /// By method, the outcomes that are right, separated by `|`: `ok`, or a kind of error, with the status behind a colon
    /// where there is one. Empty: not for this method.
    pub expected: [&'static str; 4],
    /// Whether something that changes may have been done, where that does not follow from kind and status.
    pub in_doubt: Option<bool>,
    /// Either would be right.
    pub may_doubt: bool,
    pub is_connecting: bool,
    pub deadline_ms: u64,
    /// How many right answers come first, on the same connection.
    pub after: usize,
    /// The steps do not wait for a request.
    pub is_early: bool,
    /// The settings that the server announces (HTTP/2), in place of none.
    pub settings: Vec<(u16, u32)>,
    /// Further options of the client.
    pub options: &'static str,
    pub handshake: Handshake,
    pub alpn: Option<&'static [&'static str]>,
    pub is_tls12: bool,
    /// What comes as a success may have another body than the right one: it is the asker's all the same.
    pub has_own_body: bool,
    /// The call may take another's answer: a server can always lie about the first. The next ones may not.
    pub may_lie: bool,
    /// A request that changes may come twice: the first was certainly not carried out.
    pub may_repeat: bool,
    /// Several calls at once in place of one.
    pub together: Option<Order>,
    /// The next call waits until the steps are over: what was written has come while the connection was idle.
    pub is_settled: bool,
    /// The server is evil to one request only, and good from then on.
    pub is_once: bool,
    /// It was a fault of the library once; so the short form has all its combinations.
    pub was_fault: bool,
}

/// A deadline that is to pass. Connecting is part of it, on a machine that may be busy.
const SHORT: u64 = 1000;

/// One that should never pass.
const LONG: u64 = 15_000;

impl Mode {
    pub fn new(family: Family, name: &'static str, steps: Vec<Step>, expected: &'static str) -> Self {
        let is_late = expected.starts_with("timeout");
        Self {
            family,
            name,
            steps,
            expected: [expected; 4],
            in_doubt: None,
            may_doubt: false,
            is_connecting: false,
            deadline_ms: if is_late { SHORT } else { LONG },
            after: 0,
            is_early: false,
            settings: Vec::new(),
            options: "",
            handshake: Handshake::Whole(Shown::Good),
            alpn: None,
            is_tls12: false,
            has_own_body: false,
            may_lie: false,
            may_repeat: false,
            together: None,
            is_settled: false,
            is_once: false,
            was_fault: false,
        }
    }

    fn expect(mut self, method: Method, expected: &'static str) -> Self {
        self.expected[method as usize] = expected;
        self
    }

    pub fn head(self, expected: &'static str) -> Self {
        self.expect(Method::Head, expected)
    }

    pub fn post(self, expected: &'static str) -> Self {
        self.expect(Method::Post, expected)
    }

    pub fn delete(self, expected: &'static str) -> Self {
        self.expect(Method::Delete, expected)
    }

    /// Only the body is wrong: a question has none. (Where the server is silent from then on, the next call over the same
    /// connection would tell nothing: nobody can know before it.)
    pub fn body(self) -> Self {
        let is_silent =
            matches!(self.steps[..], [.., Step::Hold]) && !self.steps.iter().any(|s| matches!(s, Step::HalfClose));
        self.head(if is_silent { "" } else { "ok" })
    }

    /// Only what the body says is wrong: that it was deleted is said by the status.
    pub fn content(mut self) -> Self {
        self.has_own_body = true;
        self.head("ok").delete("ok")
    }

    /// The connection ends behind the steps.
    pub fn ended(mut self) -> Self {
        self.steps.push(Step::Close);
        self
    }

    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Nothing follows the steps.
    pub fn held(mut self) -> Self {
        self.steps.push(Step::Hold);
        self
    }

    pub fn doubt(self, in_doubt: bool) -> Self {
        Self { in_doubt: Some(in_doubt), ..self }
    }

    pub fn may_doubt(self) -> Self {
        Self { may_doubt: true, ..self }
    }

    pub fn connecting(self) -> Self {
        Self { is_connecting: true, ..self.doubt(false) }
    }

    pub fn after(self, after: usize) -> Self {
        Self { after, ..self }
    }

    pub fn early(self) -> Self {
        Self { is_early: true, ..self }
    }

    pub fn settings(self, settings: &[(u16, u32)]) -> Self {
        Self { settings: settings.to_vec(), ..self }
    }

    pub fn options(self, options: &'static str) -> Self {
        Self { options, ..self }
    }

    pub fn deadline(self, deadline_ms: u64) -> Self {
        Self { deadline_ms, ..self }
    }

    pub fn handshake(self, handshake: Handshake) -> Self {
        Self { handshake, ..self }
    }

    pub fn alpn(self, protocols: &'static [&'static str]) -> Self {
        Self { alpn: Some(protocols), ..self }
    }

    pub fn tls12(self) -> Self {
        Self { is_tls12: true, ..self }
    }

    pub fn own_body(self) -> Self {
        Self { has_own_body: true, ..self }
    }

    /// The body is the right one after all, of every method.
    pub fn exact(self) -> Self {
        let text = "HTTP/1.1 201 Created\r\n{H}Content-Length: {L}\r\n\r\n{B}".to_owned();
        Self { steps: vec![Step::Text(text)], ..self }.head("protocol:201")
    }

    /// Several calls at once, over a connection that is there already.
    pub fn together(self, order: Order) -> Self {
        Self { together: Some(order), ..self.after(1).head("").post("").delete("") }
    }

    pub fn settled(self) -> Self {
        Self { is_settled: true, ..self }
    }

    pub fn once(self) -> Self {
        Self { is_once: true, ..self }
    }

    pub fn may_lie(self) -> Self {
        Self { may_lie: true, has_own_body: true, ..self }
    }

    pub fn may_repeat(self) -> Self {
        Self { may_repeat: true, ..self }
    }

    pub fn was_fault(self) -> Self {
        Self { was_fault: true, ..self }
    }

    /// Every combination in which it is tried.
    pub fn combinations(&self) -> Vec<(Method, Way, Wire)> {
        let wires: &[(Way, Wire)] = match self.family {
            Family::Http1 => &[
                (Way::Blocking, Wire::Plain),
                (Way::Queued, Wire::Tls),
                (Way::Queued, Wire::Plain),
                (Way::Blocking, Wire::Tls),
            ],
            // Blocking calls speak HTTP/1.1 only.
            Family::Http2 => &[(Way::Queued, Wire::Http2)],
            Family::Tls => &[(Way::Blocking, Wire::Tls), (Way::Queued, Wire::Tls)],
            Family::Connect => &[(Way::Blocking, Wire::Plain), (Way::Queued, Wire::Plain)],
        };
        let methods = Method::ALL.into_iter().filter(|method| !self.expected[*method as usize].is_empty());
        methods.flat_map(|method| wires.iter().map(move |(way, wire)| (method, *way, *wire))).collect()
    }
}
