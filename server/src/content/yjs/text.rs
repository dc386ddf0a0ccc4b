//! Changing text in place.

use std::sync::Arc;

use yrs::types::{Attrs as Formatting, Delta};
use yrs::{Any, In, OffsetKind, Text, TransactionMut, XmlTextRef};

use super::read::{Overlapping, Run, Styled};
use super::value;
use super::write::{ChangeSummary, Fidelity};
use crate::content::diff::{Edit, edits};
use crate::content::model::{Mark, Node, mark};

/// The new text of a group of shared texts that stand side by side, which editors show as one.
#[derive(Debug)]
pub(super) struct Rewrite<'a> {
    pub(super) overlapping: &'a Overlapping,
    pub(super) fidelity: Fidelity,
    pub(super) offsets: OffsetKind,
}

impl Rewrite<'_> {
    /// Makes `texts` together say what `target`, a list of text nodes, says.
    pub(super) fn apply(
        &self,
        txn: &mut TransactionMut,
        texts: &[(XmlTextRef, Vec<Run>)],
        target: &[Node],
        summary: &mut ChangeSummary,
    ) {
        let mut deltas: Vec<_> = texts.iter().map(|_| Pieces::default()).collect();
        let old: String = texts.iter().flat_map(|(_, runs)| runs).map(Run::text).collect();
        let new: String = target.iter().map(|node| node.text.as_str()).collect();
        let mut source = Source::new(texts);
        let mut wanted = Wanted { nodes: target, at: 0 };
        for edit in edits(&old, &new) {
            match edit {
                Edit::Keep(length) => self.keep(length, &mut source, &mut wanted, &mut deltas, summary),
                Edit::Delete(length) => source.take(length, &mut deltas, |text, _, delta| {
                    summary.removed_characters += text.chars().count();
                    delta.delete(self.units(text));
                }),
                Edit::Insert(length) => {
                    let delta = &mut deltas[source.text];
                    wanted.take(length, |text, marks| {
                        summary.inserted_characters += text.chars().count();
                        delta.insert(text, value::formatting(marks, self.overlapping));
                    });
                }
            }
        }
        for ((text, _), delta) in texts.iter().zip(deltas) {
            if delta.changes {
                text.apply_delta(txn, delta.list);
            }
        }
    }

    fn keep(
        &self,
        length: usize,
        source: &mut Source<'_>,
        wanted: &mut Wanted<'_>,
        deltas: &mut [Pieces],
        summary: &mut ChangeSummary,
    ) {
        source.take(length, deltas, |text, old_marks, delta| {
            wanted.take(text.len(), |text, new_marks| {
                let formatting = self.restyle(old_marks, new_marks);
                if !formatting.is_empty() {
                    summary.formatted_characters += text.chars().count();
                }
                delta.retain(self.units(text), formatting);
            });
        });
    }

    /// What to change about text that stays.
    fn restyle(&self, old: &[Styled], new: &[Mark]) -> Formatting {
        let mut changes = Formatting::new();
        let new: Vec<Mark> = match self.fidelity {
            Fidelity::Exact => new.to_vec(),
            Fidelity::Merge => merged(old, new),
        };
        for (key, mark) in old {
            if !new.contains(mark) {
                changes.insert(key.clone(), Any::Null);
            }
        }
        let is_new = |mark: &&Mark| !old.iter().any(|(_, old)| old == *mark);
        if new.iter().any(|mark| is_new(&mark)) {
            for (key, value) in value::formatting(&new, self.overlapping) {
                let is_set = old
                    .iter()
                    .any(|(old_key, mark)| *old_key == key && new.contains(mark));
                let is_there = old
                    .iter()
                    .any(|(_, mark)| new.contains(mark) && value::mark(&key, &value) == *mark);
                if !is_set && !is_there {
                    changes.insert(key, value);
                }
            }
        }
        changes
    }

    fn units(&self, text: &str) -> u32 {
        let units = match self.offsets {
            OffsetKind::Bytes => text.len(),
            OffsetKind::Utf16 => text.chars().map(char::len_utf16).sum(),
        };
        u32::try_from(units).unwrap_or(u32::MAX)
    }
}

/// `new`, with everything about it that its format has no words for taken from `old`.
fn merged(old: &[Styled], new: &[Mark]) -> Vec<Mark> {
    let is_known = |mark: &Mark| mark::ORDER.contains(&mark.kind.as_str());
    let mut marks: Vec<_> = old
        .iter()
        .map(|(_, mark)| mark)
        .filter(|mark| !is_known(mark))
        .cloned()
        .collect();
    for mark in new {
        let mut mark = mark.clone();
        if let Some((_, old)) = old.iter().find(|(_, old)| old.kind == mark.kind) {
            for (name, value) in &old.attrs.0 {
                mark.attrs.0.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        if !marks.contains(&mark) {
            marks.push(mark);
        }
    }
    marks
}

/// The steps for one shared text.
#[derive(Default)]
struct Pieces {
    list: Vec<Delta<In>>,
    changes: bool,
}

impl Pieces {
    fn retain(&mut self, units: u32, formatting: Formatting) {
        let has_formatting = !formatting.is_empty();
        self.changes |= has_formatting;
        match self.list.last_mut() {
            Some(Delta::Retain(before, None)) if !has_formatting => *before += units,
            _ => self
                .list
                .push(Delta::Retain(units, has_formatting.then(|| Box::new(formatting)))),
        }
    }

    fn delete(&mut self, units: u32) {
        self.changes = true;
        match self.list.last_mut() {
            Some(Delta::Deleted(before)) => *before += units,
            _ => self.list.push(Delta::Deleted(units)),
        }
    }

    fn insert(&mut self, text: &str, formatting: Formatting) {
        self.changes = true;
        let formatting = (!formatting.is_empty()).then(|| Box::new(formatting));
        self.list
            .push(Delta::Inserted(In::Any(Any::String(Arc::from(text))), formatting));
    }
}

/// Walks through the runs of a group of shared texts.
struct Source<'a> {
    texts: &'a [(XmlTextRef, Vec<Run>)],
    text: usize,
    run: usize,
    /// Bytes of the run that are behind.
    at: usize,
}

impl<'a> Source<'a> {
    fn new(texts: &'a [(XmlTextRef, Vec<Run>)]) -> Self {
        Self {
            texts,
            text: 0,
            run: 0,
            at: 0,
        }
    }

    /// Goes on by `length` bytes of text, run by run. Only then does it leave a text for the next one, so what is
    /// inserted between two goes to the end of the first.
    fn take(
        &mut self,
        mut length: usize,
        deltas: &mut [Pieces],
        mut piece: impl FnMut(&'a str, &'a [Styled], &mut Pieces),
    ) {
        while length > 0 && self.text < self.texts.len() {
            let runs = &self.texts[self.text].1;
            match runs.get(self.run) {
                None => {
                    self.text += 1;
                    (self.run, self.at) = (0, 0);
                }
                Some(Run::Embed) => {
                    deltas[self.text].retain(1, Formatting::new());
                    self.run += 1;
                }
                Some(Run::Text(text, marks)) => {
                    let rest = &text[self.at..];
                    let taken = length.min(rest.len());
                    if taken > 0 {
                        piece(&rest[..taken], marks, &mut deltas[self.text]);
                    }
                    length -= taken;
                    self.at += taken;
                    if self.at == text.len() && length > 0 {
                        self.run += 1;
                        self.at = 0;
                    }
                }
            }
        }
    }
}

/// Walks through the text nodes that are wanted.
struct Wanted<'a> {
    nodes: &'a [Node],
    at: usize,
}

impl<'a> Wanted<'a> {
    fn take(&mut self, mut length: usize, mut piece: impl FnMut(&'a str, &'a [Mark])) {
        while length > 0
            && let Some((node, rest)) = self.nodes.split_first()
        {
            let text = &node.text[self.at..];
            let taken = length.min(text.len());
            if taken > 0 {
                piece(&text[..taken], &node.marks);
            }
            length -= taken;
            self.at += taken;
            if self.at == node.text.len() {
                self.nodes = rest;
                self.at = 0;
            }
        }
    }
}

/// Formatting attributes for the marks of a new text.
pub(super) fn fresh(target: &[Node], overlapping: &Overlapping) -> Vec<Delta<In>> {
    let mut pieces = Pieces::default();
    for node in target {
        pieces.insert(&node.text, value::formatting(&node.marks, overlapping));
    }
    pieces.list
}
