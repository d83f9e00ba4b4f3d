//! The floor of durability: the same messages, one file, one sync for all that wait; no index, no
//! rules, no sealing.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use gradus_wire::v1 as wire;
use prost::Message as _;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::echo::{Answers, Floor, pushed, serving, submitted};

/// What a leaf and a sealed payload have more than the item on the wire: header, blind, roots and
/// links, against names of fields; of the typical item 632 bytes are stored where 412 come.
const MORE: usize = 220;
/// The most calls that wait, as in the real server.
const WAITING: usize = 4_096;

type Call = (Vec<u8>, oneshot::Sender<()>);

struct Raw(SyncSender<Call>);

impl Raw {
    /// Hands bytes to the writer; resolves once they are durable.
    fn write<'a>(
        &self,
        events: impl Iterator<Item = &'a wire::EvidenceItem>,
    ) -> oneshot::Receiver<()> {
        let mut bytes = Vec::new();
        for item in events {
            // Writing to a Vec cannot fail.
            let _ = item.encode(&mut bytes);
            bytes.resize(bytes.len() + MORE, 7);
        }
        let (done, durable) = oneshot::channel();
        self.0.send((bytes, done)).expect("a writer");
        durable
    }
}

/// Writes what waits, syncs once, and answers all.
fn write(mut file: File, calls: &Receiver<Call>) {
    while let Ok(first) = calls.recv() {
        let mut group = vec![first];
        group.extend(calls.try_iter().take(1_023));
        let bytes: Vec<u8> = group.iter().flat_map(|(bytes, _)| bytes).copied().collect();
        file.write_all(&bytes).expect("a write");
        file.sync_data().expect("a sync");
        for (_, done) in group {
            // A caller that went away needs no answer.
            let _ = done.send(());
        }
    }
}

/// Serves on the runtime entered.
pub(crate) fn start(folder: &Path) -> SocketAddr {
    std::fs::create_dir_all(folder).expect("a folder");
    let file = OpenOptions::new().create(true).append(true).open(folder.join("events"));
    let file = file.expect("a file");
    let (calls, waiting) = sync_channel(WAITING);
    std::thread::spawn(move || write(file, &waiting));
    serving(Raw(calls))
}

impl Floor for Raw {
    async fn submit(
        &self,
        asked: wire::SubmitEvidenceRequest,
    ) -> Result<wire::SubmitEvidenceResponse, Status> {
        let durable = self.write(asked.items.iter());
        durable.await.map_err(|_| Status::unavailable("the writer is gone"))?;
        Ok(submitted(&asked))
    }

    fn push(&self, mut messages: Streaming<wire::PushEvidenceRequest>) -> Answers {
        let (sender, mut under_way) = mpsc::channel(1_000);
        let raw = Self(self.0.clone());
        tokio::spawn(async move {
            while let Some(Ok(message)) = messages.next().await {
                let items = message.steps.iter().filter_map(|step| match &step.step {
                    Some(wire::evidence_step::Step::Submit(item)) => Some(item),
                    _ => None,
                });
                let durable = raw.write(items);
                if sender.send((message, durable)).await.is_err() {
                    return;
                }
            }
        });
        let (answers, receiver) = mpsc::channel(16);
        tokio::spawn(async move {
            while let Some((message, durable)) = under_way.recv().await {
                if durable.await.is_err() || answers.send(Ok(pushed(&message))).await.is_err() {
                    return;
                }
            }
        });
        Box::pin(ReceiverStream::new(receiver))
    }
}
