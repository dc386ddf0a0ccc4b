//! `GET /v1/notifications/stream`: what changes in your inbox, as it changes, by server-sent events.
//!
//! Invariant: as for the stream of events nothing waits for a reader, and who asks is decided anew for every part. Every
//! change has a place, given out in the order of the commits, so whoever goes on behind the last place misses nothing. A
//! row is told as it stands; of several changes of one row a reader that comes late hears the last.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use utoipa::IntoParams;
use uuid::Uuid;

use super::reader;
use super::shapes::{CountsView, NotificationView};
use crate::http::Problem;
use crate::http::batch::InBatch;
use crate::http::rest::{Query, invalid};
use crate::http::v1::Api;
use crate::http::v1::caller::{Caller, bearer};
use crate::http::v1::events::{GATHER, KEEP_ALIVE, NOT_IN_BATCH, POLL, SLOW, Seat, stream_of};
use crate::http::v1::tenancy::confined_to;
use crate::notifications::Renderer;

/// How many rows are read at a time.
const AT_ONCE: u32 = 50;

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct NotificationStreamParams {
    /// The place behind which it begins; without it with what changes from now on.
    #[param(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    after: Option<i64>,
}

/// A reader, and where they are.
struct Reader {
    api: Api,
    credential: Option<String>,
    after: i64,
    ear: watch::Receiver<u64>,
    /// When the reader was last given something.
    given: Instant,
    _seat: Seat,
}

/// A part of the stream.
#[derive(Serialize)]
struct Told<'a> {
    notification: NotificationView,
    counts: &'a CountsView,
}

/// Tells what changes in your inbox as it changes.
///
/// `notification`: a row that is new or changed, and `counts` after it. `counts` alone: many rows changed at once, read the
/// list again. The `id` is a place: when a client comes back with it as `Last-Event-ID`, or as `after`, it hears what
/// changed since. The stream ends when the server stops, when your right ends, or when you are too slow; go on where you
/// were.
#[utoipa::path(
    get, path = "/v1/notifications/stream", tag = "Notifications",
    params(NotificationStreamParams, ("Last-Event-ID" = Option<String>, Header)),
    responses(
        (status = 200, content_type = "text/event-stream", body = Vec<u8>),
        (status = 409, description = "You have as many streams as anybody may have"),
        (status = 503, description = "The server has as many streams as it serves"),
    ),
)]
pub(super) async fn stream_notifications(
    State(api): State<Api>,
    caller: Caller,
    batch: Option<Extension<InBatch>>,
    headers: HeaderMap,
    Query(params): Query<NotificationStreamParams>,
) -> Result<Response, Problem> {
    if batch.is_some() {
        return Err(NOT_IN_BATCH);
    }
    let user = super::reader(&caller)?;
    let last = headers.get("last-event-id");
    let last = last.and_then(|value| value.to_str().ok()?.trim().parse::<i64>().ok());
    let after = last.or(params.after);
    if after.is_some_and(|after| after < 0) {
        return Err(invalid("after", "INVALID_VALUE", "must be a place in the stream"));
    }
    let seat = api.feed.streams().seat(Some(user))?;
    let ear = api.notifier.listen();
    let now = api.records.read().await?.notification_position(user).await?;
    let credential = headers.get(header::AUTHORIZATION);
    let credential = credential.and_then(|value| value.to_str().ok().and_then(bearer));
    let reader = Reader {
        credential: credential.map(str::to_owned),
        // A place that was never given out is of another database: what is here now is new to whoever has it.
        after: after.unwrap_or(now).min(now),
        ear,
        given: Instant::now(),
        _seat: seat,
        api,
    };
    Ok(stream_of(futures_util::stream::unfold(
        Some(reader),
        |reader| async move {
            let mut reader = reader?;
            let part = reader.next().await?;
            Some((part, Some(reader)))
        },
    )))
}

impl Reader {
    /// The next part of the stream, once there is one; `None` ends it.
    async fn next(&mut self) -> Option<Bytes> {
        if self.given.elapsed() > SLOW {
            return None;
        }
        let stopping = self.api.feed.streams().stopping().clone();
        loop {
            // A failure is no reason to leave something out: the reader comes back and goes on.
            let told = stopping.run_until_cancelled(self.read()).await?.ok()?;
            if !told.is_empty() {
                self.given = Instant::now();
                return Some(told.into());
            }
            if self.given.elapsed() >= KEEP_ALIVE {
                self.given = Instant::now();
                return Some(format!("id: {}\n\n", self.after).into());
            }
            let wait: Duration = POLL;
            tokio::select! {
                () = stopping.cancelled() => return None,
                _ = self.ear.changed() => sleep(GATHER).await,
                () = sleep(wait) => {}
            }
        }
    }

    /// What follows, as whoever shows the credential may see it at this moment.
    async fn read(&mut self) -> Result<String, Problem> {
        let identity = self.api.identities.identify(self.credential.as_deref()).await;
        let caller = Caller(Arc::new(identity.map_err(|_| Problem::INTERNAL)?));
        let user: Uuid = reader(&caller)?;
        let workspace = confined_to(&caller);
        let mut tx = self.api.records.read().await?;
        let last = tx.notification_position(user).await?;
        if last <= self.after {
            return Ok(String::new());
        }
        let rows = tx
            .notifications_after(user, workspace, self.after, AT_ONCE)
            .await?;
        let counts = CountsView::from(tx.notification_counts(user, workspace).await?);
        let (mut renderer, mut told) = (Renderer::default(), String::new());
        let has_more = rows.len() == AT_ONCE as usize;
        for row in rows {
            self.after = row.position;
            let said = renderer.render(&mut tx, &row).await?;
            let notification = NotificationView::new(&row, said);
            let data = Told {
                notification,
                counts: &counts,
            };
            told.push_str(&part(row.position, "notification", &data));
        }
        if !has_more && self.after < last {
            self.after = last;
            told.push_str(&part(last, "counts", &counts));
        }
        Ok(told)
    }
}

fn part(position: i64, name: &str, data: &impl Serialize) -> String {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("id: {position}\nevent: {name}\ndata: {data}\n\n")
}
