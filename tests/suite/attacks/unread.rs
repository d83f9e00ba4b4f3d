//! Streams of evidence whose answers nobody reads: they are read no further, and nobody else is held
//! up.
//!
//! The messages are short, each in a frame of its own: the transport closes a connection on which too
//! many of those come unread, and a stream that waits must not come to that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gradus_server::settings::Limits;
use gradus_wire::v1 as wire;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Streaming};
use wire::evidence_step::Step;

use crate::running::{Principal, System, item, submit};

const SERVICE: wire::PrincipalKind = wire::PrincipalKind::Service;
const COLLECTOR: wire::Role = wire::Role::Collector;
/// Bytes of answers that the client takes without reading them.
const CLIENT_WINDOW: u32 = 65_535;
/// An answer has more bytes than this.
const SHORTEST_ANSWER: u64 = 100;
/// Messages of a stream whose answers wait to be read.
const MOST_MESSAGES: u64 = 1_024;

fn message(number: u64) -> wire::PushEvidenceRequest {
    let step = wire::EvidenceStep { step: Some(Step::Submit(item(&number.to_string()))) };
    wire::PushEvidenceRequest { unit: "alpha".to_owned(), append: None, steps: vec![step] }
}

/// Somebody who pushes as fast as they can and reads nothing.
struct Stuck {
    system: System,
    noisy: Principal,
    calm: Principal,
    answers: Streaming<wire::PushEvidenceResponse>,
    pushed: Arc<AtomicU64>,
    stop: watch::Sender<bool>,
    pushing: JoinHandle<()>,
}

impl Stuck {
    /// Pushes until nothing moves any more, however often others are served meanwhile.
    async fn come() -> Self {
        let system = System::with_limits(Limits::default().without_rates()).await;
        system.project("alpha").await;
        let calm = system.with_role("calm", SERVICE, (COLLECTOR, "alpha")).await;
        system.with_role("noisy", SERVICE, (COLLECTOR, "alpha")).await;
        system.advance(3_600);
        let token = system.issue("noisy").await;
        let before = system.size().await;
        let endpoint = Channel::from_shared(format!("http://{}", system.address())).unwrap();
        let channel = endpoint.initial_stream_window_size(CLIENT_WINDOW).connect().await.unwrap();
        let mut noisy = Principal::new(&channel, &token);
        let (sender, sent) = mpsc::channel(1);
        let answers = noisy.evidence.push_evidence(ReceiverStream::new(sent)).await;
        let answers = answers.unwrap().into_inner();
        let pushed = Arc::new(AtomicU64::new(0));
        let (stop, mut stopped) = watch::channel(false);
        let counted = Arc::clone(&pushed);
        let pushing = tokio::spawn(async move {
            for number in 0.. {
                tokio::select! {
                    sent = sender.send(message(number)) => sent.expect("the stream goes on"),
                    _ = stopped.changed() => return,
                }
                counted.store(number + 1, Ordering::SeqCst);
            }
        });
        let stuck = Self { system, noisy, calm, answers, pushed, stop, pushing };
        let (mut last, mut still, mut round) = ((0, 0), 0, 0);
        while still < 3 {
            stuck.calm_is_served(round).await;
            round += 1;
            let recorded = stuck.system.size().await - before - 20 * round;
            let now = (recorded, stuck.pushed.load(Ordering::SeqCst));
            still = if now == last { still + 1 } else { 0 };
            last = now;
        }
        let (recorded, pushed) = last;
        let most = MOST_MESSAGES + 1 + u64::from(CLIENT_WINDOW) / SHORTEST_ANSWER;
        assert!(
            (MOST_MESSAGES..most).contains(&recorded),
            "{recorded} of {pushed}, at most {most}"
        );
        stuck
    }

    async fn calm_is_served(&self, round: u64) {
        for number in 0..20 {
            let items = vec![item(&format!("calm {round}/{number}"))];
            let served = self.calm.evidence.clone().submit_evidence(submit("alpha", items)).await;
            served.expect("the calm one is served");
        }
    }
}

#[tokio::test]
async fn a_stream_whose_answers_nobody_reads_waits_and_goes_on_when_they_are_read() {
    let Stuck { system: _system, noisy, mut answers, pushed, stop, pushing, .. } =
        Box::pin(Stuck::come()).await;
    let asked = wire::WhoAmIRequest::default();
    noisy.principals.clone().who_am_i(asked).await.expect("calls beside it on its connection");
    let stuck_at = pushed.load(Ordering::SeqCst);
    for number in 0..stuck_at {
        let answer = answers.next().await.unwrap().unwrap();
        assert_eq!((answer.message, answer.submitted), (number, 1));
    }
    stop.send_replace(true);
    pushing.await.unwrap();
    let rest = answers.map(|answer| answer.unwrap().submitted).fold(0, |all, one| all + one).await;
    assert_eq!(stuck_at + u64::from(rest), pushed.load(Ordering::SeqCst), "all are answered");
}

#[tokio::test]
async fn a_stream_that_waits_to_be_read_ends_with_its_right_and_records_nothing_more() {
    let Stuck { system, mut answers, stop, pushing, .. } = Box::pin(Stuck::come()).await;
    system.end_role("noisy", COLLECTOR, "alpha").await;
    stop.send_replace(true);
    pushing.await.unwrap();
    let size = system.size().await;
    let mut recorded = 0;
    let status = loop {
        match answers.next().await.expect("it ends with a status") {
            Ok(answer) => {
                assert_eq!(answer.message, recorded);
                recorded += u64::from(answer.submitted);
            }
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
    assert!(recorded >= MOST_MESSAGES);
    assert_eq!(system.size().await, size);
}
