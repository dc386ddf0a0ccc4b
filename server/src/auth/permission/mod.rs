//! Who may do what: the one function that REST, sockets, search and events all ask.
//!
//! [`may`] takes facts about a principal, an action and facts about a resource, and decides. Invariant: deny by default.
//! An action is allowed only if the standing of the principal, the workspace its credential is confined to, its scopes
//! *and* a role allow it. It reads nothing: whoever asks gathers the facts, from the resource's own workspace.
//!
//! To add an action: a variant of [`Action`], its row in `rules.rs`, its row in the table of the tests.

mod action;
mod decide;
mod role;
mod rules;
mod scope;

pub use self::action::Action;
pub use self::decide::{Decision, Denial, PrincipalFacts, Resource, Standing, UserRelation, may};
pub use self::role::{
    ContentState, DocumentRole, Facts, ServerRole, TeamRole, UnknownRole, WorkspaceRole,
    effective_project_role, effective_role, may_assign, may_share,
};
pub use self::scope::{Scope, Scopes, UnknownScope};

#[cfg(test)]
mod tests;
