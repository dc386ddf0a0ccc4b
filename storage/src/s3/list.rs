//! What is in a folder of the bucket, page by page, and uploads that nobody finishes any more.

use std::time::Duration;

use aws_sdk_s3::error::SdkError;

use super::connect::{Bucket, milliseconds};
use super::error::sorted;
use crate::error::StorageError;

/// Names that are asked for at a time.
const PAGE: i32 = 1_000;

/// An object in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its path below the folder of the bucket that is ours.
    pub(crate) path: String,
    /// When it was put, in milliseconds since 1970 by the server's clock.
    pub(crate) put_at_ms: i64,
}

/// Some of what is in a folder, in order of the names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    /// The objects.
    pub(crate) objects: Vec<Listed>,
    /// Whether nothing comes behind them.
    pub(crate) is_last: bool,
}

/// Whether something that was put at `put_at_ms` is `age` old at `now_ms`. The server tells times in whole seconds here
/// and more exactly there, so what is just being put may seem to come later: it has no age. What has no time is young.
pub(crate) fn is_older(put_at_ms: i64, now_ms: i64, age: Duration) -> bool {
    let age_ms = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    now_ms.saturating_sub(put_at_ms).max(0) >= age_ms
}

impl Bucket {
    /// The objects whose paths begin with `folder`, behind the path `after`.
    pub(crate) async fn list(&self, folder: &str, after: Option<&str>) -> Result<Page, StorageError> {
        let request = self
            .client
            .list_objects_v2()
            .bucket(&self.name)
            .prefix(self.key(folder))
            .set_start_after(after.map(|path| self.key(path)))
            .max_keys(PAGE);
        let found = request.send().await.map_err(sorted("listing objects"))?;
        let objects = found.contents().iter().filter_map(|object| {
            Some(Listed {
                path: object.key()?.strip_prefix(&self.prefix)?.to_owned(),
                put_at_ms: milliseconds(object.last_modified()),
            })
        });
        let objects: Vec<_> = objects.collect();
        let is_last = objects.is_empty() || found.is_truncated() != Some(true);
        Ok(Page { objects, is_last })
    }

    /// Gives up uploads in parts that began longer than `age` ago: their process has died. How many there were. Servers
    /// that cannot list them clear them away by themselves, or by a rule of the bucket.
    pub(crate) async fn abort_uploads(&self, age: Duration) -> Result<usize, StorageError> {
        let now_ms = self.now_ms().await?;
        let (mut aborted, mut key, mut id) = (0, None, None);
        loop {
            let request = self
                .client
                .list_multipart_uploads()
                .bucket(&self.name)
                .prefix(&self.prefix)
                .set_key_marker(key.take())
                .set_upload_id_marker(id.take());
            let found = match request.send().await {
                Ok(found) => found,
                Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == 501 => {
                    return Ok(aborted);
                }
                Err(error) => return Err(sorted("listing unfinished uploads")(error)),
            };
            for upload in found.uploads() {
                let (Some(key), Some(id)) = (upload.key(), upload.upload_id()) else {
                    continue;
                };
                if is_older(milliseconds(upload.initiated()), now_ms, age) {
                    self.abort(key, id).await?;
                    aborted += 1;
                }
            }
            if found.is_truncated() != Some(true) {
                return Ok(aborted);
            }
            key = found.next_key_marker().map(str::to_owned);
            id = found.next_upload_id_marker().map(str::to_owned);
        }
    }

    /// Gives up an upload in parts, by its full name.
    pub(super) async fn abort(&self, key: &str, id: &str) -> Result<(), StorageError> {
        let request = self
            .client
            .abort_multipart_upload()
            .bucket(&self.name)
            .key(key)
            .upload_id(id);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == 404 => Ok(()),
            Err(error) => Err(sorted("giving up an upload")(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_time_is_young() {
        let second = Duration::from_secs(1);
        assert!(is_older(0, 1_000, second) && !is_older(1, 1_000, second));
        assert!(is_older(900, 0, Duration::ZERO) && !is_older(900, 0, Duration::from_millis(1)));
        assert!(!is_older(i64::MAX, i64::MAX - 1, Duration::from_millis(1)));
    }
}
