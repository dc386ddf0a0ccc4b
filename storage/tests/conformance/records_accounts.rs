//! What the records promise about accounts: an address belongs to one, a code counts once, a login ends for good.

use uuid::Uuid;
use weft_storage::Storage;
use weft_storage::WorkspaceId;
use weft_storage::records::{
    MemberChange, NewRefreshToken, NewSession, NewSingleUse, NewUser, NewWorkspace, RecordError, SealedKey,
    Span, UserFilter, UserProfile, UserStanding,
};

use crate::support::Bed;

const NOW: i64 = 1_790_000_000_000;

fn new_user<'a>(id: Uuid, email: &'a str, username: Option<(&'a str, &'a str)>) -> NewUser<'a> {
    NewUser {
        id,
        email,
        email_key: email,
        username,
        password_hash: Some("a hash"),
        first_name: "Ada",
        last_name: "Lovelace",
        server_role: "user",
        status: "pending_verification",
        email_verified_at_ms: None,
        now_ms: NOW,
    }
}

async fn create(storage: &Storage, email: &str) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = storage.records().write().await.unwrap();
    tx.create_user(new_user(id, email, None)).await.unwrap();
    tx.commit().await.unwrap();
    id
}

fn new_session(id: Uuid, user_id: Uuid) -> NewSession<'static> {
    NewSession {
        id,
        user_id,
        kind: "password",
        user_agent: Some("a loom"),
        address: None,
        now_ms: NOW,
        expires_at_ms: NOW + 1_000,
    }
}

pub(crate) async fn an_address_belongs_to_one_account(bed: Bed) {
    let storage = bed.open().await;
    let ada = create(&storage, "ada@example.org").await;
    for (email, username) in [
        ("ada@example.org", None),
        ("new@example.org", Some(("Ada", "ada"))),
    ] {
        let mut tx = storage.records().write().await.unwrap();
        tx.create_user(new_user(
            Uuid::now_v7(),
            "other@example.org",
            Some(("ADA", "ada")),
        ))
        .await
        .unwrap();
        let again = tx.create_user(new_user(Uuid::now_v7(), email, username)).await;
        assert!(matches!(again, Err(RecordError::Taken)), "{again:?}");
    }
    let mut tx = storage.records().write().await.unwrap();
    let found = tx.user_by_email("ada@example.org").await.unwrap().unwrap();
    assert_eq!(
        (found.user.id, found.password_hash.as_deref()),
        (ada, Some("a hash"))
    );
    assert!(tx.verify_email(ada, "ada@example.org", NOW).await.unwrap());
    assert!(!tx.verify_email(ada, "old@example.org", NOW).await.unwrap());
    tx.set_email(ada, "A@example.org", "a@example.org", NOW)
        .await
        .unwrap();
    let user = tx.user(ada).await.unwrap().unwrap();
    assert_eq!(
        (user.status.as_str(), user.email_verified_at_ms),
        ("active", None)
    );
    assert!(
        tx.set_password(ada, Some("a hash"), "another", NOW)
            .await
            .unwrap()
    );
    assert!(
        !tx.set_password(ada, Some("a hash"), "a third", NOW)
            .await
            .unwrap()
    );
    // What was deleted is in nobody's way.
    assert!(tx.delete_user(ada, NOW).await.unwrap());
    assert!(!tx.delete_user(ada, NOW).await.unwrap());
    assert!(tx.user(ada).await.unwrap().is_none());
    tx.create_user(new_user(Uuid::now_v7(), "a@example.org", None))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    storage.close().await;
}

pub(crate) async fn a_profile_changes_only_from_what_was_seen(bed: Bed) {
    let storage = bed.open().await;
    let ada = create(&storage, "ada@example.org").await;
    let profile = UserProfile {
        first_name: "Augusta",
        last_name: "King",
        username: Some(("Countess", "countess")),
        phone_number: Some("+44 1"),
    };
    let mut tx = storage.records().write().await.unwrap();
    assert!(tx.change_profile(ada, 1, profile, NOW + 1).await.unwrap());
    assert!(!tx.change_profile(ada, 1, profile, NOW + 2).await.unwrap());
    let standing = UserStanding {
        server_role: "admin",
        status: "active",
    };
    assert!(tx.change_standing(ada, 2, standing, NOW + 3).await.unwrap());
    assert!(!tx.change_standing(ada, 2, standing, NOW + 3).await.unwrap());
    tx.set_preferences(ada, r#"{"a":1}"#, NOW + 4).await.unwrap();
    tx.set_notification_preferences(ada, r#"{"b":2}"#, NOW + 5)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut tx = storage.records().read().await.unwrap();
    let user = tx.user_by_username("countess").await.unwrap().unwrap();
    assert_eq!((user.id, user.version, user.updated_at_ms), (ada, 5, NOW + 5));
    assert_eq!(
        (user.preferences.as_str(), user.notification_preferences.as_str()),
        (r#"{"a":1}"#, r#"{"b":2}"#)
    );
    assert_eq!(tx.count_admins().await.unwrap(), 1);
    drop(tx);
    storage.close().await;
}

pub(crate) async fn accounts_are_listed_in_order_and_found_by_what_they_are_called(bed: Bed) {
    let storage = bed.open().await;
    let mut ids = Vec::new();
    for name in ["ada", "b_b", "bob"] {
        ids.push(create(&storage, &format!("{name}@example.org")).await);
    }
    let mut tx = storage.records().read().await.unwrap();
    let all = tx.users(UserFilter::default(), &Span::first(10)).await.unwrap();
    assert_eq!(all.iter().map(|user| user.id).collect::<Vec<_>>(), ids);
    let reversed = Span {
        is_reversed: true,
        skip: 1,
        ..Span::first(1)
    };
    let some = tx.users(UserFilter::default(), &reversed).await.unwrap();
    assert_eq!(some[0].id, ids[1]);
    for (search, expected) in [("b_b@", 1), ("example", 3), ("lovelace", 3), ("%", 0), ("!", 0)] {
        let filter = UserFilter {
            status: Some("pending_verification"),
            search: Some(search),
        };
        assert_eq!(tx.count_users(filter).await.unwrap(), expected, "{search}");
        assert_eq!(
            tx.users(filter, &Span::first(10)).await.unwrap().len() as i64,
            expected
        );
    }
    let active = UserFilter {
        status: Some("active"),
        search: None,
    };
    assert_eq!(tx.count_users(active).await.unwrap(), 0);
    drop(tx);
    storage.close().await;
}

pub(crate) async fn colleagues_share_a_live_workspace(bed: Bed) {
    let storage = bed.open().await;
    let (ada, bob) = (
        create(&storage, "ada@example.org").await,
        create(&storage, "bob@example.org").await,
    );
    let id = WorkspaceId(Uuid::now_v7());
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(id).await.unwrap();
    let new = NewWorkspace {
        name: "Looms",
        created_by: Some(ada),
        now_ms: NOW,
    };
    tenant.create_workspace(new).await.unwrap();
    for (user_id, role) in [(ada, "owner"), (bob, "guest")] {
        let change = MemberChange {
            user_id,
            role,
            now_ms: NOW,
        };
        tenant.put_member(change).await.unwrap();
    }
    assert_eq!(
        tx.shared_workspaces(bob, ada).await.unwrap(),
        [(id, "guest".to_owned())]
    );
    assert_eq!(
        tx.all_workspaces_of(ada).await.unwrap(),
        [(id, "owner".to_owned())]
    );
    tx.workspace(id)
        .await
        .unwrap()
        .trash_workspace(Some(NOW))
        .await
        .unwrap();
    assert!(tx.shared_workspaces(bob, ada).await.unwrap().is_empty());
    tx.commit().await.unwrap();
    storage.close().await;
}

pub(crate) async fn a_login_ends_for_good(bed: Bed) {
    let storage = bed.open().await;
    let ada = create(&storage, "ada@example.org").await;
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    let mut tx = storage.records().write().await.unwrap();
    for id in [first, second] {
        tx.create_session(new_session(id, ada)).await.unwrap();
    }
    let token = |generation: i64, hash| NewRefreshToken {
        hash,
        session_id: first,
        generation,
        idle_expires_at_ms: NOW + 500,
    };
    tx.add_refresh_token(token(0, &[1; 32]), NOW).await.unwrap();
    assert!(tx.supersede_refresh_token(&[1; 32], NOW + 1).await.unwrap());
    assert!(!tx.supersede_refresh_token(&[1; 32], NOW + 2).await.unwrap());
    tx.add_refresh_token(token(1, &[2; 32]), NOW + 1).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = storage.records().write().await.unwrap();
    let row = tx.refresh_token(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(
        (row.generation, row.superseded_at_ms, row.family_generation),
        (0, Some(NOW + 1), 1)
    );
    assert_eq!(
        (row.user_id, row.session_id, row.kind.as_str()),
        (ada, first, "password")
    );
    assert_eq!(
        tx.live_sessions(ada, NOW, &Span::first(10)).await.unwrap().len(),
        2
    );
    assert_eq!(tx.count_live_sessions(ada, NOW + 1_000).await.unwrap(), 0);
    assert!(tx.end_session(first, "test", NOW + 3).await.unwrap());
    assert!(!tx.end_session(first, "again", NOW + 4).await.unwrap());
    assert_eq!(
        tx.refresh_token(&[2; 32])
            .await
            .unwrap()
            .unwrap()
            .family_ended_at_ms,
        Some(NOW + 3)
    );
    let standing = tx.session_standing(first).await.unwrap().unwrap();
    assert!(standing.is_ended && standing.owner.user_id == ada);
    assert_eq!(
        tx.end_sessions_of(ada, Some(second), "test", NOW).await.unwrap(),
        0
    );
    assert_eq!(tx.end_sessions_of(ada, None, "test", NOW + 5).await.unwrap(), 1);
    assert_eq!(tx.sweep_sessions(NOW + 4).await.unwrap(), 1);
    assert!(
        tx.refresh_token(&[2; 32]).await.unwrap().is_none(),
        "its tokens went with it"
    );
    tx.commit().await.unwrap();
    storage.close().await;
}

pub(crate) async fn a_code_counts_once(bed: Bed) {
    let storage = bed.open().await;
    let ada = create(&storage, "ada@example.org").await;
    let code = |hash, user_id| NewSingleUse {
        hash,
        kind: "password_reset",
        user_id,
        session_id: None,
        payload: r#"{"a":1}"#,
        now_ms: NOW,
        expires_at_ms: NOW + 100,
    };
    let mut tx = storage.records().write().await.unwrap();
    tx.add_single_use(code(&[1; 32], Some(ada))).await.unwrap();
    tx.add_single_use(code(&[2; 32], Some(ada))).await.unwrap();
    tx.add_single_use(code(&[3; 32], None)).await.unwrap();
    assert!(
        tx.take_single_use("email_verification", &[1; 32], NOW)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        tx.take_single_use("password_reset", &[1; 32], NOW + 100)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        tx.single_use("password_reset", &[1; 32], NOW + 99)
            .await
            .unwrap()
            .is_some()
    );
    let taken = tx
        .take_single_use("password_reset", &[1; 32], NOW + 99)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((taken.user_id, taken.payload.as_str()), (Some(ada), r#"{"a":1}"#));
    assert!(
        tx.take_single_use("password_reset", &[1; 32], NOW + 99)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        tx.withdraw_single_use("password_reset", Some(ada), NOW)
            .await
            .unwrap(),
        1
    );
    assert!(
        tx.take_single_use("password_reset", &[2; 32], NOW)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        tx.withdraw_single_use("password_reset", None, NOW).await.unwrap(),
        1
    );
    assert_eq!(tx.sweep_single_use(NOW + 101).await.unwrap(), 3);
    tx.commit().await.unwrap();
    storage.close().await;
}

pub(crate) async fn what_all_nodes_share_is_made_once(bed: Bed) {
    let storage = bed.open().await;
    let mut tx = storage.records().write().await.unwrap();
    assert_eq!(tx.server_value("secret").await.unwrap(), None);
    assert_eq!(tx.server_value_or("secret", b"first").await.unwrap(), b"first");
    assert_eq!(tx.server_value_or("secret", b"second").await.unwrap(), b"first");
    let key = SealedKey {
        kid: "a".to_owned(),
        sealed: vec![1, 2, 3],
        created_at_ms: NOW,
        signs_from_ms: NOW + 1,
    };
    tx.add_signing_key(&key).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = storage.records().write().await.unwrap();
    assert_eq!(
        tx.server_value("secret").await.unwrap().as_deref(),
        Some(&b"first"[..])
    );
    assert_eq!(tx.signing_keys().await.unwrap(), [key]);
    tx.remove_signing_key("a").await.unwrap();
    assert!(tx.signing_keys().await.unwrap().is_empty());
    let ada = Uuid::now_v7();
    tx.create_user(new_user(ada, "ada@example.org", None))
        .await
        .unwrap();
    tx.add_external_identity("https://idp.example.org", "42", ada, NOW)
        .await
        .unwrap();
    let found = tx
        .external_user("https://idp.example.org", "42")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.id, ada);
    assert!(
        tx.external_user("https://other.example.org", "42")
            .await
            .unwrap()
            .is_none()
    );
    let again = tx
        .add_external_identity("https://idp.example.org", "42", ada, NOW)
        .await;
    assert!(matches!(again, Err(RecordError::Taken)), "{again:?}");
    drop(tx);
    storage.close().await;
}
