//! From shared types to a tree.

use std::collections::BTreeSet;
use std::sync::Arc;

use yrs::types::text::YChange;
use yrs::{Any, Array, ArrayRef, Out, ReadTxn, Text, Xml, XmlElementRef, XmlFragmentRef, XmlTextRef};

use super::value;
use crate::content::error::{ContentError, Fault, Place};
use crate::content::model::{Attrs, MAX_TREE_DEPTH, Mark, Node, node, push_text};

/// A child of a shared XML element, with what it would be in a tree.
#[derive(Debug)]
pub(super) enum Child {
    /// A node.
    Element(XmlElementRef, Node),
    /// Text.
    Text(XmlTextRef, Vec<Run>),
}

/// A piece of a shared text whose formatting is the same throughout.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Run {
    /// Text with its marks.
    Text(String, Vec<Styled>),
    /// Something that is no text. It counts as one and is never touched.
    Embed,
}

/// A mark and the key it is stored under.
pub(super) type Styled = (Arc<str>, Mark);

impl Run {
    /// Its text.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text, _) => text,
            Self::Embed => "",
        }
    }
}

/// The text nodes that `runs` are.
pub(super) fn text_nodes<'r>(runs: impl Iterator<Item = &'r Run>) -> Vec<Node> {
    let mut nodes = Vec::new();
    for run in runs {
        if let Run::Text(text, marks) = run {
            let marks = marks.iter().map(|(_, mark)| mark.clone()).collect();
            push_text(&mut nodes, Node::text(text.as_str(), marks));
        }
    }
    nodes
}

/// The marks of the document that were found under hashed names: those that may stand beside themselves.
pub(super) type Overlapping = BTreeSet<String>;

/// Reads the rich text under `field`.
///
/// # Errors
/// [`Fault::NotRichText`], [`Fault::TooDeep`].
pub(crate) fn read<T: ReadTxn>(txn: &T, field: &str) -> Result<Node, ContentError> {
    check_kind(txn, field)?;
    match txn.get_xml_fragment(field) {
        Some(fragment) => read_fragment(txn, &fragment),
        None => Ok(Node::new(node::DOC)),
    }
}

/// Reads the rich text in `fragment`, wherever that is in the document.
///
/// # Errors
/// [`Fault::TooDeep`].
pub(crate) fn read_fragment<T: ReadTxn>(txn: &T, fragment: &XmlFragmentRef) -> Result<Node, ContentError> {
    let children = Reader::default().children(txn, fragment.as_ref(), 1)?;
    Ok(Node::of(node::DOC, contents(children.into_iter())))
}

/// Checks that `field` is not known to be of another kind. In a document that came as updates, kinds are not known.
pub(super) fn check_kind<T: ReadTxn>(txn: &T, field: &str) -> Result<(), ContentError> {
    match txn.get(field) {
        Some(Out::YArray(_) | Out::YMap(_) | Out::YText(_) | Out::YXmlText(_) | Out::YXmlElement(_)) => {
            Err(ContentError::whole(Fault::NotRichText))
        }
        _ => Ok(()),
    }
}

/// The nodes that `children` are.
fn contents(children: impl Iterator<Item = Child>) -> Vec<Node> {
    let mut content = Vec::new();
    for child in children {
        match child {
            Child::Element(_, node) => content.push(node),
            Child::Text(_, runs) => {
                text_nodes(runs.iter())
                    .into_iter()
                    .for_each(|node| push_text(&mut content, node));
            }
        }
    }
    content
}

/// Reads one level of the shared tree after another.
#[derive(Debug, Default)]
pub(super) struct Reader {
    place: Place,
    /// What was found on the way.
    pub(super) overlapping: Overlapping,
}

impl Reader {
    /// The children in `list`, which is a shared XML fragment or element at `depth`.
    pub(super) fn children<T: ReadTxn>(
        &mut self,
        txn: &T,
        list: &ArrayRef,
        depth: usize,
    ) -> Result<Vec<Child>, ContentError> {
        if depth > MAX_TREE_DEPTH {
            return Err(self.place.error(Fault::TooDeep(MAX_TREE_DEPTH)));
        }
        let mut children = Vec::with_capacity(list.len(txn) as usize);
        for (index, child) in list.iter(txn).enumerate() {
            let back = self.place.index(index);
            children.push(match child {
                Out::YXmlElement(element) => {
                    let node = self.element(txn, &element, depth + 1)?;
                    Child::Element(element, node)
                }
                Out::YXmlText(text) => {
                    let runs = self.runs(txn, &text);
                    Child::Text(text, runs)
                }
                _ => return Err(self.place.error(Fault::NotRichText)),
            });
            self.place.leave(back);
        }
        Ok(children)
    }

    fn element<T: ReadTxn>(
        &mut self,
        txn: &T,
        element: &XmlElementRef,
        depth: usize,
    ) -> Result<Node, ContentError> {
        let kind = element.try_tag().map_or("UNDEFINED", AsRef::as_ref);
        let children = self.children(txn, element.as_ref(), depth)?;
        Ok(Node {
            kind: kind.to_owned(),
            attrs: attributes(txn, element),
            content: contents(children.into_iter()),
            ..Node::default()
        })
    }

    fn runs<T: ReadTxn>(&mut self, txn: &T, text: &XmlTextRef) -> Vec<Run> {
        let mut runs = Vec::new();
        for piece in text.diff(txn, YChange::identity) {
            let Out::Any(Any::String(text)) = piece.insert else {
                runs.push(Run::Embed);
                continue;
            };
            let mut marks = Vec::new();
            for (key, value) in piece.attributes.into_iter().flat_map(|attributes| *attributes) {
                let mark = value::mark(&key, &value);
                if mark.kind.len() != key.len() {
                    self.overlapping.insert(mark.kind.clone());
                }
                marks.push((key, mark));
            }
            runs.push(Run::Text(text.as_ref().to_owned(), marks));
        }
        runs
    }
}

/// The attributes of `element` that JSON has words for.
fn attributes<T: ReadTxn>(txn: &T, element: &XmlElementRef) -> Attrs {
    let readable = element
        .attributes(txn)
        .filter_map(|(name, value)| Some((name.to_owned(), value::attribute(&value)?)));
    readable.filter(|(_, value)| !value.is_null()).collect()
}
