//! A workspace with boards to test with, and a room's end of the log that projects what it appends.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;
use weft_storage::records::{
    BoardAddress, Event, EventFilter, EventSpan, MemberChange, NewDocument, NewTeam, NewUser, NewWorkspace,
    NewWorkspaceEvent, ProjectContent, Task, TaskFilter, TaskOrder,
};
use weft_storage::{
    Append, BoardRows, DocumentId, EntryKind, EntryRow, LinkRow, NewEvent, NewUpdate, Projection, Seq,
    Storage, StorageError, TaskRow, WorkspaceId, read_board_rows,
};

use crate::support::{name, new_id};

pub(crate) const NOW: i64 = 1_790_000_000_000;

/// A workspace with a team, a project and somebody who owns it.
pub(crate) struct Place {
    pub(crate) workspace: WorkspaceId,
    pub(crate) team: Uuid,
    pub(crate) project: Uuid,
    pub(crate) owner: Uuid,
}

pub(crate) async fn create_user(storage: &Storage) -> Uuid {
    let id = Uuid::now_v7();
    let address = format!("{}@example.org", id.simple());
    let mut tx = storage.records().write().await.unwrap();
    let new = NewUser {
        id,
        email: &address,
        email_key: &address,
        username: None,
        password_hash: None,
        first_name: "A",
        last_name: "B",
        server_role: "user",
        status: "active",
        email_verified_at_ms: None,
        now_ms: NOW,
    };
    tx.create_user(new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

pub(crate) fn member(user_id: Uuid, role: &str) -> MemberChange<'_> {
    MemberChange {
        user_id,
        role,
        now_ms: NOW,
    }
}

pub(crate) fn content(name: &str) -> ProjectContent {
    ProjectContent {
        name: name.to_owned(),
        description: String::new(),
        status: "active".to_owned(),
        start_date: None,
        end_date: None,
        task_key: None,
    }
}

pub(crate) async fn place(storage: &Storage) -> Place {
    let owner = create_user(storage).await;
    let (workspace, team) = (WorkspaceId(Uuid::now_v7()), Uuid::now_v7());
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    let new = NewWorkspace {
        name: "W",
        created_by: Some(owner),
        now_ms: NOW,
    };
    tenant.create_workspace(new).await.unwrap();
    tenant.put_member(member(owner, "owner")).await.unwrap();
    let new = NewTeam {
        id: team,
        name: "Weavers",
        description: "",
        owner_user_id: owner,
        now_ms: NOW,
    };
    tenant.create_team(new).await.unwrap();
    tx.commit().await.unwrap();
    let mut place = Place {
        workspace,
        team,
        project: Uuid::nil(),
        owner,
    };
    place.project = create_project(storage, &place, &content("Project")).await;
    place
}

pub(crate) async fn create_project(storage: &Storage, place: &Place, content: &ProjectContent) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let made = tenant.create_project(id, place.team, place.owner, content, NOW);
    made.await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// The end of the log that a board's room has.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    pub(crate) workspace: WorkspaceId,
    pub(crate) board: Uuid,
    pub(crate) document: DocumentId,
    pub(crate) head: Seq,
}

/// A board of a project, that nobody has edited.
pub(crate) async fn create_board(storage: &Storage, place: &Place) -> Room {
    create_document(storage, place, "board").await
}

pub(crate) async fn create_document(storage: &Storage, place: &Place, kind: &str) -> Room {
    let board = Uuid::now_v7();
    let mut tx = storage.records().write().await.unwrap();
    let new = NewDocument {
        id: board,
        project_id: place.project,
        kind,
        title: "Board",
        created_by: place.owner,
        now_ms: NOW,
    };
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    tenant.create_document(new).await.unwrap();
    tx.commit().await.unwrap();
    Room {
        workspace: place.workspace,
        board,
        document: new_id(),
        head: Seq::ZERO,
    }
}

impl Room {
    pub(crate) fn address(&self) -> BoardAddress {
        BoardAddress {
            workspace: self.workspace,
            board_id: self.board,
        }
    }

    /// An append of `updates` edits.
    pub(crate) fn asks(&self, updates: usize, projection: Projection) -> Append {
        Append {
            document: self.document,
            workspace: self.workspace,
            name: name(&self.board.to_string()),
            expected_head: self.head,
            updates: vec![NewUpdate::from(Bytes::from_static(b"u")); updates],
            projection: Some(Arc::new(projection)),
        }
    }

    /// Appends one edit and what it changes.
    pub(crate) async fn edit(
        &mut self,
        storage: &Storage,
        projection: Projection,
    ) -> Result<Seq, StorageError> {
        self.head = storage.log().append(self.asks(1, projection)).await?;
        Ok(self.head)
    }

    pub(crate) async fn rows(&self, storage: &Storage) -> BoardRows {
        read_board_rows(storage, self.address()).await.unwrap().unwrap()
    }

    pub(crate) async fn task(&self, storage: &Storage, card: &str) -> Option<Task> {
        let mut tx = storage.records().read().await.unwrap();
        let mut tenant = tx.workspace(self.workspace).await.unwrap();
        tenant.task(self.board, card).await.unwrap()
    }
}

/// A card with nothing but a title.
pub(crate) fn card(id: &str, title: &str) -> TaskRow {
    TaskRow {
        card: id.to_owned(),
        state: "open",
        column: Some("todo".to_owned()),
        order_group: 0,
        order_key: "a0".to_owned(),
        title: title.to_owned(),
        priority: 0,
        due: None,
        start: None,
        estimate: None,
        parent: None,
        assignees: Vec::new(),
        labels: Vec::new(),
        watchers: Vec::new(),
        checklist_total: 0,
        checklist_done: 0,
        done: false,
        view: format!("{{\"title\":{title:?}}}"),
    }
}

pub(crate) fn entry(kind: EntryKind, id: &str, position: i64, name: &str) -> EntryRow {
    EntryRow {
        kind,
        id: id.to_owned(),
        position,
        name: name.to_owned(),
        category: if kind == EntryKind::Column { "started" } else { "" },
        view: "{}".to_owned(),
    }
}

pub(crate) fn link(from: &str, kind: &'static str, to: &str) -> LinkRow {
    LinkRow {
        from: from.to_owned(),
        kind,
        to: to.to_owned(),
        cyclic: false,
    }
}

pub(crate) fn event(kind: &'static str, card: Option<&str>) -> NewEvent {
    NewEvent {
        id: Uuid::now_v7(),
        kind,
        actor: None,
        card: card.map(str::to_owned),
        data: "{\"a\":1}".to_owned(),
    }
}

/// What shows `tasks` and says so.
pub(crate) fn showing(tasks: Vec<TaskRow>) -> Projection {
    let events = tasks.iter().map(|row| event("task.created", Some(&row.card)));
    Projection {
        events: events.collect(),
        tasks,
        ..Projection::default()
    }
}

pub(crate) fn happening(kind: &str) -> NewWorkspaceEvent<'_> {
    NewWorkspaceEvent {
        id: Uuid::now_v7(),
        kind,
        team_id: None,
        project_id: None,
        document_id: None,
        task_id: None,
        card: None,
        actor: None,
        data: "{}",
        now_ms: NOW,
    }
}

pub(crate) async fn record(storage: &Storage, workspace: WorkspaceId, new: NewWorkspaceEvent<'_>) -> i64 {
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    let seq = tenant.record_event(new).await.unwrap();
    tx.commit().await.unwrap();
    seq
}

/// All events of a workspace, whose places are looked at.
pub(crate) async fn events(storage: &Storage, workspace: WorkspaceId) -> Vec<Event> {
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    let all = EventFilter::default();
    let found = tenant.events(&all, EventSpan::after(0, 100_000)).await.unwrap();
    let last = tenant.last_event_seq().await.unwrap();
    let places: Vec<i64> = found.iter().map(|event| event.seq).collect();
    assert_eq!(places, (1..=last).collect::<Vec<_>>());
    found
}

/// The cards of a workspace's tasks.
pub(crate) async fn cards(
    storage: &Storage,
    workspace: WorkspaceId,
    filter: &TaskFilter<'_>,
    order: TaskOrder,
) -> Vec<String> {
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    let span = weft_storage::records::Span::first(1000);
    let found = tenant.tasks(filter, order, &span).await.unwrap();
    let count = tenant.count_tasks(filter).await.unwrap();
    assert_eq!(count, i64::try_from(found.len()).unwrap());
    found.into_iter().map(|task| task.shown.card).collect()
}
