//! Lockstep: a fixed piece of work in a fixed order, for counting the instructions that a server spends on it.
//!
//! Everything happens one after another: the next step begins when the one before has arrived everywhere and is
//! acknowledged. So the server does the same in every run, however slow it is, and counts can be compared.
//! Invariant: no clock decides anything.

use anyhow::Context;

use crate::cli::{Lockstep, Step};
use crate::connection::Connection;
use crate::marker::{Marker, scan};
use crate::role::client_id;
use crate::target::{Target, parse_targets};
use crate::wire::{Inbound, pong};
use crate::writer::Writer;

/// Does it.
///
/// # Errors
/// If the server does not do its part.
pub async fn lockstep(arguments: &Lockstep) -> anyhow::Result<()> {
    let target = parse_targets(&arguments.target)?
        .into_iter()
        .next()
        .context("no target")?;
    match arguments.step {
        Step::Edits => edits(&target, arguments.times, arguments.receivers).await,
        Step::Presence => presence(&target, arguments.times, arguments.receivers).await,
        Step::Documents => documents(&target, arguments.times).await,
    }
}

/// One writer, and receivers that must have each edit before the next is made.
async fn edits(target: &Target, times: u32, receivers: usize) -> anyhow::Result<()> {
    let (mut writer, earlier, mut others) = gather(target, "lockstep-edits", receivers).await?;
    let mut text = Writer::new(client_id(0));
    let mut earlier = earlier;
    for sequence in 0..times {
        let marker = Marker {
            writer: 0,
            sequence,
            sent_us: 0,
        };
        let update = text.append(&marker.encode());
        writer.pour_edits(&[update], earlier).await?;
        earlier = 0;
        for other in &mut others {
            wait_for(other, marker).await?;
        }
    }
    end(writer, others).await;
    Ok(())
}

/// One who shows where it is, and others that must see each state before the next.
async fn presence(target: &Target, times: u32, receivers: usize) -> anyhow::Result<()> {
    let (mut shower, _, mut others) = gather(target, "lockstep-presence", receivers).await?;
    for sequence in 0..times {
        let marker = Marker {
            writer: 0,
            sequence,
            sent_us: 0,
        };
        let encoded = marker.encode();
        let state = format!(r#"{{"cursor":"{}"}}"#, String::from_utf8_lossy(&encoded));
        let frame = shower
            .wire()
            .awareness(client_id(0), u64::from(sequence) + 1, &state);
        shower.send(frame).await?;
        for other in &mut others {
            wait_for(other, marker).await?;
        }
    }
    end(shower, others).await;
    Ok(())
}

/// Documents that are opened, written once and left.
async fn documents(target: &Target, times: u32) -> anyhow::Result<()> {
    let text = vec![b'a'; 2_048];
    for number in 0..times {
        let mut connection = Connection::open(target, &format!("lockstep-{number}")).await?;
        let (_, earlier) = connection.synced().await?;
        let update = Writer::new(client_id(number as usize)).append(&text);
        connection.pour_edits(&[update], earlier).await?;
        connection.close().await;
    }
    Ok(())
}

async fn gather(
    target: &Target,
    document: &str,
    receivers: usize,
) -> anyhow::Result<(Connection, u32, Vec<Connection>)> {
    let mut first = Connection::open(target, document).await?;
    let (_, earlier) = first.synced().await?;
    let mut others = Vec::with_capacity(receivers);
    for _ in 0..receivers {
        let mut other = Connection::open(target, document).await?;
        other.synced().await?;
        others.push(other);
    }
    Ok((first, earlier, others))
}

async fn wait_for(connection: &mut Connection, wanted: Marker) -> anyhow::Result<()> {
    loop {
        let frame = connection.next().await?;
        match connection.wire().read(&frame) {
            Some(Inbound::Update(bytes) | Inbound::Step2(bytes) | Inbound::Awareness(bytes)) => {
                if scan(bytes).any(|marker| marker == wanted) {
                    return Ok(());
                }
            }
            Some(Inbound::Ping) => connection.send(pong()).await?,
            Some(_) => {}
            None => anyhow::bail!("a frame is malformed"),
        }
    }
}

async fn end(first: Connection, others: Vec<Connection>) {
    first.close().await;
    for other in others {
        other.close().await;
    }
}
