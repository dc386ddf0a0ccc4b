//! The client of a bucket: who we are, how long anything may take, and the requests that have no content.

use std::fmt;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, Credentials, Region};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::DateTime;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::address::{S3Addressing, S3Config, S3Credentials, S3Timeouts};
use super::error::{S3Problem, sorted};
use crate::error::StorageError;

/// What signatures name as their region where the server is not AWS and nobody has said one.
const ANY_REGION: &str = "us-east-1";
/// The object whose age tells the time of the server.
const CLOCK: &str = "clock";
/// The first pause before a request is tried again.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// How long it may take to find out who we are, of what region, from whoever knows.
const FINDING_TIMEOUT: Duration = Duration::from_secs(10);

/// A folder of a bucket. Paths begin below it.
#[derive(Clone)]
pub(crate) struct Bucket {
    pub(super) client: Client,
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) timeouts: S3Timeouts,
}

/// An object as its head tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Its length.
    pub(crate) size_bytes: u64,
    /// When it was put, in milliseconds since 1970 by the server's clock.
    pub(crate) put_at_ms: i64,
}

impl Bucket {
    /// Makes a client, and sees that the bucket can be written and read.
    ///
    /// # Errors
    /// What is wrong with the bucket, the key or the way to the server.
    pub(crate) async fn open(config: &S3Config) -> Result<Self, StorageError> {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let (address, timeouts) = (&config.address, config.timeouts);
        let mut known = aws_config::defaults(BehaviorVersion::latest()).http_client(http.clone());
        let region = config.region.clone();
        if let Some(region) = region.or_else(|| config.endpoint.as_ref().map(|_| ANY_REGION.to_owned())) {
            known = known.region(Region::new(region));
        }
        if let S3Credentials::Key { id, secret } = &config.credentials {
            known = known.credentials_provider(Credentials::new(id, secret.expose(), None, None, "settings"));
        }
        // The machine itself may have to be asked.
        let found = tokio::time::timeout(FINDING_TIMEOUT, known.load()).await;
        let unmade =
            |what: &str| StorageError::unavailable("opening the bucket", S3Problem::Unmade(what.to_owned()));
        let found = found.map_err(|_| unmade("nothing says which region and key to use"))?;
        let region = found.region().cloned();
        let region = region.ok_or_else(|| unmade("no region is set, and none was found"))?;
        let credentials = found.credentials_provider();
        let credentials =
            credentials.ok_or_else(|| unmade("no key is set, and there is no way to find one"))?;
        let settings = aws_sdk_s3::Config::builder()
            .behavior_version_latest()
            .http_client(http)
            .region(region)
            .credentials_provider(credentials)
            .force_path_style(config.addressing == S3Addressing::Path)
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(timeouts.attempts.max(1))
                    .with_initial_backoff(FIRST_PAUSE),
            )
            .timeout_config(waiting(timeouts, timeouts.answer))
            // The time-outs of our own are enough, and tell what they are about.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let settings = match &config.endpoint {
            Some(endpoint) => settings.endpoint_url(endpoint),
            None => settings,
        };
        let bucket = Self {
            client: Client::from_conf(settings.build()),
            name: address.bucket.clone(),
            prefix: address.prefix.clone(),
            timeouts,
        };
        bucket.now_ms().await?;
        Ok(bucket)
    }

    /// The name in the bucket of what is at `path`.
    pub(super) fn key(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// Settings of a request that carries content.
    pub(super) fn patient(&self) -> Builder {
        aws_sdk_s3::Config::builder().timeout_config(waiting(self.timeouts, self.timeouts.piece))
    }

    /// The time by the server's clock: ages of objects are told by it alone, whatever ours says.
    pub(crate) async fn now_ms(&self) -> Result<i64, StorageError> {
        self.put(CLOCK, bytes::Bytes::new(), None).await?;
        let head = self.head(CLOCK).await?;
        head.map(|head| head.put_at_ms)
            .ok_or_else(|| StorageError::unavailable("reading the time of the bucket", S3Problem::Changed))
    }

    /// What is known of an object; `None` if there is none.
    pub(crate) async fn head(&self, path: &str) -> Result<Option<Head>, StorageError> {
        let request = self.client.head_object().bucket(&self.name).key(self.key(path));
        let found = match request.send().await {
            Ok(found) => found,
            Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == 404 => return Ok(None),
            Err(error) => return Err(sorted("looking at an object")(error)),
        };
        Ok(Some(Head {
            size_bytes: found
                .content_length()
                .and_then(|size| size.try_into().ok())
                .unwrap_or_default(),
            put_at_ms: milliseconds(found.last_modified()),
        }))
    }

    /// Removes an object; removing one that does not exist is no error.
    pub(crate) async fn remove(&self, path: &str) -> Result<(), StorageError> {
        let request = self.client.delete_object().bucket(&self.name).key(self.key(path));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == 404 => Ok(()),
            Err(error) => Err(sorted("removing an object")(error)),
        }
    }
}

/// Bounds for a request of which one attempt may take `attempt`.
fn waiting(timeouts: S3Timeouts, attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(timeouts.connect)
        .operation_attempt_timeout(attempt)
        .operation_timeout(attempt * timeouts.attempts.max(1) + FINDING_TIMEOUT)
        .build()
}

/// A moment in milliseconds since 1970. One that is not told counts as never: what has no age is young.
pub(super) fn milliseconds(moment: Option<&DateTime>) -> i64 {
    moment
        .and_then(|moment| moment.to_millis().ok())
        .unwrap_or(i64::MAX)
}

impl fmt::Debug for Bucket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Bucket")
            .field("name", &self.name)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
