//! Which addresses links and images may have.
//!
//! Allowed is what cannot run: `http`, `https`, `mailto`, and addresses without a scheme. Everything else is refused,
//! not repaired.

/// The longest address that is kept, in bytes.
const MAX_LENGTH: usize = 8 * 1024;

const SCHEMES: [&str; 3] = ["http", "https", "mailto"];

/// `address` without surrounding blanks, if it is harmless.
///
/// Browsers drop tabs and line ends inside of a scheme and control characters in front of it, so no control
/// character is allowed anywhere; and what stands before a colon has to be one of the known schemes, unless a `/`,
/// `?` or `#` comes first.
pub(super) fn safe_url(address: &str) -> Option<&str> {
    let address = address.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if address.is_empty() || address.len() > MAX_LENGTH || address.chars().any(char::is_control) {
        return None;
    }
    match address.find([':', '/', '?', '#']) {
        Some(at) if address[at..].starts_with(':') => {
            let scheme = &address[..at];
            SCHEMES
                .iter()
                .any(|known| scheme.eq_ignore_ascii_case(known))
                .then_some(address)
        }
        _ => Some(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_addresses_pass() {
        for address in [
            "https://example.org/a?b=c#d",
            "HTTP://EXAMPLE.ORG",
            "mailto:a@example.org",
            "/docs/1",
            "docs/a:b",
            "?q=a:b",
            "#part:2",
            "//example.org/x",
            "javascript%3Aalert(1)",
        ] {
            assert_eq!(safe_url(address), Some(address));
        }
        assert_eq!(safe_url("  https://example.org\n"), Some("https://example.org"));
    }

    #[test]
    fn addresses_that_run_do_not() {
        for address in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            " javascript:alert(1)",
            "\u{1}javascript:alert(1)",
            "java\tscript:alert(1)",
            "java\nscript:alert(1)",
            "java\0script:alert(1)",
            "javascript\t:alert(1)",
            "\u{feff}javascript:alert(1)",
            "\u{a0}javascript:alert(1)",
            "\\javascript:alert(1)",
            "vbscript:msgbox",
            "data:text/html,<script>alert(1)</script>",
            "data:image/svg+xml;base64,PHN2Zz4=",
            "file:///etc/passwd",
            "blob:https://example.org/1",
            "view-source:javascript:alert(1)",
            "jar:http://example.org!/x",
            ":x",
            "",
        ] {
            assert_eq!(safe_url(address), None, "{address:?}");
        }
    }
}
