//! `/healthz`: the process answers. `/readyz`: it can also do its work.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

/// A check that takes longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Knows whether the server can do its work.
#[async_trait]
pub trait Readiness: Send + Sync + 'static {
    /// Looks now. May take a moment, but is asked often.
    async fn check(&self) -> ReadinessReport;
}

/// What was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadinessReport {
    /// The server is ready if each of these is well.
    pub checks: Vec<ReadinessCheck>,
    /// What is worth knowing besides. The server is ready whatever it says.
    pub notes: Vec<ReadinessNote>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadinessCheck {
    /// Its stable name, such as `storage`.
    pub name: &'static str,
    /// Well, or what is wrong, without secrets or addresses.
    pub result: Result<(), String>,
}

/// Something that makes the server no less ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadinessNote {
    /// Its stable name, such as `redis`.
    pub name: &'static str,
    /// Whether it is as it should be.
    pub is_well: bool,
    /// How it is, without secrets or addresses.
    pub text: String,
}

impl ReadinessNote {
    /// Something that is as it should be.
    pub fn well(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            is_well: true,
            text: text.into(),
        }
    }

    /// Something that is not.
    pub fn unwell(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            is_well: false,
            ..Self::well(name, text)
        }
    }
}

pub(super) fn routes(readiness: Arc<dyn Readiness>) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .with_state(readiness)
}

async fn alive() -> Response {
    not_stored(Json(json!({ "status": "alive" })).into_response())
}

async fn ready(State(readiness): State<Arc<dyn Readiness>>) -> Response {
    let report = tokio::time::timeout(PATIENCE, readiness.check())
        .await
        .unwrap_or_else(|_| ReadinessReport {
            checks: vec![ReadinessCheck {
                name: "answer",
                result: Err("the checks took too long".to_owned()),
            }],
            notes: Vec::new(),
        });
    let well = report.checks.iter().all(|check| check.result.is_ok());
    let checks: Vec<_> = report
        .checks
        .iter()
        .map(|check| match &check.result {
            Ok(()) => json!({ "name": check.name, "ok": true }),
            Err(reason) => json!({ "name": check.name, "ok": false, "reason": reason }),
        })
        .collect();
    let notes: Vec<_> = report
        .notes
        .iter()
        .map(|note| json!({ "name": note.name, "ok": note.is_well, "text": note.text }))
        .collect();
    let (status, word) = if well {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    not_stored(
        (
            status,
            Json(json!({ "status": word, "checks": checks, "notes": notes })),
        )
            .into_response(),
    )
}

fn not_stored(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
