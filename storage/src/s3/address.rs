//! Which bucket, where, and how it is spoken to. Keys are never shown.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

const SCHEME: &str = "s3://";
/// The longest name of a bucket.
const MAX_BUCKET_BYTES: usize = 63;
/// The longest prefix, in bytes: a name in the bucket has at most 1,024, and ours need some of them.
const MAX_PREFIX_BYTES: usize = 512;

/// A bucket and a folder in it: `s3://bucket/folder`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Address {
    pub(super) bucket: String,
    /// Empty, or with a slash at its end.
    pub(super) prefix: String,
}

/// Text that is no address of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address of a bucket must look like s3://bucket or s3://bucket/folder")]
pub struct InvalidS3Address;

impl FromStr for S3Address {
    type Err = InvalidS3Address;

    fn from_str(text: &str) -> Result<Self, InvalidS3Address> {
        let rest = text.strip_prefix(SCHEME).ok_or(InvalidS3Address)?;
        let (bucket, folder) = rest.split_once('/').unwrap_or((rest, ""));
        let fits = |character: char| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || "-._".contains(character)
        };
        if !(3..=MAX_BUCKET_BYTES).contains(&bucket.len()) || !bucket.chars().all(fits) {
            return Err(InvalidS3Address);
        }
        let folder = folder.trim_end_matches('/');
        // Characters that every server takes and no address has to escape.
        let is_plain = |step: &str| {
            let fits = |character: char| character.is_ascii_alphanumeric() || "-._".contains(character);
            !step.is_empty() && step != "." && step != ".." && step.chars().all(fits)
        };
        let is_good =
            folder.is_empty() || (folder.len() <= MAX_PREFIX_BYTES && folder.split('/').all(is_plain));
        if !is_good {
            return Err(InvalidS3Address);
        }
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix,
        })
    }
}

impl fmt::Display for S3Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{SCHEME}{}/{}", self.bucket, self.prefix)
    }
}

/// Where a bucket's name stands in an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum S3Addressing {
    /// In the name of the host, as AWS wants it.
    #[default]
    Host,
    /// In the path, as most other servers want it.
    Path,
}

/// Half of an access key that nobody else may know. It is shown to nobody.
#[derive(Clone)]
pub struct S3Secret(String);

impl S3Secret {
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for S3Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for S3Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(hidden)")
    }
}

/// Who we are to the server.
#[derive(Debug, Clone, Default)]
pub enum S3Credentials {
    /// What the tools of AWS find: variables, the shared files, a web identity, the role of the container or the machine.
    #[default]
    Found,
    /// This key.
    Key {
        /// Its public half.
        id: String,
        /// Its secret half.
        secret: S3Secret,
    },
}

/// How long to wait for the server. Every attempt is bounded, and so are all attempts together.
#[derive(Debug, Clone, Copy)]
pub struct S3Timeouts {
    /// How long a connection may take.
    pub connect: Duration,
    /// How long the answer to a small request may take.
    pub answer: Duration,
    /// How long a request that carries a piece of content may take.
    pub piece: Duration,
    /// The longest silence within content that is being read.
    pub silence: Duration,
    /// How often a request is tried; pauses between the tries double.
    pub attempts: u32,
}

impl Default for S3Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(10),
            piece: Duration::from_secs(45),
            silence: Duration::from_secs(20),
            attempts: 3,
        }
    }
}

/// A bucket and how to reach it.
#[derive(Debug, Clone)]
pub struct S3Config {
    /// The bucket, and the folder in it that is ours alone.
    pub address: S3Address,
    /// The server, such as `https://minio.example.com:9000`; `None` for AWS.
    pub endpoint: Option<String>,
    /// The region; `None` to find it as the tools of AWS do. Other servers are content with anything.
    pub region: Option<String>,
    /// Where the bucket's name stands.
    pub addressing: S3Addressing,
    /// Who we are.
    pub credentials: S3Credentials,
    /// How long to wait.
    pub timeouts: S3Timeouts,
}

impl S3Config {
    /// A bucket of AWS, with what the environment says.
    pub fn new(address: S3Address) -> Self {
        Self {
            address,
            endpoint: None,
            region: None,
            addressing: S3Addressing::default(),
            credentials: S3Credentials::default(),
            timeouts: S3Timeouts::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_bucket_and_a_folder() {
        for (text, bucket, prefix) in [
            ("s3://weft", "weft", ""),
            ("s3://weft/", "weft", ""),
            ("s3://my.bucket-1/a/b", "my.bucket-1", "a/b/"),
            ("s3://weft/production/", "weft", "production/"),
        ] {
            let address: S3Address = text.parse().unwrap();
            assert_eq!(
                (address.bucket.as_str(), address.prefix.as_str()),
                (bucket, prefix)
            );
        }
        for text in [
            "",
            "files",
            "s3://",
            "s3:///a",
            "s3://ab",
            "s3://Weft",
            "s3://weft/a//b",
            "s3://weft/../b",
            "s3://weft/a b",
            "s3://weft?x",
            "https://weft/a",
        ] {
            assert!(text.parse::<S3Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn keys_are_not_shown() {
        let mut config = S3Config::new("s3://weft".parse().unwrap());
        config.credentials = S3Credentials::Key {
            id: "public".to_owned(),
            secret: "t0p".to_owned().into(),
        };
        assert!(!format!("{config:?}").contains("t0p"));
    }
}
