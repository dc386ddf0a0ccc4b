//! Rights that change while somebody is in the room.

use super::*;

impl Client {
    fn set_access(&self, access: Access) -> RoomMessage {
        RoomMessage::SetAccess {
            member: self.id,
            access,
            notice: None,
        }
    }

    fn everything_as_step_two(&self) -> RoomMessage {
        self.edit(EditKind::StepTwo, self.everything())
    }

    fn echo(&self, version: u8) -> RoomMessage {
        RoomMessage::Echo {
            member: self.id,
            frame: Bytes::copy_from_slice(&[102, 1, version]),
        }
    }

    /// The version of the last echo, if one came since the last question.
    fn acknowledged(&mut self) -> Option<u8> {
        self.listen();
        let echo = self.frames.iter().rev().find(|frame| frame.first() == Some(&102));
        let version = echo.map(|frame| frame[2]);
        self.frames.clear();
        version
    }
}

#[test]
fn w10_a_viewers_update_is_not_applied_not_broadcast_not_acknowledged() {
    for dialect in [hocuspocus(), Dialect::YWebsocket] {
        let mut table = Table::new();
        let mut writer = join_writer(&mut table, 2);
        writer.listen();
        writer.frames.clear();
        let mut viewer = table.join(1, dialect.clone(), Access::ReadOnly);
        let update = viewer.types("no");
        let step_two = viewer.everything_as_step_two();
        table.tell([update, viewer.echo(1), step_two, viewer.echo(1)]);
        assert_eq!(table.commit(), 0, "{dialect:?}: nothing reaches the log");
        writer.listen();
        assert_eq!(writer.text(), "", "{dialect:?}: nothing is applied or broadcast");
        assert!(writer.frames.is_empty());
        viewer.listen();
        assert_eq!(viewer.saved, 0, "{dialect:?}");
        let refusals = if dialect == Dialect::YWebsocket { 0 } else { 2 };
        assert_eq!(viewer.refused, refusals);
        assert_eq!(
            viewer.acknowledged(),
            Some(0),
            "the connection lives, and nothing is saved"
        );
    }
}

#[test]
fn a_y_websocket_viewer_is_told_once_that_edits_are_refused() {
    let mut table = Table::new();
    let mut viewer = table.join(1, Dialect::YWebsocket, Access::ReadOnly);
    for text in ["a", "b", "c"] {
        let edit = viewer.types(text);
        table.tell([edit]);
    }
    viewer.listen();
    let notice = ywebsocket::permission_denied("read-only");
    assert_eq!(viewer.frames.iter().filter(|frame| **frame == notice).count(), 1);
    assert_eq!(viewer.closed, None, "and may go on reading");
}

#[test]
fn a_writer_becomes_a_reader_in_place_and_a_writer_again() {
    let mut table = Table::new();
    let mut ann = table.join(1, hocuspocus(), Access::ReadWrite);
    let mut ben = join_writer(&mut table, 2);
    let first = ann.types("1");
    table.tell([first, ann.set_access(Access::ReadOnly)]);
    let (second, third) = (ann.types("2"), ann.types("3"));
    table.tell([second, third]);
    table.commit();
    ann.listen();
    ben.listen();
    assert_eq!((ann.saved, ann.refused), (1, 2), "what came before counts");
    assert_eq!(ben.text(), "1");
    let theirs = ben.types("x");
    table.tell([theirs]);
    ann.listen();
    assert!(!ann.frames.is_empty(), "a reader hears the others");

    ann.frames.clear();
    table.tell([ann.set_access(Access::ReadWrite)]);
    ann.listen();
    let asked = ann.frames.iter().any(|frame| {
        matches!(
            hocuspocus::decode(frame),
            Ok(hocuspocus::ClientFrame::Message(hocuspocus::ClientMessage {
                body: hocuspocus::ClientBody::Sync(SyncMessage::StepOne { .. }),
                ..
            }))
        )
    });
    assert!(asked, "is asked for what was refused");
    let answer = ann.everything_as_step_two();
    table.tell([answer]);
    table.commit();
    ann.listen();
    assert_eq!(ann.saved, 3, "each edit that was refused counts as saved now");
    ben.listen();
    assert_eq!(ben.text().len(), 4);
}

#[test]
fn who_is_cut_off_says_and_hears_nothing_more() {
    let mut table = Table::new();
    let mut ann = join_writer(&mut table, 1);
    let mut ben = join_writer(&mut table, 2);
    ann.listen();
    let secret = ben.types("secret");
    table.tell([secret]);
    ann.outbox.cut(CloseReason::AccessRevoked);
    let more = ben.types(" more");
    let late = ann.types("late");
    table.tell([more, late, ann.step_one()]);
    ann.frames.clear();
    ann.listen();
    assert_eq!(ann.closed, Some(CloseReason::AccessRevoked));
    assert!(ann.frames.is_empty(), "also what was queued is gone");
    ben.listen();
    assert_eq!(ben.text(), "secret more");
}

#[test]
fn an_echo_waits_until_the_client_has_said_what_it_has() {
    let mut table = Table::new();
    let mut ann = join_writer(&mut table, 1);
    // Written while offline: it comes with the answer to the server's step 1, after the question.
    let offline = ann.types("offline");
    drop(offline);
    table.tell([ann.step_one(), ann.echo(1)]);
    assert_eq!(ann.acknowledged(), None);
    let answer = ann.everything_as_step_two();
    table.tell([answer]);
    assert_eq!(ann.acknowledged(), None, "not durable yet");
    table.commit();
    assert_eq!(ann.acknowledged(), Some(1));
    table.tell([ann.echo(2)]);
    assert_eq!(ann.acknowledged(), Some(2));
}
