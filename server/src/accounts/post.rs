//! Outgoing mail: a bounded queue and the one who empties it, so that no answer waits for a mail server, nor tells by its
//! time whether a mail was written.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::seconds;
use crate::auth::UnixSeconds;
use crate::mail::{EmailAddress, Letter, Mail, Mailer, Sender};

/// Mails that may wait.
const QUEUE: usize = 1_000;
/// How often a mail is tried that the mail server does not take.
const TRIES: u32 = 4;
/// The pause before the second try; each further one is three times as long.
const PAUSE: Duration = Duration::from_secs(2);
/// How long mails that wait may take when the server stops.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// Takes mails in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Post {
    queue: mpsc::Sender<Mail>,
    sender: Sender,
}

/// Sends what was taken in.
#[derive(Debug)]
pub struct Postman {
    queue: mpsc::Receiver<Mail>,
    mailer: Mailer,
    clock: std::sync::Arc<dyn weft_storage::clock::Clock>,
}

/// A queue for mails of `sender`, and who empties it through `mailer`.
pub(super) fn post(
    mailer: Mailer,
    sender: Sender,
    clock: std::sync::Arc<dyn weft_storage::clock::Clock>,
) -> (Post, Postman) {
    let (entrance, queue) = mpsc::channel(QUEUE);
    let post = Post {
        queue: entrance,
        sender,
    };
    (post, Postman { queue, mailer, clock })
}

impl Post {
    /// Takes a letter in. If too many wait, it is lost: whoever waits for it asks again.
    pub fn send(&self, letter: &Letter<'_>, to: &EmailAddress) {
        if self.queue.try_send(letter.write(&self.sender, to)).is_err() {
            tracing::error!(?letter, "too many mails wait; one was dropped");
        }
    }

    /// The address of a page for people, below our own.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.sender.address)
    }
}

impl Postman {
    /// Sends mails until `stop`, and then those that wait.
    pub async fn work(mut self, stop: CancellationToken) {
        while let Some(Some(mail)) = stop.run_until_cancelled(self.queue.recv()).await {
            self.deliver(&mail, &stop).await;
        }
        let rest = async {
            while let Ok(mail) = self.queue.try_recv() {
                self.deliver(&mail, &stop).await;
            }
        };
        if timeout(LAST_PATIENCE, rest).await.is_err() {
            tracing::error!("mails were not sent before the end");
        }
        stop.cancelled().await;
    }

    async fn deliver(&self, mail: &Mail, stop: &CancellationToken) {
        let mut pause = PAUSE;
        for attempt in 1..=TRIES {
            let Err(error) = self.mailer.send(mail, self.now()).await else {
                return;
            };
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                attempt,
                mail.subject = %mail.subject,
                "a mail was not sent"
            );
            if error.is_permanent() || stop.run_until_cancelled(sleep(pause)).await.is_none() {
                return;
            }
            pause *= 3;
        }
    }

    fn now(&self) -> UnixSeconds {
        seconds(self.clock.now_ms())
    }
}
