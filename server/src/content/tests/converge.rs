//! Writes next to live typing: nothing typed is lost, nothing is doubled, everybody ends up with the same.

use super::*;
use yrs::{Text, Xml, XmlElementRef, XmlFragment, XmlOut, XmlTextRef};

fn paragraphs(doc: &Doc) -> Vec<XmlElementRef> {
    let txn = doc.transact();
    let fragment = txn.get_xml_fragment(DEFAULT_FIELD).unwrap();
    fragment
        .children(&txn)
        .filter_map(XmlOut::into_xml_element)
        .collect()
}

/// Types `text` at a random place of a random paragraph.
fn type_into(doc: &Doc, text: &str, random: &mut StdRng) {
    let paragraphs = paragraphs(doc);
    let paragraph = &paragraphs[random.random_range(0..paragraphs.len())];
    let mut txn = doc.transact_mut();
    let inside: Option<XmlTextRef> = paragraph.get(&txn, 0).and_then(XmlOut::into_xml_text);
    let Some(inside) = inside else { return };
    let length = inside.len(&txn);
    // Surrogate pairs are not split by people: everything here is of one unit.
    let at = random.random_range(0..=length);
    inside.insert(&mut txn, at, text);
}

fn text_of(doc: &Doc) -> String {
    read_doc(doc).plain_text()
}

/// A program that reads the document as Markdown, changes its own part of it, and sends back all of it.
fn put(server: &Doc, round: usize) {
    let shown = render(&read_doc(server), Format::Markdown);
    let changed = match round % 4 {
        // A counter in a line of its own.
        0 => shown.replacen(
            &format!("Round {}.", round.saturating_sub(4)),
            &format!("Round {round}."),
            1,
        ),
        // A line more at the end.
        1 => format!("{shown}\nLine {round}.\n"),
        // A mark on a word that was there from the beginning.
        2 if shown.contains("**anchor**") => shown.replacen("**anchor**", "anchor", 1),
        2 => shown.replacen("anchor", "**anchor**", 1),
        // A heading in front.
        _ => format!("# Title {round}.\n\n{shown}"),
    };
    let target = markdown(&changed);
    write_as(
        &mut server.transact_mut(),
        DEFAULT_FIELD,
        target,
        Format::Markdown,
    )
    .unwrap();
}

#[test]
fn typing_survives_a_hundred_writes_of_the_whole_document() {
    for _ in 0..5 {
        let mut random = random("a hundred writes");
        let server = shared(1);
        write_doc(
            &server,
            &markdown("Round 0.\n\nFirst paragraph with an anchor in it.\n\nSecond paragraph.\n\nThird one."),
        );
        let clients = [shared(2), shared(3)];
        clients.iter().for_each(|client| sync(&server, client));
        let mut typed = Vec::new();
        for round in 0..100 {
            for (number, client) in clients.iter().enumerate() {
                // Letters that occur nowhere else, so that each can be found, whole and once.
                let token = format!("⟦{number}.{round}⟧");
                type_into(client, &token, &mut random);
                typed.push(token);
            }
            put(&server, round);
            for client in &clients {
                if random.random_range(0..3) == 0 {
                    sync(client, &server);
                    sync(&server, client);
                }
            }
        }
        for _ in 0..2 {
            for client in &clients {
                sync(client, &server);
                sync(&server, client);
            }
        }
        let text = text_of(&server);
        clients
            .iter()
            .for_each(|client| assert_eq!(read_doc(client), read_doc(&server)));
        // Typing may have gone into the middle of earlier typing; then it is the letters that count.
        let marks = |text: &str, c: char| text.chars().filter(|found| *found == c).count();
        assert_eq!((marks(&text, '⟦'), marks(&text, '⟧')), (typed.len(), typed.len()));
        for round in 0..100 {
            if round % 4 == 1 {
                let line = format!("Line {round}.");
                let plain: String = strip_typing(&text);
                assert_eq!(plain.matches(&line).count(), 1, "{line} in {plain}");
            }
            if round % 4 == 3 {
                assert_eq!(strip_typing(&text).matches(&format!("Title {round}.")).count(), 1);
            }
        }
        for once in ["paragraph with an ", "Second paragraph.", "Third one."] {
            assert_eq!(strip_typing(&text).matches(once).count(), 1, "{once} in {text}");
        }
    }
}

/// `text` without what was typed, which stands in nested brackets.
fn strip_typing(text: &str) -> String {
    let mut depth = 0_i32;
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '⟦' => depth += 1,
            '⟧' => depth -= 1,
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

#[test]
fn typing_in_a_word_that_is_replaced_stays() {
    let server = shared(1);
    write_doc(&server, &markdown("The colour of the sky."));
    let client = shared(2);
    sync(&server, &client);
    {
        let paragraph = paragraphs(&client).remove(0);
        let mut txn = client.transact_mut();
        let text = paragraph.get(&txn, 0).and_then(XmlOut::into_xml_text).unwrap();
        text.insert(&mut txn, 21, " at night");
        text.insert(&mut txn, 3, " deep");
    }
    write_doc(&server, &markdown("# Sky\n\nThe **color** of this sky."));
    sync(&client, &server);
    sync(&server, &client);
    let expected = "# Sky\n\nThe deep **color** of this sky at night.\n";
    assert_eq!(render(&read_doc(&server), Format::Markdown), expected);
    assert_eq!(read_doc(&client), read_doc(&server));
}

#[test]
fn random_writes_on_two_sides_converge() {
    let mut random = random("two sides");
    for _ in 0..60 {
        let (one, other) = (shared(1), shared(2));
        let first = Garden { random: &mut random }.document();
        write_doc(&one, &first);
        sync(&one, &other);
        for _ in 0..4 {
            write_doc(&one, &Garden { random: &mut random }.document());
            write_doc(&other, &Garden { random: &mut random }.document());
            sync(&one, &other);
            sync(&other, &one);
            assert_eq!(read_doc(&one), read_doc(&other));
        }
    }
}

#[test]
fn attributes_change_in_place() {
    let server = shared(1);
    write_doc(&server, &markdown("# One\n\n- [ ] task"));
    let client = shared(2);
    sync(&server, &client);
    {
        let heading = paragraphs(&client).remove(0);
        let mut txn = client.transact_mut();
        heading.insert_attribute(&mut txn, "id", "x1");
        let text = heading.get(&txn, 0).and_then(XmlOut::into_xml_text).unwrap();
        text.push(&mut txn, " typed");
    }
    let summary = write_doc(&server, &markdown("## One\n\n- [x] task"));
    assert_eq!(
        summary,
        ChangeSummary {
            changed_attributes: 2,
            ..ChangeSummary::default()
        }
    );
    sync(&client, &server);
    let found = read_doc(&server);
    assert_eq!(render(&found, Format::Markdown), "## One typed\n\n- [x] task\n");
    assert_eq!(found.content[0].str("id"), Some("x1"));
}
