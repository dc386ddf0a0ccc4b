//! Logins, and the families of refresh tokens that hang on them.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::span::{Span, span};
use super::statement::{CrossTenantSql, global_sql};
use super::tx::Tx;
use super::value::args;
use super::workspaces::Count;

/// A login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// `password`, `oidc` or `oauth`.
    pub kind: String,
    /// What the client said that it is.
    pub user_agent: Option<String>,
    /// Where it came from.
    pub address: Option<String>,
    /// The newest generation of its refresh tokens.
    pub generation: i64,
    /// When it began, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it was last used to get a token.
    pub last_used_at_ms: i64,
    /// When it ends, whatever happens.
    pub expires_at_ms: i64,
    /// When it was ended, if it was.
    pub ended_at_ms: Option<i64>,
}

/// What a new login is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewSession<'a> {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// `password`, `oidc` or `oauth`.
    pub kind: &'a str,
    /// What the client says that it is.
    pub user_agent: Option<&'a str>,
    /// Where it comes from.
    pub address: Option<&'a str>,
    /// Now.
    pub now_ms: i64,
    /// When it ends, whatever happens.
    pub expires_at_ms: i64,
}

/// A refresh token with the state of its family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshRow {
    /// The family.
    pub session_id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// The kind of the login: `password`, `oidc` or `oauth`.
    pub kind: String,
    /// Its place in the family, from 0.
    pub generation: i64,
    /// When it stops counting if it is not used.
    pub idle_expires_at_ms: i64,
    /// When its successor was made, if it was.
    pub superseded_at_ms: Option<i64>,
    /// The newest generation of the family.
    pub family_generation: i64,
    /// The end of the family, whatever happens.
    pub family_expires_at_ms: i64,
    /// When the family was ended, if it was.
    pub family_ended_at_ms: Option<i64>,
}

/// A refresh token to store.
#[derive(Debug, Clone, Copy)]
pub struct NewRefreshToken<'a> {
    /// What is kept of it.
    pub hash: &'a [u8; 32],
    /// Its family.
    pub session_id: Uuid,
    /// Its place in the family, from 0.
    pub generation: i64,
    /// When it stops counting if it is not used.
    pub idle_expires_at_ms: i64,
}

macro_rules! columns {
    () => {
        "id, user_id, kind, user_agent, address, generation, created_at_ms, last_used_at_ms, expires_at_ms, ended_at_ms"
    };
}

impl FromRow for Session {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            id: row.get("id")?,
            user_id: row.get("user_id")?,
            kind: row.get("kind")?,
            user_agent: row.get("user_agent")?,
            address: row.get("address")?,
            generation: row.get("generation")?,
            created_at_ms: row.get("created_at_ms")?,
            last_used_at_ms: row.get("last_used_at_ms")?,
            expires_at_ms: row.get("expires_at_ms")?,
            ended_at_ms: row.get("ended_at_ms")?,
        })
    }
}

impl FromRow for RefreshRow {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            session_id: row.get("session_id")?,
            user_id: row.get("user_id")?,
            kind: row.get("kind")?,
            generation: row.get("generation")?,
            idle_expires_at_ms: row.get("idle_expires_at_ms")?,
            superseded_at_ms: row.get("superseded_at_ms")?,
            family_generation: row.get("family_generation")?,
            family_expires_at_ms: row.get("expires_at_ms")?,
            family_ended_at_ms: row.get("ended_at_ms")?,
        })
    }
}

struct UserAgent(String);

impl FromRow for UserAgent {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        row.get("user_agent").map(Self)
    }
}

impl Tx {
    /// Begins a login.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if there is no such user; a failure of the database.
    pub async fn create_session(&mut self, new: NewSession<'_>) -> Result<(), RecordError> {
        let sql = global_sql!(
            "INSERT INTO sessions (id, user_id, kind, user_agent, address, created_at_ms, last_used_at_ms, \
             expires_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)"
        );
        let values = args![
            new.id,
            new.user_id,
            new.kind,
            new.user_agent,
            new.address,
            new.now_ms,
            new.expires_at_ms,
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// A login, ended or not.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn session(&mut self, id: Uuid) -> Result<Option<Session>, RecordError> {
        let sql = global_sql!("SELECT ", columns!(), " FROM sessions WHERE id = $1");
        self.one(sql, args![id]).await
    }

    /// With what somebody logged in, the latest login first; what says nothing of itself is empty. Applications that act
    /// for them are left out.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn known_user_agents(&mut self, user: Uuid, limit: u32) -> Result<Vec<String>, RecordError> {
        let sql = global_sql!(
            "SELECT COALESCE(user_agent, '') AS user_agent FROM sessions WHERE user_id = $1 AND kind <> 'oauth' \
             ORDER BY id DESC LIMIT $2"
        );
        let found: Vec<UserAgent> = self.all(sql, args![user, limit]).await?;
        Ok(found.into_iter().map(|found| found.0).collect())
    }

    /// Somebody's logins that have not ended, in the order in which they began.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn live_sessions(
        &mut self,
        user: Uuid,
        now_ms: i64,
        part: &Span,
    ) -> Result<Vec<Session>, RecordError> {
        let sql = if part.is_reversed {
            global_sql!(
                "SELECT ",
                columns!(),
                " FROM sessions WHERE user_id = $1 AND ended_at_ms IS NULL AND expires_at_ms > $6",
                span!("created_at_ms", "id", descending)
            )
        } else {
            global_sql!(
                "SELECT ",
                columns!(),
                " FROM sessions WHERE user_id = $1 AND ended_at_ms IS NULL AND expires_at_ms > $6",
                span!("created_at_ms", "id", ascending)
            )
        };
        let mut values = args![user];
        values.extend(part.by_number());
        values.push(now_ms.into());
        self.all(sql, values).await
    }

    /// How many logins of somebody have not ended.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_live_sessions(&mut self, user: Uuid, now_ms: i64) -> Result<i64, RecordError> {
        let sql = global_sql!(
            "SELECT count(*) AS n FROM sessions WHERE user_id = $1 AND ended_at_ms IS NULL AND expires_at_ms > $2"
        );
        let count: Option<Count> = self.one(sql, args![user, now_ms]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Ends a login; whether it had not ended before.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn end_session(&mut self, id: Uuid, reason: &str, now_ms: i64) -> Result<bool, RecordError> {
        let sql = global_sql!(
            "UPDATE sessions SET ended_at_ms = $2, end_reason = $3 WHERE id = $1 AND ended_at_ms IS NULL"
        );
        Ok(self.execute(sql, args![id, now_ms, reason]).await? > 0)
    }

    /// Ends all of somebody's logins but `except`; how many.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn end_sessions_of(
        &mut self,
        user: Uuid,
        except: Option<Uuid>,
        reason: &str,
        now_ms: i64,
    ) -> Result<u64, RecordError> {
        let sql = global_sql!(
            "UPDATE sessions SET ended_at_ms = $3, end_reason = $4 \
             WHERE user_id = $1 AND ended_at_ms IS NULL AND ($2 IS NULL OR id <> $2)"
        );
        self.execute(sql, args![user, except, now_ms, reason]).await
    }

    /// Stores a refresh token; it becomes the newest of its family, which was used just now.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if the family has this generation; a failure of the database.
    pub async fn add_refresh_token(
        &mut self,
        new: NewRefreshToken<'_>,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = global_sql!(
            "INSERT INTO refresh_tokens (token_hash, session_id, generation, idle_expires_at_ms) \
             VALUES ($1, $2, $3, $4)"
        );
        let values = args![new.hash, new.session_id, new.generation, new.idle_expires_at_ms];
        self.execute(sql, values).await?;
        let newest = global_sql!("UPDATE sessions SET generation = $2, last_used_at_ms = $3 WHERE id = $1");
        self.execute(newest, args![new.session_id, new.generation, now_ms])
            .await
            .map(|_| ())
    }

    /// A refresh token and its family.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn refresh_token(&mut self, hash: &[u8; 32]) -> Result<Option<RefreshRow>, RecordError> {
        let sql = global_sql!(
            "SELECT t.session_id, s.user_id, s.kind, t.generation, t.idle_expires_at_ms, t.superseded_at_ms, \
             s.generation AS family_generation, s.expires_at_ms, s.ended_at_ms \
             FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.token_hash = $1"
        );
        self.one(sql, args![hash]).await
    }

    /// Notes that a refresh token has a successor; whether it had none.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn supersede_refresh_token(
        &mut self,
        hash: &[u8; 32],
        now_ms: i64,
    ) -> Result<bool, RecordError> {
        let sql = global_sql!(
            "UPDATE refresh_tokens SET superseded_at_ms = $2 \
             WHERE token_hash = $1 AND superseded_at_ms IS NULL"
        );
        Ok(self.execute(sql, args![hash, now_ms]).await? > 0)
    }

    /// Forgets logins that ended before `before_ms`, apart from those that something still names.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn sweep_sessions(&mut self, before_ms: i64) -> Result<u64, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "keeping house: logins that are long over are forgotten, whoever they were for",
            "DELETE FROM sessions WHERE (ended_at_ms < $1 OR expires_at_ms < $1) \
             AND NOT EXISTS (SELECT 1 FROM oauth_grants g WHERE g.session_id = sessions.id)",
        );
        self.execute_across(SQL, args![before_ms]).await
    }
}
