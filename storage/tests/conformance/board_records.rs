//! What the storage promises about boards beside their edits: keys and numbers, client ids, what others have written,
//! moving, purging, and rows that are put in place anew.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use uuid::Uuid;
use weft_storage::records::{BoardAddress, DocumentChange, ProjectContent, RecordError, Task, is_task_key};
use weft_storage::{
    EntryKind, Projection, RowsReport, Seq, Storage, StorageError, TaskRow, replace_board_rows,
};

use crate::board_edits::numbers;
use crate::boards::{
    NOW, Place, Room, card, content, create_board, create_project, entry, event, events, happening, link,
    place, record, showing,
};
use crate::server::connect_unsettled;
use crate::support::{Bed, name};

async fn key_of(storage: &Storage, place: &Place, project: Uuid) -> String {
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let project = tenant.project(project).await.unwrap().unwrap();
    project.content.task_key.unwrap()
}

pub(crate) async fn a_project_has_its_key_alone(bed: Bed) {
    let storage = bed.open().await;
    let (here, there) = (place(&storage).await, place(&storage).await);
    assert_eq!(key_of(&storage, &here, here.project).await, "PROJ");
    assert_eq!(key_of(&storage, &there, there.project).await, "PROJ");
    let project = content("Project");
    let made = join_all((0..8).map(|_| create_project(&storage, &here, &project))).await;
    let mut keys = BTreeSet::new();
    for project in &made {
        keys.insert(key_of(&storage, &here, *project).await);
    }
    let expected: BTreeSet<String> = (2..10).map(|number| format!("PROJ{number}")).collect();
    assert_eq!(keys, expected);
    let chosen = ProjectContent {
        task_key: Some("WEFT1".to_owned()),
        ..content("Project")
    };
    let project = create_project(&storage, &here, &chosen).await;
    assert_eq!(key_of(&storage, &here, project).await, "WEFT1");

    let change = async |content: ProjectContent| {
        let mut tx = storage.records().write().await.unwrap();
        let mut tenant = tx.workspace(here.workspace).await.unwrap();
        tenant.change_project(here.project, &content, NOW).await?;
        tx.commit().await
    };
    let taken = change(chosen.clone()).await;
    assert!(matches!(taken, Err(RecordError::Taken)), "{taken:?}");
    // A new name alone changes no key.
    change(content("Renamed")).await.unwrap();
    assert_eq!(key_of(&storage, &here, here.project).await, "PROJ");
    let other = ProjectContent {
        task_key: Some("OTHER".to_owned()),
        ..chosen.clone()
    };
    change(other).await.unwrap();
    let mut room = create_board(&storage, &here).await;
    room.edit(&storage, showing(vec![card("c", "Card")]))
        .await
        .unwrap();
    assert_eq!(room.task(&storage, "c").await.unwrap().key(), "OTHER-1");
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(here.workspace).await.unwrap();
    let taken = tenant
        .create_project(Uuid::now_v7(), here.team, here.owner, &chosen, NOW)
        .await;
    assert!(matches!(taken, Err(RecordError::Taken)), "{taken:?}");
    drop(tx);
    storage.close().await;
}

/// A database as it was before there were boards.
async fn migrate_to_records(bed: &Bed, statements: &[String]) {
    let folder = if bed.address.is_empty() {
        "sqlite"
    } else {
        "postgres"
    };
    let all = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../migrations")
        .join(folder);
    let some = tempfile::tempdir().unwrap();
    for file in ["0001_documents.sql", "0002_records.sql"] {
        std::fs::copy(all.join(file), some.path().join(file)).unwrap();
    }
    let migrator = sqlx::migrate::Migrator::new(some.path()).await.unwrap();
    if bed.address.is_empty() {
        use sqlx::ConnectOptions as _;
        std::fs::create_dir_all(&bed.config.data_dir).unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(bed.config.data_dir.join("weft.db"))
            .create_if_missing(true);
        migrator.run(&mut options.connect().await.unwrap()).await.unwrap();
    } else {
        migrator
            .run(&mut crate::server::connect(&bed.address).await)
            .await
            .unwrap();
    }
    for statement in statements {
        bed.tamper(statement).await;
    }
}

pub(crate) async fn projects_that_exist_are_given_keys(bed: Bed) {
    let id = |number: u128| {
        let id = Uuid::from_u128(number);
        if bed.address.is_empty() {
            format!("x'{}'", id.simple())
        } else {
            format!("'{id}'")
        }
    };
    let mut statements = vec![format!(
        "INSERT INTO users (id, email, email_key, first_name, last_name, server_role, status, created_at_ms, updated_at_ms) \
         VALUES ({}, 'a', 'a', 'A', 'B', 'user', 'active', 1, 1)",
        id(9)
    )];
    for workspace in [1, 2] {
        statements.push(format!(
            "INSERT INTO workspaces (workspace_id, name, created_at_ms, updated_at_ms) VALUES ({}, 'W', 1, 1)",
            id(workspace)
        ));
        statements.push(format!(
            "INSERT INTO teams (workspace_id, id, name, name_key, owner_user_id, created_at_ms, updated_at_ms) \
             VALUES ({}, {}, 'T', 't', {}, 1, 1)",
            id(workspace),
            id(10 + workspace),
            id(9)
        ));
    }
    let names = [
        (1, "website"),
        (1, "Web shop"),
        (1, "Über"),
        (1, "99 ways"),
        (2, "WEB"),
        (1, "P"),
        (1, ""),
    ];
    for (index, (workspace, name)) in names.into_iter().enumerate() {
        statements.push(format!(
            "INSERT INTO projects (workspace_id, id, team_id, name, name_key, status, owner_user_id, created_at_ms, \
             updated_at_ms) VALUES ({}, {}, {}, '{name}', '{name}', 'active', {}, {index}, 1)",
            id(workspace),
            id(100 + index as u128),
            id(10 + workspace),
            id(9)
        ));
    }
    migrate_to_records(&bed, &statements).await;
    let storage = bed.open().await;
    let mut tx = storage.records().read().await.unwrap();
    let mut keys = Vec::new();
    for (index, (workspace, _)) in names.into_iter().enumerate() {
        let workspace = weft_storage::WorkspaceId(Uuid::from_u128(workspace));
        let mut tenant = tx.workspace(workspace).await.unwrap();
        let project = tenant
            .project(Uuid::from_u128(100 + index as u128))
            .await
            .unwrap()
            .unwrap();
        keys.push(project.content.task_key.unwrap());
    }
    assert_eq!(keys, ["WEB", "WEB2", "P1", "P2", "WEB", "P3", "P4"]);
    assert!(keys.iter().all(|key| is_task_key(key)));
    drop(tx);
    storage.close().await;
}

pub(crate) async fn client_ids_are_used_by_one_at_a_time(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let mut room = create_board(&storage, &place).await;
    let named = name(&room.board.to_string());
    let log = storage.log();
    let take = || log.take_client(place.workspace, &named);
    let first = take().await.unwrap();
    assert!(first <= u64::from(u32::MAX));
    // Where nothing was written there is nothing to keep.
    log.give_back_client(place.workspace, &named, first)
        .await
        .unwrap();
    room.edit(&storage, showing(vec![card("c", "Card")]))
        .await
        .unwrap();
    let taken = join_all((0..8).map(|_| take())).await;
    let taken: BTreeSet<u64> = taken.into_iter().map(Result::unwrap).collect();
    assert_eq!(taken.len(), 8);
    for client in &taken {
        log.give_back_client(place.workspace, &named, *client)
            .await
            .unwrap();
        log.give_back_client(place.workspace, &named, *client)
            .await
            .unwrap();
    }
    // Each is given out once.
    let again = join_all((0..12).map(|_| take())).await;
    let again: Vec<u64> = again.into_iter().map(Result::unwrap).collect();
    let distinct: BTreeSet<u64> = again.iter().copied().collect();
    assert_eq!((distinct.len(), taken.is_subset(&distinct)), (12, true));
    log.give_back_client(place.workspace, &named, again[0])
        .await
        .unwrap();
    // Neither another document nor another workspace gets it.
    let other = name("other");
    assert_ne!(log.take_client(place.workspace, &other).await.unwrap(), again[0]);
    let elsewhere = weft_storage::WorkspaceId(Uuid::now_v7());
    assert_ne!(log.take_client(elsewhere, &named).await.unwrap(), again[0]);
    assert_eq!(take().await.unwrap(), again[0]);
    // What is kept has a bound.
    for client in 0..100 {
        log.give_back_client(place.workspace, &named, client)
            .await
            .unwrap();
    }
    log.give_back_client(place.workspace, &named, u64::MAX)
        .await
        .unwrap();
    assert_eq!(bed.tamper("DELETE FROM server_clients").await, 32);
    storage.close().await;
}

pub(crate) async fn what_came_since_is_read_until_it_is_folded(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let mut room = create_board(&storage, &place).await;
    assert!(
        storage
            .log()
            .since(room.document, Seq::ZERO)
            .await
            .unwrap()
            .is_none()
    );
    let editor = crate::support::Editor::new(1);
    for word in ["one", "two", "three"] {
        let mut asked = room.asks(0, Projection::default());
        asked.updates = vec![editor.write(word).into()];
        room.head = storage.log().append(asked).await.unwrap();
    }
    let since = async |after: u64| {
        let rows = storage.log().since(room.document, Seq(after)).await.unwrap();
        rows.map(|rows| rows.iter().map(|row| row.seq.get()).collect::<Vec<_>>())
    };
    assert_eq!(since(0).await, Some(vec![1, 2, 3]));
    assert_eq!(since(2).await, Some(vec![3]));
    assert_eq!(since(3).await, Some(vec![]));
    assert_eq!(since(4).await, None);
    storage.log().compact(room.document).await.unwrap();
    assert_eq!(since(2).await, None);
    assert_eq!(since(3).await, Some(vec![]));
    storage.log().quarantine(room.document, "a test").await.unwrap();
    let refused = storage.log().since(room.document, Seq(3)).await.unwrap_err();
    assert!(matches!(refused, StorageError::Quarantined { .. }), "{refused}");
    storage.close().await;
}

async fn tasks_of(storage: &Storage, room: &Room, cards: &[&str]) -> Vec<Task> {
    let mut found = Vec::new();
    for card in cards {
        found.push(room.task(storage, card).await.unwrap());
    }
    found
}

pub(crate) async fn a_board_that_moves_gets_new_numbers(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let other = Place {
        project: create_project(&storage, &place, &content("Other")).await,
        ..place
    };
    let (mut moving, mut there) = (
        create_board(&storage, &place).await,
        create_board(&storage, &other).await,
    );
    there
        .edit(&storage, showing(vec![card("x", "X"), card("y", "Y")]))
        .await
        .unwrap();
    moving
        .edit(
            &storage,
            showing(vec![card("c", "C"), card("a", "A"), card("b", "B")]),
        )
        .await
        .unwrap();
    let before = tasks_of(&storage, &moving, &["a", "b", "c"]).await;
    let move_to = async |project: Uuid| {
        let mut tx = storage.records().write().await.unwrap();
        let mut tenant = tx.workspace(place.workspace).await.unwrap();
        let change = DocumentChange {
            title: None,
            project_id: Some(project),
        };
        tenant.change_document(moving.board, change, NOW).await.unwrap();
        tx.commit().await.unwrap();
    };
    move_to(place.project).await;
    assert_eq!(tasks_of(&storage, &moving, &["a", "b", "c"]).await, before);
    move_to(other.project).await;
    let after = tasks_of(&storage, &moving, &["c", "a", "b"]).await;
    let keys: Vec<String> = after.iter().map(Task::key).collect();
    assert_eq!(keys, ["OTHE-3", "OTHE-4", "OTHE-5"]);
    for (one, other) in [
        (&before[0], &after[1]),
        (&before[1], &after[2]),
        (&before[2], &after[0]),
    ] {
        assert_eq!((one.identity.id, one.version), (other.identity.id, other.version));
    }
    moving
        .edit(&storage, showing(vec![card("d", "D")]))
        .await
        .unwrap();
    assert_eq!(moving.task(&storage, "d").await.unwrap().key(), "OTHE-6");
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let found = tenant.task_with_number(other.project, 4).await.unwrap().unwrap();
    assert_eq!((found.board_id, found.card.as_str()), (moving.board, "a"));
    assert_eq!(tenant.task_with_number(place.project, 1).await.unwrap(), None);
    drop(tx);
    // No number is given twice, not even to those who come back.
    let project = place.project;
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let change = DocumentChange {
        title: None,
        project_id: Some(project),
    };
    tenant.change_document(moving.board, change, NOW).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(numbers(&storage, &place).await, (4..=7).collect());
    storage.close().await;
}

/// A board that moves while others edit it: whatever comes first, its numbers are of the project that it is in.
pub(crate) async fn a_board_moves_while_it_is_edited(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let other = create_project(&storage, &place, &content("Other")).await;
    let mut room = create_board(&storage, &place).await;
    room.edit(&storage, showing(vec![card("first", "C")]))
        .await
        .unwrap();
    let board = room.board;
    let edit = async {
        for index in 0..40 {
            room.edit(&storage, showing(vec![card(&format!("c{index}"), "C")]))
                .await
                .unwrap();
        }
    };
    let moves = async {
        for index in 0..20 {
            let mut tx = storage.records().write().await.unwrap();
            let mut tenant = tx.workspace(place.workspace).await.unwrap();
            let change = DocumentChange {
                title: None,
                project_id: Some(if index % 2 == 0 { other } else { place.project }),
            };
            tenant.change_document(board, change, NOW).await.unwrap();
            let moved = tenant.record_event(happening("board.updated"));
            moved.await.unwrap();
            tx.commit().await.unwrap();
        }
    };
    tokio::join!(edit, moves);
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    for index in 0..40 {
        let identity = tenant.task_identity(board, &format!("c{index}")).await.unwrap();
        assert_eq!(identity.unwrap().project_id, place.project, "{index}");
    }
    drop(tx);
    assert_eq!(numbers(&storage, &place).await.len(), 41);
    let (after, mut rest) = (numbers(&storage, &place).await, BTreeSet::new());
    rest.extend(
        numbers(
            &storage,
            &Place {
                project: other,
                ..place
            },
        )
        .await,
    );
    assert_eq!((after.len(), rest.len()), (41, 0));
    assert_eq!(events(&storage, room.workspace).await.len(), 41 + 20);
    storage.close().await;
}

pub(crate) async fn a_purged_board_takes_its_rows_along(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let (mut gone, mut kept) = (
        create_board(&storage, &place).await,
        create_board(&storage, &place).await,
    );
    for room in [&mut gone, &mut kept] {
        let projection = Projection {
            entries: vec![entry(EntryKind::Column, "todo", 0, "To do")],
            links: vec![link("a", "blocks", "b")],
            ..showing(vec![
                TaskRow {
                    assignees: vec!["ann".to_owned()],
                    labels: vec!["red".to_owned()],
                    ..card("a", "A")
                },
                card("b", "B"),
            ])
        };
        room.edit(&storage, projection).await.unwrap();
        let named = name(&room.board.to_string());
        storage
            .log()
            .give_back_client(place.workspace, &named, 7)
            .await
            .unwrap();
    }
    let unopened = create_board(&storage, &place).await;
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    tenant.plant_seed(unopened.board, "{}").await.unwrap();
    tenant.purge_document(gone.board).await.unwrap();
    tenant.purge_document(unopened.board).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        weft_storage::read_board_rows(&storage, gone.address())
            .await
            .unwrap(),
        None
    );
    assert_eq!(kept.rows(&storage).await.rows.tasks.len(), 2);
    for (table, rows) in [
        ("task_members", 1),
        ("tasks", 2),
        ("task_identities", 2),
        ("task_links", 1),
        ("board_entries", 1),
        ("server_clients", 1),
        ("board_seeds", 0),
    ] {
        assert_eq!(bed.tamper(&format!("DELETE FROM {table}")).await, rows, "{table}");
    }
    // The places of its events stay, without what they said.
    let found = events(&storage, place.workspace).await;
    let data: Vec<_> = found.iter().map(|event| event.data.as_str()).collect();
    assert_eq!(data, ["{}", "{}", "{\"a\":1}", "{\"a\":1}"]);
    storage.close().await;
}

pub(crate) async fn a_purged_project_takes_its_numbers_along(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let mut room = create_board(&storage, &place).await;
    room.edit(&storage, showing(vec![card("a", "A")])).await.unwrap();
    let about = weft_storage::records::NewWorkspaceEvent {
        project_id: Some(place.project),
        data: "{\"name\":\"Project\"}",
        ..happening("project.deleted")
    };
    record(&storage, place.workspace, about).await;
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    tenant
        .trash_project(place.project, Some((place.owner, NOW)))
        .await
        .unwrap();
    tx.purge_projects(NOW + 1, 10).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        events(&storage, place.workspace).await[1].data,
        "{\"name\":\"Project\"}"
    );
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    tenant.purge_document(room.board).await.unwrap();
    assert_eq!(tx.purge_projects(NOW + 1, 10).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(bed.tamper("DELETE FROM project_counters").await, 0);
    assert!(
        events(&storage, place.workspace)
            .await
            .iter()
            .all(|event| event.data == "{}")
    );
    storage.close().await;
}

pub(crate) async fn deleted_tasks_are_found_when_their_time_is_over(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let deleted = |id: &str| TaskRow {
        state: "deleted",
        column: None,
        ..card(id, "Deleted")
    };
    let (mut one, mut two, mut trashed) = (
        create_board(&storage, &place).await,
        create_board(&storage, &place).await,
        create_board(&storage, &place).await,
    );
    one.edit(
        &storage,
        showing(vec![deleted("a"), card("b", "Open"), deleted("c")]),
    )
    .await
    .unwrap();
    two.edit(&storage, showing(vec![deleted("d")])).await.unwrap();
    trashed.edit(&storage, showing(vec![deleted("e")])).await.unwrap();
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    tenant
        .trash_document(trashed.board, Some(NOW), None)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let due = async |before_ms, limit| {
        let mut tx = storage.records().read().await.unwrap();
        let found = tx.tasks_to_purge(before_ms, limit).await.unwrap();
        found
            .into_iter()
            .map(|task| (task.board_id, task.card))
            .collect::<Vec<_>>()
    };
    let first_seen = one.task(&storage, "a").await.unwrap().deleted_at_ms.unwrap();
    assert!(due(first_seen, 10).await.is_empty());
    let all = [
        (one.board, "a".to_owned()),
        (one.board, "c".to_owned()),
        (two.board, "d".to_owned()),
    ];
    assert_eq!(due(first_seen + 1, 10).await, all);
    assert_eq!(due(first_seen + 1, 2).await, all[..2]);
    // Whatever else changes of it, the time stays; who comes back is deleted anew.
    one.edit(
        &storage,
        showing(vec![
            TaskRow {
                title: "Other".to_owned(),
                ..deleted("a")
            },
            card("c", "Back"),
        ]),
    )
    .await
    .unwrap();
    let task = one.task(&storage, "a").await.unwrap();
    assert_eq!((task.version, task.deleted_at_ms), (2, Some(first_seen)));
    assert_eq!(one.task(&storage, "c").await.unwrap().deleted_at_ms, None);
    storage.close().await;
}

#[expect(clippy::too_many_lines, reason = "one case, read from top to bottom")]
pub(crate) async fn rows_are_put_in_place_anew(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&storage).await;
    let mut room = create_board(&storage, &place).await;
    let truth = Projection {
        entries: vec![
            entry(EntryKind::Column, "todo", 0, "To do"),
            entry(EntryKind::Lane, "l", 0, "Lane"),
        ],
        links: vec![link("a", "blocks", "b"), link("b", "relates", "c")],
        ..showing(vec![
            TaskRow {
                assignees: vec!["ann".to_owned(), "bob".to_owned()],
                labels: vec!["red".to_owned()],
                ..card("a", "A")
            },
            card("b", "B"),
            card("c", "C"),
        ])
    };
    room.edit(&storage, truth.clone()).await.unwrap();
    let tasks = tasks_of(&storage, &room, &["a", "b", "c"]).await;
    let replace = |head| replace_board_rows(&storage, room.address(), head, truth.clone());
    // Equal rows are left alone, and nothing has happened.
    assert_eq!(replace(Seq(1)).await.unwrap(), Some(RowsReport::default()));
    assert_eq!(tasks_of(&storage, &room, &["a", "b", "c"]).await, tasks);
    assert_eq!(events(&storage, place.workspace).await.len(), 3);
    // Neither is anything done where the log has moved on, or where there is no board.
    for sql in [
        "UPDATE tasks SET title = 'tampered' WHERE card_id = 'b'",
        "DELETE FROM task_members WHERE user_id = 'bob'",
        "DELETE FROM board_entries WHERE kind = 'lane'",
        "UPDATE board_entries SET entry_id = 'stray' WHERE kind = 'column'",
        "UPDATE task_links SET to_card = 'stray' WHERE kind = 'relates'",
    ] {
        assert_eq!(bed.tamper(sql).await, 1, "{sql}");
    }
    let damaged = room.rows(&storage).await;
    assert_eq!(damaged.strays, ["a"]);
    assert_ne!(damaged.rows, truth.as_stored());
    for head in [Seq::ZERO, Seq(2)] {
        assert_eq!(replace(head).await.unwrap(), None);
    }
    let nowhere = BoardAddress {
        board_id: Uuid::now_v7(),
        ..room.address()
    };
    assert_eq!(
        replace_board_rows(&storage, nowhere, Seq::ZERO, truth.clone())
            .await
            .unwrap(),
        None
    );
    assert_eq!(room.rows(&storage).await, damaged);
    let report = replace(Seq(1)).await.unwrap().unwrap();
    assert_eq!((report.strays, report.entries, report.gone_entries), (1, 2, 1));
    assert_eq!((report.links, report.gone_links), (1, 1));
    let rows = room.rows(&storage).await;
    assert_eq!((rows.rows, &rows.strays[..]), (truth.as_stored(), &[][..]));
    let after = tasks_of(&storage, &room, &["a", "b", "c"]).await;
    assert_eq!(after[0], tasks[0]);
    assert_eq!(after[1].version, tasks[1].version + 1);
    assert_eq!(events(&storage, place.workspace).await.len(), 3);
    // All of it can be gone.
    let report = replace_board_rows(&storage, room.address(), Seq(1), Projection::default())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (report.gone_tasks, report.gone_entries, report.gone_links),
        (3, 2, 2)
    );
    assert!(
        replace(Seq(1))
            .await
            .unwrap()
            .is_some_and(|report| report.tasks == 3)
    );
    let back = tasks_of(&storage, &room, &["a", "b"]).await;
    assert_eq!(
        (back[0].identity, back[1].identity),
        (tasks[0].identity, tasks[1].identity)
    );
    storage.close().await;
}

pub(crate) async fn all_boards_are_listed(bed: Bed) {
    let storage = bed.open().await;
    let (here, there) = (place(&storage).await, place(&storage).await);
    let mut expected = Vec::new();
    for place in [&here, &there, &here] {
        expected.push(create_board(&storage, place).await.address());
    }
    crate::boards::create_document(&storage, &here, "text").await;
    expected.sort_by_key(|board| board.board_id);
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let mut tx = storage.records().read().await.unwrap();
        let page = tx.boards(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.board_id);
        found.extend(page);
    }
    assert_eq!(found, expected);
    storage.close().await;
}

pub(crate) async fn a_board_is_not_reached_through_another_workspace(bed: Bed) {
    let storage = bed.open().await;
    let (ours, theirs) = (place(&storage).await, place(&storage).await);
    let mut room = create_board(&storage, &theirs).await;
    let projection = Projection {
        entries: vec![entry(EntryKind::Column, "todo", 0, "To do")],
        links: vec![link("a", "blocks", "b")],
        ..showing(vec![card("a", "A")])
    };
    room.edit(&storage, projection).await.unwrap();
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(ours.workspace).await.unwrap();
    assert_eq!(tenant.task(room.board, "a").await.unwrap(), None);
    assert_eq!(tenant.task_identity(room.board, "a").await.unwrap(), None);
    assert!(tenant.board_entries(room.board, None).await.unwrap().is_empty());
    assert!(tenant.board_links(room.board).await.unwrap().is_empty());
    assert!(tenant.cards_per_column(room.board).await.unwrap().is_empty());
    assert_eq!(tenant.board_rows(room.board).await.unwrap(), None);
    assert_eq!(tenant.last_event_seq().await.unwrap(), 0);
    tenant.purge_document(room.board).await.unwrap();
    let refused = tenant.plant_seed(room.board, "{}").await;
    assert!(matches!(refused, Err(RecordError::Dangling)), "{refused:?}");
    drop(tx);
    assert_eq!(room.rows(&storage).await.rows.tasks.len(), 1);
    storage.close().await;
}

pub(crate) async fn row_security_hides_boards_of_others(bed: Bed) {
    let storage = bed.open().await;
    let (ours, theirs) = (place(&storage).await, place(&storage).await);
    for place in [&ours, &theirs] {
        let mut room = create_board(&storage, place).await;
        let projection = Projection {
            entries: vec![entry(EntryKind::Column, "todo", 0, "To do")],
            links: vec![link("a", "blocks", "b")],
            events: vec![event("task.created", Some("a"))],
            tasks: vec![TaskRow {
                assignees: vec!["ann".to_owned()],
                labels: vec!["red".to_owned()],
                ..card("a", "A")
            }],
            ..Projection::default()
        };
        room.edit(&storage, projection).await.unwrap();
        let named = name(&room.board.to_string());
        storage
            .log()
            .give_back_client(place.workspace, &named, 7)
            .await
            .unwrap();
        let unopened = create_board(&storage, place).await;
        let mut tx = storage.records().write().await.unwrap();
        let mut tenant = tx.workspace(place.workspace).await.unwrap();
        tenant.plant_seed(unopened.board, "{}").await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut connection = connect_unsettled(&bed.address).await;
    let mut count = async |sql: String| -> i64 {
        let sql: &'static str = sql.leak();
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
    };
    let tables = [
        "board_seeds",
        "server_clients",
        "project_counters",
        "task_identities",
        "tasks",
        "task_members",
        "task_links",
        "board_entries",
        "workspace_sequences",
        "events",
    ];
    for (shown, expected) in [
        (String::new(), 0),
        (ours.workspace.to_string(), 1),
        ("*".to_owned(), 2),
    ] {
        count(format!(
            "SELECT 1::bigint FROM set_config('weft.workspace', '{shown}', false)"
        ))
        .await;
        for table in tables {
            assert_eq!(
                count(format!("SELECT count(*) FROM {table}")).await,
                expected,
                "{table}"
            );
        }
    }
    storage.close().await;
}
