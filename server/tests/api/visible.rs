//! Lists of documents hold exactly what permission lets somebody see: the rule as a query against the rule as a
//! function, over every combination of roles.

use serde_json::json;
use uuid::Uuid;
use weft_server::access::documents::facts;
use weft_server::access::{GrantBasis, Identity, Subject};
use weft_server::auth::permission::{Action, PrincipalFacts, Resource, Scopes, ServerRole, Standing, may};
use weft_storage::WorkspaceId;
use weft_storage::records::{
    DocumentFilter, DocumentOrder, MemberChange, NewUser, Onlooker, ShareChange, Span, Tx,
};

use crate::documents::{Studio, create, studio};
use crate::support::{TestServer, id_of};

const DOCUMENT_ROLES: [Option<&str>; 5] = [
    None,
    Some("viewer"),
    Some("commenter"),
    Some("editor"),
    Some("owner"),
];

/// Somebody's roles: in the workspace, in the team, in the project, and by a share.
type Roles = (
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
    Option<&'static str>,
);

fn combinations() -> Vec<Roles> {
    let mut all = Vec::new();
    for workspace in ["guest", "member", "manager", "admin", "owner"] {
        for team in [None, Some("member"), Some("admin")] {
            for project in DOCUMENT_ROLES {
                for share in DOCUMENT_ROLES {
                    all.push((workspace, team, project, share));
                }
            }
        }
    }
    all
}

async fn enter(tx: &mut Tx, studio: &Studio, document: Uuid, roles: Roles) -> Uuid {
    let id = Uuid::now_v7();
    let email = format!("{id}@example.com");
    let user = NewUser {
        id,
        email: &email,
        email_key: &email,
        username: None,
        password_hash: None,
        first_name: "A",
        last_name: "B",
        server_role: "user",
        status: "active",
        email_verified_at_ms: Some(1),
        now_ms: 1,
    };
    tx.create_user(user).await.unwrap();
    let change = |role| MemberChange {
        user_id: id,
        role,
        now_ms: 1,
    };
    let mut tenant = tx.workspace(WorkspaceId(studio.owner.workspace)).await.unwrap();
    tenant.put_member(change(roles.0)).await.unwrap();
    if let Some(role) = roles.1 {
        tenant.put_team_member(studio.team, change(role)).await.unwrap();
    }
    if let Some(role) = roles.2 {
        tenant
            .put_project_member(studio.project, change(role))
            .await
            .unwrap();
    }
    if let Some(role) = roles.3 {
        let share = ShareChange {
            document_id: document,
            user_id: id,
            role,
            shared_by: studio.owner.id,
            now_ms: 1,
        };
        tenant.put_share(share).await.unwrap();
    }
    id
}

fn identity(user: Uuid) -> Identity {
    Identity {
        subject: Subject::User(user),
        facts: PrincipalFacts {
            standing: Standing::Active,
            server_role: ServerRole::User,
            confined_to: None,
            scopes: Scopes::full(),
        },
        basis: GrantBasis {
            user: Some(user),
            ..GrantBasis::default()
        },
        ..Identity::NOBODY
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_hold_exactly_what_permission_lets_somebody_see() {
    let server = TestServer::start().await;
    let studio = studio(&server, "ada").await;
    let live = id_of(&create(&server, &studio, json!({ "title": "live" })).await);
    let trashed = id_of(&create(&server, &studio, json!({ "title": "trashed" })).await);
    let mut tx = server.storage.records().write().await.unwrap();
    let mut people = Vec::new();
    for roles in combinations() {
        let user = enter(&mut tx, &studio, live, roles).await;
        if let Some(role) = roles.3 {
            let share = ShareChange {
                document_id: trashed,
                user_id: user,
                role,
                shared_by: studio.owner.id,
                now_ms: 1,
            };
            let mut tenant = tx.workspace(WorkspaceId(studio.owner.workspace)).await.unwrap();
            tenant.put_share(share).await.unwrap();
        }
        people.push((user, roles));
    }
    let mut tenant = tx.workspace(WorkspaceId(studio.owner.workspace)).await.unwrap();
    tenant.trash_document(trashed, Some(1), None).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = server.storage.records().read().await.unwrap();
    let filter = DocumentFilter {
        with_trash: true,
        ..DocumentFilter::default()
    };
    let mut counts = [0, 0];
    for (user, roles) in people {
        let listed = tx
            .visible_documents(user, &filter, DocumentOrder::Created, &Span::first(10))
            .await
            .unwrap();
        let listed: Vec<_> = listed.iter().map(|row| row.document.id).collect();
        let total = tx.count_visible_documents(user, &filter).await.unwrap();
        assert_eq!(usize::try_from(total), Ok(listed.len()), "{roles:?}");
        let identity = identity(user);
        for (index, document) in [live, trashed].into_iter().enumerate() {
            let who = Onlooker {
                user: Some(user),
                link: None,
                now_ms: 1,
            };
            let standing = tx.document_standing(document, who).await.unwrap().unwrap();
            let resource = Resource::Document(facts(&identity, &standing));
            let sees = may(&identity.facts, Action::ViewDocument, &resource).is_allowed();
            assert_eq!(
                listed.contains(&document),
                sees,
                "{roles:?}, in the trash: {}",
                index == 1
            );
            counts[index] += usize::from(sees);
        }
    }
    // Neither everybody nor nobody.
    assert!(counts[0] > 250 && counts[0] < 375, "{counts:?}");
    assert!(counts[1] > 150 && counts[1] < counts[0], "{counts:?}");
}
