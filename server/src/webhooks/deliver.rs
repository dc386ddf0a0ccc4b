//! One attempt: one request, signed for its moment, and what its answer means.
//!
//! Invariant: nothing here waits longer than the time of an attempt, whatever the other side does, and nothing of an
//! answer is kept beyond how it begins.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{self, HeaderName, HeaderValue};
use tokio::time::Instant;
use uuid::Uuid;
use weft_storage::WorkspaceId;

use super::Webhooks;
use super::keys::Keys;
use super::message::wire_id;
use super::schedule::{Hint, retry_after_ms};
use crate::outgoing::{Bounds, OutgoingError, OutgoingRequest, OutgoingResponse};

/// How much of an answer is read, in bytes.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// How much of an answer is kept, in characters.
const MAX_KEPT_CHARS: usize = 1_024;
/// A connection that breaks within this time is tried once more at once: it may have been the end of an idle one.
const SOON: Duration = Duration::from_secs(1);

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// By this header of an answer an endpoint says that it does not want a message again.
const DELIVERY: HeaderName = HeaderName::from_static("webhook-delivery");

/// A message on its way.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) workspace: WorkspaceId,
    pub(super) endpoint: Uuid,
    pub(super) message: Uuid,
    pub(super) claim: Uuid,
    /// How many attempts failed since it was last put in line.
    pub(super) tries: usize,
    /// Whether it is a test, which is tried once.
    pub(super) is_test: bool,
    /// When it was made, in milliseconds since 1970.
    pub(super) created_at_ms: i64,
    pub(super) url: String,
    pub(super) keys: Keys,
    pub(super) body: Bytes,
}

/// What an attempt means for its message and its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was taken.
    Taken,
    /// It was not; try again.
    Refused(Hint),
    /// It is not wanted again.
    Unwanted,
    /// The endpoint is gone for good.
    Gone,
}

/// What came of an attempt.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) letter: Letter,
    pub(super) verdict: Verdict,
    pub(super) started_at_ms: i64,
    pub(super) duration_ms: i64,
    pub(super) status: Option<u16>,
    pub(super) error: Option<String>,
    pub(super) response: String,
}

impl Webhooks {
    /// Makes one attempt.
    pub(super) async fn deliver(&self, letter: Letter) -> Report {
        let (begun, started_at_ms) = (Instant::now(), self.clock.now_ms());
        let mut answer = self.ask(&letter, self.settings.timeout).await;
        let is_cut =
            |error: &OutgoingError| matches!(error, OutgoingError::Connect(_) | OutgoingError::Http(_));
        if answer.as_ref().is_err_and(is_cut) && begun.elapsed() < SOON {
            let left = self.settings.timeout.saturating_sub(begun.elapsed());
            answer = self.ask(&letter, left).await;
        }
        let (verdict, error) = judge(answer.as_ref(), self.clock.now_ms());
        let (status, response) = match answer {
            Ok(answer) => (Some(answer.status), kept(&answer.body)),
            Err(_) => (None, String::new()),
        };
        Report {
            letter,
            verdict,
            started_at_ms,
            duration_ms: i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX),
            status,
            error,
            response,
        }
    }

    async fn ask(&self, letter: &Letter, timeout: Duration) -> Result<OutgoingResponse, OutgoingError> {
        let now_ms = self.clock.now_ms();
        let id = wire_id(letter.message);
        let signatures = letter.keys.signatures(&id, now_ms, &letter.body);
        let value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
        let mut headers: Vec<_> = letter.keys.headers.pairs().collect();
        // Behind theirs, so that nothing of theirs could ever take the place of these.
        headers.extend([
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (ID, value(&id)),
            (TIMESTAMP, value(&now_ms.div_euclid(1_000).to_string())),
            (SIGNATURE, value(&signatures)),
        ]);
        let request = OutgoingRequest {
            method: Method::POST,
            url: letter.url.clone(),
            headers,
            body: letter.body.clone(),
            bounds: Bounds {
                timeout,
                max_body_bytes: MAX_ANSWER_BYTES,
            },
        };
        self.client.send(request).await
    }
}

/// What an answer, or the lack of one, means; and in words what is wrong.
fn judge(answer: Result<&OutgoingResponse, &OutgoingError>, now_ms: i64) -> (Verdict, Option<String>) {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let hint = Hint {
                is_overloaded: matches!(error, OutgoingError::Timeout),
                retry_after_ms: None,
            };
            return (Verdict::Refused(hint), Some(error.to_string()));
        }
    };
    let header = |name: &HeaderName| answer.headers.get(name).and_then(|value| value.to_str().ok());
    let says = |text: &str| Some(text.to_owned());
    match answer.status {
        200..=299 => (Verdict::Taken, None),
        410 => (Verdict::Gone, says("the endpoint says that it is gone")),
        _ if header(&DELIVERY).is_some_and(|value| value.trim() == "abort-message") => (
            Verdict::Unwanted,
            says("the endpoint does not want this message again"),
        ),
        status => {
            let hint = Hint {
                is_overloaded: matches!(status, 429 | 502 | 504),
                retry_after_ms: header(&header::RETRY_AFTER).and_then(|value| retry_after_ms(value, now_ms)),
            };
            let error = match status {
                300..=399 => "redirects are not followed",
                _ => "the status is not one of success",
            };
            (Verdict::Refused(hint), says(error))
        }
    }
}

/// How an answer begins, as text that every database takes.
fn kept(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(MAX_KEPT_CHARS * 4)]);
    let readable = |character: char| {
        let is_odd = character.is_control() && !matches!(character, '\n' | '\r' | '\t');
        if is_odd {
            char::REPLACEMENT_CHARACTER
        } else {
            character
        }
    };
    text.chars().take(MAX_KEPT_CHARS).map(readable).collect()
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderMap;

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)]) -> OutgoingResponse {
        let pairs = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        OutgoingResponse {
            status,
            headers: pairs.collect::<HeaderMap>(),
            body: Bytes::new(),
            is_complete: true,
        }
    }

    #[test]
    fn an_answer_means_what_the_standard_says() {
        let verdict = |status, headers: &[_]| judge(Ok(&answer(status, headers)), 0).0;
        let refused = |is_overloaded, retry_after_ms| {
            Verdict::Refused(Hint {
                is_overloaded,
                retry_after_ms,
            })
        };
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(verdict(status, &[]), Verdict::Taken);
        }
        for status in [199, 301, 302, 307, 400, 401, 404, 500, 503] {
            assert_eq!(verdict(status, &[]), refused(false, None), "{status}");
        }
        for status in [429, 502, 504] {
            assert_eq!(verdict(status, &[]), refused(true, None), "{status}");
        }
        assert_eq!(verdict(410, &[]), Verdict::Gone);
        assert_eq!(verdict(429, &[("retry-after", "7")]), refused(true, Some(7_000)));
        assert_eq!(verdict(503, &[("retry-after", "x")]), refused(false, None));
        assert_eq!(
            verdict(500, &[("webhook-delivery", "abort-message")]),
            Verdict::Unwanted
        );
        assert_eq!(
            verdict(200, &[("webhook-delivery", "abort-message")]),
            Verdict::Taken
        );
    }

    #[test]
    fn what_is_kept_of_an_answer_is_short_and_text() {
        assert_eq!(kept(b"ok\n"), "ok\n");
        assert_eq!(kept(b"a\0b\x1b"), "a\u{fffd}b\u{fffd}");
        assert_eq!(
            kept("\u{e4}".repeat(5_000).as_bytes()).chars().count(),
            MAX_KEPT_CHARS
        );
        assert!(kept(&[0xff; 20_000]).chars().count() <= MAX_KEPT_CHARS);
    }
}
