//! The page `docs/configuration.md`, made from the commented defaults so that it cannot differ from them.

use std::fmt::Write as _;

use super::DEFAULT_TOML;
use super::layers::variable;

const HEAD: &str = "\
# Configuration

<!-- Generated from server/src/config/default.toml by `make docs`; a test fails when the two differ. -->

Every setting has a default. It can be replaced, each layer over the one before, by a TOML file
(`weft serve --config weft.toml` or `WEFT_CONFIG=weft.toml`), by an environment variable, and by the command line
(`--set limits.max_sockets=500`; `--listen`, `--data` and `--playground` are short for the settings of those names).
Lists are written with commas in variables and on the command line. A key or `WEFT_…` variable that is no setting is
an error, not ignored; only `WEFT_BIN`, `WEFT_SEED`, `WEFT_URL` and `WEFT_TEST_…` are left to the tests and tools.

`weft serve --check-config` checks everything and ends; `weft serve --print-config` shows what would count, secrets
hidden.
";

/// The whole page.
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    let mut section = "";
    let mut comment = String::new();
    for line in DEFAULT_TOML.lines() {
        if let Some(text) = line.strip_prefix('#') {
            comment.push_str(text);
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
            let _ = write!(
                page,
                "\n## `[{section}]`\n\n| setting | default | variable | meaning |\n|---|---|---|---|\n"
            );
        } else if let Some((key, value)) = line.split_once(" = ") {
            let name = variable(section, key);
            let _ = writeln!(page, "| `{key}` | `{value}` | `{name}` | {} |", comment.trim());
            comment.clear();
        } else {
            comment.clear();
        }
    }
    page
}
