//! Pictures of people. Their bytes lie in the object store under the account and the id that is kept here.

use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use super::statement::global_sql;
use super::tx::Tx;
use super::value::args;

/// Somebody's picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Avatar {
    /// The object that holds it.
    pub object: Uuid,
    /// What its bytes are.
    pub content_type: String,
}

struct Picture(Option<Avatar>);

impl FromRow for Picture {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        let object: Option<Uuid> = row.get("avatar_object")?;
        let content_type: Option<String> = row.get("avatar_type")?;
        Ok(Self(
            object
                .zip(content_type)
                .map(|(object, content_type)| Avatar { object, content_type }),
        ))
    }
}

impl Tx {
    /// Somebody's picture, if they have one.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn avatar(&mut self, user: Uuid) -> Result<Option<Avatar>, RecordError> {
        let sql = global_sql!(
            "SELECT avatar_object, avatar_type FROM users WHERE id = $1 AND deleted_at_ms IS NULL"
        );
        let found: Option<Picture> = self.one(sql, args![user]).await?;
        Ok(found.and_then(|picture| picture.0))
    }

    /// Gives somebody a picture, or takes it away. Whether there is such an account.
    ///
    /// # Errors
    /// A failure of the database.
    pub async fn set_avatar(
        &mut self,
        user: Uuid,
        avatar: Option<&Avatar>,
        now_ms: i64,
    ) -> Result<bool, RecordError> {
        let sql = global_sql!(
            "UPDATE users SET avatar_object = $2, avatar_type = $3, updated_at_ms = $4, version = version + 1 \
             WHERE id = $1 AND deleted_at_ms IS NULL"
        );
        let object = avatar.map(|avatar| avatar.object);
        let content_type = avatar.map(|avatar| avatar.content_type.as_str());
        Ok(self
            .execute(sql, args![user, object, content_type, now_ms])
            .await?
            > 0)
    }
}
