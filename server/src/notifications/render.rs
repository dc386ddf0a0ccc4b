//! What a notification says, made when it is read.
//!
//! Invariant: only rows that their reader may see at this moment are given here, so titles and names are of things that
//! they see. Everything is plain text on one line; whoever shows it escapes it.

use std::collections::HashMap;

use uuid::Uuid;
use weft_storage::records::{AccessRequest, Notification, NotificationSubject, RecordError, Tenant, Tx};

use super::Kind;
use crate::content;

/// The longest title of a subject within a title, and the longest excerpt, in characters.
const MAX_SUBJECT: usize = 120;
const MAX_BODY: usize = 280;

/// What a notification says.
#[derive(Debug)]
pub(crate) struct Rendered {
    /// One sentence, such as `Ada mentioned you in LOO-12 Warp`.
    pub(crate) title: String,
    /// How the comment begins, if it is about one.
    pub(crate) body: String,
    /// What the subject is called; `None` if it is not there any more.
    pub(crate) subject: Option<String>,
    /// Whose doing it was, the last one first.
    pub(crate) actors: Vec<(Uuid, String)>,
}

/// Makes texts of rows, and remembers names meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Renderer {
    names: HashMap<Uuid, String>,
}

impl Renderer {
    /// What a row says.
    ///
    /// # Errors
    /// A failure of the database.
    pub(crate) async fn render(&mut self, tx: &mut Tx, row: &Notification) -> Result<Rendered, RecordError> {
        let (subject, column) = subject_of(tx, row).await?;
        let mut actors = Vec::with_capacity(row.actors.len());
        for id in &row.actors {
            actors.push((*id, self.name(tx, *id).await?));
        }
        let shown = subject.as_deref().map_or("something", |title| title);
        let title = sentence(row, &who(&actors), &line(shown, MAX_SUBJECT), column.as_deref());
        Ok(Rendered {
            title,
            body: body_of(tx, row).await?,
            subject,
            actors,
        })
    }

    async fn name(&mut self, tx: &mut Tx, id: Uuid) -> Result<String, RecordError> {
        if let Some(name) = self.names.get(&id) {
            return Ok(name.clone());
        }
        let user = tx.user(id).await?;
        let name = user.map(|user| format!("{} {}", user.first_name, user.last_name));
        let name = line(&name.unwrap_or_default(), MAX_SUBJECT);
        self.names.insert(id, name.clone());
        Ok(name)
    }
}

/// Who did it: one, two, or one and others.
fn who(actors: &[(Uuid, String)]) -> String {
    let name = |place: usize| {
        let name = actors.get(place).map_or("", |(_, name)| name.as_str());
        if name.is_empty() { "Somebody" } else { name }
    };
    match actors.len() {
        0 | 1 => name(0).to_owned(),
        2 => format!("{} and {}", name(0), name(1)),
        more => format!("{} and {} others", name(0), more - 1),
    }
}

fn sentence(row: &Notification, who: &str, subject: &str, column: Option<&str>) -> String {
    let Some(kind) = Kind::parse(&row.kind) else {
        return subject.to_owned();
    };
    match kind {
        Kind::Mentioned => format!("{who} mentioned you in {subject}"),
        Kind::Assigned => format!("{who} assigned {subject} to you"),
        Kind::Unassigned => format!("{who} took you off {subject}"),
        Kind::Reminder => format!("Reminder: {subject}"),
        Kind::DueSoon => format!("{subject} is due soon"),
        Kind::Overdue => format!("{subject} is overdue"),
        Kind::CommentOnWatched => format!("{who} commented on {subject}"),
        Kind::Reply => format!("{who} replied to you in {subject}"),
        Kind::CommentResolved => format!("{who} resolved a thread in {subject}"),
        Kind::StatusChanged => match column {
            Some(column) => format!("{who} moved {subject} to {}", line(column, MAX_SUBJECT)),
            None => format!("{who} moved {subject}"),
        },
        Kind::TaskCompleted => format!("{who} completed {subject}"),
        Kind::DependencyUnblocked => format!("{subject} is not blocked any longer"),
        Kind::DocumentShared => format!("{who} shared {subject} with you"),
        Kind::DocumentChanged => format!("{who} changed {subject}"),
        Kind::AccessRequested => format!("{who} asks to see {subject}"),
        Kind::Invited => format!("{who} added you to {subject}"),
        Kind::RoleChanged => format!("{who} changed your role in {subject}"),
        Kind::WebhookDisabled => format!("The webhook endpoint {subject} was disabled"),
    }
}

/// What the subject is called, and the column in which a task is.
async fn subject_of(
    tx: &mut Tx,
    row: &Notification,
) -> Result<(Option<String>, Option<String>), RecordError> {
    if let NotificationSubject::Task(id) = row.subject {
        let Some(address) = tx.task_address(id).await? else {
            return Ok((None, None));
        };
        let mut tenant = tx.workspace(row.workspace).await?;
        let Some(task) = tenant.task(address.board_id, &address.card).await? else {
            return Ok((None, None));
        };
        let title = format!("{}-{} {}", task.task_key, task.identity.number, task.shown.title);
        return Ok((Some(title), task.column.map(|column| column.name)));
    }
    let mut tenant = tx.workspace(row.workspace).await?;
    let title = match row.subject {
        NotificationSubject::Document(id) => tenant.document(id).await?.map(|found| found.title),
        NotificationSubject::Project(id) => tenant.project(id).await?.map(|found| found.content.name),
        NotificationSubject::Team(id) => tenant.team(id).await?.map(|found| found.name),
        NotificationSubject::WebhookEndpoint(id) => tenant.webhook_endpoint(id).await?.map(|found| found.url),
        NotificationSubject::Workspace(_) => tenant.workspace().await?.map(|found| found.name),
        NotificationSubject::Task(_) | NotificationSubject::Account(_) => None,
    };
    Ok((title, None))
}

async fn body_of(tx: &mut Tx, row: &Notification) -> Result<String, RecordError> {
    if Kind::parse(&row.kind) == Some(Kind::AccessRequested) {
        let asked = open_request(&mut tx.workspace(row.workspace).await?, row).await?;
        return Ok(asked.map_or_else(String::new, |asked| line(&asked.message, MAX_BODY)));
    }
    let is_about_comment = matches!(
        Kind::parse(&row.kind),
        Some(Kind::Mentioned | Kind::CommentOnWatched | Kind::Reply | Kind::CommentResolved)
    );
    let (true, Some(id)) = (is_about_comment, row.comment_id) else {
        return Ok(String::new());
    };
    let comment = tx.comment(id).await?;
    let body =
        comment.filter(|comment| comment.deleted_at_ms.is_none() && comment.workspace == row.workspace);
    let said = body.and_then(|comment| content::comment(&comment.body).ok());
    Ok(said.map_or_else(String::new, |said| line(&said.excerpt, MAX_BODY)))
}

/// The request that a row of `access_requested` is about, if it is still open.
pub(super) async fn open_request(
    tenant: &mut Tenant<'_>,
    row: &Notification,
) -> Result<Option<AccessRequest>, RecordError> {
    match (row.document_id, row.actors.first()) {
        (Some(document), Some(user)) => tenant.access_request(document, *user).await,
        _ => Ok(None),
    }
}

/// `text` on one line: whatever breaks lines or steers a terminal becomes a space, and what is too long is cut.
fn line(text: &str, most: usize) -> String {
    let words = text.split(|character: char| character.is_whitespace() || character.is_control());
    let mut all = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(word);
    }
    match all.char_indices().nth(most) {
        Some(_) => all.chars().take(most - 1).chain(['…']).collect(),
        None => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_and_not_too_long() {
        for (text, most, expected) in [
            (
                "  Warp\r\nBcc: eve@example.com\u{2028}x ",
                80,
                "Warp Bcc: eve@example.com x",
            ),
            ("\u{1b}[31mred\0", 80, "[31mred"),
            ("ééééé", 5, "ééééé"),
            ("éééééé", 5, "éééé…"),
            ("", 5, ""),
        ] {
            assert_eq!(line(text, most), expected);
        }
    }

    #[test]
    fn it_is_said_who_did_it() {
        let names = |names: &[&str]| -> Vec<_> {
            let named = names.iter().map(|name| (Uuid::nil(), (*name).to_owned()));
            named.collect()
        };
        assert_eq!(who(&names(&[])), "Somebody");
        assert_eq!(who(&names(&["Ada"])), "Ada");
        assert_eq!(who(&names(&["Ada", ""])), "Ada and Somebody");
        assert_eq!(who(&names(&["Ada", "Ben", "Cem"])), "Ada and 2 others");
    }
}
