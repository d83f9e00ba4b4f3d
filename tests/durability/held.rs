//! What a log holds, read over gRPC and verified: positions, leaf hashes, every root, payloads.

use std::collections::HashMap;

use gradus_model::Digest;
use gradus_proof::{RightEdge, leaf_hash};
use gradus_wire::v1 as wire;

use crate::client::Client;

/// A record as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) position: u64,
    pub(crate) hash: Digest,
    pub(crate) request: String,
    pub(crate) state: wire::PayloadState,
    /// Whether it submits an item of evidence.
    pub(crate) is_evidence: bool,
    /// Whether the title is the one that [`title`] gives.
    pub(crate) says_what_was_sent: bool,
}

/// The title that the load gives an item: readable payloads can be told right from wrong.
pub(crate) fn title(request: &str, item: u32) -> String {
    format!("{request}/{item}")
}

/// All records of a log, with the root at every size.
#[derive(Debug)]
pub(crate) struct Held {
    records: Vec<Record>,
    edge: RightEdge,
    roots: Vec<Digest>,
    requests: HashMap<String, Vec<u64>>,
    /// Where the last read began.
    fresh: usize,
}

impl Held {
    pub(crate) fn new() -> Self {
        let edge = RightEdge::new();
        let roots = vec![edge.root()];
        let (records, requests) = (Vec::new(), HashMap::new());
        Self { records, edge, roots, requests, fresh: 0 }
    }

    pub(crate) fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The root of the first `size` records; no bytes past the end.
    pub(crate) fn root_at(&self, size: u64) -> &[u8] {
        let at = usize::try_from(size).unwrap_or(usize::MAX);
        self.roots.get(at).map_or(&[], |root| &root.0)
    }

    pub(crate) fn record(&self, position: u64) -> Option<&Record> {
        self.records.get(usize::try_from(position).unwrap_or(usize::MAX))
    }

    /// The positions of every request.
    pub(crate) fn requests(&self) -> &HashMap<String, Vec<u64>> {
        &self.requests
    }

    /// The positions of one request.
    pub(crate) fn of_request(&self, request: &str) -> Option<&[u64]> {
        self.requests.get(request).map(Vec::as_slice)
    }

    /// What the last read added.
    pub(crate) fn fresh(&self) -> &[Record] {
        self.records.get(self.fresh..).unwrap_or_default()
    }

    /// Reads what came since the last read; the server's root must be that of all records.
    pub(crate) async fn read(&mut self, client: &Client) -> Result<(), String> {
        self.fresh = self.records.len();
        let mut page_token = String::new();
        loop {
            let asked = wire::ListEventsRequest {
                page_size: 1_000,
                page_token,
                from_size: self.fresh as u64,
                view: wire::EventView::Full.into(),
                ..Default::default()
            };
            let page = client.events.clone().list_events(asked).await;
            let page = page.map_err(|status| format!("the log cannot be read: {status:?}"))?;
            let page = page.into_inner();
            for event in &page.events {
                self.add(event)?;
            }
            if page.next_page_token.is_empty() {
                return self.agrees(page.log_size, &page.root);
            }
            page_token = page.next_page_token;
        }
    }

    /// The answer of an append made now: it must lie behind all records that are there.
    pub(crate) fn follows(&mut self, receipt: &wire::Receipt) -> Result<(), String> {
        for placed in &receipt.events {
            if placed.position != self.size() {
                let size = self.size();
                return Err(format!("an append to size {size} went to {}", placed.position));
            }
            let hash = <[u8; 32]>::try_from(placed.leaf_hash.as_slice());
            self.edge.push(Digest(hash.map_err(|_| "a leaf hash has 32 bytes")?));
            self.roots.push(self.edge.root());
        }
        self.agrees(receipt.log_size, &receipt.root)
    }

    fn agrees(&self, size: u64, root: &[u8]) -> Result<(), String> {
        if size == self.size() && root == self.edge.root().0 {
            return Ok(());
        }
        let seen = self.size();
        Err(format!("the server says size {size}, its records make {seen}, or the roots differ"))
    }

    fn add(&mut self, event: &wire::Event) -> Result<(), String> {
        let position = event.position;
        let hash = leaf_hash(&event.leaf);
        if position != self.size() || event.leaf_hash != hash.0 {
            let size = self.size();
            return Err(format!("position {position} where {size} comes, or its hash is wrong"));
        }
        let said = event.payload.get("title");
        self.edge.push(hash);
        self.roots.push(self.edge.root());
        self.requests.entry(event.request_id.clone()).or_default().push(position);
        self.records.push(Record {
            position,
            hash,
            request: event.request_id.clone(),
            state: event.payload_state(),
            is_evidence: event.r#type == "evidence-submitted",
            says_what_was_sent: said == Some(&title(&event.request_id, event.item)),
        });
        Ok(())
    }
}
