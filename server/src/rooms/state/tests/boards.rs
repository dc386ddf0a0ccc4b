//! Boards in rooms: what an edit means beside the log, what is undone, repaired, refused, and taken in from others.

use std::sync::Mutex;

use weft_protocol::board::change::NewCard;
use weft_protocol::board::{At, CardId, ColumnId, Editor, Plan};
use yrs::{Any, MapPrelim, WriteTxn};

use super::super::super::board::BoardEdit;
use super::super::super::content::{ContentRefusal, ContentRequest, Operation, Reply};
use super::super::super::projector::Projection;
use super::*;
use crate::boards::Seed;
use crate::rooms::EditError;

const ROOMY: RoomLimits = RoomLimits {
    max_document_bytes: 20_000_000,
    ..LIMITS
};

/// What a request was answered, if it was: nothing, or why not.
type Answer = Arc<Mutex<Option<Option<ContentRefusal>>>>;

/// A room with a board, its log, and the time.
struct Desk {
    table: Table,
    log: Vec<Bytes>,
}

fn replica(log: &[Bytes]) -> Replica {
    Replica::build(log, ROOMY.waiting, Role::Board { client: 7 }).unwrap()
}

fn column(name: &str) -> ColumnId {
    ColumnId::parse(name).unwrap()
}

fn card(name: &str) -> CardId {
    CardId::parse(name).unwrap()
}

impl Desk {
    /// A board of the columns `todo` and `done`.
    fn new() -> Self {
        let table = Table {
            room: RoomState::new(ROOMY, replica(&[]), 0, 0),
            now_ms: 0,
        };
        let mut desk = Self {
            table,
            log: Vec::new(),
        };
        let plan: Plan = serde_json::from_str(
            r#"{"columns": [{"id": "todo", "title": "To do", "category": "unstarted"},
                            {"id": "done", "title": "Done", "category": "completed"}]}"#,
        )
        .unwrap();
        let seed = Seed::new(None, None, plan);
        desk.table.room.found_board("board", &seed).unwrap();
        let founded = desk.commit();
        assert_eq!(founded.entries.len(), 2);
        desk
    }

    /// Makes everything durable: what it changed beside the log.
    fn commit(&mut self) -> Projection {
        let append = self.table.room.start_append();
        self.table.room.finish_append();
        let Some(append) = append else {
            return Projection::default();
        };
        self.log
            .extend(append.deltas.into_iter().map(|delta| delta.update));
        append.projection.unwrap_or_default()
    }

    /// Asks for a change, and builds the document anew if the room wants that.
    fn ask(
        &mut self,
        change: impl FnOnce(&mut Editor<'_, '_>) -> Result<(), EditError> + Send + Sync + 'static,
    ) -> Answer {
        let answer = Answer::default();
        let heard = Arc::clone(&answer);
        let reply = Reply::new(move |result| *heard.lock().unwrap() = Some(result.err()));
        let operation = Operation::EditBoard(BoardEdit::new(None, 0, 0, change));
        let request = RoomMessage::Content(ContentRequest {
            operation,
            by: None,
            reply,
        });
        let room = &mut self.table.room;
        if room.handle(&mut VecDeque::from([request]), self.table.now_ms) == Err(Poisoned) {
            assert!(room.is_undoing() && !room.has_suspects());
            self.rebuild();
        }
        answer
    }

    fn rebuild(&mut self) {
        let room = &mut self.table.room;
        let everything: Vec<Bytes> = self.log.iter().chain(room.unsaved()).cloned().collect();
        room.replace_replica(replica(&everything)).unwrap();
    }

    fn add(&mut self, name: &'static str) {
        let answer = self.ask(move |editor| new_card(editor, name));
        let projection = self.commit();
        assert_eq!(*answer.lock().unwrap(), Some(None));
        assert_eq!(kinds(&projection), ["task.created"]);
        assert_eq!(projection.tasks.len(), 1);
    }

    fn cards(&self) -> Vec<String> {
        let board = self.table.room.replica.board().unwrap();
        let todo = board.view.columns.iter().find(|shown| shown.id == column("todo"));
        todo.unwrap()
            .cards
            .iter()
            .map(|card| card.as_str().to_owned())
            .collect()
    }
}

fn new_card(editor: &mut Editor<'_, '_>, name: &str) -> Result<(), EditError> {
    editor.create_card(&NewCard {
        id: card(name),
        title: name.to_owned(),
        column: column("todo"),
        at: At::Last,
    })?;
    Ok(())
}

fn kinds(projection: &Projection) -> Vec<&'static str> {
    projection.events.iter().map(|event| event.kind).collect()
}

#[test]
fn a_move_is_one_row_one_event_and_an_answer_after_the_commit() {
    let mut desk = Desk::new();
    ["a", "b", "c"].into_iter().for_each(|name| desk.add(name));
    let answer = desk.ask(|editor| Ok(editor.move_cards(&[card("c")], &column("done"), &At::First)?));
    assert_eq!(*answer.lock().unwrap(), None, "nothing is durable yet");
    assert!(
        desk.table.room.is_waited_for(),
        "a request is not late for company"
    );
    let projection = desk.commit();
    assert!(!desk.table.room.is_waited_for());
    assert_eq!(*answer.lock().unwrap(), Some(None));
    assert_eq!(kinds(&projection), ["task.completed", "task.moved"]);
    let [row] = projection.tasks.as_slice() else {
        panic!("one card has moved: {:?}", projection.tasks);
    };
    assert_eq!(
        (row.card.as_str(), row.column.as_deref(), row.done),
        ("c", Some("done"), true)
    );
    let same = desk.ask(|editor| Ok(editor.rename_card(&card("c"), "c")?));
    assert_eq!(
        *same.lock().unwrap(),
        Some(None),
        "nothing changes, nothing is waited for"
    );
    assert_eq!(desk.commit(), Projection::default());
}

#[test]
fn what_is_refused_half_way_is_undone_and_nobody_is_to_blame() {
    let mut desk = Desk::new();
    desk.add("a");
    for _ in 0..5 {
        let answer = desk.ask(|editor| {
            new_card(editor, "b")?;
            Ok(editor.rename_card(&card("nobody"), "?")?)
        });
        let refused = answer.lock().unwrap().take();
        assert!(
            matches!(refused, Some(Some(ContentRefusal::Board(_)))),
            "{refused:?}"
        );
        assert_eq!(desk.cards(), ["a"]);
        assert_eq!(desk.commit(), Projection::default());
    }
    desk.add("b");
    assert_eq!(desk.cards(), ["a", "b"]);
}

/// An update with what `change` does to the board in the log.
fn foreign(log: &[Bytes], client: u64, change: impl FnOnce(&mut yrs::TransactionMut<'_>)) -> Bytes {
    let doc = Doc::with_client_id(client);
    for update in log {
        doc.transact_mut()
            .apply_update(Update::decode_v1(update).unwrap())
            .unwrap();
    }
    let known = doc.transact().state_vector();
    change(&mut doc.transact_mut());
    doc.transact().encode_state_as_update_v1(&known).into()
}

/// Puts card `name` at `key` of `column`, as any client could.
fn put(txn: &mut yrs::TransactionMut<'_>, name: &str, column: &str, key: &str) {
    let cards = txn.get_or_insert_map("cards");
    let place = Any::from(vec![Any::from(column), Any::from(key)]);
    match cards.get(txn, name) {
        Some(yrs::Out::YMap(card)) => card.insert(txn, "place", place),
        _ => {
            let card = cards.insert(txn, name, MapPrelim::default());
            card.insert(txn, "place", place)
        }
    };
}

#[test]
fn each_edit_of_a_socket_is_told_with_its_author() {
    let mut desk = Desk::new();
    desk.add("a");
    let ann = desk.table.join(1, Dialect::YWebsocket, Access::ReadWrite);
    let author = uuid::Uuid::from_u128(5);
    desk.table.room.members.get_mut(&ann.id).unwrap().author = Some(author);
    let first = foreign(&desk.log, 100, |txn| put(txn, "a", "done", "a0"));
    let mut log = desk.log.clone();
    log.push(first.clone());
    let second = foreign(&log, 101, |txn| put(txn, "a", "todo", "a5"));
    desk.table.tell([
        ann.edit(EditKind::Update, first),
        ann.edit(EditKind::Update, second),
    ]);
    let projection = desk.commit();
    assert_eq!(
        kinds(&projection),
        ["task.moved", "task.moved"],
        "both moves, in one commit"
    );
    assert!(projection.events.iter().all(|event| event.actor == Some(author)));
    assert_eq!(projection.tasks.len(), 1);
}

#[test]
fn a_quiet_board_is_repaired_once_and_no_move_is_told() {
    let mut desk = Desk::new();
    let update = foreign(&desk.log, 100, |txn| {
        put(txn, "a", "gone", "a0");
        put(txn, "b", "gone", "a0");
    });
    let ann = desk.table.join(1, Dialect::YWebsocket, Access::ReadWrite);
    desk.table.now_ms = 1_000;
    desk.table.tell([ann.edit(EditKind::Update, update)]);
    desk.commit();
    let shown = desk.cards();
    let room = &mut desk.table.room;
    assert_eq!(room.repair_at_ms(), Some(6_000));
    room.repair_when_quiet(5_999).unwrap();
    assert!(
        desk.table.room.start_append().is_none(),
        "not quiet for long enough"
    );
    desk.table.room.repair_when_quiet(6_000).unwrap();
    assert_eq!(desk.table.room.repair_at_ms(), None);
    let projection = desk.commit();
    assert_eq!((desk.cards(), kinds(&projection)), (shown, vec![]));
    assert_eq!(projection.tasks.len(), 2, "they have places of their own now");
}

#[test]
fn whoever_makes_a_board_too_large_is_told_and_nobody_else_is_hurt() {
    let mut desk = Desk::new();
    desk.add("a");
    let columns = weft_protocol::board::schema::limit::COLUMNS * 10;
    let flood = foreign(&desk.log, 100, |txn| {
        let root = txn.get_or_insert_map("columns");
        for at in 0..columns {
            root.insert(txn, format!("c{at}"), MapPrelim::default());
        }
    });
    let mut ann = desk.table.join(1, Dialect::YWebsocket, Access::ReadWrite);
    let mut ben = desk.table.join(2, Dialect::YWebsocket, Access::ReadWrite);
    let mut inbox = VecDeque::from([ann.edit(EditKind::Update, flood)]);
    assert_eq!(desk.table.room.handle(&mut inbox, 0), Err(Poisoned));
    desk.rebuild();
    ann.listen();
    ben.listen();
    assert_eq!(
        (ann.closed, ben.closed),
        (Some(CloseReason::DocumentTooLarge), None)
    );
    assert_eq!(desk.commit(), Projection::default());
    assert_eq!(desk.cards(), ["a"]);
}

#[test]
fn a_board_that_owes_begins_again_behind_rows_of_others() {
    let mut desk = Desk::new();
    desk.add("a");
    let theirs = foreign(&desk.log, 100, |txn| put(txn, "a", "done", "a0"));
    let mut ben = desk.table.join(2, Dialect::YWebsocket, Access::ReadWrite);
    for update in &desk.log {
        ben.doc
            .transact_mut()
            .apply_update(Update::decode_v1(update).unwrap())
            .unwrap();
    }
    let answer = desk.ask(|editor| new_card(editor, "b"));
    let append = desk.table.room.start_append().unwrap();
    assert!(
        !desk.table.room.can_follow(),
        "what is owed was derived without their row"
    );
    desk.log.push(theirs);
    let head = append.head + 1;
    desk.table.room.begin_again(replica(&desk.log), head).unwrap();
    assert_eq!(*answer.lock().unwrap(), None);
    let again = desk.table.room.start_append().unwrap();
    assert_eq!((again.head, again.deltas), (head, append.deltas));
    let projection = again.projection.unwrap();
    assert_eq!(
        kinds(&projection),
        ["task.created"],
        "their move is theirs to tell"
    );
    desk.table.room.finish_append();
    assert_eq!(*answer.lock().unwrap(), Some(None));
    ben.listen();
    let mut shown: Vec<_> = desk.cards();
    shown.sort();
    assert_eq!(shown, ["b"]);
    let cards = ben.doc.get_or_insert_map("cards");
    assert_eq!(cards.len(&ben.doc.transact()), 2, "members hear of both");
}
