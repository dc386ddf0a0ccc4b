//! Requests to strangers who pass notifications on, and when those want to be asked again.
//!
//! Invariant: no answer is waited for longer, and nothing more of it is read, than [`BOUNDS`] say.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue, RETRY_AFTER};

use crate::outgoing::{Bounds, OutgoingRequest, OutgoingResponse};
use crate::webhooks::retry_after_ms;

/// How long an answer may take, and how much of it is read.
pub(super) const BOUNDS: Bounds = Bounds {
    timeout: Duration::from_secs(15),
    max_body_bytes: 16 * 1024,
};

/// Posts `body`, within [`BOUNDS`].
pub(super) fn post(url: &str, headers: Vec<(HeaderName, HeaderValue)>, body: Bytes) -> OutgoingRequest {
    OutgoingRequest {
        method: Method::POST,
        url: url.to_owned(),
        headers,
        body,
        bounds: BOUNDS,
    }
}

/// What a header says; nothing if it cannot be said in one.
pub(super) fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// How long whoever answered at `now_ms` wants to be left alone, if they say so.
pub(super) fn pause(answer: &OutgoingResponse, now_ms: i64) -> Option<Duration> {
    let asked = answer.headers.get(RETRY_AFTER)?.to_str().ok()?;
    let ms = u64::try_from(retry_after_ms(asked, now_ms)?).ok()?;
    Some(Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_what_the_answer_asks_for() {
        let asked = |text: Option<&'static [u8]>| {
            let header = text.map(|text| (RETRY_AFTER, HeaderValue::from_bytes(text).unwrap()));
            let answer = OutgoingResponse {
                status: 503,
                headers: header.into_iter().collect(),
                body: Bytes::new(),
                is_complete: true,
            };
            pause(&answer, 784_111_777_000)
        };
        assert_eq!(asked(Some(b"7")), Some(Duration::from_secs(7)));
        let date = asked(Some(b"Sun, 06 Nov 1994 08:50:37 GMT"));
        assert_eq!(date, Some(Duration::from_secs(60)));
        for none in [None, Some(&b"soon"[..]), Some(b"\xff"), Some(b"-1")] {
            assert_eq!(asked(none), None, "{none:?}");
        }
        assert_eq!(value("a\nb"), "");
    }
}
