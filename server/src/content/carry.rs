//! Keeps what a format has no words for.
//!
//! Somebody reads a document as Markdown, changes a line and sends all of it back. Blocks they did not touch must not
//! lose what Markdown does not show. So every block of the current document is shown to itself in that format: where
//! the new document has exactly what the block looks like, the block itself stands for it. A block that the format
//! does not show at all cannot be deleted through it.

use std::ops::Range;

use super::diff::{common, fingerprint};
use super::model::{Node, node};
use super::{Format, Limits, parse, render};

/// `target`, with the blocks of `current` in the places where it shows just them.
pub(super) fn carry_over(current: Node, target: Node, format: Format) -> Node {
    let shown: Vec<Vec<Node>> = current
        .content
        .iter()
        .map(|block| as_shown(block, format))
        .collect();
    let old: Vec<u64> = shown.iter().flatten().map(fingerprint).collect();
    let new: Vec<u64> = target.content.iter().map(fingerprint).collect();
    let mut partner = vec![None; old.len()];
    for (x, y) in common(&old, &new) {
        partner[x] = Some(y);
    }

    let mut places: Vec<Place> = target.content.into_iter().map(Place::of).collect();
    // What is invisible stays where it was among the visible: so many blocks behind the last that was found again.
    let mut in_front = Vec::new();
    let (mut next, mut changed) = (0, 0);
    let mut at = 0;
    for (block, shown) in current.content.into_iter().zip(&shown) {
        if shown.is_empty() {
            let gap = partner[at..]
                .iter()
                .flatten()
                .next()
                .map_or(places.len(), |next| *next)
                .saturating_sub(next);
            match (next + changed.min(gap)).checked_sub(1) {
                None => in_front.push(block),
                Some(place) => places[place].behind.push(block),
            }
            continue;
        }
        let partners = &partner[at..at + shown.len()];
        at += shown.len();
        match whole(partners, shown, &places) {
            Some(found) => {
                next = found.end;
                changed = 0;
                places[found.clone()]
                    .iter_mut()
                    .for_each(|place| place.node = None);
                places[found.start].node = Some(block);
            }
            None => changed += shown.len(),
        }
    }
    let behind = places
        .into_iter()
        .flat_map(|place| place.node.into_iter().chain(place.behind));
    Node::of(node::DOC, in_front.into_iter().chain(behind).collect())
}

/// The places in which all of `shown` stands, in a row.
fn whole(partners: &[Option<usize>], shown: &[Node], places: &[Place]) -> Option<Range<usize>> {
    let first = (*partners.first()?)?;
    let found = first..first + shown.len();
    let is_row = found
        .clone()
        .zip(partners)
        .all(|(place, partner)| *partner == Some(place));
    let is_same = || {
        places[found.clone()]
            .iter()
            .zip(shown)
            .all(|(place, shown)| place.node.as_ref() == Some(shown))
    };
    (is_row && is_same()).then_some(found)
}

/// What stands in one place of the new document.
struct Place {
    node: Option<Node>,
    behind: Vec<Node>,
}

impl Place {
    fn of(node: Node) -> Self {
        Self {
            node: Some(node),
            behind: Vec::new(),
        }
    }
}

/// What a reader of the format makes of what the format shows of `block`.
fn as_shown(block: &Node, format: Format) -> Vec<Node> {
    let alone = Node::of(node::DOC, vec![block.clone()]);
    // What is in the document already is not measured again.
    let limits = Limits {
        max_bytes: usize::MAX / 8,
        max_parts: usize::MAX,
        max_depth: 2 * super::model::MAX_TREE_DEPTH,
    };
    parse(render(&alone, format).as_bytes(), format, &limits)
        .map(|node| node.content)
        .unwrap_or_default()
}
