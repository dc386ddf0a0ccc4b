//! The board: made over REST with its cards, and checked at the end.
//!
//! Invariant: what is expected of a card is what the last answered move said.

use std::collections::{BTreeMap, HashMap};

use hyper::Method;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::measure::progress::Progress;
use crate::problems::Problems;
use crate::rest::client::Content;
use crate::rest::{Person, RestError};

/// Connections over which the cards are made.
const MAKERS: usize = 16;
/// Cards that are open: fewer than a board may have. Those beyond are archived, as on a board that is years old.
const OPEN_CARDS: usize = 4_500;

/// A card, by both of its names.
#[derive(Clone, Debug)]
pub(super) struct Task {
    /// Its id over REST.
    pub(super) id: String,
    /// Its id in the board's document.
    pub(super) card: String,
    /// The column it was made in.
    pub(super) column: String,
}

/// A board with cards.
#[derive(Debug)]
pub(super) struct World {
    pub(super) board: String,
    pub(super) columns: Vec<String>,
    pub(super) tasks: Vec<Task>,
}

impl World {
    /// A board of `cards` cards, the open ones spread over its columns.
    pub(super) async fn make(person: &Person, cards: usize, progress: &Progress) -> anyhow::Result<Self> {
        let project = person.project("Boards").await?;
        let mut client = person.client().await?;
        let path = format!("/v1/projects/{}/boards", project.id);
        let new = Content::Json(json!({ "title": "Loom" }));
        let board = client.ask(Method::POST, &path, new).await?.text("id")?;
        let mut world = Self {
            board,
            columns: Vec::new(),
            tasks: Vec::with_capacity(cards),
        };
        let (state, _) = world.state(person).await?;
        let columns = state["columns"].as_array().cloned().unwrap_or_default();
        world.columns = columns
            .iter()
            .filter_map(|column| column["id"].as_str().map(str::to_owned))
            .collect();
        anyhow::ensure!(world.columns.len() >= 2, "a new board has fewer than two columns");
        let tasks = TaskTracker::new();
        let makers: Vec<_> = (0..MAKERS)
            .map(|maker| {
                let (person, board, columns) = (person.clone(), world.board.clone(), world.columns.clone());
                let path = format!("/v1/projects/{}/tasks", project.id);
                let numbers = (maker..cards).step_by(MAKERS);
                tasks.spawn(async move { make_cards(&person, &path, (&board, &columns), numbers).await })
            })
            .collect();
        for maker in makers {
            let made = maker.await??;
            made.iter().for_each(|_| progress.step());
            world.tasks.extend(made);
        }
        Ok(world)
    }

    /// Where each card was put when it was made, by its id in the document.
    pub(super) fn placed(&self) -> HashMap<String, String> {
        self.tasks
            .iter()
            .map(|task| (task.card.clone(), task.column.clone()))
            .collect()
    }

    /// What the board shows, and how long the answer took, in milliseconds.
    pub(super) async fn state(&self, person: &Person) -> Result<(Value, f64), RestError> {
        let mut client = person.client().await?;
        let start = Instant::now();
        let path = format!("/v1/boards/{}/state", self.board);
        let answer = client.ask(Method::GET, &path, Content::Nothing).await?;
        let took_ms = start.elapsed().as_secs_f64() * 1_000.0;
        Ok((answer.json(), took_ms))
    }

    /// Each card stands exactly once, in the column where it was put last.
    pub(super) fn check(&self, state: &Value, placed: &HashMap<String, String>, problems: &mut Problems) {
        let mut shown: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for column in state["columns"].as_array().into_iter().flatten() {
            let id = column["id"].as_str().unwrap_or_default();
            for card in column["cards"].as_array().into_iter().flatten() {
                shown
                    .entry(card.as_str().unwrap_or_default())
                    .or_default()
                    .push(id);
            }
        }
        for (card, column) in placed {
            match shown.remove(card.as_str()).as_deref() {
                Some([only]) if only == column => {}
                Some([_]) => problems.note("content", &format!("card {card} is not where it was put")),
                Some(many) => problems.note(
                    "content",
                    &format!("card {card} stands in {} columns", many.len()),
                ),
                None => problems.note("content", &format!("card {card} is gone")),
            }
        }
        if !shown.is_empty() {
            problems.note("content", &format!("{} cards that nobody made", shown.len()));
        }
    }
}

async fn make_cards(
    person: &Person,
    path: &str,
    (board, columns): (&str, &[String]),
    numbers: impl Iterator<Item = usize>,
) -> Result<Vec<Task>, RestError> {
    let mut client = person.client().await?;
    let mut made = Vec::new();
    for number in numbers {
        let column = columns[number % columns.len()].clone();
        let new = json!({ "title": format!("Card {number}"), "board_id": board, "column_id": column });
        let answer = client.ask(Method::POST, path, Content::Json(new)).await?;
        let id = answer.text("id")?;
        if number >= OPEN_CARDS {
            let archive = format!("/v1/tasks/{id}:archive");
            client.ask(Method::POST, &archive, Content::Nothing).await?;
            continue;
        }
        made.push(Task {
            id,
            card: answer.text("card_id")?,
            column,
        });
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(columns: Value) -> Vec<String> {
        let world = World {
            board: String::new(),
            columns: Vec::new(),
            tasks: Vec::new(),
        };
        let placed =
            [("a", "todo"), ("b", "done")].map(|(card, column)| (card.to_owned(), column.to_owned()));
        let mut problems = Problems::default();
        world.check(
            &json!({ "columns": columns }),
            &HashMap::from(placed),
            &mut problems,
        );
        problems.into_list()
    }

    #[test]
    fn a_card_stands_once_and_where_it_was_put() {
        let column = |id: &str, cards: &[&str]| json!({ "id": id, "cards": cards });
        let right = problems(json!([column("todo", &["a"]), column("done", &["b"])]));
        assert_eq!(right, Vec::<String>::new());
        for (wrong, said) in [
            (json!([column("todo", &["a", "b"])]), "not where it was put"),
            (
                json!([column("todo", &["a", "b"]), column("done", &["b"])]),
                "in 2 columns",
            ),
            (json!([column("todo", &["a"])]), "is gone"),
            (
                json!([column("todo", &["a", "c"]), column("done", &["b"])]),
                "nobody made",
            ),
        ] {
            let found = problems(wrong);
            assert!(found.len() == 1 && found[0].contains(said), "{found:?}");
        }
    }
}
