//! Changes of some members of a resource (RFC 7396): what is absent stays, `null` clears, everything else replaces.
//!
//! Invariant: applying a patch twice is applying it once.

use axum::extract::{FromRequest, Request};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Unexpected};

use super::json;
use crate::http::Problem;

/// A patch as a `T`, whose members are [`Change`]s and [`Clearable`]s, each with `#[serde(default)]` or all by a
/// `#[serde(default, deny_unknown_fields)]` on `T`. Sent as `application/merge-patch+json` or `application/json`.
///
/// # Errors
/// As [`super::Body`].
#[derive(Debug, Clone, Copy)]
pub struct MergePatch<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for MergePatch<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        json::extract(request, &["application/merge-patch+json", "application/json"])
            .await
            .map(Self)
    }
}

/// A member that a patch may replace but not clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// It was not named.
    #[default]
    Keep,
    /// Its new value.
    Set(T),
}

impl<T> Change<T> {
    /// Puts the new value, if there is one, into `place`.
    pub fn apply(self, place: &mut T) {
        if let Self::Set(value) = self {
            *place = value;
        }
    }

    /// The new value, if there is one.
    pub fn into_option(self) -> Option<T> {
        match self {
            Self::Keep => None,
            Self::Set(value) => Some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<T>::deserialize(deserializer)? {
            Some(value) => Ok(Self::Set(value)),
            None => Err(D::Error::invalid_value(
                Unexpected::Unit,
                &"a value: it cannot be cleared",
            )),
        }
    }
}

/// A member that a patch may replace and, by `null`, clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clearable<T> {
    /// It was not named.
    #[default]
    Keep,
    /// It shall have no value.
    Clear,
    /// Its new value.
    Set(T),
}

impl<T> Clearable<T> {
    /// Changes `place` as it says.
    pub fn apply(self, place: &mut Option<T>) {
        if let Some(value) = self.into_option() {
            *place = value;
        }
    }

    /// `None` to leave it, `Some(None)` to clear it, `Some(Some(value))` to replace it.
    pub fn into_option(self) -> Option<Option<T>> {
        match self {
            Self::Keep => None,
            Self::Clear => Some(None),
            Self::Set(value) => Some(Some(value)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Clearable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::deserialize(deserializer)? {
            Some(value) => Self::Set(value),
            None => Self::Clear,
        })
    }
}
