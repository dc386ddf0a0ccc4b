//! Somebody who follows what happens in a workspace, however it is told to them.
//!
//! Invariant: events are read when the reader takes them and from where it is, so a slow one costs no memory; one that took
//! nothing for a minute is let go as soon as it takes something, and goes on where it was. Until then it holds one of its
//! owner's places. Who asks, and what they may see, is decided anew for every part.

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use weft_storage::records::Event;

use super::feed::{Feed, Who};
use super::list::{self, Asked};
use super::stream::{GATHER, KEEP_ALIVE, POLL, SLOW, Seat};
use crate::http::Problem;
use crate::http::v1::caller::Caller;

/// How many events are read at a time.
const AT_ONCE: u32 = 100;

/// A reader, and where it is.
pub(super) struct Reader {
    feed: Feed,
    who: Who,
    asked: Asked,
    after: i64,
    ear: watch::Receiver<u64>,
    /// When the reader was last given something.
    given: Instant,
    _seat: Seat,
}

/// What a reader is told.
pub(super) enum Part {
    /// Events, in their order.
    Events(Vec<Event>),
    /// Nothing for a while: up to this place everything was told.
    Quiet(i64),
}

/// Why a reader is told nothing more.
#[derive(Debug)]
pub(super) enum Ended {
    /// The server stops.
    Stopping,
    /// It took nothing for too long.
    Slow,
    /// It may not read any more, or it cannot be read now.
    Refused(Problem),
}

impl Reader {
    /// Whoever asks, now `caller`, for what is `asked` behind `after`; without it for what happens from now on.
    ///
    /// # Errors
    /// What is wrong is said before anything is told: as `GET /v1/events`, and 409 or 503 if there is no place.
    pub(super) async fn open(
        feed: Feed,
        (caller, who): (Caller, Who),
        (asked, after): (Asked, Option<i64>),
    ) -> Result<Self, Problem> {
        let own = caller.0.user().or(caller.0.facts.confined_to);
        let seat = feed.streams().seat(own);
        let ear = feed.records().event_bell().listen();
        let first = list::read(feed.records(), &caller, &asked, after.unwrap_or(0), Some(1)).await?;
        Ok(Self {
            who,
            asked,
            after: after.unwrap_or(first.last_of_all),
            ear,
            given: Instant::now(),
            _seat: seat?,
            feed,
        })
    }

    /// Up to where everything was told.
    pub(super) fn place(&self) -> i64 {
        self.after
    }

    /// The next part, once there is one. Nothing is lost if it is not waited for.
    pub(super) async fn next(&mut self) -> Result<Part, Ended> {
        if self.given.elapsed() > SLOW {
            return Err(Ended::Slow);
        }
        let stopping = self.feed.streams().stopping().clone();
        loop {
            let before = self.after;
            // A failure is no reason to leave something out: the reader comes back and goes on.
            let read = stopping.run_until_cancelled(self.read()).await;
            let events = read.ok_or(Ended::Stopping)?.map_err(Ended::Refused)?;
            if !events.is_empty() {
                self.given = Instant::now();
                return Ok(Part::Events(events));
            }
            if self.after == before {
                if self.given.elapsed() >= KEEP_ALIVE {
                    self.given = Instant::now();
                    return Ok(Part::Quiet(self.after));
                }
                tokio::select! {
                    () = stopping.cancelled() => return Err(Ended::Stopping),
                    _ = self.ear.changed() => sleep(GATHER).await,
                    () = sleep(POLL) => {}
                }
            }
        }
    }

    /// What follows, as whoever asks may see it at this moment.
    async fn read(&mut self) -> Result<Vec<Event>, Problem> {
        let caller = self.who.now(&self.feed).await?;
        let records = self.feed.records();
        let page = list::read(records, &caller, &self.asked, self.after, Some(AT_ONCE)).await?;
        self.after = page.last_sequence;
        Ok(page.events)
    }
}
