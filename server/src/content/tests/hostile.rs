//! Input that means harm gets a bounded error, or loses what is harmful.

use super::*;

fn fault(bytes: &[u8], format: Format) -> Fault {
    match parse(bytes, format, &Limits::default()) {
        Err(error) => error.fault,
        Ok(document) => panic!(
            "{format:?} {:.60} became {:.200}",
            String::from_utf8_lossy(bytes),
            render(&document, Format::Json)
        ),
    }
}

#[test]
fn deep_nesting_is_refused_everywhere() {
    let deep = 10_000;
    let json = format!(
        "{}{}",
        r#"{"type":"blockquote","content":["#.repeat(deep),
        "]}".repeat(deep)
    );
    assert_eq!(fault(json.as_bytes(), Format::Json), Fault::TooDeep(64));
    assert_eq!(
        fault("[".repeat(1_000_000).as_bytes(), Format::Json),
        Fault::TooDeep(64)
    );
    let attrs = format!(
        r#"{{"type":"doc","attrs":{{"a":{}{}}}}}"#,
        "[".repeat(100),
        "]".repeat(100)
    );
    assert_eq!(fault(attrs.as_bytes(), Format::Json), Fault::TooDeep(16));
    for (open, close) in [
        ("<blockquote>", "</blockquote>"),
        ("<ul><li>", "</li></ul>"),
        ("<b>", "</b>"),
        ("<table><tr><td>", ""),
    ] {
        let html = format!("{}x{}", open.repeat(deep), close.repeat(deep));
        assert_eq!(fault(html.as_bytes(), Format::Html), Fault::TooDeep(64), "{open}");
        assert_eq!(
            fault(html.as_bytes(), Format::Markdown),
            Fault::TooDeep(64),
            "{open}"
        );
    }
    // `<ul>` in `<ul>` gets items in between.
    assert_eq!(
        fault(format!("{}x", "<ul>".repeat(50)).as_bytes(), Format::Html),
        Fault::TooDeep(64)
    );
    for sign in ["> ", "- ", "1. "] {
        let text = format!("{}x", sign.repeat(deep));
        assert_eq!(
            fault(text.as_bytes(), Format::Markdown),
            Fault::TooDeep(64),
            "{sign}"
        );
    }
    // Transparent tags do not nest.
    let divs = "<div><span><custom>".repeat(deep);
    assert_eq!(html(&format!("{divs}x")), html("x"));
}

#[test]
fn large_input_is_refused_everywhere() {
    let limits = Limits {
        max_parts: 1000,
        ..Limits::default()
    };
    let fault = |text: &str, format| parse(text.as_bytes(), format, &limits).unwrap_err().fault;
    assert_eq!(
        fault(&format!("[{}1]", "1,".repeat(1_000_000)), Format::Json),
        Fault::TooMany(1000)
    );
    assert_eq!(
        fault(&"a\n\n".repeat(1_000_000), Format::Markdown),
        Fault::TooMany(1000)
    );
    assert_eq!(fault(&"<p>a".repeat(500_000), Format::Html), Fault::TooMany(1000));
    assert_eq!(
        fault(
            &format!("|{}\n|{}\n", "a|".repeat(2000), "-|".repeat(2000)),
            Format::Markdown
        ),
        Fault::TooMany(1000)
    );
    assert_eq!(
        fault(&"x".repeat(5_000_000), Format::Html),
        Fault::TooLarge(4 * 1024 * 1024)
    );
    // One address, repeated on every word.
    let address = "a".repeat(8000);
    let repeated = format!("<a href='{address}'>{}", "a<b>b</b>".repeat(20_000));
    let fault = parse(repeated.as_bytes(), Format::Html, &Limits::default())
        .unwrap_err()
        .fault;
    assert_eq!(fault, Fault::TooLarge(16 * 1024 * 1024));
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    for format in [Format::Json, Format::Markdown, Format::Html] {
        assert_eq!(fault(b"\"\xff\xfe", format), Fault::NotUnicode);
        assert_eq!(fault(b"\xed\xa0\x80", format), Fault::NotUnicode);
    }
    for half in [r#""\ud800""#, r#""\udc00\ud800""#, r#""\ud800a""#] {
        let text = format!(
            r#"{{"type":"doc","content":[{{"type":"paragraph","content":[{{"type":"text","text":{half}}}]}}]}}"#
        );
        assert!(matches!(
            fault(text.as_bytes(), Format::Json),
            Fault::Syntax { .. }
        ));
    }
}

#[test]
fn json_errors_say_where() {
    let cases = [
        ("[]", "content", "UNEXPECTED"),
        ("{", "content", "SYNTAX"),
        (r#"{"type":"paragraph"}"#, "type", "UNEXPECTED"),
        (
            r#"{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":7}]}]}"#,
            "content[0].content[0].text",
            "UNEXPECTED",
        ),
        (
            r#"{"type":"doc","content":[{"type":"paragraph","extra":1}]}"#,
            "content[0].extra",
            "UNKNOWN_MEMBER",
        ),
        (
            r#"{"type":"doc","content":[{"type":"text","text":"x"}]}"#,
            "content[0]",
            "UNEXPECTED",
        ),
        (
            r#"{"type":"doc","content":[{"type":"bulletList"}]}"#,
            "content[0].content",
            "UNEXPECTED",
        ),
        (
            r#"{"type":"doc","content":[{"type":"paragraph","content":[{"type":"heading"}]}]}"#,
            "content[0].content[0]",
            "UNEXPECTED",
        ),
        (
            r#"{"type":"doc","content":[{"type":"image","attrs":{"src":"javascript:alert(1)"}}]}"#,
            "content[0].attrs.src",
            "UNSAFE_ADDRESS",
        ),
        (
            r#"{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"x","marks":[{"type":"link","attrs":{"href":"JAVASCRIPT:x"}}]}]}]}"#,
            "content[0].content[0].marks[0].attrs.href",
            "UNSAFE_ADDRESS",
        ),
        (
            r#"{"type":"doc","content":[{"type":"a b"}]}"#,
            "content[0].type",
            "UNEXPECTED",
        ),
        (r#"{"type":"doc","content":[null]}"#, "content[0]", "UNEXPECTED"),
    ];
    for (text, field, code) in cases {
        let error = json(text).unwrap_err();
        assert_eq!(
            (error.field.as_str(), error.fault.code()),
            (field, code),
            "{text}"
        );
    }
}

/// No markup but that of this server: every tag and attribute that is left must be one of a few.
fn assert_harmless(html: &str) {
    let lower = html.to_lowercase();
    let mut rest = lower.as_str();
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let tag = &rest[..rest.find('>').expect(html)];
        let name = tag.trim_start_matches('/').split(' ').next().unwrap();
        let known = [
            "p",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "ul",
            "ol",
            "li",
            "blockquote",
            "pre",
            "code",
            "hr",
            "br",
            "img",
            "a",
            "strong",
            "em",
            "s",
            "u",
            "mark",
            "table",
            "tbody",
            "tr",
            "td",
            "th",
            "span",
            "div",
            "input",
        ];
        assert!(known.contains(&name), "{name} in {html}");
        for attribute in tag
            .split('"')
            .step_by(2)
            .flat_map(|part| part.split(' '))
            .filter(|part| part.ends_with('='))
        {
            let known = [
                "href=",
                "src=",
                "alt=",
                "title=",
                "target=",
                "rel=",
                "class=",
                "style=",
                "start=",
                "type=",
                "colspan=",
                "rowspan=",
                "data-type=",
                "data-id=",
                "data-label=",
                "data-checked=",
                "data-node=",
                "data-mention-suggestion-char=",
            ];
            assert!(known.contains(&attribute), "{attribute} in {html}");
        }
        for address in tag.split("href=\"").skip(1).chain(tag.split("src=\"").skip(1)) {
            assert!(
                url::safe_url(address.split('"').next().unwrap()).is_some(),
                "{html}"
            );
        }
    }
}

#[test]
fn nothing_that_runs_comes_through() {
    let attacks = [
        "<script>alert(1)</script>x",
        "<SCRIPT SRC=//evil.example></SCRIPT>x",
        "<img src=x onerror=alert(1)>",
        "<img src=javascript:alert(1)>",
        "<svg onload=alert(1)><a xlink:href=javascript:alert(1)>x</a></svg>x",
        "<math><mi xlink:href=\"data:x,<script>alert(1)</script>\">x",
        "<a href=\"jav&#x09;ascript:alert(1)\">x</a>",
        "<a href=\"java&#0;script:alert(1)\">x</a>",
        "<a href=\"&#106;&#97;vascript&colon;alert(1)\">x</a>",
        "<a href=' javascript:alert(1)'>x</a>",
        "<a href=\"\u{1}javascript:alert(1)\">x</a>",
        "<a href=\"vbscript:x\">x</a><a href=\"data:text/html,x\">x</a>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>x",
        "<style>@import 'x';</style><link rel=stylesheet href=x><meta http-equiv=refresh content=0>x",
        "<p style=\"white-space:pre;background:url(javascript:1)\" onclick=x>x</p>",
        "<form action=javascript:1><button formaction=javascript:1>x</button></form>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">x",
        "<table><td><svg></table><script>x</script>",
        "<span data-type=mention data-id='\"><script>x</script>' data-label='<img src=x onerror=1>'>x</span>",
        "<pre><code class='language-\"onclick=x'>x</code></pre>",
        "[x](javascript:alert(1)) ![x](javascript:alert(1)) [x](JaVaScRiPt&colon;alert(1)) [x](<java\tscript:alert(1)>)",
        "[x][y]\n\n[y]: javascript:alert(1)",
        "<javascript:alert(1)>",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "`<script>`<script>alert(1)</script>",
        "```\"><script>\n<script>alert(1)</script>\n```",
        "<div>\n\n<script>\n\n*a*\n\n</script>",
        "<!-- <script>x</script> --><![CDATA[<script>x</script>]]>x",
        "<plaintext><script>x",
        "<a href=x\" onclick=y>x</a>",
    ];
    for attack in attacks {
        for format in [Format::Html, Format::Markdown] {
            let document = parse(attack.as_bytes(), format, &Limits::default()).unwrap();
            assert_harmless(&render(&document, Format::Html));
            let again = html(&render(&document, Format::Html));
            assert_harmless(&render(&again, Format::Html));
            let again = markdown(&render(&document, Format::Markdown));
            assert_harmless(&render(&again, Format::Html));
        }
    }
    assert_eq!(render(&html(attacks[0]), Format::Html), "<p>x</p>");
}

#[test]
fn what_editors_put_into_a_document_is_checked_on_the_way_out() {
    let link = Mark::new(mark::LINK)
        .with("href", "javascript:alert(1)")
        .with("target", "\"><script>");
    let document = Node::of(
        node::DOC,
        vec![
            Node::of(
                node::PARAGRAPH,
                vec![Node::text("<script>x</script>", vec![link])],
            ),
            Node::new(node::IMAGE)
                .with("src", "javascript:alert(1)")
                .with("alt", "<img src=x onerror=1>"),
            Node::new("x\"onclick=y").with("a", 1),
            Node::of(
                node::CODE_BLOCK,
                vec![Node::text("</code></pre><script>", vec![])],
            )
            .with("language", "\"><script>"),
            Node::of(node::HEADING, vec![Node::text("x", vec![])]).with("level", 99),
            Node::of(node::ORDERED_LIST, vec![]).with("start", "\"><script>"),
            Node::of(
                node::TABLE,
                vec![Node::of(
                    node::TABLE_ROW,
                    vec![Node::new(node::TABLE_CELL).with("colspan", 1e300)],
                )],
            ),
        ],
    );
    let doc = shared(1);
    write_doc(&doc, &document);
    let stored = read_doc(&doc);
    assert_eq!(stored, document);
    assert_harmless(&render(&stored, Format::Html));
    assert_harmless(&render(
        &markdown(&render(&stored, Format::Markdown)),
        Format::Html,
    ));
}

#[test]
fn random_bytes_do_no_harm() {
    let mut random = random("random bytes");
    let pieces = [
        "<",
        ">",
        "</",
        "p",
        "table",
        "td",
        "tr",
        "ul",
        "li",
        "a href=\"",
        "\"",
        "'",
        "script",
        "svg",
        "pre",
        "code",
        "&#",
        ";",
        "x",
        " ",
        "\n",
        "\n\n",
        "- ",
        "> ",
        "1. ",
        "```",
        "|",
        "---|",
        "[",
        "](",
        ")",
        "**",
        "_",
        "~~",
        "![",
        "<b>",
        "</b>",
        "javascript:",
        "[ ] ",
        "\t",
        "    ",
        "\\",
        "<!--",
        "-->",
        "&amp;",
        "é",
        "\u{0}",
        "\r",
        "<br>",
        "<li>",
        "</ul>",
        "<ul>",
        "<td>",
        "</table>",
        "<p>",
    ];
    for _ in 0..4000 {
        let text: String = (0..random.random_range(1..40))
            .map(|_| pieces[random.random_range(0..pieces.len())])
            .collect();
        for format in [Format::Html, Format::Markdown] {
            let document = parse(text.as_bytes(), format, &Limits::default()).unwrap();
            assert!(
                schema::check(&document).is_ok(),
                "{text:?} {}",
                render(&document, Format::Json)
            );
            let html = render(&document, Format::Html);
            assert_harmless(&html);
            // What was taken can be said again, and is the same then.
            let again = super::html(&html);
            assert_eq!(again, document, "{format:?} {text:?}\n{html}");
        }
    }
}

#[test]
fn patterns_that_make_parsers_slow_do_not() {
    let size = 100_000;
    let patterns = [
        "[",
        "*a ",
        "**a_",
        "`a``b```c",
        "<",
        "<a ",
        "](",
        "![",
        "[a](",
        "~~a ~",
        "&",
        "\\",
        "|a\n|-\n",
        "<!--",
        "<?",
        "# ",
        "* * ",
        "```\n~~~\n",
        "<li>",
        "<tr>",
        "</i></p></td>",
        "<a href=x>",
        "[a][b",
        "\t",
        "&#x",
    ];
    let start = tokio::time::Instant::now();
    for pattern in patterns {
        for format in [Format::Markdown, Format::Html] {
            if let Ok(document) = parse(
                pattern.repeat(size / pattern.len()).as_bytes(),
                format,
                &Limits::default(),
            ) {
                render(&document, Format::Markdown);
                render(&document, Format::Html);
            }
        }
    }
    println!(
        "{} patterns of {size} bytes in {:?}",
        2 * patterns.len(),
        start.elapsed()
    );
    assert!(start.elapsed().as_secs() < 30);
}
