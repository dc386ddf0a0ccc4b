//! Many documents on one socket, and decisions about them that come when they come.

use bytes::Bytes;
use weft_protocol::close::CloseReason;
use weft_protocol::hocuspocus as wire;
use weft_storage::WorkspaceId;

use super::super::admission::{Answer, Question};
use super::super::hocuspocus::Hocuspocus;
use super::super::membership::Post;
use super::super::protocol::Protocol;
use super::super::*;
use super::world::{World, authentication, close, denial, typed};
use crate::access::Refusal;
use crate::auth::{Access, DocumentPattern, TokenRequest, mint};
use crate::rooms::{Operation, Outgoing};
use weft_protocol::id::DocumentName;

/// A connection whose questions are answered by hand.
struct Table {
    world: World,
    connection: Hocuspocus,
    post: Post,
}

impl Table {
    async fn new(flags: &[&str]) -> Self {
        let world = World::start(flags).await;
        let connection = Hocuspocus::new(Unauthenticated::enter(&world.gateway).await.unwrap());
        Self {
            world,
            connection,
            post: Post::new(),
        }
    }

    fn say(&mut self, frame: impl Into<Bytes>) -> Result<(), CloseReason> {
        let gateway = Arc::clone(&self.world.gateway);
        self.connection.receive(&gateway, frame.into(), &mut self.post)
    }

    fn question(&mut self) -> Question {
        self.post.questions.pop_front().expect("a question is asked")
    }

    /// Lets the gatekeeper decide, and hands its answer over.
    async fn decide(&mut self, question: Question) -> Result<(), CloseReason> {
        let gateway = Arc::clone(&self.world.gateway);
        let outcome = gateway
            .admit(question.credential.as_deref(), &question.document)
            .await;
        self.answer(question, outcome)
    }

    fn answer(
        &mut self,
        question: Question,
        outcome: Result<super::super::admission::Admitted, Refusal>,
    ) -> Result<(), CloseReason> {
        let gateway = Arc::clone(&self.world.gateway);
        let answer = Answer {
            name: question.name,
            attempt: question.attempt,
            document: question.document,
            outcome,
        };
        self.connection.answered(&gateway, answer, &mut self.post)
    }

    fn token(&self, document: &str, access: Access) -> String {
        let request = TokenRequest {
            subject: "ann".to_owned(),
            documents: vec![DocumentPattern::parse(document).unwrap()],
            access,
            lifetime_seconds: 600,
        };
        let now = self.world.gateway.now_seconds();
        mint(&self.world.config, &request, now).unwrap()
    }

    /// Everything that the server says about one of the open documents, in order, until `done`.
    async fn hear(&mut self, membership: usize, done: impl Fn(&Outgoing) -> bool) -> Vec<Outgoing> {
        let outbox = Arc::clone(&self.connection.memberships().nth(membership).unwrap().outbox);
        let mut heard = Vec::new();
        loop {
            let wake = Arc::clone(&self.post.wake);
            while let Some(outgoing) = outbox.next() {
                let is_done = done(&outgoing);
                heard.push(outgoing);
                if is_done {
                    return heard;
                }
            }
            wake.notified().await;
        }
    }

    async fn end(mut self) {
        self.connection.leave_all(&mut self.post);
        self.post.deliver_all().await;
        drop((self.connection, self.post));
        self.world.stop().await;
    }
}

fn saved(outgoing: &Outgoing) -> bool {
    matches!(outgoing, Outgoing::Status(wire::SyncStatus::Saved))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_decision_about_one_document_holds_up_no_other_and_nothing_overtakes_it() {
    let mut table = Table::new(&[]).await;
    let (slow, quick) = (
        table.token("slow", Access::ReadWrite),
        table.token("quick", Access::ReadWrite),
    );
    table.say(authentication("slow", &slow)).unwrap();
    table.say(wire::sync_step_one("slow", &[0])).unwrap();
    table.say(wire::update("slow", &typed(1, "first"))).unwrap();
    let undecided = table.question();
    table.say(authentication("quick", &quick)).unwrap();
    table.say(wire::update("quick", &typed(1, "at once"))).unwrap();
    let question = table.question();
    table.decide(question).await.unwrap();
    table.hear(0, saved).await;
    assert_eq!(table.connection.memberships().count(), 1);
    let name = DocumentName::parse("slow").unwrap();
    let read = table
        .world
        .gateway
        .hub
        .ask(WorkspaceId::DEFAULT, &name, Operation::ReadUpdate);
    let body = format!("{:?}", read.await);
    assert!(
        !body.contains("first"),
        "nothing of an undecided document reaches its room: {body}"
    );

    table.say(wire::update("slow", &typed(2, "second"))).unwrap();
    table.decide(undecided).await.unwrap();
    // It came first, so it is listed first.
    let heard = table.hear(0, saved).await;
    let greeting = wire::authenticated("slow", wire::Scope::ReadWrite);
    assert_eq!(
        heard.first(),
        Some(&Outgoing::Frame(greeting)),
        "first it is let in"
    );
    table.hear(0, saved).await;
    table.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_behind_a_new_token_are_judged_by_it() {
    let mut table = Table::new(&[]).await;
    let (reads, writes) = (
        table.token("doc", Access::ReadOnly),
        table.token("doc", Access::ReadWrite),
    );
    table.say(authentication("doc", &reads)).unwrap();
    let question = table.question();
    table.decide(question).await.unwrap();
    table.say(wire::update("doc", &typed(1, "no"))).unwrap();
    let refused = |outgoing: &Outgoing| matches!(outgoing, Outgoing::Status(wire::SyncStatus::Refused));
    table.hear(0, refused).await;
    table.say(authentication("doc", &writes)).unwrap();
    table.say(wire::update("doc", &typed(2, "yes"))).unwrap();
    let question = table.question();
    table.decide(question).await.unwrap();
    let heard = table.hear(0, saved).await;
    let notice = wire::authenticated("doc", wire::Scope::ReadWrite);
    assert!(heard.contains(&Outgoing::Frame(notice)), "{heard:?}");
    table.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_refusal_what_waited_is_dropped_up_to_the_next_attempt() {
    let mut table = Table::new(&[]).await;
    let good = table.token("doc", Access::ReadWrite);
    table.say(authentication("doc", "bad")).unwrap();
    table.say(wire::update("doc", &typed(1, "dropped"))).unwrap();
    table.say(authentication("doc", &good)).unwrap();
    table.say(wire::update("doc", &typed(2, "kept"))).unwrap();
    let question = table.question();
    assert!(
        table.post.questions.is_empty(),
        "one question at a time for each document"
    );
    table.decide(question).await.unwrap();
    let said = table.post.to_client.pop_front().unwrap();
    assert_eq!(denial(&said).unwrap().1, "unauthorized");
    let question = table.question();
    table.decide(question).await.unwrap();
    table.hear(0, saved).await;
    let name = DocumentName::parse("doc").unwrap();
    let read = table
        .world
        .gateway
        .hub
        .ask(WorkspaceId::DEFAULT, &name, Operation::ReadUpdate);
    let body = format!("{:?}", read.await.unwrap());
    assert!(body.contains("kept") && !body.contains("dropped"), "{body}");
    table.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_behind_an_undecided_attempt_ends_it_and_no_other() {
    let mut table = Table::new(&[]).await;
    let good = table.token("doc", Access::ReadWrite);
    table.say(authentication("doc", &good)).unwrap();
    table.say(close("doc")).unwrap();
    table.say(authentication("doc", &good)).unwrap();
    let question = table.question();
    table.decide(question).await.unwrap();
    assert_eq!(table.connection.memberships().count(), 0, "opened and closed");
    let question = table.question();
    table.decide(question).await.unwrap();
    assert_eq!(table.connection.memberships().count(), 1);
    table.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_decided_now_makes_the_client_come_back() {
    let mut table = Table::new(&[]).await;
    table.say(authentication("doc", "any")).unwrap();
    let question = table.question();
    let end = table.answer(question, Err(Refusal::Unavailable)).unwrap_err();
    assert_eq!(end, CloseReason::StorageUnavailable);
    assert!(!(4400..4500).contains(&end.code()), "clients would stay away");
    table.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_decision_is_bounded() {
    let flags = [
        "limits.max_queued_messages_before_authentication=4",
        "limits.max_queued_bytes_before_authentication=2000",
    ];
    let mut table = Table::new(&flags).await;
    let limits = table.world.gateway.limits.clone();
    table.say(authentication("doc", "any")).unwrap();
    table.say(wire::sync_step_one("doc", &[0])).unwrap();
    assert!(!table.connection.is_full(&limits));
    table.say(wire::sync_step_one("doc", &[0])).unwrap();
    table.say(wire::sync_step_one("doc", &[0])).unwrap();
    assert!(
        table.connection.is_full(&limits),
        "nothing more is read until the decision"
    );
    let too_much = wire::update("doc", &typed(1, &"x".repeat(2_000)));
    assert_eq!(table.say(too_much), Err(CloseReason::AuthenticationTimeout));
    table.end().await;
}
