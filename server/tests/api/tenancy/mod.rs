//! Workspaces, teams, projects, invitations: who may do what, and what happens when two do it at once.

mod invitations;
mod projects;
mod rights;
mod teams;
mod workspaces;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Person, TestServer, id_of, text};

async fn team(server: &TestServer, owner: &Person, name: &str) -> Uuid {
    let form = json!({ "workspace_id": owner.workspace, "name": name });
    id_of(
        &server
            .post("/v1/teams")
            .of(owner)
            .json(form)
            .send()
            .await
            .expect(201),
    )
}

fn names(list: &Value) -> Vec<String> {
    let rows = list["data"].as_array().unwrap();
    rows.iter().map(|row| text(&row["name"])).collect()
}
