//! Data of older versions, kept in `tests/fixtures`: opened, read, gone on with. How they were made is in `make.py` there.
//!
//! One test for all of them: what a version had written by then is counted in [`WRITTEN`], a line for each.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use uuid::Uuid;
use weft_protocol::board::view::CardState;
use weft_protocol::board::{Board, BoardView};
use weft_storage::objects::{ObjectKey, ObjectOwner};
use weft_storage::records::{
    AuditChain, AuditFilter, BoardAddress, CommentFilter, DocumentRow, NotificationFilter, NotificationState,
    Span, Tenant, Topic,
};
use weft_storage::{
    Append, CompactionOutcome, DocumentId, Finding, NewUpdate, Seq, Storage, WorkspaceId, doctor, migrate,
    pending_migrations, read_board_rows,
};

use crate::support::{Bed, Editor};

/// What a version has written.
struct Written {
    /// Its newest migration.
    version: i64,
    /// The documents with content, by title, and where their logs end.
    heads: &'static [(&'static str, u64)],
    /// Tasks on the board: in all, archived, in the trash.
    tasks: Option<(usize, usize, usize)>,
    /// Comments on the small document and reactions to the first; comments on the first card and reminders of it.
    comments: Option<(i64, i64, i64, i64)>,
    /// Messages to the endpoint that takes them, and to the one that refuses.
    messages: Option<[i64; 2]>,
    /// What is in the inbox of the second person, and of that unread.
    inbox: Option<(i64, i64)>,
    /// Entries in the audit log of the workspace, those of tasks that were made among them.
    audit: Option<(i64, usize)>,
    /// What somebody says who asks to be let in to the small document.
    asks: Option<&'static str>,
}

const WRITTEN: [Written; 8] = [
    Written {
        version: 2,
        heads: &[("Large", 7), ("Small", 8)],
        tasks: None,
        comments: None,
        messages: None,
        inbox: None,
        audit: None,
        asks: None,
    },
    Written {
        version: 3,
        heads: &[("Large", 4), ("Shuttles", 25), ("Small", 8)],
        tasks: Some((12, 1, 1)),
        comments: None,
        messages: None,
        inbox: None,
        audit: None,
        asks: None,
    },
    Written {
        version: 4,
        heads: &[("Large", 4), ("Shuttles", 26), ("Small", 8)],
        tasks: Some((12, 1, 1)),
        comments: Some((2, 1, 1, 1)),
        messages: None,
        inbox: None,
        audit: None,
        asks: None,
    },
    Written {
        version: 5,
        heads: &[("Large", 4), ("Shuttles", 26), ("Small", 8)],
        tasks: Some((12, 1, 1)),
        comments: Some((2, 1, 1, 1)),
        messages: Some([16, 16]),
        inbox: None,
        audit: None,
        asks: None,
    },
    Written {
        version: 6,
        heads: &[("Large", 4), ("Shuttles", 26), ("Small", 8)],
        tasks: Some((12, 1, 1)),
        comments: Some((2, 1, 1, 1)),
        messages: Some([16, 16]),
        inbox: Some((3, 2)),
        audit: None,
        asks: None,
    },
    Written {
        version: 7,
        heads: &[("Large", 4), ("Shuttles", 26), ("Small", 8)],
        tasks: Some((12, 1, 1)),
        comments: Some((2, 1, 1, 1)),
        messages: Some([16, 16]),
        inbox: Some((3, 2)),
        audit: None,
        asks: None,
    },
    Written {
        version: 11,
        heads: &[("Large", 4), ("Shuttles", 26), ("Small", 8)],
        tasks: Some((12, 1, 1)),
        comments: Some((2, 1, 1, 1)),
        messages: Some([16, 16]),
        inbox: Some((3, 2)),
        audit: Some((51, 12)),
        asks: None,
    },
    Written {
        version: 14,
        heads: &[("Large", 4), ("Shuttles", 26), ("Small", 8)],
        tasks: Some((12, 1, 1)),
        comments: Some((2, 1, 1, 1)),
        messages: Some([16, 16]),
        inbox: Some((3, 2)),
        audit: Some((56, 12)),
        asks: Some("The yarn is mine."),
    },
];

pub(crate) async fn what_older_versions_have_written_goes_on(bed: Bed) {
    for written in &WRITTEN {
        println!("written with migration {}", written.version);
        goes_on(&bed.written_by(written.version), written).await;
    }
}

async fn goes_on(bed: &Bed, written: &Written) {
    // The first migrations are there, with the checksums that they have today.
    let pending = pending_migrations(&bed.config).await.unwrap();
    let later = pending
        .iter()
        .all(|migration| migration.version > written.version);
    assert!(later, "{pending:?}");
    assert_eq!(migrate(&bed.config).await.unwrap(), pending);
    assert_eq!(pending_migrations(&bed.config).await.unwrap(), []);
    let storage = bed.open().await;
    assert_eq!(damage(&storage).await, []);

    let mut tx = storage.records().read().await.unwrap();
    let ada = tx.user_by_email("ada@example.com").await.unwrap().unwrap().user;
    let mine = tx.workspaces_of(ada.id, None, 10).await.unwrap();
    let mill = mine.iter().find(|found| found.workspace.name == "Mill").unwrap();
    let workspace: WorkspaceId = mill.workspace.id;
    drop(tx);
    let documents = documents(&storage, workspace).await;
    records_are_there(&storage, workspace, written, &documents).await;
    logs_go_on(&storage, workspace, written, &documents).await;
    assert_eq!(damage(&storage).await, []);

    // Files lie in the data directory, which a dump does not have.
    if bed.address.is_empty() {
        avatar_is_there(&storage, ada.id).await;
    }
    storage.close().await;
}

/// The documents that have a log, by title.
async fn documents(storage: &Storage, workspace: WorkspaceId) -> BTreeMap<String, DocumentRow> {
    let logs = storage.log().list(workspace, None, 10).await.unwrap();
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    let mut found = BTreeMap::new();
    for log in logs {
        let id = Uuid::parse_str(log.name.as_str()).unwrap();
        let row = tenant.document(id).await.unwrap().unwrap();
        found.insert(row.title.clone(), row);
    }
    found
}

/// Every log is whole, and takes one update more. One update of the small document was not folded.
async fn logs_go_on(
    storage: &Storage,
    workspace: WorkspaceId,
    written: &Written,
    documents: &BTreeMap<String, DocumentRow>,
) {
    let (mut heads, mut tails) = (Vec::new(), 0);
    for log in storage.log().list(workspace, None, 10).await.unwrap() {
        let stored = storage.log().load(workspace, &log.name).await.unwrap().unwrap();
        let archive = storage.log().archive(log.id).await.unwrap();
        assert_eq!(archive.len() as u64, stored.head.get());
        let title = documents
            .values()
            .find(|row| row.id.to_string() == log.name.as_str());
        heads.push((title.unwrap().title.as_str(), stored.head.get()));
        tails += stored.tail.len();
        go_on(storage, workspace, log.id).await;
    }
    heads.sort_unstable();
    assert_eq!((heads.as_slice(), tails), (written.heads, 1));
}

/// What the version knew beside the logs is there.
async fn records_are_there(
    storage: &Storage,
    workspace: WorkspaceId,
    written: &Written,
    documents: &BTreeMap<String, DocumentRow>,
) {
    let Some(tasks) = written.tasks else { return };
    let board = BoardAddress {
        workspace,
        board_id: documents["Shuttles"].id,
    };
    let first = rows_equal_the_board(storage, board, tasks).await;
    let mut tx = storage.records().read().await.unwrap();
    let ada = tx
        .user_by_email("ada@example.com")
        .await
        .unwrap()
        .unwrap()
        .user
        .id;
    let ben = tx
        .user_by_email("ben@example.com")
        .await
        .unwrap()
        .unwrap()
        .user
        .id;
    let mut tenant = tx.workspace(workspace).await.unwrap();
    let task = tenant
        .task(board.board_id, &first)
        .await
        .unwrap()
        .unwrap()
        .identity
        .id;
    if let Some(expected) = written.comments {
        let small = Topic {
            document_id: documents["Small"].id,
            task_id: None,
        };
        let card = Topic {
            document_id: board.board_id,
            task_id: Some(task),
        };
        let all = CommentFilter::default();
        let comments = tenant.comments(small, all, &Span::first(10)).await.unwrap();
        assert!(
            comments[0].resolved_at_ms.is_some() && comments[0].replies == 1,
            "{comments:?}"
        );
        assert_eq!(comments[0].mentions, [ben]);
        let found = (
            tenant.count_comments(small, all).await.unwrap(),
            tenant.count_reactions(comments[0].id, Some("🧵")).await.unwrap(),
            tenant.count_comments(card, all).await.unwrap(),
            tenant.count_reminders(task, ada).await.unwrap(),
        );
        assert_eq!(found, expected);
        assert_eq!(tenant.count_attachments(card).await.unwrap(), 1);
        assert!(tenant.subscription(card, ada).await.unwrap().is_some());
        let project = documents["Small"].project_id;
        assert_eq!(tenant.count_saved_views(project, Some(ben)).await.unwrap(), 1);
    }
    if let Some(expected) = written.messages {
        messages_are_there(&mut tenant, expected).await;
    }
    let Some((listed, unread)) = written.inbox else {
        return;
    };
    let counter = tenant.notification_counter(ben).await.unwrap();
    assert_eq!(counter.unread, unread);
    let everywhere = tenant.notification_preferences(ben, workspace.0).await.unwrap();
    assert!(everywhere.is_some_and(|chosen| chosen.preferences.contains("email")));
    requests_are_there(&mut tenant, documents["Small"].id, written.asks).await;
    if let Some(expected) = written.audit {
        audit_log_is_there(&mut tenant, expected).await;
    }
    let filter = NotificationFilter {
        user: ben,
        workspace: Some(workspace),
        state: NotificationState::Inbox,
    };
    assert_eq!(tx.count_notifications_seen(filter).await.unwrap(), listed);
}

/// Who asks to be let in still waits.
async fn requests_are_there(tenant: &mut Tenant<'_>, document: Uuid, expected: Option<&str>) {
    let asked = tenant.access_requests(document, &Span::first(10)).await.unwrap();
    let said: Vec<_> = asked.iter().map(|request| request.message.as_str()).collect();
    assert_eq!(said, expected.into_iter().collect::<Vec<_>>());
}

/// The audit log is whole, and entries are found by what they are and by when they were.
async fn audit_log_is_there(tenant: &mut Tenant<'_>, (all, made): (i64, usize)) {
    let head = tenant.audit_head().await.unwrap();
    let mut chain = AuditChain::new(tenant.id(), head.hash.map(|hash| (head.seq, hash)));
    let entries = tenant.audit_chain(0, 1_000).await.unwrap();
    for entry in &entries {
        chain.follow(entry).unwrap();
    }
    chain.finish().unwrap();
    assert_eq!(chain.seq(), all);
    let filter = AuditFilter {
        action: Some("task.created"),
        ..AuditFilter::default()
    };
    let found = tenant.audit_entries(&filter, &Span::first(100)).await.unwrap();
    assert_eq!(found.len(), made);
    for entry in &entries {
        let filter = AuditFilter {
            from_ms: Some(entry.at_ms),
            to_ms: Some(entry.at_ms + 1),
            ..AuditFilter::default()
        };
        let found = tenant.audit_entries(&filter, &Span::first(100)).await.unwrap();
        assert!(found.contains(entry));
    }
}

/// Each endpoint has its messages, and what was tried.
async fn messages_are_there(tenant: &mut Tenant<'_>, expected: [i64; 2]) {
    let endpoints = tenant.webhook_endpoints(&Span::first(10)).await.unwrap();
    assert_eq!(endpoints.len(), 2);
    for (endpoint, expected) in endpoints.iter().zip(expected) {
        let span = Span::first(100);
        let messages = tenant.webhook_messages(endpoint.id, None, &span).await.unwrap();
        assert_eq!(messages.len() as i64, expected, "{}", endpoint.description);
        let attempts = tenant.webhook_attempts(messages[0].id).await.unwrap();
        assert!(!attempts.is_empty());
        let was_taken = endpoint.description == "takes";
        assert!(
            attempts
                .iter()
                .all(|attempt| (attempt.status == Some(204)) == was_taken)
        );
    }
}

/// The rows of a board say what its document shows. The id of the card that was made first.
async fn rows_equal_the_board(
    storage: &Storage,
    address: BoardAddress,
    expected: (usize, usize, usize),
) -> String {
    let stored = read_board_rows(storage, address).await.unwrap().unwrap();
    let name = crate::support::name(&address.board_id.to_string());
    let log = storage
        .log()
        .load(address.workspace, &name)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((stored.head, stored.strays.as_slice()), (log.head, [].as_slice()));
    let view: BoardView = Editor::from_stored(4712, &log).look(|txn| Board::read(txn).view);
    assert_eq!((view.cards.len(), view.archive.len(), view.trash.len()), expected);
    assert_eq!(stored.rows.tasks.len(), view.cards.len());
    for row in &stored.rows.tasks {
        let (_, card) = view.cards.iter().find(|(id, _)| id.as_str() == row.card).unwrap();
        let state = match card.state {
            CardState::Open => "open",
            CardState::Archived => "archived",
            CardState::Deleted => "deleted",
        };
        let due = card.due.as_ref().map(|moment| moment.as_str());
        let column = card.column.as_ref().map(|column| column.as_str());
        assert_eq!((row.state, row.title.as_str()), (state, card.title.as_str()));
        assert_eq!((row.due.as_deref(), row.column.as_deref()), (due, column));
        assert_eq!(row.done, card.done.is_some());
        assert_eq!(row.checklist_total as usize, card.checklist.len());
        assert_eq!(row.assignees.len(), card.assignees.len());
    }
    let entries = view.columns.len() + view.lanes.len() + view.labels.len() + view.fields.len();
    assert_eq!(stored.rows.entries.len(), entries);
    assert_eq!((stored.rows.links.len(), view.links.len()), (2, 2));
    let first = stored
        .rows
        .tasks
        .iter()
        .find(|row| row.title == "Card 0")
        .unwrap();
    assert_eq!((first.checklist_total, first.checklist_done), (3, 1));
    first.card.clone()
}

async fn avatar_is_there(storage: &Storage, user: Uuid) {
    let mut tx = storage.records().read().await.unwrap();
    let avatar = tx.avatar(user).await.unwrap().unwrap();
    drop(tx);
    let key = ObjectKey {
        owner: ObjectOwner::User(user),
        id: avatar.object,
    };
    let reader = storage.objects().open(key).await.unwrap().unwrap();
    let pieces: Vec<_> = reader.bytes.try_collect().await.unwrap();
    assert!(pieces.concat().starts_with(b"\x89PNG"));
}

/// What is wrong. A blob that was replaced and not swept yet is nothing wrong.
async fn damage(storage: &Storage) -> Vec<Finding> {
    let findings = doctor(storage).await.unwrap().into_iter();
    findings.filter(Finding::is_damage).collect()
}

/// Writes one update more and folds everything.
async fn go_on(storage: &Storage, workspace: WorkspaceId, id: DocumentId) {
    let found = storage
        .log()
        .find(workspace, weft_storage::DocumentKey::Id(id))
        .await;
    let document = found.unwrap().unwrap();
    let append = Append {
        document: id,
        workspace,
        name: document.name.clone(),
        expected_head: document.head,
        updates: vec![NewUpdate::from(Editor::new(4711).write("and on"))],
        projection: None,
    };
    let head: Seq = storage.log().append(append).await.unwrap();
    assert_eq!(head, document.head.plus(1));
    let folded = storage.log().compact(id).await.unwrap();
    assert!(matches!(folded, CompactionOutcome::Folded { through, .. } if through == head));
}
