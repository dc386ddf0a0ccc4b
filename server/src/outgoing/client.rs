//! One request, one connection, one bounded answer.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::address::AddressRules;
use super::error::OutgoingError;
use super::resolve::{MAX_ADDRESSES, Resolve};

/// The longest address.
const MAX_URL_BYTES: usize = 4_096;
/// The most headers of an answer.
const MAX_HEADERS: usize = 128;
/// The largest head of an answer.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// How long one address of a host may take to accept.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How we call ourselves.
const AGENT: &str = concat!("weft/", env!("CARGO_PKG_VERSION"));

/// How long an exchange may take, resolution and handshakes included, and how much of an answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// From the beginning to the last byte.
    pub timeout: Duration,
    /// Bytes of the body; what comes behind is not read.
    pub max_body_bytes: usize,
}

impl Bounds {
    /// For small documents that are needed whole: key sets, metadata, token answers.
    pub const DOCUMENT: Self = Self {
        timeout: Duration::from_secs(10),
        max_body_bytes: 256 * 1024,
    };
}

/// What to ask.
#[derive(Clone)]
pub struct OutgoingRequest {
    /// How.
    pub method: Method,
    /// Where.
    pub url: String,
    /// Headers beside those that the client sets itself (`host`, `user-agent`, `content-length`).
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
    /// Its bounds.
    pub bounds: Bounds,
}

impl fmt::Debug for OutgoingRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Address, headers and body may carry secrets.
        formatter
            .debug_struct("OutgoingRequest")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl OutgoingRequest {
    /// `GET url`.
    pub fn get(url: impl Into<String>, bounds: Bounds) -> Self {
        Self {
            method: Method::GET,
            url: url.into(),
            headers: Vec::new(),
            body: Bytes::new(),
            bounds,
        }
    }
}

/// What came back, whatever its status.
#[derive(Debug, Clone)]
pub struct OutgoingResponse {
    /// The status; a redirect is an answer like others.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as far as it was read.
    pub body: Bytes,
    /// Whether that is all of it.
    pub is_complete: bool,
}

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct OutgoingClient {
    rules: Arc<AddressRules>,
    resolver: Arc<dyn Resolve>,
    tls: TlsConnector,
}

impl fmt::Debug for OutgoingClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutgoingClient")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// An address that could be asked, by its form.
struct Place {
    url: Url,
    port: u16,
    is_encrypted: bool,
}

impl Place {
    fn parse(url: &str) -> Result<Self, OutgoingError> {
        if url.len() > MAX_URL_BYTES {
            return Err(OutgoingError::Address);
        }
        let url = Url::parse(url).map_err(|_| OutgoingError::Address)?;
        let is_encrypted = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(OutgoingError::Address),
        };
        let has_user = !url.username().is_empty() || url.password().is_some();
        let port = url.port_or_known_default().filter(|port| *port != 0 && !has_user);
        let port = port.ok_or(OutgoingError::Address)?;
        Ok(Self {
            url,
            port,
            is_encrypted,
        })
    }
}

/// A place that may be connected to: parsed, resolved, checked.
struct Destination {
    url: Url,
    host: String,
    is_encrypted: bool,
    addresses: Vec<SocketAddr>,
}

impl OutgoingClient {
    /// With these rules, names and certificates.
    pub fn new(rules: AddressRules, resolver: Arc<dyn Resolve>, tls: Arc<rustls::ClientConfig>) -> Self {
        Self {
            rules: Arc::new(rules),
            resolver,
            tls: TlsConnector::from(tls),
        }
    }

    /// Asks, and reads the answer as far as its bound.
    ///
    /// # Errors
    /// [`OutgoingError`] if there is no answer. Any status is an answer.
    pub async fn send(&self, request: OutgoingRequest) -> Result<OutgoingResponse, OutgoingError> {
        let timeout = request.bounds.timeout;
        // On the heap: the whole exchange is large, and callers' tasks should not be.
        tokio::time::timeout(timeout, Box::pin(self.exchange(request)))
            .await
            .map_err(|_| OutgoingError::Timeout)?
    }

    /// Asks for JSON and needs all of it, with status 200.
    ///
    /// # Errors
    /// [`OutgoingError`] if anything else came.
    pub async fn fetch_json<T: DeserializeOwned>(
        &self,
        mut request: OutgoingRequest,
    ) -> Result<T, OutgoingError> {
        request
            .headers
            .push((header::ACCEPT, HeaderValue::from_static("application/json")));
        let response = self.send(request).await?;
        if response.status != 200 {
            return Err(OutgoingError::Status(response.status));
        }
        if !response.is_complete {
            return Err(OutgoingError::TooLarge);
        }
        serde_json::from_slice(&response.body).map_err(|_| OutgoingError::Json)
    }

    /// Whether `url` is an address that could be asked, as far as it says so itself: what a name leads to is looked at
    /// when it is asked.
    ///
    /// # Errors
    /// [`OutgoingError`] as from [`Self::send`].
    pub fn check(&self, url: &str) -> Result<(), OutgoingError> {
        let place = Place::parse(url)?;
        let literal = match place.url.host().ok_or(OutgoingError::Address)? {
            Host::Ipv4(address) => Some(IpAddr::from(address)),
            Host::Ipv6(address) => Some(IpAddr::from(address)),
            Host::Domain(_) => None,
        };
        match literal {
            Some(address) => {
                let found = vec![SocketAddr::new(address, place.port)];
                self.reachable(found, place.is_encrypted).map(|_| ())
            }
            None if place.is_encrypted || self.rules.names_any() => Ok(()),
            None => Err(OutgoingError::NotEncrypted),
        }
    }

    async fn exchange(&self, request: OutgoingRequest) -> Result<OutgoingResponse, OutgoingError> {
        let destination = self.destination(&request.url).await?;
        let stream = connect(&destination.addresses).await?;
        let max_body = request.bounds.max_body_bytes;
        let request = build(&destination, request)?;
        if destination.is_encrypted {
            let name = ServerName::try_from(destination.host).map_err(|_| OutgoingError::Address)?;
            let stream = self.tls.connect(name, stream).await.map_err(OutgoingError::Tls)?;
            converse(stream, request, max_body).await
        } else {
            converse(stream, request, max_body).await
        }
    }

    /// Resolves `url` once and keeps the addresses that may be reached; nothing is resolved again.
    async fn destination(&self, url: &str) -> Result<Destination, OutgoingError> {
        let Place {
            url,
            port,
            is_encrypted,
        } = Place::parse(url)?;
        let (host, found) = match url.host().ok_or(OutgoingError::Address)? {
            Host::Ipv4(address) => (address.to_string(), vec![SocketAddr::new(address.into(), port)]),
            Host::Ipv6(address) => (address.to_string(), vec![SocketAddr::new(address.into(), port)]),
            Host::Domain(name) => {
                let found = self
                    .resolver
                    .resolve(name, port)
                    .await
                    .map_err(|_| OutgoingError::Unresolved)?;
                (name.to_owned(), found)
            }
        };
        let addresses = self.reachable(found, is_encrypted)?;
        Ok(Destination {
            url,
            host,
            is_encrypted,
            addresses,
        })
    }

    fn reachable(
        &self,
        found: Vec<SocketAddr>,
        is_encrypted: bool,
    ) -> Result<Vec<SocketAddr>, OutgoingError> {
        if found.is_empty() {
            return Err(OutgoingError::Unresolved);
        }
        let may = |address: IpAddr| self.rules.may_reach(address);
        let mut addresses: Vec<_> = found
            .into_iter()
            .take(MAX_ADDRESSES)
            .filter(|address| may(address.ip()))
            .collect();
        if addresses.is_empty() {
            return Err(OutgoingError::Forbidden);
        }
        if !is_encrypted {
            addresses.retain(|address| self.rules.is_named(address.ip()));
            if addresses.is_empty() {
                return Err(OutgoingError::NotEncrypted);
            }
        }
        Ok(addresses)
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, OutgoingError> {
    let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
    for address in addresses {
        match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = std::io::Error::from(std::io::ErrorKind::TimedOut),
        }
    }
    Err(OutgoingError::Connect(last))
}

fn build(destination: &Destination, request: OutgoingRequest) -> Result<Request<Full<Bytes>>, OutgoingError> {
    let url = &destination.url;
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    // As in the address: brackets around IPv6, the port only if it is not the usual one.
    let host = url.host_str().unwrap_or_default();
    let authority = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let mut built = Request::builder()
        .method(request.method)
        .uri(target)
        .header(header::HOST, authority)
        .header(header::USER_AGENT, AGENT)
        .header(header::CONNECTION, "close")
        .body(Full::new(request.body))?;
    for (name, value) in request.headers {
        let is_ours = [
            header::HOST,
            header::CONNECTION,
            header::CONTENT_LENGTH,
            header::TRANSFER_ENCODING,
        ]
        .contains(&name);
        if !is_ours {
            built.headers_mut().insert(name, value);
        }
    }
    Ok(built)
}

async fn converse<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    max_body_bytes: usize,
) -> Result<OutgoingResponse, OutgoingError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        read(response, max_body_bytes).await
    };
    // Both halves run in this task; dropping it closes the connection, whatever the other side still sends.
    tokio::pin!(connection, exchange);
    tokio::select! {
        biased;
        result = &mut exchange => result,
        _ = &mut connection => exchange.await,
    }
}

async fn read(
    response: Response<Incoming>,
    max_body_bytes: usize,
) -> Result<OutgoingResponse, OutgoingError> {
    let (head, mut incoming) = response.into_parts();
    let mut body = BytesMut::new();
    let mut is_complete = true;
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = max_body_bytes - body.len();
        body.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            is_complete = false;
            break;
        }
    }
    Ok(OutgoingResponse {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.freeze(),
        is_complete,
    })
}
