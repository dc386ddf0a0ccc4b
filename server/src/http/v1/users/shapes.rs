//! Accounts as they travel.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_storage::records::User;

use crate::http::Problem;
use crate::http::problem::Detail;
use crate::http::rest::Timestamp;
use crate::http::rest::json::unprocessable;

/// An account, as its owner and administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(in crate::http::v1) struct UserView {
    id: Uuid,
    /// Null if another provider vouches for the account and told none.
    #[schema(format = Email, max_length = 254)]
    email: Option<String>,
    email_verified: bool,
    #[schema(min_length = 3, max_length = 50)]
    username: Option<String>,
    #[schema(max_length = 100)]
    first_name: String,
    #[schema(max_length = 100)]
    last_name: String,
    #[schema(max_length = 30)]
    phone_number: Option<String>,
    role: UserRole,
    status: UserStatus,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// An account, as colleagues see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicUser)]
pub(super) struct PublicUserView {
    id: Uuid,
    #[schema(format = Email, max_length = 254)]
    email: Option<String>,
    #[schema(min_length = 3, max_length = 50)]
    username: Option<String>,
    #[schema(max_length = 100)]
    first_name: String,
    #[schema(max_length = 100)]
    last_name: String,
}

impl From<User> for PublicUserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: Some(user.email).filter(|email| !email.is_empty()),
            username: user.username,
            first_name: user.first_name,
            last_name: user.last_name,
        }
    }
}

/// Somebody's role for the whole server; roles in workspaces are another matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum UserRole {
    User,
    Admin,
}

impl UserRole {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum UserStatus {
    Active,
    /// It was disabled.
    Inactive,
    /// Its address is not verified yet: its owner may look after the account, and nothing else.
    PendingVerification,
}

impl UserStatus {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::PendingVerification => "pending_verification",
        }
    }

    fn of(text: &str) -> Self {
        match text {
            "active" => Self::Active,
            "pending_verification" => Self::PendingVerification,
            _ => Self::Inactive,
        }
    }
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: Some(user.email).filter(|email| !email.is_empty()),
            email_verified: user.email_verified_at_ms.is_some(),
            username: user.username,
            first_name: user.first_name,
            last_name: user.last_name,
            phone_number: user.phone_number,
            role: if user.server_role == "admin" {
                UserRole::Admin
            } else {
                UserRole::User
            },
            status: UserStatus::of(&user.status),
            created_at: Timestamp(user.created_at_ms),
            updated_at: Timestamp(user.updated_at_ms),
        }
    }
}

/// Checks a name that others may find an account by.
///
/// # Errors
/// 422.
pub(super) fn check_username(name: &str) -> Result<(), Problem> {
    let fits = (3..=50).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if fits {
        return Ok(());
    }
    Err(unprocessable(Detail {
        field: "username".to_owned(),
        code: "INVALID_VALUE",
        message: "must be 3 to 50 letters, digits, `.`, `_` or `-`".to_owned(),
    }))
}
