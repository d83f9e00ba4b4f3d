//! So many a second, by the generic cell rate algorithm of `governor`.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use gradus_log::clock::MonotonicClock;

use super::Over;

/// The server's monotonic clock, which tests move.
#[derive(Clone)]
struct Ticks(MonotonicClock);

impl Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        u64::try_from((self.0)()).unwrap_or_default().saturating_mul(1_000).into()
    }
}

/// A limit of so many a second; at rest, as many as come in a second or in the largest call are
/// taken at once.
pub(super) struct Rate {
    name: &'static str,
    bound: Option<Bound>,
}

/// The longest that a caller is sent away beyond when its call could be taken.
const LONGEST_SPREAD: Duration = Duration::from_secs(1);

struct Bound {
    per_second: NonZeroU32,
    burst: NonZeroU32,
    /// When, on the clock, what those who were sent away come back for will have been taken. All of
    /// them told the same moment, all but one would come in vain, again and again.
    spoken_for: Mutex<Duration>,
    cells: RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Nanos>>,
    clock: Ticks,
}

impl Rate {
    /// `largest` is what the largest call takes.
    pub(super) fn new(
        name: &'static str,
        per_second: u32,
        largest: u32,
        clock: &MonotonicClock,
    ) -> Self {
        let bound = NonZeroU32::new(per_second).map(|per_second| {
            let largest = NonZeroU32::new(largest).unwrap_or(NonZeroU32::MIN);
            let (burst, clock) = (per_second.max(largest), Ticks(clock.clone()));
            let quota = Quota::per_second(per_second).allow_burst(burst);
            let cells = RateLimiter::direct_with_clock(quota, clock.clone());
            Bound { per_second, burst, spoken_for: Mutex::default(), cells, clock }
        });
        Self { name, bound }
    }

    /// Takes so many, or none of them and says when they may be taken.
    pub(super) fn take(&self, number: usize) -> Result<(), Over> {
        let (Some(bound), Some(number)) = (&self.bound, number_of(number)) else { return Ok(()) };
        let number = number.min(bound.burst);
        let refused = match bound.cells.check_n(number) {
            // What is larger than a burst was cut to one.
            Ok(Ok(())) | Err(_) => return Ok(()),
            Ok(Err(refused)) => refused,
        };
        let wait = bound.spread(refused.wait_time_from(bound.clock.now()), number);
        Err(Over { limit: self.name, most: bound.per_second.get(), wait })
    }

    /// How long it takes at rest until a whole burst may be taken again.
    pub(super) fn refills_in(&self) -> Duration {
        let whole = |bound: &Bound| bound.burst.get().div_ceil(bound.per_second.get());
        Duration::from_secs(self.bound.as_ref().map_or(0, whole).into())
    }
}

impl Bound {
    /// How long to stay away for what could be taken after `wait`, behind those who were told before.
    fn spread(&self, wait: Duration, number: NonZeroU32) -> Duration {
        let now = Duration::from_nanos(self.clock.now().as_u64());
        let takes = Duration::from_secs(number.get().into()) / self.per_second.get();
        let mut spoken_for = self.spoken_for.lock().unwrap_or_else(PoisonError::into_inner);
        let first = now + wait;
        let at = first.max((*spoken_for).min(first + LONGEST_SPREAD));
        *spoken_for = at + takes;
        at.saturating_sub(now)
    }
}

fn number_of(number: usize) -> Option<NonZeroU32> {
    NonZeroU32::new(u32::try_from(number).unwrap_or(u32::MAX))
}
