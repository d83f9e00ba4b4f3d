//! Taking connections in: handshakes run side by side, and nobody waits for a client that is slow.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;

use super::Tls;
use super::caller::{Caller, Shown};
use crate::connections::{Connection, Course, Door, Speaks};

/// A connection over TLS.
type Secured = Connection<TlsStream<TcpStream>>;

/// The longest a handshake may take.
const LONGEST_HANDSHAKE: Duration = Duration::from_secs(10);

/// The longest a client that was refused is listened to.
const LONGEST_PARTING: Duration = Duration::from_secs(1);

/// Handshakes under way at once.
const MOST_HANDSHAKES: usize = 1_024;

/// How old a handshake is when it may be ended for a new one: whoever means it is done by then.
const PATIENCE: Duration = Duration::from_secs(1);

/// Connections that are ready and wait to be served.
const MOST_READY: usize = 64;

/// How long to wait when the system gives no connection, as when there are too many files.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections whose handshake is done, until the stream is dropped: then the port is free.
pub(crate) fn connections(
    listener: TcpListener,
    tls: Arc<Tls>,
    door: Door,
) -> ReceiverStream<io::Result<Secured>> {
    connections_with(listener, tls, door, MOST_HANDSHAKES)
}

/// The same, with another bound for the handshakes.
pub(super) fn connections_with(
    listener: TcpListener,
    tls: Arc<Tls>,
    door: Door,
    most: usize,
) -> ReceiverStream<io::Result<Secured>> {
    let (ready, connections) = mpsc::channel(MOST_READY);
    tokio::spawn(accept(listener, (tls, door), most, ready));
    ReceiverStream::new(connections)
}

async fn accept(
    listener: TcpListener,
    (tls, door): (Arc<Tls>, Door),
    most: usize,
    ready: mpsc::Sender<io::Result<Secured>>,
) {
    let mut handshakes = JoinSet::new();
    let mut by_age: VecDeque<(Instant, AbortHandle)> = VecDeque::new();
    loop {
        if by_age.len() >= most {
            by_age.retain(|(_, handshake)| !handshake.is_finished());
        }
        let full = by_age.len() >= most;
        if let Some((since, oldest)) = by_age.front().filter(|_| full).cloned() {
            // New ones wait in the system's queue: ending others at once would hurt many clients
            // that come back at one time.
            tokio::select! {
                () = ready.closed() => return,
                _ = handshakes.join_next() => (),
                () = tokio::time::sleep_until(since + PATIENCE) => {
                    oldest.abort();
                    by_age.pop_front();
                }
            }
            continue;
        }
        let accepted = tokio::select! {
            () = ready.closed() => return,
            Some(_) = handshakes.join_next() => continue,
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
        let (tls, ready, times) = (Arc::clone(&tls), ready.clone(), door.times);
        let speaks = door.speaks;
        let under_way = handshakes.spawn(async move {
            let Some((stream, shown)) = handshake(stream, peer, tls, speaks).await else { return };
            let caller = Caller::new(peer, shown, Arc::new(Course::new(times)));
            // An error says that the server stops.
            let _ = ready.send(Ok(Connection::new(stream, caller, seat))).await;
        });
        by_age.push_back((Instant::now(), under_way));
    }
}

/// The connection once both sides know each other, and the certificate that the client showed; none
/// if they do not come to that.
async fn handshake(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Arc<Tls>,
    speaks: Speaks,
) -> Option<(TlsStream<TcpStream>, Option<Shown>)> {
    // Without it small answers wait.
    let _ = stream.set_nodelay(true);
    let current = tls.current();
    let config = match speaks {
        Speaks::Http2 => &current.config,
        Speaks::Http1 => &current.files,
    };
    let accepting = TlsAcceptor::from(Arc::clone(config)).accept(stream);
    let stream = match tokio::time::timeout(LONGEST_HANDSHAKE, accepting.into_fallible()).await {
        Ok(Ok(stream)) => stream,
        Ok(Err((error, stream))) => {
            tracing::debug!(%peer, %error, "a TLS handshake failed");
            part(stream).await;
            return None;
        }
        Err(_) => {
            tracing::debug!(%peer, "a TLS handshake took too long");
            return None;
        }
    };
    let chain = stream.get_ref().1.peer_certificates();
    let chain: Option<Vec<_>> =
        chain.map(|chain| chain.iter().map(|one| one.clone().into_owned()).collect());
    Some((stream, chain.map(|chain| Shown::new(tls, chain, current))))
}

/// Takes leave of a client, so that it learns why: one that still sends while the connection is
/// torn down sees nothing but that.
async fn part(mut stream: TcpStream) {
    let mut rest = [0; 1_024];
    let leave = async {
        stream.shutdown().await?;
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    // However it went, the connection ends.
    let _ = tokio::time::timeout(LONGEST_PARTING, leave).await;
}
