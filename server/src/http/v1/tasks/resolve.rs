//! From what a request says to what is to become of a card: people and other tasks are looked up, values are checked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use uuid::Uuid;
use weft_protocol::board::At;
use weft_protocol::board::change::Attribute;
use weft_protocol::board::id::{CardId, FieldId, Id, UserId, kind};
use weft_protocol::board::raw::Value;
use weft_protocol::board::schema::limit;
use weft_storage::records::Tx;

use super::changes::{Changes, Making, Target};
use super::gate::card_on;
use super::kinds::{PriorityName, StatusName};
use super::requests::{NewTask, NewTaskItem, TaskPatch};
use crate::access::people;
use crate::boards::user;
use crate::content::{self, Format, Limits, Node};
use crate::http::Problem;
use crate::http::rest::board::{ColumnRef, End, Names, place};
use crate::http::rest::{AnyCase, Clearable, Line, Once, invalid};
use crate::http::v1::boards::edit::SMALL;
use crate::http::v1::boards::gate::Board;
use crate::http::v1::caller::Caller;
use crate::http::v1::documents::refusal_problem;
use crate::rooms::ContentRefusal;

/// How large a description that comes with a task may be, in bytes.
const DESCRIPTION_BYTES: usize = 1024 * 1024;

/// Where requests about tasks of `board` are made sense of.
pub(super) struct Resolver<'r> {
    pub(super) tx: &'r mut Tx,
    pub(super) board: &'r Board,
    pub(super) now_ms: i64,
}

impl Resolver<'_> {
    /// What a request for a new task makes: the `index`-th thing that the request `once` makes.
    ///
    /// # Errors
    /// 422.
    pub(super) async fn making(
        &mut self,
        new: NewTask,
        caller: &Caller,
        (once, index): (&Once, u32),
    ) -> Result<Making, Problem> {
        let title = new.title.into_string();
        let target = target(new.column_id, new.status)?;
        let at = self
            .spot((new.before, new.after, new.pos))
            .await?
            .unwrap_or(At::Last);
        let assignees = one_or_many(new.assignee_ids, new.assignee_user_id.map(Some))?;
        let mut changes = Changes {
            target,
            values: values(new.fields.unwrap_or_default())?,
            description: new.description.as_deref().map(described).transpose()?,
            size_bytes: SMALL + 4 * title.len() + new.description.as_deref().map_or(0, |text| 4 * text.len()),
            ..Changes::default()
        };
        if let Some(users) = assignees {
            changes.assignees = Some(self.people(&users, &[], "assignee_ids").await?);
        }
        if let Some(users) = new.watcher_ids {
            changes.watchers = Some(self.people(&users, &[], "watcher_ids").await?);
        }
        changes.labels = new
            .label_ids
            .map(|labels| named(labels, "label_ids"))
            .transpose()?;
        if let Some(parent) = new.parent_id {
            changes.parent = Some(Some(card_on(self.tx, self.board, parent, "parent_id").await?));
        }
        let attributes = &mut changes.attributes;
        attributes.extend(new.lane_id.map(|lane| Attribute::Lane(Some(lane.0))));
        attributes.extend(
            new.priority
                .map(|priority| Attribute::Priority(priority.0.into())),
        );
        attributes.extend(new.due_date.map(|due| Attribute::Due(Some(due.0))));
        attributes.extend(new.start_date.map(|start| Attribute::Start(Some(start.0))));
        attributes.extend(new.estimate.map(|estimate| Attribute::Estimate(Some(estimate))));
        attributes.extend(new.color.map(|color| Attribute::Color(Some(color.0))));
        attributes.extend(new.done.map(Attribute::Done));
        let checklist = items(new.checklist.unwrap_or_default())?;
        changes.size_bytes += checklist
            .iter()
            .map(|(_, text, _, _)| 200 + 4 * text.len())
            .sum::<usize>();
        let id = once.id(&caller.0, index).unwrap_or_else(Uuid::now_v7);
        Ok(Making {
            id: CardId::of_uuid(id.into_bytes()),
            title,
            at,
            checklist,
            changes,
        })
    }

    /// What a patch changes of a task on which `assignees` work and of which `watchers` hear.
    ///
    /// # Errors
    /// 422.
    pub(super) async fn changes(
        &mut self,
        patch: TaskPatch,
        (assignees, watchers): (&[String], &[String]),
    ) -> Result<Changes, Problem> {
        let title = patch.title.into_option().map(Line::into_string);
        let description = patch.description.into_option();
        let text = description.map(|text| text.map_or_else(String::new, |text| text.into_string()));
        let mut changes = Changes {
            target: target(patch.column_id.into_option(), patch.status.into_option())?,
            values: values(patch.fields.into_option().unwrap_or_default())?,
            description: text.as_deref().map(described).transpose()?,
            size_bytes: SMALL
                + 4 * title.as_deref().map_or(0, str::len)
                + 4 * text.as_deref().map_or(0, str::len),
            title,
            ..Changes::default()
        };
        let users = one_or_many(
            patch.assignee_ids.into_option(),
            patch.assignee_user_id.into_option(),
        )?;
        if let Some(users) = users {
            changes.assignees = Some(self.people(&users, assignees, "assignee_ids").await?);
        }
        if let Some(users) = patch.watcher_ids.into_option() {
            changes.watchers = Some(self.people(&users, watchers, "watcher_ids").await?);
        }
        let labels = patch.label_ids.into_option();
        changes.labels = labels.map(|labels| named(labels, "label_ids")).transpose()?;
        match patch.parent_id {
            Clearable::Keep => {}
            Clearable::Clear => changes.parent = Some(None),
            Clearable::Set(parent) => {
                changes.parent = Some(Some(card_on(self.tx, self.board, parent, "parent_id").await?));
            }
        }
        let attributes = &mut changes.attributes;
        let lane = patch.lane_id.into_option();
        attributes.extend(lane.map(|lane| Attribute::Lane(lane.map(|lane| lane.0))));
        let cover = patch.cover.into_option();
        attributes.extend(cover.map(|cover| Attribute::Cover(cover.map(|cover| cover.0))));
        let priority = patch.priority.into_option();
        let priority = priority.map(|priority| priority.map_or(PriorityName::None, |priority| priority.0));
        attributes.extend(priority.map(|priority| Attribute::Priority(priority.into())));
        let due = patch.due_date.into_option();
        attributes.extend(due.map(|due| Attribute::Due(due.map(|due| due.0))));
        let start = patch.start_date.into_option();
        attributes.extend(start.map(|start| Attribute::Start(start.map(|start| start.0))));
        attributes.extend(patch.estimate.into_option().map(Attribute::Estimate));
        let color = patch.color.into_option();
        attributes.extend(color.map(|color| Attribute::Color(color.map(|color| color.0))));
        attributes.extend(patch.done.into_option().map(Attribute::Done));
        Ok(changes)
    }

    /// The place that a request names by other tasks; `None` if it names none.
    ///
    /// # Errors
    /// 422.
    pub(super) async fn spot(
        &mut self,
        (before, after, pos): (Option<Uuid>, Option<Uuid>, Option<End>),
    ) -> Result<Option<At<kind::Card>>, Problem> {
        let before = match before {
            Some(id) => Some(card_on(self.tx, self.board, id, "before").await?),
            None => None,
        };
        let after = match after {
            Some(id) => Some(card_on(self.tx, self.board, id, "after").await?),
            None => None,
        };
        place(before, after, pos, |card| card)
    }

    /// People as the document names them. Those that are not among `known` must see the board.
    ///
    /// # Errors
    /// 422.
    pub(super) async fn people(
        &mut self,
        users: &[Uuid],
        known: &[String],
        field: &str,
    ) -> Result<BTreeSet<UserId>, Problem> {
        if users.len() > limit::MEMBERS {
            return Err(invalid(field, "INVALID_LENGTH", "must have at most 200 members"));
        }
        let mut people = BTreeSet::new();
        for (index, id) in users.iter().enumerate() {
            let user = user(*id);
            let is_known = known.iter().any(|known| known == user.as_str());
            if !is_known && !people::sees_document(self.tx, self.board.id(), *id, self.now_ms).await? {
                let message = "must be somebody who may see the board";
                return Err(invalid(&format!("{field}[{index}]"), "NOT_FOUND", message));
            }
            people.insert(user);
        }
        Ok(people)
    }
}

fn target(column: Option<ColumnRef>, status: Option<AnyCase<StatusName>>) -> Result<Option<Target>, Problem> {
    match (column, status) {
        (Some(_), Some(_)) => {
            let message = "must not be combined with column_id";
            Err(invalid("status", "CONFLICTING_MEMBERS", message))
        }
        (Some(column), None) => Ok(Some(Target::Column(column.0))),
        (None, Some(status)) => Ok(Some(Target::Status(status.0))),
        (None, None) => Ok(None),
    }
}

/// The assignees by whichever of the two members says them.
fn one_or_many(many: Option<Vec<Uuid>>, one: Option<Option<Uuid>>) -> Result<Option<Vec<Uuid>>, Problem> {
    match (many, one) {
        (Some(_), Some(_)) => {
            let message = "must not be combined with assignee_ids";
            Err(invalid("assignee_user_id", "CONFLICTING_MEMBERS", message))
        }
        (Some(many), None) => Ok(Some(many)),
        (None, one) => Ok(one.map(|one| one.into_iter().collect())),
    }
}

fn named<N: Names>(names: Vec<N>, field: &str) -> Result<BTreeSet<Id<N::Kind>>, Problem> {
    if names.len() > limit::MEMBERS {
        return Err(invalid(field, "INVALID_LENGTH", "must have at most 200 members"));
    }
    Ok(names.into_iter().map(Names::id).collect())
}

/// Values of custom fields, or that they go.
fn values(fields: BTreeMap<String, Json>) -> Result<Vec<(FieldId, Option<Value>)>, Problem> {
    if fields.len() > limit::FIELDS {
        return Err(invalid(
            "fields",
            "INVALID_LENGTH",
            "must have at most 100 members",
        ));
    }
    let value = |(id, value): (String, Json)| {
        let not_found = || invalid("fields", "NOT_FOUND", "must name custom fields of the board");
        let id = FieldId::parse(&id).map_err(|_| not_found())?;
        let value = match value {
            Json::Null => None,
            Json::String(text) => Some(Value::Text(text)),
            Json::Bool(flag) => Some(Value::Flag(flag)),
            Json::Number(number) => number.as_f64().map(Value::Number),
            Json::Array(_) | Json::Object(_) => {
                let message = "must be a text, a number, true, false or null";
                return Err(invalid(&format!("fields.{id}"), "INVALID_TYPE", message));
            }
        };
        Ok((id, value))
    };
    fields.into_iter().map(value).collect()
}

/// Markdown as rich text.
fn described(markdown: &str) -> Result<Node, Problem> {
    let limits = Limits {
        max_bytes: DESCRIPTION_BYTES,
        ..Limits::default()
    };
    let node = content::parse(markdown.as_bytes(), Format::Markdown, &limits);
    node.map_err(|mut error| {
        "description".clone_into(&mut error.field);
        refusal_problem(ContentRefusal::Content(error))
    })
}

type Item = (weft_protocol::board::ItemId, String, bool, String);

fn items(items: Vec<NewTaskItem>) -> Result<Vec<Item>, Problem> {
    if items.len() > limit::ITEMS {
        return Err(invalid(
            "checklist",
            "INVALID_LENGTH",
            "must have at most 500 items",
        ));
    }
    let item = |item: NewTaskItem| {
        let list = item.list.map_or_else(String::new, |list| list.into_string());
        let id = Id::of_uuid(Uuid::now_v7().into_bytes());
        (id, item.text.into_string(), item.done, list)
    };
    Ok(items.into_iter().map(item).collect())
}
