//! Taking connections in without TLS.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{Connection, Door};
use crate::tls::Caller;

/// Connections that wait to be served.
const MOST_READY: usize = 64;
/// How long to wait when the system gives no connection, as when there are too many files.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections that have a place, until the stream is dropped: then the port is free.
pub(crate) fn plain(
    listener: TcpListener,
    door: Door,
) -> ReceiverStream<io::Result<Connection<TcpStream>>> {
    let (ready, connections) = mpsc::channel(MOST_READY);
    tokio::spawn(accept(listener, door, ready));
    ReceiverStream::new(connections)
}

async fn accept(
    listener: TcpListener,
    door: Door,
    ready: mpsc::Sender<io::Result<Connection<TcpStream>>>,
) {
    loop {
        let accepted = tokio::select! {
            () = ready.closed() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Some(seat) = door.seats.take(peer) else { continue };
        // Without it small answers wait.
        let _ = stream.set_nodelay(true);
        let caller = Caller::new(peer, None, Arc::new(super::Course::new(door.times)));
        if ready.send(Ok(Connection::new(stream, caller, seat))).await.is_err() {
            return;
        }
    }
}
