//! A data directory over many ends of its server, with all that was promised meanwhile.

use std::path::Path;
use std::sync::Arc;

use crate::client::Client;
use crate::held::Held;
use crate::ledger::Due;
use crate::load::Load;
use crate::process::{Launch, Process, STARTS};

/// One directory.
pub(crate) struct Life {
    pub(crate) launch: Launch,
    pub(crate) load: Load,
    pub(crate) kept: Kept,
    held: Held,
    /// Acknowledgements that were checked after an end.
    checked: usize,
}

/// What was found to be there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept {
    /// Acknowledged calls that were checked.
    pub(crate) calls: u64,
    /// Records that were read and verified.
    pub(crate) records: u64,
    /// Calls without an answer that were sent again.
    pub(crate) sent_again: u64,
    /// How many of those were recorded already.
    pub(crate) replayed: u64,
}

impl Kept {
    pub(crate) const fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.records += other.records;
        self.sent_again += other.sent_again;
        self.replayed += other.replayed;
    }
}

impl Life {
    pub(crate) fn new(program: &Path, folder: &Path) -> Self {
        let launch = Launch::new(program, &folder.join("data"));
        let load = Load::new(Arc::new(|| 0));
        Self { launch, load, kept: Kept::default(), held: Held::new(), checked: 0 }
    }

    /// Starts the server and holds its log against what was promised.
    pub(crate) async fn recovered(&mut self) -> Result<(Process, Client), String> {
        let server = self.launch.start();
        let Some(address) = server.address(STARTS).await else {
            return Err(format!("the server does not start: {}", server.said()));
        };
        let client = Client::connect(address, &self.launch.data).await?;
        self.held.read(&client).await?;
        {
            let ledger = self.load.ledger();
            ledger.check(&self.held, Due::From(self.checked))?;
            self.kept.calls += (ledger.acks.len() - self.checked) as u64;
            self.kept.records += self.held.fresh().len() as u64;
            self.checked = ledger.acks.len();
        }
        self.send_again(&client).await?;
        Ok((server, client))
    }

    /// Whether the log held records of a call when it was last read.
    pub(crate) fn holds(&self, request: &str) -> bool {
        self.held.of_request(request).is_some()
    }

    /// Sends every call again that had no answer.
    async fn send_again(&mut self, client: &Client) -> Result<(), String> {
        let open = std::mem::take(&mut self.load.ledger().open);
        for call in open {
            let there = self.held.of_request(call.id()).map(<[u64]>::to_vec);
            let receipt = call.send(client).await;
            let receipt = receipt.map_err(|status| {
                format!("{} is refused when it is sent again: {status:?}", call.id())
            })?;
            let positions: Vec<u64> = receipt.events.iter().map(|placed| placed.position).collect();
            if receipt.replayed != there.is_some() || there.is_some_and(|there| there != positions)
            {
                return Err(format!("{} was sent again and is answered {receipt:?}", call.id()));
            }
            self.kept.sent_again += 1;
            self.kept.replayed += u64::from(receipt.replayed);
            self.load.ledger().acknowledged(call, receipt, 0);
        }
        Ok(())
    }

    /// Reads the whole log once more, from the first record on, and checks every promise.
    pub(crate) async fn last_check(&mut self) -> Result<(), String> {
        self.held = Held::new();
        self.checked = 0;
        let kept = self.kept;
        let (mut server, _) = self.recovered().await?;
        self.kept = kept;
        server.kill();
        Ok(())
    }
}
