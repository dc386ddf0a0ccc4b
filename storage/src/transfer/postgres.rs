//! Tables of a Postgres database: read from one consistent view, written in one transaction.
//!
//! References between tables are taken away while rows come in, in any order, and put back before the commit, which
//! checks them. Whoever may change the tables may do that.

use futures_util::TryStreamExt;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::cell::{Cell, Cells};
use super::error::TransferError;
use super::schema::{Column, Kind, Tables, list, quoted, tables};
use super::table::RowSink;
use crate::error::StorageError;
use crate::postgres::sorted;

/// A reference between tables: the table, the name of the constraint, what it says.
pub(super) type Reference = (String, String, String);

/// What tables there are. Columns that the database computes are none.
pub(super) async fn schema(connection: &mut PgConnection) -> Result<Tables, TransferError> {
    let sql = "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL) FROM pg_class c \
               JOIN pg_attribute a ON a.attrelid = c.oid \
               WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') \
               AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' \
               ORDER BY c.relname, a.attnum";
    let rows = sqlx::query_as(sql).fetch_all(connection).await;
    tables(rows.map_err(sorted("reading the schema"))?)
}

/// Begins to read: everything as it is at this moment.
pub(super) async fn begin_to_read(connection: &mut PgConnection) -> Result<(), StorageError> {
    run(
        connection,
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned(),
    )
    .await
    .map(|_| ())
}

/// Gives each row of a table to `sink`.
pub(super) async fn read(
    connection: &mut PgConnection,
    table: &str,
    columns: &[Column],
    sink: &mut dyn RowSink,
) -> Result<(), TransferError> {
    let wide = |column: &Column| format!("{}::{}", quoted(&column.name), type_of(column.kind));
    let wide: Vec<_> = columns.iter().map(wide).collect();
    let sql = format!("SELECT {} FROM {}", wide.join(", "), quoted(table));
    // Safe: the names come from the schema, and are quoted.
    let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(connection);
    while let Some(row) = rows.try_next().await.map_err(sorted("reading a table"))? {
        let cells: Result<Cells, _> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| cell(&row, at, column.kind))
            .collect();
        sink.take(cells.map_err(sorted("reading a table"))?).await?;
    }
    Ok(())
}

fn cell(row: &PgRow, at: usize, kind: Kind) -> Result<Cell, sqlx::Error> {
    let cell = match kind {
        Kind::Id => row
            .try_get::<Option<Uuid>, _>(at)?
            .map(|id| Cell::Bytes(id.as_bytes().to_vec())),
        Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(at)?.map(Cell::Bytes),
        Kind::Text => row.try_get::<Option<String>, _>(at)?.map(Cell::Text),
        Kind::Integer => row.try_get::<Option<i64>, _>(at)?.map(Cell::Integer),
        Kind::Boolean => row
            .try_get::<Option<bool>, _>(at)?
            .map(|flag| Cell::Integer(flag.into())),
        Kind::Real => row.try_get::<Option<f64>, _>(at)?.map(Cell::Real),
    };
    Ok(cell.unwrap_or(Cell::Null))
}

fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Id => "uuid",
        Kind::Bytes => "bytea",
        Kind::Text => "text",
        Kind::Integer => "bigint",
        Kind::Boolean => "boolean",
        Kind::Real => "double precision",
    }
}

/// Writes rows, a batch with one statement.
pub(super) async fn write(
    connection: &mut PgConnection,
    table: &str,
    columns: &[Column],
    rows: Vec<Cells>,
) -> Result<(), TransferError> {
    if rows.is_empty() {
        return Ok(());
    }
    let arrays = columns.iter().enumerate();
    let arrays: Vec<_> = arrays
        .map(|(at, column)| format!("${}::{}[]", at + 1, type_of(column.kind)))
        .collect();
    let sql = format!(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT * FROM UNNEST({})",
        quoted(table),
        list(columns),
        arrays.join(", ")
    );
    // Safe: the names come from the schema, and are quoted.
    let mut query = sqlx::query(AssertSqlSafe(sql));
    let mut turned: Vec<Vec<Cell>> = columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (column, cell) in turned.iter_mut().zip(row) {
            column.push(cell);
        }
    }
    for (column, cells) in columns.iter().zip(turned) {
        let wrong =
            || TransferError::SchemasDiffer(format!("{table}.{} holds another kind of value", column.name));
        macro_rules! bind {
            ($type:ty, $($pattern:pat => $value:expr),+) => {{
                let values: Result<Vec<Option<$type>>, _> = cells.into_iter().map(|cell| match cell {
                    Cell::Null => Ok(None),
                    $($pattern => $value.map(Some).ok_or_else(wrong),)+
                    _ => Err(wrong()),
                }).collect();
                query.bind(values?)
            }};
        }
        query = match column.kind {
            Kind::Id => bind!(Uuid, Cell::Bytes(bytes) => Uuid::from_slice(&bytes).ok()),
            Kind::Bytes => bind!(Vec<u8>, Cell::Bytes(bytes) => Some(bytes)),
            Kind::Text => bind!(String, Cell::Text(text) => Some(text)),
            Kind::Integer => bind!(i64, Cell::Integer(number) => Some(number)),
            Kind::Boolean => bind!(bool, Cell::Integer(0) => Some(false), Cell::Integer(1) => Some(true)),
            Kind::Real => bind!(f64, Cell::Real(number) => Some(number)),
        };
    }
    let written = query.execute(connection).await;
    written.map_err(sorted("writing a table"))?;
    Ok(())
}

/// Begins to write; the references that were taken away.
pub(super) async fn begin_to_write(connection: &mut PgConnection) -> Result<Vec<Reference>, StorageError> {
    run(connection, "BEGIN".to_owned()).await?;
    let sql = "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint \
               WHERE contype = 'f' AND connamespace = current_schema()::regnamespace AND conparentid = 0 ORDER BY 1, 2";
    let references: Vec<Reference> = sqlx::query_as(sql)
        .fetch_all(&mut *connection)
        .await
        .map_err(sorted("reading the schema"))?;
    for (table, name, _) in &references {
        run(connection, format!("ALTER TABLE {table} DROP CONSTRAINT {name}")).await?;
    }
    Ok(references)
}

/// Puts the references back, has generated numbers go on behind those that were written, and commits.
pub(super) async fn commit(
    connection: &mut PgConnection,
    references: &[Reference],
) -> Result<(), TransferError> {
    const FOREIGN_KEY_VIOLATION: &str = "23503";
    for (table, name, what) in references {
        // Safe: the text is the database's own.
        let sql = AssertSqlSafe(format!("ALTER TABLE {table} ADD CONSTRAINT {name} {what}"));
        if let Err(error) = sqlx::raw_sql(sql).execute(&mut *connection).await {
            let code = error.as_database_error().and_then(|cause| cause.code());
            if code.as_deref() == Some(FOREIGN_KEY_VIOLATION) {
                return Err(TransferError::Dangling { table: table.clone() });
            }
            return Err(sorted("checking references")(error).into());
        }
    }
    let sql = "SELECT a.attrelid::regclass::text, quote_ident(a.attname), \
               pg_get_serial_sequence(a.attrelid::regclass::text, a.attname) FROM pg_attribute a \
               JOIN pg_class c ON c.oid = a.attrelid \
               WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 \
               AND NOT a.attisdropped AND pg_get_serial_sequence(a.attrelid::regclass::text, a.attname) IS NOT NULL";
    let sequences: Vec<(String, String, String)> = sqlx::query_as(sql)
        .fetch_all(&mut *connection)
        .await
        .map_err(sorted("reading the schema"))?;
    for (table, column, sequence) in sequences {
        let sql = format!(
            "SELECT setval('{sequence}', coalesce(max({column}), 1), max({column}) IS NOT NULL) FROM {table}"
        );
        run(connection, sql).await?;
    }
    run(connection, "COMMIT".to_owned()).await?;
    Ok(())
}

/// The newest migration.
pub(super) async fn version(connection: &mut PgConnection) -> Result<i64, StorageError> {
    sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success")
        .fetch_one(connection)
        .await
        .map_err(sorted("reading the schema version"))
}

/// Runs a statement without parameters; how many rows it concerned.
pub(super) async fn run(connection: &mut PgConnection, sql: String) -> Result<u64, StorageError> {
    // Safe: the callers' texts are made of constants, quoted names, and what the database says about itself.
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    done.map(|done| done.rows_affected())
        .map_err(sorted("writing to the database"))
}
