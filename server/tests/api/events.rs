//! Events: told once for each thing that happens, as the catalogue says, to those who may see them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::documents::{Studio, create, create_project, enlist, share, studio};
use crate::support::{Person, TestServer, id_of, text};
use crate::task_lists::{board, task};

async fn events(server: &TestServer, who: &Person, workspace: Uuid, query: &str) -> Value {
    let path = format!("/v1/events?workspace_id={workspace}&limit=100{query}");
    server.get(&path).of(who).send().await.expect(200)
}

fn kinds(list: &Value) -> Vec<String> {
    let rows = list["data"].as_array().unwrap();
    rows.iter().map(|row| text(&row["type"])).collect()
}

/// Every event of a workspace, page by page.
pub async fn everything(server: &TestServer, who: &Person, workspace: Uuid) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = events(server, who, workspace, &format!("&after={after}")).await;
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        after = page["meta"]["last_sequence"].as_i64().unwrap();
        if page["meta"]["has_more"] == json!(false) {
            return all;
        }
    }
}

/// Whether `value` is what `schema` says, as far as the catalogue uses JSON Schema.
fn check(value: &Value, schema: &Value, place: &str) {
    if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
        let null = any.iter().any(|one| one["type"] == "null");
        if value.is_null() && null {
            return;
        }
        return check(value, &any[0], place);
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().map(|kind| kind.as_str().unwrap()).collect(),
        kind => vec![
            kind.as_str()
                .unwrap_or_else(|| panic!("{place}: no type in {schema}")),
        ],
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(types.contains(&kind), "{place}: {value} is no {types:?}");
    if let (Some(of), false) = (schema.get("enum"), value.is_null()) {
        assert!(
            of.as_array().unwrap().contains(value),
            "{place}: {value} is none of {of}"
        );
    }
    if schema["format"] == "uuid" && !value.is_null() {
        assert!(
            Uuid::try_parse(value.as_str().unwrap()).is_ok(),
            "{place}: {value}"
        );
    }
    for item in value.as_array().into_iter().flatten() {
        check(item, &schema["items"], place);
    }
    let (Some(members), Some(known)) = (value.as_object(), schema["properties"].as_object()) else {
        return;
    };
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(
            members.contains_key(name.as_str().unwrap()),
            "{place}: {name} is missing in {value}"
        );
    }
    for (name, member) in members {
        let schema = known
            .get(name)
            .unwrap_or_else(|| panic!("{place}: {name} is not described"));
        check(member, schema, &format!("{place}.{name}"));
    }
}

async fn catalogue(server: &TestServer) -> BTreeMap<String, Value> {
    let list = server.get("/v1/event-types").send().await.expect(200);
    let rows = list["data"].as_array().unwrap();
    rows.iter().map(|row| (text(&row["type"]), row.clone())).collect()
}

/// Does a bit of everything that is told.
#[expect(clippy::too_many_lines, reason = "one thing after another")]
pub async fn do_everything(server: &TestServer, studio: &Studio) {
    let ada = &studio.owner;
    let post = |path: String, body: Value| server.post(&path).of(ada).json(body);
    let act = |path: String| server.post(&path).of(ada);
    let patch = |path: String, body: Value| server.patch(&path).of(ada).json(body);
    let delete = |path: String| server.delete(&path).of(ada).header("if-match", "*");
    let workspace = format!("/v1/workspaces/{}", ada.workspace);
    patch(workspace.clone(), json!({ "name": "Looms" }))
        .send()
        .await
        .expect(200);
    let mia = server.person("mia").await;
    post(
        format!("{workspace}/invitations"),
        json!({ "email": mia.email, "role": "member" }),
    )
    .send()
    .await
    .expect(201);
    let token = crate::support::secret_in(&server.mail(&mia.email, "invites you").await, "weft_in_");
    server
        .post("/v1/invitations:accept")
        .of(&mia)
        .json(json!({ "token": token }))
        .send()
        .await
        .expect(200);
    patch(
        format!("{workspace}/members/{}", mia.id),
        json!({ "role": "manager" }),
    )
    .send()
    .await
    .expect(200);
    let form = json!({ "workspace_id": ada.workspace, "name": "Spinners" });
    let team = id_of(&post("/v1/teams".to_owned(), form).send().await.expect(201));
    patch(format!("/v1/teams/{team}"), json!({ "description": "They spin" }))
        .send()
        .await
        .expect(200);
    server
        .put(&format!("/v1/teams/{team}/members/{}", mia.id))
        .of(ada)
        .json(json!({ "role": "member" }))
        .send()
        .await
        .expect(201);
    delete(format!("/v1/teams/{team}/members/{}", mia.id))
        .send()
        .await
        .expect(204);
    delete(format!("/v1/teams/{team}")).send().await.expect(204);

    let other = create_project(server, ada, studio.team, "Shuttles").await;
    let project = format!("/v1/projects/{other}");
    patch(
        project.clone(),
        json!({ "description": "They fly", "end_date": "2030-01-01" }),
    )
    .send()
    .await
    .expect(200);
    for verb in ["archive", "restore"] {
        act(format!("{project}:{verb}")).send().await.expect(200);
    }
    delete(project.clone()).send().await.expect(204);
    act(format!("{project}:restore")).send().await.expect(200);

    let document = id_of(&create(server, studio, json!({ "title": "Plan" })).await);
    let path = format!("/v1/documents/{document}");
    patch(path.clone(), json!({ "title": "Plan B", "project_id": other }))
        .send()
        .await
        .expect(200);
    let words = server.put(&format!("{path}/content?format=markdown")).of(ada);
    let words = words.header("if-match", "*").body("text/markdown", "# Plan B");
    words.send().await.expect(200);
    share(server, studio, document, &mia, "viewer").await.expect(201);
    share(server, studio, document, &mia, "editor").await.expect(200);
    delete(format!("{path}/shares/{}", mia.id))
        .send()
        .await
        .expect(204);
    let asking = format!("{path}/access-requests");
    server
        .post(&asking)
        .of(&mia)
        .json(json!({}))
        .send()
        .await
        .expect(204);
    act(format!("{asking}/{}:decline", mia.id))
        .send()
        .await
        .expect(204);
    let link = post(format!("{path}/links"), json!({ "role": "viewer" }))
        .send()
        .await
        .expect(201);
    delete(format!("{path}/links/{}", id_of(&link)))
        .send()
        .await
        .expect(204);
    for verb in ["archive", "unarchive"] {
        act(format!("{path}:{verb}")).send().await.expect(200);
    }
    let comment = post(format!("{path}/comments"), json!({ "body": "Hm" }))
        .send()
        .await
        .expect(201);
    let comment = format!("/v1/comments/{}", id_of(&comment));
    patch(comment.clone(), json!({ "body": "Hmm" }))
        .send()
        .await
        .expect(200);
    for verb in ["resolve", "reopen"] {
        act(format!("{comment}:{verb}")).send().await.expect(200);
    }
    delete(comment).send().await.expect(204);
    let file = server
        .post(&format!("{path}/attachments?name=x.txt"))
        .of(ada)
        .body("text/plain", "x");
    let file = id_of(&file.send().await.expect(201));
    delete(format!("/v1/attachments/{file}")).send().await.expect(204);
    delete(path.clone()).send().await.expect(204);
    act(format!("{path}:restore")).send().await.expect(200);

    let board = board(server, studio, "Board").await;
    patch(format!("/v1/boards/{board}"), json!({ "title": "Boards" }))
        .send()
        .await
        .expect(200);
    let columns = format!("/v1/boards/{board}/columns");
    let column = post(columns.clone(), json!({ "title": "Drying" }))
        .send()
        .await
        .expect(201);
    let column = format!("{columns}/{}", text(&column["id"]));
    patch(column.clone(), json!({ "title": "Dry" }))
        .send()
        .await
        .expect(200);
    delete(column).send().await.expect(204);
    let form = json!({ "title": "Warp", "checklist": [{ "text": "Wind" }] });
    let card = task(server, studio, board, form).await;
    let path = format!("/v1/tasks/{}", id_of(&card));
    let item = format!("{path}/checklist/{}", text(&card["checklist"][0]["id"]));
    patch(item, json!({ "done": true })).send().await.expect(200);
    patch(
        path.clone(),
        json!({ "title": "Warp it", "assignee_ids": [ada.id] }),
    )
    .send()
    .await
    .expect(200);
    patch(path.clone(), json!({ "assignee_ids": [], "status": "done" }))
        .send()
        .await
        .expect(200);
    patch(path.clone(), json!({ "status": "todo", "description": "How" }))
        .send()
        .await
        .expect(200);
    for verb in ["archive", "unarchive"] {
        act(format!("{path}:{verb}")).send().await.expect(200);
    }
    let second = task(server, studio, board, json!({ "title": "Weft" })).await;
    let link = json!({ "kind": "blocks", "task_id": id_of(&second) });
    post(format!("{path}/dependencies"), link)
        .send()
        .await
        .expect(201);
    delete(path.clone()).send().await.expect(204);
    act(format!("{path}:restore")).send().await.expect(200);
    delete(format!("/v1/boards/{board}")).send().await.expect(204);
    let form = json!({ "workspace_id": ada.workspace, "url": "https://example.com/hook" });
    let endpoint = post("/v1/webhooks/endpoints".to_owned(), form)
        .send()
        .await
        .expect(201);
    let endpoint = format!("/v1/webhooks/endpoints/{}", id_of(&endpoint));
    patch(endpoint.clone(), json!({ "is_disabled": true }))
        .send()
        .await
        .expect(200);
    delete(endpoint).send().await.expect(204);
    delete(format!("{workspace}/members/{}", mia.id))
        .send()
        .await
        .expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_is_told_as_the_catalogue_says() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    do_everything(&server, &studio).await;
    let ada = &studio.owner;
    let catalogue = catalogue(&server).await;
    for (kind, entry) in &catalogue {
        check(&entry["example"], &entry["schema"], kind);
    }
    let all = everything(&server, ada, ada.workspace).await;
    let mut told = BTreeSet::new();
    for (index, event) in all.iter().enumerate() {
        let kind = text(&event["type"]);
        assert_eq!(
            event["sequence"],
            json!(index + 1),
            "without a gap for whoever sees everything"
        );
        // What a comment said that is deleted by now is gone.
        if !(kind.starts_with("comment.") && event["data"] == json!({})) {
            check(&event["data"], &catalogue[&kind]["schema"], &kind);
        }
        let is_somebodys = event["actor_user_id"].is_string();
        assert!(
            is_somebodys || kind.starts_with("column.") || kind.starts_with("board."),
            "{event}"
        );
        told.insert(kind);
    }
    // Everything that is in the catalogue has happened.
    let silent: Vec<_> = catalogue.keys().filter(|kind| !told.contains(*kind)).collect();
    assert!(silent.is_empty(), "never told: {silent:?}");
    let joined = all
        .iter()
        .filter(|event| event["type"] == "member.joined" && event["data"]["scope"] == "workspace");
    assert_eq!(joined.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_reads_on_from_where_they_were() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let documents: Vec<_> = [
        id_of(&create(&server, &studio, json!({ "title": "One" })).await),
        id_of(&create(&server, &studio, json!({ "title": "Two" })).await),
    ]
    .into();
    let cem = server.person("cem").await;
    enlist(&server, ada.workspace, &cem, "guest").await;
    share(&server, &studio, documents[1], &cem, "commenter")
        .await
        .expect(201);
    let rename = async |document: Uuid, title: &str| {
        let path = format!("/v1/documents/{document}");
        server
            .patch(&path)
            .of(ada)
            .json(json!({ "title": title }))
            .send()
            .await
            .expect(200);
    };
    let first = events(&server, &cem, ada.workspace, "").await;
    assert_eq!(kinds(&first), ["document.created"]);
    let last = first["meta"]["last_sequence"].as_i64().unwrap();
    assert!(
        last > first["data"][0]["sequence"].as_i64().unwrap(),
        "what cem does not see counts as read"
    );
    rename(documents[0], "One!").await;
    let nothing = events(&server, &cem, ada.workspace, &format!("&after={last}")).await;
    assert_eq!(
        (kinds(&nothing).len(), &nothing["meta"]["last_sequence"]),
        (0, &json!(last + 1))
    );
    rename(documents[1], "Two!").await;
    let next = events(&server, &cem, ada.workspace, &format!("&after={}", last + 1)).await;
    assert_eq!(kinds(&next), ["document.renamed"]);
    assert_eq!(
        next["data"][0]["data"],
        json!({ "before": { "title": "Two" }, "after": { "title": "Two!" } })
    );
    // One by itself, and none that cannot be seen.
    let one = |who: &Person, id: &Value| {
        let path = format!("/v1/events/{}?workspace_id={}", text(id), ada.workspace);
        server.get(&path).of(who)
    };
    let id = &next["data"][0]["id"];
    assert_eq!(one(&cem, id).send().await.expect(200), next["data"][0]);
    let all = events(&server, ada, ada.workspace, "").await;
    let hidden = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|event| event["type"] == "team.created")
        .unwrap();
    assert_eq!(one(&cem, &hidden["id"]).send().await.problem(404), "NOT_FOUND");
    one(ada, &hidden["id"]).send().await.expect(200);
    // A right that is gone shows nothing of what was before either.
    let share = format!("/v1/documents/{}/shares/{}", documents[1], cem.id);
    server.delete(&share).of(ada).send().await.expect(204);
    assert_eq!(kinds(&events(&server, &cem, ada.workspace, "").await).len(), 0);
    let bob = server.person("bob").await;
    let path = format!("/v1/events?workspace_id={}", ada.workspace);
    assert_eq!(server.get(&path).of(&bob).send().await.problem(404), "NOT_FOUND");
    assert_eq!(server.get(&path).send().await.problem(401), "UNAUTHORIZED");
    for bad in ["", "&types=no.such", "&after=-1", "&limit=0", "&colour=red"] {
        let path = match bad {
            "" => "/v1/events".to_owned(),
            bad => format!("{path}{bad}"),
        };
        assert_eq!(
            server.get(&path).of(ada).send().await.problem(400),
            "INVALID_QUERY",
            "{bad}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_and_scopes_narrow_what_is_told() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let document = id_of(&create(&server, &studio, json!({ "title": "One" })).await);
    let board = board(&server, &studio, "Board").await;
    let card = id_of(&task(&server, &studio, board, json!({ "title": "Warp" })).await);
    let of = async |query: String| kinds(&events(&server, ada, ada.workspace, &query).await);
    assert_eq!(of(format!("&document_id={document}")).await, ["document.created"]);
    assert_eq!(of(format!("&task_id={card}")).await, ["task.created"]);
    assert_eq!(
        of("&types=team.created,task.created".to_owned()).await,
        ["team.created", "task.created"]
    );
    let in_project = of(format!("&project_id={}", studio.project)).await;
    assert!(
        in_project.contains(&"task.created".to_owned()) && !in_project.contains(&"team.created".to_owned())
    );
    // A key says which workspace, and reads only of what its scopes allow.
    let key = async |scopes: Value| {
        let form = json!({ "workspace_id": ada.workspace, "name": "Poller", "scopes": scopes });
        let made = server
            .post("/v1/api-keys")
            .of(ada)
            .json(form)
            .send()
            .await
            .expect(201);
        text(&made["key"])
    };
    let reader = key(json!(["documents:read", "workspaces:read"])).await;
    let told = server
        .get("/v1/events?limit=100")
        .bearer(&reader)
        .send()
        .await
        .expect(200);
    let told: BTreeSet<_> = kinds(&told).into_iter().collect();
    assert!(told.contains("task.created") && told.contains("document.created"));
    assert!(
        told.iter()
            .all(|kind| !kind.starts_with("team.") && !kind.starts_with("project.")),
        "{told:?}"
    );
    let teams = server
        .get("/v1/events?types=team.created")
        .bearer(&reader)
        .send()
        .await;
    assert_eq!(teams.problem(403), "INSUFFICIENT_SCOPE");
    let blind = key(json!(["audit:read"])).await;
    assert_eq!(
        server.get("/v1/events").bearer(&blind).send().await.problem(403),
        "INSUFFICIENT_SCOPE"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn activity_tells_many_small_changes_as_one() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let board = board(&server, &studio, "Board").await;
    let card = id_of(&task(&server, &studio, board, json!({ "title": "W" })).await);
    let path = format!("/v1/tasks/{card}");
    let rename = async |title: &str| {
        server
            .patch(&path)
            .of(ada)
            .json(json!({ "title": title }))
            .send()
            .await
            .expect(200);
    };
    for title in ["Wa", "War", "Warp"] {
        rename(title).await;
        server.clock.advance(20_000);
    }
    let say = server
        .post(&format!("{path}/comments"))
        .of(ada)
        .json(json!({ "body": "Good" }));
    say.send().await.expect(201);
    rename("Warp!").await;
    let activity = async |query: &str| {
        let path = format!("{path}/activity{query}");
        server.get(&path).of(ada).send().await.expect(200)
    };
    let all = activity("").await;
    assert_eq!(
        kinds(&all),
        ["task.updated", "comment.created", "task.updated", "task.created"]
    );
    let typed = &all["data"][2];
    assert_eq!(typed["count"], 3);
    assert_eq!(
        typed["data"],
        json!({ "before": { "title": "W" }, "after": { "title": "Warp" } })
    );
    assert_ne!(typed["started_at"], typed["created_at"]);
    // Page by page it is the same.
    let (mut seen, mut query) = (Vec::new(), "?limit=1".to_owned());
    loop {
        let page = activity(&query).await;
        seen.extend(page["data"].as_array().unwrap().iter().cloned());
        let Some(before) = page["meta"]["next_before"].as_i64() else {
            break;
        };
        query = format!("?limit=1&before={before}");
    }
    assert_eq!(json!(seen), all["data"]);
    let project = format!("/v1/projects/{}/activity?limit=100", studio.project);
    let told = kinds(&server.get(&project).of(ada).send().await.expect(200));
    assert!(
        told.contains(&"project.created".to_owned()) && told.contains(&"task.created".to_owned()),
        "{told:?}"
    );
    let bob = server.person("bob").await;
    for path in [format!("{path}/activity"), project] {
        assert_eq!(server.get(&path).of(&bob).send().await.problem(404), "NOT_FOUND");
    }
}
