//! Between the gate and the handlers: each call has its account, its place and its time.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tower_service::Service;

use super::at_once::Place;
use super::{Account, Gauge, Way};
use crate::auth;
use crate::connections::Busy;
use crate::noted::Noted;
use crate::status::limits::{bad_timeout, over_limit, too_long};
use crate::status::status;
use crate::tls;

/// A service whose calls are held to the limits of their callers.
#[derive(Clone)]
pub(crate) struct Limited<S> {
    inner: S,
    gauge: Arc<Gauge>,
}

impl<S> Limited<S> {
    pub(crate) const fn new(inner: S, gauge: Arc<Gauge>) -> Self {
        Self { inner, gauge }
    }
}

impl<S: NamedService> NamedService for Limited<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Limited<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The clone was not asked whether it is ready, this one was.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let gauge = Arc::clone(&self.gauge);
        Box::pin(async move {
            let admitted = match Admitted::new(&gauge, &mut request).await {
                Ok(admitted) => admitted,
                Err(status) => return Ok(status.into_http()),
            };
            let noted = request.extensions().get::<Noted>().cloned();
            let answer = inner.call(request);
            let answer = async {
                let answer = match &admitted.account {
                    Some(account) => account.working(answer).await,
                    None => answer.await,
                };
                // An auditor's question is answered once it is recorded.
                match noted {
                    Some(noted) => match noted.kept().await {
                        Ok(()) => answer,
                        Err(error) => Ok(status(&error).into_http()),
                    },
                    None => answer,
                }
            };
            let answer = match admitted.most {
                Some(most) => match tokio::time::timeout(most, answer).await {
                    Ok(answer) => answer?,
                    Err(_) => return Ok(too_long(most).into_http()),
                },
                None => answer.await?,
            };
            if admitted.way.is_stream() {
                return Ok(answer.map(|body| Body::new(Open { body, _held: admitted })));
            }
            Ok(answer)
        })
    }
}

/// What a call holds while it is under way.
struct Admitted {
    way: Way,
    /// The longest it may take.
    most: Option<Duration>,
    _place: Option<Place>,
    /// None for calls that need no credential, which are refused, or short.
    account: Option<Arc<Account>>,
    _busy: Option<Busy>,
}

impl Admitted {
    async fn new(gauge: &Gauge, request: &mut Request<Body>) -> Result<Self, Status> {
        let asked = asked_time(request.headers())?;
        let way = gauge.ways.of(request.uri().path());
        let busy = request.extensions().get::<tls::Caller>().map(tls::Caller::busy);
        let account = auth::principal(request.extensions()).map(|who| gauge.account(who));
        let place = match &account {
            Some(account) => {
                let place = account.enter(way).await.map_err(|over| over_limit(&over))?;
                if matches!(way, Way::Write | Way::Push) {
                    // What is appended is in the log, and no question.
                    request.extensions_mut().remove::<Noted>();
                    request.extensions_mut().insert(Arc::clone(account));
                }
                Some(place)
            }
            None => None,
        };
        let most = match way {
            Way::Read | Way::Write => [asked, gauge.limits.call()].into_iter().flatten().min(),
            Way::Push | Way::Follow => None,
        };
        Ok(Self { way, most, _place: place, account, _busy: busy })
    }
}

/// How long the client will wait, as gRPC over HTTP/2 writes it: at most eight digits and a unit.
fn asked_time(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let mut values = headers.get_all("grpc-timeout").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let time = value.to_str().ok().filter(|_| values.next().is_none()).and_then(time);
    time.map(Some).ok_or_else(|| bad_timeout(value.as_bytes()))
}

fn time(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    let number = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3_600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// The answers of a stream, which holds its place until it ends or its client leaves.
struct Open {
    body: Body,
    _held: Admitted,
}

impl http_body::Body for Open {
    type Data = <Body as http_body::Body>::Data;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_of_at_most_eight_digits_and_a_unit() {
        for (text, millis) in [("1H", 3_600_000), ("2M", 120_000), ("99999999m", 99_999_999)] {
            assert_eq!(time(text), Some(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(time("7u"), Some(Duration::from_micros(7)));
        for wrong in ["", "S", "1", "1s", "-1S", "+1S", "1.5S", "123456789S", "1S ", "é"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }
}
