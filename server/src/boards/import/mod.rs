//! Boards that come from elsewhere: tables as CSV, Trello's boards, and our own export.
//!
//! An import is read in two steps, because who is meant by a name is not known here: a [`Draft`] names people as the
//! file does, and [`Draft::settle`] is told who they are. Invariant: what a board cannot take is left out and reported,
//! never guessed at; only a file that cannot be read at all is refused. The number of cards is bounded.

mod csv;
mod trello;
mod weft;

use std::collections::{BTreeMap, BTreeSet};

use weft_protocol::board::id::{CardId, UserId};
use weft_protocol::board::moment::Moment;
use weft_protocol::board::plan::{Plan, PlannedCard};
use weft_protocol::board::raw::Stamp;
use weft_protocol::board::schema::{Category, limit};

use super::Minter;
use crate::content::{self, Format, Limits};

pub(crate) use self::csv::read as read_csv;
pub(crate) use self::trello::read as read_trello;
pub(crate) use self::weft::read as read_weft;

/// How many cards one import may have.
pub(crate) const MAX_CARDS: usize = limit::OPEN_CARDS;
/// How many things that were left out are named one by one.
const MAX_NAMED: usize = 200;
/// How many different people an import may name.
pub(crate) const MAX_PEOPLE: usize = 500;
/// The longest description of a card, in bytes.
const MAX_DESCRIPTION_BYTES: usize = 256 * 1024;

/// Why a file cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// It is not text in UTF-8.
    #[error("must be text in UTF-8")]
    NotUnicode,
    /// It is no table.
    #[error("must be CSV; it cannot be read at row {0}")]
    NoTable(u64),
    /// The first row does not name a column `title`.
    #[error("must have a first row with the names of its columns, one of them title")]
    NoTitle,
    /// It is not the JSON of a board.
    #[error("must be the JSON of a board; it cannot be read at line {line}, column {column}")]
    NoBoard {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// There are more cards than a board may have.
    #[error("must have at most {MAX_CARDS} cards")]
    TooManyCards,
    /// It says something that boards cannot.
    #[error("must be a board that could be: {0}")]
    Impossible(weft_protocol::board::ChangeError),
}

/// Where in the file something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The file as a whole.
    File,
    /// A row of a table, from 1; the first has the names.
    Row(u64),
    /// A card, by the id that it has in the file.
    Card(String),
}

/// Something that was left out, or not taken as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Where.
    pub(crate) place: Place,
    /// Of what kind: `due`, `assignee`, `title`, …
    pub(crate) field: &'static str,
    /// The stable name of the reason, `UPPER_SNAKE`.
    pub(crate) code: &'static str,
    /// The reason, for people.
    pub(crate) message: &'static str,
}

/// What became of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// What was left out; of many only the first.
    pub(crate) left_out: Vec<LeftOut>,
    /// How much that is in all.
    pub(crate) left_out_total: usize,
}

impl Report {
    fn leave_out(&mut self, place: &Place, field: &'static str, code: &'static str, message: &'static str) {
        self.left_out_total += 1;
        if self.left_out.len() < MAX_NAMED {
            self.left_out.push(LeftOut {
                place: place.clone(),
                field,
                code,
                message,
            });
        }
    }
}

/// A board that was read, in which people are still names.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// What the board is called, if the file says so.
    pub(crate) title: Option<String>,
    plan: Plan,
    report: Report,
    /// Who works on which card, by position, as the file names them.
    assigned: Vec<(usize, Place, String)>,
}

impl Draft {
    /// Who is named, in lower case: addresses, user names, ids.
    pub(crate) fn people(&self) -> BTreeSet<String> {
        let people = self.assigned.iter().map(|(_, _, name)| name.to_lowercase());
        // No name has control characters, and databases do not like to be asked for some of them.
        let people = people.filter(|name| !name.is_empty() && !name.chars().any(char::is_control));
        let mut people: BTreeSet<String> = people.collect();
        while people.len() > MAX_PEOPLE {
            people.pop_last();
        }
        people
    }

    /// The plan, in which `known` says who is meant by [`Self::people`]; who is not among them is left out.
    pub(crate) fn settle(mut self, known: &BTreeMap<String, UserId>) -> (Plan, Report) {
        for (card, place, name) in std::mem::take(&mut self.assigned) {
            let Some(card) = self.plan.cards.get_mut(card) else {
                continue;
            };
            match known.get(&name.to_lowercase()) {
                Some(user) if card.assignees.contains(user) => {}
                Some(user) if card.assignees.len() < limit::MEMBERS => card.assignees.push(user.clone()),
                Some(_) => {
                    self.report
                        .leave_out(&place, "assignee", "TOO_MANY", "a card has at most 200 assignees")
                }
                None => self.report.leave_out(
                    &place,
                    "assignee",
                    "UNKNOWN_PERSON",
                    "must be the address or user name of somebody who may see the board",
                ),
            }
        }
        (self.plan, self.report)
    }

    /// `text` as a title of at most `chars` characters; the rest is left out.
    fn cut(&mut self, text: &str, chars: usize, place: &Place, field: &'static str) -> String {
        let text: String = text
            .trim()
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        if text.chars().nth(chars).is_some() {
            self.report
                .leave_out(place, field, "TOO_LONG", "it was cut to its greatest length");
            return text.chars().take(chars).collect();
        }
        text
    }

    /// `markdown` as a description.
    fn description(&mut self, markdown: &str, place: &Place) -> Option<serde_json::Value> {
        if markdown.trim().is_empty() {
            return None;
        }
        let limits = Limits {
            max_bytes: MAX_DESCRIPTION_BYTES,
            ..Limits::default()
        };
        match content::parse(markdown.as_bytes(), Format::Markdown, &limits) {
            Ok(node) => Some(content::to_value(&node)),
            Err(_) => {
                self.report
                    .leave_out(place, "description", "TOO_LARGE", "the description is too large");
                None
            }
        }
    }

    /// Puts cards that stand in a column where things are done as done, at this moment.
    fn finish(&mut self, done: &Stamp) {
        let completed: BTreeSet<_> = self
            .plan
            .columns
            .iter()
            .filter(|column| column.category == Category::Completed)
            .map(|column| column.id.clone())
            .collect();
        for card in &mut self.plan.cards {
            if card.done.is_none() && completed.contains(&card.column) {
                card.done = Some(done.clone());
            }
        }
    }

    /// Takes parents away that would make a card a part of itself.
    fn untangle(&mut self, place_of: impl Fn(usize) -> Place) {
        let at: BTreeMap<CardId, usize> = (0..)
            .zip(&self.plan.cards)
            .map(|(at, card)| (card.id.clone(), at))
            .collect();
        let parent = |cards: &[PlannedCard], card: usize| {
            cards[card].parent.as_ref().and_then(|id| at.get(id)).copied()
        };
        // Cards from which the way up ends.
        let mut good = vec![false; self.plan.cards.len()];
        for start in 0..self.plan.cards.len() {
            let (mut way, mut seen, mut next) = (Vec::new(), BTreeSet::new(), Some(start));
            while let Some(card) = next.filter(|card| !good[*card]) {
                if !seen.insert(card) {
                    // The last step led back.
                    if let Some(last) = way.last().copied() {
                        let last: usize = last;
                        self.plan.cards[last].parent = None;
                        self.report.leave_out(
                            &place_of(last),
                            "parent",
                            "CYCLE",
                            "a card cannot be a part of itself or of its own parts",
                        );
                    }
                    break;
                }
                way.push(card);
                next = parent(&self.plan.cards, card);
            }
            way.into_iter().for_each(|card| good[card] = true);
        }
    }
}

/// The moment `at` by `by`, as a stamp.
pub(crate) fn stamp(at: &Moment, by: Option<&UserId>) -> Stamp {
    Stamp {
        at: Some(at.clone()),
        by: by.cloned(),
    }
}

/// Columns, labels and the like by what they are called, without the difference of capitals; the same name is the same
/// thing.
#[derive(Debug)]
struct Names<K>(BTreeMap<String, weft_protocol::board::id::Id<K>>);

impl<K> Default for Names<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K> Names<K> {
    fn key(name: &str) -> String {
        name.trim().to_lowercase()
    }

    fn find(&self, name: &str) -> Option<weft_protocol::board::id::Id<K>> {
        self.0.get(&Self::key(name)).cloned()
    }

    fn add(&mut self, name: &str, mint: &mut Minter<'_>) -> weft_protocol::board::id::Id<K> {
        let id = mint.id();
        self.0
            .insert(Self::key(name), weft_protocol::board::id::Id::clone(&id));
        id
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
