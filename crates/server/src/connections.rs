//! Connections: how many there are, and when one that is of no use ends.
//!
//! A connection that never asks anything, or has asked nothing for long, is closed, whatever bytes
//! it sends meanwhile: what is kept open for nothing keeps others out.

mod course;
mod plain;
mod seats;

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};
use tonic::transport::server::Connected;

pub(crate) use course::{Busy, Course};
pub(crate) use plain::plain;
pub(crate) use seats::{Seat, Seats};

use crate::tls::Caller;

/// A connection that is served.
pub(crate) struct Connection<IO> {
    stream: IO,
    caller: Caller,
    _seat: Seat,
    /// When to look whether it is of use; never, if that is no question.
    look: Option<Pin<Box<Sleep>>>,
    /// Whether anything was written.
    begun: bool,
}

impl<IO> Connection<IO> {
    pub(crate) fn new(stream: IO, caller: Caller, seat: Seat) -> Self {
        let look = caller.course().ends();
        let look = look.map(|at| Box::pin(tokio::time::sleep_until(at)));
        Self { stream, caller, _seat: seat, look, begun: false }
    }

    /// Whether it is of no use any more; whoever asks is woken when there is a reason to ask again.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        while let Some(look) = &mut self.look {
            if look.as_mut().poll(cx).is_pending() {
                return false;
            }
            match self.caller.course().ends() {
                Some(at) if at <= Instant::now() => return true,
                Some(at) => look.as_mut().reset(at),
                None => self.look = None,
            }
        }
        false
    }
}

impl<IO> Connected for Connection<IO> {
    type ConnectInfo = Caller;

    fn connect_info(&self) -> Caller {
        self.caller.clone()
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Connection<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over(cx) {
            tracing::debug!(peer = %self.caller.address(), "a connection of no use is closed");
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Connection<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.begun = true;
        Pin::new(&mut self.stream).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.begun = true;
        Pin::new(&mut self.stream).poll_write_vectored(cx, from)
    }

    /// HTTP/2 asks before the first write whether to copy answers of less than 1 KiB behind each
    /// other, or of 256 bytes, where it then writes each longer one by itself, and what ends it by
    /// itself again. A receipt lies between, and a copy costs less than a write. What is longer than
    /// either is written in one go with what is before it, for which it asks each time.
    fn is_write_vectored(&self) -> bool {
        self.begun && self.stream.is_write_vectored()
    }
}

/// What connections are taken with.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) seats: Arc<Seats>,
    pub(crate) times: course::Times,
    /// What is spoken over TLS.
    pub(crate) speaks: Speaks,
}

/// The protocol that is agreed on in a handshake of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// HTTP/2: gRPC.
    Http2,
    /// HTTP/1.1: files.
    Http1,
}

impl Door {
    pub(crate) fn new(limits: &crate::settings::Limits) -> Self {
        let times = course::Times { first: limits.first_call(), idle: limits.idle_connection() };
        Self { seats: Arc::new(Seats::new(limits)), times, speaks: Speaks::Http2 }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::settings::Limits;

    #[tokio::test]
    async fn a_connection_writes_from_many_places_once_something_was_written() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (door, peer) = (Door::new(&Limits::none()), stream.local_addr().unwrap());
        let caller = Caller::new(peer, None, Arc::new(Course::new(door.times)));
        let mut connection = Connection::new(stream, caller, door.seats.take(peer).unwrap());
        assert!(!connection.is_write_vectored(), "short answers are to be copied together");
        let written = poll_fn(|cx| Pin::new(&mut connection).poll_write(cx, b"settings")).await;
        assert_eq!(written.unwrap(), 8);
        assert!(connection.is_write_vectored(), "long ones are not copied");
    }
}
