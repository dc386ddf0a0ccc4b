//! How deep shared types nest inside one update.
//!
//! A block says in which type it goes only if it has no neighbours; otherwise it goes where they are. So the depth of
//! a type follows from a walk over references, in bytes that somebody hostile may have written.
//!
//! Invariant: each block is resolved once, with a stack on the heap, and references that go in circles end. Memory is
//! some 30 bytes for each block that is really there.

use std::collections::HashMap;

use super::block::{Block, Id, Kind, Place};
use super::{ScanError, UpdateLimits, walk};

/// Stands for the named types of the document where the index of a node would say what a type hangs from.
const ROOT: u32 = u32::MAX;

/// A block, reduced to what decides its depth. Numbers are indices of nodes; those behind the last block stand for
/// ids that are not in the update.
#[derive(Debug, Clone, Copy)]
enum Node {
    /// In a type that the document has by name, or garbage, in which nothing can be.
    Ground,
    /// A gap.
    Unknown,
    /// In this type.
    Inside(u32),
    /// Where this one is.
    Beside(u32),
    /// Where these are. `yrs` takes the left one's parent unless that one is garbage; the deeper of both is a bound.
    Between(u32, u32),
}

/// How many types something is in, counted from an unknown node or from [`ROOT`].
#[derive(Debug, Clone, Copy)]
struct Depth {
    types: u32,
    anchor: u32,
}

const ON_GROUND: Depth = Depth {
    types: 0,
    anchor: ROOT,
};

/// What is known about the depth of one node.
#[derive(Debug, Clone, Copy)]
enum Progress {
    Unseen,
    Begun,
    Done(Depth),
}

/// The longest chains of types.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    rooted: u32,
    /// The longest chain from each unknown node.
    floating: HashMap<u32, u32>,
}

impl Nesting {
    /// Measures an update that has passed the walk with these limits and has `blocks` blocks, Skips included.
    pub(super) fn measure(bytes: &[u8], limits: &UpdateLimits, blocks: usize) -> Result<Self, ScanError> {
        // All indices, those of ids outside (at most two for each block) included, are numbers below ROOT.
        if blocks >= (ROOT / 4) as usize {
            return Err(ScanError::TooManyBlocks);
        }
        let mut index = Index {
            sections: Vec::new(),
            clocks: Vec::with_capacity(blocks),
        };
        walk(bytes, limits, |block| index.add(block))?;
        index.sections.sort_unstable_by_key(|section| section.client);
        let mut graph = Graph {
            index,
            nodes: Vec::with_capacity(blocks),
            is_type: Vec::with_capacity(blocks),
            outside: HashMap::new(),
        };
        walk(bytes, limits, |block| graph.add(block))?;
        Ok(graph.resolve())
    }

    /// The longest chain, wherever it hangs.
    pub(super) fn deepest(&self) -> u32 {
        self.floating.values().copied().fold(self.rooted, u32::max)
    }

    /// Whether some chain hangs from something unknown.
    pub(super) fn floats(&self) -> bool {
        !self.floating.is_empty()
    }

    /// The depth if every floating chain came to hang below the deepest type, one after the other.
    pub(super) fn bound(&self) -> u32 {
        self.floating
            .values()
            .copied()
            .fold(self.rooted, u32::saturating_add)
    }
}

/// The blocks of one client: those from `first` up to, not including, `last`.
struct Section {
    client: u64,
    first: usize,
    last: usize,
    end_clock: u32,
}

/// Finds the block that has an id.
struct Index {
    sections: Vec<Section>,
    clocks: Vec<u32>,
}

impl Index {
    fn add(&mut self, block: &Block) {
        let at = self.clocks.len();
        self.clocks.push(block.id.clock);
        match self.sections.last_mut() {
            Some(section) if section.client == block.id.client => {
                section.last = at + 1;
                section.end_clock = block.end;
            }
            _ => self.sections.push(Section {
                client: block.id.client,
                first: at,
                last: at + 1,
                end_clock: block.end,
            }),
        }
    }

    fn find(&self, id: Id) -> Option<usize> {
        let found = self
            .sections
            .binary_search_by_key(&id.client, |section| section.client)
            .ok()?;
        let section = self.sections.get(found)?;
        if id.clock >= section.end_clock {
            return None;
        }
        let clocks = self.clocks.get(section.first..section.last)?;
        let behind = clocks.partition_point(|clock| *clock <= id.clock);
        Some(section.first + behind.checked_sub(1)?)
    }
}

/// What hangs from what.
struct Graph {
    index: Index,
    nodes: Vec<Node>,
    is_type: Vec<bool>,
    /// Nodes for ids that are not in the update.
    outside: HashMap<(u64, u32), u32>,
}

impl Graph {
    fn add(&mut self, block: &Block) {
        let (node, is_type) = match block.kind {
            Kind::Collected => (Node::Ground, false),
            Kind::Skip => (Node::Unknown, false),
            Kind::Item { place, is_type } => (self.node(place), is_type),
        };
        self.nodes.push(node);
        self.is_type.push(is_type);
    }

    fn node(&mut self, place: Place) -> Node {
        match place {
            Place::Inside(parent) => Node::Inside(self.target(parent)),
            Place::Beside {
                left: Some(left),
                right: Some(right),
            } => Node::Between(self.target(left), self.target(right)),
            Place::Beside {
                left: Some(one),
                right: None,
            }
            | Place::Beside {
                left: None,
                right: Some(one),
            } => Node::Beside(self.target(one)),
            Place::Root
            | Place::Beside {
                left: None,
                right: None,
            } => Node::Ground,
        }
    }

    fn target(&mut self, id: Id) -> u32 {
        if let Some(at) = self.index.find(id) {
            return at as u32;
        }
        let next = (self.index.clocks.len() + self.outside.len()) as u32;
        *self.outside.entry((id.client, id.clock)).or_insert(next)
    }

    fn resolve(&self) -> Nesting {
        let mut nesting = Nesting::default();
        let mut progress = vec![Progress::Unseen; self.nodes.len()];
        let mut stack = Vec::new();
        for (at, is_type) in self.is_type.iter().enumerate() {
            if *is_type {
                let depth = self.depth(at as u32, &mut progress, &mut stack);
                let chain = if depth.anchor == ROOT {
                    &mut nesting.rooted
                } else {
                    nesting.floating.entry(depth.anchor).or_default()
                };
                *chain = (*chain).max(depth.types.saturating_add(1));
            }
        }
        nesting
    }

    /// How many types the node is in. `stack` is empty before and after.
    fn depth(&self, wanted: u32, progress: &mut [Progress], stack: &mut Vec<u32>) -> Depth {
        stack.push(wanted);
        while let Some(&at) = stack.last() {
            let unseen = |target: &u32| matches!(progress.get(*target as usize), Some(Progress::Unseen));
            let waits_for = match self.nodes.get(at as usize) {
                Some(Node::Inside(target) | Node::Beside(target)) => Some(*target).filter(unseen),
                Some(Node::Between(left, right)) => [*left, *right].into_iter().find(unseen),
                Some(Node::Ground | Node::Unknown) | None => None,
            };
            let depth = match waits_for {
                Some(target) if target != at => None,
                _ => Some(self.combine(at, progress)),
            };
            if let Some(own) = progress.get_mut(at as usize) {
                *own = depth.map_or(Progress::Begun, Progress::Done);
            }
            match (depth, waits_for) {
                (None, Some(target)) => stack.push(target),
                _ => drop(stack.pop()),
            }
        }
        known(wanted, progress)
    }

    /// The depth of a node whose targets are resolved, as far as they do not lead back to it.
    fn combine(&self, at: u32, progress: &[Progress]) -> Depth {
        match self.nodes.get(at as usize) {
            Some(Node::Ground) => ON_GROUND,
            Some(Node::Unknown) | None => Depth { types: 0, anchor: at },
            Some(Node::Beside(target)) => known(*target, progress),
            Some(Node::Between(left, right)) => {
                let (left, right) = (known(*left, progress), known(*right, progress));
                let deeper = left.types > right.types || (left.types == right.types && left.anchor != ROOT);
                if deeper { left } else { right }
            }
            Some(Node::Inside(target)) => {
                let outer = known(*target, progress);
                let is_type = self.is_type.get(*target as usize).is_some_and(|is_type| *is_type);
                Depth {
                    types: outer.types.saturating_add(u32::from(is_type)),
                    ..outer
                }
            }
        }
    }
}

/// What is known about a node. One outside of the update is its own anchor; one that is not resolved yet leads back to
/// where the question came from, which no document ever resolves either.
fn known(at: u32, progress: &[Progress]) -> Depth {
    match progress.get(at as usize) {
        Some(Progress::Done(depth)) => *depth,
        Some(Progress::Unseen | Progress::Begun) => ON_GROUND,
        None => Depth { types: 0, anchor: at },
    }
}
