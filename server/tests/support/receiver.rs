//! A receiver of webhooks on a real socket, which answers as a test says, well or badly.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// What came.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: String,
    pub timestamp_s: i64,
    pub signatures: Vec<String>,
    pub head: String,
    pub body: Vec<u8>,
}

impl Delivery {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn kind(&self) -> String {
        self.json()["type"].as_str().expect("a type").to_owned()
    }

    /// Whether one of the signatures is right by `secret`.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signed = [
            format!("{}.{}.", self.id, self.timestamp_s).as_bytes(),
            &self.body,
        ]
        .concat();
        self.signatures.iter().any(|signature| {
            let given = signature.strip_prefix("v1,").unwrap_or_default();
            let given = STANDARD.decode(given).unwrap_or_default();
            hmac::verify(&key, &signed, &given).is_ok()
        })
    }
}

impl Delivery {
    /// Whether one of the signatures is right by the public key `public`.
    pub fn is_signed_openly_by(&self, public: &str) -> bool {
        use ring::signature::{ED25519, UnparsedPublicKey};

        let key = STANDARD.decode(public.strip_prefix("whpk_").unwrap()).unwrap();
        let key = UnparsedPublicKey::new(&ED25519, key);
        let signed = [
            format!("{}.{}.", self.id, self.timestamp_s).as_bytes(),
            &self.body,
        ]
        .concat();
        self.signatures.iter().any(|signature| {
            let given = signature.strip_prefix("v1a,").unwrap_or_default();
            let given = STANDARD.decode(given).unwrap_or_default();
            key.verify(&signed, &given).is_ok()
        })
    }
}

/// How a receiver answers.
#[derive(Debug, Clone, Copy)]
pub enum Reply {
    /// With a status and further lines of the head.
    Status(u16, &'static str),
    /// It never does.
    Silence,
    /// It breaks the connection.
    Reset,
    /// Something else than HTTP.
    Garbage,
    /// A status of success, and then its body bit by bit without an end.
    Drip,
    /// The head bit by bit without an end.
    DripHead,
    /// A status of success, and then a body without an end as quickly as it is read.
    Endless,
    /// A status of success, and a small body that says that it is packed and would be many times larger unpacked.
    GzipBomb,
}

pub const OK: Reply = Reply::Status(200, "");

#[derive(Debug)]
struct Shared {
    deliveries: Mutex<Vec<Delivery>>,
    replies: Mutex<Vec<Reply>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// A receiver that listens until it is dropped.
#[derive(Debug)]
pub struct Receiver {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

impl Receiver {
    /// Answers in turn; the last answer stays.
    pub async fn answering(replies: &[Reply]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            deliveries: Mutex::default(),
            replies: Mutex::new(replies.to_vec()),
            tasks: TaskTracker::new(),
            stop: stop.clone(),
        });
        let listening = Arc::clone(&shared);
        shared.tasks.spawn(async move {
            while let Some(Ok((stream, _))) = listening.stop.run_until_cancelled(listener.accept()).await {
                let own = Arc::clone(&listening);
                listening.tasks.spawn(async move {
                    let stop = own.stop.clone();
                    stop.run_until_cancelled(own.serve(stream)).await;
                });
            }
        });
        Self {
            address,
            shared,
            _stop: stop.drop_guard(),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook?x=1", self.address)
    }

    /// Answers like this from now on.
    pub fn answer(&self, reply: Reply) {
        *self.shared.replies.lock().unwrap() = vec![reply];
    }

    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.deliveries.lock().unwrap().clone()
    }

    /// Waits until so many deliveries came, and returns them.
    pub async fn wait_for(&self, count: usize) -> Vec<Delivery> {
        for _ in 0..1_200 {
            let deliveries = self.deliveries();
            if deliveries.len() >= count {
                return deliveries;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{} of {count} deliveries came", self.deliveries().len());
    }
}

impl Shared {
    async fn serve(&self, mut stream: TcpStream) {
        let Some(delivery) = read(&mut stream).await else {
            return;
        };
        let reply = {
            let mut deliveries = self.deliveries.lock().unwrap();
            deliveries.push(delivery);
            let replies = self.replies.lock().unwrap();
            *replies.get(deliveries.len() - 1).or(replies.last()).unwrap()
        };
        // The other side may have had enough at any time.
        let _ = respond(&mut stream, reply).await;
    }
}

async fn respond(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    match reply {
        Reply::Status(status, lines) => {
            let answer =
                format!("HTTP/1.1 {status} X\r\n{lines}content-length: 4\r\nconnection: close\r\n\r\nwell");
            stream.write_all(answer.as_bytes()).await?;
            stream.shutdown().await
        }
        Reply::Silence => std::future::pending().await,
        Reply::Reset => {
            // What was not read makes the system send a reset.
            stream.set_zero_linger()?;
            Ok(())
        }
        Reply::Garbage => stream.write_all(b"\x00\x16\x03 what is this?\r\n\r\n").await,
        Reply::Drip => {
            stream.write_all(CHUNKED.as_bytes()).await?;
            loop {
                stream.write_all(b"1\r\nx\r\n").await?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Reply::DripHead => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nx-").await?;
            loop {
                stream.write_all(b"x").await?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Reply::GzipBomb => {
            // 1 KiB of deflated zeros, the head of many more.
            let mut body = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xec, 0xc0];
            body.resize(1_024, 0);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await?;
            stream.shutdown().await
        }
        Reply::Endless => {
            stream.write_all(CHUNKED.as_bytes()).await?;
            let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
            loop {
                stream.write_all(chunk.as_bytes()).await?;
            }
        }
    }
}

/// A request with a length.
async fn read(stream: &mut TcpStream) -> Option<Delivery> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let header = |name: &str| {
        let found = head
            .lines()
            .find_map(|line| line.split_once(": ").filter(|(key, _)| *key == name));
        found.map(|(_, value)| value.to_owned())
    };
    let length: usize = header("content-length")?.parse().unwrap();
    while bytes.len() < end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Delivery {
        id: header("webhook-id")?,
        timestamp_s: header("webhook-timestamp")?.parse().unwrap(),
        signatures: header("webhook-signature")?
            .split(' ')
            .map(str::to_owned)
            .collect(),
        body: bytes.split_off(end + 4),
        head,
    })
}
