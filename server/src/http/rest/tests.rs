//! Requests of every kind of wrongness, and what is said about each.

use axum::body::Body as Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use serde::Deserialize;

use super::*;
use crate::http::Problem;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Role {
    Admin,
    Member,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Member {
    email: Email,
    role: AnyCase<Role>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Team {
    name: Line<10>,
    #[serde(default)]
    note: Text<10>,
    #[serde(default)]
    members: Vec<Member>,
    size: Option<u8>,
    share: Option<f64>,
    since: Option<Date>,
    at: Option<Timestamp>,
    id: Option<uuid::Uuid>,
}

fn request(media_type: &str, body: impl Into<Bytes>) -> Request {
    Request::builder()
        .header("content-type", media_type)
        .body(body.into())
        .unwrap()
}

async fn team(body: impl Into<Bytes>) -> Result<Team, Problem> {
    let body = Body::<Team>::from_request(request("application/json", body), &()).await;
    body.map(|Body(team)| team)
}

/// What is told: status, code, and of the first detail the field and the rule.
fn told<T: std::fmt::Debug>(result: Result<T, Problem>) -> (u16, &'static str, String, String) {
    let problem = result.expect_err("this must be refused");
    let (field, message) = problem.details.first().map_or_else(Default::default, |detail| {
        (detail.field.clone(), detail.message.clone())
    });
    (problem.status.as_u16(), problem.code, field, message)
}

#[tokio::test]
async fn what_fits_is_read() {
    let body = r#"{"name":"  Crew ","note":"a\nb","members":[{"email":"a@example.com","role":"ADMIN"}],"size":3.0,
        "share":1,"since":"2026-02-28","at":"2026-02-28T01:02:03.5+01:00","id":"0193e5a0-0000-7000-8000-000000000001"}"#;
    let team = team(body).await.unwrap();
    assert_eq!(
        (&*team.name, &*team.note, team.size, team.share),
        ("Crew", "a\nb", Some(3), Some(1.0))
    );
    assert_eq!(team.members[0].role, AnyCase(Role::Admin));
    assert_eq!(team.since.unwrap().to_string(), "2026-02-28");
    assert_eq!(team.at.unwrap().to_string(), "2026-02-28T00:02:03.500Z");
    assert!(team.id.is_some());
}

#[test]
fn a_map_is_an_object() {
    type Map = serde_json::Map<String, serde_json::Value>;
    assert!(json::parse::<Map>(b"{}").is_ok());
    for body in ["null", "[]", "7"] {
        let problem = json::parse::<Map>(body.as_bytes()).unwrap_err();
        assert_eq!(problem.details[0].message, "must be an object", "{body}");
    }
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn what_does_not_fit_is_named_by_its_place_and_rule() {
    let cases = [
        (r#"{}"#, "name", "is required"),
        (r#"{"name":"a","admin":true}"#, "admin", "is not known here"),
        (r#"["a"]"#, "", "must be an object"),
        (
            r#"{"name":"a","members":[["a@b.c","member"]]}"#,
            "members[0]",
            "must be an object",
        ),
        (
            r#"{"name":"a","members":[{"email":"a@b.c","role":"member"},{"email":"a@b.c","role":"member","x":1}]}"#,
            "members[1].x",
            "is not known here",
        ),
        (
            r#"{"name":"a","members":[{"email":"a@b.c","role":"sECRET"}]}"#,
            "members[0].role",
            "must be one of: admin, member",
        ),
        (
            r#"{"name":"a","members":[{"email":"sECRET","role":"admin"}]}"#,
            "members[0].email",
            "must be an e-mail address",
        ),
        (
            r#"{"name":"sECRETsECRET"}"#,
            "name",
            "must be a text of 1 to 10 characters in one line",
        ),
        (
            r#"{"name":" "}"#,
            "name",
            "must be a text of 1 to 10 characters in one line",
        ),
        (
            r#"{"name":"a\u0007"}"#,
            "name",
            "must be a text of 1 to 10 characters in one line",
        ),
        (
            r#"{"name":"a\u202eb"}"#,
            "name",
            "must be a text of 1 to 10 characters in one line",
        ),
        (
            r#"{"name":"a\u0000"}"#,
            "name",
            "must not hold the character U+0000",
        ),
        (
            r#"{"name":7}"#,
            "name",
            "must be a text of 1 to 10 characters in one line",
        ),
        (
            r#"{"name":"a","size":256}"#,
            "size",
            "must be a whole number from 0 to 255",
        ),
        (
            r#"{"name":"a","size":-1}"#,
            "size",
            "must be a whole number from 0 to 255",
        ),
        (
            r#"{"name":"a","size":1e30}"#,
            "size",
            "must be a whole number from 0 to 255",
        ),
        (
            r#"{"name":"a","size":"3"}"#,
            "size",
            "must be a whole number from 0 to 255",
        ),
        (
            r#"{"name":"a","since":"2026-02-29"}"#,
            "since",
            "must be a date such as 2026-11-20",
        ),
        (
            r#"{"name":"a","at":"yesterday"}"#,
            "at",
            "must be a time such as 2026-11-20T17:39:34Z",
        ),
        (r#"{"name":"a","id":"sECRET"}"#, "id", "is not valid"),
        (r#"[]"#, "", "must be an object"),
        (r#""sECRET""#, "", "must be an object"),
    ];
    for (body, field, message) in cases {
        let problem = team(body).await.expect_err(body);
        assert!(!format!("{problem:?}").contains("sECRET"), "{problem:?}");
        assert_eq!(
            told::<()>(Err(problem)),
            (422, "VALIDATION_FAILED", field.to_owned(), message.to_owned()),
            "{body}"
        );
    }
}

#[tokio::test]
async fn c1_json_that_costs_more_than_it_says_is_refused_before_it_costs() {
    let code = async |body: String| {
        let (status, code, ..) = told(team(body).await);
        (status, code)
    };
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        assert_eq!(code(deep).await, (400, "JSON_TOO_DEEP"));
        let allowed = format!("{}1{}", open.repeat(32), close.repeat(32));
        assert_eq!(code(allowed).await.0, 422);
    }
    let many = format!("[{}0]", "0,".repeat(1_000_000));
    assert_eq!(code(many).await, (413, "BODY_TOO_LARGE"));
    let many = format!("[{}0]", "0,".repeat(100_000));
    assert_eq!(code(many).await, (400, "JSON_TOO_LARGE"));
    for text in [r#"{"name":"a","name":"b"}"#, r#"{"x":[{"a":1,"\u0061":2}]}"#] {
        assert_eq!(code(text.to_owned()).await, (400, "DUPLICATE_MEMBER"));
    }
    for text in [
        "",
        "{",
        "{}{}",
        "{'a':1}",
        "nan",
        "1e999",
        "\"\\ud800\"",
        "{\"name\":\"\u{1}\"}",
    ] {
        assert_eq!(code(text.to_owned()).await, (400, "INVALID_JSON"), "{text:?}");
    }
    let digits = format!("{{\"name\":\"a\",\"size\":{}}}", "9".repeat(300));
    assert_eq!(code(digits).await, (422, "VALIDATION_FAILED"));
    let endless = Bytes::from_stream(futures_util::stream::repeat_with(|| {
        Ok::<_, std::io::Error>(bytes::Bytes::from_static(&[b' '; 4096]))
    }));
    let (status, code, ..) = told(team(endless).await);
    assert_eq!((status, code), (413, "BODY_TOO_LARGE"));
    let invalid = team(vec![b'"', 0xff, b'"']).await;
    assert_eq!(told(invalid).0, 400);
}

#[tokio::test]
async fn bodies_say_that_they_are_json() {
    let read = async |request: Request| Body::<Team>::from_request(request, &()).await;
    for good in [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/json;charset=\"utf-8\"",
    ] {
        assert!(read(request(good, r#"{"name":"a"}"#)).await.is_ok(), "{good}");
    }
    for bad in [
        "text/plain",
        "application/jsonp",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
    ] {
        assert_eq!(told(read(request(bad, r#"{"name":"a"}"#)).await).0, 415, "{bad}");
    }
    let mut compressed = request("application/json", r#"{"name":"a"}"#);
    compressed
        .headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    assert_eq!(told(read(compressed).await).0, 415);
    let nothing = Request::new(Bytes::from(r#"{"name":"a"}"#));
    assert_eq!(told(read(nothing).await).0, 415);
    let mut waiting = request("application/json", vec![b' '; MAX_JSON_BYTES + 1]);
    waiting
        .headers_mut()
        .insert("expect", "100-continue".parse().unwrap());
    assert_eq!(told(read(waiting).await).0, 413);
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TeamPatch {
    name: Change<Line<10>>,
    note: Clearable<Text<10>>,
}

#[tokio::test]
async fn a_patch_tells_absent_from_null() {
    let patch = async |body: &'static str| {
        let patch =
            MergePatch::<TeamPatch>::from_request(request("application/merge-patch+json", body), &()).await;
        patch.map(|MergePatch(patch)| patch)
    };
    let applied = async |body| {
        let (mut name, mut note) = (Line::parse("old").unwrap(), Text::parse("old"));
        for _ in 0..2 {
            let patch = patch(body).await.unwrap();
            patch.name.apply(&mut name);
            patch.note.apply(&mut note);
        }
        (name.into_string(), note.map(Text::into_string))
    };
    let owned = |name: &str, note: Option<&str>| (name.to_owned(), note.map(str::to_owned));
    assert_eq!(applied("{}").await, owned("old", Some("old")));
    assert_eq!(applied(r#"{"note":null}"#).await, owned("old", None));
    assert_eq!(
        applied(r#"{"name":"new","note":""}"#).await,
        owned("new", Some(""))
    );
    let (status, _, field, message) = told(patch(r#"{"name":null}"#).await);
    assert_eq!(
        (status, &*field, &*message),
        (422, "name", "must be a value: it cannot be cleared")
    );
    let (status, _, field, _) = told(patch(r#"{"owner_id":"x"}"#).await);
    assert_eq!((status, &*field), (422, "owner_id"));
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {
    count: Option<u8>,
    exact: Option<bool>,
    role: Option<Commas<Role>>,
    q: Option<Line<10>>,
}

async fn search(query: &str) -> Result<Search, Problem> {
    let (mut parts, ()) = Request::builder()
        .uri(format!("/x?{query}"))
        .body(())
        .unwrap()
        .into_parts();
    let query = Query::<Search>::from_request_parts(&mut parts, &()).await;
    query.map(|Query(search)| search)
}

#[tokio::test]
async fn query_parameters_are_typed_known_and_single() {
    let found = search("count=7&exact=true&role=admin,member&q=a%20b")
        .await
        .unwrap();
    assert_eq!(
        (found.count, found.exact, &**found.q.as_ref().unwrap()),
        (Some(7), Some(true), "a b")
    );
    assert_eq!(found.role.unwrap().0, [Role::Admin, Role::Member]);
    assert!(search("").await.unwrap().q.is_none());
    for (query, field) in [
        ("count=256", "count"),
        ("count=", "count"),
        ("count=+1x", "count"),
        ("exact=1", "exact"),
        ("role=admin,owner", "role[1]"),
        ("role=", "role[0]"),
        ("q=", "q"),
        ("q=a%00", "q"),
        ("x=1", "x"),
        ("count=1&count=1", "count"),
        ("count=1&c%6funt=2", "count"),
    ] {
        let (status, code, named, _) = told(search(query).await);
        assert_eq!((status, code, &*named), (400, "INVALID_QUERY", field), "{query}");
    }
    let many: String = (0..100).map(|n| format!("a{n}=1&")).collect();
    assert_eq!(told(search(&many).await).0, 400);
}

fn with(name: &str, values: &[&str]) -> axum::http::request::Parts {
    let mut request = Request::builder();
    for value in values {
        request = request.header(name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

#[tokio::test]
async fn changes_are_refused_for_versions_that_nobody_saw() {
    let check = async |values: &[&str]| {
        let mut parts = with("if-match", values);
        let condition = <IfMatch as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await;
        match condition.and_then(|condition| condition.check(ETag(7))) {
            Ok(()) => 200,
            Err(problem) => problem.status.as_u16(),
        }
    };
    assert_eq!(check(&[]).await, 428);
    for good in [&["\"7\""][..], &["*"], &["\"6\", \"7\""], &["\"6\"", "\"7\""]] {
        assert_eq!(check(good).await, 200, "{good:?}");
    }
    for stale in [
        &["\"6\""][..],
        &["W/\"7\""],
        &["\"77\""],
        &["\"\""],
        &["\"6\"", "W/\"7\""],
    ] {
        assert_eq!(check(stale).await, 412, "{stale:?}");
    }
    for odd in [&["7"][..], &["\""], &["*, \"7\""], &[""], &["\"7"]] {
        assert_eq!(check(odd).await, 400, "{odd:?}");
    }
    let many = vec!["\"1\""; 17].join(",");
    assert_eq!(check(&[&many]).await, 400);
    let mut none = with("if-match", &[]);
    let condition =
        <IfMatch as axum::extract::OptionalFromRequestParts<()>>::from_request_parts(&mut none, &()).await;
    assert!(IfMatch::check_if_given(condition.unwrap().as_ref(), ETag(7)).is_ok());
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let answer = async |values: &[&str]| {
        let mut parts = with("if-none-match", values);
        let known = IfNoneMatch::from_request_parts(&mut parts, &()).await.unwrap();
        let response = Found {
            etag: Some(ETag(7)),
            body: "x",
        }
        .unless(&known);
        assert_eq!(response.headers()["etag"], "\"7\"");
        assert_eq!(response.headers()["cache-control"], "no-store");
        response.status()
    };
    assert_eq!(answer(&[]).await, StatusCode::OK);
    assert_eq!(answer(&["\"6\""]).await, StatusCode::OK);
    for known in ["\"7\"", "W/\"7\"", "\"1\", \"7\"", "*"] {
        assert_eq!(answer(&[known]).await, StatusCode::NOT_MODIFIED, "{known}");
    }
}

#[test]
fn ids_have_one_spelling() {
    let id = "0193e5a0-0000-7000-8000-00000000000a";
    assert!(path::parse(id).is_ok());
    for other in [
        "",
        "x",
        &id.replace('-', ""),
        &format!("{{{id}}}"),
        &format!("urn:uuid:{id}"),
    ] {
        assert_eq!(told(path::parse(other)).0, 404, "{other}");
    }
}

#[test]
fn times_are_written_in_one_way() {
    for (ms, text) in [(0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z")] {
        assert_eq!(Timestamp(ms).to_string(), text);
        assert_eq!(Timestamp::parse(text), Some(Timestamp(ms)));
    }
    assert_eq!(
        Timestamp::parse("2026-11-20T17:39:34+02:00").unwrap().to_string(),
        "2026-11-20T15:39:34.000Z"
    );
    for odd in ["", "2026-11-20", "2026-11-20T25:00:00Z", "2026-13-01T00:00:00Z"] {
        assert_eq!(Timestamp::parse(odd), None, "{odd}");
    }
    assert!(Date::parse("+2026-1-1").is_none());
}
