//! Making shared types say something else, by changing as little of them as is found.
//!
//! Elements that are equal are not touched, elements that changed are changed in place, and so is text: what somebody
//! else types into it at the same time stays. Only an element whose type changes is replaced. A shared text is
//! emptied, never removed, for somebody may be typing into it.

use yrs::types::Delta;
use yrs::{
    In, OffsetKind, Text, TransactionMut, WriteTxn, Xml, XmlElementPrelim, XmlElementRef, XmlFragment,
    XmlFragmentRef, XmlTextPrelim, XmlTextRef,
};

use super::read::{Child, Overlapping, Reader, Run, text_nodes};
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
    let fragment = txn.get_or_insert_xml_fragment(field);
    let mut reader = Reader::default();
    let children = reader.children(txn, fragment.as_ref(), 1)?;
    let mut writer = Writer {
        overlapping: reader.overlapping,
        fidelity,
        offsets: txn.doc().offset_kind(),
        summary: ChangeSummary::default(),
    };
    writer.children(txn, &fragment, children, &target.content)?;
    Ok(writer.summary)
}

/// What stands in a shared element: elements, and texts that stand side by side as one.
enum Present {
    Element {
        index: u32,
        element: XmlElementRef,
        node: Node,
    },
    Text {
        index: u32,
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
    fn index(&self) -> u32 {
        match self {
            Self::Element { index, .. } | Self::Text { index, .. } => *index,
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
    for (index, child) in (0..).zip(children) {
        match (child, items.last_mut()) {
            (Child::Element(element, node), _) => items.push(Present::Element { index, element, node }),
            (Child::Text(text, runs), Some(Present::Text { texts, .. })) => texts.push((text, runs)),
            (Child::Text(text, runs), _) => items.push(Present::Text {
                index,
                texts: vec![(text, runs)],
                nodes: Vec::new(),
            }),
        }
    }
    for item in &mut items {
        if let Present::Text { texts, nodes, .. } = item {
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
        // From the end to the beginning, so that the positions before stay what they are.
        let mut at = u32::try_from(children.len()).unwrap_or(u32::MAX);
        let present = present(children);
        let wanted = wanted(content);
        for step in align(&present, &wanted, same).into_iter().rev() {
            match step {
                Step::Keep(old) => at = present[old].index(),
                Step::Change(old, new) => {
                    at = present[old].index();
                    self.change(txn, &present[old], &wanted[new])?;
                }
                Step::Delete(old) => {
                    at = present[old].index();
                    self.delete(txn, parent, &present[old]);
                }
                Step::Insert(new) => self.insert(txn, parent, at, &wanted[new]),
            }
        }
        Ok(())
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

    fn delete(&mut self, txn: &mut TransactionMut, parent: &XmlFragmentRef, present: &Present) {
        match present {
            Present::Element { index, node, .. } => {
                parent.remove(txn, *index);
                self.summary.removed_nodes += node.count();
            }
            Present::Text { texts, .. } => self.text(txn, texts, &[]),
        }
    }

    fn insert(&mut self, txn: &mut TransactionMut, parent: &XmlFragmentRef, index: u32, wanted: &Wanted<'_>) {
        match wanted {
            Wanted::Element(node) => {
                let element = parent.insert(txn, index, XmlElementPrelim::empty(node.kind.as_str()));
                self.summary.inserted_nodes += 1;
                for (name, value) in &node.attrs {
                    element.insert_attribute(txn, name.as_str(), value::to_any(value));
                }
                for inside in self::wanted(&node.content).iter().rev() {
                    self.insert(txn, element.as_ref(), 0, inside);
                }
            }
            Wanted::Text(nodes) => {
                let delta: Vec<Delta<In>> = fresh(nodes, &self.overlapping);
                self.summary.inserted_characters +=
                    nodes.iter().map(|node| node.text.chars().count()).sum::<usize>();
                let text = parent.insert(txn, index, XmlTextPrelim::new(""));
                text.apply_delta(txn, delta);
            }
        }
    }
}
