//! How often the API may be asked: by one address, and by one principal whose credential was verified.
//!
//! Invariant: every answer of the API says the numbers, and a refusal says how long to wait. The address is counted
//! before anything else happens; a principal that is over its own limit costs its address nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use uuid::Uuid;
use weft_storage::clock::Clock;

use super::client::ClientAddress;
use super::{Problem, is_api};
use crate::auth::throttle::{AddressKey, RateDecision, RateHeaders, RateKey, RateLimiter, RatePolicy};
use crate::config::RatesConfig;
use crate::metrics::Metrics;

/// The limits of all requests. Shared in an `Arc`.
#[derive(Debug)]
pub struct Rates {
    limiter: RateLimiter,
    principal: RatePolicy,
    address: RatePolicy,
    register: RatePolicy,
    comment: RatePolicy,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

impl Rates {
    /// The limits that `config` sets.
    pub fn new(config: &RatesConfig, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        let per_minute = |name, quota| RatePolicy {
            name,
            quota,
            window: Duration::from_secs(60),
        };
        Self {
            limiter: RateLimiter::new(config.remembered),
            principal: per_minute("default", config.per_principal_per_minute),
            address: per_minute("address", config.per_address_per_minute),
            register: per_minute("register", config.registrations_per_address_per_minute),
            comment: per_minute("comments", config.comments_per_principal_per_minute),
            clock,
            metrics,
        }
    }
}

/// The limits of one request: an extension of every request to the API.
#[derive(Debug, Clone)]
pub struct RateGate {
    rates: Arc<Rates>,
    address: AddressKey,
    /// All that was counted so far.
    decision: Arc<Mutex<RateDecision>>,
}

impl RateGate {
    fn new(rates: Arc<Rates>, address: AddressKey) -> Self {
        let nothing = RateDecision {
            readings: Vec::new(),
            retry_after: None,
        };
        let gate = Self {
            rates,
            address,
            decision: Arc::new(Mutex::new(nothing)),
        };
        gate.take(RateKey::Address(address), gate.rates.address);
        gate
    }

    /// Counts the request for a principal whose credential was verified.
    ///
    /// # Errors
    /// 429.
    pub fn count_principal(&self, id: Uuid) -> Result<(), Problem> {
        self.take(RateKey::Principal(id), self.rates.principal);
        self.check()
    }

    /// Counts the request as an attempt to make an account.
    ///
    /// # Errors
    /// 429.
    pub fn count_registration(&self) -> Result<(), Problem> {
        self.take(RateKey::Address(self.address), self.rates.register);
        self.check()
    }

    /// Counts the request as a new comment of a principal.
    ///
    /// # Errors
    /// 429.
    pub fn count_comment(&self, id: Uuid) -> Result<(), Problem> {
        self.take(RateKey::Principal(id), self.rates.comment);
        self.check()
    }

    fn take(&self, key: RateKey, policy: RatePolicy) {
        let now = Instant::now();
        let taken = self.rates.limiter.take(&[(key, policy)], now);
        let mut decision = self.decision.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.retry_after.is_some() && !decision.readings.is_empty() {
            let address = (RateKey::Address(self.address), self.rates.address);
            self.rates.limiter.give_back(address, now);
        }
        decision.retry_after = decision.retry_after.max(taken.retry_after);
        decision.readings.extend(taken.readings);
    }

    fn check(&self) -> Result<(), Problem> {
        let decision = self.decision.lock().unwrap_or_else(PoisonError::into_inner);
        if decision.is_allowed() {
            return Ok(());
        }
        let violated: Vec<_> = decision.violated().collect();
        for policy in &violated {
            self.rates.metrics.ratelimited.with(policy).add(1);
        }
        Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_REQUESTS",
            "too many requests; Retry-After says for how many seconds to wait",
        )
        .violating(violated))
    }

    /// Writes the numbers into an answer.
    fn tell(&self, response: &mut Response) {
        let now = u64::try_from(self.rates.clock.now_ms() / 1_000).unwrap_or(0);
        let decision = self.decision.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(headers) = RateHeaders::of(&decision, now) else {
            return;
        };
        for (name, value) in headers.pairs() {
            if let Ok(value) = HeaderValue::from_str(value) {
                response
                    .headers_mut()
                    .insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// Counts a request to the API for its address, and tells all that was counted in its answer.
pub(super) async fn limit(State(rates): State<Arc<Rates>>, mut request: Request, next: Next) -> Response {
    let client = request.extensions().get::<ClientAddress>().copied();
    let Some(ClientAddress(client)) = client.filter(|_| is_api(request.uri().path())) else {
        return next.run(request).await;
    };
    let gate = RateGate::new(rates, client.into());
    let mut response = match gate.check() {
        Ok(()) => {
            request.extensions_mut().insert(gate.clone());
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    };
    gate.tell(&mut response);
    response
}
