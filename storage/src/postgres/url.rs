//! The address of a Postgres database. Its password is never shown.

use std::fmt;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

/// A `postgres://user:password@host:port/database` address, with the parameters that libpq knows
/// (`?sslmode=verify-full`, `?host=/run/postgresql`).
#[derive(Clone)]
pub struct PostgresUrl(Box<PgConnectOptions>);

/// Text that is no address of a Postgres database. It does not repeat the text, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the database address must look like postgres://user:password@host:5432/database")]
pub struct InvalidDatabaseUrl;

impl PostgresUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// [`InvalidDatabaseUrl`].
    pub fn parse(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        if !["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| text.starts_with(scheme))
        {
            return Err(InvalidDatabaseUrl);
        }
        let options = PgConnectOptions::from_str(text).map_err(|_| InvalidDatabaseUrl)?;
        Ok(Self(Box::new(options)))
    }

    pub(super) fn options(&self) -> PgConnectOptions {
        (*self.0).clone()
    }
}

impl fmt::Display for PostgresUrl {
    /// Without the password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, database) = (self.0.get_username(), self.0.get_database().unwrap_or_default());
        match self.0.get_socket() {
            Some(socket) => write!(formatter, "postgres://{user}@{}/{database}", socket.display()),
            None => write!(
                formatter,
                "postgres://{user}@{}:{}/{database}",
                self.0.get_host(),
                self.0.get_port()
            ),
        }
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let url =
            PostgresUrl::parse("postgres://ann:s%40cret@db.example.com:6432/weft?sslmode=require").unwrap();
        assert_eq!(url.to_string(), "postgres://ann@db.example.com:6432/weft");
        assert_eq!(format!("{url:?}"), url.to_string());
        let socket = PostgresUrl::parse("postgresql://ann@%2Frun%2Fpostgresql/weft").unwrap();
        assert_eq!(socket.to_string(), "postgres://ann@/run/postgresql/weft");
    }

    #[test]
    fn other_addresses_are_refused() {
        for text in [
            "",
            "weft.db",
            "mysql://ann@host/weft",
            "postgres://host:port/weft",
        ] {
            assert!(PostgresUrl::parse(text).is_err(), "{text}");
        }
    }
}
