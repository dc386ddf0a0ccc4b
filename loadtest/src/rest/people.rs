//! Somebody with an account on a fresh server, and a project to work in.
//!
//! Invariant: the account is made as an operator makes the first one, with the token that the server printed; no
//! server is configured for the load generator alone.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::Method;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::machine::server::Server;
use crate::rest::client::{Client, Content, RestError};

const EMAIL: &str = "load@example.org";
const PASSWORD: &str = "an uncommon weaving of words";
/// What the server prints before the token.
const BEFORE_TOKEN: &str = "make the first administrator with this token: ";
/// How long it may take to print it.
const PRINT_TIMEOUT: Duration = Duration::from_secs(10);

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Where.
    pub address: SocketAddr,
    /// The access token.
    pub token: String,
}

/// A project of theirs.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its id.
    pub id: String,
    /// Its workspace's id.
    pub workspace: String,
}

impl Person {
    /// The first administrator of a fresh server.
    ///
    /// # Errors
    /// If the server prints no token (it must not run as a playground) or refuses.
    pub async fn first(server: &Server, address: SocketAddr) -> anyhow::Result<Self> {
        let token = printed_token(server).await?;
        let mut client = Client::connect(address, None).await?;
        let setup = json!({
            "token": token, "email": EMAIL, "password": PASSWORD, "first_name": "Load", "last_name": "Weaver",
        });
        client
            .ask(Method::POST, "/v1/setup", Content::Json(setup))
            .await?;
        let mut person = Self {
            address,
            token: String::new(),
        };
        person.log_in().await?;
        Ok(person)
    }

    /// Logs in again: an access token lives for minutes.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn log_in(&mut self) -> Result<(), RestError> {
        let mut client = Client::connect(self.address, None).await?;
        let login = json!({ "email": EMAIL, "password": PASSWORD });
        let answer = client
            .ask(Method::POST, "/v1/users/login", Content::Json(login))
            .await?;
        self.token = answer.text("access_token")?;
        Ok(())
    }

    /// A connection as this person.
    ///
    /// # Errors
    /// If the server does not accept.
    pub async fn client(&self) -> Result<Client, RestError> {
        Client::connect(self.address, Some(&self.token)).await
    }

    /// A new workspace with a team and a project in it.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn project(&self, name: &str) -> Result<Project, RestError> {
        let mut client = self.client().await?;
        let named = || Content::Json(json!({ "name": name }));
        let workspace = client.ask(Method::POST, "/v1/workspaces", named()).await?;
        let workspace = workspace.text("id")?;
        let team = json!({ "name": name, "workspace_id": workspace });
        let team = client
            .ask(Method::POST, "/v1/teams", Content::Json(team))
            .await?
            .text("id")?;
        let path = format!("/v1/teams/{team}/projects");
        let project = client.ask(Method::POST, &path, named()).await?;
        Ok(Project {
            id: project.text("id")?,
            workspace,
        })
    }
}

async fn printed_token(server: &Server) -> anyhow::Result<String> {
    let deadline = Instant::now() + PRINT_TIMEOUT;
    loop {
        let said = server.said();
        let token = said
            .lines()
            .find_map(|line| Some(line.split_once(BEFORE_TOKEN)?.1.trim().to_owned()));
        if let Some(token) = token {
            return Ok(token);
        }
        anyhow::ensure!(
            Instant::now() < deadline,
            "the server printed no token for the first administrator; it must be Weft, fresh, and no playground"
        );
        sleep(Duration::from_millis(20)).await;
    }
}
