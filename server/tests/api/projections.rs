//! The rows of boards are made anew from their logs, by the command that operators use: on a data directory that nobody
//! has open, and beside servers that share a database.

use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use weft_storage::records::BoardAddress;
use weft_storage::{BoardRows, WorkspaceId, read_board_rows, replace_board_rows};

use crate::boards::{Workshop, agrees, task, workshop};
use crate::moving::{Home, weft};
use crate::support::{TestServer, cluster, text};

async fn rows(server: &TestServer, board: BoardAddress) -> BoardRows {
    read_board_rows(&server.storage, board).await.unwrap().unwrap()
}

/// A board with tasks, columns and a label.
async fn build(server: &TestServer) -> (Workshop, BoardAddress) {
    let workshop = workshop(server, "ada").await;
    let owner = workshop.owner();
    let label = server.post(&format!("/v1/boards/{}/labels", workshop.board));
    let label = label.of(owner).json(json!({ "name": "Red" })).send().await;
    let label = text(&label.expect(201)["id"]);
    for title in ["Warp", "Weave", "Cut"] {
        let body = json!({ "title": title, "label_ids": [label], "assignee_ids": [owner.id] });
        task(server, &workshop, body).await;
    }
    let address = BoardAddress {
        workspace: WorkspaceId(owner.workspace),
        board_id: workshop.board,
    };
    (workshop, address)
}

/// Makes the rows of a board wrong in every way there is; what they were.
async fn damage(server: &TestServer, workshop: &Workshop, board: BoardAddress) -> BoardRows {
    let right = rows(server, board).await;
    let mut wrong = right.rows.clone();
    wrong.tasks.pop();
    wrong.tasks[0].title = "Something else".to_owned();
    wrong.tasks[1].assignees.clear();
    wrong.entries.pop();
    wrong.entries[0].name = "Elsewhere".to_owned();
    let replaced = replace_board_rows(&server.storage, board, right.head, wrong).await;
    replaced.unwrap().expect("nobody writes meanwhile");
    let verified = server.post(&format!("/v1/boards/{}:verify", board.board_id));
    let verified = verified.of(workshop.owner()).send().await.expect(200);
    assert_eq!(verified["total"], json!(5), "{verified}");
    right
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_were_damaged_are_made_anew() {
    let (server, settings) = Home::new(&[]).serve().await;
    let (workshop, board) = build(&server).await;
    let right = damage(&server, &workshop, board).await;
    let data = server.data.path().join("data");
    let command = ["rebuild", "--projections"];
    let (well, said) = weft(&data, &settings, &command).await;
    assert!(!well && said.contains("in use by another process"), "{said}");

    let mut home = Home::new(&[]);
    home.folder = server.stop().await;
    for (board, problem) in [
        ("board".to_owned(), "is no board's id"),
        (Uuid::nil().to_string(), "there is no board"),
    ] {
        let (well, said) = home.weft(&[&command[..], &[board.as_str()]].concat()).await;
        assert!(!well && said.contains(problem), "{said}");
    }
    let (well, said) = home.weft(&command).await;
    let expected = "put right 3 tasks, 2 columns, lanes, labels and fields, 0 relations";
    assert!(well && said.contains(expected), "{said}");
    assert!(
        said.contains("1 boards: 1 put right, 0 left as they were"),
        "{said}"
    );
    let id = board.board_id.to_string();
    let (well, said) = home.weft(&[&command[..], &[id.as_str()]].concat()).await;
    assert!(well && said.contains("1 boards: 0 put right"), "{said}");

    let (server, _) = home.serve().await;
    assert_eq!(rows(&server, board).await, right);
    agrees(&server, workshop.owner(), board.board_id).await;
    let next = task(&server, &workshop, json!({ "title": "Fold" })).await;
    assert_eq!(next["number"], json!(4));
    agrees(&server, workshop.owner(), board.board_id).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_made_anew_while_the_board_is_worked_on() {
    let Some(postgres) = cluster::server() else { return };
    let settings = [format!("storage.database_url={}", postgres.create_database())];
    let (server, _) = Home::new(&settings).serve().await;
    let (workshop, board) = build(&server).await;
    damage(&server, &workshop, board).await;
    // The command has a data directory of its own, like another server.
    let operator = Home::new(&settings);
    let stop = CancellationToken::new();
    let working = async {
        let mut made = 0;
        while !stop.is_cancelled() {
            task(&server, &workshop, json!({ "title": format!("Knot {made}") })).await;
            made += 1;
        }
        made
    };
    let rebuilding = async {
        let answer = operator.weft(&["rebuild", "--projections"]).await;
        stop.cancel();
        answer
    };
    let (made, (well, said)) = tokio::join!(working, rebuilding);
    assert!(well && said.contains("1 put right"), "{said}");
    assert!(made > 0, "nobody worked meanwhile");
    assert_eq!(rows(&server, board).await.rows.tasks.len(), 3 + made);
    agrees(&server, workshop.owner(), board.board_id).await;
    server.stop().await;
}
