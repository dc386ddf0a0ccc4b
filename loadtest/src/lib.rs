//! A black-box swarm of collaboration clients that sees only the wire.
//!
//! It drives thousands of cheap clients against any server that speaks the y-websocket or the Hocuspocus protocol,
//! counts what they receive, and afterwards checks with a real CRDT that every edit is there exactly once.
//! Invariant: edits are counted, never frames; a run whose content is wrong has failed, however fast it was. It must
//! never load anything but this machine, and never know a server's storage or code.

pub mod breaking;
pub mod cli;
pub mod connection;
pub mod floor;
pub mod history;
pub mod lockstep;
pub mod machine;
pub mod marker;
pub mod measure;
pub mod member;
pub mod problems;
pub mod replica;
pub mod report;
pub mod rest;
pub mod role;
pub mod scenario;
pub mod swarm;
pub mod sweep;
pub mod target;
pub mod verify;
pub mod wire;
pub mod writer;
