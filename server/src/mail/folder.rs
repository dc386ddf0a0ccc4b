//! The folder that stands in for a mail server: one file for each mail, readable by the server's user only.

use std::io;
use std::path::Path;

use tokio::io::AsyncWriteExt as _;

use crate::auth::{UnixSeconds, random};

/// How many mails are kept.
pub(super) const MAX_FILES: usize = 1_000;

/// Writes `bytes` as a new file below `folder` and returns its name. Names sort by time.
pub(super) async fn write(folder: &Path, bytes: &[u8], now: UnixSeconds) -> io::Result<String> {
    create(folder).await?;
    let name = format!("{now:010}-{}.eml", random::id().simple());
    let (path, unfinished) = (folder.join(&name), folder.join(format!("{name}.part")));
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(&unfinished).await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    tokio::fs::rename(&unfinished, &path).await?;
    clear(folder).await?;
    Ok(name)
}

async fn create(folder: &Path) -> io::Result<()> {
    let mut builder = tokio::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(folder).await
}

/// Removes the oldest mails beyond [`MAX_FILES`].
async fn clear(folder: &Path) -> io::Result<()> {
    let mut names = Vec::new();
    let mut entries = tokio::fs::read_dir(folder).await?;
    while let Some(entry) = entries.next_entry().await? {
        let name = entry.file_name();
        if Path::new(&name)
            .extension()
            .is_some_and(|extension| extension == "eml")
        {
            names.push(name);
        }
    }
    names.sort();
    let superfluous = names.len().saturating_sub(MAX_FILES);
    for name in &names[..superfluous] {
        tokio::fs::remove_file(folder.join(name)).await?;
    }
    Ok(())
}
