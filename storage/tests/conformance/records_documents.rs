//! What the records promise about documents: who is connected with them, who sees them in lists, what goes with them.

use uuid::Uuid;
use weft_storage::records::{
    DocumentChange, DocumentFilter, DocumentOrder, LinkTerms, MemberChange, NewAttachment, NewDocument,
    NewLink, NewWorkspace, Onlooker, RecordError, ShareChange, Span, Topic,
};
use weft_storage::{Append, DocumentKey, Seq, Storage, WorkspaceId};

use crate::support::{Bed, Editor, append, name, new_id};

const NOW: i64 = 1_790_000_000_000;

/// A workspace with a team, a project and somebody who owns it.
pub(crate) struct Place {
    pub(crate) workspace: WorkspaceId,
    pub(crate) team: Uuid,
    pub(crate) project: Uuid,
    pub(crate) owner: Uuid,
}

/// An id as the database's own text for it.
fn literal(bed: &Bed, id: Uuid) -> String {
    if bed.address.is_empty() {
        format!("x'{}'", id.simple())
    } else {
        format!("'{id}'")
    }
}

pub(crate) async fn create_user(bed: &Bed) -> Uuid {
    let id = Uuid::now_v7();
    let address = format!("{}@example.org", id.simple());
    bed.tamper(&format!(
        "INSERT INTO users (id, email, email_key, first_name, last_name, server_role, status, created_at_ms, updated_at_ms) \
         VALUES ({}, '{address}', '{address}', 'A', 'B', 'user', 'active', 1, 1)",
        literal(bed, id),
    ))
    .await;
    id
}

async fn create_project(bed: &Bed, workspace: WorkspaceId, team: Uuid, owner: Uuid) -> Uuid {
    let project = Uuid::now_v7();
    bed.tamper(&format!(
        "INSERT INTO projects (workspace_id, id, team_id, name, name_key, status, owner_user_id, created_at_ms, updated_at_ms, \
         task_key) VALUES ({}, {}, {}, 'P', 'p', 'active', {}, 1, 1, '{}')",
        literal(bed, workspace.0),
        literal(bed, project),
        literal(bed, team),
        literal(bed, owner),
        project.simple(),
    ))
    .await;
    project
}

pub(crate) async fn join(storage: &Storage, workspace: WorkspaceId, user: Uuid, role: &str) {
    let mut tx = storage.records().write().await.unwrap();
    let change = MemberChange {
        user_id: user,
        role,
        now_ms: NOW,
    };
    tx.workspace(workspace)
        .await
        .unwrap()
        .put_member(change)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

pub(crate) async fn place(bed: &Bed, storage: &Storage) -> Place {
    let owner = create_user(bed).await;
    let workspace = WorkspaceId(Uuid::now_v7());
    let mut tx = storage.records().write().await.unwrap();
    let new = NewWorkspace {
        name: "W",
        created_by: None,
        now_ms: NOW,
    };
    tx.workspace(workspace)
        .await
        .unwrap()
        .create_workspace(new)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    join(storage, workspace, owner, "owner").await;
    let team = Uuid::now_v7();
    bed.tamper(&format!(
        "INSERT INTO teams (workspace_id, id, name, name_key, owner_user_id, created_at_ms, updated_at_ms) \
         VALUES ({}, {}, 'T', 't', {}, 1, 1)",
        literal(bed, workspace.0),
        literal(bed, team),
        literal(bed, owner),
    ))
    .await;
    let project = create_project(bed, workspace, team, owner).await;
    Place {
        workspace,
        team,
        project,
        owner,
    }
}

pub(crate) async fn create(storage: &Storage, place: &Place, title: &str) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = storage.records().write().await.unwrap();
    let new = NewDocument {
        id,
        project_id: place.project,
        kind: "text",
        title,
        created_by: place.owner,
        now_ms: NOW,
    };
    tx.workspace(place.workspace)
        .await
        .unwrap()
        .create_document(new)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    id
}

async fn share(storage: &Storage, place: &Place, document: Uuid, user: Uuid, role: &str) {
    let mut tx = storage.records().write().await.unwrap();
    let change = ShareChange {
        document_id: document,
        user_id: user,
        role,
        shared_by: place.owner,
        now_ms: NOW,
    };
    tx.workspace(place.workspace)
        .await
        .unwrap()
        .put_share(change)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

pub(crate) async fn a_document_changes_moves_and_goes_to_the_trash(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&bed, &storage).await;
    let other = create_project(&bed, place.workspace, place.team, place.owner).await;
    let id = create(&storage, &place, "Plan").await;
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let change = DocumentChange {
        title: Some("Plan B"),
        project_id: Some(other),
    };
    tenant.change_document(id, change, NOW + 1).await.unwrap();
    tenant.archive_document(id, Some(NOW + 2)).await.unwrap();
    tenant
        .trash_document(id, Some(NOW + 3), Some(place.owner))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    storage.close().await;

    let storage = bed.open().await;
    let mut tx = storage.records().read().await.unwrap();
    let found = tx
        .workspace(place.workspace)
        .await
        .unwrap()
        .document(id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.title.as_str(), found.project_id, found.version),
        ("Plan B", other, 4)
    );
    assert_eq!(
        (found.archived_at_ms, found.updated_at_ms),
        (Some(NOW + 2), NOW + 1)
    );
    assert_eq!(
        (found.deleted_at_ms, found.deleted_by),
        (Some(NOW + 3), Some(place.owner))
    );
    let due = tx.documents_to_purge(NOW + 4, 10).await.unwrap();
    assert!(due.contains(&(place.workspace, id)));
    assert!(
        !tx.documents_to_purge(NOW + 3, 10)
            .await
            .unwrap()
            .contains(&(place.workspace, id))
    );
    drop(tx);
    storage.close().await;
}

pub(crate) async fn a_document_has_no_place_in_anothers_project(bed: Bed) {
    let storage = bed.open().await;
    let (ours, theirs) = (place(&bed, &storage).await, place(&bed, &storage).await);
    let id = create(&storage, &ours, "Plan").await;
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(ours.workspace).await.unwrap();
    let change = DocumentChange {
        title: None,
        project_id: Some(theirs.project),
    };
    let refused = tenant.change_document(id, change, NOW).await;
    assert!(matches!(refused, Err(RecordError::Dangling)), "{refused:?}");
    drop(tx);
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(theirs.workspace).await.unwrap();
    assert_eq!(tenant.document(id).await.unwrap(), None);
    tenant.trash_document(id, Some(NOW), None).await.unwrap();
    tenant.purge_document(id).await.unwrap();
    let mut tenant = tx.workspace(ours.workspace).await.unwrap();
    assert_eq!(tenant.document(id).await.unwrap().unwrap().deleted_at_ms, None);
    // Somebody of another workspace is nobody to share with.
    let change = ShareChange {
        document_id: id,
        user_id: theirs.owner,
        role: "viewer",
        shared_by: ours.owner,
        now_ms: NOW,
    };
    let refused = tenant.put_share(change).await;
    assert!(matches!(refused, Err(RecordError::Dangling)), "{refused:?}");
    drop(tx);
    storage.close().await;
}

pub(crate) async fn what_connects_somebody_with_a_document_is_found(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&bed, &storage).await;
    let (guest, stranger) = (create_user(&bed).await, create_user(&bed).await);
    join(&storage, place.workspace, guest, "guest").await;
    let id = create(&storage, &place, "Plan").await;
    share(&storage, &place, id, guest, "editor").await;
    share(&storage, &place, id, guest, "commenter").await;
    let mut tx = storage.records().read().await.unwrap();
    let mut roles = async |user: Uuid| {
        let who = Onlooker {
            user: Some(user),
            link: None,
            now_ms: NOW,
        };
        let found = tx.document_standing(id, who).await.unwrap().unwrap();
        assert_eq!(
            (found.document.id, found.document.workspace),
            (id, place.workspace)
        );
        (found.workspace_role, found.share_role, found.link_role)
    };
    let named = |text: &str| Some(text.to_owned());
    assert_eq!(roles(place.owner).await, (named("owner"), None, None));
    assert_eq!(roles(guest).await, (named("guest"), named("commenter"), None));
    assert_eq!(roles(stranger).await, (None, None, None));
    let nowhere = tx
        .document_standing(Uuid::now_v7(), Onlooker::default())
        .await
        .unwrap();
    assert_eq!(nowhere, None);
    drop(tx);
    // A share goes with the membership.
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    assert_eq!(tenant.count_shares(id).await.unwrap(), 1);
    tenant.remove_member(guest).await.unwrap();
    assert!(tenant.shares(id, &Span::first(10)).await.unwrap().is_empty());
    tx.commit().await.unwrap();
    storage.close().await;
}

pub(crate) async fn a_link_gives_what_it_gives_now(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&bed, &storage).await;
    let document = create(&storage, &place, "Plan").await;
    let (id, hash) = (Uuid::now_v7(), [7; 32]);
    let terms = |role, expires_at_ms| LinkTerms {
        role,
        password_hash: None,
        expires_at_ms,
    };
    let who = |now_ms| Onlooker {
        user: None,
        link: Some(id),
        now_ms,
    };
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    let new = NewLink {
        id,
        document_id: document,
        token_hash: &hash,
        terms: terms("editor", Some(NOW + 10)),
        created_by: place.owner,
        now_ms: NOW,
    };
    tenant.create_link(new).await.unwrap();
    assert_eq!(tx.link_by_token(&hash, NOW + 9).await.unwrap().unwrap().id, id);
    assert_eq!(tx.link_by_token(&hash, NOW + 10).await.unwrap(), None);
    let mut role = async |now_ms| {
        tx.document_standing(document, who(now_ms))
            .await
            .unwrap()
            .unwrap()
            .link_role
    };
    assert_eq!(role(NOW).await.as_deref(), Some("editor"));
    assert_eq!(role(NOW + 10).await, None);
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    tenant.change_link(id, terms("viewer", None)).await.unwrap();
    let standing = tx.document_standing(document, who(NOW + 10)).await.unwrap();
    assert_eq!(standing.unwrap().link_role.as_deref(), Some("viewer"));
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    assert!(tenant.revoke_link(document, id, NOW).await.unwrap());
    assert!(!tenant.revoke_link(document, id, NOW).await.unwrap());
    assert_eq!(tenant.link(document, id).await.unwrap(), None);
    assert_eq!(tenant.count_links(document).await.unwrap(), 0);
    let standing = tx.document_standing(document, who(NOW)).await.unwrap();
    assert_eq!(standing.unwrap().link_role, None);
    assert_eq!(tx.link_by_token(&hash, NOW).await.unwrap(), None);
    drop(tx);
    storage.close().await;
}

pub(crate) async fn lists_hold_what_somebody_sees_and_nothing_else(bed: Bed) {
    let storage = bed.open().await;
    let (ours, theirs) = (place(&bed, &storage).await, place(&bed, &storage).await);
    let guest = create_user(&bed).await;
    join(&storage, ours.workspace, guest, "guest").await;
    let mut ids = Vec::new();
    for title in ["Beta", "alpha", "Gamma 100%", "gamma_1"] {
        ids.push(create(&storage, &ours, title).await);
    }
    create(&storage, &theirs, "secret").await;
    share(&storage, &ours, ids[1], guest, "viewer").await;
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(ours.workspace).await.unwrap();
    tenant.trash_document(ids[0], Some(NOW), None).await.unwrap();
    let mut titles = async |user, filter: DocumentFilter<'static>, order: DocumentOrder| {
        let found = tx
            .visible_documents(user, &filter, order, &Span::first(100))
            .await
            .unwrap();
        let total = tx.count_visible_documents(user, &filter).await.unwrap();
        let titles: Vec<_> = found.into_iter().map(|found| found.document.title).collect();
        (titles, total)
    };
    let by_title = || DocumentOrder::Title;
    let all = DocumentFilter::default();
    let (found, total) = titles(ours.owner, all, by_title()).await;
    assert_eq!(
        (found, total),
        (vec!["alpha".into(), "Gamma 100%".into(), "gamma_1".into()], 3)
    );
    let (found, total) = titles(guest, all, by_title()).await;
    assert_eq!((found, total), (vec!["alpha".to_owned()], 1));
    let with_trash = DocumentFilter {
        with_trash: true,
        ..all
    };
    assert_eq!(titles(ours.owner, with_trash, by_title()).await.1, 4);
    assert_eq!(titles(guest, with_trash, by_title()).await.1, 1);
    let here = DocumentFilter {
        project: Some(ours.project),
        ..all
    };
    for (filter, expected) in filters(here) {
        let (found, total) = titles(ours.owner, filter, by_title()).await;
        assert_eq!((found.len() as i64, total), (expected, expected), "{filter:?}");
    }
    assert_eq!(titles(theirs.owner, here, by_title()).await.1, 0);
    assert_eq!(titles(guest, here, by_title()).await.1, 1);
    drop(tx);
    walk(&storage, &ours).await;
    storage.close().await;
}

/// Filters, and how many of the three live documents they leave. `here` is for the project that has them.
fn filters(here: DocumentFilter<'static>) -> Vec<(DocumentFilter<'static>, i64)> {
    let all = DocumentFilter::default();
    let mut filters = vec![(all, 3)];
    for (search, expected) in [("GAMMA", 2), ("0%", 1), ("a_1", 1), ("%", 1), ("!", 0)] {
        let search = Some(search);
        filters.push((DocumentFilter { search, ..all }, expected));
    }
    let kinds: [(&[&str], i64); 2] = [(&["board", "text"], 3), (&["board"], 0)];
    for (kinds, expected) in kinds {
        let kinds = Some(kinds);
        filters.push((DocumentFilter { kinds, ..all }, expected));
    }
    for (archived, expected) in [(true, 0), (false, 3)] {
        let archived = Some(archived);
        filters.push((DocumentFilter { archived, ..all }, expected));
    }
    for (since, expected) in [(NOW, 3), (NOW + 1, 0)] {
        let updated_since_ms = Some(since);
        filters.push((
            DocumentFilter {
                updated_since_ms,
                ..all
            },
            expected,
        ));
    }
    let project = Some(Uuid::nil());
    filters.push((DocumentFilter { project, ..all }, 0));
    let workspace = Some(WorkspaceId(Uuid::nil()));
    filters.push((DocumentFilter { workspace, ..all }, 0));
    // A project is looked at by statements of its own.
    filters.push((DocumentFilter { workspace, ..here }, 0));
    let with_trash = true;
    filters.push((DocumentFilter { with_trash, ..here }, 4));
    let search = Some("GAMMA");
    filters.push((DocumentFilter { search, ..here }, 2));
    filters.push((here, 3));
    filters
}

/// Every order leads through all rows, whichever way.
async fn walk(storage: &Storage, place: &Place) {
    let mut tx = storage.records().read().await.unwrap();
    let filter = DocumentFilter::default();
    for order in [
        DocumentOrder::Created,
        DocumentOrder::Title,
        DocumentOrder::Updated,
    ] {
        for descending in [false, true] {
            let span = |after, limit| Span {
                after,
                skip: 0,
                limit,
                is_reversed: descending,
            };
            let at_once = tx
                .visible_documents(place.owner, &filter, order, &span(None, 100))
                .await
                .unwrap();
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = tx
                    .visible_documents(place.owner, &filter, order, &span(after, 1))
                    .await
                    .unwrap();
                let Some(last) = page.last() else { break };
                after = Some((last.mark(order), last.document.id));
                seen.extend(page);
            }
            assert_eq!(seen, at_once, "{order:?} {descending}");
            assert!(seen.len() > 2);
        }
    }
}

pub(crate) async fn attachments_are_seen_when_their_bytes_are_there(bed: Bed) {
    let storage = bed.open().await;
    let place = place(&bed, &storage).await;
    let document = create(&storage, &place, "Plan").await;
    let (whole, broken) = (Uuid::now_v7(), Uuid::now_v7());
    let topic = Topic {
        document_id: document,
        task_id: None,
    };
    let new = |id, now_ms| NewAttachment {
        id,
        document_id: document,
        task_id: None,
        name: "cat.png",
        content_type: "image/png",
        size_bytes: 1_000,
        created_by: place.owner,
        now_ms,
    };
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    tenant.announce_attachment(new(whole, NOW)).await.unwrap();
    tenant.announce_attachment(new(broken, NOW)).await.unwrap();
    assert_eq!(tenant.attachment_bytes().await.unwrap(), 2_000);
    assert!(
        tenant
            .attachments(topic, &Span::first(10))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        tenant
            .finish_attachment(whole, "image/png", &[1; 32])
            .await
            .unwrap()
    );
    assert!(
        !tenant
            .finish_attachment(whole, "text/html", &[2; 32])
            .await
            .unwrap()
    );
    assert_eq!(tenant.count_attachments(topic).await.unwrap(), 1);
    tx.commit().await.unwrap();

    let mut tx = storage.records().write().await.unwrap();
    let found = tx.attachment(whole).await.unwrap().unwrap();
    assert_eq!(
        (found.checksum, found.workspace),
        (Some([1; 32]), place.workspace)
    );
    assert_eq!(tx.attachment(broken).await.unwrap(), None);
    assert!(tx.names_object(place.workspace, broken).await.unwrap());
    tx.sweep_uploads(NOW).await.unwrap();
    assert!(tx.names_object(place.workspace, broken).await.unwrap());
    assert!(tx.sweep_uploads(NOW + 1).await.unwrap() >= 1);
    assert!(!tx.names_object(place.workspace, broken).await.unwrap());
    assert!(tx.names_object(place.workspace, whole).await.unwrap());
    assert!(!tx.names_object(WorkspaceId(Uuid::nil()), whole).await.unwrap());
    tx.commit().await.unwrap();
    storage.close().await;
}

/// K11: documents of two workspaces that have one name have nothing else in common; and what is purged is gone.
pub(crate) async fn a_purged_document_takes_its_log_along_and_no_other(bed: Bed) {
    let storage = bed.open().await;
    let (ours, theirs) = (place(&bed, &storage).await, place(&bed, &storage).await);
    let id = create(&storage, &ours, "Plan").await;
    share(&storage, &ours, id, ours.owner, "editor").await;
    let shared = id.to_string();
    for (place, word) in [(&ours, "ours"), (&theirs, "theirs")] {
        let asked = Append {
            workspace: place.workspace,
            ..append(new_id(), &shared, Seq::ZERO, &[Editor::new(1).write(word)])
        };
        storage.log().append(asked).await.unwrap();
    }
    let mut tx = storage.records().write().await.unwrap();
    tx.workspace(ours.workspace)
        .await
        .unwrap()
        .purge_document(id)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let shared = name(&shared);
    let find = async |workspace| {
        storage
            .log()
            .find(workspace, DocumentKey::Name(&shared))
            .await
            .unwrap()
    };
    assert!(find(ours.workspace).await.is_none());
    assert_eq!(find(theirs.workspace).await.unwrap().head, Seq(1));
    let mut tx = storage.records().read().await.unwrap();
    let standing = tx.document_standing(id, Onlooker::default()).await.unwrap();
    assert_eq!(standing, None);
    drop(tx);
    storage.close().await;
}
