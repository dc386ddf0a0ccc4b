//! Asking a board's room: to change the board, and what it means when it does not.
//!
//! Invariant: a change is one transaction. If any of it is refused nothing has happened, and the answer says why.

use axum::http::StatusCode;
use tokio::sync::oneshot;
use weft_protocol::board::change::What;
use weft_protocol::board::{ChangeError, Editor};

use super::gate::Board;
use crate::content::ContentError;
use crate::http::Problem;
use crate::http::problem::{Detail, NOT_FOUND};
use crate::http::rest::json::unprocessable;
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::http::v1::documents::refusal_problem;
use crate::rooms::{BoardEdit, ContentRefusal, EditError, Operation};

/// What a change may add to the document beyond the texts in it, in bytes.
pub(in crate::http::v1) const SMALL: usize = 16 * 1024;

/// Why a change stops.
#[derive(Debug)]
pub(in crate::http::v1) enum Stop {
    /// The board does not take it.
    Edit(EditError),
    /// The request does not fit what the board is now.
    Told(Box<Problem>),
}

impl From<ChangeError> for Stop {
    fn from(error: ChangeError) -> Self {
        Self::Edit(error.into())
    }
}

impl From<ContentError> for Stop {
    fn from(error: ContentError) -> Self {
        Self::Edit(error.into())
    }
}

impl From<EditError> for Stop {
    fn from(error: EditError) -> Self {
        Self::Edit(error)
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Told(Box::new(problem))
    }
}

impl Stop {
    /// As the one who asked is told.
    pub(in crate::http::v1) fn into_problem(self) -> Problem {
        match self {
            Self::Edit(EditError::Change(error)) => change_problem(&error),
            Self::Edit(EditError::Content(error)) => refusal_problem(ContentRefusal::Content(error)),
            Self::Told(problem) => *problem,
        }
    }
}

/// Lets the room of `board` carry out `change`, and waits until it is durable: then the rows say the same. `size_bytes`
/// is the most that it may add to the document.
///
/// # Errors
/// What `change` answers; 409, 413, 422, 503.
pub(in crate::http::v1) async fn edit<T: Send + 'static>(
    api: &Api,
    caller: &Caller,
    board: &Board,
    size_bytes: usize,
    change: impl FnOnce(&mut Editor<'_, '_>) -> Result<T, Stop> + Send + Sync + 'static,
) -> Result<T, Problem> {
    let (say, mut said) = oneshot::channel::<Result<T, Problem>>();
    let edit = BoardEdit::new(caller.0.user(), api.clock.now_ms(), size_bytes, move |editor| {
        let (answer, told) = match change(editor) {
            Ok(value) => (Ok(()), Ok(value)),
            // Whatever it is: the room undoes what was done already.
            Err(stop) => (
                Err(EditError::Change(ChangeError::Invalid(What::Board))),
                Err(stop.into_problem()),
            ),
        };
        drop(say.send(told));
        answer
    });
    let asked = api
        .hub
        .ask(board.workspace(), &board.name()?, Operation::EditBoard(edit))
        .await;
    match (asked, said.try_recv()) {
        (Ok(_), Ok(Ok(value))) => Ok(value),
        (_, Ok(Err(problem))) => Err(problem),
        (Err(refusal), _) => Err(refused(refusal)),
        (Ok(_), Err(_)) => Err(Problem::INTERNAL),
    }
}

/// What a room's refusal means to the one who asked.
pub(in crate::http::v1) fn refused(refusal: ContentRefusal) -> Problem {
    match refusal {
        ContentRefusal::Board(error) => change_problem(&error),
        ContentRefusal::NoBoard => NO_BOARD,
        ContentRefusal::NoSuchCard => NOT_FOUND,
        other => refusal_problem(other),
    }
}

const NO_BOARD: Problem = Problem::new(
    StatusCode::CONFLICT,
    "NO_BOARD",
    "the document was not made to be a board, or by a newer version of Weft",
);
const TOO_MANY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "TOO_MANY",
    "the board has as many of these as it may have; details say of which",
);
const EXISTS: Problem = Problem::new(
    StatusCode::CONFLICT,
    "ALREADY_EXISTS",
    "there is something with this id already",
);
const WIP_LIMIT: Problem = Problem::new(
    StatusCode::CONFLICT,
    "WIP_LIMIT",
    "the column has a hard limit and takes no more tasks",
);
const PARENT_CYCLE: Problem = Problem::new(
    StatusCode::CONFLICT,
    "PARENT_CYCLE",
    "a task cannot be a part of itself or of its own parts",
);
const DEPENDENCY_CYCLE: Problem = Problem::new(
    StatusCode::CONFLICT,
    "DEPENDENCY_CYCLE",
    "the dependency would close a cycle",
);

/// What an error of the moves means to the one who asked.
pub(in crate::http::v1) fn change_problem(error: &ChangeError) -> Problem {
    let detail = |field: &str, code| Detail {
        field: field.to_owned(),
        code,
        message: error.to_string(),
    };
    match error {
        ChangeError::NoBoard | ChangeError::UnknownSchema(_) | ChangeError::BoardExists => NO_BOARD,
        ChangeError::NotFound { what, .. } => match member(*what) {
            // What the address names.
            None => NOT_FOUND,
            Some(field) => unprocessable(Detail {
                field: field.to_owned(),
                code: "NOT_FOUND",
                message: format!("must name a {what} of the board"),
            }),
        },
        ChangeError::Exists { .. } => EXISTS,
        ChangeError::TooMany { .. } => TOO_MANY.with_detail(detail("", "TOO_MANY")),
        ChangeError::TooLong { what, .. } => {
            unprocessable(detail(member(*what).unwrap_or_default(), "TOO_LONG"))
        }
        ChangeError::Invalid(what) => {
            unprocessable(detail(member(*what).unwrap_or_default(), "INVALID_VALUE"))
        }
        ChangeError::WipLimit { .. } => WIP_LIMIT.with_detail(detail("column_id", "WIP_LIMIT")),
        ChangeError::ParentCycle => PARENT_CYCLE,
        ChangeError::DependencyCycle => DEPENDENCY_CYCLE,
        ChangeError::SelfLink => unprocessable(detail("task_id", "INVALID_VALUE")),
        ChangeError::Key(_) => Problem::INTERNAL,
    }
}

/// The member of requests that names such a thing or holds such a value.
fn member(what: What) -> Option<&'static str> {
    Some(match what {
        What::Column => "column_id",
        What::Lane => "lane_id",
        What::Label => "label_ids",
        What::Field | What::Value => "fields",
        What::Choice => "option_id",
        What::File => "cover",
        What::Member => "user_id",
        What::Color => "color",
        What::Estimate => "estimate",
        What::Limit => "wip",
        What::Board | What::Card | What::Item | What::Link => return None,
    })
}
