//! What uploaded bytes are taken for.
//!
//! Invariant: nothing that a browser could run keeps its type, whatever the uploader says. A picture is one only if its
//! first bytes say so.

/// How many of the first bytes decide.
pub(super) const SNIFFED_BYTES: usize = 16;

/// Bytes of no particular kind.
pub(super) const UNKNOWN: &str = "application/octet-stream";

/// The longest type that is kept.
const MAX_TYPE_CHARS: usize = 100;

/// Pictures that can be avatars.
pub(super) fn picture(bytes: &[u8]) -> Option<&'static str> {
    let is_webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        _ if is_webp => Some("image/webp"),
        _ => None,
    }
}

/// The type of bytes that begin with `bytes` and are said to be `declared`.
pub(super) fn content_type(declared: Option<&str>, bytes: &[u8]) -> String {
    if let Some(picture) = picture(bytes) {
        return picture.to_owned();
    }
    if bytes.starts_with(b"%PDF-") {
        return "application/pdf".to_owned();
    }
    let declared = declared.and_then(essence);
    declared
        .filter(|declared| is_harmless(declared))
        .unwrap_or_else(|| UNKNOWN.to_owned())
}

/// `type/subtype` in small letters, without parameters.
fn essence(declared: &str) -> Option<String> {
    let essence = declared.split(';').next()?.trim().to_ascii_lowercase();
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let (kind, rest) = essence.split_once('/')?;
    (essence.len() <= MAX_TYPE_CHARS && is_name(kind) && is_name(rest)).then_some(essence)
}

/// What no browser runs, and what could have been checked by its first bytes and was not.
fn is_harmless(essence: &str) -> bool {
    let (kind, rest) = essence.split_once('/').unwrap_or_default();
    match kind {
        "audio" | "video" | "font" => true,
        "text" => matches!(rest, "plain" | "csv" | "markdown" | "calendar"),
        "application" => {
            matches!(
                rest,
                "zip" | "gzip" | "json" | "rtf" | "msword" | "x-7z-compressed" | "x-tar" | "vnd.ms-excel"
            ) || rest == "vnd.ms-powerpoint"
                || rest.starts_with("vnd.openxmlformats-officedocument.")
                || rest.starts_with("vnd.oasis.opendocument.")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_run_is_bytes_of_no_kind() {
        for declared in [
            "text/html",
            "TEXT/HTML; charset=utf-8",
            "image/svg+xml",
            "application/xhtml+xml",
            "text/xml",
            "application/xml",
            "text/javascript",
            "application/javascript",
            "application/x-shockwave-flash",
            "application/wasm",
            "text/css",
            "multipart/x-mixed-replace",
            "message/rfc822",
            // A picture that is none.
            "image/png",
            "application/pdf",
            "nonsense",
            "a/b\r\nx: y",
            "",
        ] {
            assert_eq!(content_type(Some(declared), b"<script>"), UNKNOWN, "{declared}");
        }
        assert_eq!(content_type(None, b"<svg"), UNKNOWN);
        assert_eq!(
            content_type(Some("Text/Plain; charset=utf-8"), b"hi"),
            "text/plain"
        );
        assert_eq!(content_type(Some("text/html"), b"%PDF-1.7"), "application/pdf");
        assert_eq!(
            content_type(Some("text/html"), b"\x89PNG\r\n\x1a\n<script>"),
            "image/png"
        );
    }

    #[test]
    fn pictures_are_known_by_their_first_bytes() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0....", Some("image/jpeg")),
            (b"GIF89a....", Some("image/gif")),
            (b"RIFF....WEBPVP8 ", Some("image/webp")),
            (b"RIFF....WAVEfmt ", None),
            (b"<svg xmlns='http://www.w3.org/2000/svg'>", None),
            (b"", None),
        ] {
            assert_eq!(picture(bytes), expected);
        }
    }
}
