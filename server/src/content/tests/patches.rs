//! Operations on blocks.

use super::*;

fn patched(document: &Node, patch: &str) -> Result<Node, ContentError> {
    let patches = ContentPatch::parse(patch.as_bytes(), &Limits::default())?;
    apply_patch(document.clone(), &patches)
}

#[test]
fn blocks_come_go_and_change() {
    let document = markdown("a\n\nb\n\nc");
    let patch = r#"[{"op":"append","format":"markdown","content":"d\n\ne"},
        {"op":"prepend","content":{"type":"heading","attrs":{"level":2},"content":[{"type":"text","text":"t"}]}},
        {"op":"delete_block","index":2},
        {"op":"replace_block","index":1,"format":"html","content":"<p>A</p>"},
        {"op":"insert_before","index":5,"content":[{"type":"horizontalRule"}]}]"#;
    let written = render(&patched(&document, patch).unwrap(), Format::Markdown);
    assert_eq!(written, "## t\n\nA\n\nc\n\nd\n\ne\n\n___\n");
}

#[test]
fn wrong_operations_are_named() {
    let document = markdown("a");
    for (patch, field, code) in [
        (r#"{}"#, "content", "UNEXPECTED"),
        (r#"[{"op":"explode","content":[]}]"#, "[0].op", "UNEXPECTED"),
        (r#"[{"op":"append"}]"#, "[0].content", "UNEXPECTED"),
        (
            r#"[{"op":"append","content":[{"type":"text","text":"x"}]}]"#,
            "[0].content[0]",
            "UNEXPECTED",
        ),
        (
            r#"[{"op":"append","index":1,"content":[]}]"#,
            "[0].index",
            "UNKNOWN_MEMBER",
        ),
        (
            r#"[{"op":"delete_block","index":0},{"op":"delete_block","index":0}]"#,
            "[1].index",
            "OUT_OF_RANGE",
        ),
        (
            r#"[{"op":"replace_block","content":[]}]"#,
            "[0].index",
            "UNEXPECTED",
        ),
        (
            r#"[{"op":"append","content":[],"x":1}]"#,
            "[0].x",
            "UNKNOWN_MEMBER",
        ),
    ] {
        let error = patched(&document, patch).unwrap_err();
        assert_eq!(
            (error.field.as_str(), error.fault.code()),
            (field, code),
            "{patch}"
        );
    }
    let many = format!("[{}]", [r#"{"op":"delete_block","index":0}"#; 101].join(","));
    assert_eq!(patched(&document, &many).unwrap_err().fault, Fault::TooMany(100));
}
