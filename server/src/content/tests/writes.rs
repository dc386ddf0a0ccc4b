//! A write changes what differs, and nothing else.

use super::*;
use yrs::{GetString, Text, XmlFragment, XmlOut};

#[test]
fn any_document_becomes_any_other_and_stays() {
    let mut random = random("any document");
    for round in 0..400 {
        let mut garden = Garden { random: &mut random };
        let (one, other) = (garden.document(), garden.document());
        let doc = shared(1);
        for target in [&one, &other, &one] {
            write_doc(&doc, target);
            assert_eq!(&read_doc(&doc), target, "round {round}");
            let before = doc.transact().state_vector();
            assert!(write_doc(&doc, target).is_empty(), "round {round}");
            assert_eq!(doc.transact().state_vector(), before);
        }
    }
}

#[test]
fn documents_that_count_bytes_work_as_well() {
    let mut random = random("counting bytes");
    for _ in 0..100 {
        let mut garden = Garden { random: &mut random };
        let doc = Doc::new();
        for target in [garden.document(), garden.document()] {
            write_doc(&doc, &target);
            assert_eq!(read_doc(&doc), target);
        }
    }
}

fn essay(paragraphs: usize) -> String {
    (0..paragraphs)
        .map(|n| {
            format!(
                "Paragraph {n} says that the quick brown fox number {} jumps over the lazy dog.\n\n",
                n * 7
            )
        })
        .collect()
}

#[test]
fn one_word_in_a_long_document_is_a_small_update() {
    let doc = shared(1);
    let text = essay(500);
    write_doc(&doc, &markdown(&text));
    let before = doc.transact().state_vector();
    let summary = write_doc(
        &doc,
        &markdown(&text.replace("number 1750 jumps", "number 1750 leaps")),
    );
    let size = state_size(&doc, &before);
    println!("one word of 500 paragraphs: {size} bytes, {summary:?}");
    assert!(size < 100, "{size}");
    assert_eq!((summary.inserted_nodes, summary.removed_nodes), (0, 0));
    assert!(summary.inserted_characters <= 4 && summary.removed_characters <= 4);

    let before = doc.transact().state_vector();
    let summary = write_doc(
        &doc,
        &markdown(&text.replace("number 1750 jumps", "**number** 1750 leaps")),
    );
    assert_eq!(
        (summary.formatted_characters, summary.inserted_characters),
        (6, 0)
    );
    let size = state_size(&doc, &before);
    println!("one word made bold: {size} bytes");
    assert!(size < 150, "{size}");
}

#[test]
fn one_paragraph_more_or_less_leaves_the_others_alone() {
    let doc = shared(1);
    let text = essay(500);
    write_doc(&doc, &markdown(&text));
    let before = doc.transact().state_vector();
    let summary = write_doc(
        &doc,
        &markdown(&text.replace("Paragraph 250 ", "New one.\n\nParagraph 250 ")),
    );
    assert_eq!(
        (
            summary.inserted_nodes,
            summary.removed_nodes,
            summary.inserted_characters
        ),
        (1, 0, 8)
    );
    assert!(state_size(&doc, &before) < 150);
    let summary = write_doc(&doc, &markdown(&text));
    assert_eq!((summary.inserted_nodes, summary.removed_nodes), (0, 2));
}

#[test]
fn very_different_documents_are_written_in_bounded_time() {
    let doc = shared(1);
    let old: String = (0..4000)
        .map(|n| format!("{}old {n}\n\n", if n % 3 == 0 { "# " } else { "" }))
        .collect();
    let new: String = (0..4000)
        .map(|n| format!("{}new {n}\n\n", if n % 4 == 0 { "## " } else { "> " }))
        .collect();
    let start = tokio::time::Instant::now();
    write_doc(&doc, &markdown(&old));
    write_doc(&doc, &markdown(&new));
    println!("4000 blocks replaced in {:?}", start.elapsed());
    assert_eq!(read_doc(&doc), markdown(&new));
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn what_markdown_cannot_say_stays() {
    let original = json(
        r#"{"type":"doc","content":[
        {"type":"callout","attrs":{"tone":"warm"},"content":[{"type":"paragraph","content":[{"type":"text","text":"kept"}]}]},
        {"type":"video","attrs":{"id":"v1"}},
        {"type":"paragraph","attrs":{"textAlign":"right"},"content":[{"type":"text","text":"one two ","marks":[{"type":"textStyle","attrs":{"color":"red"}}]},
            {"type":"text","text":"three","marks":[{"type":"link","attrs":{"href":"/x","target":"_blank","rel":"nofollow","class":null}}]}]},
        {"type":"paragraph"},
        {"type":"paragraph","attrs":{"textAlign":"center"},"content":[{"type":"text","text":"last"}]}]}"#,
    )
    .unwrap();
    let doc = shared(1);
    write_doc(&doc, &original);
    let shown = render(&original, Format::Markdown);
    assert_eq!(shown, "kept\n\none two [three](/x)\n\nlast\n");

    let same = write_as(
        &mut doc.transact_mut(),
        DEFAULT_FIELD,
        markdown(&shown),
        Format::Markdown,
    )
    .unwrap();
    assert!(same.is_empty(), "{same:?}");

    let edited = markdown(&shown.replace("two", "2").replace("last", "new\n\nlast"));
    let summary = write_as(&mut doc.transact_mut(), DEFAULT_FIELD, edited, Format::Markdown).unwrap();
    assert_eq!(
        (
            summary.inserted_nodes,
            summary.removed_nodes,
            summary.removed_characters
        ),
        (1, 0, 3)
    );
    let expected = render(&original, Format::Json)
        .replace(r#""text":"one two ""#, r#""text":"one ""#)
        .replacen(
            r#"{"attrs":{"textAlign":"center"}"#,
            r#"{"content":[{"text":"new","type":"text"}],"type":"paragraph"},{"attrs":{"textAlign":"center"}"#,
            1,
        );
    let found = render(&read_doc(&doc), Format::Json);
    let replaced = r#"{"text":"2","type":"text"},{"marks":[{"attrs":{"color":"red"},"type":"textStyle"}],"text":" ","type":"text"}"#;
    assert_eq!(
        found.replacen(&format!("{replaced},"), "", 1),
        expected,
        "{found}"
    );
}

#[test]
fn texts_side_by_side_are_one_and_embeds_are_left_alone() {
    let doc = shared(1);
    write_doc(&doc, &markdown("ab cd"));
    {
        let mut txn = doc.transact_mut();
        let fragment = txn.get_xml_fragment(DEFAULT_FIELD).unwrap();
        let Some(XmlOut::Element(paragraph)) = fragment.get(&txn, 0) else {
            panic!()
        };
        let second = paragraph.push_back(&mut txn, yrs::XmlTextPrelim::new(" ef gh"));
        second.insert_embed(&mut txn, 3, true);
    }
    assert_eq!(read_doc(&doc), markdown("ab cd ef gh"));
    let summary = write_doc(&doc, &markdown("ab cx ef xh"));
    assert_eq!(
        (
            summary.inserted_characters,
            summary.removed_characters,
            summary.removed_nodes
        ),
        (2, 2, 0)
    );
    assert_eq!(read_doc(&doc), markdown("ab cx ef xh"));
    let txn = doc.transact();
    let fragment = txn.get_xml_fragment(DEFAULT_FIELD).unwrap();
    let Some(XmlOut::Element(paragraph)) = fragment.get(&txn, 0) else {
        panic!()
    };
    let Some(XmlOut::Text(second)) = paragraph.get(&txn, 1) else {
        panic!()
    };
    assert_eq!(second.get_string(&txn).replace("true", ""), " ef xh");
    assert_eq!(second.diff(&txn, |_| ()).len(), 3);
}

#[test]
fn a_field_of_another_kind_is_no_rich_text() {
    let doc = shared(1);
    doc.get_or_insert_array("array");
    doc.get_or_insert_map("map");
    doc.get_or_insert_text("text");
    for field in ["array", "map", "text"] {
        assert_eq!(
            read(&doc.transact(), field).unwrap_err().fault,
            Fault::NotRichText
        );
        let refused = write(&mut doc.transact_mut(), field, &markdown("x")).unwrap_err();
        assert_eq!(refused.fault, Fault::NotRichText);
    }
    assert_eq!(read(&doc.transact(), "nothing").unwrap(), Node::new(node::DOC));

    // Of a document that came as an update only the content tells.
    yrs::Array::push_back(&doc.get_or_insert_array("array"), &mut doc.transact_mut(), 7);
    let copy = shared(2);
    sync(&doc, &copy);
    assert_eq!(
        read(&copy.transact(), "array").unwrap_err().fault,
        Fault::NotRichText
    );
    let before = copy.transact().state_vector();
    assert!(write(&mut copy.transact_mut(), "array", &markdown("x")).is_err());
    assert_eq!(copy.transact().state_vector(), before);
}

#[test]
fn marks_between_texts_are_taken_and_dropped() {
    let text = r#"{"type":"doc","content":[{"type":"paragraph","content":[{"type":"hardBreak","marks":[{"type":"bold"}]}]}]}"#;
    let document = json(text).unwrap();
    assert_eq!(render(&document, Format::Html), "<p><br></p>");
}
