//! Opens the database: what kind of server it is, migrations, connections.

use sqlx::postgres::{PgConnection, PgPoolOptions};

use super::error::sorted;
use super::migrate::migrate_database;
use super::read::PostgresReader;
use super::session::{self, CONNECT_TIMEOUT, Purpose};
use super::url::PostgresUrl;
use super::write::PostgresWriter;
use crate::config::StorageConfig;
use crate::error::StorageError;
use crate::records::{Pools, Writers};

/// The oldest Postgres that is supported, as `server_version_num`.
const OLDEST: i32 = 130_000;

/// Opens the database and brings its schema up to date.
pub(crate) async fn open(
    url: &PostgresUrl,
    config: &StorageConfig,
) -> Result<(PostgresReader, PostgresWriter, Pools), StorageError> {
    let options = session::options(url);
    migrate_database(url).await?;
    let lock_timeout = config.busy_timeout;
    let writer = PostgresWriter::connect(options.clone(), Purpose::Write { lock_timeout }).await?;
    let pool = PgPoolOptions::new()
        .max_connections(config.reader_connections.max(1))
        .acquire_timeout(CONNECT_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(session::tidy(connection)))
        .after_connect(|connection, _| Box::pin(session::settle(connection, Purpose::Read)))
        .connect_with(options.clone())
        .await
        .map_err(sorted("opening the database for reading"))?;
    let connections = config.record_connections.max(2);
    let pool_of_records = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(CONNECT_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(session::tidy(connection)))
        .after_connect(|connection, _| Box::pin(session::settle(connection, Purpose::Records)))
        .connect_lazy_with(options);
    let records = Pools::Postgres {
        pool: pool_of_records,
        writers: Writers::among(connections),
    };
    Ok((PostgresReader::new(pool), writer, records))
}

/// Refuses servers that cannot hold the log, and warns about those that do not keep it safe.
pub(super) async fn check_server(connection: &mut PgConnection) -> Result<(), StorageError> {
    let sql = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), \
               current_setting('fsync'), current_setting('full_page_writes'), \
               (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)";
    let found: (i32, String, String, String, bool) = sqlx::query_as(sql)
        .fetch_one(connection)
        .await
        .map_err(sorted("looking at the database server"))?;
    let (version, encoding, fsync, full_page_writes, bypasses_security) = found;
    let refused = |what: String| Err(StorageError::Schema { what: what.into() });
    if version < OLDEST {
        return refused(format!("Postgres {} or newer is needed", OLDEST / 10_000));
    }
    if encoding != "UTF8" {
        return refused(format!(
            "the database must have the encoding UTF8, not {encoding}"
        ));
    }
    if fsync != "on" || full_page_writes != "on" {
        tracing::warn!(
            postgres.fsync = fsync,
            postgres.full_page_writes = full_page_writes,
            "this Postgres server may lose what it has committed when its machine fails: turn both settings on"
        );
    }
    if bypasses_security {
        tracing::warn!(
            "Weft is connected as a role that row-level security does not hold for: use one that is no superuser"
        );
    }
    Ok(())
}
