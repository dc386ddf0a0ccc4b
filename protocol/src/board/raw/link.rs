//! The names of relations.
//!
//! Invariant: names are in the order of the texts that stand for them in the document, in every language.

use std::cmp::Ordering;
use std::fmt;

use crate::board::id::CardId;
use crate::board::schema::LinkKind;

/// Names a relation between two cards, which need not exist. There is one of a kind between two cards.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LinkId {
    /// Whose.
    pub from: CardId,
    /// Of which kind.
    pub kind: LinkKind,
    /// To whom.
    pub to: CardId,
}

impl LinkId {
    /// The relation whose name in the document is `name`, if it is well formed.
    pub fn parse(name: &str) -> Option<Self> {
        let mut parts = name.splitn(3, '|');
        let from = CardId::parse(parts.next()?).ok()?;
        let kind = LinkKind::parse(parts.next()?)?;
        let to = CardId::parse(parts.next()?).ok()?;
        let ordered = kind != LinkKind::Relates || from < to;
        (from != to && ordered).then_some(Self { from, kind, to })
    }

    /// The name under which it stands in the document.
    pub fn name(&self) -> String {
        format!("{}|{}|{}", self.from, self.kind.as_str(), self.to)
    }

    /// Both cards.
    pub fn ends(&self) -> [&CardId; 2] {
        [&self.from, &self.to]
    }

    fn parts(&self) -> Parts<'_> {
        (&self.from, self.kind, &self.to)
    }
}

/// A relation, borrowed from wherever it is.
pub(in crate::board) type Parts<'l> = (&'l CardId, LinkKind, &'l CardId);

/// The order of the names of two relations, without making them.
pub(in crate::board) fn compare((from, kind, to): Parts<'_>, other: Parts<'_>) -> Ordering {
    before_bar(from.as_str(), other.0.as_str())
        // No kind's text is the beginning of another's.
        .then_with(|| kind.as_str().cmp(other.1.as_str()))
        .then_with(|| to.cmp(other.2))
}

/// The order of two ids that are followed by `|`, which comes after every character of an id.
fn before_bar(one: &str, other: &str) -> Ordering {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let shared = one.len().min(other.len());
    one[..shared]
        .cmp(&other[..shared])
        .then_with(|| other.len().cmp(&one.len()))
}

impl Ord for LinkId {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(self.parts(), other.parts())
    }
}

impl PartialOrd for LinkId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for LinkId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_names_is_that_of_their_texts() {
        let ids = ["a", "ab", "a-", "a_", "aZ", "a0", "z", "0", "zz"];
        let mut links = Vec::new();
        for from in ids {
            for kind in LinkKind::ALL {
                links.extend(
                    ids.iter()
                        .filter_map(|to| LinkId::parse(&format!("{from}|{}|{to}", kind.as_str()))),
                );
            }
        }
        assert!(links.len() > 200);
        for one in &links {
            for other in &links {
                assert_eq!(one.cmp(other), one.name().cmp(&other.name()), "{one} {other}");
            }
        }
    }

    #[test]
    fn what_is_no_relation_has_no_name() {
        for bad in [
            "",
            "a",
            "a|blocks",
            "a|blocks|",
            "a|future|b",
            "a|blocks|a",
            "b|relates|a",
            "ä|blocks|b",
        ] {
            assert_eq!(LinkId::parse(bad), None, "{bad}");
        }
        assert!(LinkId::parse("a|relates|b").is_some() && LinkId::parse("b|blocks|a").is_some());
    }
}
