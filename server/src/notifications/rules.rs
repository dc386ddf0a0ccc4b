//! Who is to be told of an event, and as what.
//!
//! Invariant: an event is at most one thing to one person, the most personal one. Nothing is decided here about rights
//! and preferences; `follow` asks for both.

use serde_json::Value;
use uuid::Uuid;
use weft_storage::records::{Event, NotificationSubject, RecordError, Task, Tenant, Topic};

use super::Kind;

/// How many people hear of one event at most. Those who are named come first.
const MAX_AUDIENCE: u32 = 500;

/// What somebody is told about.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) subject: NotificationSubject,
    /// What it belongs to in an inbox.
    pub(super) thread_key: String,
    pub(super) team_id: Option<Uuid>,
    pub(super) project_id: Option<Uuid>,
    pub(super) document_id: Option<Uuid>,
    pub(super) comment_id: Option<Uuid>,
    /// What they may have muted.
    pub(super) topic: Option<Topic>,
}

/// Something to be told to several people.
#[derive(Debug)]
pub(super) struct News {
    pub(super) about: About,
    /// To whom, as what.
    pub(super) to: Vec<(Uuid, Kind)>,
    /// Whether there is nothing more to do about what was told in the thread before.
    pub(super) is_over: bool,
}

impl News {
    fn new(about: About) -> Self {
        Self {
            about,
            to: Vec::new(),
            is_over: false,
        }
    }

    /// What somebody is told first counts.
    fn tell(&mut self, users: impl IntoIterator<Item = Uuid>, kind: Kind) {
        for user in users {
            let is_full = self.to.len() >= MAX_AUDIENCE as usize;
            if !is_full && self.to.iter().all(|(told, _)| *told != user) {
                self.to.push((user, kind));
            }
        }
    }
}

/// A topic: the task that is named, or else the document.
pub(super) fn about_topic(document: Uuid, task: Option<Uuid>, project: Option<Uuid>) -> About {
    let subject = task.map_or(NotificationSubject::Document(document), NotificationSubject::Task);
    let (kind, id) = subject.key();
    About {
        subject,
        thread_key: format!("{kind}:{id}"),
        team_id: None,
        project_id: project,
        document_id: Some(document),
        comment_id: None,
        topic: Some(Topic {
            document_id: document,
            task_id: task,
        }),
    }
}

fn about_place(subject: NotificationSubject, team: Option<Uuid>, project: Option<Uuid>) -> About {
    let (kind, id) = subject.key();
    About {
        subject,
        thread_key: format!("{kind}:{id}"),
        team_id: team,
        project_id: project,
        document_id: None,
        comment_id: None,
        topic: None,
    }
}

/// What `event` is to whom.
pub(super) async fn of_event(tenant: &mut Tenant<'_>, event: &Event) -> Result<Vec<News>, RecordError> {
    let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
    match event.kind.split_once('.') {
        Some(("comment", what)) => of_comment(tenant, event, what, &data).await,
        Some(("task", what)) => of_task(tenant, event, what, &data).await,
        Some(("member", what)) => Ok(of_member(tenant, event, what, &data)),
        Some(("document", "shared")) => Ok(of_share(event, &data)),
        Some(("document", "updated")) => of_update(tenant, event).await,
        Some(("document", "access_requested")) => of_access_request(tenant, event, &data).await,
        Some(("document", "access_declined")) => Ok(of_decision(event, &data).into_iter().collect()),
        Some(("endpoint", "disabled")) => of_endpoint(tenant, &data).await,
        _ => Ok(Vec::new()),
    }
}

fn id(value: &Value) -> Option<Uuid> {
    value.as_str()?.parse().ok()
}

fn ids(value: &Value) -> Vec<Uuid> {
    value.as_array().into_iter().flatten().filter_map(id).collect()
}

/// Accounts among those whom a document names.
fn accounts(names: &[String]) -> impl Iterator<Item = Uuid> {
    names.iter().filter_map(|name| name.parse().ok())
}

async fn of_comment(
    tenant: &mut Tenant<'_>,
    event: &Event,
    what: &str,
    data: &Value,
) -> Result<Vec<News>, RecordError> {
    let (Some(document), Some(comment)) = (event.document_id, id(&data["comment_id"])) else {
        return Ok(Vec::new());
    };
    let mut about = about_topic(document, event.task_id, event.project_id);
    about.comment_id = Some(comment);
    let parent = id(&data["parent_id"]);
    // A document is talked about in many threads, a task in one.
    if event.task_id.is_none() {
        about.thread_key = format!("comment:{}", parent.unwrap_or(comment));
    }
    let mut news = News::new(about);
    match what {
        "created" => {
            news.tell(ids(&data["mentions"]), Kind::Mentioned);
            if let Some(parent) = parent {
                let root = tenant.tx().comment(parent).await?;
                news.tell(root.and_then(|root| root.author.user_id), Kind::Reply);
            }
            let others = audience(tenant, event).await?;
            news.tell(others, Kind::CommentOnWatched);
        }
        "updated" => news.tell(ids(&data["added_mentions"]), Kind::Mentioned),
        "resolved" => {
            news.tell(id(&data["author_user_id"]), Kind::CommentResolved);
            let others = audience(tenant, event).await?;
            news.tell(others, Kind::CommentResolved);
        }
        _ => {}
    }
    Ok(vec![news])
}

async fn of_task(
    tenant: &mut Tenant<'_>,
    event: &Event,
    what: &str,
    data: &Value,
) -> Result<Vec<News>, RecordError> {
    let (Some(document), Some(task)) = (event.document_id, event.task_id) else {
        return Ok(Vec::new());
    };
    let mut all = vec![News::new(about_topic(document, Some(task), event.project_id))];
    let Some(news) = all.first_mut() else {
        return Ok(all);
    };
    match what {
        "created" => news.tell(ids(&data["after"]["assignees"]), Kind::Assigned),
        "assigned" => news.tell(id(&data["after"]["assignee"]), Kind::Assigned),
        "unassigned" => news.tell(id(&data["before"]["assignee"]), Kind::Unassigned),
        "moved" if data["before"]["column"] != data["after"]["column"] => {
            news.tell(audience(tenant, event).await?, Kind::StatusChanged);
        }
        "completed" => {
            news.tell(audience(tenant, event).await?, Kind::TaskCompleted);
            let card = event.card.as_deref().unwrap_or_default();
            for free in tenant.tasks_set_free_by(document, card, MAX_AUDIENCE).await? {
                let about = about_topic(document, Some(free.identity.id), event.project_id);
                let mut news = News::new(about);
                news.tell(concerned(&free), Kind::DependencyUnblocked);
                all.push(news);
            }
        }
        _ => {}
    }
    Ok(all)
}

fn concerned(task: &Task) -> Vec<Uuid> {
    let mut all: Vec<Uuid> = accounts(&task.shown.assignees).collect();
    all.extend(accounts(&task.shown.watchers));
    all
}

/// Who hears of what an event is about: those who work on a task, those whom its board names as watchers, and those who
/// watch it.
async fn audience(tenant: &mut Tenant<'_>, event: &Event) -> Result<Vec<Uuid>, RecordError> {
    let Some(document_id) = event.document_id else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    if let Some(card) = &event.card {
        let task = tenant.task(document_id, card).await?;
        all.extend(task.iter().flat_map(concerned));
    }
    let topic = Topic {
        document_id,
        task_id: event.task_id,
    };
    let known = tenant.subscriptions(topic, None, MAX_AUDIENCE).await?;
    let watching = known.iter().filter(|known| known.state == "watching");
    all.extend(watching.map(|known| known.user_id));
    Ok(all)
}

fn of_member(tenant: &Tenant<'_>, event: &Event, what: &str, data: &Value) -> Vec<News> {
    let kind = match what {
        "joined" => Kind::Invited,
        "role_changed" => Kind::RoleChanged,
        _ => return Vec::new(),
    };
    let subject = match (event.project_id, event.team_id) {
        (Some(project), _) => NotificationSubject::Project(project),
        (None, Some(team)) => NotificationSubject::Team(team),
        (None, None) => NotificationSubject::Workspace(tenant.id().0),
    };
    let mut news = News::new(about_place(subject, event.team_id, event.project_id));
    news.tell(id(&data["user_id"]), kind);
    vec![news]
}

fn of_share(event: &Event, data: &Value) -> Vec<News> {
    let Some(document) = event.document_id else {
        return Vec::new();
    };
    let mut news = News::new(about_topic(document, None, event.project_id));
    news.tell(id(&data["user_id"]), Kind::DocumentShared);
    [news].into_iter().chain(of_decision(event, data)).collect()
}

/// Changes of a document are a thread of their own, which hides nothing else about it.
async fn of_update(tenant: &mut Tenant<'_>, event: &Event) -> Result<Vec<News>, RecordError> {
    let Some(document) = event.document_id else {
        return Ok(Vec::new());
    };
    let mut news = News::new(About {
        thread_key: format!("changes:{document}"),
        ..about_topic(document, None, event.project_id)
    });
    news.tell(audience(tenant, event).await?, Kind::DocumentChanged);
    Ok(vec![news])
}

/// A person who asks for a document is a thread.
fn about_access(event: &Event, data: &Value) -> Option<About> {
    let (document, user) = (event.document_id?, id(&data["user_id"])?);
    Some(About {
        thread_key: format!("access:{document}:{user}"),
        topic: None,
        ..about_topic(document, None, event.project_id)
    })
}

async fn of_access_request(
    tenant: &mut Tenant<'_>,
    event: &Event,
    data: &Value,
) -> Result<Vec<News>, RecordError> {
    let (Some(about), Some(document), Some(user)) =
        (about_access(event, data), event.document_id, id(&data["user_id"]))
    else {
        return Ok(Vec::new());
    };
    // It may have been decided meanwhile.
    if tenant.access_request(document, user).await?.is_none() {
        return Ok(Vec::new());
    }
    let mut news = News::new(about);
    let sharers = tenant.sharers(document, MAX_AUDIENCE).await?;
    news.tell(sharers, Kind::AccessRequested);
    Ok(vec![news])
}

/// Somebody was let in or declined: nobody else has to decide it any more.
fn of_decision(event: &Event, data: &Value) -> Option<News> {
    let mut news = News::new(about_access(event, data)?);
    news.is_over = true;
    Some(news)
}

async fn of_endpoint(tenant: &mut Tenant<'_>, data: &Value) -> Result<Vec<News>, RecordError> {
    let Some(endpoint) = id(&data["endpoint_id"]) else {
        return Ok(Vec::new());
    };
    let subject = NotificationSubject::WebhookEndpoint(endpoint);
    let mut news = News::new(about_place(subject, None, None));
    let span = weft_storage::records::Span::first(MAX_AUDIENCE);
    for role in ["owner", "admin"] {
        let people = tenant.people(Some(role), &span).await?;
        let people = people.iter().map(|person| person.member.user_id);
        news.tell(people, Kind::WebhookDisabled);
    }
    Ok(vec![news])
}
