//! The few questions a cluster is asked from outside: who is there, who leads, make this topic.
//!
//! A connection per question, to a broker of ours that is known to speak these versions. Not a client: it knows no
//! retries, no versions but one, no security.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use kafka_wire::messages::create_topics::{
    CreatableTopic, CreatableTopicResult, CreateTopicsRequest,
};
use kafka_wire::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseTopic,
};
use kafka_wire::{ErrorCode, Request, decode_response, encode_request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The ids of the brokers that the one at `address` knows.
pub(crate) async fn brokers(address: SocketAddr) -> io::Result<Vec<i32>> {
    let answer = metadata(address, Vec::new()).await?;
    Ok(answer.brokers.iter().map(|broker| broker.node_id).collect())
}

/// What the broker at `address` knows of a topic; `None` if it does not know it. Never creates it.
pub(crate) async fn topic(
    address: SocketAddr,
    name: &str,
) -> io::Result<Option<MetadataResponseTopic>> {
    let topic = MetadataRequestTopic {
        name: Some(name.to_owned()),
        ..Default::default()
    };
    let answer = metadata(address, vec![topic]).await?;
    Ok(answer
        .topics
        .into_iter()
        .find(|topic| topic.error_code == ErrorCode::NONE))
}

/// Asks the broker at `address` to create a topic; the result is what the cluster says about it.
pub(crate) async fn create_topic(
    address: SocketAddr,
    name: &str,
    partitions: i32,
    replication: i16,
) -> io::Result<CreatableTopicResult> {
    let topic = CreatableTopic {
        name: name.to_owned(),
        num_partitions: partitions,
        replication_factor: replication,
        ..Default::default()
    };
    let request = CreateTopicsRequest {
        topics: vec![topic],
        timeout_ms: 5_000,
        ..Default::default()
    };
    let mut answer = ask(address, &request, 7).await?;
    answer
        .topics
        .pop()
        .ok_or_else(|| io::Error::other("CreateTopics answered for no topic"))
}

async fn metadata(
    address: SocketAddr,
    topics: Vec<MetadataRequestTopic>,
) -> io::Result<MetadataResponse> {
    let request = MetadataRequest {
        topics: Some(topics),
        allow_auto_topic_creation: false,
        ..Default::default()
    };
    ask(address, &request, 12).await
}

/// One request, one answer, in at most [`LIMIT`].
async fn ask<R: Request>(
    address: SocketAddr,
    request: &R,
    version: i16,
) -> io::Result<R::Response> {
    let frame = encode_request(request, version, 0, Some("kafka-testcontainers"))
        .map_err(io::Error::other)?;
    let answer = tokio::time::timeout(LIMIT, exchange(address, &frame.to_bytes())).await??;
    let (_, answer) = decode_response::<R>(&answer, version).map_err(io::Error::other)?;
    Ok(answer)
}

async fn exchange(address: SocketAddr, frame: &Bytes) -> io::Result<Bytes> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(frame).await?;
    let length = stream.read_u32().await?;
    let mut answer = Vec::new();
    (&mut stream)
        .take(u64::from(length))
        .read_to_end(&mut answer)
        .await?;
    Ok(answer.into())
}

/// A broker that takes longer is not ready, or paused.
const LIMIT: Duration = Duration::from_secs(6);
