//! A database that is read from or written to, whichever it is.

use std::path::Path;

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection};
use uuid::Uuid;

use super::cell::{Cells, Digest};
use super::error::TransferError;
use super::schema::{Column, Tables, quoted};
use super::table::RowSink;
use super::{postgres, sqlite};
use crate::blob::BlobKey;
use crate::error::StorageError;
use crate::model::WorkspaceId;
use crate::objects::{ObjectKey, ObjectOwner};
use crate::places;
use crate::postgres::PostgresUrl;

/// An object that a row names.
#[derive(Debug, Clone, Copy)]
pub(super) struct NamedObject {
    pub(super) key: ObjectKey,
    pub(super) checksum: Option<[u8; 32]>,
}

/// Workspace, id and checksum of an attachment.
type NamedAttachment = (Uuid, Uuid, Option<Vec<u8>>);
/// An account, and its picture.
type NamedAvatar = (Uuid, Uuid);

/// A connection to a database.
pub(super) enum Side {
    Sqlite(SqliteConnection),
    Postgres(PgConnection, Vec<postgres::Reference>),
}

/// Does the same with either connection.
macro_rules! either {
    ($side:expr, $connection:ident, $module:ident => $call:expr) => {
        match $side {
            Side::Sqlite($connection) => {
                use sqlite as $module;
                $call
            }
            Side::Postgres($connection, _) => {
                use postgres as $module;
                $call
            }
        }
    };
}

impl Side {
    /// An SQLite file that exists.
    pub(super) async fn sqlite(file: &Path) -> Result<Self, StorageError> {
        sqlite::open_to_read(file).await.map(Self::Sqlite)
    }

    /// A Postgres database; it sees all workspaces.
    pub(super) async fn postgres(url: &PostgresUrl) -> Result<Self, StorageError> {
        let mut connection = crate::postgres::connect_to_move(url).await?;
        // The other side may take its time.
        postgres::run(
            &mut connection,
            "SET idle_in_transaction_session_timeout = 0".to_owned(),
        )
        .await?;
        Ok(Self::Postgres(connection, Vec::new()))
    }

    pub(super) async fn schema(&mut self) -> Result<Tables, TransferError> {
        either!(self, connection, module => module::schema(connection).await)
    }

    pub(super) async fn version(&mut self) -> Result<i64, StorageError> {
        either!(self, connection, module => module::version(connection).await)
    }

    /// From here on, everything is read as it is now.
    pub(super) async fn begin_to_read(&mut self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(connection) => sqlite::run(connection, "BEGIN".to_owned()).await.map(|_| ()),
            Self::Postgres(connection, _) => postgres::begin_to_read(connection).await,
        }
    }

    pub(super) async fn begin_to_write(&mut self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(connection) => sqlite::begin(connection).await,
            Self::Postgres(connection, references) => {
                *references = postgres::begin_to_write(connection).await?;
                Ok(())
            }
        }
    }

    pub(super) async fn commit(&mut self) -> Result<(), TransferError> {
        match self {
            Self::Sqlite(connection) => sqlite::commit(connection).await,
            Self::Postgres(connection, references) => postgres::commit(connection, references).await,
        }
    }

    pub(super) async fn read(
        &mut self,
        table: &str,
        columns: &[Column],
        sink: &mut dyn RowSink,
    ) -> Result<(), TransferError> {
        either!(self, connection, module => module::read(connection, table, columns, sink).await)
    }

    pub(super) async fn write(
        &mut self,
        table: &str,
        columns: &[Column],
        rows: Vec<Cells>,
    ) -> Result<(), TransferError> {
        match self {
            Self::Sqlite(connection) => Ok(sqlite::write(connection, table, columns, &rows).await?),
            Self::Postgres(connection, _) => postgres::write(connection, table, columns, rows).await,
        }
    }

    /// What the rows of a table come to.
    pub(super) async fn digest(&mut self, table: &str, columns: &[Column]) -> Result<Digest, TransferError> {
        let mut digest = Digest::default();
        self.read(table, columns, &mut digest).await?;
        Ok(digest)
    }

    /// A number that a constant query, or one of quoted names, asks for.
    pub(super) async fn number(&mut self, sql: String) -> Result<u64, StorageError> {
        // Safe: see above.
        let sql = AssertSqlSafe(sql);
        let number: i64 = match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql)
                .fetch_one(connection)
                .await
                .map_err(crate::sqlite::sorted("counting"))?,
            Self::Postgres(connection, _) => sqlx::query_scalar(sql)
                .fetch_one(connection)
                .await
                .map_err(crate::postgres::sorted("counting"))?,
        };
        Ok(number.try_into().unwrap_or_default())
    }

    pub(super) async fn count(&mut self, table: &str) -> Result<u64, StorageError> {
        self.number(format!("SELECT count(*) FROM {}", quoted(table)))
            .await
    }

    pub(super) async fn clear(&mut self, table: &str) -> Result<(), StorageError> {
        let sql = format!("DELETE FROM {}", quoted(table));
        either!(self, connection, module => module::run(connection, sql).await).map(|_| ())
    }

    /// Every blob that a row names.
    pub(super) async fn named_blobs(&mut self) -> Result<Vec<BlobKey>, StorageError> {
        const SQL: &str = "SELECT blob_key FROM snapshots WHERE blob_key IS NOT NULL \
                           UNION SELECT blob_key FROM history WHERE blob_key IS NOT NULL \
                           UNION SELECT blob_key FROM audit_segments WHERE blob_key IS NOT NULL";
        let found: Vec<Vec<u8>> = self.column(SQL).await?;
        Ok(found
            .iter()
            .filter_map(|bytes| BlobKey::from_slice(bytes))
            .collect())
    }

    /// Every object that a row names, with its checksum where the row knows it.
    pub(super) async fn named_objects(&mut self) -> Result<Vec<NamedObject>, StorageError> {
        const ATTACHMENTS: &str = "SELECT workspace_id, id, checksum FROM attachments WHERE state = 'ready'";
        const AVATARS: &str = "SELECT id, avatar_object FROM users WHERE avatar_object IS NOT NULL";
        let (attachments, avatars): (Vec<NamedAttachment>, Vec<NamedAvatar>) = match self {
            Self::Sqlite(connection) => {
                let failed = crate::sqlite::sorted("reading names");
                let attachments = sqlx::query_as(ATTACHMENTS).fetch_all(&mut *connection).await;
                let avatars = sqlx::query_as(AVATARS).fetch_all(&mut *connection).await;
                (attachments.map_err(&failed)?, avatars.map_err(&failed)?)
            }
            Self::Postgres(connection, _) => {
                let failed = crate::postgres::sorted("reading names");
                let attachments = sqlx::query_as(ATTACHMENTS).fetch_all(&mut *connection).await;
                let avatars = sqlx::query_as(AVATARS).fetch_all(&mut *connection).await;
                (attachments.map_err(&failed)?, avatars.map_err(&failed)?)
            }
        };
        let attachments = attachments
            .into_iter()
            .map(|(workspace, id, checksum)| NamedObject {
                key: ObjectKey {
                    owner: ObjectOwner::Workspace(WorkspaceId(workspace)),
                    id,
                },
                checksum: checksum.and_then(|bytes| bytes.try_into().ok()),
            });
        let avatars = avatars.into_iter().map(|(user, id)| NamedObject {
            key: ObjectKey {
                owner: ObjectOwner::User(user),
                id,
            },
            checksum: None,
        });
        Ok(attachments.chain(avatars).collect())
    }

    /// Says in the database where its large bytes are.
    pub(super) async fn record_place(&mut self, place: &str) -> Result<(), StorageError> {
        const SQL: &str = "INSERT INTO server_values (name, value) VALUES ($1, $2) \
                           ON CONFLICT (name) DO UPDATE SET value = $2";
        let (name, value) = (places::NAME, place.as_bytes());
        match self {
            Self::Sqlite(connection) => {
                let done = sqlx::query(SQL).bind(name).bind(value).execute(connection).await;
                done.map_err(crate::sqlite::sorted("writing to the database"))?;
            }
            Self::Postgres(connection, _) => {
                let done = sqlx::query(SQL).bind(name).bind(value).execute(connection).await;
                done.map_err(crate::postgres::sorted("writing to the database"))?;
            }
        }
        Ok(())
    }

    async fn column(&mut self, sql: &'static str) -> Result<Vec<Vec<u8>>, StorageError> {
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql)
                .fetch_all(connection)
                .await
                .map_err(crate::sqlite::sorted("reading names")),
            Self::Postgres(connection, _) => sqlx::query_scalar(sql)
                .fetch_all(connection)
                .await
                .map_err(crate::postgres::sorted("reading names")),
        }
    }

    /// Ends the connection; a transaction that is open leaves nothing.
    pub(super) async fn close(self) {
        // What was committed is safe, and the rest is to go.
        let _ = match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection, _) => connection.close().await,
        };
    }
}
