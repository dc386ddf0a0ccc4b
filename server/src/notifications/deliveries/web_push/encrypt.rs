//! Messages that only one browser can read: RFC 8291, with the content coding `aes128gcm` of RFC 8188.
//!
//! Invariant: each message has a key pair and a salt of its own, which are forgotten with it.

use p256::ecdh::diffie_hellman;
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use p256::{PublicKey, SecretKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

use crate::auth::random;

/// How many bytes a public key has: an uncompressed point.
pub(crate) const PUBLIC_KEY_BYTES: usize = 65;
/// How many bytes a browser's secret has.
pub(crate) const SECRET_BYTES: usize = 16;
/// What every push service takes (RFC 8291, section 4), without what encryption adds.
pub(super) const MAX_PLAIN_BYTES: usize = 3_993;

const SALT_BYTES: usize = 16;
const KEY_BYTES: usize = 16;
/// The size of the only record.
const RECORD_BYTES: u32 = 4_096;
/// What ends the last record.
const LAST: u8 = 2;

/// The keys of a browser.
#[derive(Clone)]
pub(crate) struct BrowserKeys {
    public: PublicKey,
    secret: [u8; SECRET_BYTES],
}

impl BrowserKeys {
    /// The keys that a browser names; `None` if they are none.
    pub(crate) fn parse(public: &[u8], secret: &[u8]) -> Option<Self> {
        if public.len() != PUBLIC_KEY_BYTES {
            return None;
        }
        Some(Self {
            public: PublicKey::from_sec1_bytes(public).ok()?,
            secret: secret.try_into().ok()?,
        })
    }

    /// The body of a message that says `plain`; `None` if that is longer than [`MAX_PLAIN_BYTES`].
    pub(super) fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.encrypt_with(plain, &secret_key(), random::bytes())
    }

    fn encrypt_with(&self, plain: &[u8], ours: &SecretKey, salt: [u8; SALT_BYTES]) -> Option<Vec<u8>> {
        if plain.len() > MAX_PLAIN_BYTES {
            return None;
        }
        let (our_public, their_public) = (point(&ours.public_key()), point(&self.public));
        let shared = diffie_hellman(ours.to_nonzero_scalar(), self.public.as_affine());
        let info = [b"WebPush: info\0".as_slice(), &their_public, &our_public];
        let shared = Salt::new(HKDF_SHA256, &self.secret).extract(shared.raw_secret_bytes());
        let input: [u8; 32] = expand(&shared, &info)?;
        let derived = Salt::new(HKDF_SHA256, &salt).extract(&input);
        let key: [u8; KEY_BYTES] = expand(&derived, &[b"Content-Encoding: aes128gcm\0"])?;
        let nonce: [u8; NONCE_LEN] = expand(&derived, &[b"Content-Encoding: nonce\0"])?;

        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?);
        let mut record = [plain, &[LAST]].concat();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)
            .ok()?;
        let mut body = salt.to_vec();
        body.extend(RECORD_BYTES.to_be_bytes());
        body.push(u8::try_from(PUBLIC_KEY_BYTES).ok()?);
        body.extend(our_public);
        body.extend(record);
        Some(body)
    }
}

/// A key of our own.
pub(super) fn secret_key() -> SecretKey {
    loop {
        // All but one in four billion are keys.
        if let Ok(key) = SecretKey::from_slice(&random::bytes::<32>()) {
            return key;
        }
    }
}

/// A public key as it is written.
pub(super) fn point(key: &PublicKey) -> Vec<u8> {
    key.to_encoded_point(false).as_bytes().to_vec()
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(key: &Prk, info: &[&[u8]]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    key.expand(info, Length(N)).ok()?.fill(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    fn browser() -> BrowserKeys {
        let public =
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        BrowserKeys::parse(&bytes(public), &bytes("BTBZMqHH6r4Tts7J_aSIgg")).unwrap()
    }

    /// RFC 8291, appendix A.
    #[test]
    fn the_vector_of_the_standard() {
        let ours = SecretKey::from_slice(&bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")).unwrap();
        let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let body = browser()
            .encrypt_with(b"When I grow up, I want to be a watermelon", &ours, salt)
            .unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(body),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tl\
             zAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn what_is_too_long_is_not_written_and_no_two_are_alike() {
        let browser = browser();
        let longest = browser.encrypt(&[b'a'; MAX_PLAIN_BYTES]).unwrap();
        assert_eq!(longest.len(), 4_096);
        assert!(browser.encrypt(&[b'a'; MAX_PLAIN_BYTES + 1]).is_none());
        assert_ne!(browser.encrypt(b"one"), browser.encrypt(b"one"));
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        let good =
            bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
        let secret = [0; SECRET_BYTES];
        assert!(BrowserKeys::parse(&good, &secret).is_some());
        assert!(BrowserKeys::parse(&good, &secret[1..]).is_none());
        assert!(BrowserKeys::parse(&good[..64], &secret).is_none());
        let mut off_the_curve = good.clone();
        off_the_curve[64] ^= 1;
        assert!(BrowserKeys::parse(&off_the_curve, &secret).is_none());
        assert!(BrowserKeys::parse(&[0; PUBLIC_KEY_BYTES], &secret).is_none());
    }
}
