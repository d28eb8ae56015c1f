//! Talks to a broker over a plain socket: asks what it can do, then what is in its cluster.
//!
//! `cargo run -p kafka-wire --example talk -- localhost:9092`

use std::io::{Read, Write};
use std::net::TcpStream;

use bytes::Bytes;
use kafka_wire::messages::api_versions::ApiVersionsRequest;
use kafka_wire::messages::metadata::MetadataRequest;
use kafka_wire::{ApiRanges, Request, decode_response, encode_request, frame_length};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let address = std::env::args().nth(1);
    let mut broker = TcpStream::connect(address.as_deref().unwrap_or("localhost:9092"))?;

    // Every broker answers version 0; its answer says what else it speaks.
    let offer = ask(&mut broker, &ApiVersionsRequest::default(), 0)?;
    let version = ApiRanges::from_response(&offer).negotiate::<MetadataRequest>()?;
    let cluster = ask(&mut broker, &MetadataRequest::default(), version)?;

    for broker in cluster.brokers {
        println!(
            "broker {} at {}:{}",
            broker.node_id, broker.host, broker.port
        );
    }
    for topic in cluster.topics {
        let name = topic.name.unwrap_or_default();
        println!("topic {name}, {} partitions", topic.partitions.len());
    }
    Ok(())
}

/// Sends one request and waits for its answer.
fn ask<R: Request>(broker: &mut TcpStream, request: &R, version: i16) -> Result<R::Response> {
    let frame = encode_request(request, version, 1, Some("talk"))?;
    broker.write_all(&frame.to_bytes())?;

    let mut prefix = [0; 4];
    broker.read_exact(&mut prefix)?;
    let length = frame_length(&prefix, 16 << 20)?.unwrap_or_default();
    let mut answer = vec![0; length];
    broker.read_exact(&mut answer)?;
    let (_correlation_id, response) = decode_response::<R>(&Bytes::from(answer), version)?;
    Ok(response)
}
