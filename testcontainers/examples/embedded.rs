//! An embedded cluster to point any client at, until ctrl-c: `cargo run -p kafka-testcontainers --example embedded [nodes] [key=value …]`.

use std::io;

use kafka_testcontainers::embedded::{Broker, Config};

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    let nodes = arguments.next_if(|it| !it.contains('='));
    let mut config = Config::nodes(nodes.and_then(|it| it.parse().ok()).unwrap_or(1));
    for property in arguments {
        let (key, value) = property.split_once('=').unwrap_or((&property, ""));
        config.set(key, value).map_err(io::Error::other)?;
    }
    let broker = Broker::start(config).await?;
    println!("{}", broker.bootstrap());
    tokio::signal::ctrl_c().await?;
    for node in broker.node_ids() {
        eprint!("node {node}:\n{}", broker.logs(node));
    }
    Ok(())
}
