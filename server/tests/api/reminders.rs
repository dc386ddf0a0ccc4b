//! Reminders: everybody's own, by the clock of whom they remind, and moved with the task's date.

use serde_json::{Value, json};
use weft_server::reminders::bring_up_to_date;
use weft_storage::clock::Clock as _;

use crate::documents::{enlist, share, studio};
use crate::support::{Person, TestServer, id_of, text};
use crate::task_lists::{board, task};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn a_reminder_moves_with_the_date_and_with_its_reader() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let ada = &studio.owner;
    let board = board(&server, &studio, "One").await;
    let made = task(
        &server,
        &studio,
        board,
        json!({ "title": "Warp", "due_date": "2030-07-01" }),
    )
    .await;
    let cem = server.person("cem").await;
    enlist(&server, ada.workspace, &cem, "guest").await;
    share(&server, &studio, board, &cem, "viewer").await.expect(201);
    let path = format!("/v1/tasks/{}/reminders", id_of(&made));
    let remind = |who: &Person, form: Value| server.post(&path).of(who).json(form);
    let hour = remind(&cem, json!({ "minutes_before": 60 }))
        .send()
        .await
        .expect(201);
    assert_eq!(
        (&hour["due_at"], &hour["at"]),
        (&json!("2030-07-01T08:00:00.000Z"), &Value::Null)
    );
    let fixed = remind(&cem, json!({ "at": "2030-01-01T00:00:00Z" }))
        .send()
        .await
        .expect(201);
    assert_eq!(fixed["due_at"], "2030-01-01T00:00:00.000Z");
    assert_eq!(
        remind(&cem, json!({ "minutes_before": 60 }))
            .send()
            .await
            .problem(409),
        "ALREADY_EXISTS"
    );
    for bad in [
        json!({}),
        json!({ "minutes_before": 1, "at": "2030-01-01T00:00:00Z" }),
        json!({ "at": "2001-01-01T00:00:00Z" }),
        json!({ "minutes_before": 525_601 }),
        json!({ "minutes_before": -1 }),
    ] {
        assert_eq!(remind(&cem, bad).send().await.problem(422), "VALIDATION_FAILED");
    }
    let own = |reminder: &Value| format!("/v1/reminders/{}", text(&reminder["id"]));
    let due = async |reminder: &Value| {
        let read = server.get(&own(reminder)).of(&cem).send().await.expect(200);
        read["due_at"].clone()
    };
    // Everybody has their own.
    assert_eq!(
        server.get(&path).of(ada).send().await.expect(200)["data"],
        json!([])
    );
    for request in [server.get(&own(&hour)), server.delete(&own(&hour))] {
        assert_eq!(request.clone().of(ada).send().await.problem(404), "NOT_FOUND");
        assert_eq!(request.send().await.problem(401), "UNAUTHORIZED");
    }
    let form = json!({ "time_zone": "Europe/Berlin", "theme": "dark" });
    server
        .put("/v1/users/me/preferences")
        .of(&cem)
        .json(form)
        .send()
        .await
        .expect(200);
    assert_eq!(due(&hour).await, "2030-07-01T06:00:00.000Z");
    let task_path = format!("/v1/tasks/{}", id_of(&made));
    let until = async |date: Value| {
        let patch = json!({ "due_date": date });
        server
            .patch(&task_path)
            .of(ada)
            .json(patch)
            .send()
            .await
            .expect(200);
    };
    until(json!("2030-12-24")).await;
    assert_eq!(due(&hour).await, "2030-12-24T07:00:00.000Z");
    until(json!("2030-12-24T12:00:00Z")).await;
    assert_eq!(due(&hour).await, "2030-12-24T11:00:00.000Z");
    until(Value::Null).await;
    assert_eq!(due(&hour).await, Value::Null);

    // Whoever delivers them works out what has changed first.
    until(json!("2030-07-01")).await;
    let records = server.storage.records();
    bring_up_to_date(records, 0, server.clock.now_ms()).await.unwrap();
    assert_eq!(
        bring_up_to_date(records, 0, server.clock.now_ms()).await.unwrap(),
        0
    );
    let mut tx = records.write().await.unwrap();
    let due = tx.due_reminders(1_925_000_000_000, 10).await.unwrap();
    let ids: Vec<_> = due.iter().map(|reminder| json!(reminder.id)).collect();
    assert_eq!(ids, [fixed["id"].clone(), hour["id"].clone()]);
    assert_eq!(due[1].due_at_ms, Some(1_909_116_000_000));
    let mut tenant = tx.workspace(due[1].workspace).await.unwrap();
    for is_first in [true, false] {
        let claimed = tenant.claim_reminder(due[1].id, 1_925_000_000_000).await.unwrap();
        assert_eq!(claimed, is_first);
    }
    tx.commit().await.unwrap();
    let read = server.get(&own(&hour)).of(&cem).send().await.expect(200);
    assert!(read["sent_at"].is_string());

    server.delete(&own(&hour)).of(&cem).send().await.expect(204);
    assert_eq!(
        server.get(&own(&hour)).of(&cem).send().await.problem(404),
        "NOT_FOUND"
    );
    for minutes in 0..19 {
        remind(&cem, json!({ "minutes_before": minutes }))
            .send()
            .await
            .expect(201);
    }
    assert_eq!(
        remind(&cem, json!({ "minutes_before": 99 }))
            .send()
            .await
            .problem(409),
        "TOO_MANY_REMINDERS"
    );
}
