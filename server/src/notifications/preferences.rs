//! What somebody wants to be told, and by which way: what is said for a project counts before what is said for its
//! workspace, and that before what is said for everywhere.
//!
//! Invariant: what cannot be read counts as not said, so that a strange document never silences anything.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::{RecordError, Tenant};

use super::Kind;

/// A way on which something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NotificationChannel)]
pub(crate) enum Channel {
    /// In the inbox.
    InApp,
    /// By mail.
    Email,
    /// By a push message.
    Push,
}

impl Channel {
    /// Every way.
    pub(crate) const ALL: [Self; 3] = [Self::InApp, Self::Email, Self::Push];

    /// Its name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InApp => "in_app",
            Self::Email => "email",
            Self::Push => "push",
        }
    }
}

/// What somebody wants, from the narrowest scope to the widest: JSON objects with a member `types`.
#[derive(Debug, Default)]
pub(crate) struct Preferences(Vec<Map<String, Value>>);

impl Preferences {
    /// From the narrowest to the widest.
    pub(crate) fn of<'a>(layers: impl IntoIterator<Item = &'a str>) -> Self {
        let layers = layers.into_iter();
        Self(
            layers
                .map(|text| serde_json::from_str(text).unwrap_or_default())
                .collect(),
        )
    }

    /// What counts for somebody in a project of the workspace, or in what belongs to none; `everywhere` is what their
    /// account says.
    ///
    /// # Errors
    /// A failure of the database.
    pub(crate) async fn read(
        tenant: &mut Tenant<'_>,
        user: Uuid,
        project: Option<Uuid>,
        everywhere: &str,
    ) -> Result<Self, RecordError> {
        let mut texts = Vec::new();
        for scope in project.into_iter().chain([tenant.id().0]) {
            let found = tenant.notification_preferences(user, scope).await?;
            texts.extend(found.map(|found| found.preferences));
        }
        Ok(Self::of(texts.iter().map(String::as_str).chain([everywhere])))
    }

    /// Whether they want to be told this in that way.
    pub(crate) fn wants(&self, kind: Kind, channel: Channel) -> bool {
        if kind.is_fixed() && channel == Channel::InApp {
            return true;
        }
        let said = |layer: &Map<String, Value>| {
            let types = layer.get("types")?;
            types.get(kind.as_str())?.get(channel.as_str())?.as_bool()
        };
        let by_default = channel == Channel::InApp || kind.is_sent_by_default();
        self.0.iter().find_map(said).unwrap_or(by_default)
    }
}

/// What somebody wants, as JSON, without mails of these types: they are said to be unwanted everywhere, and in narrower
/// scopes only where something else was said. `None` if it says so already.
pub(crate) fn without_mails(said: &str, kinds: &[Kind], scope: MailScope) -> Option<String> {
    let mut all: Map<String, Value> = serde_json::from_str(said).unwrap_or_default();
    let mut types = match all.remove("types") {
        Some(Value::Object(types)) => types,
        _ => Map::new(),
    };
    let mut is_changed = false;
    for kind in kinds {
        let mut ways = match types.remove(kind.as_str()) {
            Some(Value::Object(ways)) => ways,
            _ => Map::new(),
        };
        let wanted = ways.get(Channel::Email.as_str()).and_then(Value::as_bool);
        if wanted == Some(true) || (wanted.is_none() && scope == MailScope::Everywhere) {
            ways.insert(Channel::Email.as_str().to_owned(), Value::Bool(false));
            is_changed = true;
        }
        if !ways.is_empty() {
            types.insert(kind.as_str().to_owned(), Value::Object(ways));
        }
    }
    all.insert("types".to_owned(), Value::Object(types));
    is_changed.then(|| Value::Object(all).to_string())
}

/// How wide something counts that is said about mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MailScope {
    /// Wherever nothing else is said.
    Everywhere,
    /// In a workspace or a project.
    Narrower,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_more_narrowly_counts() {
        let on = r#"{"types":{"reply":{"in_app":true,"email":true}}}"#;
        let off = r#"{"types":{"reply":{"in_app":false},"role_changed":{"in_app":false}}}"#;
        let silent = r#"{"types":{"reply":{"email":false}}}"#;
        for (layers, in_app, email) in [
            (vec![], true, true),
            (vec![off], false, true),
            (vec![on, off], true, true),
            (vec![off, silent], false, false),
            (vec!["[]", "{", "{\"types\":7}", off], false, true),
        ] {
            let wanted = Preferences::of(layers.iter().copied());
            assert_eq!(wanted.wants(Kind::Reply, Channel::InApp), in_app, "{layers:?}");
            assert_eq!(wanted.wants(Kind::Reply, Channel::Email), email, "{layers:?}");
            assert!(wanted.wants(Kind::Mentioned, Channel::InApp));
            assert!(wanted.wants(Kind::RoleChanged, Channel::InApp));
            assert!(!wanted.wants(Kind::StatusChanged, Channel::Push));
        }
    }

    #[test]
    fn mails_are_turned_off_where_they_are_on() {
        let kinds = [Kind::Reply, Kind::Mentioned];
        let off = |said: &str, scope| without_mails(said, &kinds, scope);
        let on =
            r#"{"digest":"daily","types":{"reply":{"email":true,"in_app":false},"assigned":{"email":true}}}"#;
        let text = off(on, MailScope::Everywhere).unwrap();
        let wanted = Preferences::of([text.as_str()]);
        for (kind, email) in [
            (Kind::Reply, false),
            (Kind::Mentioned, false),
            (Kind::Assigned, true),
        ] {
            assert_eq!(wanted.wants(kind, Channel::Email), email, "{kind:?}");
        }
        assert!(!wanted.wants(Kind::Reply, Channel::InApp) && text.contains("daily"));
        assert_eq!(off(&text, MailScope::Everywhere), None);
        let text = off(on, MailScope::Narrower).unwrap();
        let inherits = Preferences::of([text.as_str(), r#"{"types":{"mentioned":{"email":true}}}"#]);
        assert!(inherits.wants(Kind::Mentioned, Channel::Email));
        assert!(!inherits.wants(Kind::Reply, Channel::Email));
        assert_eq!(off("{}", MailScope::Narrower), None);
    }
}
