//! What people have allowed applications, and the codes by which applications come to their tokens.
//!
//! Invariant: a code is redeemed by one statement, once. Whatever takes a grant away also ends the session that holds
//! its tokens, in the same transaction.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::span::Span;
use super::statement::{CrossTenantSql, global_sql, tenant_sql};
use super::tenant::Tenant;
use super::tx::Tx;
use super::value::args;
use super::workspaces::Count;
use crate::model::WorkspaceId;

/// What somebody has allowed an application, with the application's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthGrant {
    /// Its id.
    pub id: Uuid,
    /// The workspace of the application.
    pub workspace: WorkspaceId,
    /// The application.
    pub client_id: Uuid,
    /// What people are shown of it.
    pub client_name: String,
    /// When the application was switched off, if it was.
    pub client_disabled_at_ms: Option<i64>,
    /// Who allowed it.
    pub user_id: Uuid,
    /// The session that holds its tokens.
    pub session_id: Option<Uuid>,
    /// What was allowed, names with spaces between them.
    pub scopes: String,
    /// In which workspace, if in one only.
    pub confined_to: Option<WorkspaceId>,
    /// When, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it was taken back, if it was.
    pub revoked_at_ms: Option<i64>,
}

/// What a new grant is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewOAuthGrant<'a> {
    /// Its id.
    pub id: Uuid,
    /// The application.
    pub client_id: Uuid,
    /// Who allowed it.
    pub user_id: Uuid,
    /// The session that holds its tokens.
    pub session_id: Uuid,
    /// Names with spaces between them.
    pub scopes: &'a str,
    /// In which workspace, if in one only.
    pub confined_to: Option<WorkspaceId>,
    /// Now.
    pub now_ms: i64,
}

/// An authorization code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthCode {
    /// The workspace of the application.
    pub workspace: WorkspaceId,
    /// For which application.
    pub client_id: Uuid,
    /// Who consented.
    pub user_id: Uuid,
    /// The grant that redeeming it makes.
    pub grant_id: Uuid,
    /// Where it was sent.
    pub redirect: String,
    /// To what was consented, names with spaces between them.
    pub scopes: String,
    /// In which workspace, if in one only.
    pub confined_to: Option<WorkspaceId>,
    /// The hash of the application's verifier.
    pub challenge: String,
    /// What the id token must repeat.
    pub nonce: Option<String>,
    /// When the person logged in, in milliseconds since 1970.
    pub authenticated_at_ms: i64,
    /// Its end.
    pub expires_at_ms: i64,
    /// When it was redeemed, if it was.
    pub redeemed_at_ms: Option<i64>,
}

macro_rules! grant_columns {
    () => {
        "g.workspace_id, g.id, g.client_id, c.name AS client_name, c.disabled_at_ms AS client_disabled_at_ms, \
         g.user_id, g.session_id, g.scopes, g.confined_to, g.created_at_ms, g.revoked_at_ms \
         FROM oauth_grants g JOIN oauth_clients c ON c.workspace_id = g.workspace_id AND c.id = g.client_id"
    };
}

impl FromRow for OAuthGrant {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            id: row.get("id")?,
            workspace: WorkspaceId(row.get("workspace_id")?),
            client_id: row.get("client_id")?,
            client_name: row.get("client_name")?,
            client_disabled_at_ms: row.get("client_disabled_at_ms")?,
            user_id: row.get("user_id")?,
            session_id: row.get("session_id")?,
            scopes: row.get("scopes")?,
            confined_to: row.get::<Option<Uuid>>("confined_to")?.map(WorkspaceId),
            created_at_ms: row.get("created_at_ms")?,
            revoked_at_ms: row.get("revoked_at_ms")?,
        })
    }
}

impl FromRow for OAuthCode {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            client_id: row.get("client_id")?,
            user_id: row.get("user_id")?,
            grant_id: row.get("grant_id")?,
            redirect: row.get("redirect")?,
            scopes: row.get("scopes")?,
            confined_to: row.get::<Option<Uuid>>("confined_to")?.map(WorkspaceId),
            challenge: row.get("challenge")?,
            nonce: row.get("nonce")?,
            authenticated_at_ms: row.get("authenticated_at_ms")?,
            expires_at_ms: row.get("expires_at_ms")?,
            redeemed_at_ms: row.get("redeemed_at_ms")?,
        })
    }
}

impl Tx {
    /// The code with this hash, whatever became of it.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn oauth_code(&mut self, hash: &[u8; 32]) -> Result<Option<OAuthCode>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "a code is shown alone; the application it was made for is compared afterwards",
            "SELECT workspace_id, client_id, user_id, grant_id, redirect, scopes, confined_to, challenge, nonce, \
             authenticated_at_ms, expires_at_ms, redeemed_at_ms FROM oauth_codes WHERE code_hash = $1",
        );
        self.one_across(SQL, args![hash]).await
    }

    /// Forgets codes that ended before `before_ms`; how many.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn forget_oauth_codes(&mut self, before_ms: i64) -> Result<u64, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "keeping house: what ended is of no use to anybody",
            "DELETE FROM oauth_codes WHERE expires_at_ms < $1",
        );
        self.execute_across(SQL, args![before_ms]).await
    }

    /// The grant whose tokens `session` holds.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn oauth_grant_of_session(&mut self, session: Uuid) -> Result<Option<OAuthGrant>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "a token names its session, which says to which grant it belongs",
            concat!("SELECT ", grant_columns!(), " WHERE g.session_id = $1"),
        );
        self.one_across(SQL, args![session]).await
    }

    /// Lets a session end at `expires_at_ms` at the latest: for tokens that nothing renews.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn shorten_session(&mut self, session: Uuid, expires_at_ms: i64) -> Result<(), RecordError> {
        let sql = global_sql!("UPDATE sessions SET expires_at_ms = $2 WHERE id = $1 AND expires_at_ms > $2");
        self.execute(sql, args![session, expires_at_ms]).await.map(|_| ())
    }

    /// The grant with this id.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn oauth_grant(&mut self, id: Uuid) -> Result<Option<OAuthGrant>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "a grant says which workspace its application belongs to",
            concat!("SELECT ", grant_columns!(), " WHERE g.id = $1"),
        );
        self.one_across(SQL, args![id]).await
    }

    /// What `user` has allowed applications and not taken back, by id.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn oauth_grants_of(&mut self, user: Uuid, span: &Span) -> Result<Vec<OAuthGrant>, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "what somebody has allowed is theirs to see, whosever the application",
            concat!(
                "SELECT ",
                grant_columns!(),
                " WHERE g.user_id = $1 AND g.revoked_at_ms IS NULL AND ($2 IS NULL OR ($5 AND g.id < $2) \
                 OR (NOT $5 AND g.id > $2)) ORDER BY CASE WHEN $5 THEN g.id END DESC, g.id LIMIT $3 OFFSET $4"
            ),
        );
        self.all_across(
            SQL,
            args![user, span.last_id(), span.limit, span.skip, span.is_reversed],
        )
        .await
    }

    /// How many grants [`Self::oauth_grants_of`] would show altogether.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_oauth_grants_of(&mut self, user: Uuid) -> Result<i64, RecordError> {
        const SQL: CrossTenantSql = CrossTenantSql::because(
            "what somebody has allowed is theirs to see, whosever the application",
            "SELECT count(*) AS n FROM oauth_grants WHERE user_id = $1 AND revoked_at_ms IS NULL",
        );
        let found: Option<Count> = self.one_across(SQL, args![user]).await?;
        Ok(found.map_or(0, |count| count.0))
    }
}

impl Tenant<'_> {
    /// Keeps what somebody allowed.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if the application, user or session does not exist; a failure of the database.
    pub async fn create_oauth_grant(&mut self, new: NewOAuthGrant<'_>) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO oauth_grants (workspace_id, id, client_id, user_id, session_id, scopes, confined_to, \
             created_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        );
        let values = args![
            new.id,
            new.client_id,
            new.user_id,
            new.session_id,
            new.scopes,
            new.confined_to.map(|id| id.0),
            new.now_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// What `user` has allowed `client` and not taken back: the scopes of each grant.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn oauth_consents(&mut self, client: Uuid, user: Uuid) -> Result<Vec<String>, RecordError> {
        let sql = tenant_sql!(
            "SELECT DISTINCT scopes FROM oauth_grants \
             WHERE workspace_id = $1 AND client_id = $2 AND user_id = $3 AND revoked_at_ms IS NULL LIMIT 100"
        );
        let found: Vec<ConsentedScopes> = self.all(sql, args![client, user]).await?;
        Ok(found.into_iter().map(|scopes| scopes.0).collect())
    }

    /// Forgets grants of `user` to `client` whose sessions are over, so that there is not one for each login: to be
    /// called when a newer one takes their place.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn forget_ended_oauth_grants(
        &mut self,
        client: Uuid,
        user: Uuid,
        now_ms: i64,
    ) -> Result<u64, RecordError> {
        let sql = tenant_sql!(
            "DELETE FROM oauth_grants WHERE workspace_id = $1 AND client_id = $2 AND user_id = $3 \
             AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = session_id AND s.ended_at_ms IS NULL \
             AND s.expires_at_ms > $4)"
        );
        self.execute(sql, args![client, user, now_ms]).await
    }

    /// Takes a grant back and ends the session that holds its tokens. Whether it counted until now.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn revoke_oauth_grant(
        &mut self,
        id: Uuid,
        reason: &str,
        now_ms: i64,
    ) -> Result<bool, RecordError> {
        let end = tenant_sql!(
            "UPDATE sessions SET ended_at_ms = $3, end_reason = $4 WHERE ended_at_ms IS NULL \
             AND id IN (SELECT session_id FROM oauth_grants WHERE workspace_id = $1 AND id = $2)"
        );
        self.execute(end, args![id, now_ms, reason]).await?;
        let revoke = tenant_sql!(
            "UPDATE oauth_grants SET revoked_at_ms = $3 \
             WHERE workspace_id = $1 AND id = $2 AND revoked_at_ms IS NULL"
        );
        Ok(self.execute(revoke, args![id, now_ms]).await? > 0)
    }

    /// Keeps a code under the hash of its text.
    ///
    /// # Errors
    /// [`RecordError::Dangling`] if the application or user does not exist; a failure of the database.
    pub async fn create_oauth_code(&mut self, hash: &[u8; 32], code: &OAuthCode) -> Result<(), RecordError> {
        let sql = tenant_sql!(
            "INSERT INTO oauth_codes (workspace_id, code_hash, client_id, user_id, grant_id, redirect, scopes, \
             confined_to, challenge, nonce, authenticated_at_ms, expires_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        );
        let values = args![
            hash,
            code.client_id,
            code.user_id,
            code.grant_id,
            &code.redirect,
            &code.scopes,
            code.confined_to.map(|id| id.0),
            &code.challenge,
            code.nonce.as_deref(),
            code.authenticated_at_ms,
            code.expires_at_ms
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Uses a code up. Whether it was unused.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn redeem_oauth_code(&mut self, hash: &[u8; 32], now_ms: i64) -> Result<bool, RecordError> {
        let sql = tenant_sql!(
            "UPDATE oauth_codes SET redeemed_at_ms = $3 \
             WHERE workspace_id = $1 AND code_hash = $2 AND redeemed_at_ms IS NULL"
        );
        Ok(self.execute(sql, args![hash, now_ms]).await? > 0)
    }
}

struct ConsentedScopes(String);

impl FromRow for ConsentedScopes {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        row.get("scopes").map(Self)
    }
}
