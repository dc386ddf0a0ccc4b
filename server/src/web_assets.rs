//! The built page, embedded in the binary. Empty when `web/dist` did not exist at build time.

use axum::http::HeaderValue;
use bytes::Bytes;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../web/dist"]
#[allow_missing = true]
struct Dist;

/// One file of the page.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its content.
    pub bytes: Bytes,
    /// Its media type.
    pub media_type: HeaderValue,
    /// Its entity tag with quotes, made from the content.
    pub tag: String,
    /// Its name changes with its content.
    pub is_hashed: bool,
}

/// The file at `path`, relative to the page's root without a leading `/`.
pub fn find(path: &str) -> Option<Asset> {
    let file = Dist::get(path)?;
    let media_type = mime_guess::from_path(path).first_or_octet_stream();
    let media_type = match media_type.type_() {
        mime_guess::mime::TEXT => format!("{media_type}; charset=utf-8"),
        _ => media_type.to_string(),
    };
    let hash = file.metadata.sha256_hash();
    let tag = hash[..16]
        .iter()
        .fold(String::from("\""), |tag, byte| format!("{tag}{byte:02x}"))
        + "\"";
    let bytes = match file.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    };
    Some(Asset {
        bytes,
        media_type: HeaderValue::from_str(&media_type)
            .unwrap_or(HeaderValue::from_static("application/octet-stream")),
        tag,
        // Vite puts every file that it names by hash there, and only those.
        is_hashed: path.starts_with("assets/"),
    })
}

/// Whether the binary has a page.
pub fn is_built() -> bool {
    Dist::get("index.html").is_some()
}
