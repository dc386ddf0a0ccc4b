//! Requests that come from outside of any connection: the REST API reads and changes documents through their rooms, by
//! the same path as everybody else.
//!
//! An answer to a change leaves only when the change is durable.

use std::fmt;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use weft_protocol::board::{CardId, ChangeError};
use weft_protocol::close::CloseReason;
use weft_protocol::scan::UpdateFacts;

use super::board::BoardEdit;
use crate::content::{ContentError, ContentPatch, Format, Node};

/// What a document is at one moment: two are equal exactly if the documents are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version([u8; 16]);

impl Version {
    /// The version of the document with this encoded snapshot (state vector and deletions).
    pub(super) fn of(snapshot: &[u8]) -> Self {
        let mut version = [0; 16];
        version.copy_from_slice(&Sha256::digest(snapshot)[..16]);
        Self(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// What a change takes for granted about the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It is one of these, as [`Version`]s are written.
    Unchanged(Vec<String>),
    /// Whatever it is.
    Any,
    /// It has no content yet.
    Absent,
}

/// What is asked of a room.
#[derive(Debug)]
pub(crate) enum Operation {
    /// The rich text in `field`.
    Read {
        /// The shared type that holds it.
        field: String,
    },
    /// The whole document as an update.
    ReadUpdate,
    /// Who is here.
    ReadPresence,
    /// `field` is to show `target`; only what differs is changed.
    Write {
        /// The shared type that holds it.
        field: String,
        /// What it is to show.
        target: Node,
        /// The format that the target came in: what it has no words for stays.
        format: Format,
        /// When.
        condition: Condition,
        /// What it may add to the document, in bytes: at most the size of the request.
        size_bytes: usize,
    },
    /// Blocks of `field` are to change.
    Patch {
        /// The shared type that holds it.
        field: String,
        /// How, in order.
        patches: Vec<ContentPatch>,
        /// When; by default whatever the document is.
        condition: Option<Condition>,
        /// What they may add to the document, in bytes: at most the size of the request.
        size_bytes: usize,
    },
    /// An update made elsewhere is to be taken in; its bytes have passed the scan.
    Apply {
        /// The update.
        update: Bytes,
        /// What the scan found.
        facts: UpdateFacts,
    },
    /// What everybody is shown of the board.
    ReadBoard,
    /// The description of a card.
    ReadDescription {
        /// The card.
        card: CardId,
    },
    /// A board is to change.
    EditBoard(BoardEdit),
}

impl Operation {
    /// Whether the answer tells what the document is then. To find that out takes time that grows with the document, so it is
    /// told only where somebody is shown it: a card that moves on a large board is no business of the whole board.
    pub(super) fn tells_version(&self) -> bool {
        match self {
            Self::Read { .. }
            | Self::ReadUpdate
            | Self::Write { .. }
            | Self::Patch { .. }
            | Self::Apply { .. }
            | Self::ReadBoard => true,
            Self::ReadPresence | Self::ReadDescription { .. } | Self::EditBoard(_) => false,
        }
    }
}

/// What a room answers.
#[derive(Debug)]
pub(crate) struct ContentAnswer {
    /// What the document is now, if the operation tells it.
    pub(crate) version: Option<Version>,
    /// What was read.
    pub(crate) body: Option<ContentBody>,
}

/// What was read.
#[derive(Debug)]
pub(crate) enum ContentBody {
    /// Rich text.
    Node(Node),
    /// The whole document as an update.
    Update(Bytes),
    /// What is shown of a board, as JSON.
    Board(Bytes),
    /// Clients and what they say about themselves, as JSON.
    Presence(Vec<(u64, String)>),
}

/// Why a room has done nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ContentRefusal {
    /// The document is not what the request takes for granted.
    Precondition,
    /// The content cannot be taken, or the document has none.
    Content(ContentError),
    /// An update that the document cannot take.
    Update(CloseReason),
    /// The board does not allow the change.
    Board(ChangeError),
    /// The document is no board.
    NoBoard,
    /// The board has no such card, or only in its trash.
    NoSuchCard,
    /// The document cannot be had.
    Unavailable(CloseReason),
}

/// Where the answer goes.
pub(crate) struct Reply(Box<dyn FnOnce(Result<ContentAnswer, ContentRefusal>) + Send>);

impl Reply {
    /// `send` gets the answer, once.
    pub(super) fn new(send: impl FnOnce(Result<ContentAnswer, ContentRefusal>) + Send + 'static) -> Self {
        Self(Box::new(send))
    }

    /// Answers.
    pub(super) fn send(self, result: Result<ContentAnswer, ContentRefusal>) {
        (self.0)(result);
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Reply")
    }
}

/// An answer that waits until the change it speaks of is durable.
#[derive(Debug)]
pub(crate) struct Deferred {
    pub(super) reply: Reply,
    pub(super) answer: ContentAnswer,
}

impl Deferred {
    pub(super) fn send(self) {
        self.reply.send(Ok(self.answer));
    }
}

/// A request and the way back.
#[derive(Debug)]
pub(crate) struct ContentRequest {
    /// What is asked.
    pub(crate) operation: Operation,
    /// The account whose doing a change of content is, if it is one's. Edits of boards say so themselves.
    pub(crate) by: Option<Uuid>,
    /// Where the answer goes.
    pub(crate) reply: Reply,
}
