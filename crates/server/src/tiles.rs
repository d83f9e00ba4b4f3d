//! The log as static files over HTTP (C2SP tlog-tiles), for tools that know nothing of our API.
//!
//! `GET /checkpoint`, `/tile/<L>/<N>` and `/tile/entries/<N>`, behind the same gate as every call:
//! hashes for whoever may prove anything, entries for whoever may prove all of the log. A tile that is
//! not full is there under each width that it had.

use std::convert::Infallible;
use std::sync::Arc;

use gradus_proof::Tile;
use gradus_proof::tiles::{Kind, WIDTH};
use gradus_service::Service;
use gradus_wire::v1 as wire;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_stream::{Stream, StreamExt as _};
use tonic::metadata::MetadataMap;
use tonic::service::Interceptor as _;
use tonic::transport::server::Connected;
use tonic::{Code, Status};

use crate::api::stopped;
use crate::auth::{self, Gate, open};
use crate::connections::Connection;
use crate::limits::Gauge;
use crate::noted::Noted;
use crate::oidc::{Oidc, admission};
use crate::status::limits::over_limit;
use crate::status::status;
use crate::tls;

/// The most bytes of a request's head: 16 KiB.
const MOST_HEAD_BYTES: usize = 16 << 10;

/// Answers with checkpoint and tiles.
#[derive(Clone)]
pub(crate) struct Tiles {
    pub(crate) service: Arc<Service>,
    pub(crate) gate: Gate,
    pub(crate) gauge: Arc<Gauge>,
    pub(crate) oidc: Arc<Oidc>,
}

/// What is there at a path.
enum Found {
    Checkpoint(Vec<u8>),
    Tile(Tile, Vec<u8>),
}

impl Tiles {
    /// Serves connections until the server stops; calls in flight are finished.
    pub(crate) async fn serve<IO>(
        self,
        mut incoming: impl Stream<Item = std::io::Result<Connection<IO>>> + Unpin,
        mut stopping: watch::Receiver<bool>,
    ) where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut open = JoinSet::new();
        loop {
            let next = tokio::select! {
                () = stopped(&mut stopping) => break,
                Some(_) = open.join_next() => continue,
                next = incoming.next() => next,
            };
            match next {
                Some(Ok(connection)) => {
                    open.spawn(self.clone().converse(connection, stopping.clone()));
                }
                // It is told where it happens.
                Some(Err(_)) => (),
                None => break,
            }
        }
        drop(incoming);
        while open.join_next().await.is_some() {}
    }

    /// One connection, until its client leaves or the server stops.
    async fn converse<IO>(self, connection: Connection<IO>, mut stopping: watch::Receiver<bool>)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let caller = connection.connect_info();
        let answers = service_fn(|request: Request<Incoming>| {
            let (tiles, caller) = (self.clone(), caller.clone());
            async move { Ok::<_, Infallible>(tiles.answer(caller, request).await) }
        });
        let mut settings = http1::Builder::new();
        settings.timer(TokioTimer::new()).max_buf_size(MOST_HEAD_BYTES);
        let served = settings.serve_connection(TokioIo::new(connection), answers);
        tokio::pin!(served);
        tokio::select! {
            // Clients leave as they like.
            _ = served.as_mut() => (),
            () = stopped(&mut stopping) => {
                served.as_mut().graceful_shutdown();
                let _ = served.await;
            }
        }
    }

    async fn answer(
        &self,
        caller: tls::Caller,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        caller.course().asked();
        let _busy = caller.busy();
        let is_head = request.method() == Method::HEAD;
        if request.method() != Method::GET && !is_head {
            let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD is needed\n");
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        let (head, _) = request.into_parts();
        match self.found(caller, &head).await {
            Ok(found) => there(found, is_head),
            Err(error) => refused(&error),
        }
    }

    async fn found(
        &self,
        caller: tls::Caller,
        head: &http::request::Parts,
    ) -> Result<Found, Status> {
        let mut known = tonic::Request::new(());
        *known.metadata_mut() = MetadataMap::from_headers(head.headers.clone());
        known.extensions_mut().insert(caller);
        if let Some(admission) = admission(&self.oidc, &self.service, &head.headers).await {
            known.extensions_mut().insert(admission);
        }
        let known = self.gate.clone().call(known)?;
        let _place = match auth::principal(known.extensions()) {
            Some(principal) => {
                let place = self.gauge.enter_read(principal).await;
                Some(place.map_err(|over| over_limit(&over))?)
            }
            None => None,
        };
        let path = head.uri.path();
        let path = path.strip_prefix('/').unwrap_or(path);
        let asked = wire::ReadTileRequest { path: path.to_owned() };
        let noted = known.extensions().get::<Noted>().cloned();
        let (by, asked) = open(known.map(|()| asked))?;
        if let Some(noted) = noted {
            noted.kept().await.map_err(|error| status(&error))?;
        }
        if head.uri.path() == "/checkpoint" {
            let signed = self.service.checkpoint_of_tiles().map_err(|error| status(&error))?;
            return Ok(Found::Checkpoint(signed.note.as_bytes().to_vec()));
        }
        let nothing = |_| Status::not_found("there is nothing at this path");
        let tile: Tile = asked.path.parse().map_err(nothing)?;
        let read = async {
            if tile.kind() == Kind::Entries {
                self.service.whole(&by)?;
            }
            self.service.tile(tile).await
        };
        let bytes = read.await.map_err(|error| status(&error))?;
        Ok(Found::Tile(tile, bytes))
    }
}

fn there(found: Found, is_head: bool) -> Response<Full<Bytes>> {
    let (bytes, kind, kept) = match found {
        Found::Checkpoint(note) => (note, "text/plain; charset=utf-8", "private, no-cache"),
        // A full tile never changes; it is for this reader alone all the same.
        Found::Tile(tile, bytes) if tile.width() == WIDTH => {
            (bytes, "application/octet-stream", "private, max-age=31536000, immutable")
        }
        Found::Tile(_, bytes) => (bytes, "application/octet-stream", "private, no-cache"),
    };
    let length = bytes.len();
    let body = if is_head { Bytes::new() } else { Bytes::from(bytes) };
    let mut answer = Response::new(Full::new(body));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(length));
    answer
}

/// A refusal in the words of the API.
fn refused(error: &Status) -> Response<Full<Bytes>> {
    let code = match error.code() {
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::InvalidArgument => StatusCode::BAD_REQUEST,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::FailedPrecondition | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut answer = plain(code, &format!("{}\n", error.message()));
    let headers = answer.headers_mut();
    if code == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if code == StatusCode::TOO_MANY_REQUESTS {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}

fn plain(code: StatusCode, words: &str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from(words.to_owned())));
    *answer.status_mut() = code;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
