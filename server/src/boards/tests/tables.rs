//! Tables of other programs.

use std::collections::BTreeMap;

use weft_protocol::board::Plan;
use weft_protocol::board::id::UserId;
use weft_protocol::board::schema::{Category, Priority};

use super::{at, counting, person, planted};
use crate::boards::Minter;
use crate::boards::import::{Draft, MAX_CARDS, Place, Report, Unreadable, read_csv};

fn draft(table: &str) -> Result<Draft, Unreadable> {
    let mut next = counting();
    read_csv(
        table.as_bytes(),
        &at(),
        Some(&person(9)),
        &mut Minter::new(&mut next),
    )
}

fn read(table: &str, known: &[(&str, UserId)]) -> (Plan, Report) {
    let known: BTreeMap<String, UserId> = known
        .iter()
        .map(|(name, user)| ((*name).to_owned(), user.clone()))
        .collect();
    let (plan, report) = draft(table).unwrap().settle(&known);
    assert_eq!(plan.check(), Ok(()));
    (plan, report)
}

fn reasons(report: &Report) -> Vec<(u64, &'static str, &'static str)> {
    let left_out = report.left_out.iter().map(|left| match left.place {
        Place::Row(row) => (row, left.field, left.code),
        _ => (0, left.field, left.code),
    });
    left_out.collect()
}

#[test]
fn a_table_becomes_a_board() {
    let (plan, report) = read(
        "\u{feff}Summary,Status,Description,Labels,Assigned to,Priority,Due date,Story points,Parent,Checklist,field:Area\r\n\
         Warp the loom,To Do,\"Mind the **knots**,\nall of them\",\"wool, red\",ada@example.com,High,2026-03-01,3,,\"[x] wind\n[ ] beam\",North\r\n\
         Weave,In Progress,,wool,ADA; cleo,,2026-03-01T10:00:00+01:00,0.5,Warp the loom,,\r\n\
         \r\n\
         Cut,DONE,,,,urgent,,,,,\r\n",
        &[
            ("ada@example.com", person(1)),
            ("ada", person(1)),
            ("cleo", person(2)),
        ],
    );
    assert_eq!(report, Report::default());
    let columns: Vec<_> = plan
        .columns
        .iter()
        .map(|column| (column.title.as_str(), column.category))
        .collect();
    assert_eq!(
        columns,
        [
            ("To Do", Category::Unstarted),
            ("In Progress", Category::Started),
            ("DONE", Category::Completed)
        ]
    );
    let [warp, weave, cut] = plan.cards.as_slice() else {
        unreachable!("three cards");
    };
    assert_eq!(
        (warp.title.as_str(), warp.priority),
        ("Warp the loom", Some(Priority::High))
    );
    assert!(warp.description.as_ref().unwrap().to_string().contains("bold"));
    assert_eq!(
        (warp.labels.len(), weave.labels.clone()),
        (2, vec![warp.labels[0].clone()])
    );
    assert_eq!(
        (warp.assignees.clone(), weave.assignees.clone()),
        (vec![person(1)], vec![person(1), person(2)])
    );
    assert_eq!(weave.due.as_ref().unwrap().as_str(), "2026-03-01T09:00:00Z");
    assert_eq!((warp.estimate, weave.estimate), (Some(3.0), Some(0.5)));
    assert_eq!(weave.parent, Some(warp.id.clone()));
    let items: Vec<_> = warp
        .checklist
        .iter()
        .map(|item| (item.text.as_str(), item.done))
        .collect();
    assert_eq!(items, [("wind", true), ("beam", false)]);
    assert_eq!(
        (
            plan.fields[0].name.as_str(),
            warp.values.len(),
            weave.values.len()
        ),
        ("Area", 1, 0)
    );
    assert_eq!(
        (cut.done.as_ref().unwrap().at.clone(), warp.done.clone()),
        (Some(at()), None)
    );
    assert_eq!(planted(&plan).view.columns[0].cards.len(), 1);
}

#[test]
fn other_separators_are_found_out() {
    for table in [
        "title;column\nA, b;Doing\n",
        "title\tcolumn\nA, b\tDoing\n",
        "title,column\n\"A, b\",Doing\n",
    ] {
        let (plan, report) = read(table, &[]);
        assert_eq!(
            (plan.cards[0].title.as_str(), plan.columns[0].title.as_str()),
            ("A, b", "Doing"),
            "{table}"
        );
        assert_eq!(report.left_out_total, 0);
    }
}

#[test]
fn what_does_not_fit_is_left_out_and_told() {
    let long = "x".repeat(501);
    let (plan, report) = read(
        &format!(
            "title,assignee,priority,due,start,estimate,parent,colour of hair,due date\n\
             A,nobody,soon,tomorrow,2026-02-30,many,Z,red,x\n\
             ,,,,,,,,\n\
             ,someone,,,,,,,\n\
             {long},,,,,-1,,,\n"
        ),
        &[],
    );
    assert_eq!(
        reasons(&report),
        [
            (1, "column", "UNKNOWN_COLUMN"),
            (1, "column", "DUPLICATE_COLUMN"),
            (2, "priority", "INVALID_VALUE"),
            (2, "start", "INVALID_VALUE"),
            (2, "due", "INVALID_VALUE"),
            (2, "estimate", "INVALID_VALUE"),
            (4, "title", "REQUIRED"),
            (5, "title", "TOO_LONG"),
            (5, "estimate", "INVALID_VALUE"),
            (2, "parent", "NOT_FOUND"),
            (2, "assignee", "UNKNOWN_PERSON"),
        ]
    );
    assert_eq!((plan.cards.len(), plan.columns[0].title.as_str()), (2, "To do"));
    assert_eq!(plan.cards[1].title.chars().count(), 500);
}

#[test]
fn parents_that_go_in_circles_are_cut() {
    let (plan, report) = read("id,title,parent\n1,A,3\n2,B,1\n3,C,2\n4,D,3\n5,E,5\n", &[]);
    assert_eq!(reasons(&report), [(3, "parent", "CYCLE"), (6, "parent", "CYCLE")]);
    let has_parent: Vec<bool> = plan.cards.iter().map(|card| card.parent.is_some()).collect();
    assert_eq!(has_parent, [true, false, true, true, false]);
}

#[test]
fn what_is_no_table_is_refused() {
    assert_eq!(draft("").unwrap_err(), Unreadable::NoTitle);
    assert_eq!(
        draft("name of the thing,when\nA,B\n").unwrap_err(),
        Unreadable::NoTitle
    );
    let mut next = counting();
    let binary = read_csv(&[0xff, 0xfe, 0x00], &at(), None, &mut Minter::new(&mut next));
    assert_eq!(binary.unwrap_err(), Unreadable::NotUnicode);
    let many: String = (0..=MAX_CARDS).map(|at| format!("card {at}\n")).collect();
    assert_eq!(
        draft(&format!("title\n{many}")).unwrap_err(),
        Unreadable::TooManyCards
    );
    let full = read(&format!("title\n{}", many.rsplit_once("card").unwrap().0), &[]);
    assert_eq!(full.0.cards.len(), MAX_CARDS);
}

#[test]
fn a_report_does_not_grow_without_end() {
    let rows: String = (0..1_000).map(|at| format!("card {at},soon\n")).collect();
    let (_, report) = read(&format!("title,due\n{rows}"), &[]);
    assert_eq!((report.left_out.len(), report.left_out_total), (200, 1_000));
}
