//! Accounts. What proves that somebody is the owner (the hash of a password) is never part of a [`User`].

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::span::{Span, containing, span};
use super::statement::global_sql;
use super::tx::Tx;
use super::value::args;
use super::workspaces::Count;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: Uuid,
    /// The address, as it was written.
    pub email: String,
    /// A name that others may find it by.
    pub username: Option<String>,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Telephone number.
    pub phone_number: Option<String>,
    /// `user` or `admin`.
    pub server_role: String,
    /// `active`, `inactive` or `pending_verification`.
    pub status: String,
    /// Its preferences, a JSON object.
    pub preferences: String,
    /// What it wants to be told and how, a JSON object.
    pub notification_preferences: String,
    /// The stored object that is its picture.
    pub avatar_object: Option<Uuid>,
    /// The media type of the picture.
    pub avatar_type: Option<String>,
    /// When the address was verified, in milliseconds since 1970.
    pub email_verified_at_ms: Option<i64>,
    /// When it was made.
    pub created_at_ms: i64,
    /// When it was last changed.
    pub updated_at_ms: i64,
    /// When it was deleted, if it was.
    pub deleted_at_ms: Option<i64>,
    /// How often it was changed, from 1.
    pub version: i64,
}

/// What a new account is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewUser<'a> {
    /// Its id.
    pub id: Uuid,
    /// The address, as it was written.
    pub email: &'a str,
    /// The form by which it is found.
    pub email_key: &'a str,
    /// A name, and the form by which it is found.
    pub username: Option<(&'a str, &'a str)>,
    /// The hash of its password, if it has one.
    pub password_hash: Option<&'a str>,
    /// First name.
    pub first_name: &'a str,
    /// Last name.
    pub last_name: &'a str,
    /// `user` or `admin`.
    pub server_role: &'a str,
    /// `active`, `inactive` or `pending_verification`.
    pub status: &'a str,
    /// When the address was verified, if it was.
    pub email_verified_at_ms: Option<i64>,
    /// Now.
    pub now_ms: i64,
}

/// What people write about themselves: all of it, as it shall be.
#[derive(Debug, Clone, Copy)]
pub struct UserProfile<'a> {
    /// First name.
    pub first_name: &'a str,
    /// Last name.
    pub last_name: &'a str,
    /// A name, and the form by which it is found.
    pub username: Option<(&'a str, &'a str)>,
    /// Telephone number.
    pub phone_number: Option<&'a str>,
}

/// What administrators decide about an account: all of it, as it shall be.
#[derive(Debug, Clone, Copy)]
pub struct UserStanding<'a> {
    /// `user` or `admin`.
    pub server_role: &'a str,
    /// `active`, `inactive` or `pending_verification`.
    pub status: &'a str,
}

/// An account and what proves that somebody owns it.
#[derive(Clone)]
pub struct UserSecret {
    /// The account.
    pub user: User,
    /// The hash of its password, if it has one.
    pub password_hash: Option<String>,
}

impl std::fmt::Debug for UserSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("UserSecret")
            .field("user", &self.user.id)
            .finish_non_exhaustive()
    }
}

/// Which accounts to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct UserFilter<'a> {
    /// With this status.
    pub status: Option<&'a str>,
    /// With this in a name or the address; in lower case.
    pub search: Option<&'a str>,
}

/// The columns of a [`User`], of the account alone.
macro_rules! columns {
    () => {
        "id, email, username, first_name, last_name, phone_number, server_role, status, preferences, \
         notification_preferences, avatar_object, avatar_type, email_verified_at_ms, created_at_ms, updated_at_ms, \
         deleted_at_ms, version"
    };
}

/// The condition of a list; `$1` is the status, the searched text is the parameter that is named.
macro_rules! listed {
    ($search:literal) => {
        concat!(
            "deleted_at_ms IS NULL AND ($1 IS NULL OR status = $1) AND (",
            $search,
            " IS NULL OR lower(first_name || ' ' || last_name) LIKE ",
            $search,
            " ESCAPE '!' OR email_key LIKE ",
            $search,
            " ESCAPE '!' OR username_key LIKE ",
            $search,
            " ESCAPE '!')"
        )
    };
}

impl FromRow for User {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            id: row.get("id")?,
            email: row.get("email")?,
            username: row.get("username")?,
            first_name: row.get("first_name")?,
            last_name: row.get("last_name")?,
            phone_number: row.get("phone_number")?,
            server_role: row.get("server_role")?,
            status: row.get("status")?,
            preferences: row.get("preferences")?,
            notification_preferences: row.get("notification_preferences")?,
            avatar_object: row.get("avatar_object")?,
            avatar_type: row.get("avatar_type")?,
            email_verified_at_ms: row.get("email_verified_at_ms")?,
            created_at_ms: row.get("created_at_ms")?,
            updated_at_ms: row.get("updated_at_ms")?,
            deleted_at_ms: row.get("deleted_at_ms")?,
            version: row.get("version")?,
        })
    }
}

impl FromRow for UserSecret {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            user: User::from_row(row)?,
            password_hash: row.get("password_hash")?,
        })
    }
}

impl Tx {
    /// Makes an account.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if the address or the name is in use; a failure of the database.
    pub async fn create_user(&mut self, new: NewUser<'_>) -> Result<(), RecordError> {
        let sql = global_sql!(
            "INSERT INTO users (id, email, email_key, username, username_key, password_hash, first_name, last_name, \
             server_role, status, email_verified_at_ms, created_at_ms, updated_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)"
        );
        let values = args![
            new.id,
            new.email,
            new.email_key,
            new.username.map(|(name, _)| name),
            new.username.map(|(_, key)| key),
            new.password_hash,
            new.first_name,
            new.last_name,
            new.server_role,
            new.status,
            new.email_verified_at_ms,
            new.now_ms,
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// An account that was not deleted.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn user(&mut self, id: Uuid) -> Result<Option<User>, RecordError> {
        let sql = global_sql!(
            "SELECT ",
            columns!(),
            " FROM users WHERE id = $1 AND deleted_at_ms IS NULL"
        );
        self.one(sql, args![id]).await
    }

    /// An account by the form by which its address is found.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn user_by_email(&mut self, email_key: &str) -> Result<Option<UserSecret>, RecordError> {
        let sql = global_sql!(
            "SELECT ",
            columns!(),
            ", password_hash FROM users WHERE email_key = $1 AND deleted_at_ms IS NULL"
        );
        self.one(sql, args![email_key]).await
    }

    /// An account by the form by which its name is found.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn user_by_username(&mut self, username_key: &str) -> Result<Option<User>, RecordError> {
        let sql = global_sql!(
            "SELECT ",
            columns!(),
            " FROM users WHERE username_key = $1 AND deleted_at_ms IS NULL"
        );
        self.one(sql, args![username_key]).await
    }

    /// An account with the hash of its password.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn user_secret(&mut self, id: Uuid) -> Result<Option<UserSecret>, RecordError> {
        let sql = global_sql!(
            "SELECT ",
            columns!(),
            ", password_hash FROM users WHERE id = $1 AND deleted_at_ms IS NULL"
        );
        self.one(sql, args![id]).await
    }

    /// Accounts in the order in which they were made.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn users(&mut self, filter: UserFilter<'_>, part: &Span) -> Result<Vec<User>, RecordError> {
        let sql = if part.is_reversed {
            global_sql!(
                "SELECT ",
                columns!(),
                " FROM users WHERE ",
                listed!("$6"),
                span!("created_at_ms", "id", descending)
            )
        } else {
            global_sql!(
                "SELECT ",
                columns!(),
                " FROM users WHERE ",
                listed!("$6"),
                span!("created_at_ms", "id", ascending)
            )
        };
        let mut values = args![filter.status];
        values.extend(part.by_number());
        values.push(filter.search.map(containing).into());
        self.all(sql, values).await
    }

    /// How many accounts there are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_users(&mut self, filter: UserFilter<'_>) -> Result<i64, RecordError> {
        let sql = global_sql!("SELECT count(*) AS n FROM users WHERE ", listed!("$2"));
        let search = filter.search.map(containing);
        let count: Option<Count> = self.one(sql, args![filter.status, search]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// How many active administrators there are.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn count_admins(&mut self) -> Result<i64, RecordError> {
        let sql = global_sql!(
            "SELECT count(*) AS n FROM users \
             WHERE server_role = 'admin' AND status = 'active' AND deleted_at_ms IS NULL"
        );
        let count: Option<Count> = self.one(sql, args![]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Changes what somebody wrote about themselves, if the account is still at `version`; whether it was.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if the name is in use; a failure of the database.
    pub async fn change_profile(
        &mut self,
        id: Uuid,
        version: i64,
        profile: UserProfile<'_>,
        now_ms: i64,
    ) -> Result<bool, RecordError> {
        let sql = global_sql!(
            "UPDATE users SET first_name = $3, last_name = $4, username = $5, username_key = $6, phone_number = $7, \
             updated_at_ms = $8, version = version + 1 \
             WHERE id = $1 AND version = $2 AND deleted_at_ms IS NULL"
        );
        let values = args![
            id,
            version,
            profile.first_name,
            profile.last_name,
            profile.username.map(|(name, _)| name),
            profile.username.map(|(_, key)| key),
            profile.phone_number,
            now_ms,
        ];
        Ok(self.execute(sql, values).await? > 0)
    }

    /// Changes what administrators decide, if the account is still at `version`; whether it was.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn change_standing(
        &mut self,
        id: Uuid,
        version: i64,
        standing: UserStanding<'_>,
        now_ms: i64,
    ) -> Result<bool, RecordError> {
        let sql = global_sql!(
            "UPDATE users SET server_role = $3, status = $4, updated_at_ms = $5, version = version + 1 \
             WHERE id = $1 AND version = $2 AND deleted_at_ms IS NULL"
        );
        let values = args![id, version, standing.server_role, standing.status, now_ms];
        Ok(self.execute(sql, values).await? > 0)
    }

    /// Replaces the preferences, a JSON object.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn set_preferences(&mut self, id: Uuid, json: &str, now_ms: i64) -> Result<(), RecordError> {
        let sql = global_sql!(
            "UPDATE users SET preferences = $2, updated_at_ms = $3, version = version + 1 WHERE id = $1"
        );
        self.execute(sql, args![id, json, now_ms]).await.map(|_| ())
    }

    /// Replaces the notification preferences, a JSON object.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn set_notification_preferences(
        &mut self,
        id: Uuid,
        json: &str,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = global_sql!(
            "UPDATE users SET notification_preferences = $2, updated_at_ms = $3, version = version + 1 WHERE id = $1"
        );
        self.execute(sql, args![id, json, now_ms]).await.map(|_| ())
    }

    /// Replaces the hash of a password, if it still is `expected`; whether it was.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn set_password(
        &mut self,
        id: Uuid,
        expected: Option<&str>,
        hash: &str,
        now_ms: i64,
    ) -> Result<bool, RecordError> {
        let sql = global_sql!(
            "UPDATE users SET password_hash = $2, password_changed_at_ms = $3 \
             WHERE id = $1 AND deleted_at_ms IS NULL AND (password_hash = $4 OR ($4 IS NULL AND password_hash IS NULL))"
        );
        Ok(self.execute(sql, args![id, hash, now_ms, expected]).await? > 0)
    }

    /// Notes that somebody reads the mail of their address, which makes a waiting account active. Whether the account
    /// still has this address.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn verify_email(
        &mut self,
        id: Uuid,
        email_key: &str,
        now_ms: i64,
    ) -> Result<bool, RecordError> {
        let sql = global_sql!(
            "UPDATE users SET email_verified_at_ms = $3, updated_at_ms = $3, version = version + 1, \
             status = CASE status WHEN 'pending_verification' THEN 'active' ELSE status END \
             WHERE id = $1 AND email_key = $2 AND deleted_at_ms IS NULL"
        );
        Ok(self.execute(sql, args![id, email_key, now_ms]).await? > 0)
    }

    /// Replaces the address of an account; it is not verified then.
    ///
    /// # Errors
    /// [`RecordError::Taken`] if it is in use; a failure of the database.
    pub async fn set_email(
        &mut self,
        id: Uuid,
        email: &str,
        email_key: &str,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let sql = global_sql!(
            "UPDATE users SET email = $2, email_key = $3, email_verified_at_ms = NULL, updated_at_ms = $4, \
             version = version + 1 WHERE id = $1 AND deleted_at_ms IS NULL"
        );
        self.execute(sql, args![id, email, email_key, now_ms])
            .await
            .map(|_| ())
    }

    /// Deletes an account: what it had written stays, without a name. The address can be used again. Whether there
    /// was one.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn delete_user(&mut self, id: Uuid, now_ms: i64) -> Result<bool, RecordError> {
        let forget = global_sql!("DELETE FROM external_identities WHERE user_id = $1");
        self.execute(forget, args![id]).await?;
        let sql = global_sql!(
            "UPDATE users SET email = '', email_key = $2, username = NULL, username_key = NULL, password_hash = NULL, \
             first_name = '', last_name = '', phone_number = NULL, preferences = '{}', notification_preferences = '{}', \
             avatar_object = NULL, avatar_type = NULL, server_role = 'user', status = 'inactive', deleted_at_ms = $3, \
             updated_at_ms = $3, version = version + 1 WHERE id = $1 AND deleted_at_ms IS NULL"
        );
        // No address looks like this, so it is in nobody's way.
        let key = format!("deleted {id}");
        Ok(self.execute(sql, args![id, key, now_ms]).await? > 0)
    }
}
