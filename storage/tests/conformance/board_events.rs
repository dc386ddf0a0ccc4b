//! What is promised about events and numbers when everybody writes at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio_util::task::TaskTracker;
use weft_storage::Storage;
use weft_storage::records::{EventFilter, EventSpan, NewWorkspaceEvent, ShareChange};

use crate::board_edits::numbers;
use crate::boards::{
    NOW, Place, Room, card, create_board, create_user, event, events, happening, member, place, record,
    showing,
};
use crate::support::Bed;

const ROOMS: usize = 6;
const ROUNDS: usize = 25;

/// Rooms edit their boards and others change records, each on the storage that its turn falls to, while somebody reads
/// what comes. Returns what they have read.
async fn everybody_writes(storages: &[Arc<Storage>], place: &Place) -> Vec<i64> {
    let tasks = TaskTracker::new();
    let mut writing = Vec::new();
    for index in 0..ROOMS {
        let storage = Arc::clone(&storages[index % storages.len()]);
        let mut room: Room = create_board(&storage, place).await;
        writing.push(tasks.spawn(async move {
            for round in 0..ROUNDS {
                let mut projection = showing(vec![card(&format!("c{round}"), "Card")]);
                projection.events.push(event("task.moved", Some("c0")));
                room.edit(&storage, projection).await.unwrap();
            }
        }));
        let (storage, workspace) = (Arc::clone(&storages[index % storages.len()]), place.workspace);
        writing.push(tasks.spawn(async move {
            for _ in 0..ROUNDS {
                record(&storage, workspace, happening("member.added")).await;
            }
        }));
    }
    let (storage, workspace) = (Arc::clone(&storages[0]), place.workspace);
    let expected = ROOMS * ROUNDS * 3;
    let reading = tasks.spawn(async move {
        let mut read: Vec<i64> = Vec::new();
        while read.len() < expected {
            let mut tx = storage.records().read().await.unwrap();
            let mut tenant = tx.workspace(workspace).await.unwrap();
            let span = EventSpan::after(read.last().copied().unwrap_or(0), 50);
            let found = tenant.events(&EventFilter::default(), span).await.unwrap();
            read.extend(found.iter().map(|event| event.seq));
            drop(tx);
            tokio::task::yield_now().await;
        }
        read
    });
    for writer in writing {
        writer.await.unwrap();
    }
    reading.await.unwrap()
}

pub(crate) async fn events_are_gapless_in_the_order_of_the_commits(bed: Bed) {
    let storage = Arc::new(bed.open().await);
    let place = place(&storage).await;
    let read = everybody_writes(&[Arc::clone(&storage)], &place).await;
    // Whoever has read up to a place has missed nothing before it.
    assert_eq!(
        read,
        (1..=i64::try_from(ROOMS * ROUNDS * 3).unwrap()).collect::<Vec<_>>()
    );
    assert_eq!(events(&storage, place.workspace).await.len(), read.len());
    let expected: BTreeSet<i64> = (1..=i64::try_from(ROOMS * ROUNDS).unwrap()).collect();
    assert_eq!(numbers(&storage, &place).await, expected);
    storage.close().await;
}

pub(crate) async fn two_nodes_count_events_and_numbers_together(bed: Bed) {
    let other = bed.another_node();
    let storages = [Arc::new(bed.open().await), Arc::new(other.open().await)];
    let place = place(&storages[0]).await;
    let read = everybody_writes(&storages, &place).await;
    assert_eq!(
        read,
        (1..=i64::try_from(ROOMS * ROUNDS * 3).unwrap()).collect::<Vec<_>>()
    );
    let expected: BTreeSet<i64> = (1..=i64::try_from(ROOMS * ROUNDS).unwrap()).collect();
    assert_eq!(numbers(&storages[1], &place).await, expected);
    for storage in storages {
        storage.close().await;
    }
}

pub(crate) async fn an_event_that_is_not_committed_has_no_place(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    for _ in 0..3 {
        let mut tx = storage.records().write().await.unwrap();
        let mut tenant = tx.workspace(place.workspace).await.unwrap();
        assert_eq!(tenant.record_event(happening("member.added")).await.unwrap(), 1);
    }
    assert_eq!(
        record(&storage, place.workspace, happening("member.added")).await,
        1
    );
    let mut room = create_board(&storage, &place).await;
    room.edit(&storage, showing(vec![card("c", "Card")]))
        .await
        .unwrap();
    assert_eq!(
        record(&storage, place.workspace, happening("member.added")).await,
        3
    );
    assert_eq!(events(&storage, place.workspace).await.len(), 3);
    storage.close().await;
}

/// The kinds of the events that `filter` finds.
async fn kinds(storage: &Storage, place: &Place, filter: EventFilter<'_>, span: EventSpan) -> Vec<String> {
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let all = tenant.events(&filter, span).await.unwrap();
    // Whoever owns the workspace sees everything.
    let seen = tenant.events_seen(place.owner, &filter, span).await.unwrap();
    assert_eq!(all, seen);
    all.into_iter().map(|event| event.kind).collect()
}

#[expect(clippy::too_many_lines, reason = "one case, read from top to bottom")]
pub(crate) async fn events_are_found_by_what_they_are_about(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let (mut one, mut two) = (
        create_board(&storage, &place).await,
        create_board(&storage, &place).await,
    );
    one.edit(&storage, showing(vec![card("a", "A"), card("b", "B")]))
        .await
        .unwrap();
    two.edit(&storage, showing(vec![card("a", "A")])).await.unwrap();
    let task = one.task(&storage, "a").await.unwrap().identity.id;
    let comment = NewWorkspaceEvent {
        project_id: Some(place.project),
        document_id: Some(one.board),
        task_id: Some(task),
        card: Some("a"),
        actor: Some(place.owner),
        data: "{\"text\":\"hello\"}",
        ..happening("comment.created")
    };
    record(&storage, place.workspace, comment).await;
    let about_project = NewWorkspaceEvent {
        project_id: Some(place.project),
        ..happening("project.updated")
    };
    record(&storage, place.workspace, about_project).await;
    record(&storage, place.workspace, happening("member.added")).await;
    let (all, span) = (EventFilter::default(), EventSpan::after(0, 100));
    let created = "task.created";
    assert_eq!(
        kinds(&storage, &place, all, span).await,
        [
            created,
            created,
            created,
            "comment.created",
            "project.updated",
            "member.added"
        ]
    );
    let of_task = EventFilter {
        task: Some(task),
        ..all
    };
    assert_eq!(
        kinds(&storage, &place, of_task, span).await,
        [created, "comment.created"]
    );
    let newest = EventSpan::newest(1);
    assert_eq!(
        kinds(&storage, &place, of_task, newest).await,
        ["comment.created"]
    );
    let older = EventSpan {
        after: Some(4),
        ..EventSpan::newest(10)
    };
    assert_eq!(kinds(&storage, &place, of_task, older).await, [created]);
    let of_document = EventFilter {
        document: Some(two.board),
        ..all
    };
    assert_eq!(kinds(&storage, &place, of_document, span).await, [created]);
    let of_project = EventFilter {
        project: Some(place.project),
        kinds: &["project.updated", "comment.created"],
        ..all
    };
    assert_eq!(
        kinds(&storage, &place, of_project, span).await,
        ["comment.created", "project.updated"]
    );
    let of_nothing = EventFilter {
        document: Some(two.board),
        task: Some(task),
        ..all
    };
    assert!(kinds(&storage, &place, of_nothing, span).await.is_empty());
    assert_eq!(
        kinds(&storage, &place, all, EventSpan::after(4, 1)).await,
        ["project.updated"]
    );
    storage.close().await;
}

pub(crate) async fn events_are_seen_by_those_who_see_what_they_are_about(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let (mut shared, mut other) = (
        create_board(&storage, &place).await,
        create_board(&storage, &place).await,
    );
    shared
        .edit(&storage, showing(vec![card("a", "A")]))
        .await
        .unwrap();
    other.edit(&storage, showing(vec![card("a", "A")])).await.unwrap();
    let about_project = NewWorkspaceEvent {
        project_id: Some(place.project),
        ..happening("project.updated")
    };
    record(&storage, place.workspace, about_project).await;
    record(&storage, place.workspace, happening("member.added")).await;
    let mut people = Vec::new();
    for _ in 0..5 {
        people.push(create_user(&storage).await);
    }
    let [stranger, lone, in_project, in_team, guest] = people[..] else {
        unreachable!()
    };
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    for user in [lone, in_project, in_team] {
        tenant.put_member(member(user, "member")).await.unwrap();
    }
    tenant.put_member(member(guest, "guest")).await.unwrap();
    tenant
        .put_project_member(place.project, member(in_project, "viewer"))
        .await
        .unwrap();
    tenant
        .put_team_member(place.team, member(in_team, "member"))
        .await
        .unwrap();
    let share = ShareChange {
        document_id: shared.board,
        user_id: guest,
        role: "viewer",
        shared_by: place.owner,
        now_ms: NOW,
    };
    tenant.put_share(share).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let mut places = async |user| -> Vec<i64> {
        let all = EventFilter::default();
        let found = tenant
            .events_seen(user, &all, EventSpan::after(0, 100))
            .await
            .unwrap();
        found.iter().map(|event| event.seq).collect()
    };
    assert_eq!(places(place.owner).await, [1, 2, 3, 4]);
    assert_eq!(places(in_project).await, [1, 2, 3, 4]);
    assert_eq!(places(in_team).await, [1, 2, 3, 4]);
    assert_eq!(places(lone).await, [4]);
    assert_eq!(places(guest).await, [1]);
    assert!(places(stranger).await.is_empty());
    drop(tx);
    storage.close().await;
}
