//! Tables of an SQLite file: read row by row, written in batches.

use std::path::Path;

use futures_util::TryStreamExt;
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Row, TypeInfo, ValueRef};

use super::cell::{Cell, Cells};
use super::error::TransferError;
use super::schema::{Column, Tables, list, quoted, tables};
use super::table::RowSink;
use crate::error::StorageError;
use crate::sqlite::sorted;

/// Parameters that one statement may have.
const MAX_PARAMETERS: usize = 30_000;
/// Rows of one statement.
const MAX_ROWS: usize = 256;

/// Opens a file that exists, and only to read.
pub(super) async fn open_to_read(file: &Path) -> Result<SqliteConnection, StorageError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .busy_timeout(std::time::Duration::from_secs(30))
        .disable_statement_logging();
    options
        .connect()
        .await
        .map_err(sorted("opening the database to read"))
}

/// A database in memory that holds nothing but what the migrations write.
pub(super) async fn fresh() -> Result<SqliteConnection, StorageError> {
    let options = SqliteConnectOptions::new()
        .in_memory(true)
        .disable_statement_logging();
    let mut connection = options
        .connect()
        .await
        .map_err(sorted("opening a database in memory"))?;
    crate::sqlite::migrate(&mut connection).await?;
    Ok(connection)
}

/// Copies the file as it is at one moment, whoever writes to it meanwhile.
pub(super) async fn copy_file(connection: &mut SqliteConnection, to: &Path) -> Result<(), StorageError> {
    let name = to.to_str().ok_or_else(|| {
        let problem = std::io::Error::other("the path of the copy is not Unicode");
        StorageError::unavailable("copying the database", problem)
    })?;
    let copied = sqlx::query("VACUUM INTO ?").bind(name).execute(connection).await;
    copied.map(|_| ()).map_err(sorted("copying the database"))
}

/// What tables there are. Those that belong to an index for searching are none: whoever writes the rows fills it.
pub(super) async fn schema(connection: &mut SqliteConnection) -> Result<Tables, TransferError> {
    let sql = "SELECT l.name, c.name, c.type FROM pragma_table_list l, pragma_table_xinfo(l.name) c \
               WHERE l.schema = 'main' AND l.type = 'table' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
               AND c.hidden = 0 ORDER BY l.name, c.cid";
    let rows = sqlx::query_as(sql).fetch_all(connection).await;
    tables(rows.map_err(sorted("reading the schema"))?)
}

/// The newest migration.
pub(super) async fn version(connection: &mut SqliteConnection) -> Result<i64, StorageError> {
    sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success")
        .fetch_one(connection)
        .await
        .map_err(sorted("reading the schema version"))
}

/// Gives each row of a table to `sink`.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    table: &str,
    columns: &[Column],
    sink: &mut dyn RowSink,
) -> Result<(), TransferError> {
    let sql = format!("SELECT {} FROM {}", list(columns), quoted(table));
    // Safe: the names come from the schema, and are quoted.
    let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(connection);
    while let Some(row) = rows.try_next().await.map_err(sorted("reading a table"))? {
        let cells: Result<Cells, _> = (0..columns.len()).map(|at| cell(&row, at)).collect();
        sink.take(cells.map_err(sorted("reading a table"))?).await?;
    }
    Ok(())
}

fn cell(row: &SqliteRow, at: usize) -> Result<Cell, sqlx::Error> {
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let kind = value.type_info().name().to_owned();
    Ok(match kind.as_str() {
        "INTEGER" => Cell::Integer(row.try_get_unchecked(at)?),
        "REAL" => Cell::Real(row.try_get_unchecked(at)?),
        "TEXT" => Cell::Text(row.try_get_unchecked(at)?),
        _ => Cell::Bytes(row.try_get_unchecked(at)?),
    })
}

/// Writes rows.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    table: &str,
    columns: &[Column],
    rows: &[Cells],
) -> Result<(), StorageError> {
    let at_a_time = (MAX_PARAMETERS / columns.len().max(1)).clamp(1, MAX_ROWS);
    for rows in rows.chunks(at_a_time) {
        let places = format!("({})", vec!["?"; columns.len()].join(", "));
        let sql = format!(
            "INSERT INTO {} ({}) VALUES {}",
            quoted(table),
            list(columns),
            vec![places; rows.len()].join(", ")
        );
        // Safe: the names come from the schema, and are quoted.
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(rows.len() == at_a_time);
        for cell in rows.iter().flatten() {
            query = bind(query, cell);
        }
        query
            .execute(&mut *connection)
            .await
            .map_err(sorted("writing a table"))?;
    }
    Ok(())
}

fn bind<'q>(query: Query<'q, Sqlite, SqliteArguments>, cell: &Cell) -> Query<'q, Sqlite, SqliteArguments> {
    match cell {
        Cell::Null => query.bind(None::<i64>),
        Cell::Integer(number) => query.bind(*number),
        Cell::Real(number) => query.bind(*number),
        Cell::Text(text) => query.bind(text.clone()),
        Cell::Bytes(bytes) => query.bind(bytes.clone()),
    }
}

/// Begins to write to a database that nobody else uses: rows may come in any order.
pub(super) async fn begin(connection: &mut SqliteConnection) -> Result<(), StorageError> {
    for sql in ["PRAGMA foreign_keys = OFF", "BEGIN IMMEDIATE"] {
        let done = sqlx::query(sql).execute(&mut *connection).await;
        done.map_err(sorted("beginning to write"))?;
    }
    Ok(())
}

/// Sees that every row that another one refers to exists, and commits.
pub(super) async fn commit(connection: &mut SqliteConnection) -> Result<(), TransferError> {
    let dangling: Option<String> =
        sqlx::query_scalar("SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1")
            .fetch_optional(&mut *connection)
            .await
            .map_err(sorted("checking references"))?;
    if let Some(table) = dangling {
        return Err(TransferError::Dangling { table });
    }
    let done = sqlx::query("COMMIT").execute(connection).await;
    done.map_err(sorted("committing"))?;
    Ok(())
}

/// Runs a statement without parameters; how many rows it concerned.
pub(super) async fn run(connection: &mut SqliteConnection, sql: String) -> Result<u64, StorageError> {
    // Safe: the callers' texts are made of constants and quoted names.
    let done = sqlx::query(AssertSqlSafe(sql)).execute(connection).await;
    done.map(|done| done.rows_affected())
        .map_err(sorted("writing to the database"))
}
