//! Workspaces, teams, projects, and who is in them.

use serde_json::json;

use super::{EventType, Member, changed, choice, event, id, part, some_of, text};
use crate::auth::permission::Action;

const SOMEBODY: &str = "0198c0de-0000-7000-8000-000000000001";

fn scope() -> Member {
    choice("scope", &["workspace", "team", "project"])
}

fn role() -> Member {
    choice(
        "role",
        &[
            "guest",
            "member",
            "manager",
            "admin",
            "owner",
            "viewer",
            "commenter",
            "editor",
        ],
    )
}

pub(super) fn types() -> Vec<EventType> {
    let mut all = members();
    all.extend(teams());
    all.extend(projects());
    all
}

fn members() -> Vec<EventType> {
    vec![
        event(
            "workspace.updated",
            "A workspace got another name.",
            Action::ViewWorkspace,
            &changed(&[text("name")]),
            json!({ "before": { "name": "Looms" }, "after": { "name": "Shuttles" } }),
        ),
        event(
            "member.invited",
            "Somebody was invited to the workspace; told to those who may invite.",
            Action::InviteMember,
            &[id("invitation_id"), part("after", &[role()])],
            json!({ "invitation_id": SOMEBODY, "after": { "role": "member" } }),
        ),
        event(
            "member.joined",
            "Somebody came into the workspace, a team or a project.",
            Action::ListMembers,
            &[scope(), id("user_id"), part("after", &[role()])],
            json!({ "scope": "project", "user_id": SOMEBODY, "after": { "role": "editor" } }),
        ),
        event(
            "member.role_changed",
            "Somebody has another role in the workspace, a team or a project.",
            Action::ListMembers,
            &[
                scope(),
                id("user_id"),
                part("before", &[role()]),
                part("after", &[role()]),
            ],
            json!({
                "scope": "workspace", "user_id": SOMEBODY,
                "before": { "role": "member" }, "after": { "role": "admin" },
            }),
        ),
        event(
            "member.removed",
            "Somebody left the workspace, a team or a project, or was removed.",
            Action::ListMembers,
            &[scope(), id("user_id"), part("before", &[role()])],
            json!({ "scope": "team", "user_id": SOMEBODY, "before": { "role": "member" } }),
        ),
        event(
            "endpoint.disabled",
            "A webhook endpoint is told nothing more; told to managers and administrators.",
            Action::ManageWebhooks,
            &[
                id("endpoint_id"),
                choice("reason", &["chosen", "gone", "failing"]),
            ],
            json!({ "endpoint_id": SOMEBODY, "reason": "gone" }),
        ),
    ]
}

fn teams() -> Vec<EventType> {
    let name = || [text("name")];
    vec![
        event(
            "team.created",
            "A team was made.",
            Action::ViewTeam,
            &[part("after", &name())],
            json!({ "after": { "name": "Weavers" } }),
        ),
        event(
            "team.updated",
            "A team's name or description changed.",
            Action::ViewTeam,
            &[some_of("before"), some_of("after")],
            json!({ "before": { "name": "Weavers" }, "after": { "name": "Spinners" } }),
        ),
        event(
            "team.deleted",
            "A team was deleted.",
            Action::ViewTeam,
            &[part("before", &name())],
            json!({ "before": { "name": "Weavers" } }),
        ),
    ]
}

fn projects() -> Vec<EventType> {
    let name = || [text("name")];
    let short = |kind, about| {
        event(
            kind,
            about,
            Action::ViewProject,
            &[part("after", &name())],
            json!({ "after": { "name": "Looms" } }),
        )
    };
    vec![
        short("project.created", "A project was made."),
        event(
            "project.updated",
            "What is said of a project changed: its name, description, status, dates or task key.",
            Action::ViewProject,
            &[some_of("before"), some_of("after")],
            json!({ "before": { "status": "active" }, "after": { "status": "on_hold" } }),
        ),
        short("project.archived", "A project was archived."),
        short("project.unarchived", "A project came back out of the archive."),
        event(
            "project.deleted",
            "A project was put in the trash.",
            Action::ViewProject,
            &[part("before", &name())],
            json!({ "before": { "name": "Looms" } }),
        ),
        short("project.restored", "A project was taken out of the trash."),
    ]
}
