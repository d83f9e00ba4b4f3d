//! Accounts on a clock that stands still until it is moved.

use super::*;

/// A gauge, and its clock in microseconds.
fn gauge(limits: Limits) -> (Gauge, Arc<AtomicI64>) {
    let clock = Arc::new(AtomicI64::new(0));
    let told = Arc::clone(&clock);
    (Gauge::new(limits, Arc::new(move || told.load(Ordering::SeqCst))).unwrap(), clock)
}

fn pass(clock: &AtomicI64, seconds: i64) {
    clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
}

fn principal(number: u16) -> PrincipalId {
    let [high, low] = number.to_be_bytes();
    PrincipalId([high, low, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7])
}

/// How many calls of a sort are taken, of so many.
async fn taken(account: &Account, way: Way, tries: u32) -> u32 {
    let mut taken = 0;
    for _ in 0..tries {
        taken += u32::from(account.enter(way).await.is_ok());
    }
    taken
}

#[tokio::test]
async fn calls_over_a_rate_are_refused_until_time_has_passed_and_other_principals_are_not() {
    let limits = Limits { writes_per_second: 10, ..Limits::none() };
    let (gauge, clock) = gauge(limits);
    let (one, other) = (gauge.account(principal(1)), gauge.account(principal(2)));
    assert_eq!(taken(&one, Way::Write, 30).await, 10);
    let over = one.enter(Way::Write).await.err().unwrap();
    assert_eq!((over.limit, over.most), ("writes-per-second", 10));
    assert_eq!(over.wait, Duration::from_millis(1_100), "behind those who were told before");
    assert_eq!(taken(&one, Way::Read, 30).await, 30, "reads are counted apart");
    assert_eq!(taken(&other, Way::Write, 10).await, 10);
    clock.fetch_add(200_000, Ordering::SeqCst);
    assert_eq!(taken(&one, Way::Write, 30).await, 2);
    pass(&clock, 3_600);
    assert_eq!(taken(&one, Way::Push, 30).await, 10, "what was not used is not saved up");
}

#[test]
fn the_largest_call_is_taken_however_low_the_rate_is() {
    let limits = Limits { events_per_second: 1, kibibytes_per_second: 1, ..Limits::none() };
    let (gauge, clock) = gauge(limits);
    let account = gauge.account(principal(1));
    assert_eq!(account.charge(1_000, 4 << 20), Ok(()));
    let over = account.charge(1, 1_024).unwrap_err();
    assert_eq!((over.limit, over.most), ("kibibytes-per-second", 1));
    pass(&clock, 1);
    assert_eq!(account.charge(1, 1_024), Ok(()));
    pass(&clock, 1_000);
    assert_eq!(account.charge(1_000, 0), Ok(()));
    assert_eq!(account.charge(1_000, 0).unwrap_err().wait, Duration::from_secs(1_000));
    assert_eq!(account.charge(usize::MAX, 0).unwrap_err().limit, "events-per-second");
}

#[test]
fn those_who_are_sent_away_come_back_one_after_the_other() {
    let limits = Limits { events_per_second: 1_000, ..Limits::none() };
    let (gauge, clock) = gauge(limits);
    let account = gauge.account(principal(1));
    account.charge(1_000, 0).unwrap();
    let wait = || account.charge(100, 0).unwrap_err().wait.as_millis();
    assert_eq!([wait(), wait(), wait()], [100, 200, 300]);
    let longest = (0..100).map(|_| wait()).max();
    assert_eq!(longest, Some(1_100), "a second later than it could be at most");
    pass(&clock, 10);
    account.charge(1_000, 0).unwrap();
    assert_eq!(wait(), 100);
}

#[tokio::test(start_paused = true)]
async fn calls_at_once_wait_in_a_bounded_line_and_no_longer_than_they_may() {
    let (gauge, _) = gauge(Limits { writes_at_once: 2, streams_at_once: 1, ..Limits::none() });
    let account = gauge.account(principal(1));
    let first = account.enter(Way::Write).await.ok().unwrap();
    let second = account.enter(Way::Write).await.ok().unwrap();
    let mut waiting: Vec<_> = (0..8)
        .map(|_| {
            let account = Arc::clone(&account);
            tokio::spawn(async move { account.enter(Way::Write).await.map(drop) })
        })
        .collect();
    tokio::task::yield_now().await;
    let over = account.enter(Way::Write).await.err().unwrap();
    assert_eq!((over.limit, over.most), ("writes-at-once", 2), "the line is full");
    drop(first);
    assert!(waiting.remove(0).await.unwrap().is_ok(), "and each that ends lets the next on");
    drop(second);
    for waiter in waiting {
        assert!(waiter.await.unwrap().is_ok());
    }
    let stream = account.enter(Way::Follow).await.ok().unwrap();
    let over = account.enter(Way::Push).await.err().unwrap();
    assert_eq!(over.limit, "streams-at-once");
    drop(stream);
    assert!(account.enter(Way::Push).await.is_ok());

    let held = [account.enter(Way::Write).await, account.enter(Way::Write).await];
    assert!(account.enter(Way::Write).await.is_err(), "after 5 s nobody waits any more");
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_slowed_to_its_rate() {
    let (gauge, clock) = gauge(Limits { events_per_second: 100, ..Limits::none() });
    let account = gauge.account(principal(1));
    account.paced(1_000, 0).await;
    let slowed = Arc::clone(&account);
    let slowed = tokio::spawn(async move { slowed.paced(100, 0).await });
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(!slowed.is_finished());
    pass(&clock, 1);
    slowed.await.unwrap();
}

#[tokio::test]
async fn messages_of_one_principal_have_a_share_of_what_waits_for_its_sync() {
    let (gauge, _) = gauge(Limits::default());
    let account = gauge.account(principal(1));
    let mut held = Vec::new();
    for _ in 0..SHARE / LEAST_SHARE {
        held.push(account.share(1).await);
    }
    assert_eq!(account.share.available_permits(), 0);
    held.clear();
    drop(account.share(usize::MAX).await);
    assert_eq!(account.share.available_permits(), SHARE);
}

#[test]
fn accounts_are_forgotten_once_nobody_would_notice() {
    let (gauge, clock) = gauge(Limits { events_per_second: 10, ..Limits::none() });
    let count = || gauge.accounts.lock().unwrap().len();
    let under_way = gauge.account(principal(0));
    for number in 1..u16::try_from(MANY).unwrap() {
        gauge.account(principal(number));
    }
    pass(&clock, 50);
    gauge.account(principal(1));
    pass(&clock, 51);
    gauge.account(principal(5_000));
    assert_eq!(count(), 3, "the one that is under way, the one used lately, and the new one");
    assert!(Arc::ptr_eq(&under_way, &gauge.account(principal(0))));
}
