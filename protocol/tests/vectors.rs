//! The wire vectors, made by the released clients and servers, against this crate: each entry that says something
//! about encoding is read, and written back where Weft writes such a message.
//!
//! The file is data from outside: no expectation in it is to be changed to make a test pass.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;
use weft_protocol::awareness::{self, AwarenessLimits, Entry};
use weft_protocol::hocuspocus::{self, ClientBody, Scope, SyncStatus};
use weft_protocol::lib0::{Reader, write_buffer, write_var_int, write_var_string, write_var_uint};
use weft_protocol::scan::{UpdateLimits, document_nesting, scan_state_vector, scan_update};
use weft_protocol::sync::SyncMessage;
use weft_protocol::ywebsocket;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, GetString, ReadTxn, StateVector, Text, Transact, Update};

const HELLO: &str = "01010100040104746578740568656c6c6f00";

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/protocol-vectors.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a Vec<Value> {
    let list = value.pointer(pointer).and_then(Value::as_array).unwrap();
    assert!(!list.is_empty(), "{pointer} is empty");
    list
}

/// The bytes of the message whose name begins with `name`.
fn message(vectors: &Value, pointer: &str, name: &str) -> Vec<u8> {
    let found = list(vectors, pointer)
        .iter()
        .find(|entry| entry["name"].as_str().unwrap().starts_with(name));
    bytes(&found.unwrap_or_else(|| panic!("no vector {name:?}"))["hex"])
}

fn body_of(frame: &[u8]) -> ClientBody<'_> {
    match hocuspocus::decode(frame).unwrap() {
        hocuspocus::ClientFrame::Message(message) => message.body,
        hocuspocus::ClientFrame::Pong => panic!("a pong"),
    }
}

#[test]
fn lib0_values() {
    let vectors = vectors();
    for entry in list(&vectors, "/lib0/varUint") {
        let (hex, value) = (bytes(&entry["hex"]), entry["value"].as_u64().unwrap());
        assert_eq!(Reader::new(&hex).var_uint(), Ok(value));
        let mut out = Vec::new();
        write_var_uint(&mut out, value);
        assert_eq!(out, hex);
    }
    for entry in list(&vectors, "/lib0/varInt") {
        let hex = bytes(&entry["hex"]);
        let Some(value) = entry["value"].as_i64() else {
            assert_eq!(entry["value"], "-0");
            assert_eq!(Reader::new(&hex).var_int(), Ok(0));
            continue;
        };
        assert_eq!(Reader::new(&hex).var_int(), Ok(value));
        let mut out = Vec::new();
        write_var_int(&mut out, value);
        assert_eq!(out, hex);
    }
    for entry in list(&vectors, "/lib0/varString") {
        let (hex, value) = (bytes(&entry["hex"]), entry["value"].as_str().unwrap());
        assert_eq!(Reader::new(&hex).var_string(), Ok(value));
        let mut out = Vec::new();
        write_var_string(&mut out, value);
        assert_eq!(out, hex);
    }
    for entry in list(&vectors, "/lib0/varUint8Array") {
        let hex = bytes(&entry["hex"]);
        let value: Vec<u8> = serde_json::from_value(entry["value"].clone()).unwrap();
        assert_eq!(Reader::new(&hex).buffer(), Ok(value.as_slice()));
        let mut out = Vec::new();
        write_buffer(&mut out, &value);
        assert_eq!(out, hex);
    }
}

#[test]
fn values_pass_the_scan_inside_an_update() {
    for entry in list(&vectors(), "/lib0/any") {
        // One block of client 1 with one value in the array "a".
        let mut update = vec![1, 1, 1, 0, 8, 1, 1, b'a', 1];
        update.extend(bytes(&entry["hex"]));
        update.push(0);
        let facts = scan_update(&update, &UpdateLimits::default()).unwrap_or_else(|e| panic!("{entry}: {e}"));
        assert_eq!((facts.blocks, facts.clients, facts.has_deletions), (1, 1, false));
        Update::decode_v1(&update).unwrap();
    }
}

#[test]
fn documents_pass_the_scan_and_yrs_reads_the_same() {
    let vectors = vectors();
    for entry in list(&vectors, "/documents") {
        let name = entry["name"].as_str().unwrap();
        let (update, state_vector) = (bytes(&entry["update_v1"]), bytes(&entry["state_vector"]));
        let facts = scan_update(&update, &UpdateLimits::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(facts.is_empty(), name == "empty");
        assert_eq!(document_nesting(&update), Ok(facts.nesting), "{name}");
        scan_state_vector(&state_vector, 100).unwrap();

        let doc = Doc::new();
        let mut txn = doc.transact_mut();
        txn.apply_update(Update::decode_v1(&update).unwrap()).unwrap();
        assert_eq!(
            txn.state_vector(),
            StateVector::decode_v1(&state_vector).unwrap(),
            "{name}"
        );
        scan_state_vector(&txn.state_vector().encode_v1(), 100).unwrap();
        let state = txn.encode_state_as_update_v1(&StateVector::default());
        assert_eq!(
            scan_update(&state, &UpdateLimits::default()).unwrap().nesting,
            facts.nesting,
            "{name}"
        );
    }
}

#[test]
fn nesting_is_that_of_the_documents() {
    let vectors = vectors();
    let nesting = |name: &str| {
        let entry = list(&vectors, "/documents")
            .iter()
            .find(|entry| entry["name"] == name)
            .unwrap();
        document_nesting(&bytes(&entry["update_v1"])).unwrap()
    };
    assert_eq!(
        (nesting("text"), nesting("map"), nesting("array"), nesting("xml")),
        (0, 2, 1, 2)
    );
}

#[test]
fn sync_cases_pass_the_scan() {
    let vectors = vectors();
    let cases = list(&vectors, "/sync_cases");
    let mut scanned = 0;
    for case in cases {
        for (key, value) in case.as_object().unwrap() {
            let updates = match value {
                Value::Array(updates) if key == "updates_v1" => updates.iter().map(bytes).collect(),
                Value::String(_) if key.ends_with("update_v1") || key == "merged_v1" => vec![bytes(value)],
                _ => Vec::new(),
            };
            for update in updates {
                scan_update(&update, &UpdateLimits::default()).unwrap_or_else(|e| panic!("{case}: {e}"));
                scanned += 1;
            }
            if key.ends_with("state_vector") || key == "state_vector" {
                scan_state_vector(&bytes(value), 10).unwrap();
            }
        }
    }
    assert_eq!(scanned, 10);
}

#[test]
fn a_state_that_waits_for_a_missing_edit_passes_and_is_healed() {
    let vectors = vectors();
    let case = |name: &str| {
        list(&vectors, "/sync_cases")
            .iter()
            .find(|case| case["name"] == name)
            .unwrap()
    };
    let waiting = bytes(&case("missing one")["update_v1"]);
    let facts = scan_update(&waiting, &UpdateLimits::default()).unwrap();
    assert_eq!((facts.blocks, facts.clients), (2, 1), "the gap is no content");

    let doc = Doc::new();
    let text = doc.get_or_insert_text("text");
    let mut txn = doc.transact_mut();
    txn.apply_update(Update::decode_v1(&waiting).unwrap()).unwrap();
    assert_eq!(
        text.get_string(&txn),
        case("missing one")["visible_string"].as_str().unwrap()
    );
    let missing = bytes(&case("incremental updates")["updates_v1"][1]);
    txn.apply_update(Update::decode_v1(&missing).unwrap()).unwrap();
    assert_eq!(text.get_string(&txn), "abc");
    assert_eq!(text.len(&txn), 3);
}

#[test]
fn y_websocket_sessions() {
    let vectors = vectors();
    let mut seen = Vec::new();
    for pointer in [
        "/y_websocket/client_session/frames",
        "/y_websocket/y_sweet/1/frames",
    ] {
        for frame in list(&vectors, pointer) {
            let frame = bytes(frame);
            seen.push(match ywebsocket::decode(&frame).unwrap() {
                ywebsocket::ClientFrame::Sync(SyncMessage::StepOne { state_vector: [0] }) => "step 1",
                ywebsocket::ClientFrame::Sync(SyncMessage::Update { update }) => {
                    assert_eq!(hex::encode(update), HELLO);
                    "update"
                }
                ywebsocket::ClientFrame::Awareness(body) => {
                    awareness::decode(body, &AwarenessLimits::default()).unwrap();
                    "awareness"
                }
                ywebsocket::ClientFrame::Acknowledge => "acknowledge",
                other => panic!("{other:?}"),
            });
        }
    }
    let session = ["step 1", "awareness", "update", "awareness", "awareness"];
    let y_sweet = ["step 1", "acknowledge", "awareness", "update", "acknowledge"];
    assert_eq!(seen, [session, y_sweet].concat());
}

#[test]
fn y_websocket_messages() {
    let vectors = vectors();
    let expected = |name: &str| message(&vectors, "/y_websocket/messages", name);
    let hello = hex::decode(HELLO).unwrap();
    let ada = Entry {
        client: 1,
        clock: 3,
        state: Some(r#"{"user":{"name":"Ada"}}"#),
    };
    let other = Entry {
        client: 4_294_967_295,
        clock: 1,
        state: Some("{}"),
    };
    let gone = Entry {
        client: 1,
        clock: 3,
        state: None,
    };

    assert_eq!(ywebsocket::sync_step_one(&[0]), expected("sync step 1, empty"));
    assert_eq!(
        ywebsocket::sync_step_one(&[1, 1, 5]),
        expected("sync step 1, document")
    );
    assert_eq!(ywebsocket::sync_step_two(&[0, 0]), expected("sync step 2, empty"));
    assert_eq!(
        ywebsocket::sync_step_two(&hello),
        expected("sync step 2, document")
    );
    assert_eq!(ywebsocket::update(&hello), expected("sync update"));
    assert_eq!(
        ywebsocket::awareness(&awareness::encode([ada])),
        expected("awareness of client 1 at")
    );
    assert_eq!(
        ywebsocket::awareness(&awareness::encode([ada, other])),
        expected("awareness of clients")
    );
    assert_eq!(
        ywebsocket::awareness(&awareness::encode([gone])),
        expected("awareness: client 1 left")
    );
    assert_eq!(ywebsocket::KEEP_ALIVE, expected("awareness without"));
    assert_eq!(
        ywebsocket::permission_denied("nope"),
        expected("permission denied")
    );
    let query = expected("query awareness");
    assert_eq!(
        ywebsocket::decode(&query),
        Ok(ywebsocket::ClientFrame::QueryAwareness)
    );
}

#[test]
fn hocuspocus_sessions() {
    let vectors = vectors();
    let sessions = [
        ("client_session_v4", "doc-1", None, Some("4.8.0")),
        ("client_session_v3", "doc-1", None, None),
        (
            "client_session_awareness",
            "doc-1\0sess1",
            Some("sess1"),
            Some("4.8.0"),
        ),
    ];
    for (session, full_name, session_id, version) in sessions {
        for (at, frame) in list(&vectors, &format!("/hocuspocus/{session}/frames"))
            .iter()
            .enumerate()
        {
            let frame = bytes(frame);
            let hocuspocus::ClientFrame::Message(message) = hocuspocus::decode(&frame).unwrap() else {
                panic!("{session}: frame {at} is a pong");
            };
            assert_eq!((message.name, message.document), (full_name, "doc-1"));
            assert_eq!(message.session, session_id);
            match (at, message.body) {
                (
                    0,
                    ClientBody::Authenticate {
                        token: "secret",
                        provider_version,
                    },
                ) => {
                    assert_eq!(provider_version, version);
                }
                (1, ClientBody::Sync(SyncMessage::StepOne { state_vector: [0] })) => {}
                (2 | 4 | 6, ClientBody::Awareness(body)) => {
                    let entries = awareness::decode(body, &AwarenessLimits::default()).unwrap();
                    assert_eq!(
                        (entries.len(), entries[0].client, entries[0].state.is_none()),
                        (1, 2, at == 6)
                    );
                }
                (3, ClientBody::Sync(SyncMessage::Update { update })) => {
                    assert_eq!(scan_update(update, &UpdateLimits::default()).unwrap().blocks, 1);
                }
                (
                    5,
                    ClientBody::Stateless {
                        payload: r#"{"a":1}"#,
                    },
                )
                | (7, ClientBody::Close) => {}
                (at, body) => panic!("{session}: frame {at} is {body:?}"),
            }
        }
    }
    let no_token = bytes(&vectors["hocuspocus"]["client_no_token"]["hex"]);
    assert_eq!(
        body_of(&no_token),
        ClientBody::Authenticate {
            token: "",
            provider_version: Some("4.8.0")
        }
    );
}

#[test]
fn hocuspocus_messages() {
    let vectors = vectors();
    let expected = |name: &str| message(&vectors, "/hocuspocus/server_messages", name);
    let (doc, hello) = ("doc-1", hex::decode(HELLO).unwrap());
    let ada = Entry {
        client: 1,
        clock: 3,
        state: Some(r#"{"user":{"name":"Ada"}}"#),
    };

    assert_eq!(
        hocuspocus::authenticated(doc, Scope::ReadWrite),
        expected("authenticated, read-write")
    );
    assert_eq!(
        hocuspocus::authenticated(doc, Scope::ReadOnly),
        expected("authenticated, readonly")
    );
    assert_eq!(
        hocuspocus::permission_denied(doc, "permission-denied"),
        expected("permission denied")
    );
    assert_eq!(
        hocuspocus::sync_step_one(doc, &[1, 1, 5]),
        expected("sync step 1")
    );
    assert_eq!(hocuspocus::sync_step_two(doc, &hello), expected("sync step 2"));
    assert_eq!(hocuspocus::update(doc, &hello), expected("update"));
    assert_eq!(
        hocuspocus::awareness(doc, &awareness::encode([ada])),
        expected("awareness of client 1")
    );
    assert_eq!(hocuspocus::keep_alive(doc), expected("awareness without"));
    assert_eq!(
        hocuspocus::sync_status(doc, SyncStatus::Saved),
        expected("sync status: taken in")
    );
    assert_eq!(
        hocuspocus::sync_status(doc, SyncStatus::Refused),
        expected("sync status: refused")
    );
    assert_eq!(hocuspocus::stateless(doc, "hi"), expected("stateless"));
    assert_eq!(
        hocuspocus::close(doc, "Server closed the connection"),
        expected("close")
    );
    assert_eq!(hocuspocus::PING, expected("ping"));

    assert_eq!(
        hocuspocus::decode(&expected("pong")),
        Ok(hocuspocus::ClientFrame::Pong)
    );
    assert_eq!(body_of(&expected("query awareness")), ClientBody::QueryAwareness);
    assert_eq!(
        body_of(&expected("broadcast stateless")),
        ClientBody::Forbidden { message_type: 6 }
    );
}

#[test]
fn awareness_cases_decode_and_encode_to_the_same_bytes() {
    for case in list(&vectors(), "/awareness_cases") {
        let body = bytes(&case["update"]);
        let entries = awareness::decode(&body, &AwarenessLimits::default()).unwrap();
        assert_eq!(awareness::encode(entries), body, "{case}");
    }
}

/// No malformed frame gets as far as having an effect: it does not decode, or means nothing, or what it holds does
/// not pass the check behind it.
#[test]
fn malformed_frames_have_no_effect() {
    for frame in list(&vectors(), "/malformed_frames/frames") {
        let frame = bytes(frame);
        let harmless = match ywebsocket::decode(&frame) {
            Err(_) | Ok(ywebsocket::ClientFrame::Ignored { .. }) => true,
            Ok(ywebsocket::ClientFrame::Awareness(body)) => {
                awareness::decode(body, &AwarenessLimits::default()).is_err()
            }
            Ok(ywebsocket::ClientFrame::Sync(
                SyncMessage::StepTwo { update } | SyncMessage::Update { update },
            )) => scan_update(update, &UpdateLimits::default()).is_err(),
            Ok(ywebsocket::ClientFrame::Sync(SyncMessage::StepOne { state_vector })) => {
                scan_state_vector(state_vector, 1_000).is_err()
            }
            Ok(_) => false,
        };
        assert!(harmless, "{}", hex::encode(&frame));

        let mut named = vec![5];
        named.extend(b"doc-1");
        named.extend(&frame);
        let harmless = match hocuspocus::decode(&named) {
            Err(_) => true,
            Ok(hocuspocus::ClientFrame::Message(message)) => match message.body {
                ClientBody::Ignored { .. } => true,
                ClientBody::Awareness(body) => awareness::decode(body, &AwarenessLimits::default()).is_err(),
                ClientBody::Sync(SyncMessage::StepTwo { update } | SyncMessage::Update { update }) => {
                    scan_update(update, &UpdateLimits::default()).is_err()
                }
                ClientBody::Sync(SyncMessage::StepOne { state_vector }) => {
                    scan_state_vector(state_vector, 1_000).is_err()
                }
                _ => false,
            },
            Ok(hocuspocus::ClientFrame::Pong) => false,
        };
        assert!(harmless, "named {}", hex::encode(&frame));
    }
}
