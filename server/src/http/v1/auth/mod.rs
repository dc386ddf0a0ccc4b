//! Logging in and what follows from it: `/v1/users/login`, `/v1/auth/…`.

mod client;
mod email;
mod failure;
mod login;
mod logout;
mod password;
mod refresh;
mod sessions;
mod setup;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use self::client::FromClient;
pub(super) use self::failure::Failure;
use super::Api;
use super::users::UserView;
use crate::accounts::LoggedIn;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(login::log_in))
        .routes(routes!(refresh::refresh_tokens))
        .routes(routes!(logout::log_out))
        .routes(routes!(sessions::list_sessions))
        .routes(routes!(sessions::delete_session))
        .routes(routes!(email::verify_email))
        .routes(routes!(email::resend_verification))
        .routes(routes!(email::change_email))
        .routes(routes!(password::forgot_password))
        .routes(routes!(password::reset_password))
        .routes(routes!(password::change_password))
        .routes(routes!(setup::set_up))
}

/// What whoever is logged in gets.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(super) struct TokensView {
    /// Goes into the header `Authorization: Bearer …`.
    #[schema(max_length = 8192)]
    access_token: String,
    token_type: TokenType,
    /// How long the access token lives, in seconds.
    #[schema(minimum = 1)]
    expires_in: u64,
    /// Gets the next pair, once.
    #[schema(max_length = 51)]
    refresh_token: String,
    user: UserView,
}

/// How the access token is used.
#[derive(Serialize, ToSchema)]
enum TokenType {
    Bearer,
}

impl From<LoggedIn> for TokensView {
    fn from(logged_in: LoggedIn) -> Self {
        Self {
            access_token: logged_in.access_token,
            token_type: TokenType::Bearer,
            expires_in: logged_in.expires_in,
            refresh_token: logged_in.refresh_token.expose().to_owned(),
            user: UserView::from(logged_in.user),
        }
    }
}
