//! The descriptions of cards: rich text, which others write.
//!
//! Invariant: a copy has what the original shows, attributes and formatting of every type included. What is no rich text
//! in it is left out.

use std::sync::Arc;

use yrs::types::Delta;
use yrs::types::text::YChange;
use yrs::{
    Any, Array, ArrayRef, In, Map, Out, Text, TransactionMut, Xml, XmlElementPrelim, XmlElementRef,
    XmlFragment, XmlFragmentPrelim, XmlFragmentRef, XmlTextPrelim, XmlTextRef,
};

use super::{ChangeError, Editor};
use crate::board::id::CardId;
use crate::board::schema::field;

impl<'t> Editor<'_, 't> {
    /// The description of a card, for those who write rich text. One that is none is replaced by an empty one.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`].
    pub fn description(
        &mut self,
        card: &CardId,
    ) -> Result<(&mut TransactionMut<'t>, XmlFragmentRef), ChangeError> {
        let shared = self.card(card)?;
        self.touched.descriptions.insert(card.clone());
        let description = match shared.get(self.txn, field::DESC) {
            Some(Out::YXmlFragment(description)) => description,
            _ => shared.insert(self.txn, field::DESC, XmlFragmentPrelim::default()),
        };
        Ok((self.txn, description))
    }
}

/// A shared list of rich text, and the empty one that gets the same.
type Pair = (ArrayRef, XmlFragmentRef);

/// Writes what `from` says into `to`, which is empty. Goes from one list to the next instead of into it, so that deep
/// text needs no deep stack, and from the end to the beginning, where putting something in costs least.
pub(super) fn copy(txn: &mut TransactionMut<'_>, from: &XmlFragmentRef, to: XmlFragmentRef) {
    let list = |list: &dyn AsRef<ArrayRef>| list.as_ref().clone();
    let mut open: Vec<Pair> = vec![(list(from), to)];
    while let Some((from, to)) = open.pop() {
        let children: Vec<Out> = from.iter(txn).collect();
        for child in children.into_iter().rev() {
            match child {
                Out::YXmlElement(element) => {
                    let copied = copy_element(txn, &element, &to);
                    let inside: &XmlFragmentRef = copied.as_ref();
                    open.push((list(&element), inside.clone()));
                }
                Out::YXmlText(text) => copy_text(txn, &text, &to),
                _ => {}
            }
        }
    }
}

/// An element with the attributes of another, still without children.
fn copy_element(txn: &mut TransactionMut<'_>, from: &XmlElementRef, to: &XmlFragmentRef) -> XmlElementRef {
    let tag = from.try_tag().map_or_else(|| Arc::from("UNDEFINED"), Arc::clone);
    let copied = to.push_front(txn, XmlElementPrelim::empty(tag));
    copy_attributes(txn, from, &copied);
    copied
}

fn copy_text(txn: &mut TransactionMut<'_>, from: &XmlTextRef, to: &XmlFragmentRef) {
    let copied = to.push_front(txn, XmlTextPrelim::new(""));
    copy_attributes(txn, from, &copied);
    let pieces = from.diff(txn, YChange::identity).into_iter();
    let pieces = pieces.filter_map(|piece| match piece.insert {
        Out::Any(value) => Some(Delta::Inserted(In::Any(value), piece.attributes)),
        _ => None,
    });
    copied.apply_delta(txn, pieces.collect::<Vec<_>>());
}

/// Copies attributes, in an order that does not depend on where they lie in memory.
fn copy_attributes(txn: &mut TransactionMut<'_>, from: &impl Xml, to: &impl Xml) {
    let mut attributes: Vec<(Arc<str>, Any)> = from
        .attributes(txn)
        .filter_map(|(name, value)| match value {
            Out::Any(value) => Some((name.into(), value)),
            _ => None,
        })
        .collect();
    attributes.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (name, value) in attributes {
        to.insert_attribute(txn, name, value);
    }
}
