//! One connection to Redis, or to a cluster of them.
//!
//! Every call ends within [`ANSWER_TIMEOUT`]. A link that has failed once is thrown away: what it was subscribed to and
//! what it has sent is then unknown.

use std::time::Duration;

use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncConnectionConfig, Client, ProtocolVersion, RedisResult, cmd};

use super::url::RedisUrl;

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long Redis may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection.
pub(super) enum Link {
    /// To one server.
    Single(MultiplexedConnection),
    /// To a cluster, where each channel is published on the shard that it belongs to alone.
    Cluster(ClusterConnection),
}

impl Link {
    /// Connects; `pushes` gets what Redis says by itself.
    pub(super) async fn open(url: &RedisUrl, pushes: impl AsyncPushSender) -> RedisResult<Self> {
        if url.is_cluster() {
            let client = ClusterClient::builder(url.servers().to_vec())
                .use_protocol(ProtocolVersion::RESP3)
                .connection_timeout(CONNECT_TIMEOUT)
                .response_timeout(ANSWER_TIMEOUT)
                .retries(1)
                .push_sender(pushes)
                .build()?;
            return Ok(Self::Cluster(client.get_async_connection().await?));
        }
        let server = url.servers().first().cloned();
        let client = Client::open(server.ok_or((redis::ErrorKind::InvalidClientConfig, "no server"))?)?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(ANSWER_TIMEOUT))
            .set_push_sender(pushes);
        Ok(Self::Single(
            client
                .get_multiplexed_async_connection_with_config(&config)
                .await?,
        ))
    }

    /// Publishes all of these, in order.
    pub(super) async fn publish(&mut self, messages: &[(String, Vec<u8>)]) -> RedisResult<()> {
        match self {
            Self::Single(connection) => {
                let mut pipeline = redis::pipe();
                for (channel, message) in messages {
                    pipeline.cmd("PUBLISH").arg(channel).arg(message).ignore();
                }
                pipeline.query_async(connection).await
            }
            Self::Cluster(connection) => {
                for (channel, message) in messages {
                    let mut publish = cmd("SPUBLISH");
                    publish.arg(channel).arg(message);
                    publish.exec_async(connection).await?;
                }
                Ok(())
            }
        }
    }

    /// Subscribes to all of these.
    pub(super) async fn subscribe(&mut self, channels: &[String]) -> RedisResult<()> {
        match self {
            Self::Single(connection) => connection.subscribe(channels).await,
            Self::Cluster(connection) => {
                // Channels lie on different shards, so each is asked for alone.
                for channel in channels {
                    connection.ssubscribe(channel).await?;
                }
                Ok(())
            }
        }
    }

    /// Ends a subscription.
    pub(super) async fn unsubscribe(&mut self, channel: &str) -> RedisResult<()> {
        match self {
            Self::Single(connection) => connection.unsubscribe(channel).await,
            Self::Cluster(connection) => connection.sunsubscribe(channel).await,
        }
    }
}
