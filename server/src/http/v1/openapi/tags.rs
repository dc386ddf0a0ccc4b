//! The chapters of the description: every tag that an operation may have, with what it is about.

use serde_json::{Value, json};

pub(super) const TAGS: &[(&str, &str)] = &[
    (
        "Documents",
        "Documents and what they show, read and changed while people edit them.",
    ),
    ("Sessions", "Logging in, staying logged in, and logging out."),
    (
        "Users",
        "Accounts: one's own, those of colleagues, and their administration.",
    ),
    (
        "Sharing",
        "With whom a document is shared: by name, by a link, by a token.",
    ),
    (
        "Boards",
        "Boards of tasks: their columns, lanes, labels and custom fields.",
    ),
    ("Tasks", "Tasks: the cards of boards."),
    (
        "Attachments",
        "Files that are attached to documents and to tasks.",
    ),
    (
        "Comments",
        "What people say about documents and tasks, and who hears of it.",
    ),
    ("Reminders", "When you want to hear of a task."),
    (
        "Notifications",
        "What you are told of what happens: your inbox, and what you want in it.",
    ),
    ("Views", "Filters of task lists that have a name."),
    ("Events", "What happened, for programs and for people."),
    (
        "Webhooks",
        "Telling other systems what happens in a workspace, by Standard Webhooks.",
    ),
    ("Audit", "Who did what to what, when, and from where."),
    ("Workspaces", "Tenants: who is in them, and as what."),
    ("Invitations", "How people get into workspaces."),
    ("Teams", "People of a workspace who share projects."),
    (
        "Projects",
        "What holds documents and boards, and who may do what with them.",
    ),
    ("Batch", "Several requests in one."),
    (
        "API keys",
        "Keys for programs that act for their owner, in one workspace.",
    ),
    (
        "OAuth clients",
        "Applications that people let act for them, and what they have allowed.",
    ),
    (
        "OAuth",
        "The protocol endpoints of the OAuth 2 and OpenID provider.",
    ),
    ("Sockets", "What clients need before they open a WebSocket."),
];

pub(super) fn add(api: &mut Value) {
    api["tags"] = TAGS
        .iter()
        .map(|(name, about)| json!({ "name": name, "description": about }))
        .collect();
}
