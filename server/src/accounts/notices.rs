//! What people are told about the safety of their account, by mail: passwords, devices, tokens that somebody else has.
//!
//! Invariant: nobody can turn these off, and only addresses that were verified are told where a login came from.

use uuid::Uuid;
use weft_storage::records::{RecordError, Tx, User};

use super::Accounts;
use super::session::{Client, LoggedIn};
use crate::mail::{EmailAddress, Letter};

/// How many logins are remembered when it is asked whether a device is known.
const REMEMBERED: u32 = 200;

const STRANGE: &str =
    "Somebody logged in to your account with a browser or an app that was not used for it before.";
const REUSED: &str = "What keeps you logged in was used by somebody else as well, or twice. That login was ended: log in again.";

/// Whether a login is worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    /// It is the first login, or one like it was there before.
    Known,
    /// There were others, and none like it.
    Strange,
}

impl Accounts {
    /// Whether somebody has logged in with the like before. Only before the session begins.
    pub(super) async fn device(tx: &mut Tx, user: Uuid, client: &Client) -> Result<Device, RecordError> {
        let known = tx.known_user_agents(user, REMEMBERED).await?;
        let now = likeness(client.user_agent.as_deref().unwrap_or_default());
        let is_known = known.is_empty() || known.iter().any(|agent| likeness(agent) == now);
        Ok(if is_known { Device::Known } else { Device::Strange })
    }

    /// Tells somebody that a strange device was logged in, if this one is. To be called after the commit of the session.
    pub(crate) fn tell_of_login(&self, login: &LoggedIn, client: &Client) {
        if login.device == Device::Strange && login.user.email_verified_at_ms.is_some() {
            self.notify(&login.user, STRANGE, Some(client));
        }
    }

    /// Tells somebody that a refresh token came twice.
    pub(super) fn tell_of_reuse(&self, user: &User) {
        if user.email_verified_at_ms.is_some() {
            self.notify(user, REUSED, None);
        }
    }

    /// Tells somebody what happened to their account.
    pub(super) fn notify(&self, user: &User, what: &str, client: Option<&Client>) {
        if let Ok(address) = EmailAddress::parse(&user.email) {
            let when = written(self.now_ms());
            let from = client.map(|client| client.address.to_canonical().to_string());
            let letter = Letter::SecurityNotice {
                what,
                when: &when,
                from: from.as_deref(),
            };
            self.post.send(&letter, &address);
        }
    }
}

/// What stays the same of a browser that is brought up to date: its name without numbers, as it is stored.
fn likeness(user_agent: &str) -> String {
    let stored = user_agent.chars().take(super::session::MAX_USER_AGENT_CHARACTERS);
    stored
        .filter(|character| !character.is_ascii_digit() && *character != '.')
        .collect()
}

/// A time as people read it.
fn written(now_ms: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp(now_ms / 1000).ok();
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    time.and_then(|time| time.format(&format).ok())
        .unwrap_or_default()
}
