//! What somebody wants to be told, and by which way: what is said for a project counts before what is said for its
//! workspace, and that before what is said for everywhere.
//!
//! Invariant: what cannot be read counts as not said, so that a strange document never silences anything.

use serde_json::{Map, Value};
use uuid::Uuid;
use weft_storage::records::{RecordError, Tenant};

use super::Kind;

/// A way on which something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        // Nothing leaves the server by mail or push that nobody asked for.
        self.0.iter().find_map(said).unwrap_or(channel == Channel::InApp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_more_narrowly_counts() {
        let on = r#"{"types":{"reply":{"in_app":true,"email":true}}}"#;
        let off = r#"{"types":{"reply":{"in_app":false},"role_changed":{"in_app":false}}}"#;
        for (layers, in_app, email) in [
            (vec![], true, false),
            (vec![off], false, false),
            (vec![on, off], true, true),
            (vec![off, on], false, true),
            (vec!["[]", "{", "{\"types\":7}", off], false, false),
        ] {
            let wanted = Preferences::of(layers.iter().copied());
            assert_eq!(wanted.wants(Kind::Reply, Channel::InApp), in_app, "{layers:?}");
            assert_eq!(wanted.wants(Kind::Reply, Channel::Email), email, "{layers:?}");
            assert!(wanted.wants(Kind::Mentioned, Channel::InApp));
            assert!(wanted.wants(Kind::RoleChanged, Channel::InApp));
        }
    }
}
