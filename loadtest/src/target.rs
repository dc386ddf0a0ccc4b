//! Servers under test: where they listen, which protocol they are spoken to in, how they acknowledge.
//!
//! Invariant: only loopback addresses are targets, so no run can ever load somebody else's machine. A host name other
//! than `localhost` is never looked up.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::measure::traffic::Traffic;
use crate::wire::Protocol;

/// Connections from one source address: fewer than the ports that the system gives out.
const CONNECTIONS_PER_SOURCE: usize = 20_000;
/// Source addresses that are used in turn.
const SOURCES: usize = 64;

/// How a server lets a client know that an edit was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledgement {
    /// One SyncStatus per message (Hocuspocus).
    SyncStatus,
    /// The answer to a type 102 message (Y-Sweet, Weft).
    Version,
    /// None; a later step 2 on the same socket only shows that the edit is in memory.
    None,
}

/// When a writer asks whether its edits are taken in, where the protocol makes it ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// After each edit, as clients of Y-Sweet do.
    EachEdit,
    /// Once at the end of a run: clients of y-websocket never ask, but the check wants to know.
    AtTheEnd,
}

/// Whether a server keeps documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A client that comes later gets what was written, also when everybody had left.
    Kept,
    /// A client that comes while others are there gets what was written; then the server forgets it.
    WhileOpen,
    /// Frames are passed on and forgotten: the floor.
    Relayed,
}

/// One server, spoken to in one protocol.
#[derive(Clone, Debug)]
pub struct Target {
    /// What tables call it.
    pub label: String,
    /// Its loopback address; where it is several servers that act as one, the first one's.
    pub address: SocketAddr,
    /// The ports of the others, at the same address.
    pub other_ports: Vec<u16>,
    /// Path before the document's name (A) or the whole path (B); starts with `/`.
    pub path: String,
    /// The protocol it is spoken to in.
    pub protocol: Protocol,
    /// How it acknowledges.
    pub acknowledgement: Acknowledgement,
    /// When writers ask for it.
    pub asking: Asking,
    /// Whether a fresh client can check what was written.
    pub content: Content,
    /// Whether it is Weft, with a REST API beside its sockets.
    pub is_weft: bool,
    /// Its process, if the caller named one; otherwise it is found by the listening port.
    pub pid: Option<u32>,
    /// What clients show as `Authorization: Bearer`, if anything.
    pub token: Option<String>,
    /// What goes over the wire to and from it.
    pub traffic: Arc<Traffic>,
    /// Connections made so far; they choose the source address.
    connections: Arc<AtomicUsize>,
}

/// Why an argument names no target.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Not `[LABEL:]KIND=ws://HOST:PORT[,PORT...][/PATH]`.
    #[error(
        "`{0}` is not [LABEL:]KIND=ws://HOST:PORT[,PORT...][/PATH] with KIND one of weft, weft-y, weft-y-sweet, \
         weft-hocuspocus, y, y-sweet, hocuspocus, hocuspocus-memory, floor"
    )]
    Syntax(String),
    /// The address is not of this machine.
    #[error("`{0}` is not a loopback address; only servers on this machine may be loaded")]
    NotLoopback(String),
}

/// The targets that one argument names: `weft=` names two, one for each protocol it speaks.
///
/// # Errors
/// If the argument is not a target, or not on loopback.
pub fn parse_targets(argument: &str) -> Result<Vec<Target>, TargetError> {
    let syntax = || TargetError::Syntax(argument.to_owned());
    let (name, url) = argument.split_once('=').ok_or_else(syntax)?;
    let (label, kind) = name
        .split_once(':')
        .map_or((None, name), |(label, kind)| (Some(label), kind));
    let rest = url.strip_prefix("ws://").ok_or_else(syntax)?;
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let (authority, others) = authority.split_once(',').unwrap_or((authority, ""));
    let other_ports: Result<Vec<u16>, _> = others.split_terminator(',').map(str::parse).collect();
    let other_ports = other_ports.map_err(|_| syntax())?;
    let address =
        loopback_address(authority).ok_or_else(|| TargetError::NotLoopback(authority.to_owned()))?;
    let make = |suffix: &str, endpoint: &str, protocol, acknowledgement| Target {
        label: label.map_or_else(|| format!("{kind}{suffix}"), |label| format!("{label}{suffix}")),
        address,
        other_ports: other_ports.clone(),
        path: format!("{}{endpoint}", path.trim_end_matches('/')),
        protocol,
        acknowledgement,
        asking: match kind {
            "weft-y-sweet" | "y-sweet" => Asking::EachEdit,
            _ => Asking::AtTheEnd,
        },
        content: match kind {
            "floor" => Content::Relayed,
            "hocuspocus-memory" => Content::WhileOpen,
            _ => Content::Kept,
        },
        is_weft: kind.starts_with("weft"),
        pid: None,
        token: None,
        traffic: Arc::default(),
        connections: Arc::default(),
    };
    let y = |suffix, endpoint, acknowledgement| make(suffix, endpoint, Protocol::YWebsocket, acknowledgement);
    let b = |suffix, endpoint| {
        make(
            suffix,
            endpoint,
            Protocol::Hocuspocus,
            Acknowledgement::SyncStatus,
        )
    };
    match kind {
        "weft" => Ok(vec![
            y("-y", "/v1/sync/", Acknowledgement::Version),
            b("-hocuspocus", "/v1/collab"),
        ]),
        "weft-y" | "weft-y-sweet" => Ok(vec![y("", "/v1/sync/", Acknowledgement::Version)]),
        "weft-hocuspocus" => Ok(vec![b("", "/v1/collab")]),
        "y" | "floor" => Ok(vec![y("", "/", Acknowledgement::None)]),
        "y-sweet" => Ok(vec![y("", "/doc/ws/", Acknowledgement::Version)]),
        "hocuspocus" | "hocuspocus-memory" => Ok(vec![b("", "/")]),
        _ => Err(syntax()),
    }
}

fn loopback_address(authority: &str) -> Option<SocketAddr> {
    let (host, port) = authority.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let ip = if host == "localhost" {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    } else {
        host.parse().ok()?
    };
    ip.is_loopback()
        .then_some(SocketAddr::new(ip, port.parse().ok()?))
}

impl Target {
    /// The URL that a client of `document` connects to.
    #[must_use]
    pub fn url(&self, document: &str) -> String {
        let document = if self.protocol == Protocol::YWebsocket {
            document
        } else {
            ""
        };
        format!("ws://{}{}{document}", self.address, self.path)
    }

    /// Where the next connection goes, each server in turn, and the address that it comes from, if that must not be
    /// the system's choice.
    ///
    /// One address has ports for some 28,000 connections to one server; loopback has many addresses.
    #[must_use]
    pub fn next_way(&self) -> (SocketAddr, Option<IpAddr>) {
        let before = self.connections.fetch_add(1, Ordering::Relaxed);
        let mut to = self.address;
        let server = before % (self.other_ports.len() + 1);
        if let Some(port) = server
            .checked_sub(1)
            .and_then(|other| self.other_ports.get(other))
        {
            to.set_port(*port);
        }
        let turn = (before / CONNECTIONS_PER_SOURCE) % SOURCES;
        let own = u8::try_from(turn)
            .ok()
            .filter(|turn| *turn > 0 && self.address.is_ipv4());
        (to, own.map(|own| IpAddr::V4(Ipv4Addr::new(127, 0, 0, own + 1))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weft_is_spoken_to_in_both_protocols() {
        let targets = parse_targets("weft=ws://127.0.0.1:8080").expect("a target");
        let urls: Vec<_> = targets.iter().map(|target| target.url("a/b")).collect();
        assert_eq!(
            urls,
            ["ws://127.0.0.1:8080/v1/sync/a/b", "ws://127.0.0.1:8080/v1/collab"]
        );
        assert_eq!(targets[0].label, "weft-y");
    }

    #[test]
    fn a_label_tells_two_servers_of_one_kind_apart() {
        let targets = parse_targets("sqlite:hocuspocus=ws://[::1]:9000/").expect("a target");
        assert_eq!(targets[0].label, "sqlite");
        assert_eq!(targets[0].url("x"), "ws://[::1]:9000/");
    }

    #[test]
    fn beyond_the_ports_of_one_address_others_of_loopback_are_used() {
        let target = parse_targets("y=ws://127.0.0.1:9000")
            .expect("a target")
            .remove(0);
        let sources: Vec<_> = (0..2 * CONNECTIONS_PER_SOURCE + 1)
            .map(|_| target.next_way().1)
            .collect();
        assert_eq!((sources[0], sources[CONNECTIONS_PER_SOURCE - 1]), (None, None));
        let of = |last| Some(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)));
        assert_eq!(sources[CONNECTIONS_PER_SOURCE], of(2));
        assert_eq!(sources[2 * CONNECTIONS_PER_SOURCE], of(3));
    }

    #[test]
    fn connections_go_to_each_server_in_turn() {
        let target = parse_targets("weft-y=ws://127.0.0.1:9000,9001,9002/x")
            .expect("a target")
            .remove(0);
        let ports: Vec<_> = (0..4).map(|_| target.next_way().0.port()).collect();
        assert_eq!(ports, [9000, 9001, 9002, 9000]);
        assert_eq!(target.url("d"), "ws://127.0.0.1:9000/x/v1/sync/d");
    }

    #[test]
    fn only_loopback_is_ever_a_target() {
        for elsewhere in [
            "y=ws://192.0.2.1:80",
            "y=ws://example.org:80",
            "y=ws://0.0.0.0:80",
            "y=ws://[2001:db8::1]:80",
        ] {
            assert!(
                matches!(parse_targets(elsewhere), Err(TargetError::NotLoopback(_))),
                "{elsewhere}"
            );
        }
        for nonsense in [
            "y",
            "y=ws://127.0.0.1:80,x/",
            "y=127.0.0.1:80",
            "z=ws://127.0.0.1:80",
        ] {
            assert!(
                matches!(parse_targets(nonsense), Err(TargetError::Syntax(_))),
                "{nonsense}"
            );
        }
    }
}
