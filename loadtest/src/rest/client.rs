//! One connection for requests, one at a time.
//!
//! Invariant: every request is answered or given up within a bound. It must never follow an address that an answer
//! names.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of an unexpected answer is told.
const TOLD_BYTES: usize = 300;

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// The socket failed.
    #[error("socket: {0}")]
    Io(#[from] std::io::Error),
    /// The exchange failed.
    #[error("http: {0}")]
    Http(#[from] hyper::Error),
    /// The request could not be made.
    #[error("request: {0}")]
    Request(#[from] hyper::http::Error),
    /// No answer in time.
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Timeout,
    /// Another answer than was expected.
    #[error("{method} {path}: {status} {said}")]
    Unexpected {
        /// Of the request.
        method: Method,
        /// Of the request.
        path: String,
        /// Of the answer.
        status: StatusCode,
        /// The beginning of its body.
        said: String,
    },
    /// An answer lacks what was looked for in it.
    #[error("an answer has no `{0}`")]
    Lacks(&'static str),
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its body, as it came.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; `null` if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A text at the first level of the body.
    ///
    /// # Errors
    /// If there is none.
    pub fn text(&self, name: &'static str) -> Result<String, RestError> {
        let json = self.json();
        json[name]
            .as_str()
            .map(str::to_owned)
            .ok_or(RestError::Lacks(name))
    }
}

/// What a request carries.
#[derive(Clone, Debug)]
pub enum Content {
    /// Nothing.
    Nothing,
    /// JSON.
    Json(Value),
    /// A merge patch.
    Patch(Value),
    /// Markdown.
    Markdown(String),
}

/// A connection to one server, as somebody or as nobody.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    token: Option<String>,
    sender: SendRequest<Full<Bytes>>,
    _connection: AbortOnDropHandle<()>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// If the server does not accept.
    pub async fn connect(address: SocketAddr, token: Option<&str>) -> Result<Self, RestError> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        let tasks = TaskTracker::new();
        // It ends with the client; what it fails of, the requests say.
        let connection = tasks.spawn(async move { drop(connection.await) });
        Ok(Self {
            address,
            token: token.map(str::to_owned),
            sender,
            _connection: AbortOnDropHandle::new(connection),
        })
    }

    /// Becomes somebody else.
    pub fn become_bearer(&mut self, token: &str) {
        self.token = Some(token.to_owned());
    }

    /// One request, whatever the answer.
    ///
    /// # Errors
    /// If there is none.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        content: Content,
        if_match: Option<&str>,
    ) -> Result<Answer, RestError> {
        let (kind, body) = match content {
            Content::Nothing => (None, Bytes::new()),
            Content::Json(value) => (Some("application/json"), value.to_string().into()),
            Content::Patch(value) => (Some("application/merge-patch+json"), value.to_string().into()),
            Content::Markdown(text) => (Some("text/markdown"), text.into()),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string());
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        if let Some(etag) = if_match {
            request = request.header(header::IF_MATCH, etag);
        }
        let request = request.body(Full::new(body))?;
        let exchange = async {
            self.sender.ready().await?;
            let response = self.sender.send_request(request).await?;
            let (head, body) = response.into_parts();
            let etag = head.headers.get(header::ETAG);
            Ok(Answer {
                status: head.status,
                etag: etag.and_then(|etag| etag.to_str().ok()).map(str::to_owned),
                body: body.collect().await?.to_bytes(),
            })
        };
        timeout(PATIENCE, exchange)
            .await
            .map_err(|_| RestError::Timeout)?
    }

    /// One request that must succeed.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ask(&mut self, method: Method, path: &str, content: Content) -> Result<Answer, RestError> {
        self.ask_if(method, path, content, None).await
    }

    /// One request that must succeed, on a condition.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ask_if(
        &mut self,
        method: Method,
        path: &str,
        content: Content,
        if_match: Option<&str>,
    ) -> Result<Answer, RestError> {
        let answer = self.send(method.clone(), path, content, if_match).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let said = &answer.body[..answer.body.len().min(TOLD_BYTES)];
        Err(RestError::Unexpected {
            method,
            path: path.to_owned(),
            status: answer.status,
            said: String::from_utf8_lossy(said).into_owned(),
        })
    }
}
