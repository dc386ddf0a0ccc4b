//! Both wire protocols as a client speaks them: frames out, borrowed messages in.
//!
//! Protocol A (y-websocket) names the document in the URL, protocol B (Hocuspocus) in front of each message.
//! Invariant: what a server sends is judged by its type alone and never applied here. It must not accept a message
//! that is addressed to another document.

use weft_protocol::lib0::{Reader, write_buffer, write_var_uint};
use weft_protocol::sync::SyncMessage;

const SYNC: u64 = 0;
const AWARENESS: u64 = 1;
const AUTH: u64 = 2;
const CLOSE: u64 = 7;
const SYNC_STATUS: u64 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const VERSION: u64 = 102;

/// The provider version told to Hocuspocus servers; they only ping providers that tell one.
const PROVIDER_VERSION: &str = "4.8.0";

/// Which of the two protocols a server is spoken to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// One document per socket, named by the URL.
    YWebsocket,
    /// Many documents per socket, each message names its document.
    Hocuspocus,
}

/// One message from a server, borrowed from its frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Inbound<'a> {
    /// The server asks for what it lacks.
    Step1,
    /// The answer to this client's question.
    Step2(&'a [u8]),
    /// An edit, or several.
    Update(&'a [u8]),
    /// Presence of others: the entries, still encoded.
    Awareness(&'a [u8]),
    /// Hocuspocus took one message in (true) or refused it.
    Status(bool),
    /// The answer to a version message: all earlier edits are taken in.
    Version(u64),
    /// Hocuspocus lets this client in.
    Authenticated,
    /// Hocuspocus or y-websocket refuses this client.
    Denied(String),
    /// The server closed this document.
    Closed,
    /// A ping that wants a [`pong`].
    Ping,
    /// Anything else; clients ignore it.
    Other,
}

/// The frames of one document in one protocol.
#[derive(Clone, Debug)]
pub struct Wire {
    protocol: Protocol,
    /// The document's name as protocol B puts it in front; empty in protocol A.
    prefix: Vec<u8>,
}

impl Wire {
    /// Frames for `document`.
    #[must_use]
    pub fn new(protocol: Protocol, document: &str) -> Self {
        let mut prefix = Vec::new();
        if protocol == Protocol::Hocuspocus {
            write_buffer(&mut prefix, document.as_bytes());
        }
        Self { protocol, prefix }
    }

    /// The protocol of these frames.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The message that asks to be let in with a token, which may be empty; protocol A has none.
    #[must_use]
    pub fn auth(&self, token: &str) -> Option<Vec<u8>> {
        (self.protocol == Protocol::Hocuspocus).then(|| {
            let mut out = self.start(AUTH);
            write_var_uint(&mut out, 0);
            write_buffer(&mut out, token.as_bytes());
            write_buffer(&mut out, PROVIDER_VERSION.as_bytes());
            out
        })
    }

    /// "This is what I have": nothing.
    #[must_use]
    pub fn step1(&self) -> Vec<u8> {
        self.sync(0, &[0])
    }

    /// "This is what I have": the first so many characters of each of these Yjs clients.
    #[must_use]
    pub fn step1_of(&self, held: &[(u64, u64)]) -> Vec<u8> {
        let mut vector = Vec::with_capacity(held.len() * 10 + 2);
        write_var_uint(&mut vector, held.len() as u64);
        for (client, clock) in held {
            write_var_uint(&mut vector, *client);
            write_var_uint(&mut vector, *clock);
        }
        self.sync(0, &vector)
    }

    /// "This is what you lack."
    #[must_use]
    pub fn step2(&self, update: &[u8]) -> Vec<u8> {
        self.sync(1, update)
    }

    /// An edit.
    #[must_use]
    pub fn update(&self, update: &[u8]) -> Vec<u8> {
        self.sync(2, update)
    }

    /// The presence of `client`, as JSON.
    #[must_use]
    pub fn awareness(&self, client: u64, clock: u64, state: &str) -> Vec<u8> {
        let mut entry = Vec::with_capacity(state.len() + 16);
        write_var_uint(&mut entry, 1);
        write_var_uint(&mut entry, client);
        write_var_uint(&mut entry, clock);
        write_buffer(&mut entry, state.as_bytes());
        let mut out = self.start(AWARENESS);
        write_buffer(&mut out, &entry);
        out
    }

    /// Asks for an answer once all earlier edits of this connection are taken in (Y-Sweet's type 102).
    #[must_use]
    pub fn version(&self, version: u64) -> Vec<u8> {
        let mut body = Vec::new();
        write_var_uint(&mut body, version);
        let mut out = self.start(VERSION);
        write_buffer(&mut out, &body);
        out
    }

    /// "I no longer need this document" (protocol B).
    #[must_use]
    pub fn close(&self) -> Vec<u8> {
        self.start(CLOSE)
    }

    /// What a frame from the server says; `None` if it is malformed or meant for another document.
    #[must_use]
    pub fn read<'a>(&self, frame: &'a [u8]) -> Option<Inbound<'a>> {
        if self.protocol == Protocol::Hocuspocus && frame == [PING] {
            return Some(Inbound::Ping);
        }
        let mut reader = Reader::new(frame.strip_prefix(self.prefix.as_slice())?);
        let hocuspocus = self.protocol == Protocol::Hocuspocus;
        match reader.var_uint().ok()? {
            SYNC => match SyncMessage::decode(&mut reader).ok()? {
                SyncMessage::StepOne { .. } => Some(Inbound::Step1),
                SyncMessage::StepTwo { update } => Some(Inbound::Step2(update)),
                SyncMessage::Update { update } => Some(Inbound::Update(update)),
            },
            AWARENESS => reader.buffer().ok().map(Inbound::Awareness),
            AUTH => self.read_auth(&mut reader),
            CLOSE if hocuspocus => Some(Inbound::Closed),
            SYNC_STATUS if hocuspocus => reader.var_uint().ok().map(|status| Inbound::Status(status == 1)),
            VERSION => Reader::new(reader.buffer().ok()?)
                .var_uint()
                .ok()
                .map(Inbound::Version),
            _ => Some(Inbound::Other),
        }
    }

    fn read_auth<'a>(&self, reader: &mut Reader<'a>) -> Option<Inbound<'a>> {
        let denied = u64::from(self.protocol == Protocol::Hocuspocus);
        match reader.var_uint().ok()? {
            kind if kind == denied => Some(Inbound::Denied(reader.var_string().ok()?.to_owned())),
            2 => Some(Inbound::Authenticated),
            _ => Some(Inbound::Other),
        }
    }

    fn sync(&self, step: u64, body: &[u8]) -> Vec<u8> {
        let mut out = self.start(SYNC);
        out.reserve(body.len() + 8);
        write_var_uint(&mut out, step);
        write_buffer(&mut out, body);
        out
    }

    fn start(&self, kind: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.prefix.len() + 16);
        out.extend_from_slice(&self.prefix);
        write_var_uint(&mut out, kind);
        out
    }
}

/// The answer to a ping of protocol B.
#[must_use]
pub fn pong() -> Vec<u8> {
    vec![PONG]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn frames_equal_those_of_the_released_clients() {
        let a = Wire::new(Protocol::YWebsocket, "doc-1");
        assert_eq!(hex(&a.step1()), "00000100");
        assert_eq!(hex(&a.step2(&[0, 0])), "0001020000");
        assert_eq!(hex(&a.awareness(1, 0, "{}")), "0106010100027b7d");
        assert_eq!(hex(&a.version(0)), "660100");
        assert_eq!(a.auth(""), None);
        assert_eq!(hex(&a.step1_of(&[])), hex(&a.step1()));
        assert_eq!(hex(&a.step1_of(&[(1, 300)])), "0000040101ac02");
        let b = Wire::new(Protocol::Hocuspocus, "doc-1");
        assert_eq!(hex(&b.step1()), "05646f632d3100000100");
        assert_eq!(
            hex(&b.auth("").expect("B has one")),
            "05646f632d3102000005342e382e30"
        );
        assert_eq!(hex(&b.close()), "05646f632d3107");
    }

    #[test]
    fn what_a_server_says_is_read_in_both_protocols() {
        let a = Wire::new(Protocol::YWebsocket, "doc-1");
        assert_eq!(a.read(&a.step2(&[0, 0])), Some(Inbound::Step2(&[0, 0])));
        assert_eq!(a.read(&a.update(b"u")), Some(Inbound::Update(b"u")));
        assert_eq!(a.read(&a.version(300)), Some(Inbound::Version(300)));
        assert_eq!(
            a.read(b"\x02\x00\x04nope"),
            Some(Inbound::Denied("nope".to_owned()))
        );
        assert_eq!(a.read(b"\x00\x02\x05abc"), None, "a length past the end");
        let b = Wire::new(Protocol::Hocuspocus, "doc-1");
        assert_eq!(b.read(b"\x05doc-1\x08\x01"), Some(Inbound::Status(true)));
        assert_eq!(b.read(b"\x05doc-1\x08\x00"), Some(Inbound::Status(false)));
        assert_eq!(
            b.read(b"\x05doc-1\x02\x02\x0aread-write"),
            Some(Inbound::Authenticated)
        );
        assert_eq!(b.read(b"\x05doc-2\x08\x01"), None, "meant for another document");
        assert_eq!(b.read(&[PING]), Some(Inbound::Ping));
    }
}
