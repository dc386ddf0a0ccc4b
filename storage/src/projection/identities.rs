//! Gives ids and numbers to cards that have none.
//!
//! Invariant: a card of a board is given them once, and no id or number is given twice. Numbers of a project are counted
//! under the lock of its counter, which is taken in the order of the projects' ids.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use sha1::{Digest as _, Sha1};
use uuid::{Builder, Uuid, Version};

use super::boards::Places;
use super::connection::{Connection, Keyed};
use super::fold::{BoardKey, Changes, id_of_name};
use super::text::is_sound;
use crate::model::WorkspaceId;
use crate::pieces::Family;
use crate::records::row::Row;
use crate::records::value::Value;

/// What a card is known by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity {
    pub(super) id: Uuid,
    pub(super) number: i64,
    pub(super) created_at_ms: i64,
}

/// The identities of the cards that a commit speaks of, as far as they have one.
pub(super) type Identities = HashMap<(BoardKey, String), Identity>;

static FIND: LazyLock<Keyed> = LazyLock::new(|| {
    Keyed::new(
        "SELECT workspace_id, board_id, card_id, id, number, created_at_ms FROM task_identities",
        &["workspace_id", "board_id", "card_id"],
        "",
    )
});

static COUNT_ON: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        "INSERT INTO project_counters (workspace_id, project_id, task_number) VALUES ",
        "(?,?,?)",
        " ON CONFLICT (workspace_id, project_id) \
         DO UPDATE SET task_number = project_counters.task_number + excluded.task_number \
         RETURNING workspace_id, project_id, task_number",
    )
});

const INSERT: &str = "INSERT INTO task_identities \
                      (workspace_id, board_id, card_id, id, project_id, number, created_at_ms) VALUES ";

static GIVE_OWN: LazyLock<Family> = LazyLock::new(|| {
    Family::new(
        INSERT,
        "(?,?,?,?,?,?,?)",
        " ON CONFLICT DO NOTHING RETURNING workspace_id, board_id, card_id, id, number, created_at_ms",
    )
});

static GIVE: LazyLock<Family> = LazyLock::new(|| Family::new(INSERT, "(?,?,?,?,?,?,?)", ""));

/// A card that has no identity yet.
#[derive(Debug, Clone)]
struct NewCard<'a> {
    key: BoardKey,
    card: &'a str,
    project: Uuid,
    number: i64,
    id: Uuid,
}

/// Finds what all cards that `changes` speaks of are known by, and gives it to those that are shown for the first time.
pub(super) async fn identify(
    connection: &mut Connection<'_>,
    changes: &Changes<'_>,
    places: &Places,
    now_ms: i64,
) -> Result<Identities, sqlx::Error> {
    let mut cards: Vec<(BoardKey, &str)> = Vec::new();
    for (key, change) in &changes.boards {
        cards.extend(change.shown.iter().map(|card| (*key, *card)));
    }
    for (key, event) in &changes.events {
        cards.extend(event.card.as_deref().map(|card| (*key, card)));
    }
    cards.retain(|(_, card)| is_sound(card));
    cards.sort_unstable();
    cards.dedup();
    let mut known = find(connection, &cards).await?;
    let mut new = new_cards(changes, places, &known);
    number(connection, &mut new).await?;
    give(connection, new, &mut known, now_ms).await?;
    Ok(known)
}

async fn find(
    connection: &mut Connection<'_>,
    cards: &[(BoardKey, &str)],
) -> Result<Identities, sqlx::Error> {
    let rows = connection
        .rows_keyed(&FIND, cards, |(key, card), values| {
            values.extend([key.workspace.0.into(), key.board.into(), (*card).into()]);
        })
        .await?;
    rows.iter().map(identity).collect()
}

fn identity(row: &Row) -> Result<((BoardKey, String), Identity), sqlx::Error> {
    let key = BoardKey {
        workspace: WorkspaceId(row.try_get("workspace_id")?),
        board: row.try_get("board_id")?,
    };
    let identity = Identity {
        id: row.try_get("id")?,
        number: row.try_get("number")?,
        created_at_ms: row.try_get("created_at_ms")?,
    };
    Ok(((key, row.try_get("card_id")?), identity))
}

/// The cards that are shown and have no id, each once, in the order in which they came.
fn new_cards<'a>(changes: &Changes<'a>, places: &Places, known: &Identities) -> Vec<NewCard<'a>> {
    let mut new = Vec::new();
    for (key, change) in &changes.boards {
        let Some(place) = places.get(key) else { continue };
        let mut seen = std::collections::HashSet::new();
        for card in &change.shown {
            if seen.insert(*card) && !known.contains_key(&(*key, (*card).to_owned())) {
                new.push(NewCard {
                    key: *key,
                    card,
                    project: place.project,
                    number: 0,
                    id: own_id(card).unwrap_or_else(|| derived_id(key.board, card)),
                });
            }
        }
    }
    new
}

/// The card's id in the document, if it can be its id everywhere. Derived ids are not taken from documents, so that
/// nobody can take the one of another's card before it comes.
fn own_id(card: &str) -> Option<Uuid> {
    id_of_name(card).filter(|id| id.get_version() != Some(Version::Sha1))
}

/// A UUID of version 5: it says of which card of which board it is, and of no other.
fn derived_id(board: Uuid, card: &str) -> Uuid {
    let hash = Sha1::new().chain_update(board).chain_update(card).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Builder::from_sha1_bytes(bytes).into_uuid()
}

/// Gives numbers, counting on in each project.
async fn number(connection: &mut Connection<'_>, new: &mut [NewCard<'_>]) -> Result<(), sqlx::Error> {
    let mut wanted: BTreeMap<(Uuid, Uuid), i64> = BTreeMap::new();
    for card in &*new {
        *wanted.entry((card.project, card.key.workspace.0)).or_default() += 1;
    }
    let wanted: Vec<_> = wanted.into_iter().collect();
    let rows = connection
        .rows_of_all(&COUNT_ON, &wanted, |((project, workspace), count), values| {
            values.extend([(*workspace).into(), (*project).into(), (*count).into()]);
        })
        .await?;
    let mut last_numbers = HashMap::with_capacity(rows.len());
    for row in &rows {
        let project: Uuid = row.try_get("project_id")?;
        last_numbers.insert(project, row.try_get::<i64>("task_number")?);
    }
    let mut next: HashMap<Uuid, i64> = HashMap::with_capacity(wanted.len());
    for ((project, _), count) in wanted {
        let last = last_numbers.get(&project).ok_or(sqlx::Error::RowNotFound)?;
        next.insert(project, last - count + 1);
    }
    for card in new {
        let number = next.get_mut(&card.project).ok_or(sqlx::Error::RowNotFound)?;
        card.number = *number;
        *number += 1;
    }
    Ok(())
}

/// Writes the identities, in the order of the ids. Cards whose own id is another's get a derived one.
async fn give(
    connection: &mut Connection<'_>,
    mut new: Vec<NewCard<'_>>,
    known: &mut Identities,
    now_ms: i64,
) -> Result<(), sqlx::Error> {
    let values = |card: &NewCard<'_>, values: &mut Vec<Value>| {
        values.extend([
            card.key.workspace.0.into(),
            card.key.board.into(),
            card.card.into(),
            card.id.into(),
            card.project.into(),
            card.number.into(),
            now_ms.into(),
        ]);
    };
    new.sort_unstable_by_key(|card| card.id);
    let given = connection.rows_of_all(&GIVE_OWN, &new, values).await?;
    for row in &given {
        let (card, identity) = identity(row)?;
        known.insert(card, identity);
    }
    new.retain(|card| !known.contains_key(&(card.key, card.card.to_owned())));
    for card in &mut new {
        card.id = derived_id(card.key.board, card.card);
    }
    new.sort_unstable_by_key(|card| card.id);
    connection.execute_all(&GIVE, &new, values).await?;
    for card in new {
        let identity = Identity {
            id: card.id,
            number: card.number,
            created_at_ms: now_ms,
        };
        known.insert((card.key, card.card.to_owned()), identity);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_are_those_of_the_standard() {
        // The example of RFC 9562, appendix A.4.
        let names = Uuid::parse_str("6ba7b810-9dad-11d1-80b4-00c04fd430c8").unwrap();
        let id = derived_id(names, "www.example.com");
        assert_eq!(id.to_string(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }

    #[test]
    fn a_derived_id_is_not_taken_from_a_document() {
        let id = Uuid::from_u128(7);
        let derived = derived_id(id, "card").to_string();
        assert_eq!(own_id(&derived), None);
        let own = "018f2f6e-0000-7000-8000-000000000000";
        assert_eq!(own_id(own).map(|id| id.to_string()).as_deref(), Some(own));
        assert_eq!(own_id("card-1"), None);
        assert_eq!(own_id(&own.to_uppercase()), None);
    }
}
