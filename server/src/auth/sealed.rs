//! Secrets at rest: what must be read again (signing keys, client secrets of others, webhook secrets) is encrypted with
//! a key that is not in the database.
//!
//! Invariant: ChaCha20-Poly1305 with a random nonce; the context (what it is and whose) is authenticated, so that a
//! sealed text moved to another row does not open. What was sealed with an older secret still opens.

use std::fmt;
use std::io;
use std::path::Path;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest as _, Sha256};

use super::random;
use crate::config::Secret;

/// The first byte of everything sealed.
const VERSION: u8 = 1;
/// How much of a key's fingerprint stands in what it sealed.
const KEY_ID_BYTES: usize = 4;
const HEAD_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_LEN;
/// The file that holds the secret when the settings name none.
pub const FILE: &str = "secret.key";

/// Why something does not open, or cannot be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// It was changed, belongs elsewhere, or was sealed with a secret that is not known any more.
    #[error("a stored secret cannot be decrypted with the configured encryption secrets")]
    Unopened,
    /// There is no secret to seal with.
    #[error("there is no encryption secret")]
    NoSecret,
    /// The file with the secret cannot be read or made.
    #[error("the file {FILE} in the data directory cannot be used: {0}")]
    File(#[from] io::Error),
}

/// Seals and opens. The first key seals.
pub struct Sealer {
    keys: Vec<([u8; KEY_ID_BYTES], LessSafeKey)>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sealer")
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

impl Sealer {
    /// With these secrets, the first of which seals.
    ///
    /// # Errors
    /// [`SealError::NoSecret`] if there is none that can be used.
    pub fn new(secrets: &[Secret]) -> Result<Self, SealError> {
        Self::from_bytes(secrets.iter().filter_map(Secret::parts).map(|(_, secret)| secret))
    }

    /// With the secrets of the settings or, without any, with the one in `data/secret.key`, which is made if need be,
    /// readable by the server's user only.
    ///
    /// # Errors
    /// [`SealError::File`] if that cannot be done.
    pub fn load_or_create(secrets: &[Secret], data: &Path) -> Result<Self, SealError> {
        if !secrets.is_empty() {
            return Self::new(secrets);
        }
        let path = data.join(FILE);
        let secret = match std::fs::read(&path) {
            Ok(secret) => secret,
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(&path)?,
            Err(error) => return Err(error.into()),
        };
        Self::from_bytes(std::iter::once(secret.trim_ascii()))
    }

    fn from_bytes<'a>(secrets: impl Iterator<Item = &'a [u8]>) -> Result<Self, SealError> {
        let keys: Vec<_> = secrets
            .filter(|secret| secret.len() >= 32)
            .filter_map(key)
            .collect();
        if keys.is_empty() {
            Err(SealError::NoSecret)
        } else {
            Ok(Self { keys })
        }
    }

    /// Encrypts `plain` for `context`, which names what it is and whose: `signing-key`, `webhook:<id>`.
    ///
    /// # Errors
    /// [`SealError::NoSecret`], which cannot happen.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let (id, key) = self.keys.first().ok_or(SealError::NoSecret)?;
        let nonce: [u8; NONCE_LEN] = random::bytes();
        let mut body = plain.to_vec();
        let aad = Aad::from(context.as_bytes());
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut body)
            .map_err(|_| SealError::NoSecret)?;
        Ok([&[VERSION], &id[..], &nonce, &body].concat())
    }

    /// Decrypts what was sealed for `context`.
    ///
    /// # Errors
    /// [`SealError::Unopened`] for every reason.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (head, body) = sealed.split_at_checked(HEAD_BYTES).ok_or(SealError::Unopened)?;
        let (id, nonce) = head[1..].split_at(KEY_ID_BYTES);
        let nonce: [u8; NONCE_LEN] = nonce.try_into().map_err(|_| SealError::Unopened)?;
        let key = self
            .keys
            .iter()
            .find(|(other, _)| head[0] == VERSION && other[..] == *id);
        let (_, key) = key.ok_or(SealError::Unopened)?;
        let mut body = body.to_vec();
        let aad = Aad::from(context.as_bytes());
        let plain = key
            .open_in_place(Nonce::assume_unique_for_key(nonce), aad, &mut body)
            .map_err(|_| SealError::Unopened)?;
        Ok(plain.to_vec())
    }
}

fn key(secret: &[u8]) -> Option<([u8; KEY_ID_BYTES], LessSafeKey)> {
    // Hashed apart for the two uses, so that the id tells nothing about the key.
    let bytes = Sha256::new()
        .chain_update(b"weft sealing key")
        .chain_update(secret)
        .finalize();
    let fingerprint = Sha256::new()
        .chain_update(b"weft sealing key id")
        .chain_update(secret)
        .finalize();
    let id = fingerprint[..KEY_ID_BYTES].try_into().ok()?;
    Some((
        id,
        LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &bytes).ok()?),
    ))
}

fn create(path: &Path) -> io::Result<Vec<u8>> {
    use std::io::Write as _;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let secret = random::token();
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(secret.as_bytes())?;
    file.sync_all()?;
    Ok(secret.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(letter: &str) -> Secret {
        Secret::new(format!("{letter}:{}", letter.repeat(32)))
    }

    #[test]
    fn what_is_sealed_opens_again_and_nowhere_else() {
        let sealer = Sealer::new(&[secret("a")]).unwrap();
        let sealed = sealer.seal("webhook:1", b"whsec_x").unwrap();
        assert_eq!(sealer.open("webhook:1", &sealed).unwrap(), b"whsec_x");
        assert_ne!(sealed, sealer.seal("webhook:1", b"whsec_x").unwrap());
        assert!(!sealed.windows(7).any(|window| window == b"whsec_x"));
        assert!(sealer.open("webhook:2", &sealed).is_err());
        assert!(
            Sealer::new(&[secret("b")])
                .unwrap()
                .open("webhook:1", &sealed)
                .is_err()
        );
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open("webhook:1", &changed).is_err(), "byte {at}");
            assert!(sealer.open("webhook:1", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_new_secret_opens_what_the_old_one_sealed() {
        let sealed = Sealer::new(&[secret("a")]).unwrap().seal("x", b"1").unwrap();
        let both = Sealer::new(&[secret("b"), secret("a")]).unwrap();
        assert_eq!(both.open("x", &sealed).unwrap(), b"1");
        let newer = both.seal("x", b"2").unwrap();
        assert!(Sealer::new(&[secret("a")]).unwrap().open("x", &newer).is_err());
        assert!(Sealer::new(&[]).is_err());
    }

    #[test]
    fn without_settings_the_secret_is_a_file_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let sealed = Sealer::load_or_create(&[], &data)
            .unwrap()
            .seal("x", b"1")
            .unwrap();
        assert_eq!(
            Sealer::load_or_create(&[], &data)
                .unwrap()
                .open("x", &sealed)
                .unwrap(),
            b"1"
        );
        let path = data.join(FILE);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        std::fs::write(&path, "short").unwrap();
        assert!(matches!(
            Sealer::load_or_create(&[], &data),
            Err(SealError::NoSecret)
        ));
        assert!(Sealer::load_or_create(&[secret("a")], &data).is_ok());
    }
}
