//! Comments: made, answered, changed, resolved, deleted, reacted to; who may, who is mentioned, and who hears of it.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::documents::{Studio, create, enlist, share, studio};
use crate::support::{Answer, Person, TestServer, id_of, text};

async fn document(server: &TestServer, studio: &Studio) -> Uuid {
    id_of(&create(server, studio, json!({ "title": "Plan" })).await)
}

async fn say(server: &TestServer, who: &Person, document: Uuid, body: Value) -> Answer {
    server
        .post(&format!("/v1/documents/{document}/comments"))
        .of(who)
        .json(body)
        .send()
        .await
}

async fn list(server: &TestServer, who: &Person, document: Uuid, query: &str) -> Value {
    let path = format!("/v1/documents/{document}/comments{query}");
    server.get(&path).of(who).send().await.expect(200)
}

fn bodies(list: &Value) -> Vec<String> {
    let rows = list["data"].as_array().unwrap();
    rows.iter().map(|row| text(&row["body"])).collect()
}

/// Somebody who may see and comment on what a document of `studio` holds.
async fn guest(server: &TestServer, studio: &Studio, document: Uuid, name: &str, role: &str) -> Person {
    let person = server.person(name).await;
    enlist(server, studio.owner.workspace, &person, "guest").await;
    share(server, studio, document, &person, role).await.expect(201);
    person
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn a_thread_from_its_first_words_to_its_end() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let document = document(&server, &studio).await;
    let cem = guest(&server, &studio, document, "cem", "commenter").await;
    let vera = guest(&server, &studio, document, "vera", "viewer").await;
    let stranger = server.person("sid").await;

    let made = say(&server, &cem, document, json!({ "body": "Is **this** right?" })).await;
    let location = made.header("location").unwrap();
    let etag = made.header("etag").unwrap();
    let made = made.expect(201);
    let id = id_of(&made);
    assert_eq!(location, format!("/v1/comments/{id}"));
    assert_eq!(made["body_html"], "<p>Is <strong>this</strong> right?</p>");
    assert_eq!(
        (
            &made["author_user_id"],
            &made["document_id"],
            &made["task_id"],
            &made["edited_at"]
        ),
        (&json!(cem.id), &json!(document), &Value::Null, &Value::Null)
    );
    let reply = say(&server, ada, document, json!({ "body": "Yes.", "parent_id": id })).await;
    let reply = id_of(&reply.expect(201));
    for bad in [
        json!({ "body": "No replies to replies", "parent_id": reply }),
        json!({ "body": "Nor to nothing", "parent_id": Uuid::now_v7() }),
        json!({ "body": "" }),
        json!({ "body": " \n" }),
        json!({ "body": "x".repeat(32_769) }),
        json!({ "body": "\u{e4}".repeat(20_000) }),
        json!({ "body": "words", "author_user_id": ada.id }),
        json!({ "body": "> ".repeat(200) + "deep" }),
    ] {
        assert_eq!(
            say(&server, ada, document, bad.clone()).await.problem(422),
            "VALIDATION_FAILED",
            "{bad:.80}"
        );
    }

    // Viewers read, and strangers do not learn that there is anything.
    let path = format!("/v1/comments/{id}");
    assert_eq!(
        server.get(&path).of(&vera).send().await.expect(200)["reply_count"],
        1
    );
    assert_eq!(
        say(&server, &vera, document, json!({ "body": "x" }))
            .await
            .problem(403),
        "FORBIDDEN"
    );
    for request in [
        server.get(&path),
        server.delete(&path),
        server.patch(&path).json(json!({})),
    ] {
        assert_eq!(request.clone().send().await.problem(401), "UNAUTHORIZED");
        assert_eq!(request.of(&stranger).send().await.problem(404), "NOT_FOUND");
    }
    let not_modified = server
        .get(&path)
        .of(&cem)
        .header("if-none-match", &etag)
        .send()
        .await;
    assert_eq!(not_modified.status, 304);

    // What somebody said is theirs to change, and only owners delete what others said.
    let change = json!({ "body": "Is this *really* right?" });
    let patch = |who: &Person| server.patch(&path).of(who).json(change.clone());
    assert_eq!(patch(ada).send().await.problem(403), "FORBIDDEN");
    let changed = patch(&cem).header("if-match", &etag).send().await.expect(200);
    assert!(changed["edited_at"].is_string());
    let stale = patch(&cem).header("if-match", &etag).send().await;
    assert_eq!(stale.problem(412), "PRECONDITION_FAILED");
    let again = patch(&cem).send().await;
    assert_eq!(again.expect(200)["edited_at"], changed["edited_at"]);
    let other = server
        .delete(&format!("/v1/comments/{reply}"))
        .of(&cem)
        .send()
        .await;
    assert_eq!(other.problem(403), "FORBIDDEN");

    let turn = |verb: &str, id: Uuid| server.post(&format!("/v1/comments/{id}:{verb}"));
    assert_eq!(
        turn("resolve", reply).of(ada).send().await.problem(409),
        "NOT_A_THREAD"
    );
    assert_eq!(
        turn("resolve", id).of(&vera).send().await.problem(403),
        "FORBIDDEN"
    );
    let resolved = turn("resolve", id).of(&cem).send().await.expect(200);
    assert_eq!(resolved["resolved_by"], json!(cem.id));
    assert_eq!(
        bodies(&list(&server, ada, document, "?resolved=false").await).len(),
        0
    );
    assert_eq!(
        bodies(&list(&server, ada, document, "?resolved=true").await).len(),
        1
    );
    let open = turn("reopen", id).of(ada).send().await.expect(200);
    assert_eq!(
        (&open["resolved_at"], &open["resolved_by"]),
        (&Value::Null, &Value::Null)
    );

    // What is deleted keeps its place for the replies, and goes with the last of them.
    server.delete(&path).of(ada).send().await.expect(204);
    let left = server.get(&path).of(ada).send().await.expect(200);
    assert_eq!(
        (&left["body"], &left["body_html"], &left["reply_count"]),
        (&json!(""), &json!(""), &json!(1))
    );
    assert!(left["deleted_at"].is_string());
    assert_eq!(
        server.delete(&path).of(ada).send().await.problem(404),
        "NOT_FOUND"
    );
    assert_eq!(patch(&cem).send().await.problem(404), "NOT_FOUND");
    assert_eq!(
        say(&server, &cem, document, json!({ "body": "x", "parent_id": id }))
            .await
            .status,
        422
    );
    server
        .delete(&format!("/v1/comments/{reply}"))
        .of(ada)
        .send()
        .await
        .expect(204);
    assert_eq!(server.get(&path).of(ada).send().await.problem(404), "NOT_FOUND");
    let rest = list(&server, ada, document, "?page=1").await;
    assert_eq!(rest["meta"]["total"], 0);

    // In the archive nothing new is said.
    let archive = format!("/v1/documents/{document}:archive");
    server.post(&archive).of(ada).send().await.expect(200);
    assert_eq!(
        say(&server, &cem, document, json!({ "body": "x" }))
            .await
            .problem(409),
        "DOCUMENT_ARCHIVED"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_people_who_see_it_are_mentioned_and_they_hear_of_it() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let document = document(&server, &studio).await;
    let cem = guest(&server, &studio, document, "cem", "commenter").await;
    let dan = guest(&server, &studio, document, "dan", "viewer").await;
    let member = server.person("mia").await;
    enlist(&server, ada.workspace, &member, "member").await;
    let stranger = server.person("sid").await;

    for hidden in [member.id, stranger.id, Uuid::now_v7()] {
        for body in [
            json!({ "body": format!("Hello @[x](user:{hidden})") }),
            json!({ "body": "Hello", "mentions": [hidden] }),
            json!({ "body": format!("<span data-type=\"mention\" data-id=\"{hidden}\">@x</span>") }),
        ] {
            let refused = say(&server, ada, document, body).await;
            assert_eq!(refused.json()["details"][0]["code"], "CANNOT_SEE_IT");
            assert_eq!(refused.problem(422), "VALIDATION_FAILED");
        }
    }
    let body = format!("Hello @[Cem](user:{}) and `@[x](user:{})`", cem.id, stranger.id);
    let made = say(
        &server,
        ada,
        document,
        json!({ "body": body, "mentions": [dan.id, cem.id] }),
    )
    .await;
    let made = made.expect(201);
    assert_eq!(made["mentions"], json!([cem.id, dan.id]));
    assert!(text(&made["body_html"]).contains(&format!("data-id=\"{}\"", cem.id)));

    let subscription = format!("/v1/documents/{document}/subscription");
    let hears = async |who: &Person| {
        let answer = server.get(&subscription).of(who).send().await;
        (answer.status == 200).then(|| (text(&answer.json()["state"]), text(&answer.json()["reason"])))
    };
    let watching = |reason: &str| Some(("watching".to_owned(), reason.to_owned()));
    assert_eq!(hears(ada).await, watching("commented"));
    assert_eq!(hears(&cem).await, watching("mentioned"));
    assert_eq!(hears(&dan).await, watching("mentioned"));
    // What is muted stays so, whatever happens; what is forgotten begins anew.
    let mute = server
        .put(&subscription)
        .of(&dan)
        .json(json!({ "state": "muted" }));
    assert_eq!(mute.send().await.expect(200)["reason"], "chosen");
    say(
        &server,
        ada,
        document,
        json!({ "body": "Again", "mentions": [dan.id] }),
    )
    .await
    .expect(201);
    assert_eq!(hears(&dan).await, Some(("muted".to_owned(), "chosen".to_owned())));
    server.delete(&subscription).of(&dan).send().await.expect(204);
    assert_eq!(hears(&dan).await, None);
    assert_eq!(
        server.get(&subscription).of(&stranger).send().await.problem(404),
        "NOT_FOUND"
    );

    // A change mentions those whom it names; the others were told already.
    let path = format!("/v1/comments/{}", id_of(&made));
    let change = json!({ "body": format!("Hello @[Dan](user:{})", dan.id) });
    let changed = server.patch(&path).of(ada).json(change).send().await.expect(200);
    assert_eq!(changed["mentions"], json!([dan.id]));
    let hidden = json!({ "mentions": [member.id] });
    assert_eq!(
        server.patch(&path).of(ada).json(hidden).send().await.problem(422),
        "VALIDATION_FAILED"
    );
    let many: Vec<_> = (0..21).map(|_| Uuid::now_v7()).collect();
    let refused = say(&server, ada, document, json!({ "body": "x", "mentions": many })).await;
    assert_eq!(refused.json()["details"][0]["code"], "TOO_MANY");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reactions_are_emoji_of_somebody() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let document = document(&server, &studio).await;
    let cem = guest(&server, &studio, document, "cem", "commenter").await;
    let vera = guest(&server, &studio, document, "vera", "viewer").await;
    let made = say(&server, ada, document, json!({ "body": "Done" }))
        .await
        .expect(201);
    let id = id_of(&made);
    let path = |emoji: &str| format!("/v1/comments/{id}/reactions/{emoji}");
    // Thumbs up by itself, by its short name, and hearts with and without the variation selector.
    let thumb = "%F0%9F%91%8D";
    for emoji in [thumb, "+1", thumb] {
        let shown = server.put(&path(emoji)).of(ada).send().await.expect(200);
        assert_eq!(
            shown["reactions"],
            json!([{ "emoji": "\u{1f44d}", "count": 1, "reacted": true }])
        );
    }
    server.clock.advance(1);
    server.put(&path(thumb)).of(&cem).send().await.expect(200);
    server.put(&path("%E2%9D%A4")).of(&cem).send().await.expect(200);
    server
        .put(&path("%E2%9D%A4%EF%B8%8F"))
        .of(&cem)
        .send()
        .await
        .expect(200);
    let rows = list(&server, ada, document, "").await;
    let mine = json!([
        { "emoji": "\u{1f44d}", "count": 2, "reacted": true },
        { "emoji": "\u{2764}\u{fe0f}", "count": 1, "reacted": false },
    ]);
    assert_eq!(rows["data"][0]["reactions"], mine);
    for bad in ["zz", "%F0%9F%91%8D%F0%9F%91%8D", "%3Cscript%3E", "no_such_name"] {
        assert_eq!(
            server.put(&path(bad)).of(ada).send().await.problem(422),
            "VALIDATION_FAILED",
            "{bad}"
        );
    }
    assert_eq!(
        server.put(&path(thumb)).of(&vera).send().await.problem(403),
        "FORBIDDEN"
    );
    let who = format!("/v1/comments/{id}/reactions?page=1&emoji={thumb}");
    let who = server.get(&who).of(&vera).send().await.expect(200);
    assert_eq!(who["meta"]["total"], 2);
    server.delete(&path(thumb)).of(&cem).send().await.expect(204);
    server.delete(&path(thumb)).of(&cem).send().await.expect(204);
    let left = server
        .get(&format!("/v1/comments/{id}"))
        .of(&cem)
        .send()
        .await
        .expect(200);
    assert_eq!(
        left["reactions"][0],
        json!({ "emoji": "\u{1f44d}", "count": 1, "reacted": false })
    );
    // Twenty different ones at most.
    let names = "tada rocket eyes smile cat dog sunny apple bear pizza beer key lock gift bell book car bus boat tent";
    let mut statuses = Vec::new();
    for name in names.split(' ') {
        statuses.push(server.put(&path(name)).of(ada).send().await.status);
    }
    assert!(statuses.contains(&409), "{statuses:?}");
    let shown = server
        .get(&format!("/v1/comments/{id}"))
        .of(ada)
        .send()
        .await
        .expect(200);
    assert_eq!(shown["reactions"].as_array().unwrap().len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comment_stands_at_a_part_of_the_document() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let document = document(&server, &studio).await;
    let cem = guest(&server, &studio, document, "cem", "commenter").await;
    let eve = guest(&server, &studio, document, "eve", "editor").await;
    // Item (7, 3) and (7, 9), as Yjs encodes them.
    let anchor = json!({ "start": "AAcDAA==", "end": "AAcJAA==", "quote": "the loom" });
    let made = say(
        &server,
        &cem,
        document,
        json!({ "body": "This one", "anchor": anchor }),
    )
    .await
    .expect(201);
    assert_eq!(made["anchor"]["quote"], "the loom");
    assert_eq!(
        (&made["anchor"]["start"], &made["anchor"]["prefix"]),
        (&json!("AAcDAA=="), &json!(""))
    );
    let path = format!("/v1/comments/{}", id_of(&made));
    for bad in [
        json!({ "start": "AAcDAA==", "end": "%%%%" }),
        json!({ "start": "AAcDAA==" }),
        json!({ "start": "CQ==AA==", "end": "AAcJAA==" }),
        json!({ "start": "A".repeat(2_000), "end": "AAcJAA==" }),
        json!({ "start": "AAcDAA==", "end": "AAcJAA==", "quote": "x".repeat(1_001) }),
    ] {
        let refused = say(&server, &cem, document, json!({ "body": "x", "anchor": bad })).await;
        assert_eq!(refused.problem(422), "VALIDATION_FAILED");
    }
    // Whoever edits the document may move it, and changes nothing else.
    let moved = json!({ "anchor": { "start": "AAcEAA==", "end": "AAcJAA==", "quote": "he loom" } });
    let moved = server.patch(&path).of(&eve).json(moved).send().await.expect(200);
    assert_eq!(
        (&moved["anchor"]["quote"], &moved["edited_at"]),
        (&json!("he loom"), &Value::Null)
    );
    let more = json!({ "anchor": null, "body": "Mine now" });
    assert_eq!(
        server.patch(&path).of(&eve).json(more).send().await.problem(403),
        "FORBIDDEN"
    );
    let gone = server
        .patch(&path)
        .of(&cem)
        .json(json!({ "anchor": null }))
        .send()
        .await
        .expect(200);
    assert_eq!(gone["anchor"], Value::Null);
    let reply = json!({ "body": "x", "parent_id": id_of(&made), "anchor": anchor });
    assert_eq!(
        say(&server, ada, document, reply).await.problem(422),
        "VALIDATION_FAILED"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_walked_and_counted() {
    let server = TestServer::with(&["rates.comments_per_principal_per_minute=1000"]).await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let document = document(&server, &studio).await;
    // All at one moment: their ids tell their order.
    for index in 0..7 {
        say(&server, ada, document, json!({ "body": format!("{index}") }))
            .await
            .expect(201);
    }
    let mut seen = Vec::new();
    let mut query = "?limit=3".to_owned();
    loop {
        let page = list(&server, ada, document, &query).await;
        seen.extend(bodies(&page));
        let Some(cursor) = page["meta"]["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=3&cursor={cursor}");
    }
    assert_eq!(seen, ["0", "1", "2", "3", "4", "5", "6"]);
    let last = list(&server, ada, document, "?limit=2&page=1&sort=-created_at").await;
    assert_eq!(
        (bodies(&last), &last["meta"]["total"]),
        (vec!["6".to_owned(), "5".to_owned()], &json!(7))
    );
    let path = format!("/v1/documents/{document}/comments?colour=red");
    assert_eq!(
        server.get(&path).of(ada).send().await.problem(400),
        "INVALID_QUERY"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comments_are_limited_and_repeated_ones_are_one() {
    let server = TestServer::with(&["rates.comments_per_principal_per_minute=3"]).await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let document = document(&server, &studio).await;
    let cem = guest(&server, &studio, document, "cem", "commenter").await;
    let path = format!("/v1/documents/{document}/comments");
    let keyed = || {
        server
            .post(&path)
            .of(ada)
            .header("idempotency-key", "one")
            .json(json!({ "body": "Once" }))
    };
    let first = keyed().send().await.expect(201);
    assert_eq!(keyed().send().await.expect(201), first);
    assert_eq!(list(&server, ada, document, "?page=1").await["meta"]["total"], 1);
    say(&server, ada, document, json!({ "body": "Twice" }))
        .await
        .expect(201);
    let refused = say(&server, ada, document, json!({ "body": "Too often" })).await;
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.json()["violated-policies"], json!(["comments"]));
    assert_eq!(refused.problem(429), "TOO_MANY_REQUESTS");
    // Others, and everything else, go on.
    say(&server, &cem, document, json!({ "body": "Mine" }))
        .await
        .expect(201);
    assert_eq!(
        bodies(&list(&server, ada, document, "").await),
        ["Once", "Twice", "Mine"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_an_application_lets_in_comments_under_their_name() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let document = document(&server, &studio).await;
    let token = async |subject: &str, name: &str, role: &str| {
        let form = json!({ "subject": subject, "name": name, "role": role });
        let path = format!("/v1/documents/{document}/tokens");
        let made = server.post(&path).of(ada).json(form).send().await.expect(200);
        text(&made["token"])
    };
    let (ann, ben) = (
        token("ann", "Ann", "commenter").await,
        token("ben", "Ben", "commenter").await,
    );
    let viewer = token("vic", "Vic", "viewer").await;
    let path = format!("/v1/documents/{document}/comments");
    let post = |token: &str| server.post(&path).bearer(token).json(json!({ "body": "Hello" }));
    let made = post(&ann).send().await.expect(201);
    assert_eq!(
        (&made["author_user_id"], &made["author_name"]),
        (&Value::Null, &json!("Ann"))
    );
    assert_eq!(post(&viewer).send().await.problem(403), "FORBIDDEN");
    let own = format!("/v1/comments/{}", id_of(&made));
    let change = json!({ "body": "Hello there" });
    assert_eq!(
        server
            .patch(&own)
            .bearer(&ben)
            .json(change.clone())
            .send()
            .await
            .problem(403),
        "FORBIDDEN"
    );
    server
        .patch(&own)
        .bearer(&ann)
        .json(change)
        .send()
        .await
        .expect(200);
    // A reaction is somebody's with an account.
    let reaction = server
        .put(&format!("{own}/reactions/tada"))
        .bearer(&ann)
        .send()
        .await;
    assert_eq!(reaction.status, 403);
    server.delete(&own).bearer(&ann).send().await.expect(204);
}
