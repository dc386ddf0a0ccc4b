//! Copies what a document shows into an empty one, without its past.
//!
//! Invariant: a copy shows exactly what the original does, down to types and attributes, or there is none.
//!
//! It must never write to the original.

use std::sync::Arc;

use yrs::types::AsPrelim;
use yrs::types::text::YChange;
use yrs::{
    Any, Array, GetString, Map, MapRef, Out, ReadTxn, Text, TransactionMut, WriteTxn, Xml, XmlElementRef,
    XmlFragment, XmlOut,
};

/// Why there is no copy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCopied {
    /// A root that is not among those to copy: of what type it is cannot be known.
    #[error("the document has a root of unknown type")]
    UnknownRoot,
    /// A document inside of the document.
    #[error("the document holds documents")]
    Subdocument,
    /// The copy is not what the original is.
    #[error("the copy differs from the original")]
    Different,
}

/// Copies `roots`, all of them maps, into the empty document behind `to`.
///
/// # Errors
/// [`NotCopied`]; then the new document must be thrown away.
pub fn copy_maps<T: ReadTxn>(from: &T, to: &mut TransactionMut<'_>, roots: &[&str]) -> Result<(), NotCopied> {
    if from.root_refs().any(|(name, _)| !roots.contains(&name)) {
        return Err(NotCopied::UnknownRoot);
    }
    if from.subdoc_guids().next().is_some() {
        return Err(NotCopied::Subdocument);
    }
    for root in roots {
        let Some(original) = from.get_map(*root) else {
            continue;
        };
        let copy = to.get_or_insert_map(*root);
        // In the order of the keys, so that the same content makes the same bytes.
        let mut entries: Vec<_> = original.iter(from).collect();
        entries.sort_unstable_by(|left, right| left.0.cmp(right.0));
        for (key, value) in entries {
            copy.insert(to, key, value.as_prelim(from));
        }
        settle_map(from, &original, to, &copy)?;
    }
    Ok(())
}

/// Whether `copy` is what `original` is; what preliminary values cannot carry is written to it first.
fn settle<T: ReadTxn>(
    from: &T,
    original: &Out,
    to: &mut TransactionMut<'_>,
    copy: &Out,
) -> Result<(), NotCopied> {
    match (original, copy) {
        (Out::Any(original), Out::Any(copy)) => same(original == copy),
        (Out::YMap(original), Out::YMap(copy)) => settle_map(from, original, to, copy),
        (Out::YArray(original), Out::YArray(copy)) => {
            same(original.len(from) == copy.len(to))?;
            for index in 0..original.len(from) {
                let pair = (original.get(from, index), copy.get(to, index));
                let (Some(original), Some(copy)) = pair else {
                    return Err(NotCopied::Different);
                };
                settle(from, &original, to, &copy)?;
            }
            Ok(())
        }
        (Out::YText(original), Out::YText(copy)) => same(pieces(from, original)? == pieces(to, copy)?),
        (Out::YXmlText(original), Out::YXmlText(copy)) => {
            settle_attributes(from, original, to, copy)?;
            same(pieces(from, original)? == pieces(to, copy)?)
        }
        (Out::YXmlElement(original), Out::YXmlElement(copy)) => settle_element(from, original, to, copy),
        (Out::YXmlFragment(original), Out::YXmlFragment(copy)) => settle_children(from, original, to, copy),
        _ => Err(NotCopied::Different),
    }
}

fn settle_map<T: ReadTxn>(
    from: &T,
    original: &MapRef,
    to: &mut TransactionMut<'_>,
    copy: &MapRef,
) -> Result<(), NotCopied> {
    same(original.len(from) == copy.len(to))?;
    for (key, value) in original.iter(from) {
        let copied = copy.get(to, key).ok_or(NotCopied::Different)?;
        settle(from, &value, to, &copied)?;
    }
    Ok(())
}

fn settle_element<T: ReadTxn>(
    from: &T,
    original: &XmlElementRef,
    to: &mut TransactionMut<'_>,
    copy: &XmlElementRef,
) -> Result<(), NotCopied> {
    same(original.tag() == copy.tag())?;
    settle_attributes(from, original, to, copy)?;
    settle_children(from, original, to, copy)
}

/// Preliminary values carry attributes as texts; numbers, booleans and the like are written again as what they are.
fn settle_attributes<T: ReadTxn, X: Xml>(
    from: &T,
    original: &X,
    to: &mut TransactionMut<'_>,
    copy: &X,
) -> Result<(), NotCopied> {
    let attributes: Vec<(Arc<str>, Out)> = original
        .attributes(from)
        .map(|(name, value)| (Arc::from(name), value))
        .collect();
    same(attributes.len() == copy.attributes(to).count())?;
    for (name, value) in attributes {
        let Out::Any(value) = value else {
            return Err(NotCopied::Different);
        };
        if copy.get_attribute(to, &name) != Some(Out::Any(value.clone())) {
            copy.insert_attribute(to, Arc::clone(&name), value.clone());
        }
        same(copy.get_attribute(to, &name) == Some(Out::Any(value)))?;
    }
    Ok(())
}

fn settle_children<T: ReadTxn, X: XmlFragment>(
    from: &T,
    original: &X,
    to: &mut TransactionMut<'_>,
    copy: &X,
) -> Result<(), NotCopied> {
    let (originals, copies): (Vec<_>, Vec<_>) =
        (original.children(from).collect(), copy.children(to).collect());
    same(originals.len() == copies.len())?;
    for (original, copy) in originals.into_iter().zip(copies) {
        settle(from, &node(original), to, &node(copy))?;
    }
    Ok(())
}

fn node(node: XmlOut) -> Out {
    match node {
        XmlOut::Element(element) => Out::YXmlElement(element),
        XmlOut::Fragment(fragment) => Out::YXmlFragment(fragment),
        XmlOut::Text(text) => Out::YXmlText(text),
    }
}

/// A value and its formats, by name.
type Piece = (Any, Vec<(Arc<str>, Any)>);

/// What a text consists of: values and their formats. Shared types inside of a text are not copied.
fn pieces<T: ReadTxn, X: Text + GetString>(txn: &T, text: &X) -> Result<Vec<Piece>, NotCopied> {
    let pieces = text.diff(txn, YChange::identity).into_iter().map(|piece| {
        let Out::Any(value) = piece.insert else {
            return Err(NotCopied::Different);
        };
        let formats = piece.attributes.into_iter().flat_map(|formats| *formats);
        let mut formats: Vec<_> = formats.collect();
        formats.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        Ok((value, formats))
    });
    pieces.collect()
}

fn same(is_same: bool) -> Result<(), NotCopied> {
    if is_same {
        Ok(())
    } else {
        Err(NotCopied::Different)
    }
}
