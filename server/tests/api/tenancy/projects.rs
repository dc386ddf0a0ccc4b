//! Projects: made, changed, listed and removed, and what happens when two do it at once.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;
use weft_server::upkeep::TRASH_MS;

use super::{names, team};
use crate::documents::create_project;
use crate::support::{TestServer, id_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn a_project_lives_and_dies() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let team = team(&server, &ada, "Weavers").await;
    let form = json!({
        "name": "Cloth", "status": "ON_HOLD", "start_date": "2026-01-31", "end_date": "2026-02-01",
    });
    let projects = format!("/v1/teams/{team}/projects");
    let made = server
        .post(&projects)
        .of(&ada)
        .json(form)
        .send()
        .await
        .expect(201);
    assert_eq!(
        (&made["status"], &made["start_date"]),
        (&json!("on_hold"), &json!("2026-01-31"))
    );
    let path = format!("/v1/projects/{}", id_of(&made));
    for (patch, code) in [
        (json!({ "end_date": "2026-01-30" }), "VALIDATION_FAILED"),
        (json!({ "end_date": "30.01.2026" }), "VALIDATION_FAILED"),
        (json!({ "status": "lost" }), "VALIDATION_FAILED"),
        (json!({ "name": null }), "VALIDATION_FAILED"),
        (json!({ "name": "" }), "VALIDATION_FAILED"),
        (json!({ "team_id": team }), "VALIDATION_FAILED"),
    ] {
        assert_eq!(
            server
                .patch(&path)
                .of(&ada)
                .json(patch.clone())
                .send()
                .await
                .problem(422),
            code,
            "{patch}"
        );
    }
    let patch = json!({ "start_date": null, "description": "long" });
    let changed = server.patch(&path).of(&ada).json(patch).send().await.expect(200);
    assert_eq!(
        (&changed["start_date"], &changed["end_date"]),
        (&Value::Null, &json!("2026-02-01"))
    );
    // A full replacement gives what is left out its first value.
    let replaced = server
        .put(&path)
        .of(&ada)
        .json(json!({ "name": "Linen" }))
        .send()
        .await
        .expect(200);
    assert_eq!(
        (
            &replaced["status"],
            &replaced["description"],
            &replaced["end_date"]
        ),
        (&json!("active"), &json!(""), &Value::Null)
    );

    let verb = |verb: &str| server.post(&format!("{path}:{verb}")).of(&ada).send();
    assert_eq!(verb("archive").await.expect(200)["status"], "archived");
    let refused = server
        .patch(&path)
        .of(&ada)
        .json(json!({ "name": "x" }))
        .send()
        .await;
    assert_eq!(refused.problem(409), "PROJECT_ARCHIVED");
    assert_eq!(verb("restore").await.expect(200)["status"], "active");

    let copy = json!({ "name": "Linen II", "include_members": true });
    let copy = server
        .post(&format!("{path}:duplicate"))
        .of(&ada)
        .json(copy)
        .send()
        .await
        .expect(201);
    assert_ne!(copy["id"], replaced["id"]);

    assert_eq!(server.delete(&path).of(&ada).send().await.status, 204);
    assert_eq!(
        server.delete(&path).of(&ada).send().await.problem(404),
        "NOT_FOUND"
    );
    let list = server
        .get("/v1/projects?page=1")
        .of(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (names(&list), &list["meta"]["total"]),
        (vec!["Linen II".to_owned()], &json!(1))
    );
    let list = server
        .get("/v1/projects?page=1&include_deleted=true&sort=-name")
        .of(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(names(&list), ["Linen II", "Linen"]);
    assert_ne!(
        server.get(&path).of(&ada).send().await.expect(200)["deleted_at"],
        Value::Null
    );
    let team_path = format!("/v1/teams/{team}");
    assert_eq!(
        server.delete(&team_path).of(&ada).send().await.problem(409),
        "TEAM_NOT_EMPTY"
    );
    assert_eq!(verb("restore").await.expect(200)["deleted_at"], Value::Null);

    // Thirty days later it is gone for good.
    assert_eq!(server.delete(&path).of(&ada).send().await.status, 204);
    let deleted_ms = weft_storage::clock::Clock::now_ms(&*server.clock);
    let day = Duration::from_secs(86_400);
    server
        .upkeep
        .clear_away(deleted_ms + TRASH_MS, day)
        .await
        .unwrap();
    assert_ne!(
        server.get(&path).of(&ada).send().await.expect(200)["deleted_at"],
        Value::Null
    );
    server
        .upkeep
        .clear_away(deleted_ms + TRASH_MS + 1, day)
        .await
        .unwrap();
    assert_eq!(server.get(&path).of(&ada).send().await.problem(404), "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn a_walk_of_projects_neither_skips_nor_repeats() {
    let server = TestServer::start().await;
    let (ada, eve) = (server.person("ada").await, server.person("eve").await);
    let team = team(&server, &ada, "Weavers").await;
    let mut steady = Vec::new();
    let mut passing = Vec::new();
    for number in 0..24 {
        let id = create_project(&server, &ada, team, &format!("p{number:02}")).await;
        if number % 4 == 0 {
            passing.push(id)
        } else {
            steady.push(id)
        }
    }
    let mut seen: Vec<Uuid> = Vec::new();
    let mut path = "/v1/projects?limit=5&sort=name".to_owned();
    let mut first_cursor = None;
    loop {
        let list = server.get(&path).of(&ada).send().await.expect(200);
        seen.extend(list["data"].as_array().unwrap().iter().map(id_of));
        let Some(cursor) = list["meta"]["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/projects?limit=5&sort=name&cursor={cursor}");
        first_cursor.get_or_insert_with(|| cursor.to_owned());
        create_project(&server, &ada, team, "a before").await;
        if let Some(id) = passing.pop() {
            assert_eq!(
                server
                    .delete(&format!("/v1/projects/{id}"))
                    .of(&ada)
                    .send()
                    .await
                    .status,
                204
            );
        }
        assert!(seen.len() < 100, "the walk does not end");
    }
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), seen.len(), "something came twice");
    assert!(steady.iter().all(|id| seen.contains(id)), "something was skipped");

    // A cursor is for one list of one person, as it was made.
    let cursor = first_cursor.unwrap();
    let tampered = format!(
        "{}{}",
        if cursor.starts_with('A') { "B" } else { "A" },
        &cursor[1..]
    );
    for (person, query) in [
        (&eve, format!("limit=5&sort=name&cursor={cursor}")),
        (&ada, format!("limit=5&sort=-name&cursor={cursor}")),
        (&ada, format!("limit=5&sort=name&search=p&cursor={cursor}")),
        (&ada, format!("limit=5&sort=name&cursor={tampered}")),
        (&ada, format!("limit=5&sort=name&page=1&cursor={cursor}")),
        (&ada, "limit=0".to_owned()),
        (&ada, "limit=-1".to_owned()),
        (&ada, "page=2000&limit=100".to_owned()),
        (&ada, "sort=color".to_owned()),
        (&ada, "colour=red".to_owned()),
        (&ada, "status=active,lost".to_owned()),
    ] {
        let refused = server
            .get(&format!("/v1/projects?{query}"))
            .of(person)
            .send()
            .await;
        assert_eq!(refused.problem(400), "INVALID_QUERY", "{query}");
    }
    let members = format!("/v1/workspaces/{}/members?cursor={cursor}", ada.workspace);
    assert_eq!(
        server.get(&members).of(&ada).send().await.problem(400),
        "INVALID_QUERY"
    );
    let list = server
        .get("/v1/projects?limit=1000&page=1&status=ACTIVE,on_hold")
        .of(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(list["meta"]["limit"], 100);
}

/// Two writers who have read the same: one of them is told that it has changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_writers_with_one_version_one_wins() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let team = team(&server, &ada, "Weavers").await;
    let project = create_project(&server, &ada, team, "Cloth").await;
    for path in [
        format!("/v1/projects/{project}"),
        format!("/v1/teams/{team}"),
        format!("/v1/workspaces/{}", ada.workspace),
    ] {
        for round in 0..5 {
            let etag = server.get(&path).of(&ada).send().await.header("etag").unwrap();
            let answers = join_all(["left", "right"].map(|side| {
                let patch = json!({ "name": format!("{side} {round}") });
                server
                    .patch(&path)
                    .of(&ada)
                    .header("if-match", &etag)
                    .json(patch)
                    .send()
            }))
            .await;
            let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 412], "{path}");
            let winner = answers
                .into_iter()
                .find(|answer| answer.status == 200)
                .unwrap()
                .json();
            let now = server.get(&path).of(&ada).send().await.expect(200);
            assert_eq!(now["name"], winner["name"]);
        }
    }
}
