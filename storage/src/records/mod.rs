//! The rows beside the log: people, workspaces, and what belongs to them.
//!
//! Invariant: a statement about a tenant's table cannot be written without its tenant. Statements are values that are
//! checked when the program is compiled (`statement`); the ones about tenants run through a [`Tenant`] alone, which
//! binds its workspace as `$1`. On Postgres row-level security stands behind that.
//!
//! One file for each subject: the values, and the queries as methods of [`Tx`] (what belongs to the server) or
//! [`Tenant`]. Decisions belong to the callers; nothing here knows who asks.
//!
//! On both databases a transaction that writes to a workspace is alone in doing so: SQLite has one writer, and on
//! Postgres entering a workspace for writing takes its lock. What was read in the transaction is therefore still so
//! when it commits.

mod access_requests;
mod api_keys;
mod attachments;
mod audit;
mod audit_chain;
mod audit_line;
mod audit_read;
pub(crate) mod audit_segments;
mod avatars;
mod boards;
mod comments;
mod credentials;
mod documents;
mod due_tasks;
mod epochs;
mod error;
mod events;
mod idempotency;
mod invitations;
mod links;
mod notification_deliveries;
mod notification_preferences;
mod notification_rows;
mod notifications;
mod notifications_seen;
mod oauth;
mod oauth_grants;
mod people;
mod projections;
mod projects;
mod push_subscriptions;
mod reactions;
mod reminders;
mod rights;
pub(crate) mod row;
mod saved_views;
pub(crate) mod server_clients;
mod server_values;
mod sessions;
mod shares;
mod signing_keys;
mod single_use;
mod span;
mod standing;
mod statement;
mod subscriptions;
mod task_identities;
mod task_keys;
mod task_lists;
mod tasks;
mod teams;
mod tenant;
mod tx;
mod user_ties;
mod users;
pub(crate) mod value;
mod visible;
mod webhook_attempts;
mod webhook_endpoints;
mod webhook_messages;
mod webhook_recoveries;
mod workspaces;
mod writers;

pub use access_requests::{AccessRequest, NewAccessRequest};
pub use api_keys::{ApiKey, NewApiKey};
pub use attachments::{Attachment, NewAttachment};
pub use audit::{AuditHead, AuditOrigin, NewAuditEntry, SERVER_CHAIN};
pub use audit_chain::{AuditChain, AuditEntry, AuditFlaw};
pub use audit_line::AuditLine;
pub use audit_read::AuditFilter;
pub use avatars::Avatar;
pub use boards::{BoardAddress, ColumnCount};
pub use comments::{Author, Comment, CommentChange, CommentFilter, CommentRemains, NewComment, Topic};
pub use credentials::{ApiKeyStanding, ClientStanding, OwnerStanding, SessionStanding};
pub use documents::{DocumentChange, DocumentRow, DocumentStanding, NewDocument, Onlooker};
pub use due_tasks::DueTask;
pub use epochs::{Epoch, EpochKind};
pub use error::RecordError;
pub use events::{Event, EventFilter, EventSpan, NewWorkspaceEvent};
pub use idempotency::{AnswerKey, Claim, StoredAnswer};
pub use invitations::{Invitation, NewInvitation};
pub use links::{Link, LinkTerms, NewLink};
pub use notification_deliveries::{
    DueDelivery, NewNotificationDelivery, NotificationDelivery, NotificationDeliveryResult,
    NotificationDeliveryState, NotificationWay,
};
pub use notification_preferences::NotificationPreferences;
pub use notification_rows::{
    NewNotification, Notification, NotificationCount, NotificationMarks, NotificationPlace,
    NotificationState, NotificationSubject,
};
pub use notifications_seen::NotificationFilter;
pub use oauth::{NewOAuthClient, OAuthClient, OAuthClientChange};
pub use oauth_grants::{NewOAuthGrant, OAuthCode, OAuthGrant};
pub use people::Person;
pub use projects::{Project, ProjectContent, ProjectFilter, ProjectOrder, ProjectSeen};
pub use push_subscriptions::{NewPushSubscription, PushSubscription};
pub use reactions::{Reaction, ReactionCount};
pub use reminders::{NewReminder, Reminder, ReminderTime, StaleReminder};
pub use rights::{AccountStanding, LinkStanding};
pub use saved_views::{SavedView, SavedViewContent};
pub use sessions::{NewRefreshToken, NewSession, RefreshRow, Session};
pub use shares::{Share, ShareChange};
pub use signing_keys::SealedKey;
pub use single_use::{NewSingleUse, SingleUseToken};
pub use span::{Mark, Span};
pub use standing::{ProjectStanding, TeamStanding, WorkspaceStanding};
pub use subscriptions::Subscription;
pub use task_identities::{TaskAddress, TaskIdentity};
pub use task_keys::is_task_key;
pub use task_lists::{Overdue, TaskFilter, TaskOrder};
pub use tasks::{Task, TaskColumn};
pub use teams::{NewTeam, Team, TeamFilter, TeamOrder, TeamSeen};
pub use tenant::Tenant;
pub use tx::Tx;
pub use users::{NewUser, User, UserFilter, UserProfile, UserSecret, UserStanding};
pub use visible::{DocumentFilter, DocumentOrder};
pub use webhook_attempts::{NewWebhookAttempt, WebhookAttempt};
pub use webhook_endpoints::{
    NewWebhookEndpoint, WebhookDisabling, WebhookEndpoint, WebhookEndpointChange, WebhookWork,
};
pub use webhook_messages::{NewWebhookMessage, WebhookCount, WebhookMessage, WebhookResult, WebhookStatus};
pub use webhook_recoveries::{NewWebhookRecovery, WebhookRecovery};
pub use workspaces::{
    Member, MemberChange, Membership, NewWorkspace, Workspace, WorkspaceChange, WorkspaceFilter,
};
pub(crate) use writers::Writers;

use std::sync::Arc;

use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;
use tokio::sync::Mutex;

use crate::bell::Bell;

/// The turn to write: SQLite takes one writer at a time, and waiting for it here is fair, where SQLite's own waiting
/// is a matter of luck.
pub(crate) type WriteTurn = Arc<Mutex<()>>;

/// The connections of the records.
#[derive(Debug, Clone)]
pub(crate) enum Pools {
    /// The embedded database.
    Sqlite {
        /// Connections that read.
        read: SqlitePool,
        /// The one connection that writes. It rolls back whatever was left open when it is given back.
        write: SqlitePool,
        /// Shared with the log's writer.
        turn: WriteTurn,
    },
    /// A Postgres server.
    Postgres {
        /// Connections that read and write.
        pool: PgPool,
        /// Places among them to write in.
        writers: Writers,
    },
}

/// The way to the records. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Records {
    pools: Pools,
    bell: Bell,
}

impl Records {
    pub(crate) fn new(pools: Pools, bell: Bell) -> Self {
        Self { pools, bell }
    }

    /// Rings when events were committed by this process.
    pub fn event_bell(&self) -> &Bell {
        &self.bell
    }

    /// Begins a transaction that only reads: one consistent view.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn read(&self) -> Result<Tx, RecordError> {
        Tx::read(&self.pools, &self.bell).await
    }

    /// Begins a transaction that may write. Dropping it without [`Tx::commit`] undoes it. Keep it short and never wait
    /// for anything but the database in it: on SQLite everybody else who writes is waiting, the log included.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn write(&self) -> Result<Tx, RecordError> {
        Tx::write(&self.pools, &self.bell).await
    }

    pub(crate) async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { write, .. } => write.close().await,
            Pools::Postgres { pool, .. } => pool.close().await,
        }
    }
}
