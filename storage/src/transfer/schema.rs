//! The tables of a database as the database describes them, so that a new migration needs no change here.

use std::collections::BTreeMap;

use super::error::TransferError;

/// What a column holds. SQLite knows fewer kinds: there, ids are bytes and truth values are numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Id,
    Bytes,
    Text,
    Integer,
    Boolean,
    Real,
}

impl Kind {
    /// The kind of a type's name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "uuid" => Self::Id,
            "bytea" | "blob" => Self::Bytes,
            "text" | "character varying" => Self::Text,
            "bigint" | "integer" | "smallint" | "int" => Self::Integer,
            "boolean" => Self::Boolean,
            "double precision" | "real" => Self::Real,
            _ => return None,
        })
    }

    /// The kind that SQLite has for it.
    fn plain(self) -> Self {
        match self {
            Self::Id => Self::Bytes,
            Self::Boolean => Self::Integer,
            other => other,
        }
    }
}

/// A column that can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// Tables by name, columns in order.
pub(super) type Tables = BTreeMap<String, Vec<Column>>;

/// Puts rows of `table, column, type` together. Tables of the migrations themselves are left out.
pub(super) fn tables(rows: Vec<(String, String, String)>) -> Result<Tables, TransferError> {
    let mut tables = Tables::new();
    for (table, column, kind) in rows {
        if table == "_sqlx_migrations" {
            continue;
        }
        let known = Kind::of(&kind).ok_or_else(|| {
            TransferError::SchemasDiffer(format!(
                "{table}.{column} has the type {kind}, which is not known"
            ))
        })?;
        tables.entry(table).or_default().push(Column {
            name: column,
            kind: known,
        });
    }
    Ok(tables)
}

/// Sees that two databases have the same tables, with columns of the same names and kinds.
pub(super) fn compare(source: &Tables, target: &Tables) -> Result<(), TransferError> {
    let differ = |what: String| Err(TransferError::SchemasDiffer(what));
    for table in source.keys().chain(target.keys()) {
        let (Some(from), Some(to)) = (source.get(table), target.get(table)) else {
            return differ(format!("only one has the table {table}"));
        };
        for column in from.iter().chain(to) {
            let kind = |columns: &[Column]| {
                let same = columns.iter().find(|other| other.name == column.name);
                same.map(|column| column.kind.plain())
            };
            if kind(from) != kind(to) {
                return differ(format!("column {table}.{}", column.name));
            }
        }
    }
    Ok(())
}

/// The columns of `there` in the order of `columns`, which are of the same names: what one database calls bytes is an id
/// in the other.
pub(super) fn aligned(columns: &[Column], there: &[Column]) -> Vec<Column> {
    let of_name = |column: &Column| there.iter().find(|other| other.name == column.name).cloned();
    columns.iter().filter_map(of_name).collect()
}

/// A name as SQL takes it, whatever it is.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The columns in a list.
pub(super) fn list(columns: &[Column]) -> String {
    let names: Vec<_> = columns.iter().map(|column| quoted(&column.name)).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[(&str, &str, &str)]) -> Tables {
        let rows = rows
            .iter()
            .map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned()));
        tables(rows.collect()).unwrap()
    }

    #[test]
    fn kinds_are_compared_as_sqlite_knows_them() {
        let sqlite = of(&[
            ("a", "id", "BLOB"),
            ("a", "on", "INTEGER"),
            ("_sqlx_migrations", "x", "TIMESTAMP"),
        ]);
        let postgres = of(&[("a", "on", "boolean"), ("a", "id", "uuid")]);
        assert!(compare(&sqlite, &postgres).is_ok());
        let kinds: Vec<_> = aligned(&sqlite["a"], &postgres["a"])
            .into_iter()
            .map(|column| (column.name, column.kind))
            .collect();
        assert_eq!(
            kinds,
            [("id".to_owned(), Kind::Id), ("on".to_owned(), Kind::Boolean)]
        );
        for other in [
            of(&[]),
            of(&[("a", "id", "uuid")]),
            of(&[("a", "id", "text"), ("a", "on", "boolean")]),
            of(&[("a", "id", "uuid"), ("a", "on", "boolean"), ("a", "more", "text")]),
            of(&[("a", "id", "uuid"), ("a", "on", "boolean"), ("b", "id", "uuid")]),
        ] {
            assert!(
                compare(&sqlite, &other).is_err() && compare(&other, &sqlite).is_err(),
                "{other:?}"
            );
        }
        assert!(tables(vec![("a".to_owned(), "b".to_owned(), "tsvector".to_owned())]).is_err());
    }
}
