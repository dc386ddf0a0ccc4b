//! An S3 server for tests that are other programs: the one that tests here use, in a process of its own.
//!
//! Says the address in one line, and serves until its input ends. What it holds goes with it.

#![expect(
    clippy::print_stdout,
    reason = "the line that says the address is what it is for"
)]

#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "it is a server of tests, which reach behind it too"
)]
#[path = "../tests/conformance/bucket.rs"]
mod bucket;

use std::io::Read;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let server = bucket::S3Server::start().await;
    println!("{}", server.endpoint());
    let waiting = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    // However it ends, nobody is there any more.
    let _ = waiting.await;
}
