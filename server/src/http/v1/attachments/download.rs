//! `GET /v1/attachments/{attachment_id}/download`.

use std::fmt::Write as _;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::list::find;
use super::{guarded, hexadecimal, key_of, storage_problem};
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::Id;
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;

/// Gives an attached file out, as a download that is never shown in place. Its type is the file's own.
#[utoipa::path(
    get, path = "/v1/attachments/{attachment_id}/download", tag = "Attachments",
    params(("attachment_id" = Uuid, Path)),
    responses((status = 200, content_type = "*/*", body = Vec<u8>, headers(
        ("Content-Disposition" = String, description = "`attachment`, with the name of the file"),
        ("ETag" = String, description = "The SHA-256 of the bytes"),
    ))),
)]
pub(super) async fn download_attachment(
    State(api): State<Api>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, Problem> {
    let mut tx = api.records.read().await?;
    let attachment = find(&mut tx, &caller, id, Action::ReadContent, api.clock.now_ms()).await?;
    drop(tx);
    let opened = api.files.objects.open(key_of(attachment.workspace, id)).await;
    let reader = opened
        .map_err(|error| storage_problem(&error))?
        .ok_or(NOT_FOUND)?;
    let mut response = Body::from_stream(reader.bytes).into_response();
    let headers = response.headers_mut();
    headers.extend(guarded(&attachment.content_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(reader.size_bytes));
    headers.insert(header::CONTENT_DISPOSITION, disposition(&attachment.name));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    let checksum = hexadecimal(&attachment.checksum.unwrap_or_default());
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{checksum}\"")) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// `attachment` with the name of the file: once as everybody understands it, once as it is (RFC 6266).
fn disposition(name: &str) -> HeaderValue {
    let mut value = String::from("attachment; filename=\"");
    value.extend(name.chars().map(|character| match character {
        ' '..='~' if !matches!(character, '"' | '\\' | '%' | '/' | ';') => character,
        _ => '_',
    }));
    value.push_str("\"; filename*=UTF-8''");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            value.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(value, "%{byte:02X}");
        }
    }
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_header() {
        for (name, expected) in [
            (
                "cat.png",
                "attachment; filename=\"cat.png\"; filename*=UTF-8''cat.png",
            ),
            (
                "a\"; filename=\"b.html",
                "attachment; filename=\"a__ filename=_b.html\"; filename*=UTF-8''a%22%3B%20filename%3D%22b.html",
            ),
            ("..\\x", "attachment; filename=\".._x\"; filename*=UTF-8''..%5Cx"),
            ("\u{e4}", "attachment; filename=\"_\"; filename*=UTF-8''%C3%A4"),
            (
                "a\r\nx: y",
                "attachment; filename=\"a__x: y\"; filename*=UTF-8''a%0D%0Ax%3A%20y",
            ),
        ] {
            assert_eq!(disposition(name), expected, "{name}");
        }
    }
}
