//! Engagements of auditors: how they follow each other, and when one is over.

use gradus_domain::{At, Registry};
use gradus_model::Event;
use gradus_model::event::{EngagementEnded, QueriesOpened, QueriesRecorded};
use gradus_model::unit::Role;

use crate::given::{
    Fact, at, day, decide_in_organization, digest, fact, in_words, organization, who,
};
use crate::registry::{added, and, granted, role_revoked, tree};

fn asked(engagement: u32, first: u64, count: u64) -> Fact {
    let (auditor, root) = (who("ada").principal, digest("rows"));
    fact(Event::QueriesRecorded(QueriesRecorded { auditor, engagement, first, count, root }))
}

fn ended(engagement: u32) -> Fact {
    let auditor = who("ada").principal;
    fact(Event::EngagementEnded(EngagementEnded { auditor, engagement, count: 3 }))
}

fn opened(first: u64) -> Fact {
    let (auditor, root) = (who("ada").principal, digest("rows"));
    let of = QueriesOpened { auditor, engagement: 1, recorded: 0, first, count: 1, root };
    fact(Event::QueriesOpened(of)).because("rows")
}

fn told(history: &[Fact], proposed: &Fact) -> String {
    in_words(&decide_in_organization(history, proposed))
}

fn hired(until: Option<&str>) -> Vec<Fact> {
    and(tree(), [added("ada"), granted("ada", Role::Auditor, "org", until).on("2024-01-01")])
}

fn over(registry: &Registry, on: &str) -> bool {
    registry.audit_is_over(who("ada").principal, At::with_everything(day(on)))
}

#[test]
fn each_row_is_committed_to_and_opened_once_and_an_end_is_one() {
    let history = [asked(1, 0, 3)];
    assert_eq!(told(&history, &asked(1, 0, 3)), "already so");
    assert_eq!(told(&history, &asked(1, 3, 1)), "recorded");
    let history = [asked(1, 0, 3), ended(1)];
    assert_eq!(told(&history, &ended(1)), "already so");
    assert_eq!(told(&history, &asked(1, 3, 1)), "already so", "it takes in no more");
    assert_eq!(told(&history, &asked(2, 0, 1)), "recorded");
    let history = [asked(1, 0, 3), ended(1), opened(0)];
    assert_eq!(told(&history, &opened(0)), "already so");
    assert_eq!(told(&history, &opened(1)), "recorded");
}

#[test]
fn what_is_asked_after_an_end_belongs_to_the_next_engagement() {
    let ada = who("ada").principal;
    let current = |history: &[Fact]| organization(history).current_engagement(ada);
    assert_eq!(current(&[]), 1);
    assert_eq!(current(&[asked(1, 0, 3)]), 1);
    assert_eq!(current(&[asked(1, 0, 3), ended(1)]), 2);
    let registry = organization(&[asked(1, 0, 3), asked(1, 3, 4), ended(1), opened(0)]);
    let engagement = registry.engagement(ada, 1).unwrap();
    assert_eq!((engagement.committed(), engagement.opened_rows()), (7, 1));
    assert_eq!(registry.engagements().count(), 1);
}

#[test]
fn an_engagement_is_over_once_every_end_that_the_role_was_granted_with_has_passed() {
    let until = hired(Some("2024-06-01"));
    let registry = organization(&until);
    assert!(registry.audits(who("ada").principal, at("2024-05-31")));
    assert!(!over(&registry, "2024-05-31") && over(&registry, "2024-06-01"));
    let revoked = role_revoked("ada", Role::Auditor, "org").on("2024-02-01");
    let registry = organization(&and(until.clone(), [revoked.clone()]));
    assert!(!registry.audits(who("ada").principal, at("2024-02-02")));
    assert!(!over(&registry, "2024-02-02"), "to revoke it opens nothing sooner");
    assert!(over(&registry, "2024-06-01"));
    let longer = granted("ada", Role::Auditor, "red", Some("2024-09-01")).on("2024-02-01");
    let registry = organization(&and(until, [revoked, longer]));
    assert!(!over(&registry, "2024-08-31") && over(&registry, "2024-09-01"));
}

#[test]
fn a_role_of_before_without_an_end_is_over_when_it_is_revoked() {
    let registry = organization(&hired(None));
    assert!(!over(&registry, "2090-01-01"));
    let revoked = role_revoked("ada", Role::Auditor, "org").on("2024-02-01");
    let registry = organization(&and(hired(None), [revoked]));
    assert!(!over(&registry, "2024-01-31") && over(&registry, "2024-02-01"));
}
