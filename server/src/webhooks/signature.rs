//! The signatures of a message by Standard Webhooks, over id, time and the exact bytes of the body: `v1` with a secret that
//! the receiver has (HMAC-SHA256), and `v1a` that everybody can verify (ed25519).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::signing_key::SigningKey;

/// Signs what is sent under `id` at `timestamp_s`, in seconds since 1970, with one key.
pub(crate) fn sign(key: &[u8], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{id}.{timestamp_s}.").as_bytes());
    context.update(body);
    format!("v1,{}", STANDARD.encode(context.sign()))
}

/// Signs the same with a private key.
pub(super) fn sign_openly(key: &SigningKey, id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let content = [format!("{id}.{timestamp_s}.").as_bytes(), body].concat();
    format!("v1a,{}", STANDARD.encode(key.sign(&content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vector_comes_out() {
        let key = STANDARD.decode("C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let id = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
        assert_eq!(
            sign(&key, id, 1_649_367_553, body),
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="
        );
        assert_ne!(
            sign(&key, id, 1_649_367_554, body),
            sign(&key, id, 1_649_367_553, body)
        );
    }

    #[test]
    fn everybody_can_verify_what_a_key_signed() {
        use ring::signature::{ED25519, UnparsedPublicKey};

        let key = SigningKey::generate().unwrap();
        let signature = sign_openly(&key, "msg_1", 7, b"{}");
        let signature = STANDARD.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
        let public = key.expose_public();
        let public = STANDARD.decode(public.strip_prefix("whpk_").unwrap()).unwrap();
        let public = UnparsedPublicKey::new(&ED25519, public);
        assert!(public.verify(b"msg_1.7.{}", &signature).is_ok());
        assert!(public.verify(b"msg_1.8.{}", &signature).is_err());
    }
}
