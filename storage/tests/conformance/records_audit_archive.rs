//! What the storage promises about old entries of the audit log: they are in one place at every moment, they are found and exported as
//! before, and nothing about the archive changes unnoticed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection as _;
use tokio::task::JoinSet;
use uuid::Uuid;
use weft_storage::clock::ManualClock;
use weft_storage::records::{
    AuditChain, AuditEntry, AuditFilter, AuditOrigin, Mark, NewAuditEntry, SERVER_CHAIN, Span,
};
use weft_storage::transfer::{backup, restore};
use weft_storage::{AuditArchiveError, Finding, Storage, WorkspaceId, doctor};

use crate::server::connect;
use crate::support::Bed;

const DAY: i64 = 24 * 60 * 60 * 1_000;
const NOW: i64 = 1_790_000_000_000;
/// What is older is archived.
const OLD: i64 = NOW - 365 * DAY;
/// So old that nothing waits for more of it.
const LONG_AGO: i64 = OLD - 40 * DAY;

pub(crate) fn entry(number: i64, at_ms: i64) -> NewAuditEntry<'static> {
    let actions = ["task.created", "task.moved", "member.joined", "taskforce.met"];
    let of = |count: i64| u128::try_from(number % count).unwrap();
    NewAuditEntry {
        actor: ("user", Some(Uuid::from_u128(100 + of(3)))),
        action: actions[usize::try_from(of(4)).unwrap()],
        subject: ("task", Some(Uuid::from_u128(200 + of(5)))),
        origin: AuditOrigin::default(),
        details: format!("{{\"number\":{number}}}"),
        event_seq: None,
        at_ms,
    }
}

/// Writes so many entries, a second from each other, each third one a minute earlier than those before it.
async fn write(storage: &Storage, workspace: WorkspaceId, count: i64, from_ms: i64) {
    let new: Vec<_> = (0..count)
        .map(|number| {
            entry(
                number,
                from_ms + number * 1_000 - i64::from(number % 3 == 2) * 60_000,
            )
        })
        .collect();
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    tenant.audit(&new).await.unwrap();
    tx.commit().await.unwrap();
}

async fn archive(storage: &Storage, workspace: WorkspaceId) -> Result<Option<i64>, AuditArchiveError> {
    storage.audit_archive().archive_next(workspace, OLD, NOW).await
}

/// Everything along the chain, checked against its head; or what is said against it.
pub(crate) async fn whole(storage: &Storage, workspace: WorkspaceId) -> Result<Vec<AuditEntry>, String> {
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    let head = tenant.audit_head().await.unwrap();
    if let Some(stray) = tenant.audit_stray().await.unwrap() {
        return Err(format!("{stray} is there twice"));
    }
    drop(tx);
    let mut chain = AuditChain::new(workspace, head.hash.map(|hash| (head.seq, hash)));
    let (mut walk, mut entries) = (storage.audit_archive().walk(workspace), Vec::new());
    loop {
        // Pages that end in the middle.
        let page = walk.next(7).await.map_err(|error| error.to_string())?;
        if page.is_empty() {
            return chain.finish().map(|()| entries).map_err(|flaw| flaw.to_string());
        }
        for entry in page {
            chain.follow(&entry).map_err(|flaw| flaw.to_string())?;
            entries.push(entry);
        }
    }
}

/// How many entries are in the database.
async fn rows(storage: &Storage, workspace: WorkspaceId) -> usize {
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    tenant.audit_chain(0, 100_000).await.unwrap().len()
}

pub(crate) async fn old_entries_move_out_and_the_chain_goes_on(bed: Bed) {
    let storage = bed.open().await;
    assert_eq!(archive(&storage, SERVER_CHAIN).await.unwrap(), None);
    write(&storage, SERVER_CHAIN, 40, LONG_AGO).await;
    let before = whole(&storage, SERVER_CHAIN).await.unwrap();
    assert_eq!(archive(&storage, SERVER_CHAIN).await.unwrap(), Some(40));
    assert_eq!(archive(&storage, SERVER_CHAIN).await.unwrap(), None);
    assert_eq!(rows(&storage, SERVER_CHAIN).await, 0);
    assert_eq!(whole(&storage, SERVER_CHAIN).await.unwrap(), before);
    // A log of which nothing is left in the database goes on.
    write(&storage, SERVER_CHAIN, 30, LONG_AGO + DAY).await;
    write(&storage, SERVER_CHAIN, 20, NOW).await;
    assert_eq!(archive(&storage, SERVER_CHAIN).await.unwrap(), Some(70));
    assert_eq!(archive(&storage, SERVER_CHAIN).await.unwrap(), None);
    assert_eq!(rows(&storage, SERVER_CHAIN).await, 20);
    let all = whole(&storage, SERVER_CHAIN).await.unwrap();
    assert_eq!((all.len(), &all[..40]), (90, &before[..]));
    let mut tx = storage.records().read().await.unwrap();
    assert_eq!(tx.audit_chains(None, 10).await.unwrap(), [SERVER_CHAIN]);
    assert_eq!(tx.audit_to_archive(OLD, None, 10).await.unwrap(), []);
    assert_eq!(
        tx.audit_to_archive(NOW + DAY, None, 10).await.unwrap(),
        [SERVER_CHAIN]
    );
}

pub(crate) async fn entries_wait_until_they_are_enough(bed: Bed) {
    let storage = bed.open().await;
    let of = |number: u128| WorkspaceId(Uuid::from_u128(number));
    // Old, but not for long; and one that is young keeps those behind it.
    write(&storage, of(1), 10, OLD - DAY).await;
    assert_eq!(archive(&storage, of(1)).await.unwrap(), None);
    write(&storage, of(2), 3, LONG_AGO).await;
    write(&storage, of(2), 1, NOW).await;
    write(&storage, of(2), 3, LONG_AGO).await;
    assert_eq!(archive(&storage, of(2)).await.unwrap(), Some(3));
    assert_eq!(archive(&storage, of(2)).await.unwrap(), None);
    // Enough for a segment do not wait.
    write(&storage, of(3), 5_010, OLD - DAY).await;
    assert_eq!(archive(&storage, of(3)).await.unwrap(), Some(5_000));
    assert_eq!(archive(&storage, of(3)).await.unwrap(), None);
    assert_eq!(rows(&storage, of(3)).await, 10);
    assert_eq!(whole(&storage, of(3)).await.unwrap().len(), 5_010);
    // An event whose entry is ahead of the cursor is known by its entry.
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(of(4)).await.unwrap();
    let events = [(None, 1), (Some(1), 2), (Some(2), 3)];
    let new = events.map(|(event_seq, number)| NewAuditEntry {
        event_seq,
        ..entry(number, LONG_AGO)
    });
    tenant.audit(&new).await.unwrap();
    tenant.move_audit_cursor(1).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(archive(&storage, of(4)).await.unwrap(), Some(2));
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(of(4)).await.unwrap();
    assert_eq!(tenant.audited_events(1, 2).await.unwrap(), [2]);
}

/// Everything that a search finds, page by page.
async fn found(storage: &Storage, filter: &AuditFilter<'_>, is_reversed: bool, limit: u32) -> Vec<i64> {
    let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let span = Span {
            after,
            skip: 0,
            limit: limit + 1,
            is_reversed,
        };
        let archive = storage.audit_archive();
        let part = archive.search(SERVER_CHAIN, filter, &span).await.unwrap();
        pages += 1;
        assert!(pages < 1_000, "{filter:?} does not end");
        let has_more = part.entries.len() > limit as usize;
        let part_seqs = part.entries.iter().map(|entry| entry.seq).take(limit as usize);
        found.extend(part_seqs);
        let goes_on = match part.goes_on_behind {
            Some(place) => Some(place),
            None if has_more => found.last().copied(),
            None => return found,
        };
        after = goes_on.map(|place| (Mark::Number(place), Uuid::nil()));
    }
}

/// What is looked for: each filter, and times within and around the archive.
fn filters() -> Vec<AuditFilter<'static>> {
    let one = Uuid::from_u128(101);
    let none = Uuid::from_u128(1);
    let mut filters = vec![AuditFilter::default()];
    for action in ["task", "task.", "task.moved", "member.", "nothing."] {
        filters.push(AuditFilter {
            action: Some(action),
            ..AuditFilter::default()
        });
    }
    for actor in [one, none] {
        filters.push(AuditFilter {
            actor: Some(actor),
            ..AuditFilter::default()
        });
    }
    filters.push(AuditFilter {
        subject: Some(Uuid::from_u128(203)),
        action: Some("task."),
        ..AuditFilter::default()
    });
    let times = [
        LONG_AGO + 3_000,
        LONG_AGO + 20_000,
        OLD,
        NOW + 5_000,
        NOW + 200_000,
    ];
    for from in times {
        for to in times {
            filters.push(AuditFilter {
                from_ms: Some(from),
                to_ms: Some(to),
                ..AuditFilter::default()
            });
            filters.push(AuditFilter {
                actor: Some(one),
                action: Some("task."),
                from_ms: Some(from).filter(|_| to > OLD),
                to_ms: Some(to),
                ..AuditFilter::default()
            });
        }
    }
    filters
}

pub(crate) async fn a_search_finds_what_was_archived_and_what_was_not(bed: Bed) {
    let storage = bed.open().await;
    // More segments than one search reads, and times that go back.
    for part in 0..7 {
        write(&storage, SERVER_CHAIN, 12, LONG_AGO + part * 5_000).await;
        assert!(archive(&storage, SERVER_CHAIN).await.unwrap().is_some());
    }
    write(&storage, SERVER_CHAIN, 40, NOW).await;
    let all = whole(&storage, SERVER_CHAIN).await.unwrap();
    assert_eq!(all.len(), 7 * 12 + 40);
    let mut most = 0;
    for filter in &filters() {
        let mut expected: Vec<i64> = all
            .iter()
            .filter(|entry| filter.takes(entry))
            .map(|entry| entry.seq)
            .collect();
        most = most.max(expected.len());
        for limit in [if expected.len() == all.len() { 1 } else { 10 }, 100] {
            assert_eq!(
                found(&storage, filter, false, limit).await,
                expected,
                "{filter:?}"
            );
        }
        let mut tx = storage.records().read().await.unwrap();
        let mut tenant = tx.workspace(SERVER_CHAIN).await.unwrap();
        let counted = tenant.count_audit_entries(filter).await.unwrap();
        let in_rows = expected.iter().filter(|seq| **seq > 84).count();
        assert_eq!(usize::try_from(counted), Ok(in_rows), "{filter:?}");
        // A page by its number, of what is in the database.
        let span = Span {
            skip: 3,
            is_reversed: true,
            ..Span::first(4)
        };
        let page = tenant.audit_entries(filter, &span).await.unwrap();
        drop(tx);
        expected.reverse();
        let page: Vec<i64> = page.iter().map(|entry| entry.seq).collect();
        let in_rows: Vec<i64> = expected.iter().copied().filter(|seq| *seq > 84).collect();
        let end = in_rows.len().min(7);
        assert_eq!(page, in_rows[end.min(3)..end], "{filter:?}");
        assert_eq!(found(&storage, filter, true, 10).await, expected, "{filter:?}");
    }
    assert_eq!(most, all.len());
}

pub(crate) async fn of_many_who_archive_one_does(bed: Bed) {
    // Nodes do not see each other's files.
    let mut bed = bed;
    bed.config.inline_limit_bytes = 1 << 20;
    let mut nodes = vec![Arc::new(bed.open().await)];
    let mut other = bed.another_node();
    other.config.inline_limit_bytes = 1 << 20;
    if !bed.address.is_empty() {
        nodes.push(Arc::new(other.open().await));
    }
    for round in 1..=5 {
        write(&nodes[0], SERVER_CHAIN, 50, LONG_AGO).await;
        let mut archiving = JoinSet::new();
        for turn in 0..6 {
            let node = Arc::clone(&nodes[turn % nodes.len()]);
            archiving.spawn(async move { archive(&node, SERVER_CHAIN).await.unwrap() });
        }
        let done = archiving.join_all().await;
        assert_eq!(done.iter().flatten().collect::<Vec<_>>(), [&(round * 50)]);
    }
    for node in &nodes {
        assert_eq!(whole(node, SERVER_CHAIN).await.unwrap().len(), 250);
    }
}

/// The files of the blobs, in order.
fn blobs(bed: &Bed) -> Vec<PathBuf> {
    let mut found = bed.blob_files();
    found.sort();
    found
}

/// The key of a blob, by its file and the folder of that.
fn key_of(file: &Path) -> String {
    let shelf = file.parent().unwrap().file_name().unwrap();
    format!("{}{}", shelf.display(), file.file_name().unwrap().display())
}

pub(crate) async fn bytes_that_nothing_names_yet_do_no_harm(bed: Bed) {
    let storage = bed.open().await;
    write(&storage, SERVER_CHAIN, 40, LONG_AGO).await;
    let before = whole(&storage, SERVER_CHAIN).await.unwrap();
    // The bytes are put, and the transaction that would name them fails.
    let is_postgres = !bed.address.is_empty();
    bed.tamper(match is_postgres {
        true => "ALTER TABLE audit_segments ADD CONSTRAINT refusal CHECK (size_bytes < 0)",
        false => {
            "CREATE TRIGGER refusal BEFORE INSERT ON audit_segments BEGIN SELECT RAISE(ABORT, 'nothing'); END"
        }
    })
    .await;
    archive(&storage, SERVER_CHAIN).await.unwrap_err();
    let put = blobs(&bed);
    assert_eq!(put.len(), 1);
    assert_eq!(rows(&storage, SERVER_CHAIN).await, 40);
    assert_eq!(whole(&storage, SERVER_CHAIN).await.unwrap(), before);
    let orphans = doctor(&storage).await.unwrap();
    assert!(
        matches!(orphans.as_slice(), [Finding::OrphanBlob { .. }]),
        "{orphans:?}"
    );
    bed.tamper(match is_postgres {
        true => "ALTER TABLE audit_segments DROP CONSTRAINT refusal",
        false => "DROP TRIGGER refusal",
    })
    .await;
    // The same entries are the same bytes.
    assert_eq!(archive(&storage, SERVER_CHAIN).await.unwrap(), Some(40));
    assert_eq!(blobs(&bed), put);
    assert_eq!(whole(&storage, SERVER_CHAIN).await.unwrap(), before);
    // Now they are named, and stay.
    storage.sweep_blobs(Duration::ZERO).await.unwrap();
    storage.sweep_blobs(Duration::ZERO).await.unwrap();
    assert_eq!(blobs(&bed), put);
    assert_eq!(doctor(&storage).await.unwrap(), []);
    storage.close().await;

    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("backup");
    let report = backup(&bed.config, &saved, &[], &ManualClock::new(1))
        .await
        .unwrap();
    assert_eq!(report.bytes.missing, [] as [String; 0]);
    let other = Bed::sqlite().await.unwrap();
    restore(&saved, &other.config, &[]).await.unwrap();
    let storage = other.open().await;
    assert_eq!(whole(&storage, SERVER_CHAIN).await.unwrap(), before);
    assert_eq!(doctor(&storage).await.unwrap(), []);
}

/// A log of 65 entries with three segments of twenty.
async fn archived(bed: &Bed) -> (Storage, Vec<AuditEntry>) {
    let storage = bed.open().await;
    for part in 0..3 {
        write(&storage, SERVER_CHAIN, 20, LONG_AGO + part * DAY).await;
        archive(&storage, SERVER_CHAIN).await.unwrap();
    }
    write(&storage, SERVER_CHAIN, 5, NOW).await;
    let all = whole(&storage, SERVER_CHAIN).await.unwrap();
    (storage, all)
}

/// What is said against the chain, and that it has `what` in it.
async fn says(storage: &Storage, what: &str) -> String {
    let said = whole(storage, SERVER_CHAIN).await.unwrap_err();
    assert!(said.contains(what), "{what}: {said}");
    said
}

pub(crate) async fn bytes_of_the_archive_that_change_are_noticed(bed: Bed) {
    let (storage, all) = archived(&bed).await;
    let files = blobs(&bed);
    assert_eq!(files.len(), 3);
    for file in &files {
        let key = key_of(file);
        let bytes = fs::read(file).unwrap();
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 1;
        for (content, what) in [
            (Some(changed), "do not match their checksum"),
            (
                Some(bytes[..bytes.len() - 9].to_vec()),
                "do not match their checksum",
            ),
            (Some(Vec::new()), "do not match their checksum"),
            (None, "do not exist"),
        ] {
            match content {
                Some(content) => fs::write(file, content).unwrap(),
                None => fs::remove_file(file).unwrap(),
            }
            let said = says(&storage, what).await;
            assert!(said.contains(&key), "{key}: {said}");
            let found = doctor(&storage).await.unwrap();
            assert!(
                found
                    .iter()
                    .any(|found| found.is_damage() && found.to_string().contains(&key)),
                "{found:?}"
            );
        }
        fs::write(file, &bytes).unwrap();
        assert_eq!(whole(&storage, SERVER_CHAIN).await.unwrap(), all);
    }
    let (first, second) = (fs::read(&files[0]).unwrap(), fs::read(&files[1]).unwrap());
    fs::write(&files[0], &second).unwrap();
    fs::write(&files[1], &first).unwrap();
    says(&storage, "do not match their checksum").await;
    fs::write(&files[0], &first).unwrap();
    fs::write(&files[1], &second).unwrap();
}

/// Whoever has the database may take away what forbids it.
async fn let_segments_change(bed: &Bed) {
    for sql in [
        "UPDATE audit_segments SET last_at_ms = 1",
        "DELETE FROM audit_segments",
    ] {
        let error = bed.try_tamper(sql).await.unwrap_err().to_string();
        assert!(error.contains("never changed or removed"), "{error}");
    }
    let error = bed.try_tamper("DELETE FROM audit_entries").await.unwrap_err();
    assert!(error.to_string().contains("never changed or removed"), "{error}");
    for sql in match bed.address.is_empty() {
        true => [
            "DROP TRIGGER audit_segments_unchanged",
            "DROP TRIGGER audit_segments_unremoved",
        ],
        false => ["ALTER TABLE audit_segments DISABLE TRIGGER USER", "SELECT 1"],
    } {
        bed.try_tamper(sql).await.unwrap();
    }
}

pub(crate) async fn rows_of_the_archive_that_change_are_noticed(bed: Bed) {
    let (storage, all) = archived(&bed).await;
    let_segments_change(&bed).await;
    let keep = ["blob_key", "checksum", "size_bytes"];
    let copied = keep
        .map(|column| format!("{column} = (SELECT s.{column} FROM audit_segments s WHERE s.first_seq = 1)"))
        .join(", ");
    bed.tamper("CREATE TABLE kept AS SELECT * FROM audit_segments")
        .await;
    for (sql, what) in [
        // Another segment's bytes, with their key and checksum.
        (
            format!("UPDATE audit_segments SET {copied} WHERE first_seq = 21"),
            "archived entries 21 to 40",
        ),
        (
            "UPDATE audit_segments SET last_at_ms = last_at_ms - 1 WHERE first_seq = 21".to_owned(),
            "what its row says",
        ),
        (
            "UPDATE audit_segments SET prev_hash = last_hash WHERE first_seq = 21".to_owned(),
            "entry 21 does not continue",
        ),
        (
            "DELETE FROM audit_segments WHERE first_seq = 21".to_owned(),
            "entry 21 is missing: 41 stands",
        ),
        (
            "DELETE FROM audit_segments WHERE first_seq = 41".to_owned(),
            "entry 41 is missing: 61 stands",
        ),
    ] {
        assert_eq!(bed.tamper(&sql).await, 1, "{sql}");
        says(&storage, what).await;
        bed.tamper("DELETE FROM audit_segments").await;
        bed.tamper("INSERT INTO audit_segments SELECT * FROM kept").await;
        assert_eq!(whole(&storage, SERVER_CHAIN).await.unwrap(), all);
    }
    // An entry that is told although the archive has it.
    let doubled = "INSERT INTO audit_entries SELECT workspace_id, 30, workspace_id, at_ms, actor_kind, actor_id, action, \
                   subject_kind, subject_id, address, user_agent, request_id, details, event_seq, prev_hash, hash \
                   FROM audit_entries WHERE seq = 61";
    assert_eq!(bed.tamper(doubled).await, 1);
    says(&storage, "30 is there twice").await;
}

pub(crate) async fn a_broken_chain_is_not_archived(bed: Bed) {
    let storage = bed.open().await;
    write(&storage, SERVER_CHAIN, 20, LONG_AGO).await;
    bed.tamper(match bed.address.is_empty() {
        true => "DROP TRIGGER audit_entries_unchanged",
        false => "ALTER TABLE audit_entries DISABLE TRIGGER USER",
    })
    .await;
    bed.tamper("UPDATE audit_entries SET action = 'auth.logout' WHERE seq = 7")
        .await;
    let refused = archive(&storage, SERVER_CHAIN).await.unwrap_err();
    assert!(refused.to_string().contains("entry 7 was changed"), "{refused}");
    assert_eq!(rows(&storage, SERVER_CHAIN).await, 20);
}

/// How many rows were read of the table and each of its indexes. What connections have read is told when they end.
async fn read_so_far(address: &str) -> Vec<(String, i64)> {
    let mut connection = connect(address).await;
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                  AND backend_type = 'client backend'";
    for _ in 0..500 {
        let count: i64 = sqlx::query_scalar(others)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        if count == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let sql = "SELECT indexrelname::text, idx_tup_read FROM pg_stat_user_indexes WHERE relname = 'audit_entries' \
               UNION ALL SELECT 'the table', seq_tup_read FROM pg_stat_user_tables WHERE relname = 'audit_entries' ORDER BY 1";
    let found = sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    found
}

/// How many entries the long log has.
const LINES: i64 = 30_000;

/// A log of which the fifty oldest entries have an actor, a subject and two actions of their own; the others are alike.
async fn long_log(bed: &Bed, own: Uuid) {
    bed.open().await.close().await;
    let nil = Uuid::nil();
    let filled = format!(
        "INSERT INTO audit_entries SELECT '{nil}', n, gen_random_uuid(), {OLD} + n * 1000, 'user', \
         CASE WHEN n <= 50 THEN '{own}'::uuid ELSE '{nil}'::uuid END, \
         CASE WHEN n <= 50 THEN 'member.' || n % 2 ELSE 'task.moved' END, 'task', \
         CASE WHEN n <= 50 THEN '{own}'::uuid ELSE '{nil}'::uuid END, NULL, NULL, NULL, '{{}}', NULL, \
         sha256('a'::bytea), sha256('a'::bytea) FROM generate_series(1, {LINES}) n"
    );
    assert_eq!(bed.tamper(&filled).await, u64::try_from(LINES).unwrap());
    let head = format!(
        "INSERT INTO audit_heads (workspace_id, seq, event_seq, latest_ms) VALUES ('{nil}', {LINES}, 0, {OLD} + {LINES} * 1000)"
    );
    bed.tamper(&head).await;
    bed.tamper("ANALYZE audit_entries").await;
}

/// What was read between two looks, where anything was.
fn between(before: Vec<(String, i64)>, after: Vec<(String, i64)>) -> Vec<(String, i64)> {
    let since = after.into_iter().zip(before);
    let since = since.map(|(after, before)| (after.0, after.1 - before.1));
    since.filter(|(_, read)| *read > 0).collect()
}

/// On Postgres, which counts what it reads.
pub(crate) async fn a_page_costs_what_it_holds(bed: Bed) {
    let own = Uuid::from_u128(7);
    long_log(&bed, own).await;
    let early = OLD + 50_000;
    let filter = |actor, subject, action, (from_ms, to_ms)| AuditFilter {
        action,
        actor,
        subject,
        from_ms,
        to_ms,
    };
    let always = (None, None);
    let between_them = (Some(early), Some(early + 50_000));
    for (index, filter) in [
        ("pkey", filter(None, None, None, always)),
        ("actor", filter(Some(own), None, None, always)),
        ("subject", filter(None, Some(own), None, always)),
        ("action", filter(None, None, Some("member."), always)),
        ("action", filter(None, None, Some("member.1"), always)),
        ("time", filter(None, None, None, (None, Some(early)))),
        ("time", filter(None, None, None, between_them)),
    ] {
        let before = read_so_far(&bed.address).await;
        let storage = bed.open().await;
        // So often that plans for any value may be made, from the newest on and from the middle.
        for turn in 0..10 {
            let span = Span {
                after: (turn % 2 == 1).then_some((Mark::Number(LINES / 2), own)),
                is_reversed: true,
                ..Span::first(26)
            };
            let archive = storage.audit_archive();
            let found = archive.search(SERVER_CHAIN, &filter, &span).await.unwrap();
            assert!(found.entries.len() >= 25, "{filter:?}");
        }
        storage.close().await;
        let read = between(before, read_so_far(&bed.address).await);
        let index = format!("audit_entries_{index}");
        assert!(
            read.iter().any(|(name, _)| *name == index),
            "{filter:?}: {read:?}"
        );
        // Ten pages of 26, the lines of the minute that is looked at beside the times, and the looks at the index of actions.
        let total: i64 = read.iter().map(|(_, read)| read).sum();
        assert!(total < 10 * 200, "{filter:?}: {read:?}");
    }
    // What would be too much is seen: whoever looks for what no index has reads everything.
    let before = read_so_far(&bed.address).await;
    let mut connection = connect(&bed.address).await;
    let none: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_entries WHERE details = ''")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    assert_eq!(none, 0);
    let read = between(before, read_so_far(&bed.address).await);
    assert!(read.iter().any(|(_, read)| *read >= LINES), "{read:?}");
}
