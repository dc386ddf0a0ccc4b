//! What the records promise about what people say and want to hear: comments, reactions, subscriptions, views, reminders,
//! and who sees events.

use std::sync::Arc;

use uuid::Uuid;
use weft_storage::records::{
    Author, CommentChange, CommentFilter, CommentRemains, EventFilter, EventSpan, MemberChange,
    NewAttachment, NewComment, NewDocument, NewReminder, NewWorkspaceEvent, RecordError, ReminderTime,
    SavedViewContent, ShareChange, Span, Tenant, Topic,
};
use weft_storage::{Append, DocumentId, NewUpdate, Projection, Seq, Storage, TaskRow, WorkspaceId};

use crate::records_documents::{Place, create, create_user, join, place};
use crate::support::{Bed, Editor, name};

const NOW: i64 = 1_790_000_000_000;

fn by(user: Uuid) -> Author {
    Author {
        user_id: Some(user),
        ..Author::default()
    }
}

async fn say(
    tenant: &mut Tenant<'_>,
    topic: Topic,
    parent_id: Option<Uuid>,
    author: &Author,
    now_ms: i64,
) -> Result<Uuid, RecordError> {
    let new = NewComment {
        id: Uuid::now_v7(),
        topic,
        parent_id,
        author,
        body: "words",
        mentions: &[],
        anchor: None,
        now_ms,
    };
    tenant.create_comment(new).await.map(|()| new.id)
}

fn about(document_id: Uuid) -> Topic {
    Topic {
        document_id,
        task_id: None,
    }
}

#[expect(clippy::too_many_lines, reason = "one comment from its making to its end")]
pub(crate) async fn replies_hang_on_comments_and_deleted_ones_keep_their_place(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&bed, &storage).await;
    let topic = about(create(&storage, &place, "Plan").await);
    let author = by(place.owner);
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let root = say(&mut tenant, topic, None, &author, NOW).await.unwrap();
    let replies = [
        say(&mut tenant, topic, Some(root), &author, NOW + 1)
            .await
            .unwrap(),
        say(&mut tenant, topic, Some(root), &author, NOW + 2)
            .await
            .unwrap(),
    ];
    let change = CommentChange {
        body: "other words",
        mentions: &[place.owner, root],
        anchor: Some("{}"),
        edited_at_ms: Some(NOW + 3),
    };
    tenant.change_comment(root, change).await.unwrap();
    tenant
        .resolve_comment(root, Some((Some(place.owner), NOW + 4)))
        .await
        .unwrap();
    let found = tx.comment(root).await.unwrap().unwrap();
    assert_eq!((found.body.as_str(), found.replies), ("other words", 2));
    assert_eq!(found.mentions, [place.owner, root]);
    assert_eq!(
        (found.edited_at_ms, found.resolved_at_ms, found.resolved_by),
        (Some(NOW + 3), Some(NOW + 4), Some(place.owner))
    );
    assert_eq!((found.version, found.anchor.as_deref()), (3, Some("{}")));

    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let data = format!("{{\"comment_id\":\"{root}\",\"excerpt\":\"words\"}}");
    let told = NewWorkspaceEvent {
        id: Uuid::now_v7(),
        kind: "comment.created",
        team_id: None,
        project_id: Some(place.project),
        document_id: Some(topic.document_id),
        task_id: None,
        card: None,
        actor: Some(place.owner),
        data: &data,
        now_ms: NOW,
    };
    let other = NewWorkspaceEvent {
        id: Uuid::now_v7(),
        data: "{\"comment_id\":\"another\",\"excerpt\":\"words\"}",
        ..told
    };
    tenant.record_event(told).await.unwrap();
    tenant.record_event(other).await.unwrap();
    let remains = tenant.delete_comment(&found, NOW + 5).await.unwrap();
    assert_eq!(remains, CommentRemains::Place);
    for (event, expected) in [(told.id, "{}"), (other.id, other.data)] {
        assert_eq!(tenant.event(event).await.unwrap().unwrap().data, expected);
    }
    let place_left = tenant.tx().comment(root).await.unwrap().unwrap();
    assert_eq!(
        (
            place_left.body.as_str(),
            place_left.mentions.len(),
            place_left.deleted_at_ms
        ),
        ("", 0, Some(NOW + 5))
    );
    tenant.change_comment(root, change).await.unwrap();
    assert_eq!(
        tenant.tx().comment(root).await.unwrap().unwrap().body,
        "",
        "what is deleted says nothing any more"
    );
    for (index, reply) in replies.into_iter().enumerate() {
        let reply = tx.comment(reply).await.unwrap().unwrap();
        let mut tenant = tx.workspace(place.workspace).await.unwrap();
        let remains = tenant.delete_comment(&reply, NOW + 6).await.unwrap();
        assert_eq!(remains, CommentRemains::Nothing);
        let is_there = tenant.tx().comment(root).await.unwrap().is_some();
        assert_eq!(is_there, index == 0, "the last reply takes the place along");
    }
    tx.commit().await.unwrap();
    storage.close().await;
}

pub(crate) async fn comments_are_listed_by_topic_and_filter(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&bed, &storage).await;
    let document = create(&storage, &place, "Plan").await;
    let task = Topic {
        document_id: document,
        task_id: Some(Uuid::now_v7()),
    };
    let whole = about(document);
    let visitor = Author {
        user_id: None,
        subject: Some("named:ann".to_owned()),
        name: Some("Ann".to_owned()),
    };
    let author = by(place.owner);
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let root = say(&mut tenant, whole, None, &visitor, NOW).await.unwrap();
    let reply = say(&mut tenant, whole, Some(root), &author, NOW).await.unwrap();
    let resolved = say(&mut tenant, whole, None, &author, NOW).await.unwrap();
    tenant.resolve_comment(resolved, Some((None, NOW))).await.unwrap();
    let elsewhere = say(&mut tenant, task, None, &author, NOW).await.unwrap();
    let filter = CommentFilter::default();
    for (topic, filter, expected) in [
        (whole, filter, vec![root, reply, resolved]),
        (task, filter, vec![elsewhere]),
        (
            whole,
            CommentFilter {
                parent_id: Some(root),
                ..filter
            },
            vec![reply],
        ),
        (
            whole,
            CommentFilter {
                is_root: Some(true),
                ..filter
            },
            vec![root, resolved],
        ),
        (
            whole,
            CommentFilter {
                is_resolved: Some(false),
                ..filter
            },
            vec![root],
        ),
        (
            whole,
            CommentFilter {
                is_resolved: Some(true),
                ..filter
            },
            vec![resolved],
        ),
    ] {
        let rows = tenant.comments(topic, filter, &Span::first(10)).await.unwrap();
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        assert_eq!(ids, expected, "{filter:?}");
        let count = tenant.count_comments(topic, filter).await.unwrap();
        assert_eq!(usize::try_from(count), Ok(expected.len()));
    }
    let first = tenant.comments(whole, filter, &Span::first(1)).await.unwrap();
    assert_eq!(first[0].author, visitor);
    let no_author = say(&mut tenant, whole, None, &Author::default(), NOW).await;
    assert!(no_author.is_err(), "a comment is somebody's");
    drop(tx);
    // Nothing of it is reached through another workspace.
    let other = WorkspaceId(Uuid::now_v7());
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(other).await.unwrap();
    assert_eq!(tenant.count_comments(whole, filter).await.unwrap(), 0);
    let stray = say(&mut tenant, whole, None, &author, NOW).await;
    assert!(matches!(stray, Err(RecordError::Dangling)));
    drop(tx);
    storage.close().await;
}

pub(crate) async fn reactions_are_counted_once_for_each_person(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&bed, &storage).await;
    let topic = about(create(&storage, &place, "Plan").await);
    let other = create_user(&bed).await;
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let comment = say(&mut tenant, topic, None, &by(place.owner), NOW)
        .await
        .unwrap();
    assert!(tenant.react(comment, "+", place.owner, NOW).await.unwrap());
    assert!(!tenant.react(comment, "+", place.owner, NOW + 9).await.unwrap());
    assert!(tenant.react(comment, "+", other, NOW + 1).await.unwrap());
    assert!(tenant.react(comment, "-", other, NOW + 2).await.unwrap());
    let summary = |rows: Vec<weft_storage::records::ReactionCount>| {
        rows.into_iter()
            .map(|row| (row.comment_id, row.emoji, row.count, row.is_own))
            .collect::<Vec<_>>()
    };
    let expected = vec![
        (comment, "+".to_owned(), 2, true),
        (comment, "-".to_owned(), 1, false),
    ];
    let rows = tenant.reactions_to(comment, Some(place.owner)).await.unwrap();
    assert_eq!(summary(rows), expected);
    let rows = tenant
        .reactions_between(topic, Some(place.owner), (NOW, NOW))
        .await
        .unwrap();
    assert_eq!(summary(rows), expected);
    let none = tenant
        .reactions_between(topic, None, (NOW + 1, NOW + 9))
        .await
        .unwrap();
    assert!(none.is_empty());
    assert!(tenant.unreact(comment, "+", other).await.unwrap());
    assert!(!tenant.unreact(comment, "+", other).await.unwrap());
    let rows = tenant.reactions(comment, None, &Span::first(10)).await.unwrap();
    let shown: Vec<_> = rows.iter().map(|row| (row.emoji.as_str(), row.user_id)).collect();
    assert_eq!(shown, [("+", place.owner), ("-", other)]);
    assert_eq!(tenant.count_reactions(comment, Some("+")).await.unwrap(), 1);
    // They go with their comment.
    let found = tenant.tx().comment(comment).await.unwrap().unwrap();
    tenant.delete_comment(&found, NOW).await.unwrap();
    assert_eq!(tenant.count_reactions(comment, None).await.unwrap(), 0);
    drop(tx);
    storage.close().await;
}

pub(crate) async fn what_somebody_chose_to_hear_is_not_changed_by_what_they_do(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&bed, &storage).await;
    let topic = about(create(&storage, &place, "Plan").await);
    let stranger = create_user(&bed).await;
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let user = place.owner;
    tenant.subscribe(topic, user, "commented", NOW).await.unwrap();
    let found = tenant.subscription(topic, user).await.unwrap().unwrap();
    assert_eq!(
        (found.state.as_str(), found.reason.as_str()),
        ("watching", "commented")
    );
    tenant
        .put_subscription(topic, user, "muted", NOW + 1)
        .await
        .unwrap();
    tenant.subscribe(topic, user, "mentioned", NOW + 2).await.unwrap();
    let found = tenant.subscription(topic, user).await.unwrap().unwrap();
    assert_eq!(
        (found.state.as_str(), found.reason.as_str(), found.version),
        ("muted", "chosen", 2)
    );
    // Who is not in the workspace hears of nothing, and that is no error.
    tenant.subscribe(topic, stranger, "mentioned", NOW).await.unwrap();
    assert_eq!(tenant.subscriptions(topic, None, 10).await.unwrap(), [found]);
    let task = Topic {
        task_id: Some(Uuid::now_v7()),
        ..topic
    };
    assert!(tenant.subscription(task, user).await.unwrap().is_none());
    assert!(tenant.unsubscribe(topic, user).await.unwrap());
    assert!(!tenant.unsubscribe(topic, user).await.unwrap());
    let refused = tenant.put_subscription(topic, stranger, "muted", NOW).await;
    assert!(matches!(refused, Err(RecordError::Dangling)));
    drop(tx);
    storage.close().await;
}

pub(crate) async fn views_are_seen_by_their_owner_or_by_the_project(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&bed, &storage).await;
    let other = create_user(&bed).await;
    let content = |visibility: &str| SavedViewContent {
        name: "Mine".to_owned(),
        visibility: visibility.to_owned(),
        filter: "{}".to_owned(),
        sort: "due".to_owned(),
    };
    let (own, shared) = (Uuid::now_v7(), Uuid::now_v7());
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    for (id, visibility) in [(own, "personal"), (shared, "project")] {
        tenant
            .create_saved_view(id, place.project, place.owner, &content(visibility), NOW)
            .await
            .unwrap();
    }
    for (viewer, expected) in [
        (Some(place.owner), vec![own, shared]),
        (Some(other), vec![shared]),
        (None, vec![shared]),
    ] {
        let rows = tenant
            .saved_views(place.project, viewer, &Span::first(10))
            .await
            .unwrap();
        let mut ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        ids.sort();
        assert_eq!(ids, expected);
        let count = tenant.count_saved_views(place.project, viewer).await.unwrap();
        assert_eq!(usize::try_from(count), Ok(ids.len()));
    }
    let changed = SavedViewContent {
        name: "Ours".to_owned(),
        ..content("project")
    };
    tenant.change_saved_view(own, &changed, NOW + 1).await.unwrap();
    let found = tx.saved_view(own).await.unwrap().unwrap();
    assert_eq!(
        (&found.content, found.version, found.updated_at_ms),
        (&changed, 2, NOW + 1)
    );
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    assert!(tenant.remove_saved_view(own).await.unwrap());
    assert!(!tenant.remove_saved_view(own).await.unwrap());
    drop(tx);
    storage.close().await;
}

/// A board with one card, which is due at `due`.
async fn board_with_a_card(storage: &Storage, place: &Place, due: Option<&str>) -> (Uuid, Uuid) {
    let board = Uuid::now_v7();
    let mut tx = storage.records().write().await.unwrap();
    let new = NewDocument {
        id: board,
        project_id: place.project,
        kind: "board",
        title: "Board",
        created_by: place.owner,
        now_ms: NOW,
    };
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    tenant.create_document(new).await.unwrap();
    tx.commit().await.unwrap();
    let card = Uuid::now_v7();
    show(storage, place, board, (card, due), Seq::ZERO).await;
    (board, card)
}

async fn show(storage: &Storage, place: &Place, board: Uuid, (card, due): (Uuid, Option<&str>), head: Seq) {
    let task = TaskRow {
        card: card.to_string(),
        state: "open",
        column: None,
        order_group: 0,
        order_key: String::new(),
        title: "Warp the loom".to_owned(),
        priority: 0,
        due: due.map(str::to_owned),
        start: None,
        estimate: None,
        parent: None,
        assignees: Vec::new(),
        labels: Vec::new(),
        watchers: Vec::new(),
        checklist_total: 0,
        checklist_done: 0,
        done: false,
        view: "{}".to_owned(),
    };
    let projection = Projection {
        tasks: vec![task],
        ..Projection::default()
    };
    let document = storage
        .log()
        .find(
            place.workspace,
            weft_storage::DocumentKey::Name(&name(&board.to_string())),
        )
        .await
        .unwrap();
    let append = Append {
        document: document.map_or(DocumentId(Uuid::now_v7()), |found| found.id),
        workspace: place.workspace,
        name: name(&board.to_string()),
        expected_head: head,
        updates: vec![NewUpdate::from(Editor::new(head.get() + 1).write("x"))],
        projection: Some(Arc::new(projection)),
    };
    storage.log().append(append).await.unwrap();
}

pub(crate) async fn reminders_follow_the_date_and_are_claimed_once(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&bed, &storage).await;
    let (board, task) = board_with_a_card(&storage, &place, Some("2026-12-01")).await;
    let new = |time| NewReminder {
        id: Uuid::now_v7(),
        document_id: board,
        task_id: task,
        user_id: place.owner,
        time,
        now_ms: NOW,
    };
    let (fixed, relative) = (
        new(ReminderTime::At(NOW + 5)),
        new(ReminderTime::MinutesBefore(30)),
    );
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    tenant.create_reminder(fixed).await.unwrap();
    tenant.create_reminder(relative).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let again = tenant.create_reminder(new(ReminderTime::MinutesBefore(30))).await;
    assert!(matches!(again, Err(RecordError::Taken)));
    drop(tx);

    // What was never worked out is stale; what was, only if the date is another one by now.
    let mut tx = storage.records().write().await.unwrap();
    let stale = tx.stale_reminders(0, 10).await.unwrap();
    assert_eq!(stale.len(), 1);
    assert_eq!(
        (stale[0].reminder.id, stale[0].due.as_deref()),
        (relative.id, Some("2026-12-01"))
    );
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    tenant
        .work_out_reminder(relative.id, Some(NOW + 10), "2026-12-01", NOW)
        .await
        .unwrap();
    assert!(tx.stale_reminders(0, 10).await.unwrap().is_empty());
    tx.commit().await.unwrap();

    let mut tx = storage.records().write().await.unwrap();
    assert!(tx.due_reminders(NOW + 4, 10).await.unwrap().is_empty());
    let due = tx.due_reminders(NOW + 10, 10).await.unwrap();
    let ids: Vec<_> = due.iter().map(|reminder| reminder.id).collect();
    assert_eq!(ids, [fixed.id, relative.id]);
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    assert!(!tenant.claim_reminder(relative.id, NOW + 4).await.unwrap());
    for (id, is_claimed) in [(fixed.id, true), (relative.id, true), (fixed.id, false)] {
        assert_eq!(tenant.claim_reminder(id, NOW + 10).await.unwrap(), is_claimed);
    }
    assert!(tx.due_reminders(NOW + 10, 10).await.unwrap().is_empty());
    tx.commit().await.unwrap();

    // Another date: it is worked out anew, and comes again if its time is still to come.
    show(&storage, &place, board, (task, Some("2026-12-24")), Seq(1)).await;
    let mut tx = storage.records().write().await.unwrap();
    let stale = tx.stale_reminders(0, 10).await.unwrap();
    assert_eq!(stale[0].due.as_deref(), Some("2026-12-24"));
    let long_after = i64::MAX;
    assert!(tx.stale_reminders(long_after, 10).await.unwrap().is_empty());
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    tenant
        .work_out_reminder(relative.id, Some(NOW + 99), "2026-12-24", NOW + 50)
        .await
        .unwrap();
    let found = tx.reminder(relative.id).await.unwrap().unwrap();
    assert_eq!((found.sent_at_ms, found.due_at_ms), (None, Some(NOW + 99)));
    tx.forget_reminder_times(place.owner).await.unwrap();
    assert_eq!(tx.stale_reminders(long_after, 10).await.unwrap().len(), 1);
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let rows = tenant
        .reminders(task, place.owner, &Span::first(10))
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    assert!(tenant.remove_reminder(fixed.id).await.unwrap());
    assert_eq!(tenant.count_reminders(task, place.owner).await.unwrap(), 1);
    tx.commit().await.unwrap();
    storage.close().await;
}

#[expect(clippy::too_many_lines, reason = "one case, read from top to bottom")]
pub(crate) async fn events_of_comments_are_seen_by_those_who_see_their_subject(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&bed, &storage).await;
    let document = create(&storage, &place, "Plan").await;
    let mut people = Vec::new();
    for role in ["guest", "member", "member", "member", "manager"] {
        let user = create_user(&bed).await;
        join(&storage, place.workspace, user, role).await;
        people.push(user);
    }
    let [guest, outsider, in_project, in_team, manager] = people[..] else {
        panic!("five people");
    };
    let change = |user_id, role| MemberChange {
        user_id,
        role,
        now_ms: NOW,
    };
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    tenant
        .put_project_member(place.project, change(in_project, "viewer"))
        .await
        .unwrap();
    tenant
        .put_team_member(place.team, change(in_team, "member"))
        .await
        .unwrap();
    let share = ShareChange {
        document_id: document,
        user_id: guest,
        role: "viewer",
        shared_by: place.owner,
        now_ms: NOW,
    };
    tenant.put_share(share).await.unwrap();
    let event = |kind: &'static str, team_id, project_id, document_id| NewWorkspaceEvent {
        id: Uuid::now_v7(),
        kind,
        team_id,
        project_id,
        document_id,
        task_id: None,
        card: None,
        actor: Some(place.owner),
        data: "{}",
        now_ms: NOW,
    };
    let events = [
        event("workspace.updated", None, None, None),
        event("team.updated", Some(place.team), None, None),
        event("project.updated", None, Some(place.project), None),
        event("document.renamed", None, Some(place.project), Some(document)),
        event("member.invited", None, None, None),
    ];
    for event in events {
        tenant.record_event(event).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    for (user, expected) in [
        (place.owner, vec![1, 2, 3, 4, 5]),
        (guest, vec![4]),
        (outsider, vec![1]),
        (in_project, vec![1, 3, 4]),
        (in_team, vec![1, 2, 3, 4]),
        (manager, vec![1, 2, 5]),
        (Uuid::now_v7(), vec![]),
    ] {
        let rows = tenant
            .events_seen(user, &EventFilter::default(), EventSpan::after(0, 10))
            .await
            .unwrap();
        let seqs: Vec<_> = rows.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, expected);
        for (index, event) in events.iter().enumerate() {
            let seen = tenant.event_seen(user, event.id).await.unwrap();
            assert_eq!(seen.is_some(), expected.contains(&(index as i64 + 1)));
        }
    }
    assert_eq!(
        tenant.event(events[1].id).await.unwrap().unwrap().team_id,
        Some(place.team)
    );
    drop(tx);
    storage.close().await;
}

pub(crate) async fn files_of_a_task_are_listed_by_it(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&bed, &storage).await;
    let document = create(&storage, &place, "Plan").await;
    let task = Uuid::now_v7();
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let mut ids = Vec::new();
    for task_id in [None, Some(task)] {
        let new = NewAttachment {
            id: Uuid::now_v7(),
            document_id: document,
            task_id,
            name: "loom.png",
            content_type: "image/png",
            size_bytes: 3,
            created_by: place.owner,
            now_ms: NOW,
        };
        tenant.announce_attachment(new).await.unwrap();
        assert!(
            tenant
                .finish_attachment(new.id, "image/png", &[0; 32])
                .await
                .unwrap()
        );
        ids.push(new.id);
    }
    let of =
        |rows: Vec<weft_storage::records::Attachment>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    let whole = about(document);
    let topic = Topic {
        task_id: Some(task),
        ..whole
    };
    // A document's list has those of its tasks too: they take its room.
    assert_eq!(
        of(tenant.attachments(whole, &Span::first(10)).await.unwrap()),
        ids
    );
    assert_eq!(
        of(tenant.attachments(topic, &Span::first(10)).await.unwrap()),
        ids[1..]
    );
    assert_eq!(tenant.count_attachments(whole).await.unwrap(), 2);
    assert_eq!(tenant.count_attachments(topic).await.unwrap(), 1);
    drop(tx);
    storage.close().await;
}
