//! What is written down is read back as it was.

use super::*;

/// The deepest pair of nodes that stand in the same place and differ.
fn difference<'n>(expected: &'n Node, found: &'n Node) -> (&'n Node, &'n Node) {
    let differs = |pair: &(&'n Node, &'n Node)| pair.0 != pair.1;
    let same_length = expected.content.len() == found.content.len();
    match expected.content.iter().zip(&found.content).find(differs) {
        Some((expected, found)) if same_length => difference(expected, found),
        _ => (expected, found),
    }
}

fn assert_same(expected: &Node, found: &Node, written: &str) {
    if expected != found {
        let (one, other) = difference(expected, found);
        let (one, other) = (render(one, Format::Json), render(other, Format::Json));
        panic!("expected {one}\nfound    {other}\nin\n{written}");
    }
}

fn round_trip(format: Format, documents: usize) {
    let mut random = random("round trip");
    for _ in 0..documents {
        let document = Garden { random: &mut random }.document();
        let written = render(&document, format);
        let found = parse(written.as_bytes(), format, &Limits::default()).unwrap();
        assert_same(&document, &found, &written);
    }
}

#[test]
fn markdown_says_what_the_tree_says() {
    round_trip(Format::Markdown, 3000);
}

#[test]
fn html_says_what_the_tree_says() {
    round_trip(Format::Html, 3000);
}

#[test]
fn json_says_what_the_tree_says() {
    round_trip(Format::Json, 300);
}

#[test]
fn shared_types_say_what_the_tree_says() {
    let mut random = random("shared types");
    for _ in 0..300 {
        let document = Garden { random: &mut random }.document();
        let doc = shared(1);
        write_doc(&doc, &document);
        assert_same(&document, &read_doc(&doc), "shared types");
    }
}

#[test]
fn readable_markdown_stays_readable() {
    let text = "\
# Title

A paragraph with **bold**, _italic_, ~~old~~, `code`, <u>underline</u>, <mark>marked</mark> and a [link](https://example.org/a \"t\").\\
Second line with snake_case and 2 * 3 &lt; 7.

- one
- two
  1. first
  2. second

* [x] done
* [ ] open

> quoted
>
> more

```rust
fn main() {}
```

![alt](/pic.png)

___

| A | B |
| --- | --- |
| 1 | **2** |
";
    let written = render(&markdown(text), Format::Markdown);
    assert_eq!(written, text.replace("2 * 3 &lt; 7", "2 \\* 3 \\< 7"));
    assert_eq!(markdown(&written), markdown(text));
}

#[test]
fn html_of_others_is_understood() {
    let document = html(
        "<!DOCTYPE html><html><head><title>x</title><style>p{}</style></head><body>\n<div class=a>Loose <b>text</b>\n\
         and   blanks<br> here</div><p>A<p>B <img src=/a.png alt=x> C<ul><li>one<li>two<ul><li>deep</ul></ul>\
         <ul class=contains-task-list><li><input type=checkbox checked> done</li></ul>\
         <pre>\nx  <b>y</b>\n</pre><table><caption>cap</caption><tr><th>H<td>D</table><custom-thing>kept</custom-thing></body></html>",
    );
    let expected = "\
Loose **text** and blanks\\
here

A

B

![x](/a.png)

C

- one
- two
  - deep

* [x] done

```
x  y

```

<table><tbody><tr><td><p>cap</p></td></tr><tr><th><p>H</p></th><td><p>D</p></td></tr></tbody></table>

kept
";
    let written = render(&document, Format::Markdown);
    assert_eq!(written, expected);
}

#[test]
fn names_that_are_not_known_are_kept_by_json_and_shared_types() {
    let text = r#"{"type":"doc","content":[{"type":"callout","attrs":{"tone":"warm","deep":{"a":[1,2.5,null,"x"]}},"content":[
        {"type":"paragraph","attrs":{"textAlign":"right"},"content":[{"type":"text","text":"hi","marks":[
        {"type":"comment","attrs":{"id":7}},{"type":"textStyle","attrs":{"color":"red","size":null}}]},
        {"type":"emoji","attrs":{"name":"smile"}}]}]}]}"#;
    let document = json(text).unwrap();
    let doc = shared(1);
    write_doc(&doc, &document);
    assert_eq!(read_doc(&doc), document);
    assert_eq!(json(&render(&document, Format::Json)).unwrap(), document);
    assert_eq!(render(&document, Format::Markdown), "hi\n");
    assert_eq!(
        render(&document, Format::Html),
        "<div data-node=\"callout\"><p>hi<span data-node=\"emoji\"></span></p></div>"
    );
}

/// JSON as the binding writes it: with `attrs` where there are none, and marks in the order of their keys.
fn as_binding_says(text: &str) -> Node {
    json(&text.replace(r#","attrs":{}"#, "")).unwrap()
}

#[test]
fn what_a_browser_wrote_is_read_as_the_browser_reads_it() {
    // Made by Tiptap 3 and y-prosemirror 1.3; the JSON is that of its `yDocToProsemirrorJSON`.
    let doc = shared(1);
    doc.transact_mut()
        .apply_update(Update::decode_v1(include_bytes!("tiptap.bin")).unwrap())
        .unwrap();
    let expected = as_binding_says(include_str!("tiptap.json"));
    assert_same(&expected, &read_doc(&doc), "an update of a browser");

    // Marks that may stand beside themselves keep the keys the browser gave them, and new ones get theirs.
    let copy = shared(2);
    write_doc(&copy, &expected);
    for doc in [&doc, &copy] {
        let txn = doc.transact();
        let stored = format!("{:?}", txn.encode_state_as_update_v1(&StateVector::default()));
        let key = |key: &str| {
            format!("{:?}", key.as_bytes())
                .trim_matches(['[', ']'])
                .to_owned()
        };
        assert!(stored.contains(&key("comment--zE8803TO")) && stored.contains(&key("comment--0IljcqOv")));
    }

    // What a reader of Markdown makes of it is what the editor would have made, so sending it back changes nothing.
    let shown = render(&expected, Format::Markdown);
    let summary = write_as(
        &mut doc.transact_mut(),
        DEFAULT_FIELD,
        markdown(&shown),
        Format::Markdown,
    )
    .unwrap();
    assert!(summary.is_empty(), "{summary:?}\n{shown}");
}
