//! People in lists: members with the names of their accounts.

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::workspaces::Member;

/// A member, and who that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The membership.
    pub member: Member,
    /// Their address.
    pub email: String,
    /// Their name for logging in, if they have one.
    pub username: Option<String>,
    /// Their first name.
    pub first_name: String,
    /// Their last name.
    pub last_name: String,
}

/// The columns of a [`Person`], of the membership `m` and the account `u`.
macro_rules! person {
    () => {
        "m.user_id, m.role, m.joined_at_ms, m.version, u.email, u.username, u.first_name, u.last_name"
    };
}
pub(super) use person;

impl FromRow for Person {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            member: Member::from_row(row)?,
            email: row.get("email")?,
            username: row.get("username")?,
            first_name: row.get("first_name")?,
            last_name: row.get("last_name")?,
        })
    }
}
