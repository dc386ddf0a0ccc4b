//! Public keys of others. Each is examined before a library sees it; one that is no good is left out, not an error.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use crate::auth::tokens::access::VerifyingKey;

/// The most keys of a set that are looked at.
const MAX_KEYS: usize = 64;
/// The sizes of an RSA modulus that are accepted, in bytes: 2048 to 8192 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1_024;

/// A key set as it comes (RFC 7517).
#[derive(Debug, Deserialize)]
pub(super) struct JwkSet {
    keys: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl JwkSet {
    /// The keys that can verify, by id.
    pub(super) fn usable(self) -> HashMap<String, VerifyingKey> {
        let jwks = self.keys.into_iter().take(MAX_KEYS);
        jwks.filter_map(|value| {
            let jwk: Jwk = serde_json::from_value(value).ok()?;
            let key = jwk.verifying_key()?;
            Some((jwk.kid, key))
        })
        .collect()
    }
}

impl Jwk {
    /// The key with its one algorithm. Shared secrets (`oct`) are no public keys and never come out.
    fn verifying_key(&self) -> Option<VerifyingKey> {
        let (name, algorithm, key) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", None) => ("RS256", Algorithm::RS256, self.rsa()?),
            ("EC", Some("P-256")) => ("ES256", Algorithm::ES256, self.p256()?),
            ("OKP", Some("Ed25519")) => ("EdDSA", Algorithm::EdDSA, self.ed25519()?),
            _ => return None,
        };
        let fits = self
            .alg
            .as_deref()
            .is_none_or(|alg| alg == name || (alg == "Ed25519" && name == "EdDSA"));
        let for_signatures = self.usage.as_deref().is_none_or(|usage| usage == "sig");
        (fits && for_signatures).then_some(VerifyingKey { algorithm, key })
    }

    fn rsa(&self) -> Option<DecodingKey> {
        let (modulus, exponent) = (decode(self.n.as_deref()?)?, decode(self.e.as_deref()?)?);
        let is_odd = exponent.last().is_some_and(|byte| byte % 2 == 1);
        let fits = RSA_BYTES.contains(&modulus.len()) && (1..=8).contains(&exponent.len()) && is_odd;
        (fits && exponent != [1]).then(|| DecodingKey::from_rsa_raw_components(&modulus, &exponent))
    }

    fn p256(&self) -> Option<DecodingKey> {
        let (x, y) = (self.x.as_deref()?, self.y.as_deref()?);
        let fits = decode(x)?.len() == 32 && decode(y)?.len() == 32;
        fits.then(|| DecodingKey::from_ec_components(x, y).ok())?
    }

    fn ed25519(&self) -> Option<DecodingKey> {
        let x = self.x.as_deref()?;
        (decode(x)?.len() == 32).then(|| DecodingKey::from_ed_components(x).ok())?
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
