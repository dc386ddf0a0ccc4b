//! Which part of an ordered list is asked for, in statements whose `$2` to `$5` say so.

use uuid::Uuid;

use super::value::Value;

/// What a row is sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// A text, in the order of its bytes.
    Text(String),
    /// A number, or a time.
    Number(i64),
}

/// A part of a list whose order is a column and then the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// What follows the row with this mark and id; the mark must be of the kind that the order has.
    pub after: Option<(Mark, Uuid)>,
    /// How many rows are left out before that.
    pub skip: u32,
    /// How many rows at most.
    pub limit: u32,
    /// Whether the order is reversed.
    pub is_reversed: bool,
}

impl Span {
    /// All that there is, up to `limit`.
    pub fn first(limit: u32) -> Self {
        Self {
            after: None,
            skip: 0,
            limit,
            is_reversed: false,
        }
    }

    /// The id before the part, for lists in the order of ids.
    pub(super) fn last_id(&self) -> Option<Uuid> {
        self.after.as_ref().map(|(_, id)| *id)
    }

    /// `$2` to `$5` of a list in the order of a text.
    pub(super) fn by_text(&self) -> [Value; 4] {
        let mark = match &self.after {
            Some((Mark::Text(text), _)) => Some(text.clone()),
            _ => None,
        };
        self.values(Value::Text(mark))
    }

    /// `$2` to `$5` of a list in the order of a number.
    pub(super) fn by_number(&self) -> [Value; 4] {
        let mark = match &self.after {
            Some((Mark::Number(number), _)) => Some(*number),
            _ => None,
        };
        self.values(Value::Int(mark))
    }

    fn values(&self, mark: Value) -> [Value; 4] {
        let id = self.after.as_ref().map(|(_, id)| *id);
        [mark, Value::Uuid(id), self.limit.into(), self.skip.into()]
    }
}

/// The end of a statement: what follows the mark, in order. Takes the columns of the mark and the id.
macro_rules! span {
    ($mark:literal, $id:literal, ascending) => {
        concat!(
            " AND ($2 IS NULL OR (",
            $mark,
            ", ",
            $id,
            ") > ($2, $3)) ORDER BY ",
            $mark,
            ", ",
            $id,
            " LIMIT $4 OFFSET $5"
        )
    };
    ($mark:literal, $id:literal, descending) => {
        concat!(
            " AND ($2 IS NULL OR (",
            $mark,
            ", ",
            $id,
            ") < ($2, $3)) ORDER BY ",
            $mark,
            " DESC, ",
            $id,
            " DESC LIMIT $4 OFFSET $5"
        )
    };
}
pub(super) use span;

/// A tenant's statement that ends in a span: the one in order, or the one in reversed order.
macro_rules! tenant_span {
    ($span:expr, $mark:literal, $id:literal, $($sql:expr),+ $(,)?) => {
        if $span.is_reversed {
            $crate::records::statement::tenant_sql!($($sql),+, span!($mark, $id, descending))
        } else {
            $crate::records::statement::tenant_sql!($($sql),+, span!($mark, $id, ascending))
        }
    };
}
pub(super) use tenant_span;

/// The same across tenants, with the reason.
macro_rules! cross_span {
    ($span:expr, $because:expr, $mark:literal, $id:literal, $($sql:expr),+ $(,)?) => {{
        const ASCENDING: $crate::records::statement::CrossTenantSql =
            $crate::records::statement::CrossTenantSql::because($because, concat!($($sql),+, span!($mark, $id, ascending)));
        const DESCENDING: $crate::records::statement::CrossTenantSql =
            $crate::records::statement::CrossTenantSql::because($because, concat!($($sql),+, span!($mark, $id, descending)));
        if $span.is_reversed { DESCENDING } else { ASCENDING }
    }};
}
pub(super) use cross_span;

/// `text` as the pattern of a `LIKE … ESCAPE '!'` that finds it anywhere.
pub(super) fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
