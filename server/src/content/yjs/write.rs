//! Making shared types say something else, by changing as little of them as is found.
//!
//! Elements that are equal are not touched, elements that changed are changed in place, and so is text: what somebody
//! else types into it at the same time stays. Only an element whose type changes is replaced. A shared text is
//! emptied, never removed, for somebody may be typing into it.

use yrs::branch::{Branch, BranchPtr};
use yrs::types::Delta;
use yrs::{
    Array, ArrayRef, In, OffsetKind, Out, Text, TextRef, TransactionMut, WriteTxn, Xml, XmlElementPrelim,
    XmlElementRef, XmlFragmentRef, XmlTextRef,
};

use super::read::{Child, Overlapping, Reader, Run, check_kind, text_nodes};
use super::text::{Rewrite, fresh};
use super::value;
use crate::content::diff::{self, Step, align, fingerprint};
use crate::content::error::ContentError;
use crate::content::model::{Node, node};

/// What a write is to do about things that the target does not mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fidelity {
    /// The target says everything: what it does not mention goes.
    Exact,
    /// The target comes from a format that cannot say everything: attributes and marks it has no words for stay.
    Merge,
}

/// What a write has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChangeSummary {
    /// Elements that came, with everything in them.
    pub inserted_nodes: usize,
    /// Elements that went, with everything in them.
    pub removed_nodes: usize,
    /// Attributes of elements that were set or removed.
    pub changed_attributes: usize,
    /// Characters that came into existing and new text.
    pub inserted_characters: usize,
    /// Characters that went from text that stays.
    pub removed_characters: usize,
    /// Characters whose marks changed.
    pub formatted_characters: usize,
}

impl ChangeSummary {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Makes the fragment `field` say `target`.
///
/// # Errors
/// As reading: then nothing was changed.
pub(crate) fn write(
    txn: &mut TransactionMut,
    field: &str,
    target: &Node,
    fidelity: Fidelity,
) -> Result<ChangeSummary, ContentError> {
    check_kind(txn, field)?;
    let fragment = txn.get_or_insert_xml_fragment(field);
    write_fragment(txn, &fragment, target, fidelity)
}

/// Makes `fragment`, wherever it is in the document, say `target`.
///
/// # Errors
/// As reading: then nothing was changed.
pub(crate) fn write_fragment(
    txn: &mut TransactionMut,
    fragment: &XmlFragmentRef,
    target: &Node,
    fidelity: Fidelity,
) -> Result<ChangeSummary, ContentError> {
    let mut reader = Reader::default();
    let children = reader.children(txn, fragment.as_ref(), 1)?;
    let mut writer = Writer {
        overlapping: reader.overlapping,
        fidelity,
        offsets: txn.doc().offset_kind(),
        summary: ChangeSummary::default(),
    };
    writer.children(txn, fragment, children, &target.content)?;
    Ok(writer.summary)
}

/// What stands in a shared element: elements, and texts that stand side by side as one.
enum Present {
    Element {
        element: XmlElementRef,
        node: Node,
    },
    Text {
        texts: Vec<(XmlTextRef, Vec<Run>)>,
        nodes: Vec<Node>,
    },
}

/// What is to stand there.
enum Wanted<'n> {
    Element(&'n Node),
    Text(&'n [Node]),
}

impl Present {
    /// How many children of the shared element it is.
    fn width(&self) -> u32 {
        match self {
            Self::Element { .. } => 1,
            Self::Text { texts, .. } => u32::try_from(texts.len()).unwrap_or(u32::MAX),
        }
    }
}

impl diff::Item for Present {
    fn fingerprint(&self) -> u64 {
        match self {
            Self::Element { node, .. } => fingerprint(node),
            Self::Text { nodes, .. } => fingerprint(nodes),
        }
    }

    fn kind(&self) -> &str {
        match self {
            Self::Element { node, .. } => &node.kind,
            Self::Text { .. } => node::TEXT,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Element { node, .. } => node.plain_text(),
            Self::Text { nodes, .. } => nodes.iter().map(|node| node.text.as_str()).collect(),
        }
    }
}

impl diff::Item for Wanted<'_> {
    fn fingerprint(&self) -> u64 {
        match self {
            Self::Element(node) => fingerprint(node),
            Self::Text(nodes) => fingerprint(nodes),
        }
    }

    fn kind(&self) -> &str {
        match self {
            Self::Element(node) => &node.kind,
            Self::Text(_) => node::TEXT,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Element(node) => node.plain_text(),
            Self::Text(nodes) => nodes.iter().map(|node| node.text.as_str()).collect(),
        }
    }
}

fn same(present: &Present, wanted: &Wanted<'_>) -> bool {
    match (present, wanted) {
        (Present::Element { node, .. }, Wanted::Element(wanted)) => node == *wanted,
        (Present::Text { nodes, .. }, Wanted::Text(wanted)) => nodes == wanted,
        _ => false,
    }
}

fn present(children: Vec<Child>) -> Vec<Present> {
    let mut items: Vec<Present> = Vec::with_capacity(children.len());
    for child in children {
        match (child, items.last_mut()) {
            (Child::Element(element, node), _) => items.push(Present::Element { element, node }),
            (Child::Text(text, runs), Some(Present::Text { texts, .. })) => texts.push((text, runs)),
            (Child::Text(text, runs), _) => items.push(Present::Text {
                texts: vec![(text, runs)],
                nodes: Vec::new(),
            }),
        }
    }
    for item in &mut items {
        if let Present::Text { texts, nodes } = item {
            *nodes = text_nodes(texts.iter().flat_map(|(_, runs)| runs));
        }
    }
    items
}

fn wanted(content: &[Node]) -> Vec<Wanted<'_>> {
    content
        .chunk_by(|before, after| before.is_text() && after.is_text())
        .map(|chunk| match chunk {
            [node] if !node.is_text() => Wanted::Element(node),
            texts => Wanted::Text(texts),
        })
        .collect()
}

struct Writer {
    overlapping: Overlapping,
    fidelity: Fidelity,
    offsets: OffsetKind,
    summary: ChangeSummary,
}

impl Writer {
    /// Makes `children`, which are those of `parent`, be `content`.
    fn children(
        &mut self,
        txn: &mut TransactionMut,
        parent: &XmlFragmentRef,
        children: Vec<Child>,
        content: &[Node],
    ) -> Result<(), ContentError> {
        let present = present(children);
        let wanted = wanted(content);
        let mut moves = Moves::default();
        for step in affordable(align(&present, &wanted, same), present.len(), MAX_WALK) {
            match step {
                Step::Keep(old) => moves.keep(present[old].width()),
                Step::Change(old, new) => {
                    self.change(txn, &present[old], &wanted[new])?;
                    moves.keep(present[old].width());
                }
                Step::Delete(old) => match &present[old] {
                    Present::Element { node, .. } => {
                        self.summary.removed_nodes += node.count();
                        moves.delete();
                    }
                    Present::Text { texts, .. } => {
                        self.text(txn, texts, &[]);
                        moves.keep(present[old].width());
                    }
                },
                Step::Insert(new) => moves.insert(&wanted[new], new),
            }
        }
        let inserted = moves.apply(txn, parent);
        for (out, new) in inserted {
            self.fill(txn, out, &wanted[new])?;
        }
        Ok(())
    }

    /// Puts what is wanted into an empty element or text.
    fn fill(&mut self, txn: &mut TransactionMut, out: Out, wanted: &Wanted<'_>) -> Result<(), ContentError> {
        match (out, wanted) {
            (Out::YXmlElement(element), Wanted::Element(node)) => {
                self.summary.inserted_nodes += 1;
                for (name, value) in &node.attrs {
                    element.insert_attribute(txn, name.as_str(), value::to_any(value));
                }
                self.children(txn, element.as_ref(), Vec::new(), &node.content)
            }
            (Out::YXmlText(text), Wanted::Text(nodes)) => {
                self.summary.inserted_characters +=
                    nodes.iter().map(|node| node.text.chars().count()).sum::<usize>();
                text.apply_delta(txn, fresh(nodes, &self.overlapping));
                Ok(())
            }
            _ => Ok(()), // it was inserted as what is wanted
        }
    }

    fn change(
        &mut self,
        txn: &mut TransactionMut,
        present: &Present,
        wanted: &Wanted<'_>,
    ) -> Result<(), ContentError> {
        match (present, wanted) {
            (Present::Element { element, node, .. }, Wanted::Element(wanted)) => {
                self.attributes(txn, element, node, wanted);
                if node.content == wanted.content {
                    return Ok(());
                }
                let mut reader = Reader::default();
                let children = reader.children(txn, element.as_ref(), 1)?;
                self.overlapping.append(&mut reader.overlapping);
                self.children(txn, element.as_ref(), children, &wanted.content)
            }
            (Present::Text { texts, .. }, Wanted::Text(wanted)) => {
                self.text(txn, texts, wanted);
                Ok(())
            }
            _ => Ok(()), // items of different kinds are never paired
        }
    }

    fn text(&mut self, txn: &mut TransactionMut, texts: &[(XmlTextRef, Vec<Run>)], target: &[Node]) {
        let rewrite = Rewrite {
            overlapping: &self.overlapping,
            fidelity: self.fidelity,
            offsets: self.offsets,
        };
        rewrite.apply(txn, texts, target, &mut self.summary);
    }

    fn attributes(&mut self, txn: &mut TransactionMut, element: &XmlElementRef, node: &Node, wanted: &Node) {
        for (name, value) in &wanted.attrs {
            if node.attrs.get(name) != Some(value) {
                element.insert_attribute(txn, name.as_str(), value::to_any(value));
                self.summary.changed_attributes += 1;
            }
        }
        if self.fidelity == Fidelity::Exact {
            for name in node.attrs.keys().filter(|name| !wanted.attrs.contains_key(*name)) {
                element.remove_attribute(txn, name);
                self.summary.changed_attributes += 1;
            }
        }
    }
}

/// How many steps along a list of children all deletions in it may take together: each run of them walks to its end.
const MAX_WALK: usize = 100_000_000;

/// `steps`, or if they would take too long, one deletion and one insertion instead of everything between the first
/// and the last of them that changes something.
fn affordable(steps: Vec<Step>, length: usize, max_walk: usize) -> Vec<Step> {
    let is_delete = |step: &Step| matches!(step, Step::Delete(_));
    let runs = steps
        .chunk_by(|before, after| is_delete(before) && is_delete(after))
        .filter(|run| is_delete(&run[0]))
        .count();
    if runs.saturating_mul(length) <= max_walk {
        return steps;
    }
    let is_keep = |step: &&Step| matches!(step, Step::Keep(_));
    let start = steps.iter().take_while(is_keep).count();
    let end = steps.len() - steps[start..].iter().rev().take_while(is_keep).count();
    let old = steps[start..end].iter().filter_map(|step| match step {
        Step::Keep(old) | Step::Change(old, _) | Step::Delete(old) => Some(Step::Delete(*old)),
        Step::Insert(_) => None,
    });
    // Before the first change the positions are the same, and from there on each step but a deletion takes the next.
    let new_count = steps[start..end].iter().filter(|step| !is_delete(step)).count();
    let new = (start..start + new_count).map(Step::Insert);
    let (before, after) = (steps[..start].iter().copied(), steps[end..].iter().copied());
    before.chain(old).chain(new).chain(after).collect()
}

/// Children that come and go, as one walk along the list of them.
#[derive(Default)]
struct Moves {
    list: Vec<Delta<In>>,
    /// Where the new children will be, and which ones they are.
    inserted: Vec<(usize, usize)>,
    at: usize,
}

impl Moves {
    fn keep(&mut self, width: u32) {
        self.at += width as usize;
        match self.list.last_mut() {
            Some(Delta::Retain(before, _)) => *before += width,
            _ => self.list.push(Delta::Retain(width, None)),
        }
    }

    fn delete(&mut self) {
        match self.list.last_mut() {
            Some(Delta::Deleted(before)) => *before += 1,
            _ => self.list.push(Delta::Deleted(1)),
        }
    }

    fn insert(&mut self, wanted: &Wanted<'_>, new: usize) {
        let empty = match wanted {
            Wanted::Element(node) => In::XmlElement(XmlElementPrelim::empty(node.kind.as_str())),
            Wanted::Text(_) => In::XmlText(Default::default()),
        };
        self.list.push(Delta::Inserted(empty, None));
        self.inserted.push((self.at, new));
        self.at += 1;
    }

    /// Changes the children of `parent` and returns the new ones, empty, with their positions in what is wanted.
    fn apply(self, txn: &mut TransactionMut, parent: &XmlFragmentRef) -> Vec<(Out, usize)> {
        if self.list.iter().all(|step| matches!(step, Delta::Retain(..))) {
            return Vec::new();
        }
        // A list of children and a text are the same inside. Only a text can be walked along while it is changed:
        // each insertion into a list of children begins at its start.
        let branch: &Branch = parent.as_ref();
        TextRef::from(BranchPtr::from(branch)).apply_delta(txn, self.list);
        let list: &ArrayRef = parent.as_ref();
        let mut inserted = self.inserted.into_iter().peekable();
        let mut found = Vec::with_capacity(inserted.len());
        for (index, out) in list.iter(txn).enumerate() {
            if let Some((_, new)) = inserted.next_if(|(at, _)| *at == index) {
                found.push((out, new));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Step::{Change, Delete, Insert, Keep};

    #[test]
    fn what_would_take_too_long_is_replaced_as_a_whole() {
        let steps = vec![
            Keep(0),
            Delete(1),
            Keep(2),
            Insert(2),
            Delete(3),
            Change(4, 3),
            Keep(5),
        ];
        assert_eq!(affordable(steps.clone(), 6, 12), steps);
        let coarse = [
            Keep(0),
            Delete(1),
            Delete(2),
            Delete(3),
            Delete(4),
            Insert(1),
            Insert(2),
            Insert(3),
            Keep(5),
        ];
        assert_eq!(affordable(steps, 6, 11), coarse);
    }
}
