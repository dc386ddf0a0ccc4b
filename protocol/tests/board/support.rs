//! Replicas of a board, and how they meet.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use weft_protocol::board::change::{self, At, NewCard, NewEntry};
use weft_protocol::board::id::{Id, UserId, kind};
use weft_protocol::board::moment::Moment;
use weft_protocol::board::raw::{RawBoard, Stamp};
use weft_protocol::board::schema::{Category, root};
use weft_protocol::board::{Before, Board, ChangeError, Editor, Hand, RepairReport, Watch, repair};

use crate::exact::{tells, tells_who_stood_above};
use yrs::undo::{Options as UndoOptions, UndoManager};
use yrs::updates::decoder::Decode;
use yrs::{ClientID, Doc, OffsetKind, Options, ReadTxn, StateVector, Transact, TransactionMut, Update};

pub(crate) const ROOTS: [&str; 7] = [
    root::META,
    root::COLUMNS,
    root::LANES,
    root::LABELS,
    root::FIELDS,
    root::CARDS,
    root::LINKS,
];

#[expect(
    clippy::disallowed_methods,
    reason = "the test itself is configured, not the crate"
)]
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |value| value.parse().expect("a number"))
}

#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "measures real time"
)]
pub(crate) fn milliseconds(work: impl FnOnce()) -> u128 {
    let begin = std::time::Instant::now();
    work();
    begin.elapsed().as_millis()
}

pub(crate) fn id<K>(text: &str) -> Id<K> {
    Id::parse(text).unwrap()
}

/// What some edits are tracked under, so that they can be undone.
const MINE: &str = "mine";

/// One copy of a board, with its own undo.
pub(crate) struct Replica {
    pub(crate) doc: Doc,
    pub(crate) rng: StdRng,
    undo: UndoManager<()>,
    watch: Watch,
    /// The board, kept up to date by what the watch notes.
    kept: Board,
}

impl Replica {
    pub(crate) fn new(client: u64) -> Self {
        let doc = Doc::with_options(Options {
            client_id: ClientID::new(client),
            offset_kind: OffsetKind::Utf16,
            ..Options::default()
        });
        let mut undo = UndoManager::with_options(UndoOptions {
            capture_timeout_millis: 0,
            ..UndoOptions::default()
        });
        undo.include_origin(MINE);
        for name in ROOTS {
            undo.expand_scope(&doc, &doc.get_or_insert_map(name));
        }
        let rng = StdRng::seed_from_u64(client);
        let watch = Watch::on(&doc);
        Self {
            doc,
            rng,
            undo,
            watch,
            kept: Board::of(RawBoard::default()),
        }
    }

    /// A board that a server has just made, with three columns `c0` to `c2`.
    pub(crate) fn server(client: u64) -> Self {
        let mut server = Self::new(client);
        change::found(&mut server.doc.transact_mut(), "board-1").unwrap();
        for at in 0..3 {
            let name = format!("c{at}");
            server.edit(|editor| {
                editor
                    .create_column(&column(&name), Category::ALL[at + 1])
                    .unwrap()
            });
        }
        server
    }

    /// Somebody who has what `other` has.
    pub(crate) fn joining(client: u64, other: &Self) -> Self {
        let joined = Self::new(client);
        joined.take(other);
        joined
    }

    pub(crate) fn edit<R>(&mut self, work: impl FnOnce(&mut Editor<'_, '_>) -> R) -> R {
        self.edit_and_tell(work).0
    }

    /// Edits, and says what was shown before.
    pub(crate) fn edit_and_tell<R>(&mut self, work: impl FnOnce(&mut Editor<'_, '_>) -> R) -> (R, Before) {
        self.watched();
        let old = self.kept.clone();
        let mut txn = self.doc.transact_mut_with(MINE);
        let rng = &mut self.rng;
        let mut dice = |bound| rng.random_range(0..bound);
        let hand = Hand {
            stamp: stamp(),
            dice: &mut dice,
        };
        let (result, before) = self.kept.edit(&mut txn, hand, work).unwrap();
        drop(txn);
        tells(&old, &before, &self.kept);
        self.nothing_was_missed("the editor");
        (result, before)
    }

    pub(crate) fn write(&self, work: impl FnOnce(&mut TransactionMut<'_>)) {
        work(&mut self.doc.transact_mut_with(MINE));
    }

    pub(crate) fn board(&self) -> Board {
        Board::read(&self.doc.transact())
    }

    /// The same, read only where it changed since it was read so last.
    pub(crate) fn watched(&mut self) -> &Board {
        self.refresh();
        &self.kept
    }

    /// Reads what changed, and says what was shown before.
    pub(crate) fn refresh(&mut self) -> Before {
        let old = self.kept.clone();
        let before = self.kept.refresh(&self.doc.transact(), &self.watch.take());
        tells(&old, &before, &self.kept);
        tells_who_stood_above(&old, &before);
        before
    }

    pub(crate) fn repair(&self) -> RepairReport {
        repair(&mut self.doc.transact_mut(), usize::MAX)
    }

    /// The same by the board that is kept, stopping after so many writes.
    pub(crate) fn repair_kept(&mut self, writes: usize) -> RepairReport {
        self.watched();
        let old = self.kept.clone();
        let mut txn = self.doc.transact_mut();
        let (report, before) = self.kept.repair(&mut txn, writes);
        drop(txn);
        tells(&old, &before, &self.kept);
        self.nothing_was_missed("the repair");
        report
    }

    /// What an editor or a repair noted is what the watch did.
    fn nothing_was_missed(&mut self, who: &str) {
        let again = self.kept.refresh(&self.doc.transact(), &self.watch.take());
        let heard = (again.cards.len(), again.links.len(), again.columns.len());
        assert_eq!(heard, (0, 0, 0), "{who} missed something");
        assert_eq!(self.kept, self.board(), "{who} missed something");
    }

    pub(crate) fn undo(&mut self) -> bool {
        self.undo.undo_blocking()
    }

    pub(crate) fn redo(&mut self) -> bool {
        self.undo.redo_blocking()
    }

    pub(crate) fn state(&self) -> Vec<u8> {
        self.doc
            .transact()
            .encode_state_as_update_v1(&StateVector::default())
    }

    /// Takes over what `other` has.
    pub(crate) fn take(&self, other: &Self) {
        let known = self.doc.transact().state_vector();
        let diff = other.doc.transact().encode_diff_v1(&known);
        let update = Update::decode_v1(&diff).unwrap();
        self.doc.transact_mut().apply_update(update).unwrap();
    }
}

/// Until all have everything.
pub(crate) fn meet(replicas: &[Replica]) {
    for _ in 0..2 {
        for other in &replicas[1..] {
            replicas[0].take(other);
            other.take(&replicas[0]);
        }
    }
}

pub(crate) fn stamp() -> Stamp {
    Stamp {
        at: Some(Moment::parse("2026-03-01T09:30:00Z").unwrap()),
        by: Some(UserId::parse("ada").unwrap()),
    }
}

pub(crate) fn column(name: &str) -> NewEntry<kind::Column> {
    entry(name)
}

pub(crate) fn entry<K>(name: &str) -> NewEntry<K> {
    NewEntry {
        id: id(name),
        name: name.to_owned(),
        color: None,
        at: At::Last,
    }
}

pub(crate) fn card(name: &str, column: &str) -> NewCard {
    NewCard {
        id: id(name),
        title: format!("Card {name}"),
        column: id(column),
        at: At::Last,
    }
}

/// The cards of a column, as they are shown.
pub(crate) fn shown(replica: &Replica, column: &str) -> Vec<String> {
    let view = replica.board().view;
    let found = view.columns.iter().find(|shown| shown.id.as_str() == column);
    let cards = &found.expect("the column is shown").cards;
    cards.iter().map(|card| card.as_str().to_owned()).collect()
}

/// Moves `name` to the end of `to`.
pub(crate) fn move_to(replica: &mut Replica, name: &str, to: &str) -> Result<(), ChangeError> {
    replica.edit(|editor| editor.move_cards(&[id(name)], &id(to), &At::Last))
}
