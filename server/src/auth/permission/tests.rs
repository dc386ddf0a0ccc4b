//! The rules as a table that people can read, against the function, for every role and every action.
//!
//! The table is written by hand and not derived from the rules. Each action must stand in it exactly once.

use std::collections::HashMap;

use uuid::Uuid;

use super::*;

const ACME: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

/// On the server and on accounts. `+` yes, `-` no (403), `.` does not even see it (404).
const USERS: &str = "
                     user  admin |  myself  colleague  stranger | admin: myself  colleague  stranger
    CreateWorkspace    +     +   |     -        -          .    |           -        -          -
    ListUsers          -     +   |     -        -          .    |           -        -          -
    CreateUser         -     +   |     -        -          .    |           -        -          -
    ViewUser           -     -   |     +        +          .    |           +        +          +
    UpdateUser         -     -   |     +        -          .    |           +        -          -
    AdministerUser     -     -   |     -        -          .    |           +        +          +
";

/// In a workspace, by the role there.
const WORKSPACES: &str = "
                         none  guest  member  manager  admin  owner
    ViewWorkspace          .     +      +        +       +      +
    LeaveWorkspace         .     +      +        +       +      +
    RequestAccess          .     +      +        +       +      +
    ListMembers            .     -      +        +       +      +
    CreateApiKey           .     -      +        +       +      +
    CreateTeam             .     -      +        +       +      +
    InviteMember           .     -      -        +       +      +
    UpdateWorkspace        .     -      -        -       +      +
    ManageMembers          .     -      -        -       +      +
    ManageWebhooks         .     -      -        -       +      +
    ManageOAuthClients     .     -      -        -       +      +
    ReadAuditLog           .     -      -        -       +      +
    ReadUsage              .     -      -        -       +      +
    DeleteWorkspace        .     -      -        -       -      +
";

/// On a team, by the role in it (`none`, `member`, `admin`), for each role in the workspace.
const TEAMS: &str = "
                         none   guest  member  manager  admin  owner
    ViewTeam             . . .  . . .  . + +   + + +    + + +  + + +
    CreateProject        . . .  . . .  . + +   + + +    + + +  + + +
    UpdateTeam           . . .  . . .  . - +   + + +    + + +  + + +
    ManageTeamMembers    . . .  . . .  . - +   + + +    + + +  + + +
    DeleteTeam           . . .  . . .  . - +   - - +    + + +  + + +
";

/// On a project, by the effective role for it, when it is live, archived, in the trash.
const PROJECTS: &str = "
                           none   viewer  commenter  editor  owner
    ViewProject            . . .  + + .    + + .     + + .   + + +
    UpdateProject          . . .  - - .    - - .     + - .   + - -
    CreateDocument         . . .  - - .    - - .     + - .   + - -
    ManageProjectMembers   . . .  - - .    - - .     - - .   + + -
    ArchiveProject         . . .  - - .    - - .     - - .   + + -
    DeleteProject          . . .  - - .    - - .     - - .   + + -
    RestoreProject         . . .  - - .    - - .     - - .   - - +
";

/// On a document, by the effective role for it, when it is live, archived, in the trash.
const DOCUMENTS: &str = "
                           none   viewer  commenter  editor  owner
    ViewDocument           . . .  + + .    + + .     + + .   + + +
    ReadContent            . . .  + + .    + + .     + + .   + + -
    ExportDocument         . . .  + + .    + + .     + + .   + + -
    CommentDocument        . . .  - - .    + - .     + - .   + - -
    ModerateComments       . . .  - - .    - - .     - - .   + - -
    EditContent            . . .  - - .    - - .     + - .   + - -
    UpdateDocument         . . .  - - .    - - .     + - .   + - -
    ManageVersions         . . .  - - .    - - .     + - .   + - -
    ShareDocument          . . .  - - .    - - .     - - .   + + -
    MintDocumentToken      . . .  - - .    - - .     - - .   + - -
    MoveDocument           . . .  - - .    - - .     - - .   + - -
    ArchiveDocument        . . .  - - .    - - .     - - .   + + -
    DeleteDocument         . . .  - - .    - - .     - - .   + + -
    RestoreDocument        . . .  - - .    - - .     - - .   - - +
";

/// The scope that each action needs, and the others that include it.
const SCOPES: &str = "
    ListUsers admin
    AdministerUser admin
    CreateUser user:create admin
    ViewUser profile:read profile:write
    UpdateUser profile:write
    CreateWorkspace workspaces:write
    ViewWorkspace workspaces:read workspaces:write
    ListMembers workspaces:read workspaces:write
    ReadUsage workspaces:read workspaces:write
    UpdateWorkspace workspaces:write
    DeleteWorkspace workspaces:write
    LeaveWorkspace workspaces:write
    InviteMember workspaces:write
    ManageMembers workspaces:write
    CreateApiKey
    ManageWebhooks integrations:write
    ManageOAuthClients integrations:write
    ReadAuditLog audit:read
    CreateTeam teams:write
    ViewTeam teams:read teams:write
    UpdateTeam teams:write
    ManageTeamMembers teams:write
    DeleteTeam teams:write
    CreateProject projects:write
    ViewProject projects:read projects:write
    UpdateProject projects:write
    ManageProjectMembers projects:write
    ArchiveProject projects:write
    DeleteProject projects:write
    RestoreProject projects:write
    CreateDocument documents:write
    ViewDocument documents:read documents:comment documents:write documents:share
    ReadContent documents:read documents:comment documents:write documents:share
    ExportDocument documents:read documents:comment documents:write documents:share
    CommentDocument documents:comment documents:write
    RequestAccess documents:comment documents:write
    ModerateComments documents:write
    EditContent documents:write
    UpdateDocument documents:write
    ManageVersions documents:write
    ShareDocument documents:share
    MintDocumentToken documents:share
    MoveDocument documents:write
    ArchiveDocument documents:write
    DeleteDocument documents:write
    RestoreDocument documents:write
";

fn active() -> PrincipalFacts {
    PrincipalFacts {
        standing: Standing::Active,
        server_role: ServerRole::User,
        confined_to: None,
        scopes: Scopes::full(),
    }
}

/// The signs of each action in `table`, in order.
fn rows(table: &str) -> HashMap<String, Vec<char>> {
    let lines = table
        .lines()
        .skip(2)
        .map(str::trim)
        .filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (action, cells) = line.split_once(' ').unwrap();
            (
                action.to_owned(),
                cells.chars().filter(|sign| "+-.".contains(*sign)).collect(),
            )
        })
        .collect()
}

fn sign(decision: Decision) -> char {
    match decision {
        Decision::Allow => '+',
        Decision::Deny(Denial::Forbidden) => '-',
        Decision::Deny(Denial::Hidden) => '.',
        Decision::Deny(other) => panic!("unexpected {other:?}"),
    }
}

/// Every action against every situation; actions that are not in the table must be refused everywhere.
fn compare(table: &str, situations: &[(PrincipalFacts, Resource)]) {
    let expected = rows(table);
    for action in Action::ALL {
        let signs: Vec<char> = situations
            .iter()
            .map(|(principal, resource)| sign(may(principal, *action, resource)))
            .collect();
        match expected.get(&format!("{action:?}")) {
            Some(row) => assert_eq!(&signs, row, "{action:?}"),
            None => assert!(!signs.contains(&'+'), "{action:?} is allowed on something else"),
        }
    }
}

fn or_none<T: Copy>(roles: &[T]) -> impl Iterator<Item = Option<T>> + Clone {
    std::iter::once(None)
        .chain(roles.iter().copied().map(Some))
        .collect::<Vec<_>>()
        .into_iter()
}

const STATES: [ContentState; 3] = [ContentState::Live, ContentState::Archived, ContentState::Trashed];

#[test]
fn every_action_stands_in_one_table_and_has_its_scope() {
    let tables = [USERS, WORKSPACES, TEAMS, PROJECTS, DOCUMENTS];
    let scopes: HashMap<_, Vec<_>> = SCOPES
        .lines()
        .filter_map(|line| line.trim().split_once(' ').or(Some((line.trim(), ""))))
        .map(|(action, scopes)| (action, scopes.split(' ').collect()))
        .collect();
    for action in Action::ALL {
        let name = format!("{action:?}");
        let count = tables
            .iter()
            .filter(|table| rows(table).contains_key(&name))
            .count();
        assert_eq!(count, 1, "{name}");
        for scope in Scope::ALL {
            let enough = scope == Scope::Full || scopes[name.as_str()].contains(&scope.as_str());
            assert_eq!(
                Scopes::of(&[scope]).allow(super::rules::scope(*action)),
                enough,
                "{name} with {scope:?}"
            );
        }
    }
    let rows: usize = tables.iter().map(|table| rows(table).len()).sum();
    assert_eq!(rows, Action::ALL.len(), "an action of a table does not exist");
}

#[test]
fn accounts_by_the_table() {
    let admin = PrincipalFacts {
        server_role: ServerRole::Admin,
        ..active()
    };
    let relations = [
        UserRelation::Myself,
        UserRelation::Colleague,
        UserRelation::Stranger,
    ]
    .map(Resource::User);
    let mut situations = vec![(active(), Resource::Server), (admin, Resource::Server)];
    situations.extend(relations.map(|user| (active(), user)));
    situations.extend(relations.map(|user| (admin, user)));
    compare(USERS, &situations);
}

#[test]
fn workspaces_by_the_table() {
    let situations: Vec<_> = or_none(WorkspaceRole::ALL)
        .map(|role| (active(), Resource::Workspace { id: ACME, role }))
        .collect();
    compare(WORKSPACES, &situations);
    // Administering the server opens no workspace.
    let admin = PrincipalFacts {
        server_role: ServerRole::Admin,
        ..active()
    };
    let situations: Vec<_> = situations
        .into_iter()
        .map(|(_, resource)| (admin, resource))
        .collect();
    compare(WORKSPACES, &situations);
}

#[test]
fn teams_by_the_table() {
    let mut situations = Vec::new();
    for workspace in or_none(WorkspaceRole::ALL) {
        for role in or_none(TeamRole::ALL) {
            situations.push((
                active(),
                Resource::Team {
                    workspace_id: ACME,
                    workspace,
                    role,
                },
            ));
        }
    }
    compare(TEAMS, &situations);
}

#[test]
fn projects_and_documents_by_the_table() {
    let of_role = |make: fn(Facts) -> Resource| {
        let mut situations = Vec::new();
        for project in or_none(DocumentRole::ALL) {
            for state in STATES {
                let facts = Facts {
                    workspace: Some(WorkspaceRole::Member),
                    project,
                    state,
                    ..Facts::stranger(ACME)
                };
                situations.push((active(), make(facts)));
            }
        }
        situations
    };
    compare(PROJECTS, &of_role(Resource::Project));
    compare(DOCUMENTS, &of_role(Resource::Document));
}

/// What the rules of sharing say, written down once more and without `max` and `min`: for each way to a role, whether
/// it leads to at least `wanted`.
fn reaches(facts: &Facts, wanted: DocumentRole) -> bool {
    use WorkspaceRole::{Admin, Guest, Manager, Member, Owner};
    let at_least = |role: Option<DocumentRole>| role.is_some_and(|role| role >= wanted);
    let by_link = at_least(facts.bearer) && wanted != DocumentRole::Owner;
    by_link
        || match facts.workspace {
            None => false,
            Some(Guest) => at_least(facts.share),
            Some(Admin | Owner) => true,
            Some(Member | Manager) => {
                at_least(facts.share)
                    || at_least(facts.project)
                    || match facts.team {
                        None => false,
                        Some(TeamRole::Member) => wanted != DocumentRole::Owner,
                        Some(TeamRole::Admin) => true,
                    }
            }
        }
}

fn all_facts() -> Vec<Facts> {
    let mut all = Vec::new();
    for workspace in or_none(WorkspaceRole::ALL) {
        for team in or_none(TeamRole::ALL) {
            for project in or_none(DocumentRole::ALL) {
                for share in or_none(DocumentRole::ALL) {
                    for bearer in or_none(DocumentRole::ALL) {
                        for state in STATES {
                            all.push(Facts {
                                workspace_id: ACME,
                                workspace,
                                team,
                                project,
                                share,
                                bearer,
                                state,
                            });
                        }
                    }
                }
            }
        }
    }
    assert_eq!(all.len(), 6 * 3 * 5 * 5 * 5 * 3);
    all
}

#[test]
fn the_effective_role_is_the_strongest_way_and_no_more() {
    for facts in all_facts() {
        for wanted in DocumentRole::ALL {
            assert_eq!(
                effective_role(&facts) >= Some(*wanted),
                reaches(&facts, *wanted),
                "{facts:?} {wanted}"
            );
        }
        let alone = Facts {
            share: None,
            bearer: None,
            ..facts
        };
        let expected = if facts.workspace == Some(WorkspaceRole::Guest) {
            None
        } else {
            effective_role(&alone)
        };
        assert_eq!(
            effective_project_role(&facts),
            expected,
            "a share or link opens the project: {facts:?}"
        );
    }
}

#[test]
fn over_everything_deny_is_the_default() {
    let named = [
        Standing::Anonymous,
        Standing::Unverified,
        Standing::Active,
        Standing::Disabled,
    ];
    for facts in all_facts() {
        let resources = [Resource::Document(facts), Resource::Project(facts)];
        for (resource, action) in resources
            .iter()
            .flat_map(|resource| Action::ALL.iter().map(move |a| (resource, *a)))
        {
            let ask = |principal: PrincipalFacts| may(&principal, action, resource);
            let full = ask(active());
            // No scope, another workspace, or no good standing: nothing, whatever the roles.
            assert!(
                !ask(PrincipalFacts {
                    scopes: Scopes::NONE,
                    ..active()
                })
                .is_allowed()
            );
            let elsewhere = ask(PrincipalFacts {
                confined_to: Some(OTHER),
                ..active()
            });
            assert_eq!(elsewhere, Decision::Deny(Denial::Hidden));
            assert_eq!(
                ask(PrincipalFacts {
                    confined_to: Some(ACME),
                    ..active()
                }),
                full
            );
            for standing in named {
                let decision = ask(PrincipalFacts { standing, ..active() });
                match standing {
                    Standing::Disabled => assert_eq!(decision, Decision::Deny(Denial::Disabled)),
                    Standing::Unverified => assert_eq!(decision, Decision::Deny(Denial::Unverified)),
                    Standing::Active => assert_eq!(decision, full),
                    Standing::Anonymous => {}
                }
            }
            // Narrower scopes never give what full ones do not.
            for scope in Scope::ALL {
                let narrow = ask(PrincipalFacts {
                    scopes: Scopes::of(&[scope]),
                    ..active()
                });
                assert!(!narrow.is_allowed() || full.is_allowed());
            }
            // A document in nobody's hands is not even seen.
            if effective_role(&facts).is_none() {
                assert_eq!(full, Decision::Deny(Denial::Hidden));
            }
        }
    }
}

#[test]
fn without_an_account_only_a_link_opens_one_document() {
    for bearer in or_none(DocumentRole::ALL) {
        let facts = Facts {
            bearer,
            ..Facts::stranger(ACME)
        };
        let ask = |action, resource| may(&PrincipalFacts::ANONYMOUS, action, &resource);
        for action in Action::ALL {
            let decision = ask(*action, Resource::Document(facts));
            match bearer {
                None => assert_eq!(decision, Decision::Deny(Denial::Unauthenticated)),
                Some(_) => assert_eq!(
                    decision,
                    may(&active(), *action, &Resource::Document(facts)),
                    "{action:?}"
                ),
            }
            assert_eq!(
                ask(*action, Resource::Project(facts)),
                Decision::Deny(Denial::Unauthenticated)
            );
            assert_eq!(
                ask(*action, Resource::Server),
                Decision::Deny(Denial::Unauthenticated)
            );
        }
        // However strong it is made, a link never leads to sharing, moving or deleting.
        for action in [
            Action::ShareDocument,
            Action::MintDocumentToken,
            Action::MoveDocument,
            Action::DeleteDocument,
        ] {
            assert!(!ask(action, Resource::Document(facts)).is_allowed());
        }
    }
}

#[test]
fn an_unverified_account_looks_after_itself_only() {
    let principal = PrincipalFacts {
        standing: Standing::Unverified,
        ..active()
    };
    let myself = Resource::User(UserRelation::Myself);
    assert!(may(&principal, Action::UpdateUser, &myself).is_allowed());
    for resource in [
        Resource::Server,
        Resource::User(UserRelation::Colleague),
        Resource::Workspace {
            id: ACME,
            role: Some(WorkspaceRole::Owner),
        },
    ] {
        for action in Action::ALL {
            assert_eq!(
                may(&principal, *action, &resource),
                Decision::Deny(Denial::Unverified)
            );
        }
    }
}

#[test]
fn a_confined_credential_administers_no_server() {
    let key = PrincipalFacts {
        server_role: ServerRole::Admin,
        confined_to: Some(ACME),
        ..active()
    };
    assert_eq!(
        may(&key, Action::ListUsers, &Resource::Server),
        Decision::Deny(Denial::Hidden)
    );
    assert_eq!(
        may(&key, Action::CreateWorkspace, &Resource::Server),
        Decision::Deny(Denial::Hidden)
    );
    for action in [Action::ViewUser, Action::AdministerUser] {
        let stranger = Resource::User(UserRelation::Stranger);
        assert_eq!(may(&key, action, &stranger), Decision::Deny(Denial::Hidden));
    }
    let colleague = Resource::User(UserRelation::Colleague);
    assert_eq!(
        may(&key, Action::AdministerUser, &colleague),
        Decision::Deny(Denial::Forbidden)
    );
}

#[test]
fn a7_nobody_hands_out_more_than_they_have() {
    use WorkspaceRole::{Admin, Guest, Manager, Member, Owner};
    // Who may invite as what; who may change or remove whom.
    for (actor, invites, touches) in [
        (Guest, &[][..], &[][..]),
        (Member, &[], &[]),
        (Manager, &[Guest, Member], &[]),
        (
            Admin,
            &[Guest, Member, Manager, Admin],
            &[Guest, Member, Manager, Admin],
        ),
        (
            Owner,
            &[Guest, Member, Manager, Admin, Owner],
            &[Guest, Member, Manager, Admin, Owner],
        ),
    ] {
        for one in WorkspaceRole::ALL {
            assert_eq!(
                may_assign(actor, None, Some(*one)),
                invites.contains(one),
                "{actor} invites {one}"
            );
            assert_eq!(
                may_assign(actor, Some(*one), None),
                touches.contains(one),
                "{actor} removes {one}"
            );
            for other in WorkspaceRole::ALL {
                let both = touches.contains(one) && touches.contains(other);
                assert_eq!(
                    may_assign(actor, Some(*one), Some(*other)),
                    both,
                    "{actor}: {one} to {other}"
                );
            }
        }
    }
    for actor in or_none(DocumentRole::ALL) {
        for to in DocumentRole::ALL {
            assert_eq!(may_share(actor, *to), actor == Some(DocumentRole::Owner));
        }
    }
}

#[test]
fn roles_and_scopes_are_read_as_they_are_written() {
    assert_eq!("OWNER".parse(), Ok(WorkspaceRole::Owner));
    assert_eq!("Commenter".parse(), Ok(DocumentRole::Commenter));
    assert_eq!("root".parse::<WorkspaceRole>(), Err(UnknownRole));
    assert_eq!(
        serde_json::to_string(&DocumentRole::Editor).unwrap(),
        "\"editor\""
    );
    assert_eq!(
        serde_json::from_str::<TeamRole>("\"ADMIN\"").unwrap(),
        TeamRole::Admin
    );
    let scopes = Scopes::parse("documents:write  openid").unwrap();
    assert_eq!(
        scopes.to_string(),
        "documents:write openid".split(' ').collect::<Vec<_>>().join(" ")
    );
    assert_eq!(Scopes::parse("documents:everything"), Err(UnknownScope));
    assert!(Scopes::parse("").unwrap().is_empty());
    assert!(
        Scopes::parse("documents:read").unwrap().within(scopes)
            && !scopes.within(Scopes::of(&[Scope::DocumentsRead]))
    );
    assert_eq!(Scopes::full().narrowed_to(scopes), Scopes::NONE);
    assert!(scopes.within(Scopes::full()) && !Scopes::full().within(scopes));
    for scope in Scope::ALL {
        assert_eq!(Scopes::parse(scope.as_str()), Ok(Scopes::of(&[scope])));
    }
}
