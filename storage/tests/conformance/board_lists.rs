//! What lists of tasks promise: they hold what is asked for and seen, in order, and nothing else.

use uuid::Uuid;
use weft_storage::records::{Mark, ShareChange, Span, Task, TaskFilter, TaskOrder};
use weft_storage::{EntryKind, Projection, Storage, TaskRow};

use crate::boards::{
    NOW, Place, Room, card, cards, content, create_board, create_project, create_user, entry, link, member,
    place, showing,
};
use crate::support::Bed;

const ORDERS: [TaskOrder; 7] = [
    TaskOrder::Created,
    TaskOrder::Updated,
    TaskOrder::Due,
    TaskOrder::Priority,
    TaskOrder::Number,
    TaskOrder::Title,
    TaskOrder::Position,
];

fn columns() -> Projection {
    let column = |id, position, category| weft_storage::EntryRow {
        category,
        ..entry(EntryKind::Column, id, position, id)
    };
    Projection {
        entries: vec![
            column("todo", 0, "unstarted"),
            column("doing", 1, "started"),
            column("done", 2, "completed"),
            entry(EntryKind::Label, "l1", 0, "Bug 100%"),
            entry(EntryKind::Label, "l2", 1, "Idea"),
        ],
        ..Projection::default()
    }
}

/// A board with six cards that differ in everything that can be asked for.
async fn varied(storage: &Storage, place: &Place) -> Room {
    let mut room = create_board(storage, place).await;
    let tasks = vec![
        TaskRow {
            assignees: vec!["ann".to_owned()],
            labels: vec!["l1".to_owned()],
            due: Some("2026-03-01".to_owned()),
            priority: 4,
            order_key: "b0".to_owned(),
            ..card("a", "Fix 100% of it")
        },
        TaskRow {
            assignees: vec!["bob".to_owned(), "ann".to_owned()],
            labels: vec!["l1".to_owned(), "l2".to_owned()],
            due: Some("2026-03-01T12:00:00Z".to_owned()),
            priority: 2,
            order_key: "a0".to_owned(),
            ..card("b", "über Alles")
        },
        TaskRow {
            parent: Some("a".to_owned()),
            column: Some("doing".to_owned()),
            order_key: "a0".to_owned(),
            ..card("c", "part")
        },
        TaskRow {
            parent: Some("a".to_owned()),
            column: Some("done".to_owned()),
            done: true,
            due: Some("2025-12-31".to_owned()),
            ..card("d", "Done part")
        },
        TaskRow {
            state: "archived",
            column: Some("gone".to_owned()),
            watchers: vec!["ann".to_owned()],
            ..card("e", "Archived")
        },
        TaskRow {
            state: "deleted",
            column: None,
            assignees: vec!["ann".to_owned()],
            ..card("f", "Deleted")
        },
    ];
    let projection = Projection {
        tasks,
        links: vec![
            link("a", "blocks", "b"),
            link("c", "relates", "a"),
            link("b", "precedes", "c"),
        ],
        ..columns()
    };
    room.edit(storage, projection).await.unwrap();
    room
}

#[expect(clippy::too_many_lines, reason = "one case, read from top to bottom")]
pub(crate) async fn tasks_are_found_by_what_they_are(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let room = varied(&storage, &place).await;
    let number = room.task(&storage, "c").await.unwrap().identity.number;
    let open = TaskFilter {
        board: Some(room.board),
        ..TaskFilter::default()
    };
    let every = TaskFilter { states: &[], ..open };
    let cases: Vec<(TaskFilter<'_>, &[&str])> = vec![
        (open, &["a", "b", "c", "d"]),
        (every, &["a", "b", "c", "d", "e", "f"]),
        (
            TaskFilter {
                states: &["archived", "deleted"],
                ..every
            },
            &["e", "f"],
        ),
        (
            TaskFilter {
                column: Some("todo"),
                ..open
            },
            &["a", "b"],
        ),
        (
            TaskFilter {
                categories: &["started", "completed"],
                ..open
            },
            &["c", "d"],
        ),
        (
            TaskFilter {
                assignee: Some("ann"),
                ..open
            },
            &["a", "b"],
        ),
        (
            TaskFilter {
                assignee: Some("ann"),
                ..every
            },
            &["a", "b", "f"],
        ),
        (
            TaskFilter {
                assignee: Some("an"),
                ..every
            },
            &[],
        ),
        (
            TaskFilter {
                is_assigned: Some(false),
                ..open
            },
            &["c", "d"],
        ),
        (
            TaskFilter {
                is_assigned: Some(true),
                ..open
            },
            &["a", "b"],
        ),
        (
            TaskFilter {
                label: Some("l2"),
                ..open
            },
            &["b"],
        ),
        (
            TaskFilter {
                label: Some("bug 100%"),
                ..open
            },
            &["a", "b"],
        ),
        (
            TaskFilter {
                label: Some("bug"),
                ..open
            },
            &[],
        ),
        (
            TaskFilter {
                priorities: &[4, 2],
                ..open
            },
            &["a", "b"],
        ),
        (
            TaskFilter {
                priorities: &[0],
                ..open
            },
            &["c", "d"],
        ),
        (
            TaskFilter {
                due_before: Some("2026-03-01"),
                ..open
            },
            &["d"],
        ),
        (
            TaskFilter {
                due_before: Some("2026-03-01T12:00:00Z"),
                ..open
            },
            &["a", "d"],
        ),
        (
            TaskFilter {
                due_after: Some("2026-03-01"),
                ..open
            },
            &["a", "b"],
        ),
        (
            TaskFilter {
                due_after: Some("2026-01-01"),
                due_before: Some("2026-03-02"),
                ..open
            },
            &["a", "b"],
        ),
        (
            TaskFilter {
                has_due: Some(false),
                ..open
            },
            &["c"],
        ),
        (
            TaskFilter {
                search: Some("100%"),
                ..open
            },
            &["a"],
        ),
        (
            TaskFilter {
                search: Some("ÜBER"),
                ..open
            },
            &["b"],
        ),
        (
            TaskFilter {
                search: Some("PART"),
                ..open
            },
            &["c", "d"],
        ),
        (
            TaskFilter {
                search: Some("_"),
                ..open
            },
            &[],
        ),
        (
            TaskFilter {
                updated_since_ms: Some(NOW),
                ..open
            },
            &["a", "b", "c", "d"],
        ),
        (
            TaskFilter {
                updated_since_ms: Some(NOW + 1),
                ..open
            },
            &[],
        ),
        (
            TaskFilter {
                parent: Some("a"),
                ..open
            },
            &["c", "d"],
        ),
        (
            TaskFilter {
                has_parent: Some(false),
                ..open
            },
            &["a", "b"],
        ),
        (
            TaskFilter {
                number: Some(number),
                ..open
            },
            &["c"],
        ),
        (
            TaskFilter {
                is_done: Some(true),
                ..every
            },
            &["d"],
        ),
        (
            TaskFilter {
                project: Some(Uuid::now_v7()),
                ..open
            },
            &[],
        ),
    ];
    for (index, (filter, expected)) in cases.into_iter().enumerate() {
        for (board, project) in [
            (Some(room.board), filter.project),
            (None, filter.project.or(Some(place.project))),
            (None, filter.project),
        ] {
            let filter = TaskFilter {
                board,
                project,
                ..filter
            };
            let found = cards(&storage, place.workspace, &filter, TaskOrder::Number).await;
            assert_eq!(found, expected, "case {index} of {board:?} and {project:?}");
            let seen = seen(&storage, place.owner, &filter).await;
            assert_eq!(seen, expected, "case {index} of {board:?} and {project:?}, seen");
        }
    }
    storage.close().await;
}

/// The cards that somebody sees.
async fn seen(storage: &Storage, user: Uuid, filter: &TaskFilter<'_>) -> Vec<String> {
    let mut tx = storage.records().read().await.unwrap();
    let found = tx
        .tasks_seen(user, filter, TaskOrder::Number, &Span::first(1000))
        .await
        .unwrap();
    let count = tx.count_tasks_seen(user, filter).await.unwrap();
    assert_eq!(count, i64::try_from(found.len()).unwrap());
    found.into_iter().map(|task| task.shown.card).collect()
}

pub(crate) async fn tasks_come_in_order(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let room = varied(&storage, &place).await;
    let filter = TaskFilter {
        board: Some(room.board),
        states: &[],
        ..TaskFilter::default()
    };
    let expected: [(TaskOrder, &[&str]); 4] = [
        (TaskOrder::Number, &["a", "b", "c", "d", "e", "f"]),
        (TaskOrder::Title, &["e", "f", "d", "a", "c", "b"]),
        (TaskOrder::Position, &["b", "a", "c", "d", "e", "f"]),
        (TaskOrder::Due, &["d", "a", "b"]),
    ];
    for (order, expected) in expected {
        let found = cards(&storage, place.workspace, &filter, order).await;
        assert_eq!(found[..expected.len()], *expected, "{order:?}");
    }
    // Every order, forwards and backwards, page by page, by mark and by number, for both kinds of lists.
    for order in ORDERS {
        let forwards = walk(&storage, &place, &filter, order, Span::first(2)).await;
        assert_eq!(forwards.len(), 6, "{order:?}");
        let reversed = Span {
            is_reversed: true,
            ..Span::first(1)
        };
        let mut backwards = walk(&storage, &place, &filter, order, reversed).await;
        backwards.reverse();
        assert_eq!(forwards, backwards, "{order:?}");
    }
    storage.close().await;
}

/// The cards of all pages.
async fn walk(
    storage: &Storage,
    place: &Place,
    filter: &TaskFilter<'_>,
    order: TaskOrder,
    mut span: Span,
) -> Vec<String> {
    let mut walked: Vec<Task> = Vec::new();
    loop {
        let mut tx = storage.records().read().await.unwrap();
        let mut tenant = tx.workspace(place.workspace).await.unwrap();
        let page = tenant.tasks(filter, order, &span).await.unwrap();
        let skipping = Span {
            after: None,
            skip: u32::try_from(walked.len()).unwrap(),
            ..span.clone()
        };
        assert_eq!(
            tenant.tasks(filter, order, &skipping).await.unwrap(),
            page,
            "{order:?}"
        );
        assert_eq!(
            tx.tasks_seen(place.owner, filter, order, &span).await.unwrap(),
            page,
            "{order:?}"
        );
        let Some(last) = page.last() else { break };
        span.after = Some((last.mark(order), last.identity.id));
        walked.extend(page);
    }
    let marks: Vec<Mark> = walked.iter().map(|task| task.mark(order)).collect();
    let is_ordered = marks.windows(2).all(|pair| match (&pair[0], &pair[1]) {
        (Mark::Text(one), Mark::Text(other)) => (one <= other) != span.is_reversed || one == other,
        (Mark::Number(one), Mark::Number(other)) => (one <= other) != span.is_reversed || one == other,
        _ => false,
    });
    assert!(is_ordered, "{order:?}: {marks:?}");
    walked.into_iter().map(|task| task.shown.card).collect()
}

pub(crate) async fn positions_are_those_of_the_board(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let mut room = create_board(&storage, &place).await;
    // Twelve columns, so that their places have one and two digits; keys in the order of their bytes.
    let entries = (0..12).map(|index| entry(EntryKind::Column, &format!("c{index}"), index, "column"));
    let mut projection = Projection {
        entries: entries.collect(),
        ..Projection::default()
    };
    let mut expected = Vec::new();
    for column in [Some(0), Some(1), Some(9), Some(10), Some(11), None] {
        for (group, key, id) in [
            (0, "B0", "z"),
            (0, "Zz", "y"),
            (0, "a0", "x"),
            (0, "a0V", "w"),
            (1, "", "b"),
            (1, "", "c"),
            (2, "a0", "a"),
        ] {
            let name = format!("{id}-{}", column.unwrap_or(99));
            expected.push(name.clone());
            projection.tasks.push(TaskRow {
                column: column.map(|index| format!("c{index}")),
                order_group: group,
                order_key: key.to_owned(),
                ..card(&name, "Card")
            });
        }
    }
    projection.tasks.reverse();
    room.edit(&storage, projection).await.unwrap();
    let filter = TaskFilter {
        board: Some(room.board),
        ..TaskFilter::default()
    };
    let found = cards(&storage, place.workspace, &filter, TaskOrder::Position).await;
    assert_eq!(found, expected);
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let counts = tenant.cards_per_column(room.board).await.unwrap();
    assert_eq!(counts.len(), 6);
    assert!(counts.iter().all(|count| count.open == 7));
    drop(tx);
    storage.close().await;
}

#[expect(clippy::too_many_lines, reason = "one case, read from top to bottom")]
pub(crate) async fn lists_hold_the_tasks_of_boards_that_are_seen(bed: Bed) {
    let storage = bed.open().await;
    let (here, there) = (place(&storage).await, place(&storage).await);
    let second = Place {
        project: create_project(&storage, &here, &content("Second")).await,
        ..here
    };
    let mut boards = Vec::new();
    for (place, card_id) in [(&here, "one"), (&second, "two"), (&there, "three")] {
        let mut room = create_board(&storage, place).await;
        room.edit(&storage, showing(vec![card(card_id, "Card")]))
            .await
            .unwrap();
        boards.push(room);
    }
    let mut people = Vec::new();
    for _ in 0..3 {
        people.push(create_user(&storage).await);
    }
    let [lone, in_second, guest] = people[..] else {
        unreachable!()
    };
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(here.workspace).await.unwrap();
    tenant.put_member(member(lone, "member")).await.unwrap();
    tenant.put_member(member(in_second, "member")).await.unwrap();
    tenant.put_member(member(guest, "guest")).await.unwrap();
    tenant
        .put_project_member(second.project, member(in_second, "viewer"))
        .await
        .unwrap();
    // A role in the project does not help a guest.
    tenant
        .put_project_member(second.project, member(guest, "owner"))
        .await
        .unwrap();
    let share = ShareChange {
        document_id: boards[0].board,
        user_id: guest,
        role: "viewer",
        shared_by: here.owner,
        now_ms: NOW,
    };
    tenant.put_share(share).await.unwrap();
    let mut tenant = tx.workspace(there.workspace).await.unwrap();
    tenant.put_member(member(in_second, "admin")).await.unwrap();
    tx.commit().await.unwrap();

    let all = TaskFilter::default();
    // Both are the first of their projects, so their ids decide which comes first.
    let mut both = seen(&storage, here.owner, &all).await;
    both.sort_unstable();
    assert_eq!(both, ["one", "two"]);
    assert_eq!(seen(&storage, guest, &all).await, ["one"]);
    assert!(seen(&storage, lone, &all).await.is_empty());
    let mut both = seen(&storage, in_second, &all).await;
    both.sort_unstable();
    assert_eq!(both, ["three", "two"]);
    for (workspace, confined_to, expected) in [
        (Some(there.workspace), None, &["three"][..]),
        (None, Some(here.workspace), &["two"]),
        (Some(there.workspace), Some(here.workspace), &[]),
    ] {
        let filter = TaskFilter {
            workspace,
            confined_to,
            ..all
        };
        assert_eq!(seen(&storage, in_second, &filter).await, expected);
    }
    // What lies in the trash is in no list.
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(here.workspace).await.unwrap();
    tenant
        .trash_document(boards[0].board, Some(NOW), None)
        .await
        .unwrap();
    tenant
        .trash_project(second.project, Some((here.owner, NOW)))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert!(seen(&storage, here.owner, &all).await.is_empty());
    assert!(
        cards(&storage, here.workspace, &all, TaskOrder::Number)
            .await
            .is_empty()
    );
    storage.close().await;
}

pub(crate) async fn what_hangs_on_a_task_is_found(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let room = varied(&storage, &place).await;
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let links = tenant.task_links(room.board, "a").await.unwrap();
    assert_eq!(links, [link("a", "blocks", "b"), link("c", "relates", "a")]);
    assert_eq!(tenant.board_links(room.board).await.unwrap().len(), 3);
    let children = tenant.child_tasks(room.board, "a", 10).await.unwrap();
    let children: Vec<_> = children.iter().map(|task| task.shown.card.as_str()).collect();
    assert_eq!(children, ["c", "d"]);
    let wanted: Vec<String> = (0..40)
        .map(|index| format!("no {index}"))
        .chain(["f".to_owned(), "a".to_owned()])
        .collect();
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let found = tenant.tasks_of_card_ids(room.board, &wanted).await.unwrap();
    let found: Vec<_> = found.iter().map(|task| task.shown.card.as_str()).collect();
    assert_eq!(found, ["a", "f"]);
    let labels = tenant
        .board_entries(room.board, Some(EntryKind::Label))
        .await
        .unwrap();
    assert_eq!(
        labels.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(),
        ["Bug 100%", "Idea"]
    );
    assert_eq!(tenant.board_entries(room.board, None).await.unwrap().len(), 5);
    let column = tenant
        .board_entry(room.board, EntryKind::Column, "doing")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((column.category, column.position), ("started", 1));
    assert_eq!(
        tenant
            .board_entry(room.board, EntryKind::Lane, "doing")
            .await
            .unwrap(),
        None
    );
    let counts = tenant.cards_per_column(room.board).await.unwrap();
    let counts: Vec<_> = counts
        .iter()
        .map(|count| (count.column.as_deref(), count.open))
        .collect();
    assert_eq!(counts, [(Some("doing"), 1), (Some("done"), 1), (Some("todo"), 2)]);
    drop(tx);
    storage.close().await;
}
