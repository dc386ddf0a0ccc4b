//! What can be wrong with content, and where.
//!
//! An error names a place in the input and a rule that was broken; it never repeats the input itself, so it can be
//! shown to the sender and written to a log as it is.

use std::fmt::Write as _;

/// Content that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {fault}")]
pub struct ContentError {
    /// Where in the input, as a path from its root, for example `content[3].attrs.href`. For text formats `content`.
    pub field: String,
    /// What is wrong there.
    pub fault: Fault,
}

/// The rule that content broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The input, or what it unfolds into, is larger than this many bytes.
    #[error("is larger than {0} bytes")]
    TooLarge(usize),
    /// Nodes nest deeper than this.
    #[error("nests deeper than {0} levels")]
    TooDeep(usize),
    /// There are more nodes, marks and attribute values than this.
    #[error("has more than {0} parts")]
    TooMany(usize),
    /// The bytes are not UTF-8, or a string holds half of a surrogate pair.
    #[error("is not valid Unicode text")]
    NotUnicode,
    /// Not JSON, at this line and column (counted from 1).
    #[error("is not valid JSON at line {line}, column {column}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// Something else is expected here.
    #[error("must be {0}")]
    Expected(&'static str),
    /// A member that nodes and marks do not have.
    #[error("is not a member that belongs here")]
    UnknownMember,
    /// An address that is neither relative nor `http`, `https` or `mailto`.
    #[error("must be a relative address or one with http, https or mailto")]
    UnsafeAddress,
    /// The index of a patch operation points past the end.
    #[error("points past the end of the document")]
    OutOfRange,
    /// What the document holds under this name is not rich text.
    #[error("does not hold rich text")]
    NotRichText,
}

impl Fault {
    /// A stable name for machines, `UPPER_SNAKE`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "TOO_LARGE",
            Self::TooDeep(_) => "TOO_DEEP",
            Self::TooMany(_) => "TOO_MANY",
            Self::NotUnicode => "NOT_UNICODE",
            Self::Syntax { .. } => "SYNTAX",
            Self::Expected(_) => "UNEXPECTED",
            Self::UnknownMember => "UNKNOWN_MEMBER",
            Self::UnsafeAddress => "UNSAFE_ADDRESS",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::NotRichText => "NOT_RICH_TEXT",
        }
    }
}

impl ContentError {
    /// `fault` at the input as a whole.
    pub fn whole(fault: Fault) -> Self {
        Self {
            field: "content".to_owned(),
            fault,
        }
    }
}

/// How much of a member's name a path repeats, in characters: names are input.
const NAME_LENGTH: usize = 40;

/// Where a reader is in the input.
#[derive(Debug, Default)]
pub(super) struct Place(String);

impl Place {
    /// Enters the element `index` and tells where to come back to.
    pub(super) fn index(&mut self, index: usize) -> usize {
        let length = self.0.len();
        let _ = write!(self.0, "[{index}]");
        length
    }

    /// Enters the member `name` and tells where to come back to.
    pub(super) fn member(&mut self, name: &str) -> usize {
        let length = self.0.len();
        if length > 0 {
            self.0.push('.');
        }
        self.0
            .extend(name.chars().filter(|c| !c.is_control()).take(NAME_LENGTH));
        length
    }

    /// Goes back to what entering told.
    pub(super) fn leave(&mut self, length: usize) {
        self.0.truncate(length);
    }

    /// `fault` at this place.
    pub(super) fn error(&self, fault: Fault) -> ContentError {
        if self.0.is_empty() {
            return ContentError::whole(fault);
        }
        ContentError {
            field: self.0.clone(),
            fault,
        }
    }
}
