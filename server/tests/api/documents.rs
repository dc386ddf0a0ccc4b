//! Documents of projects: made, read, changed, shared, and closed to everybody else.

use serde_json::{Value, json};
use uuid::Uuid;
use weft_storage::clock::Clock as _;
use weft_storage::records::MemberChange;
use weft_storage::{Append, DocumentId, NewUpdate, Seq, WorkspaceId};

use crate::support::{Answer, Person, TestServer, id_of, text};

/// Somebody with a team and a project of their own.
pub struct Studio {
    pub owner: Person,
    pub team: Uuid,
    pub project: Uuid,
}

pub async fn studio(server: &TestServer, name: &str) -> Studio {
    let owner = server.person(name).await;
    let team = server
        .post("/v1/teams")
        .of(&owner)
        .json(json!({ "workspace_id": owner.workspace, "name": format!("Team of {name}") }))
        .send()
        .await
        .expect(201);
    let team = id_of(&team);
    let project = create_project(server, &owner, team, "Looms").await;
    Studio { owner, team, project }
}

pub async fn create_project(server: &TestServer, owner: &Person, team: Uuid, name: &str) -> Uuid {
    let project = server
        .post("/v1/projects")
        .of(owner)
        .json(json!({ "team_id": team, "name": name }))
        .send()
        .await
        .expect(201);
    id_of(&project)
}

/// Makes somebody a member of a workspace, without an invitation.
pub async fn enlist(server: &TestServer, workspace: Uuid, person: &Person, role: &str) {
    let mut tx = server.storage.records().write().await.unwrap();
    let change = MemberChange {
        user_id: person.id,
        role,
        now_ms: 1,
    };
    let mut tenant = tx.workspace(WorkspaceId(workspace)).await.unwrap();
    tenant.put_member(change).await.unwrap();
    tx.commit().await.unwrap();
}

pub async fn create(server: &TestServer, studio: &Studio, body: Value) -> Value {
    server
        .post(&format!("/v1/projects/{}/documents", studio.project))
        .of(&studio.owner)
        .json(body)
        .send()
        .await
        .expect(201)
}

/// Shares a document with somebody.
pub async fn share(
    server: &TestServer,
    studio: &Studio,
    document: Uuid,
    with: &Person,
    role: &str,
) -> Answer {
    server
        .put(&format!("/v1/documents/{document}/shares/{}", with.id))
        .of(&studio.owner)
        .json(json!({ "role": role }))
        .send()
        .await
}

async fn markdown(server: &TestServer, token: &str, document: Uuid) -> Answer {
    server
        .get(&format!("/v1/documents/{document}/content?format=markdown"))
        .bearer(token)
        .send()
        .await
}

async fn write(server: &TestServer, token: &str, document: Uuid, content: &str) -> Answer {
    server
        .put(&format!("/v1/documents/{document}/content"))
        .bearer(token)
        .header("if-match", "*")
        .body("text/markdown", content.to_owned())
        .send()
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_is_of_the_one_format_that_is_said() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let document = id_of(&create(&server, &studio, json!({ "title": "Plan" })).await);
    let put = |query: &str, media_type: &str| {
        server
            .put(&format!("/v1/documents/{document}/content{query}"))
            .of(&studio.owner)
            .header("if-match", "*")
            .body(media_type, "words")
            .send()
    };
    let differ = put("?format=markdown", "application/json").await;
    assert_eq!(differ.problem(422), "FORMATS_DIFFER");
    for (query, media_type) in [
        ("?format=markdown", "text/markdown"),
        ("?format=markdown", "application/octet-stream"),
        ("?format=markdown", "text/x-unknown"),
        ("", "text/markdown"),
    ] {
        put(query, media_type).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn a_document_of_a_project_from_its_making_to_the_trash_and_back() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let (owner, project) = (&studio.owner, studio.project);
    let made = create(
        &server,
        &studio,
        json!({ "title": "Plan", "content": "# Looms\n\nand shuttles\n", "format": "markdown" }),
    )
    .await;
    let id = id_of(&made);
    assert_eq!(made["name"], json!(id));
    assert_eq!(
        (&made["kind"], &made["title"], &made["role"], &made["project_id"]),
        (&json!("text"), &json!("Plan"), &json!("owner"), &json!(project))
    );
    assert_eq!(made["changes"], json!(1));
    assert_eq!(
        markdown(&server, &owner.token, id).await.text(),
        "# Looms\n\nand shuttles\n"
    );

    let path = format!("/v1/documents/{id}");
    let endpoint = server
        .get(&format!("{path}/endpoint"))
        .of(owner)
        .send()
        .await
        .expect(200);
    assert_eq!(endpoint["key"], json!(id));
    let (collab, sync) = (
        endpoint["collab_url"].as_str().unwrap(),
        endpoint["sync_url"].as_str().unwrap(),
    );
    assert!(
        collab.starts_with("ws://") && collab.ends_with(&format!("/v1/collab?document={id}")),
        "{collab}"
    );
    assert!(
        sync.starts_with("ws://") && sync.ends_with(&format!("/v1/sync/{id}")),
        "{sync}"
    );

    let answer = server.get(&path).of(owner).send().await;
    let etag = answer.header("etag").unwrap();
    assert_eq!(answer.expect(200), made);
    let change =
        |etag: &str, patch: Value| server.patch(&path).of(owner).header("if-match", etag).json(patch);
    let renamed = change(&etag, json!({ "title": "Plan B" }))
        .send()
        .await
        .expect(200);
    assert_eq!(renamed["title"], json!("Plan B"));
    let lost = change(&etag, json!({ "title": "Plan C" })).send().await;
    assert_eq!(lost.problem(412), "PRECONDITION_FAILED");
    for forbidden in [
        json!({ "role": "owner" }),
        json!({ "workspace_id": owner.workspace }),
        json!({ "owner_user_id": owner.id }),
        json!({ "title": null }),
        json!({ "title": "" }),
    ] {
        assert_eq!(change("*", forbidden).send().await.status, 422);
    }

    let archive = |verb: &str| server.post(&format!("{path}:{verb}")).of(owner);
    assert_eq!(archive("restore").send().await.problem(409), "NOT_IN_TRASH");
    assert!(archive("archive").send().await.expect(200)["archived_at"].is_string());
    assert_eq!(
        write(&server, &owner.token, id, "x").await.problem(409),
        "DOCUMENT_ARCHIVED"
    );
    assert_eq!(
        archive("unarchive").send().await.expect(200)["archived_at"],
        Value::Null
    );
    write(&server, &owner.token, id, "y\n").await.expect(200);

    server.delete(&path).of(owner).send().await.expect(204);
    assert_eq!(
        server.delete(&path).of(owner).send().await.problem(404),
        "NOT_FOUND"
    );
    assert_eq!(
        markdown(&server, &owner.token, id).await.problem(404),
        "NOT_FOUND"
    );
    let list = async |query: &str| {
        let list = server
            .get(&format!("/v1/documents?page=1{query}"))
            .of(owner)
            .send()
            .await;
        list.expect(200)["meta"]["total"].clone()
    };
    assert_eq!(list("").await, json!(0));
    assert_eq!(list("&include_deleted=true").await, json!(1));
    assert_eq!(
        archive("restore").send().await.expect(200)["deleted_at"],
        Value::Null
    );
    assert_eq!(markdown(&server, &owner.token, id).await.text(), "y\n");
    let copy = archive("duplicate")
        .json(json!({ "title": "Copy" }))
        .send()
        .await
        .expect(201);
    assert_eq!(markdown(&server, &owner.token, id_of(&copy)).await.text(), "y\n");
    assert_eq!(list("&search=COP").await, json!(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_document_is_read_and_written_like_any_other() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let id = id_of(&create(&server, &studio, json!({ "title": "Empty" })).await);
    let token = &studio.owner.token;
    let empty = markdown(&server, token, id).await;
    let etag = empty.header("etag").unwrap();
    assert_eq!((empty.status, empty.text().trim()), (200, ""));
    let put = |etag: &str, content: &str| {
        server
            .put(&format!("/v1/documents/{id}/content"))
            .bearer(token)
            .header("if-match", etag)
            .body("text/markdown", content.to_owned())
    };
    put(&etag, "first\n").send().await.expect(200);
    // The lost update.
    assert_eq!(
        put(&etag, "second\n").send().await.problem(412),
        "DOCUMENT_HAS_CHANGED"
    );
    assert_eq!(markdown(&server, token, id).await.text(), "first\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_makes_one_document_however_often_it_is_asked() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let path = format!("/v1/projects/{}/documents", studio.project);
    let ask = || {
        server
            .post(&path)
            .of(&studio.owner)
            .header("idempotency-key", "k-1")
            .json(json!({ "title": "Once", "content": "hello", "format": "markdown" }))
            .send()
    };
    let answers = futures_util::future::join_all((0..8).map(|_| ask())).await;
    let ids: Vec<_> = answers
        .into_iter()
        .map(|answer| id_of(&answer.expect(201)))
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let list = server
        .get("/v1/documents?page=1")
        .of(&studio.owner)
        .send()
        .await
        .expect(200);
    assert_eq!(list["meta"]["total"], json!(1));
    assert_eq!(
        markdown(&server, &studio.owner.token, ids[0]).await.text(),
        "hello\n"
    );
}

/// W10: what a role does not allow is refused over REST as over sockets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w10_viewers_and_commenters_read_and_do_not_write() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let id = id_of(&create(&server, &studio, json!({ "title": "Plan" })).await);
    write(&server, &studio.owner.token, id, "kept\n")
        .await
        .expect(200);
    let guest = server.person("gus").await;
    let path = format!("/v1/documents/{id}");
    assert_eq!(
        markdown(&server, &guest.token, id).await.problem(404),
        "NOT_FOUND"
    );
    let refused = share(&server, &studio, id, &guest, "viewer").await;
    assert_eq!(refused.problem(422), "NOT_A_MEMBER");
    enlist(&server, studio.owner.workspace, &guest, "guest").await;
    assert_eq!(
        markdown(&server, &guest.token, id).await.problem(404),
        "NOT_FOUND"
    );
    for role in ["viewer", "commenter"] {
        share(&server, &studio, id, &guest, role).await;
        assert_eq!(markdown(&server, &guest.token, id).await.text(), "kept\n");
        assert_eq!(
            write(&server, &guest.token, id, "x").await.problem(403),
            "FORBIDDEN"
        );
        let patch = server
            .patch(&format!("{path}/content"))
            .of(&guest)
            .json(json!([{ "op": "append", "content": "x", "format": "markdown" }]));
        assert_eq!(patch.send().await.problem(403), "FORBIDDEN");
        for request in [
            server.patch(&path).of(&guest).json(json!({ "title": "x" })),
            server.delete(&path).of(&guest),
            server.post(&format!("{path}:archive")).of(&guest),
            server.get(&format!("{path}/shares")).of(&guest),
            server
                .post(&format!("{path}/links"))
                .of(&guest)
                .json(json!({ "role": "viewer" })),
            server
                .post(&format!("{path}/tokens"))
                .of(&guest)
                .json(json!({ "subject": "x", "role": "viewer" })),
            server
                .post(&format!("{path}/attachments?name=x"))
                .of(&guest)
                .body("text/plain", "x"),
        ] {
            assert_eq!(request.send().await.problem(403), "FORBIDDEN");
        }
        // A guest sees the document, and nothing around it.
        let list = server
            .get("/v1/documents?page=1")
            .of(&guest)
            .send()
            .await
            .expect(200);
        assert_eq!(list["meta"]["total"], json!(1));
        assert_eq!(list["data"][0]["role"], json!(role));
        let project = format!("/v1/projects/{}/documents", studio.project);
        assert_eq!(
            server.get(&project).of(&guest).send().await.problem(404),
            "NOT_FOUND"
        );
    }
    share(&server, &studio, id, &guest, "editor").await.expect(200);
    write(&server, &guest.token, id, "changed\n").await.expect(200);
    let share = server.delete(&format!("{path}/shares/{}", guest.id)).of(&guest);
    share.send().await.expect(204);
    assert_eq!(
        markdown(&server, &guest.token, id).await.problem(404),
        "NOT_FOUND"
    );
    assert_eq!(
        markdown(&server, &studio.owner.token, id).await.text(),
        "changed\n"
    );
}

/// A6: a link gives what it gives now, to whoever knows its password, until it ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a6_a_link_that_is_revoked_changed_or_over_opens_no_more() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let id = id_of(&create(&server, &studio, json!({ "title": "Plan" })).await);
    write(&server, &studio.owner.token, id, "kept\n")
        .await
        .expect(200);
    let links = format!("/v1/documents/{id}/links");
    let make = async |body: Value| {
        let made = server
            .post(&links)
            .of(&studio.owner)
            .json(body)
            .send()
            .await
            .expect(201);
        (format!("{links}/{}", id_of(&made)), text(&made["token"]))
    };
    let open = async |body: Value| server.post("/v1/links:open").json(body).send().await;

    let (path, secret) = make(json!({ "role": "editor" })).await;
    let opened = open(json!({ "token": secret })).await.expect(200);
    assert_eq!(
        (&opened["document_id"], &opened["role"]),
        (&json!(id), &json!("editor"))
    );
    let visitor = text(&opened["token"]);
    write(&server, &visitor, id, "by a visitor\n").await.expect(200);
    // The link is for this document and for nothing else; and it makes nobody an owner.
    let other = id_of(&create(&server, &studio, json!({ "title": "Other" })).await);
    assert_ne!(markdown(&server, &visitor, other).await.status, 200);
    assert_eq!(
        server.get(&links).bearer(&visitor).send().await.problem(403),
        "FORBIDDEN"
    );
    // Its terms reach those who came through it.
    let change = server
        .patch(&path)
        .of(&studio.owner)
        .json(json!({ "role": "viewer" }));
    change.send().await.expect(200);
    assert_eq!(write(&server, &visitor, id, "x").await.problem(403), "FORBIDDEN");
    assert_eq!(markdown(&server, &visitor, id).await.text(), "by a visitor\n");
    server.delete(&path).of(&studio.owner).send().await.expect(204);
    assert_eq!(markdown(&server, &visitor, id).await.problem(404), "NOT_FOUND");
    assert_eq!(open(json!({ "token": secret })).await.problem(404), "NOT_FOUND");

    let ends = server.clock.now_ms() + 60_000;
    let ends = server_time(ends);
    let (_, secret) = make(json!({ "role": "viewer", "expires_at": ends })).await;
    let visitor = text(&open(json!({ "token": secret })).await.expect(200)["token"]);
    assert_eq!(markdown(&server, &visitor, id).await.status, 200);
    server.clock.advance(61_000);
    assert_ne!(markdown(&server, &visitor, id).await.status, 200);
    assert_eq!(open(json!({ "token": secret })).await.problem(404), "NOT_FOUND");

    let password = "orbit pelican 42 quays";
    let (_, secret) = make(json!({ "role": "viewer", "password": password })).await;
    assert_eq!(
        open(json!({ "token": secret })).await.problem(403),
        "PASSWORD_REQUIRED"
    );
    let wrong = open(json!({ "token": secret, "password": "orbit pelican 42 quay" })).await;
    assert_eq!(wrong.problem(403), "WRONG_PASSWORD");
    open(json!({ "token": secret, "password": password }))
        .await
        .expect(200);
    // Guessing is slowed down.
    let mut slowed = false;
    for guess in 0..30 {
        let answer = open(json!({ "token": secret, "password": format!("guess {guess}") })).await;
        slowed |= answer.status == 429;
    }
    assert!(slowed, "thirty guesses were taken");
}

fn server_time(ms: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).unwrap();
    time.format(&time::format_description::well_known::Rfc3339)
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_token_gives_no_more_than_its_minter_has() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let id = id_of(&create(&server, &studio, json!({ "title": "Plan" })).await);
    let helper = server.person("hal").await;
    enlist(&server, studio.owner.workspace, &helper, "member").await;
    share(&server, &studio, id, &helper, "owner").await.expect(201);
    let mint = async |body: Value| {
        let path = format!("/v1/documents/{id}/tokens");
        server.post(&path).of(&helper).json(body).send().await
    };
    let minted = mint(json!({ "subject": "customer 7", "role": "editor", "lifetime_seconds": 60 })).await;
    let token = text(&minted.expect(200)["token"]);
    write(&server, &token, id, "by a customer\n").await.expect(200);
    assert_eq!(mint(json!({ "subject": "x", "role": "owner" })).await.status, 422);
    for seconds in [0, 3_601] {
        let body = json!({ "subject": "x", "role": "viewer", "lifetime_seconds": seconds });
        assert_eq!(mint(body).await.status, 422);
    }
    share(&server, &studio, id, &helper, "viewer").await.expect(200);
    assert_eq!(write(&server, &token, id, "x").await.problem(403), "FORBIDDEN");
    assert_eq!(markdown(&server, &token, id).await.text(), "by a customer\n");
    assert_eq!(
        mint(json!({ "subject": "x", "role": "viewer" }))
            .await
            .problem(403),
        "FORBIDDEN"
    );
    server.clock.advance(100_000);
    assert_eq!(markdown(&server, &token, id).await.problem(401), "UNAUTHORIZED");
}

/// K11: two tenants whose documents lie in the log under one name have nothing else in common.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn k11_a_name_that_two_tenants_have_is_two_documents() {
    let server = TestServer::start().await;
    let (ours, theirs) = (studio(&server, "ada").await, studio(&server, "bea").await);
    let id = id_of(&create(&server, &ours, json!({ "title": "Plan" })).await);
    write(&server, &ours.owner.token, id, "ours\n").await.expect(200);
    // In another tenant's log, under the same name.
    let update = yrs_update("theirs");
    let append = Append {
        document: DocumentId(Uuid::now_v7()),
        workspace: WorkspaceId(theirs.owner.workspace),
        name: weft_protocol::id::DocumentName::parse(&id.to_string()).unwrap(),
        expected_head: Seq::ZERO,
        updates: vec![NewUpdate::from(update)],
        projection: None,
    };
    server.storage.log().append(append).await.unwrap();
    assert_eq!(markdown(&server, &ours.owner.token, id).await.text(), "ours\n");
    let path = format!("/v1/documents/{id}");
    for request in [
        server.get(&path),
        server.get(&format!("{path}/content")),
        server.get(&format!("{path}/presence")),
        server.get(&format!("{path}/shares")),
        server.get(&format!("{path}/links")),
        server.get(&format!("{path}/attachments")),
        server.patch(&path).json(json!({ "title": "mine" })),
        server.delete(&path),
        server.post(&format!("{path}:restore")),
        server.post(&format!("{path}:duplicate")).json(json!({})),
    ] {
        let anonymous = request.clone().send().await;
        assert_eq!(anonymous.problem(401), "UNAUTHORIZED");
        assert_eq!(request.of(&theirs.owner).send().await.problem(404), "NOT_FOUND");
    }
    // Nor can it be moved to, or copied into, what is another's.
    let moved = server
        .patch(&path)
        .of(&ours.owner)
        .json(json!({ "project_id": theirs.project }));
    assert_eq!(moved.send().await.status, 422);
    let copied = server
        .post(&format!("{path}:duplicate"))
        .of(&ours.owner)
        .json(json!({ "project_id": theirs.project }));
    assert_eq!(copied.send().await.status, 422);
    let list = server
        .get("/v1/documents?page=1")
        .of(&theirs.owner)
        .send()
        .await
        .expect(200);
    assert_eq!(list["meta"]["total"], json!(0));
}

/// An update that writes `text` into rich text.
fn yrs_update(text: &str) -> bytes::Bytes {
    use yrs::{ReadTxn as _, Transact as _, XmlElementPrelim, XmlFragment as _, XmlTextPrelim};
    let document = yrs::Doc::with_client_id(7);
    let fragment = document.get_or_insert_xml_fragment("prosemirror");
    let mut transaction = document.transact_mut();
    let paragraph = fragment.insert(&mut transaction, 0, XmlElementPrelim::empty("paragraph"));
    paragraph.insert(&mut transaction, 0, XmlTextPrelim::new(text));
    transaction
        .encode_state_as_update_v1(&yrs::StateVector::default())
        .into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moving_a_document_moves_who_sees_it() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let other = create_project(&server, &studio.owner, studio.team, "Shuttles").await;
    let id = id_of(&create(&server, &studio, json!({ "title": "Plan" })).await);
    let member = server.person("mia").await;
    enlist(&server, studio.owner.workspace, &member, "member").await;
    let put = server
        .put(&format!("/v1/projects/{}/members/{}", studio.project, member.id))
        .of(&studio.owner)
        .json(json!({ "role": "editor" }));
    put.send().await.expect(201);
    write(&server, &member.token, id, "in looms\n").await.expect(200);
    let path = format!("/v1/documents/{id}");
    let shift = |who: &Person| server.patch(&path).of(who).json(json!({ "project_id": other }));
    // An editor may rename it, but neither move it nor see where it could go.
    assert_eq!(shift(&member).send().await.problem(403), "FORBIDDEN");
    assert_eq!(
        shift(&studio.owner).send().await.expect(200)["project_id"],
        json!(other)
    );
    assert_eq!(
        markdown(&server, &member.token, id).await.problem(404),
        "NOT_FOUND"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_walked_without_gaps() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let mut titles = Vec::new();
    for number in 0..7 {
        let title = format!("Document {number}");
        create(&server, &studio, json!({ "title": title, "kind": "board" })).await;
        titles.push(title);
    }
    let base = format!("/v1/projects/{}/documents?limit=3&sort=-title", studio.project);
    let (mut seen, mut path) = (Vec::new(), base.clone());
    loop {
        let page = server.get(&path).of(&studio.owner).send().await.expect(200);
        let data = page["data"].as_array().unwrap();
        seen.extend(data.iter().map(|row| text(&row["title"])));
        match page["meta"]["next_cursor"].as_str() {
            Some(cursor) => path = format!("{base}&cursor={cursor}"),
            None => break,
        }
    }
    titles.reverse();
    assert_eq!(seen, titles);
    for (query, status) in [
        ("kind=board,text", 200),
        ("kind=drawing", 400),
        ("colour=red", 400),
        ("sort=size", 400),
        ("page=0", 400),
        ("updated_since=yesterday", 400),
    ] {
        let list = server
            .get(&format!("/v1/documents?{query}"))
            .of(&studio.owner)
            .send()
            .await;
        assert_eq!(list.status, status, "{query}");
    }
}
