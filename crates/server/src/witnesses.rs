//! Asks witnesses for their signatures, in rounds and apart from all calls (C2SP tlog-witness).
//!
//! A round begins when the log has grown and the time from the last one is over, or at once when a
//! checkpoint was kept. A witness that did not sign is asked again after a while that doubles, up to
//! an hour; the others do not wait for it.

use std::sync::Arc;
use std::time::Duration;

use gradus_service::Service;
use gradus_service::witnesses::{Next, Told};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::oidc::Fetcher;
use crate::server::ServeError;
use crate::settings::{Witnesses, WitnessesError};

/// The most bytes of an answer: 100 signatures take less.
const MOST_BYTES: usize = 64 << 10;
/// The most questions to one witness in a row: it says from where it goes on, somebody else may have
/// it sign in between, and it signs.
const MOST_IN_A_ROW: usize = 4;
/// How long a witness is left alone that did not sign, the first time, and at most.
const WAIT: (Duration, Duration) = (Duration::from_secs(2), Duration::from_hours(1));

/// A witness, and when it may be asked again.
struct Reached {
    name: String,
    fetcher: Fetcher,
    failures: u32,
    not_before: Option<Instant>,
}

/// Who asks the witnesses.
pub(crate) struct Rounds {
    service: Arc<Service>,
    witnesses: Vec<Reached>,
    every: Duration,
}

impl Rounds {
    /// Names the witnesses of the settings; nothing to do where there are none.
    ///
    /// # Errors
    ///
    /// [`WitnessesError`] for settings that cannot be used, and what the service refuses.
    pub(crate) async fn new(
        settings: &Witnesses,
        service: &Arc<Service>,
    ) -> Result<Option<Self>, ServeError> {
        let Some(policy) = settings.read()? else { return Ok(None) };
        let mut witnesses = Vec::new();
        for witness in policy.witnesses() {
            let name = witness.name.clone();
            let wrong = |reason: String| WitnessesError::Witness { name: name.clone(), reason };
            let url = witness.url.as_deref();
            let url = url.ok_or_else(|| wrong("its address is missing".to_owned()))?;
            let url = format!("{}/add-checkpoint", url.trim_end_matches('/'));
            let fetcher = Fetcher::new(&url, settings.authorities.as_deref()).map_err(wrong)?;
            witnesses.push(Reached { name, fetcher, failures: 0, not_before: None });
        }
        service.name_witnesses(policy).await?;
        Ok(Some(Self { service: Arc::clone(service), witnesses, every: settings.every() }))
    }

    /// Asks until the server stops.
    pub(crate) async fn follow(mut self, mut stopping: watch::Receiver<bool>) {
        loop {
            let begun = Instant::now();
            let asked = async {
                if let Err(error) = self.service.begin_round() {
                    tracing::error!(%error, "no checkpoint can be witnessed");
                }
                self.ask_all().await;
            };
            tokio::select! {
                () = crate::api::stopped(&mut stopping) => return,
                () = asked => (),
            }
            let (service, every) = (&self.service, self.every);
            let grown = async {
                tokio::time::sleep_until(begun + every).await;
                service.outgrown().await;
            };
            let again = self.witnesses.iter().filter_map(|witness| witness.not_before).min();
            let again = async {
                match again {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = crate::api::stopped(&mut stopping) => return,
                () = service.hastened() => (),
                () = grown => (),
                () = again => (),
            }
        }
    }

    /// Asks all that have not signed in this round and are not left alone, side by side.
    async fn ask_all(&mut self) {
        let now = Instant::now();
        let mut under_way = JoinSet::new();
        for (place, witness) in self.witnesses.iter_mut().enumerate() {
            if witness.not_before.is_some_and(|until| now < until) {
                continue;
            }
            witness.not_before = None;
            let (service, name) = (Arc::clone(&self.service), witness.name.clone());
            let fetcher = witness.fetcher.clone();
            under_way.spawn(async move { (place, ask(&service, &name, &fetcher).await) });
        }
        while let Some(done) = under_way.join_next().await {
            let Ok((place, next)) = done else { continue };
            let Some(witness) = self.witnesses.get_mut(place) else { continue };
            match next {
                Next::Rest => witness.failures = 0,
                Next::AskAgain | Next::Wait => {
                    let (first, most) = WAIT;
                    let wait = first.saturating_mul(1 << witness.failures.min(16)).min(most);
                    witness.failures = witness.failures.saturating_add(1);
                    witness.not_before = Some(Instant::now() + wait);
                }
            }
        }
    }
}

/// Asks one witness until it has signed, or did not.
async fn ask(service: &Service, name: &str, fetcher: &Fetcher) -> Next {
    for _ in 0..MOST_IN_A_ROW {
        let heard = async {
            let Some(asked) = service.asking(name).await? else { return Ok(Next::Rest) };
            let told = match fetcher.post(asked.request.to_bytes(), MOST_BYTES).await {
                Ok((status, body)) => Told::Answered { status, body },
                Err(why) => Told::Nothing(why),
            };
            service.heard(&asked, told)
        };
        match heard.await {
            Ok(Next::AskAgain) => (),
            Ok(next) => return next,
            Err(error) => {
                tracing::error!(witness = name, %error, "a witness cannot be asked");
                return Next::Wait;
            }
        }
    }
    Next::Wait
}
