//! The parameters of a request, from a query or a form: bounded, and each at most once.

use std::collections::HashMap;

use super::error::OAuthError;

/// The most bytes of a query or form.
const MAX_BYTES: usize = 16 * 1024;
/// The most parameters.
const MAX_PARAMS: usize = 64;

/// Parameters by name. One without a value counts as absent (RFC 6749 3.1).
#[derive(Clone, Default)]
pub struct Params(HashMap<String, String>);

impl std::fmt::Debug for Params {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values may be secrets.
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl Params {
    /// Reads `application/x-www-form-urlencoded` text.
    ///
    /// # Errors
    /// `invalid_request` if it is too large or repeats a parameter.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        if text.len() > MAX_BYTES {
            return Err(OAuthError::request("the request is too large"));
        }
        let mut params = HashMap::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if params.len() >= MAX_PARAMS {
                return Err(OAuthError::request("there are too many parameters"));
            }
            if params.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(OAuthError::request("a parameter is repeated"));
            }
        }
        params.retain(|_, value| !value.is_empty());
        Ok(Self(params))
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of `name`, which must be there.
    ///
    /// # Errors
    /// `invalid_request` with `missing` as its text.
    pub(super) fn require(&self, name: &str, missing: &'static str) -> Result<&str, OAuthError> {
        self.get(name).ok_or(OAuthError::request(missing))
    }
}
