//! What the log promises about boards: an edit, its rows and its events are one commit, whole or not at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use uuid::{Uuid, Version};
use weft_storage::records::{TaskFilter, TaskOrder};
use weft_storage::{DocumentKind, EntryKind, Projection, Seq, StorageError, TaskRow};

use crate::boards::{
    Room, card, cards, content, create_board, create_document, create_project, entry, event, events, link,
    place, showing,
};
use crate::support::{Bed, name};

/// A board with something of everything.
fn full() -> Projection {
    Projection {
        tasks: vec![
            TaskRow {
                assignees: vec!["ann".to_owned(), "bob".to_owned()],
                labels: vec!["red".to_owned()],
                watchers: vec!["cyd".to_owned()],
                due: Some("2026-03-01".to_owned()),
                start: Some("2026-02-01T10:00:00Z".to_owned()),
                estimate: Some(1.5),
                priority: 3,
                parent: Some("c2".to_owned()),
                checklist_total: 3,
                checklist_done: 1,
                ..card("c1", "First")
            },
            card("c2", "Second"),
            TaskRow {
                state: "archived",
                column: None,
                done: true,
                ..card("c3", "Third")
            },
        ],
        entries: vec![
            entry(EntryKind::Column, "todo", 0, "To do"),
            entry(EntryKind::Label, "red", 0, "Red"),
        ],
        links: vec![link("c1", "blocks", "c2")],
        events: vec![event("board.created", None), event("task.created", Some("c1"))],
        ..Projection::default()
    }
}

pub(crate) async fn an_edit_its_rows_and_its_events_are_one_commit(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let mut room = create_board(&storage, &place).await;
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    tenant.plant_seed(room.board, "{\"columns\":3}").await.unwrap();
    tx.commit().await.unwrap();
    let named = name(&room.board.to_string());
    let kind = storage.log().kind(place.workspace, &named).await.unwrap();
    let seed = Some(Arc::from("{\"columns\":3}"));
    assert_eq!(kind, DocumentKind::Board { seed });

    assert_eq!(room.edit(&storage, full()).await.unwrap(), Seq(1));
    let kind = storage.log().kind(place.workspace, &named).await.unwrap();
    assert_eq!(kind, DocumentKind::Board { seed: None });
    storage.close().await;

    let storage = bed.open().await;
    let rows = room.rows(&storage).await;
    assert_eq!((rows.head, &rows.strays[..]), (Seq(1), &[][..]));
    assert_eq!(rows.rows, full().as_stored());
    let task = room.task(&storage, "c1").await.unwrap();
    assert_eq!(task.shown, full().tasks[0]);
    assert_eq!((task.key().as_str(), task.version), ("PROJ-1", 1));
    assert_eq!(task.identity.project_id, place.project);
    let column = task.column.unwrap();
    assert_eq!(
        (column.name.as_str(), column.category, column.position),
        ("To do", "started", 0)
    );
    let third = room.task(&storage, "c3").await.unwrap();
    assert!(third.archived_at_ms.is_some() && third.done_at_ms.is_some() && third.deleted_at_ms.is_none());
    let found = events(&storage, place.workspace).await;
    let kinds: Vec<_> = found.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["board.created", "task.created"]);
    assert_eq!(
        (
            found[1].document_id,
            found[1].project_id,
            found[1].task_id,
            found[1].card.as_deref()
        ),
        (
            Some(room.board),
            Some(place.project),
            Some(task.identity.id),
            Some("c1")
        )
    );
    storage.close().await;
}

pub(crate) async fn rows_that_are_equal_are_not_touched(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let mut room = create_board(&storage, &place).await;
    room.edit(&storage, full()).await.unwrap();
    let before = room.task(&storage, "c1").await.unwrap();
    room.edit(&storage, full()).await.unwrap();
    assert_eq!(room.task(&storage, "c1").await.unwrap(), before);
    // Each thing by itself is a difference.
    let differences: [fn(&mut TaskRow); 17] = [
        |row| row.column = Some("done".to_owned()),
        |row| row.column = None,
        |row| row.order_group = 2,
        |row| row.order_key = "b1".to_owned(),
        |row| row.title = "Other".to_owned(),
        |row| row.priority = 4,
        |row| row.due = None,
        |row| row.start = Some("2026-01-01".to_owned()),
        |row| row.estimate = None,
        |row| row.parent = None,
        |row| row.assignees = vec!["bob".to_owned(), "ann".to_owned()],
        |row| row.labels = Vec::new(),
        |row| row.watchers = vec!["ann".to_owned()],
        |row| row.checklist_total = 4,
        |row| row.checklist_done = 2,
        |row| row.done = true,
        |row| row.view = "{}".to_owned(),
    ];
    let mut row = full().tasks[0].clone();
    for (index, differ) in differences.iter().enumerate() {
        differ(&mut row);
        let projection = Projection {
            tasks: vec![row.clone()],
            ..Projection::default()
        };
        room.edit(&storage, projection).await.unwrap();
        let after = room.task(&storage, "c1").await.unwrap();
        assert_eq!(
            after.version,
            before.version + 1 + i64::try_from(index).unwrap(),
            "{index}"
        );
        assert_eq!(after.shown, row);
        assert_eq!(room.rows(&storage).await.strays, Vec::<String>::new(), "{index}");
    }
    storage.close().await;
}

pub(crate) async fn what_does_not_fit_leaves_nothing(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let mut room = create_board(&storage, &place).await;
    room.edit(&storage, showing(vec![card("c1", "First")]))
        .await
        .unwrap();
    let before = (room.rows(&storage).await, events(&storage, place.workspace).await);
    for updates in [0, 1] {
        let stale = Room {
            head: Seq::ZERO,
            ..room.clone()
        };
        let asked = stale.asks(updates, showing(vec![card("c1", "Stale"), card("c2", "New")]));
        let refused = storage.log().append(asked).await.unwrap_err();
        assert!(
            matches!(refused, StorageError::Conflict { head: Seq(1) }),
            "{refused}"
        );
    }
    let too_long = showing(vec![card(&"c".repeat(300), "Long")]);
    let refused = storage.log().append(room.asks(1, too_long)).await.unwrap_err();
    assert!(matches!(refused, StorageError::TooLarge { .. }), "{refused}");
    let after = (room.rows(&storage).await, events(&storage, place.workspace).await);
    assert_eq!(before, after);
    // The number that was not given is the next one's.
    room.edit(&storage, showing(vec![card("c2", "Second")]))
        .await
        .unwrap();
    assert_eq!(room.task(&storage, "c2").await.unwrap().identity.number, 2);
    storage.close().await;
}

pub(crate) async fn rows_may_change_without_an_update(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let mut room = create_board(&storage, &place).await;
    room.edit(&storage, full()).await.unwrap();
    let commits = storage.stats().commits;
    let nothing = room.asks(0, Projection::default());
    assert_eq!(storage.log().append(nothing).await.unwrap(), Seq(1));
    assert_eq!(storage.stats().commits, commits);
    let asked = room.asks(0, showing(vec![card("c2", "Renamed")]));
    assert_eq!(storage.log().append(asked).await.unwrap(), Seq(1));
    assert_eq!(room.task(&storage, "c2").await.unwrap().shown.title, "Renamed");
    storage.close().await;
}

pub(crate) async fn a_projection_that_fails_fails_alone(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let mut first = create_board(&storage, &place).await;
    let known = event("task.created", Some("c1"));
    let projection = Projection {
        events: vec![known.clone()],
        tasks: vec![card("c1", "First")],
        ..Projection::default()
    };
    first.edit(&storage, projection).await.unwrap();
    let mut rooms = Vec::new();
    for _ in 0..20 {
        rooms.push(create_board(&storage, &place).await);
    }
    let asked = rooms.iter().enumerate().map(|(index, room)| {
        let mut projection = showing(vec![card("c1", "First")]);
        if index == 7 {
            // The database has an event with this id already.
            projection.events.push(known.clone());
        }
        storage.log().append(room.asks(1, projection))
    });
    let answers = join_all(asked).await;
    for (index, answer) in answers.iter().enumerate() {
        assert_eq!(answer.is_err(), index == 7, "{index}: {answer:?}");
        let room = &rooms[index];
        assert_eq!(room.task(&storage, "c1").await.is_some(), index != 7);
    }
    assert_eq!(events(&storage, place.workspace).await.len(), 20);
    let numbers = numbers(&storage, &place).await;
    assert_eq!(numbers, (1..=20).collect::<BTreeSet<_>>());
    storage.close().await;
}

/// The numbers of a project's tasks, each of which is one's alone.
pub(crate) async fn numbers(storage: &weft_storage::Storage, place: &crate::boards::Place) -> BTreeSet<i64> {
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let filter = TaskFilter {
        project: Some(place.project),
        states: &[],
        ..TaskFilter::default()
    };
    let span = weft_storage::records::Span::first(100_000);
    let found = tenant.tasks(&filter, TaskOrder::Number, &span).await.unwrap();
    let numbers: BTreeSet<i64> = found.iter().map(|task| task.identity.number).collect();
    assert_eq!(numbers.len(), found.len());
    numbers
}

pub(crate) async fn odd_values_are_stored_alike(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let mut room = create_board(&storage, &place).await;
    let odd = Projection {
        tasks: vec![
            TaskRow {
                view: "{\"a\0\":1}".to_owned(),
                order_key: "\0".to_owned(),
                column: Some("to\0do".to_owned()),
                parent: Some(String::new()),
                estimate: Some(f64::NAN),
                priority: i64::MAX,
                assignees: ["a,b", "", "ann", "ann", "b\0b"].map(str::to_owned).to_vec(),
                labels: ["%", "_", "'"].map(str::to_owned).to_vec(),
                ..card("odd", &format!("nul \0 and {}", "long ".repeat(40_000)))
            },
            card("nul\0", "left out"),
            card("", "left out"),
            card("a,b", "left out"),
            TaskRow {
                estimate: Some(f64::INFINITY),
                ..card("Ünïcode 'quoted' \u{10ffff}", "\u{fffd}\u{202e}")
            },
        ],
        purged: vec!["never there".to_owned(), String::new()],
        entries: vec![
            entry(EntryKind::Column, "to do", i64::MAX, &"n\0".repeat(1000)),
            entry(EntryKind::Lane, "", 0, "left out"),
        ],
        gone_entries: vec![(EntryKind::Field, "never there".to_owned())],
        links: vec![link("no", "relates", "where"), link("no", "relates", "")],
        gone_links: vec![link("x", "blocks", "y")],
        events: vec![
            event("task.created", Some("nul\0")),
            event("task.created", Some("odd")),
        ],
    };
    room.edit(&storage, odd.clone()).await.unwrap();
    let again = Projection {
        events: Vec::new(),
        ..odd.clone()
    };
    room.edit(&storage, again).await.unwrap();
    let rows = room.rows(&storage).await;
    assert_eq!(rows.rows, odd.as_stored());
    assert_eq!(rows.rows.tasks.len(), 2);
    assert!(rows.strays.is_empty());
    let task = room.task(&storage, "odd").await.unwrap();
    assert_eq!(task.version, 1);
    assert_eq!(task.shown.assignees, ["ann"]);
    storage.close().await;
}

pub(crate) async fn a_card_is_known_by_one_id_everywhere(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let (mut first, mut second) = (
        create_board(&storage, &place).await,
        create_board(&storage, &place).await,
    );
    let own = Uuid::now_v7();
    let mixed = Uuid::now_v7().to_string().to_uppercase();
    let derived = "018f2f6e-0000-5000-8000-000000000000".to_owned();
    let all = || {
        vec![
            card(&own.to_string(), "own"),
            card(&mixed, "mixed"),
            card(&derived, "derived"),
            card("c", "c"),
        ]
    };
    first.edit(&storage, showing(all())).await.unwrap();
    second.edit(&storage, showing(all())).await.unwrap();
    let id = async |room: &Room, card: &str| room.task(&storage, card).await.unwrap().identity.id;
    assert_eq!(id(&first, &own.to_string()).await, own);
    let mut ids = BTreeSet::from([own]);
    for (room, card) in [&first, &second]
        .into_iter()
        .flat_map(|room| all().into_iter().map(move |card| (room, card)))
    {
        let id = id(room, &card.card).await;
        if id != own {
            assert_eq!(id.get_version(), Some(Version::Sha1), "{}", card.card);
            assert_ne!(id.to_string(), card.card);
        }
        ids.insert(id);
        let mut tx = storage.records().read().await.unwrap();
        let address = tx.task_address(id).await.unwrap().unwrap();
        assert_eq!(
            (address.workspace, address.board_id, &address.card),
            (room.workspace, room.board, &card.card)
        );
    }
    assert_eq!(ids.len(), 8);

    // It stays when the card is gone, and comes back with it.
    let id = id(&second, &own.to_string()).await;
    let number = second
        .task(&storage, &own.to_string())
        .await
        .unwrap()
        .identity
        .number;
    let purge = Projection {
        purged: vec![own.to_string()],
        events: vec![event("task.deleted", Some(&own.to_string()))],
        ..Projection::default()
    };
    second.edit(&storage, purge).await.unwrap();
    assert_eq!(second.task(&storage, &own.to_string()).await, None);
    assert_eq!(
        events(&storage, place.workspace).await.last().unwrap().task_id,
        Some(id)
    );
    second
        .edit(&storage, showing(vec![card(&own.to_string(), "back")]))
        .await
        .unwrap();
    let back = second.task(&storage, &own.to_string()).await.unwrap();
    assert_eq!((back.identity.id, back.identity.number), (id, number));
    storage.close().await;
}

pub(crate) async fn one_commit_holds_several_edits_of_several_boards(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let other = crate::boards::Place {
        project: create_project(&storage, &place, &content("Other")).await,
        ..place
    };
    let (one, two) = (
        create_board(&storage, &place).await,
        create_board(&storage, &other).await,
    );
    let second_of = |room: &Room, projection| {
        let next = Room {
            head: Seq(1),
            ..room.clone()
        };
        next.asks(1, projection)
    };
    let gone = Projection {
        purged: vec!["c1".to_owned()],
        tasks: vec![card("c2", "Second"), card("c3", "Third")],
        ..Projection::default()
    };
    let asked = vec![
        one.asks(1, showing(vec![card("c1", "One"), card("c2", "Two")])),
        two.asks(1, showing(vec![card("c1", "One")])),
        second_of(&one, gone),
        second_of(&two, showing(vec![card("c1", "Uno")])),
    ];
    let answers = join_all(asked.into_iter().map(|append| storage.log().append(append))).await;
    let heads: Vec<Seq> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(heads, [Seq(1), Seq(1), Seq(2), Seq(2)]);
    assert!(one.task(&storage, "c1").await.is_none());
    assert_eq!(one.task(&storage, "c2").await.unwrap().shown.title, "Second");
    assert_eq!(one.task(&storage, "c3").await.unwrap().identity.number, 3);
    let task = two.task(&storage, "c1").await.unwrap();
    assert_eq!(
        (task.shown.title.as_str(), task.key().as_str()),
        ("Uno", "OTHE-1")
    );
    storage.close().await;
}

pub(crate) async fn what_belongs_to_no_project_has_no_rows(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let stranger = Room {
        board: Uuid::now_v7(),
        ..create_board(&storage, &place).await
    };
    let asked = stranger.asks(1, showing(vec![card("c1", "First")]));
    assert_eq!(storage.log().append(asked).await.unwrap(), Seq(1));
    assert!(events(&storage, place.workspace).await.is_empty());
    let text = create_document(&storage, &place, "text").await;
    for (room, expected) in [(&stranger, DocumentKind::Plain), (&text, DocumentKind::Plain)] {
        let named = name(&room.board.to_string());
        assert_eq!(
            storage.log().kind(place.workspace, &named).await.unwrap(),
            expected
        );
        let address = room.address();
        assert_eq!(
            weft_storage::read_board_rows(&storage, address).await.unwrap(),
            None
        );
    }
    let named = name("no id");
    assert_eq!(
        storage.log().kind(place.workspace, &named).await.unwrap(),
        DocumentKind::Plain
    );
    // Another workspace's board is none of ours.
    let board = create_board(&storage, &place).await;
    let elsewhere = Room {
        workspace: crate::boards::place(&storage).await.workspace,
        ..board.clone()
    };
    let asked = elsewhere.asks(1, showing(vec![card("c1", "First")]));
    assert_eq!(storage.log().append(asked).await.unwrap(), Seq(1));
    assert_eq!(board.task(&storage, "c1").await, None);
    assert!(events(&storage, elsewhere.workspace).await.is_empty());
    storage.close().await;
}

pub(crate) async fn five_thousand_cards_come_at_once(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let mut room = create_board(&storage, &place).await;
    let tasks: Vec<TaskRow> = (0..5000)
        .map(|index| TaskRow {
            assignees: vec!["ann".to_owned(), format!("user-{}", index % 50)],
            labels: vec![format!("label-{}", index % 7)],
            order_key: format!("a{index:05}"),
            ..card(&Uuid::now_v7().to_string(), &format!("Card {index}"))
        })
        .collect();
    let projection = Projection {
        links: tasks
            .windows(2)
            .step_by(10)
            .map(|pair| link(&pair[0].card, "blocks", &pair[1].card))
            .collect(),
        ..showing(tasks.clone())
    };
    let commits = storage.stats().commits;
    room.edit(&storage, projection.clone()).await.unwrap();
    assert_eq!(storage.stats().commits, commits + 1);
    assert_eq!(room.rows(&storage).await.rows, projection.as_stored());
    let filter = TaskFilter {
        board: Some(room.board),
        assignee: Some("user-7"),
        ..TaskFilter::default()
    };
    let found = cards(&storage, place.workspace, &filter, TaskOrder::Position).await;
    let expected: Vec<_> = tasks
        .iter()
        .skip(7)
        .step_by(50)
        .map(|row| row.card.clone())
        .collect();
    assert_eq!(found, expected);
    assert_eq!(events(&storage, place.workspace).await.len(), 5000);
    storage.close().await;
}
