//! What the records promise about keys, tickets, applications and those who vouch from elsewhere.

use uuid::Uuid;
use weft_storage::records::{
    ApiKey, Mark, MemberChange, NewApiKey, NewOAuthClient, NewOAuthGrant, NewSingleUse, NewWorkspace,
    OAuthClientChange, OAuthCode, RecordError, Span,
};
use weft_storage::{Storage, WorkspaceId};

use crate::support::Bed;

const NOW: i64 = 1_790_000_000_000;

/// How an id is written in a statement of the backend.
fn literal(bed: &Bed, id: Uuid) -> String {
    if bed.address.is_empty() {
        format!("x'{}'", id.simple())
    } else {
        format!("'{id}'")
    }
}

/// A user that has only an id and an address.
async fn create_user(bed: &Bed) -> Uuid {
    let id = Uuid::now_v7();
    let (hex, id_text) = (id.simple(), literal(bed, id));
    bed.tamper(&format!(
        "INSERT INTO users (id, email, email_key, first_name, last_name, server_role, status, created_at_ms, updated_at_ms) \
         VALUES ({id_text}, '{hex}@example.org', '{hex}@example.org', 'A', 'B', 'user', 'active', 1, 1)",
    ))
    .await;
    id
}

/// A session of `user` that ends at `expires_at_ms`.
async fn create_session(bed: &Bed, user: Uuid, expires_at_ms: i64) -> Uuid {
    let id = Uuid::now_v7();
    let (id_text, user) = (literal(bed, id), literal(bed, user));
    bed.tamper(&format!(
        "INSERT INTO sessions (id, user_id, kind, created_at_ms, last_used_at_ms, expires_at_ms) \
         VALUES ({id_text}, {user}, 'oauth', 1, 1, {expires_at_ms})",
    ))
    .await;
    id
}

/// A workspace with `user` in it.
async fn create_workspace(storage: &Storage, user: Uuid) -> WorkspaceId {
    let id = WorkspaceId(Uuid::now_v7());
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(id).await.unwrap();
    let new = NewWorkspace {
        name: "Looms",
        created_by: Some(user),
        now_ms: NOW,
    };
    tenant.create_workspace(new).await.unwrap();
    let change = MemberChange {
        user_id: user,
        role: "owner",
        now_ms: NOW,
    };
    tenant.put_member(change).await.unwrap();
    tx.commit().await.unwrap();
    id
}

fn new_key(user_id: Uuid, hash: &[u8; 32]) -> NewApiKey<'_> {
    NewApiKey {
        id: Uuid::now_v7(),
        user_id,
        name: "build",
        hash,
        hint: "weft_pat_abcd",
        scopes: "documents:read",
        expires_at_ms: Some(NOW + 1_000),
        now_ms: NOW,
    }
}

pub(crate) async fn a_key_is_found_by_its_hash_until_its_owner_leaves(bed: Bed) {
    let storage = bed.open().await;
    let user = create_user(&bed).await;
    let (ours, theirs) = (
        create_workspace(&storage, user).await,
        create_workspace(&storage, user).await,
    );
    let (hash, other_hash) = ([7; 32], [8; 32]);
    let (new, other) = (new_key(user, &hash), new_key(user, &other_hash));
    let mut tx = storage.records().write().await.unwrap();
    tx.workspace(ours)
        .await
        .unwrap()
        .create_api_key(new)
        .await
        .unwrap();
    tx.workspace(theirs)
        .await
        .unwrap()
        .create_api_key(other)
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let mut tx = storage.records().write().await.unwrap();
    let found = tx.api_key_by_hash(&hash).await.unwrap().unwrap();
    assert_eq!((found.id, found.workspace, found.user_id), (new.id, ours, user));
    assert_eq!((found.last_used_at_ms, found.revoked_at_ms), (None, None));
    assert_eq!(tx.api_key_by_hash(&[9; 32]).await.unwrap(), None);
    assert_eq!(tx.api_key(new.id).await.unwrap(), Some(found));
    assert_eq!(
        tx.api_keys_of(user, None, &Span::first(10)).await.unwrap().len(),
        2
    );
    let newest_first = Span {
        is_reversed: true,
        ..Span::first(10)
    };
    let ids = |keys: Vec<ApiKey>| keys.into_iter().map(|key| key.id).collect::<Vec<_>>();
    let mut all = ids(tx.api_keys_of(user, None, &Span::first(10)).await.unwrap());
    all.reverse();
    assert_eq!(ids(tx.api_keys_of(user, None, &newest_first).await.unwrap()), all);
    assert_eq!(tx.count_api_keys_of(user, Some(ours)).await.unwrap(), 1);
    let behind = Span {
        after: Some((Mark::Number(NOW), new.id)),
        ..Span::first(10)
    };
    let after = tx.api_keys_of(user, Some(ours), &behind).await.unwrap();
    assert!(after.is_empty());
    // Another workspace neither uses nor takes back what is not its own.
    let mut tenant = tx.workspace(theirs).await.unwrap();
    assert!(!tenant.revoke_api_key(new.id, NOW).await.unwrap());
    let mut tenant = tx.workspace(ours).await.unwrap();
    tenant.tx().touch_api_key(new.id, NOW + 9).await.unwrap();
    assert!(tenant.revoke_api_key(new.id, NOW + 10).await.unwrap());
    assert!(!tenant.revoke_api_key(new.id, NOW + 11).await.unwrap());
    let found = tx.api_key_by_hash(&hash).await.unwrap().unwrap();
    assert_eq!(
        (found.last_used_at_ms, found.revoked_at_ms),
        (Some(NOW + 9), Some(NOW + 10))
    );
    assert_eq!(tx.count_api_keys_of(user, Some(ours)).await.unwrap(), 0);
    let mut tenant = tx.workspace(theirs).await.unwrap();
    tenant.remove_member(user).await.unwrap();
    let stranger = tenant.create_api_key(new_key(user, &[10; 32])).await;
    assert!(matches!(stranger, Err(RecordError::Dangling)), "{stranger:?}");
    drop(tx);

    let mut tx = storage.records().write().await.unwrap();
    tx.workspace(theirs)
        .await
        .unwrap()
        .remove_member(user)
        .await
        .unwrap();
    assert_eq!(tx.api_key_by_hash(&other_hash).await.unwrap(), None);
    tx.commit().await.unwrap();
    storage.close().await;
}

pub(crate) async fn of_many_who_show_a_ticket_one_gets_in(bed: Bed) {
    let storage = bed.open().await;
    let hash = [3; 32];
    let mut tx = storage.records().write().await.unwrap();
    let new = NewSingleUse {
        hash: &hash,
        kind: "socket",
        user_id: None,
        session_id: None,
        payload: r#"{"a":1}"#,
        now_ms: NOW,
        expires_at_ms: NOW + 30_000,
    };
    tx.add_single_use(new).await.unwrap();
    assert_eq!(tx.take_single_use("login", &hash, NOW).await.unwrap(), None);
    assert_eq!(
        tx.take_single_use("socket", &hash, NOW + 30_000).await.unwrap(),
        None
    );
    tx.commit().await.unwrap();
    let claim = |_| async {
        let mut tx = storage.records().write().await.unwrap();
        let found = tx.take_single_use("socket", &hash, NOW + 1).await.unwrap();
        tx.commit().await.unwrap();
        found
    };
    let claims = futures_util::future::join_all((0..16).map(claim)).await;
    let claims: Vec<_> = claims.into_iter().flatten().collect();
    assert_eq!(claims.len(), 1, "{claims:?}");
    assert_eq!(claims[0].payload, r#"{"a":1}"#);
    let mut tx = storage.records().read().await.unwrap();
    assert_eq!(tx.single_use("socket", &hash, NOW + 1).await.unwrap(), None);
    drop(tx);
    storage.close().await;
}

fn new_client(id: Uuid, created_by: Uuid) -> NewOAuthClient<'static> {
    NewOAuthClient {
        id,
        name: "Shuttle",
        kind: "public",
        secrets: "[]",
        redirects: r#"["https://app.example/cb"]"#,
        grants: r#"["authorization_code"]"#,
        scopes: "openid",
        created_by,
        now_ms: NOW,
    }
}

pub(crate) async fn an_application_belongs_to_its_workspace(bed: Bed) {
    let storage = bed.open().await;
    let user = create_user(&bed).await;
    let (ours, theirs) = (
        create_workspace(&storage, user).await,
        create_workspace(&storage, user).await,
    );
    let id = Uuid::now_v7();
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(ours).await.unwrap();
    tenant.create_oauth_client(new_client(id, user)).await.unwrap();
    let change = OAuthClientChange {
        name: Some("Bobbin"),
        disabled_at_ms: Some(Some(NOW + 1)),
        ..OAuthClientChange::default()
    };
    let mut other = tx.workspace(theirs).await.unwrap();
    assert!(!other.change_oauth_client(id, change, NOW + 1).await.unwrap());
    assert!(!other.delete_oauth_client(id).await.unwrap());
    assert_eq!(other.oauth_client(id).await.unwrap(), None);
    assert_eq!(other.count_oauth_clients().await.unwrap(), 0);
    let mut tenant = tx.workspace(ours).await.unwrap();
    assert!(tenant.change_oauth_client(id, change, NOW + 1).await.unwrap());
    let found = tenant.oauth_client(id).await.unwrap().unwrap();
    assert_eq!(
        (found.name.as_str(), found.disabled_at_ms, found.version),
        ("Bobbin", Some(NOW + 1), 2)
    );
    assert_eq!(found.scopes, "openid");
    let change = OAuthClientChange {
        disabled_at_ms: Some(None),
        ..OAuthClientChange::default()
    };
    tenant.change_oauth_client(id, change, NOW + 2).await.unwrap();
    let found = tenant.oauth_client(id).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.disabled_at_ms), ("Bobbin", None));
    assert_eq!(
        tenant.oauth_clients(&Span::first(10)).await.unwrap(),
        std::slice::from_ref(&found)
    );
    assert!(
        tenant
            .oauth_clients(&Span {
                skip: 1,
                ..Span::first(10)
            })
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(tx.oauth_client(id).await.unwrap(), Some(found));
    tx.commit().await.unwrap();
    storage.close().await;
}

fn new_code(workspace: WorkspaceId, client_id: Uuid, user_id: Uuid, grant_id: Uuid) -> OAuthCode {
    OAuthCode {
        workspace,
        client_id,
        user_id,
        grant_id,
        redirect: "https://app.example/cb".to_owned(),
        scopes: "openid email".to_owned(),
        confined_to: Some(workspace),
        challenge: "c".to_owned(),
        nonce: None,
        authenticated_at_ms: NOW,
        expires_at_ms: NOW + 60_000,
        redeemed_at_ms: None,
    }
}

pub(crate) async fn a_code_is_redeemed_once_and_a_grant_ends_its_session(bed: Bed) {
    let storage = bed.open().await;
    let user = create_user(&bed).await;
    let (ours, theirs) = (
        create_workspace(&storage, user).await,
        create_workspace(&storage, user).await,
    );
    let (client, grant) = (Uuid::now_v7(), Uuid::now_v7());
    let session = create_session(&bed, user, NOW + 1_000_000).await;
    let code = new_code(ours, client, user, grant);
    let hash = [1; 32];
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(ours).await.unwrap();
    tenant
        .create_oauth_client(new_client(client, user))
        .await
        .unwrap();
    tenant.create_oauth_code(&hash, &code).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = storage.records().write().await.unwrap();
    assert_eq!(tx.oauth_code(&hash).await.unwrap(), Some(code));
    let mut other = tx.workspace(theirs).await.unwrap();
    assert!(!other.redeem_oauth_code(&hash, NOW + 1).await.unwrap());
    let mut tenant = tx.workspace(ours).await.unwrap();
    assert!(tenant.redeem_oauth_code(&hash, NOW + 1).await.unwrap());
    assert!(!tenant.redeem_oauth_code(&hash, NOW + 2).await.unwrap());
    let new = NewOAuthGrant {
        id: grant,
        client_id: client,
        user_id: user,
        session_id: session,
        scopes: "openid email",
        confined_to: Some(ours),
        now_ms: NOW + 1,
    };
    tenant.create_oauth_grant(new).await.unwrap();
    assert_eq!(
        tenant.oauth_consents(client, user).await.unwrap(),
        ["openid email"]
    );
    // What still goes on is kept.
    assert_eq!(
        tenant
            .forget_ended_oauth_grants(client, user, NOW + 2)
            .await
            .unwrap(),
        0
    );
    let found = tx.oauth_grant_of_session(session).await.unwrap().unwrap();
    assert_eq!((found.id, found.client_name.as_str()), (grant, "Shuttle"));
    assert_eq!(tx.oauth_grants_of(user, &Span::first(10)).await.unwrap(), [found]);
    let mut other = tx.workspace(theirs).await.unwrap();
    assert!(!other.revoke_oauth_grant(grant, "x", NOW + 3).await.unwrap());
    let mut tenant = tx.workspace(ours).await.unwrap();
    assert!(tenant.revoke_oauth_grant(grant, "x", NOW + 3).await.unwrap());
    assert!(!tenant.revoke_oauth_grant(grant, "x", NOW + 4).await.unwrap());
    assert!(tenant.oauth_consents(client, user).await.unwrap().is_empty());
    // The session ended with it, so it is not found any more once a newer one takes its place.
    assert_eq!(
        tenant
            .forget_ended_oauth_grants(client, user, NOW + 4)
            .await
            .unwrap(),
        1
    );
    assert_eq!(tx.oauth_grant(grant).await.unwrap(), None);
    assert_eq!(tx.count_oauth_grants_of(user).await.unwrap(), 0);
    assert_eq!(tx.forget_oauth_codes(NOW + 60_001).await.unwrap(), 1);
    tx.commit().await.unwrap();
    storage.close().await;
}

pub(crate) async fn removing_an_application_ends_what_it_was_allowed(bed: Bed) {
    let storage = bed.open().await;
    let user = create_user(&bed).await;
    let workspace = create_workspace(&storage, user).await;
    let (client, grant) = (Uuid::now_v7(), Uuid::now_v7());
    let session = create_session(&bed, user, NOW + 1_000_000).await;
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    tenant
        .create_oauth_client(new_client(client, user))
        .await
        .unwrap();
    let new = NewOAuthGrant {
        id: grant,
        client_id: client,
        user_id: user,
        session_id: session,
        scopes: "openid",
        confined_to: None,
        now_ms: NOW,
    };
    tenant.create_oauth_grant(new).await.unwrap();
    assert_eq!(tenant.end_oauth_sessions(client, NOW + 1).await.unwrap(), 1);
    assert_eq!(tenant.end_oauth_sessions(client, NOW + 2).await.unwrap(), 0);
    assert!(tenant.delete_oauth_client(client).await.unwrap());
    assert_eq!(tx.oauth_grant_of_session(session).await.unwrap(), None);
    tx.commit().await.unwrap();
    storage.close().await;
}
