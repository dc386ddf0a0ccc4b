//! Tests of content as a whole: formats, writes into shared documents, and what hostile input does.
//!
//! Random tests print their seed; set `WEFT_SEED` at compile time to run them with one seed again.

mod converge;
mod hostile;
mod patches;
mod round_trip;
mod writes;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use yrs::{
    ClientID, Doc, OffsetKind, Options, ReadTxn, StateVector, Transact, Update, updates::decoder::Decode,
};

use super::model::{Mark, Node, mark, node};
use super::*;

/// A source of randomness whose seed is printed.
fn random(name: &str) -> StdRng {
    let seed = option_env!("WEFT_SEED")
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| rand::rng().random());
    println!("{name}: WEFT_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// A document that counts as Yjs does.
fn shared(client: u64) -> Doc {
    Doc::with_options(Options {
        offset_kind: OffsetKind::Utf16,
        ..Options::with_client_id(ClientID::new(client))
    })
}

/// Brings everything that `from` knows to `to`.
fn sync(from: &Doc, to: &Doc) {
    let since = to.transact().state_vector();
    let update = from.transact().encode_state_as_update_v1(&since);
    to.transact_mut()
        .apply_update(Update::decode_v1(&update).unwrap())
        .unwrap();
}

fn read_doc(doc: &Doc) -> Node {
    read(&doc.transact(), DEFAULT_FIELD).unwrap()
}

fn write_doc(doc: &Doc, target: &Node) -> ChangeSummary {
    write(&mut doc.transact_mut(), DEFAULT_FIELD, target).unwrap()
}

fn markdown(text: &str) -> Node {
    parse(text.as_bytes(), Format::Markdown, &Limits::default()).unwrap()
}

fn html(text: &str) -> Node {
    parse(text.as_bytes(), Format::Html, &Limits::default()).unwrap()
}

fn json(text: &str) -> Result<Node, ContentError> {
    parse(text.as_bytes(), Format::Json, &Limits::default())
}

fn state_size(doc: &Doc, since: &StateVector) -> usize {
    doc.transact().encode_state_as_update_v1(since).len()
}

const SNIPPETS: [&str; 64] = [
    "word",
    "a",
    "Z",
    "two words",
    " ",
    "  ",
    "é",
    "日本",
    "👩‍👩‍👧",
    "𝒳",
    "*",
    "**",
    "_",
    "__",
    "`",
    "``",
    "~",
    "~~",
    "[",
    "]",
    "(",
    ")",
    "![",
    "](",
    "<",
    ">",
    "<b>",
    "</b>",
    "<script>",
    "&",
    "&amp;",
    "&#35;",
    "#",
    "# ",
    "-",
    "- ",
    "+",
    "1. ",
    "2)",
    "=",
    "===",
    "---",
    "***",
    "|",
    "| a |",
    "\\",
    "\\*",
    "!",
    "\"",
    "'",
    ":",
    "://",
    "http://x.org",
    "a@b.org",
    "~~~",
    "```",
    ">",
    "> ",
    "$",
    "^",
    "{",
    "}",
    "\u{a0}",
    "[x] ",
];

/// Makes documents that every format can say, of all nodes and marks.
struct Garden<'r> {
    random: &'r mut StdRng,
}

impl Garden<'_> {
    fn below(&mut self, end: usize) -> usize {
        self.random.random_range(0..end)
    }

    fn words(&mut self) -> String {
        let count = 1 + self.below(5);
        let text: String = (0..count).map(|_| SNIPPETS[self.below(SNIPPETS.len())]).collect();
        text
    }

    fn marks(&mut self) -> Vec<Mark> {
        let mut marks = Vec::new();
        for kind in mark::ORDER {
            if self.below(6) == 0 {
                let mut mark = Mark::new(kind);
                if kind == mark::LINK {
                    let addresses = [
                        "https://example.org/",
                        "/a b",
                        "mailto:a@b.org",
                        "#x",
                        "a)(b",
                        "?a=1&amp=2",
                        "x*y_z__w",
                        "a|b",
                        "q\\",
                        "a<b>",
                    ];
                    mark = mark.with("href", addresses[self.below(addresses.len())]);
                    if self.below(3) == 0 {
                        mark = mark.with("title", self.words());
                    }
                }
                marks.push(mark);
            }
        }
        marks
    }

    fn inline(&mut self) -> Vec<Node> {
        let mut content = Vec::new();
        for _ in 0..=self.below(4) {
            match self.below(12) {
                0 => content.push(Node::new(node::HARD_BREAK)),
                1 => content.push(
                    Node::new(node::MENTION)
                        .with("id", self.words())
                        .with("label", "A \"B\" <c>"),
                ),
                _ => {
                    let marks = if self.below(2) == 0 {
                        self.marks()
                    } else {
                        Vec::new()
                    };
                    content.push(Node::text(self.words(), marks));
                }
            }
        }
        // Blank paragraphs are none in some formats.
        content.push(Node::text("end", Vec::new()));
        content
    }

    fn paragraph(&mut self) -> Node {
        Node::of(node::PARAGRAPH, self.inline())
    }

    fn blocks(&mut self, depth: usize) -> Vec<Node> {
        (0..=self.below(3)).map(|_| self.block(depth)).collect()
    }

    fn item(&mut self, kind: &str, depth: usize) -> Node {
        let mut content = vec![self.paragraph()];
        if depth < 3 && self.below(3) == 0 {
            content.extend(self.blocks(depth + 1));
        }
        let item = Node::of(kind, content);
        if kind == node::TASK_ITEM {
            item.with("checked", self.below(2) == 0)
        } else {
            item
        }
    }

    fn items(&mut self, kind: &str, depth: usize) -> Vec<Node> {
        (0..=self.below(3)).map(|_| self.item(kind, depth)).collect()
    }

    fn table(&mut self, depth: usize) -> Node {
        let (width, height) = (1 + self.below(3), 1 + self.below(3));
        let is_complex = self.below(4) == 0;
        let rows = (0..height).map(|row| {
            let cells = (0..width).map(|_| {
                let kind = if row == 0 {
                    node::TABLE_HEADER
                } else {
                    node::TABLE_CELL
                };
                let content = if is_complex && depth < 3 {
                    self.blocks(depth + 1)
                } else {
                    vec![self.paragraph()]
                };
                Node::of(kind, content).with("colspan", 1).with("rowspan", 1)
            });
            Node::of(node::TABLE_ROW, cells.collect())
        });
        Node::of(node::TABLE, rows.collect())
    }

    fn block(&mut self, depth: usize) -> Node {
        match self.below(if depth < 3 { 11 } else { 5 }) {
            0 => Node::of(node::HEADING, self.inline()).with("level", 1 + self.below(6)),
            1 => {
                let lines = ["let x = 1;", "", "```", "  indented", "<b>&amp;", "\ttab", "*"];
                let code: Vec<_> = (0..self.below(4))
                    .map(|_| lines[self.below(lines.len())])
                    .collect();
                let mut block = Node::new(node::CODE_BLOCK);
                let code = code.join("\n");
                if !code.is_empty() {
                    block.content.push(Node::text(code, Vec::new()));
                }
                if self.below(2) == 0 {
                    block.with("language", "rust")
                } else {
                    block
                }
            }
            2 => Node::new(node::HORIZONTAL_RULE),
            3 => Node::new(node::IMAGE)
                .with("src", "/a b.png")
                .with("alt", self.words())
                .with("title", "t\"'<"),
            5 => Node::of(node::BULLET_LIST, self.items(node::LIST_ITEM, depth)),
            6 => Node::of(node::ORDERED_LIST, self.items(node::LIST_ITEM, depth))
                .with("start", 1 + self.below(12)),
            7 => Node::of(node::TASK_LIST, self.items(node::TASK_ITEM, depth)),
            8 => Node::of(node::BLOCKQUOTE, self.blocks(depth + 1)),
            9 => self.table(depth),
            _ => self.paragraph(),
        }
    }

    fn document(&mut self) -> Node {
        let content = (0..=self.below(6)).map(|_| self.block(0)).collect();
        Node::of(node::DOC, content).normalised()
    }
}
