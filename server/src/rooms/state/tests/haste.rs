//! Whose saves may be late, and how much a room has said.

use super::*;

#[test]
fn a_lone_client_that_is_told_is_waited_for_and_several_are_not() {
    let mut table = Table::new();
    let ann = table.join(1, hocuspocus(), Access::ReadWrite);
    table.tell([ann.types("hello")]);
    assert!(table.room.is_waited_for(), "it may go on only when it is told");
    table.commit();
    assert!(!table.room.is_waited_for());
    let bob = join_writer(&mut table, 2);
    table.tell([ann.types("one"), bob.types("two")]);
    assert!(!table.room.is_waited_for(), "they work on meanwhile");
    table.tell([RoomMessage::Leave { member: bob.id }]);
    assert!(table.room.is_waited_for());
}

#[test]
fn nobody_waits_for_edits_that_are_not_answered() {
    let mut table = Table::new();
    let ann = join_writer(&mut table, 1);
    table.tell([ann.types("hello")]);
    assert!(!table.room.is_waited_for());
}

#[test]
fn a_room_counts_what_it_tells_everybody() {
    let mut table = Table::new();
    let [ann, _bob, _eve] = [1, 2, 3].map(|id| join_writer(&mut table, id));
    assert_eq!(table.room.take_sent(), 0, "a greeting is for one");
    table.tell([ann.types("one"), ann.types("two")]);
    assert_eq!(table.room.take_sent(), 2, "one frame for each of the others");
    assert_eq!(table.room.take_sent(), 0);
}
