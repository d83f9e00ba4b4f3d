//! UmaDB, an event store that syncs before it acknowledges, by its own gRPC interface.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use prost::Message as _;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;

use crate::items::submission;
use crate::ours::connected;
use crate::process::{Server, free_address};

/// `umadb.v1.Event`.
#[derive(Clone, PartialEq, prost::Message)]
struct Event {
    #[prost(string, tag = "1")]
    sort: String,
    #[prost(string, repeated, tag = "2")]
    tags: Vec<String>,
    #[prost(bytes = "vec", tag = "3")]
    data: Vec<u8>,
}

/// `umadb.v1.AppendRequest`, without a condition.
#[derive(Clone, PartialEq, prost::Message)]
struct AppendRequest {
    #[prost(message, repeated, tag = "1")]
    events: Vec<Event>,
}

/// `umadb.v1.AppendResponse`.
#[derive(Clone, PartialEq, prost::Message)]
struct AppendResponse {
    #[prost(uint64, tag = "1")]
    position: u64,
}

/// One connection.
#[derive(Clone)]
pub(crate) struct Client(Channel);

impl Client {
    pub(crate) async fn connect(server: &Server) -> Self {
        Self(connected(server.address).await)
    }

    /// Appends the events of a call; resolves once they are durable.
    pub(crate) async fn append(&mut self, number: u64, events: u64) {
        let asked = submission(number, events);
        let event = |item: &gradus_wire::v1::EvidenceItem| {
            let source = item.source.clone().unwrap_or_default();
            let tags = vec![format!("unit:{}", asked.unit), format!("source:{}", source.id)];
            Event { sort: "evidence-submitted".to_owned(), tags, data: item.encode_to_vec() }
        };
        let events = asked.items.iter().map(event).collect();
        let mut grpc = tonic::client::Grpc::new(self.0.clone());
        grpc.ready().await.expect("a connection");
        let codec = tonic_prost::ProstCodec::<AppendRequest, AppendResponse>::default();
        let path = PathAndQuery::from_static("/umadb.v1.DCB/Append");
        let asked = tonic::Request::new(AppendRequest { events });
        grpc.unary(asked, path, codec).await.expect("events are taken in");
    }
}

/// Starts it on a folder.
pub(crate) fn start(folder: &Path) -> Result<Server, String> {
    let program = std::env::var_os("GRADUS_UMADB").map_or_else(|| "umadb".into(), PathBuf::from);
    let address = free_address();
    let mut command = Command::new(program);
    command.arg("--listen").arg(address.to_string()).arg("--db-path").arg(folder.join("uma.db"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().map_err(|error| format!("UmaDB does not run: {error}"))?;
    Server::other(child, address)
}
