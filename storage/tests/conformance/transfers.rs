//! Moves between databases: every table and every column arrives, whatever migrations have made since.
//!
//! Everything is compared by SQL of the tests' own, not by what the move says about itself.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use weft_storage::clock::ManualClock;
use weft_storage::migrate;
use weft_storage::transfer::{TransferError, backup, restore, transfer};

use crate::server::connect;
use crate::support::{Bed, fixtures};

/// All rows of each table, as text, in the order of the text.
type Tables = BTreeMap<String, Vec<String>>;

/// A data directory with something in every table and every column.
async fn filled() -> Bed {
    let bed = Bed::sqlite().await.unwrap();
    migrate(&bed.config).await.unwrap();
    let sql = std::fs::read_to_string(fixtures().join("every_table.sql")).unwrap();
    let mut connection = open(&bed.config.data_dir).await;
    sqlx::raw_sql(AssertSqlSafe(with_ids(&sql)))
        .execute(&mut connection)
        .await
        .unwrap();
    for table in names(&mut connection).await {
        for column in columns(&mut connection, &table).await {
            let sql = format!("SELECT count(\"{column}\") FROM \"{table}\"");
            let values: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(&mut connection)
                .await
                .unwrap();
            assert!(values > 0, "every_table.sql has nothing for {table}.{column}");
        }
    }
    connection.close().await.unwrap();
    bed
}

/// Puts ids in place of `@name`, 16 bytes, and hashes in place of `#name`, 32 bytes: the name and dots.
fn with_ids(sql: &str) -> String {
    let mut written = String::new();
    let mut rest = sql;
    while let Some(at) = rest.find(['@', '#']) {
        let (before, mark) = rest.split_at(at);
        written.push_str(before);
        let length = if mark.starts_with('@') { 16 } else { 32 };
        let end = mark[1..].find(|letter: char| !letter.is_ascii_lowercase());
        let (name, after) = mark[1..].split_at(end.unwrap());
        if before.ends_with([' ', '(']) {
            let bytes: String = format!("{name:.<length$}")
                .bytes()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            write!(written, "x'{bytes}'").unwrap();
        } else {
            written.push_str(&mark[..=name.len()]);
        }
        rest = after;
    }
    written + rest
}

async fn open(data_dir: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(data_dir.join("weft.db"));
    options.foreign_keys(true).connect().await.unwrap()
}

async fn names(connection: &mut SqliteConnection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('_sqlx_migrations', 'sqlite_sequence') \
               ORDER BY name";
    sqlx::query_scalar(sql).fetch_all(connection).await.unwrap()
}

async fn columns(connection: &mut SqliteConnection, table: &str) -> Vec<String> {
    let sql = "SELECT name FROM pragma_table_info(?) ORDER BY cid";
    sqlx::query_scalar(sql)
        .bind(table)
        .fetch_all(connection)
        .await
        .unwrap()
}

/// What a data directory holds, but for the place of its large bytes.
async fn dump(data_dir: &Path) -> Tables {
    let mut connection = open(data_dir).await;
    let mut tables = Tables::new();
    for table in names(&mut connection).await {
        let columns = columns(&mut connection, &table).await;
        let texts: Vec<_> = columns
            .iter()
            .map(|column| format!("quote(\"{column}\")"))
            .collect();
        let sql = format!(
            "SELECT {} AS row FROM \"{table}\" ORDER BY row",
            texts.join(" || ', ' || ")
        );
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let rows = rows.into_iter().filter(|row| !row.contains("'large bytes'"));
        tables.insert(table, rows.collect());
    }
    connection.close().await.unwrap();
    tables
}

/// Rows of each table of a Postgres database, and how many references there are between tables.
async fn counts(bed: &Bed) -> (BTreeMap<String, u64>, i64) {
    let mut connection = connect(&bed.address).await;
    let sql = "SELECT table_name::text FROM information_schema.tables \
               WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'";
    let names: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
    let mut counts = BTreeMap::new();
    for name in names {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM \"{name}\""));
        let rows: i64 = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
        counts.insert(name, rows.unsigned_abs());
    }
    let references =
        sqlx::query_scalar("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    connection.close().await.unwrap();
    (counts, references)
}

/// To Postgres by a move, from there by a backup, and back into Postgres and a data directory from the backup.
pub(crate) async fn every_table_and_column_moves(bed: Bed) {
    let source = filled().await;
    let before = dump(&source.config.data_dir).await;
    migrate(&bed.config).await.unwrap();
    let (_, references) = counts(&bed).await;
    assert!(references > 30, "{references}");

    let report = transfer(&source.config, &bed.config, &[]).await.unwrap();
    // What the rows name and nobody ever wrote.
    assert_eq!(report.bytes.missing.len(), 5, "{:?}", report.bytes.missing);
    let (moved, still) = counts(&bed).await;
    assert_eq!(still, references, "references between tables are lost");
    let told: BTreeMap<_, _> = report
        .tables
        .iter()
        .map(|table| (table.name.clone(), table.rows))
        .collect();
    let rows = |tables: &Tables| -> BTreeMap<_, _> {
        let count = |(name, rows): (&String, &Vec<String>)| (name.clone(), rows.len() as u64);
        tables.iter().map(count).collect()
    };
    assert_eq!(told, rows(&before));
    // Beside that, the target says where its large bytes are.
    let mut expected = rows(&before);
    *expected.get_mut("server_values").unwrap() += 1;
    assert_eq!(moved, expected);
    assert_eq!(
        dump(&source.config.data_dir).await,
        before,
        "the source has changed"
    );

    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("backup");
    backup(&bed.config, &saved, &[], &ManualClock::new(1))
        .await
        .unwrap();
    assert_eq!(dump(&saved).await, before);

    let other = Bed::sqlite().await.unwrap();
    restore(&saved, &other.config, &[]).await.unwrap();
    assert_eq!(dump(&other.config.data_dir).await, before);
    let again = Bed::postgres().await.unwrap();
    restore(&saved, &again.config, &[]).await.unwrap();
    assert_eq!(counts(&again).await, (expected, references));
    let last = folder.path().join("last");
    backup(&again.config, &last, &[], &ManualClock::new(2))
        .await
        .unwrap();
    assert_eq!(dump(&last).await, before);
}

/// Rows that refer to nothing are not moved, and nothing else is.
pub(crate) async fn what_refers_to_nothing_is_refused(bed: Bed) {
    let source = filled().await;
    source.tamper("DELETE FROM teams").await;
    let refused = transfer(&source.config, &bed.config, &[]).await.unwrap_err();
    let TransferError::Dangling { table } = refused else {
        panic!("{refused:?}");
    };
    assert!(table == "projects" || table == "team_members", "{table}");
    let (left, references) = counts(&bed).await;
    assert!(references > 30, "references between tables are lost");
    let left: Vec<_> = left.iter().filter(|(_, rows)| **rows > 0).collect();
    assert!(left.is_empty(), "{left:?}");
}
