//! What the records promise about teams, projects and invitations: who is connected with them, who sees them in
//! lists, and that none of it crosses from one workspace to another.

use uuid::Uuid;
use weft_storage::records::{
    Mark, MemberChange, NewInvitation, NewTeam, NewUser, NewWorkspace, ProjectContent, ProjectFilter,
    ProjectOrder, RecordError, Span, TeamFilter, TeamOrder, WorkspaceFilter,
};
use weft_storage::{Storage, WorkspaceId};

use crate::support::Bed;

const NOW: i64 = 1_790_000_000_000;

/// A workspace with a team, and somebody who owns it.
struct Place {
    workspace: WorkspaceId,
    team: Uuid,
    owner: Uuid,
}

async fn create_user(storage: &Storage) -> Uuid {
    let id = Uuid::now_v7();
    let address = format!("{}@example.org", id.simple());
    let mut tx = storage.records().write().await.unwrap();
    let new = NewUser {
        id,
        email: &address,
        email_key: &address,
        username: None,
        password_hash: None,
        first_name: "A",
        last_name: "B",
        server_role: "user",
        status: "active",
        email_verified_at_ms: None,
        now_ms: NOW,
    };
    tx.create_user(new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

fn change(user_id: Uuid, role: &str) -> MemberChange<'_> {
    MemberChange {
        user_id,
        role,
        now_ms: NOW,
    }
}

fn content(name: &str) -> ProjectContent {
    ProjectContent {
        name: name.to_owned(),
        description: String::new(),
        status: "active".to_owned(),
        start_date: None,
        end_date: None,
        task_key: None,
    }
}

async fn place(storage: &Storage) -> Place {
    let owner = create_user(storage).await;
    let workspace = WorkspaceId(Uuid::now_v7());
    let team = Uuid::now_v7();
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(workspace).await.unwrap();
    let new = NewWorkspace {
        name: "W",
        created_by: Some(owner),
        now_ms: NOW,
    };
    tenant.create_workspace(new).await.unwrap();
    tenant.put_member(change(owner, "owner")).await.unwrap();
    let new = NewTeam {
        id: team,
        name: "Weavers",
        description: "",
        owner_user_id: owner,
        now_ms: NOW,
    };
    tenant.create_team(new).await.unwrap();
    tx.commit().await.unwrap();
    Place {
        workspace,
        team,
        owner,
    }
}

async fn create_project(storage: &Storage, place: &Place, name: &str, now_ms: i64) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(place.workspace).await.unwrap();
    tenant
        .create_project(id, place.team, place.owner, &content(name), now_ms)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    id
}

fn all_projects<'a>(user: Uuid) -> ProjectFilter<'a> {
    ProjectFilter {
        user,
        workspace: None,
        confined_to: None,
        team: None,
        statuses: &[],
        search: None,
        with_trash: false,
    }
}

async fn names(storage: &Storage, filter: ProjectFilter<'_>, order: ProjectOrder) -> Vec<String> {
    let mut tx = storage.records().read().await.unwrap();
    let rows = tx.projects_seen(filter, order, &Span::first(100)).await.unwrap();
    let count = tx.count_projects_seen(filter).await.unwrap();
    assert_eq!(
        count,
        i64::try_from(rows.len()).unwrap(),
        "the total is another than the list"
    );
    rows.into_iter().map(|row| row.project.content.name).collect()
}

pub(crate) async fn what_connects_somebody_with_a_project_is_found(bed: Bed) {
    let storage = bed.open().await;
    let (here, there) = (place(&storage).await, place(&storage).await);
    let project = create_project(&storage, &here, "P", NOW).await;
    let user = create_user(&storage).await;
    let mut tx = storage.records().write().await.unwrap();
    assert_eq!(
        tx.workspace_of_project(project).await.unwrap(),
        Some(here.workspace)
    );
    assert_eq!(
        tx.workspace_of_team(here.team).await.unwrap(),
        Some(here.workspace)
    );
    assert_eq!(tx.workspace_of_project(Uuid::now_v7()).await.unwrap(), None);
    let mut tenant = tx.workspace(there.workspace).await.unwrap();
    assert_eq!(tenant.project_standing(Some(user), project).await.unwrap(), None);
    assert_eq!(tenant.team_standing(Some(user), here.team).await.unwrap(), None);

    let mut tenant = tx.workspace(here.workspace).await.unwrap();
    let found = tenant
        .project_standing(Some(user), project)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.workspace_role, found.team_role, found.project_role),
        (None, None, None)
    );
    assert!(tenant.project_standing(None, project).await.unwrap().is_some());
    tenant.put_member(change(user, "member")).await.unwrap();
    tenant
        .put_team_member(here.team, change(user, "admin"))
        .await
        .unwrap();
    tenant
        .put_project_member(project, change(user, "viewer"))
        .await
        .unwrap();
    let found = tenant
        .project_standing(Some(user), project)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.workspace_role.as_deref(), Some("member"));
    assert_eq!(found.team_role.as_deref(), Some("admin"));
    assert_eq!(found.project_role.as_deref(), Some("viewer"));
    assert_eq!((found.status.as_str(), found.is_trashed), ("active", false));

    // What is in the trash gives no roles.
    tenant
        .trash_project(project, Some((here.owner, NOW)))
        .await
        .unwrap();
    tenant.trash_team(here.team, NOW).await.unwrap();
    let found = tenant
        .project_standing(Some(user), project)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.team_role, found.is_trashed), (None, true));
    assert!(
        tenant
            .team_standing(Some(user), here.team)
            .await
            .unwrap()
            .unwrap()
            .is_trashed
    );
    tenant.trash_workspace(Some(NOW)).await.unwrap();
    let found = tenant
        .project_standing(Some(user), project)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.workspace_role, None);
    assert!(tenant.standing(Some(user)).await.unwrap().unwrap().is_trashed);

    // Leaving a workspace is leaving everything in it, also in the trash.
    assert!(tenant.remove_member(user).await.unwrap());
    assert_eq!(tenant.team_member(here.team, user).await.unwrap(), None);
    assert_eq!(tenant.project_member(project, user).await.unwrap(), None);
    tx.commit().await.unwrap();
    storage.close().await;
}

pub(crate) async fn nobody_is_put_into_a_team_of_another_workspace(bed: Bed) {
    let storage = bed.open().await;
    let (here, there) = (place(&storage).await, place(&storage).await);
    let project = create_project(&storage, &here, "P", NOW).await;
    // The team is of another workspace than the one that is entered.
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(there.workspace).await.unwrap();
    let refused = tenant
        .put_team_member(here.team, change(there.owner, "member"))
        .await;
    assert!(matches!(refused, Err(RecordError::Dangling)), "{refused:?}");
    drop(tx);
    // The person is.
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(here.workspace).await.unwrap();
    let refused = tenant
        .put_project_member(project, change(there.owner, "viewer"))
        .await;
    assert!(matches!(refused, Err(RecordError::Dangling)), "{refused:?}");
    drop(tx);
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(there.workspace).await.unwrap();
    let refused = tenant
        .create_project(Uuid::now_v7(), here.team, there.owner, &content("P"), NOW)
        .await;
    assert!(matches!(refused, Err(RecordError::Dangling)), "{refused:?}");
    drop(tx);
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(there.workspace).await.unwrap();
    tenant
        .change_project(project, &content("mine"), NOW)
        .await
        .unwrap();
    tenant
        .trash_project(project, Some((there.owner, NOW)))
        .await
        .unwrap();
    tenant
        .change_team(here.team, Some("mine"), None, NOW)
        .await
        .unwrap();
    tenant.trash_team(here.team, NOW).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = storage.records().read().await.unwrap();
    let mut tenant = tx.workspace(here.workspace).await.unwrap();
    assert_eq!(tenant.team(here.team).await.unwrap().unwrap().name, "Weavers");
    let found = tenant.project(project).await.unwrap().unwrap();
    assert_eq!((found.content.name.as_str(), found.version), ("P", 1));
    drop(tx);
    storage.close().await;
}

pub(crate) async fn a_team_has_its_name_alone_in_its_workspace(bed: Bed) {
    let storage = bed.open().await;
    let (here, there) = (place(&storage).await, place(&storage).await);
    let new = |name| NewTeam {
        id: Uuid::now_v7(),
        name,
        description: "",
        owner_user_id: here.owner,
        now_ms: NOW,
    };
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(here.workspace).await.unwrap();
    let taken = tenant.create_team(new("WEAVERS")).await;
    assert!(matches!(taken, Err(RecordError::Taken)), "{taken:?}");
    drop(tx);
    // `place` made both workspaces with a team of the same name. One that is gone gives its name free.
    assert_ne!(here.workspace, there.workspace);
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(here.workspace).await.unwrap();
    tenant.trash_team(here.team, NOW).await.unwrap();
    tenant.create_team(new("Weavers")).await.unwrap();
    tx.commit().await.unwrap();
    storage.close().await;
}

/// Narrower questions than `all`, which has the projects "beta" and "Alpha 100%", and what they find.
fn narrowed<'a>(
    all: ProjectFilter<'a>,
    here: &Place,
    there: &Place,
) -> Vec<(ProjectFilter<'a>, Vec<&'static str>)> {
    vec![
        (
            ProjectFilter {
                workspace: Some(there.workspace),
                ..all
            },
            vec![],
        ),
        (
            ProjectFilter {
                confined_to: Some(there.workspace),
                ..all
            },
            vec![],
        ),
        (
            ProjectFilter {
                team: Some(there.team),
                ..all
            },
            vec![],
        ),
        (
            ProjectFilter {
                team: Some(here.team),
                search: Some("BET"),
                ..all
            },
            vec!["beta"],
        ),
        (
            ProjectFilter {
                search: Some("0%"),
                ..all
            },
            vec!["Alpha 100%"],
        ),
        (
            ProjectFilter {
                search: Some("a%1"),
                ..all
            },
            vec![],
        ),
        (
            ProjectFilter {
                search: Some("_"),
                ..all
            },
            vec![],
        ),
        (
            ProjectFilter {
                statuses: &["on_hold", "archived"],
                ..all
            },
            vec![],
        ),
        (
            ProjectFilter {
                statuses: &["on_hold", "active"],
                ..all
            },
            vec!["Alpha 100%", "beta"],
        ),
    ]
}

pub(crate) async fn lists_of_projects_hold_what_is_asked_for(bed: Bed) {
    let storage = bed.open().await;
    let (here, there) = (place(&storage).await, place(&storage).await);
    let user = here.owner;
    let beta = create_project(&storage, &here, "beta", NOW + 2).await;
    create_project(&storage, &here, "Alpha 100%", NOW + 1).await;
    create_project(&storage, &there, "foreign", NOW).await;
    let all = all_projects(user);
    assert_eq!(
        names(&storage, all, ProjectOrder::Name).await,
        ["Alpha 100%", "beta"]
    );
    assert_eq!(
        names(&storage, all, ProjectOrder::Updated).await,
        ["Alpha 100%", "beta"]
    );
    for (filter, expected) in narrowed(all, &here, &there) {
        assert_eq!(
            names(&storage, filter, ProjectOrder::Created).await,
            expected,
            "{filter:?}"
        );
    }

    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(here.workspace).await.unwrap();
    tenant.trash_project(beta, Some((user, NOW))).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(names(&storage, all, ProjectOrder::Name).await, ["Alpha 100%"]);
    let with_trash = ProjectFilter {
        with_trash: true,
        ..all
    };
    assert_eq!(
        names(&storage, with_trash, ProjectOrder::Name).await,
        ["Alpha 100%", "beta"]
    );
    storage.close().await;
}

/// While somebody walks, rows come before and behind them, and rows go: what was there all the time comes once.
pub(crate) async fn a_walk_neither_skips_nor_repeats(bed: Bed) {
    let storage = bed.open().await;
    let here = place(&storage).await;
    let mut steady = Vec::new();
    let mut passing = Vec::new();
    for number in 0..40 {
        // Some were made in the same millisecond.
        let id = create_project(&storage, &here, &format!("p{:02}", number / 3), NOW + number / 4).await;
        if number % 5 == 0 {
            passing.push(id)
        } else {
            steady.push(id)
        }
    }
    for (order, is_reversed) in [
        (ProjectOrder::Name, false),
        (ProjectOrder::Name, true),
        (ProjectOrder::Created, false),
        (ProjectOrder::Created, true),
    ] {
        let mut seen = Vec::new();
        let (mut after, mut rounds) = (None, 0);
        loop {
            let mut tx = storage.records().read().await.unwrap();
            let span = Span {
                after,
                skip: 0,
                limit: 7,
                is_reversed,
            };
            let rows = tx
                .projects_seen(all_projects(here.owner), order, &span)
                .await
                .unwrap();
            drop(tx);
            let Some(last) = rows.last() else { break };
            let mark = match order {
                ProjectOrder::Name => Mark::Text(last.project.name_key.clone()),
                _ => Mark::Number(last.project.created_at_ms),
            };
            after = Some((mark, last.project.id));
            seen.extend(rows.iter().map(|row| row.project.id));
            rounds += 1;
            if rounds < 8 {
                create_project(&storage, &here, "a first", NOW - 1).await;
                create_project(&storage, &here, "z last", NOW + 1_000).await;
            }
            if let Some(id) = passing.pop() {
                let mut tx = storage.records().write().await.unwrap();
                let mut tenant = tx.workspace(here.workspace).await.unwrap();
                tenant.trash_project(id, Some((here.owner, NOW))).await.unwrap();
                tx.commit().await.unwrap();
            }
            assert!(seen.len() < 1_000, "the walk does not end");
        }
        let mut unique = seen.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), seen.len(), "{order:?}: something came twice");
        assert!(
            steady.iter().all(|id| seen.contains(id)),
            "{order:?}: something was skipped"
        );
    }
    storage.close().await;
}

pub(crate) async fn lists_of_teams_and_workspaces_hold_what_somebody_is_in(bed: Bed) {
    let storage = bed.open().await;
    let (here, there) = (place(&storage).await, place(&storage).await);
    let user = create_user(&storage).await;
    let filter = |mine| TeamFilter {
        user,
        workspace: None,
        confined_to: None,
        mine,
    };
    for (role, in_team, mine, expected) in [
        ("guest", false, false, 0),
        ("guest", true, false, 0),
        ("member", false, false, 0),
        ("member", true, false, 1),
        ("manager", false, false, 1),
        ("manager", false, true, 0),
        ("owner", false, false, 1),
    ] {
        let mut tx = storage.records().write().await.unwrap();
        let mut tenant = tx.workspace(here.workspace).await.unwrap();
        tenant.put_member(change(user, role)).await.unwrap();
        if in_team {
            tenant
                .put_team_member(here.team, change(user, "member"))
                .await
                .unwrap();
        } else {
            tenant.remove_team_member(here.team, user).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut tx = storage.records().read().await.unwrap();
        let rows = tx
            .teams_seen(filter(mine), TeamOrder::Name, &Span::first(10))
            .await
            .unwrap();
        assert_eq!(rows.len(), expected, "{role} in team {in_team}");
        assert_eq!(
            tx.count_teams_seen(filter(mine)).await.unwrap(),
            i64::try_from(expected).unwrap()
        );
        assert_eq!(
            rows.iter().all(|row| row.role.is_some()),
            in_team || expected == 0
        );
    }
    let mine = WorkspaceFilter {
        user,
        confined_to: None,
        search: None,
        with_trash: false,
    };
    let mut tx = storage.records().write().await.unwrap();
    let rows = tx.workspaces_seen(mine, &Span::first(10)).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| row.workspace.id).collect::<Vec<_>>(),
        [here.workspace]
    );
    let confined = WorkspaceFilter {
        confined_to: Some(there.workspace),
        ..mine
    };
    assert_eq!(tx.count_workspaces_seen(confined).await.unwrap(), 0);
    tx.workspace(here.workspace)
        .await
        .unwrap()
        .trash_workspace(Some(NOW))
        .await
        .unwrap();
    assert_eq!(tx.count_workspaces_seen(mine).await.unwrap(), 0);
    let with_trash = WorkspaceFilter {
        with_trash: true,
        ..mine
    };
    assert_eq!(tx.count_workspaces_seen(with_trash).await.unwrap(), 1);
    assert_eq!(tx.count_teams_seen(filter(false)).await.unwrap(), 0);
    drop(tx);
    storage.close().await;
}

pub(crate) async fn an_invitation_is_used_once(bed: Bed) {
    let storage = bed.open().await;
    let (here, there) = (place(&storage).await, place(&storage).await);
    let user = create_user(&storage).await;
    let id = Uuid::now_v7();
    let hash = [7; 32];
    let new = |id, hash| NewInvitation {
        id,
        email: "Ada@example.org",
        email_key: "ada@example.org",
        role: "member",
        token_hash: hash,
        invited_by: here.owner,
        now_ms: NOW,
        expires_at_ms: NOW + 100,
    };
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(here.workspace).await.unwrap();
    tenant.create_invitation(new(id, &hash)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(here.workspace).await.unwrap();
    let taken = tenant.create_invitation(new(Uuid::now_v7(), &[8; 32])).await;
    assert!(matches!(taken, Err(RecordError::Taken)), "{taken:?}");
    drop(tx);

    let mut tx = storage.records().write().await.unwrap();
    assert!(tx.is_invited("ada@example.org", NOW).await.unwrap());
    assert!(!tx.is_invited("ada@example.org", NOW + 100).await.unwrap());
    assert_eq!(
        tx.workspace_of_invitation(id).await.unwrap(),
        Some(here.workspace)
    );
    assert_eq!(tx.invitation_by_token(&[9; 32]).await.unwrap(), None);
    let found = tx.invitation_by_token(&hash).await.unwrap().unwrap();
    assert_eq!(
        (found.id, found.workspace, found.role.as_str()),
        (id, here.workspace, "member")
    );
    // Nothing of it is reached through another workspace.
    let mut tenant = tx.workspace(there.workspace).await.unwrap();
    assert!(!tenant.accept_invitation(id, user, NOW).await.unwrap());
    assert!(!tenant.revoke_invitation(id, NOW).await.unwrap());
    assert!(!tenant.renew_invitation(id, &[1; 32], NOW).await.unwrap());
    assert_eq!(tenant.count_open_invitations().await.unwrap(), 0);
    let mut tenant = tx.workspace(here.workspace).await.unwrap();
    assert_eq!(tenant.open_invitations(&Span::first(10)).await.unwrap().len(), 1);
    assert!(tenant.renew_invitation(id, &[1; 32], NOW + 200).await.unwrap());
    assert!(tenant.accept_invitation(id, user, NOW).await.unwrap());
    assert!(!tenant.accept_invitation(id, user, NOW).await.unwrap());
    assert!(!tenant.revoke_invitation(id, NOW).await.unwrap());
    assert!(!tenant.renew_invitation(id, &[2; 32], NOW).await.unwrap());
    assert_eq!(tenant.count_open_invitations().await.unwrap(), 0);
    assert_eq!(tenant.count_invitations_since(NOW).await.unwrap(), 1);
    assert_eq!(tx.invitation_by_token(&hash).await.unwrap(), None);
    tx.commit().await.unwrap();
    storage.close().await;
}

pub(crate) async fn projects_leave_the_trash_when_their_time_is_over(bed: Bed) {
    let storage = bed.open().await;
    let here = place(&storage).await;
    let (old, young, live) = (
        create_project(&storage, &here, "old", NOW).await,
        create_project(&storage, &here, "young", NOW).await,
        create_project(&storage, &here, "live", NOW).await,
    );
    let full = create_project(&storage, &here, "full", NOW).await;
    let document = Uuid::now_v7();
    let mut tx = storage.records().write().await.unwrap();
    let mut tenant = tx.workspace(here.workspace).await.unwrap();
    let new = weft_storage::records::NewDocument {
        id: document,
        project_id: full,
        kind: "text",
        title: "kept",
        created_by: here.owner,
        now_ms: NOW,
    };
    tenant.create_document(new).await.unwrap();
    assert_eq!(tenant.count_project_documents(full).await.unwrap(), 1);
    for (id, at) in [(old, NOW - 10), (full, NOW - 10), (young, NOW + 10)] {
        tenant.trash_project(id, Some((here.owner, at))).await.unwrap();
    }
    assert_eq!(tx.purge_projects(NOW, 10).await.unwrap(), 1);
    let mut tenant = tx.workspace(here.workspace).await.unwrap();
    assert_eq!(tenant.project(old).await.unwrap(), None);
    for id in [young, live, full] {
        assert!(tenant.project(id).await.unwrap().is_some());
    }
    // Its documents are now for those who purge documents.
    assert_eq!(tenant.count_project_documents(full).await.unwrap(), 0);
    tx.commit().await.unwrap();
    storage.close().await;
}
