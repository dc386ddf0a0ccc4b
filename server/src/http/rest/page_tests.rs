//! Walks and pages over a list that changes, and hands that meddle with cursors.

use uuid::Uuid;

use super::*;
use crate::config::Secret;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Teams {
    status: Option<String>,
}

impl Filters for Teams {
    const SORTS: &'static [&'static str] = &["name", "created_at"];
}

const A: Uuid = Uuid::from_u128(1);
const B: Uuid = Uuid::from_u128(2);

fn cursors(letter: &str) -> Cursors {
    let secret = Secret::new(format!("{letter}:{}", letter.repeat(32)));
    Cursors::new(Arc::new(Sealer::new(&[secret]).unwrap()))
}

fn listing_at(path: &str, query: &str) -> Result<Listing<Teams>, Problem> {
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    Listing::parse(path, pairs, cursors("a"))
}

fn listing(query: &str) -> Result<Listing<Teams>, Problem> {
    listing_at("/v1/teams", query)
}

fn cursor_of(query: &str) -> String {
    let list = listing(query)
        .unwrap()
        .walked(A, (0..200).collect(), |row| *row, |row| row);
    match list.meta {
        Meta::Cursor { next_cursor, .. } => next_cursor.unwrap(),
        Meta::Page { .. } => unreachable!(),
    }
}

#[test]
fn c2_limits_and_pages_at_their_ends() {
    for (query, limit) in [
        ("", 25),
        ("limit=1", 1),
        ("limit=100", 100),
        ("limit=101", 100),
        ("limit=4294967295", 100),
    ] {
        assert_eq!(listing(query).unwrap().limit, limit, "{query}");
    }
    for query in [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=",
        "limit=1.5",
        "limit=4294967296",
        "page=0",
        "page=-1",
        "page=402",
        "page=4294967296",
        "page=10002&limit=1",
        "page=1&cursor=x",
        "sort=owner",
        "sort=--name",
        "sort=",
        "total=1",
    ] {
        let problem = listing(query).expect_err(query);
        assert_eq!(
            (problem.status.as_u16(), problem.code),
            (400, "INVALID_QUERY"),
            "{query}"
        );
    }
    let offset = |query| listing(query).unwrap().position::<u32>(A).unwrap();
    assert_eq!(offset("page=1"), Position::Offset(0));
    assert_eq!(offset("page=401"), Position::Offset(10_000));
    assert_eq!(offset("page=10001&limit=1"), Position::Offset(10_000));
    assert_eq!(offset(""), Position::Start);
    assert_eq!(
        listing("status=done").unwrap().filters.status.as_deref(),
        Some("done")
    );
    let sorted = listing("sort=-created_at").unwrap();
    assert_eq!((sorted.sort, sorted.descending), ("created_at", true));
}

#[test]
fn a_walk_neither_skips_nor_repeats_while_rows_come_and_go() {
    let mut rows: Vec<u32> = (0..100).map(|n| n * 10).collect();
    let mut seen: Vec<u32> = Vec::new();
    let mut query = "limit=7".to_owned();
    loop {
        let listing = listing(&query).unwrap();
        let after = match listing.position::<u32>(A).unwrap() {
            Position::Start => None,
            Position::After(row) => Some(row),
            Position::Offset(_) => unreachable!(),
        };
        let page = rows
            .iter()
            .copied()
            .filter(|row| after.is_none_or(|after| *row > after));
        let page = page.take(listing.fetch() as usize).collect();
        let list = listing.walked(A, page, |row| *row, |row| row);
        seen.extend(&list.data);
        // Behind the walk rows go and come, which would move numbered pages.
        rows.retain(|row| *row != seen[seen.len() - 1] && *row != seen[0]);
        rows.insert(0, 1);
        match list.meta {
            Meta::Cursor {
                next_cursor: Some(next),
                limit: 7,
            } => query = format!("limit=7&cursor={next}"),
            Meta::Cursor {
                next_cursor: None, ..
            } => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, (0..100).map(|n| n * 10).collect::<Vec<_>>());
}

#[test]
fn a_cursor_leads_on_only_where_it_came_from() {
    let query = "status=done&sort=-name";
    let cursor = cursor_of(query);
    let opens = |path: &str, query: &str, scope: Uuid, cursor: &str| {
        let listing = listing_at(path, &format!("{query}&cursor={cursor}")).unwrap();
        match listing.position::<u32>(scope) {
            Ok(position) => {
                assert_eq!(position, Position::After(24));
                true
            }
            Err(problem) => {
                assert_eq!(problem.status.as_u16(), 400);
                false
            }
        }
    };
    assert!(opens("/v1/teams", query, A, &cursor));
    // The size of the page may change on the way.
    assert!(opens("/v1/teams", "limit=3&sort=-name&status=done", A, &cursor));
    for (path, query, scope) in [
        ("/v1/teams", query, B),
        ("/v1/projects", query, A),
        ("/v1/teams", "sort=-name", A),
        ("/v1/teams", "status=todo&sort=-name", A),
        ("/v1/teams", "status=done&sort=name", A),
        ("/v1/teams", "status=done", A),
    ] {
        assert!(!opens(path, query, scope, &cursor), "{path} {query} {scope}");
    }
    for at in 0..cursor.len() {
        let mut changed = cursor.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(!opens("/v1/teams", query, A, &changed), "character {at}");
        assert!(!opens("/v1/teams", query, A, &cursor[..at]), "cut at {at}");
    }
    assert!(!opens("/v1/teams", query, A, &"A".repeat(5_000)));
    assert!(
        cursor
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    );
    let foreign = Listing::<Teams>::parse("/v1/teams", vec![("cursor".to_owned(), cursor)], cursors("b"));
    assert!(foreign.unwrap().position::<u32>(A).is_err());
}

#[test]
fn pages_say_how_much_there_is() {
    let listing = listing("page=2&limit=2").unwrap();
    let list = listing.counted(5, vec![3, 4], |row| row);
    let json = serde_json::to_value(&list).unwrap();
    assert_eq!(
        json,
        serde_json::json!({"data": [3, 4], "meta": {"total": 5, "page": 2, "limit": 2}})
    );
    let last = super::tests::listing("")
        .unwrap()
        .walked(A, vec![1], |row| *row, |row| row);
    let json = serde_json::to_value(&last).unwrap();
    assert_eq!(
        json,
        serde_json::json!({"data": [1], "meta": {"limit": 25, "next_cursor": null}})
    );
}
