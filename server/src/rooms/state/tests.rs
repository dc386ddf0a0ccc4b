//! Rooms played through step by step: no sockets, no log, no clock.

mod boards;
mod haste;
mod rights;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use weft_protocol::close::CloseReason;
use weft_protocol::gate::WaitingLimits;
use weft_protocol::hocuspocus::{self, SyncStatus};
use weft_protocol::scan::{UpdateLimits, scan_update};
use weft_protocol::sync::SyncMessage;
use weft_protocol::ywebsocket::{self, ClientFrame};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, GetString, Map, ReadTxn, StateVector, Text, Transact, Update};

use super::super::dialect::Dialect;
use super::super::outbox::{Outbox, Outgoing};
use super::super::replica::{Replica, Role};
use super::super::{Edit, EditKind, Join, MemberId, RoomMessage};
use super::{Poisoned, RoomLimits, RoomState};
use crate::auth::Access;

const LIMITS: RoomLimits = RoomLimits {
    max_members: 3,
    max_document_bytes: 10_000,
    waiting: WaitingLimits {
        max_updates: 10,
        max_bytes: 1_000,
    },
    max_nesting: 100,
    max_awareness_state_bytes: 100,
    max_awareness_clients: 4,
};
const OUTBOX_BYTES: usize = 500;

/// A room and the time.
struct Table {
    room: RoomState,
    now_ms: u64,
}

/// A client as the room sees it, and its own document.
struct Client {
    id: MemberId,
    outbox: Arc<Outbox>,
    doc: Doc,
    frames: Vec<Bytes>,
    saved: usize,
    refused: usize,
    closed: Option<CloseReason>,
}

impl Table {
    fn new() -> Self {
        let replica = Replica::build(&[], LIMITS.waiting, Role::Plain).unwrap();
        Self {
            room: RoomState::new(LIMITS, replica, 0, 0),
            now_ms: 0,
        }
    }

    fn tell(&mut self, messages: impl IntoIterator<Item = RoomMessage>) {
        let mut inbox: VecDeque<_> = messages.into_iter().collect();
        assert_eq!(self.room.handle(&mut inbox, self.now_ms), Ok(()));
        assert!(inbox.is_empty());
    }

    fn join(&mut self, id: u64, dialect: Dialect, access: Access) -> Client {
        let outbox = Arc::new(Outbox::new(OUTBOX_BYTES, Arc::default()));
        let (member, shared) = (MemberId(id), Arc::clone(&outbox));
        self.tell([RoomMessage::Join(Join {
            member,
            outbox: shared,
            dialect,
            access,
            author: None,
            greeting: None,
        })]);
        let (frames, doc) = (Vec::new(), Doc::with_client_id(id));
        Client {
            id: member,
            outbox,
            doc,
            frames,
            saved: 0,
            refused: 0,
            closed: None,
        }
    }

    fn commit(&mut self) -> usize {
        let rows = self.room.start_append().map_or(0, |append| append.deltas.len());
        self.room.finish_append();
        rows
    }
}

impl Client {
    /// Takes what the room said, and applies it.
    fn listen(&mut self) {
        while let Some(outgoing) = self.outbox.next() {
            match outgoing {
                Outgoing::Frame(frame) => {
                    self.apply(&frame);
                    self.frames.push(frame);
                }
                Outgoing::Status(SyncStatus::Saved) => self.saved += 1,
                Outgoing::Status(SyncStatus::Refused) => self.refused += 1,
                Outgoing::CatchUp => break,
                Outgoing::Granted(_) => {}
                Outgoing::Closed(reason) => {
                    self.closed = Some(reason);
                    break;
                }
            }
        }
    }

    fn apply(&self, frame: &Bytes) {
        if let Ok(ClientFrame::Sync(SyncMessage::StepTwo { update } | SyncMessage::Update { update })) =
            ywebsocket::decode(frame)
        {
            self.doc
                .transact_mut()
                .apply_update(Update::decode_v1(update).unwrap())
                .unwrap();
        }
    }

    fn types(&self, text: &str) -> RoomMessage {
        let field = self.doc.get_or_insert_text("text");
        let mut transaction = self.doc.transact_mut();
        field.push(&mut transaction, text);
        self.edit(EditKind::Update, transaction.encode_update_v1())
    }

    fn edit(&self, kind: EditKind, update: impl Into<Bytes>) -> RoomMessage {
        let update = update.into();
        let facts = scan_update(&update, &UpdateLimits::default()).unwrap();
        RoomMessage::Edit(Edit {
            member: self.id,
            kind,
            update,
            facts,
        })
    }

    fn everything(&self) -> Vec<u8> {
        self.doc
            .transact()
            .encode_state_as_update_v1(&StateVector::default())
    }

    fn step_one(&self) -> RoomMessage {
        let state_vector = self.doc.transact().state_vector().encode_v1().into();
        RoomMessage::StepOne {
            member: self.id,
            state_vector,
        }
    }

    fn text(&self) -> String {
        self.doc
            .get_or_insert_text("text")
            .get_string(&self.doc.transact())
    }
}

fn hocuspocus() -> Dialect {
    Dialect::Hocuspocus("doc".into())
}

#[test]
fn what_waits_in_the_inbox_becomes_one_row_and_one_frame() {
    let mut table = Table::new();
    let (ann, bob) = (join_writer(&mut table, 1), join_writer(&mut table, 2));
    let mut eve = join_writer(&mut table, 3);
    eve.listen();
    eve.frames.clear();
    table.tell([ann.types("a"), bob.types("b"), ann.types("c")]);
    eve.listen();
    assert_eq!(eve.frames.len(), 1, "three edits travel in one frame");
    assert_eq!(eve.text().len(), 3);
    assert_eq!(table.commit(), 1, "and are one row of the log");
}

#[test]
fn an_edit_is_sent_on_at_once_and_acknowledged_when_durable() {
    let mut table = Table::new();
    let mut ann = table.join(1, hocuspocus(), Access::ReadWrite);
    let mut bob = join_writer(&mut table, 2);
    table.tell([ann.types("hello")]);
    bob.listen();
    ann.listen();
    assert_eq!((bob.text().as_str(), ann.saved), ("hello", 0));
    table.commit();
    ann.listen();
    assert_eq!(ann.saved, 1);
}

#[test]
fn what_changes_nothing_is_neither_logged_nor_sent_but_acknowledged() {
    let mut table = Table::new();
    let mut ann = table.join(1, hocuspocus(), Access::ReadWrite);
    let mut bob = join_writer(&mut table, 2);
    table.tell([ann.types("hello")]);
    table.commit();
    bob.listen();
    bob.frames.clear();
    let everything = ann.edit(EditKind::StepTwo, ann.everything());
    table.tell([everything]);
    assert_eq!(table.commit(), 0);
    bob.listen();
    ann.listen();
    assert_eq!((bob.frames.len(), ann.saved), (0, 2));
}

#[test]
fn a_repeated_edit_is_not_acknowledged_before_the_first_is_durable() {
    let mut table = Table::new();
    let ann = join_writer(&mut table, 1);
    let mut bob = table.join(2, hocuspocus(), Access::ReadWrite);
    table.tell([ann.types("hello")]);
    let same = bob.edit(EditKind::StepTwo, ann.everything());
    table.tell([same]);
    bob.listen();
    assert_eq!(bob.saved, 0, "the log does not have it yet, whoever brought it");
    table.commit();
    bob.listen();
    assert_eq!(bob.saved, 1);
}

#[test]
fn a_member_that_falls_behind_gets_one_diff_and_ends_equal() {
    let mut table = Table::new();
    let ann = join_writer(&mut table, 1);
    let mut slow = join_writer(&mut table, 2);
    for _ in 0..200 {
        let edit = ann.types("0123456789");
        table.tell([edit]);
    }
    slow.listen();
    let queued = slow.frames.iter().map(Bytes::len).sum::<usize>();
    assert!(
        queued < OUTBOX_BYTES + 100,
        "{queued} bytes were kept for a slow member"
    );
    table.tell([RoomMessage::CatchUp { member: slow.id }]);
    slow.listen();
    assert_eq!(slow.text(), ann.text());
    let more = ann.types("more");
    table.tell([more]);
    slow.listen();
    assert_eq!(slow.text(), ann.text(), "and hears single edits again");
}

#[test]
fn questions_of_a_client_that_does_not_listen_cost_one_answer() {
    let mut table = Table::new();
    let ann = join_writer(&mut table, 1);
    let edit = ann.types(&"x".repeat(2_000));
    table.tell([edit]);
    let mut deaf = join_writer(&mut table, 2);
    for _ in 0..100 {
        let question = deaf.step_one();
        table.tell([question]);
    }
    deaf.listen();
    assert!(deaf.frames.iter().map(Bytes::len).sum::<usize>() < 3_000);
    table.tell([RoomMessage::CatchUp { member: deaf.id }]);
    deaf.frames.clear();
    deaf.listen();
    assert_eq!(deaf.frames.len(), 1, "the last question is answered");
    assert_eq!(deaf.text(), ann.text());
}

#[test]
fn a_reader_changes_nothing_and_is_told_so() {
    let mut table = Table::new();
    let mut reader = table.join(1, hocuspocus(), Access::ReadOnly);
    let old = reader.edit(EditKind::StepTwo, reader.everything());
    table.tell([old]);
    reader.listen();
    assert_eq!(
        (reader.saved, reader.refused),
        (1, 0),
        "nothing new is as good as saved"
    );
    let edit = reader.types("no");
    table.tell([edit]);
    let news = reader.edit(EditKind::StepTwo, reader.everything());
    table.tell([news]);
    reader.listen();
    assert_eq!((reader.saved, reader.refused, table.commit()), (1, 2, 0));
}

#[test]
fn structs_that_wait_are_logged_kept_and_bounded() {
    let mut table = Table::new();
    let ann = Doc::with_client_id(9);
    let text = ann.get_or_insert_text("text");
    let mut updates = Vec::new();
    for _ in 0..3 {
        let mut transaction = ann.transact_mut();
        text.insert(&mut transaction, 0, "x");
        updates.push(transaction.encode_update_v1());
    }
    let mut bob = table.join(2, hocuspocus(), Access::ReadWrite);
    // The second insertion stands left of the first, which is missing.
    let late = bob.edit(EditKind::Update, updates[1].clone());
    table.tell([late]);
    assert_eq!(table.commit(), 1, "it would be lost with a restart otherwise");
    let again = bob.edit(EditKind::Update, updates[1].clone());
    table.tell([again]);
    assert_eq!(table.commit(), 0);
    let first = bob.edit(EditKind::Update, updates[0].clone());
    table.tell([first]);
    bob.listen();
    let mut carol = join_writer(&mut table, 3);
    let question = carol.step_one();
    table.tell([question]);
    carol.listen();
    assert_eq!(carol.text(), "xx");
}

#[test]
fn whoever_brings_what_others_waited_for_is_sent_what_waited() {
    let mut table = Table::new();
    let mut ann = join_writer(&mut table, 1);
    let mut bob = join_writer(&mut table, 2);
    // Both have the first word from a server that died before it was durable; Ann goes on, a moment too early.
    let RoomMessage::Edit(first) = ann.types("one ") else {
        panic!("typing is an edit");
    };
    bob.doc
        .transact_mut()
        .apply_update(Update::decode_v1(&first.update).unwrap())
        .unwrap();
    let second = ann.types("two");
    table.tell([second]);
    bob.listen();
    assert_eq!(bob.text(), "one ");
    let answer = bob.edit(EditKind::StepTwo, bob.everything());
    table.tell([answer]);
    bob.listen();
    ann.listen();
    assert_eq!((bob.text().as_str(), ann.text().as_str()), ("one two", "one two"));
}

#[test]
fn limits_end_a_membership_and_leave_the_document() {
    let mut table = Table::new();
    let ann = join_writer(&mut table, 1);
    let small = ann.types("small");
    table.tell([small]);
    let mut big = table.join(2, hocuspocus(), Access::ReadWrite);
    let edit = big.types(&"x".repeat(LIMITS.max_document_bytes));
    table.tell([edit]);
    big.listen();
    assert_eq!((big.closed, big.saved), (Some(CloseReason::DocumentTooLarge), 0));
    let deletion = {
        let field = ann.doc.get_or_insert_text("text");
        let mut transaction = ann.doc.transact_mut();
        field.remove_range(&mut transaction, 0, 5);
        transaction.encode_update_v1()
    };
    let deletion = ann.edit(EditKind::Update, deletion);
    table.tell([deletion]);
    assert_eq!(table.commit(), 2, "what makes a document smaller is always taken");
    join_writer(&mut table, 3);
    let mut fourth = join_writer(&mut table, 4);
    fourth.listen();
    assert_eq!(fourth.closed, Some(CloseReason::DocumentFull));
}

#[test]
fn nesting_is_limited_over_many_updates() {
    let mut table = Table::new();
    let mut ann = join_writer(&mut table, 1);
    let mut map = ann.doc.get_or_insert_map("root");
    for _ in 0..300 {
        let mut transaction = ann.doc.transact_mut();
        map = map.insert(&mut transaction, "deeper", yrs::MapPrelim::default());
        let update = transaction.encode_update_v1();
        drop(transaction);
        let edit = ann.edit(EditKind::Update, update);
        table.tell([edit]);
        ann.listen();
        if ann.closed.is_some() {
            break;
        }
    }
    assert_eq!(ann.closed, Some(CloseReason::NestedTooDeep));
    let rows = table.commit();
    assert!((90..=100).contains(&rows), "{rows} levels were taken");
}

#[test]
fn presence_is_shared_and_ends_with_its_member() {
    let mut table = Table::new();
    let ann = join_writer(&mut table, 1);
    let mut bob = join_writer(&mut table, 2);
    bob.listen();
    bob.frames.clear();
    let body = weft_protocol::awareness::encode([weft_protocol::awareness::Entry {
        client: 1,
        clock: 1,
        state: Some("{\"name\":\"ann\"}"),
    }]);
    table.tell([RoomMessage::Awareness {
        member: ann.id,
        body: body.into(),
    }]);
    table.tell([RoomMessage::Leave { member: ann.id }]);
    bob.listen();
    let shown: Vec<_> = bob
        .frames
        .iter()
        .map(|frame| String::from_utf8_lossy(frame).into_owned())
        .collect();
    assert!(shown[0].contains("ann") && shown[1].contains("null"), "{shown:?}");
}

#[test]
fn the_edit_that_breaks_the_document_is_found_and_refused_alone() {
    let mut table = Table::new();
    let (ann, bob) = (
        join_writer(&mut table, 1),
        table.join(2, hocuspocus(), Access::ReadWrite),
    );
    let good = ann.types("good");
    // Well-framed for the scan's facts given here, and no update at all for the document.
    let facts = scan_update(&ann.everything(), &UpdateLimits::default()).unwrap();
    let bad = Edit {
        member: bob.id,
        kind: EditKind::Update,
        update: Bytes::from_static(&[1, 1, 7]),
        facts,
    };
    let mut inbox: VecDeque<_> = [good, RoomMessage::Edit(bad)].into();
    while table.room.handle(&mut inbox, 0) == Err(Poisoned) {
        while table
            .room
            .replace_replica(Replica::build(&[], LIMITS.waiting, Role::Plain).unwrap())
            == Err(Poisoned)
        {}
    }
    let mut bob = bob;
    bob.listen();
    assert_eq!(bob.closed, Some(CloseReason::HostileUpdate));
    assert_eq!(table.commit(), 1, "the other edit of the batch is kept");
}

#[test]
fn stateless_messages_reach_the_other_providers() {
    let mut table = Table::new();
    let ann = table.join(1, hocuspocus(), Access::ReadWrite);
    let mut bob = table.join(2, hocuspocus(), Access::ReadWrite);
    table.tell([RoomMessage::Stateless {
        member: ann.id,
        payload: "hi".into(),
    }]);
    bob.listen();
    assert_eq!(bob.frames, [hocuspocus::stateless("doc", "hi")]);
}

fn join_writer(table: &mut Table, id: u64) -> Client {
    table.join(id, Dialect::YWebsocket, Access::ReadWrite)
}
