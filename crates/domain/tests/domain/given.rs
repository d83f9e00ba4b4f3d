//! What the tests tell: facts in a line each, and the answers to them in words.

mod facts;

use std::sync::LazyLock;

use expect_test::Expect;
use gradus_domain::coverage::Providers;
use gradus_domain::history::EvidenceHistory;
use gradus_domain::level::Question;
use gradus_domain::{
    Actor, At, Draft, Occasion, Refusal, Registry, Rules, Under, UnitHistory, UnitState, Verdict,
    registry,
};
use gradus_model::event::Document;
use gradus_model::leaf::Place;
use gradus_model::unit::{AreaRef, Grade, PrincipalKind};
use gradus_model::{
    Catalog, Digest, Edge, EvidenceId, PrincipalId, RatingId, Recorded, RequestId, Target,
    Timestamp, UnitId,
};

pub(crate) use facts::{
    Fact, accepted, confirmed, conflicted, ended, entered, erased, fact, inheritance,
    instance_linked, instance_unlinked, labelled, left, linked, marked, raised, rated,
    rating_ended, rating_withdrawn, rejected, submitted, superseded, tailored_in, tailored_out,
    unconflicted, unlinked, withdrawn,
};

/// The server's clock in every test.
pub(crate) const NOW: &str = "2026-06-01";
/// When facts took place that say nothing else.
pub(crate) const DAY: &str = "2026-03-01";

pub(crate) static ISO: LazyLock<Catalog> = LazyLock::new(|| {
    let text = include_str!("../../../../config/models/iso-21827-2008.toml");
    Catalog::parse("iso-21827-2008.toml", text, None).unwrap()
});

/// The 1997 edition, with what it borrows.
pub(crate) static DRAFT_OF_1997: LazyLock<Catalog> = LazyLock::new(|| of_1997(DRAFT_TEXT));

pub(crate) const DRAFT_TEXT: &str = include_str!("../../../../config/models/sse-cmm-1997.toml");

pub(crate) fn of_1997(text: &str) -> Catalog {
    let digest = Catalog::borrows("sse-cmm-1997.toml", text).unwrap().unwrap().digest;
    Catalog::parse("sse-cmm-1997.toml", text, Some((&ISO, digest))).unwrap()
}

pub(crate) const STRICT_TEXT: &str = include_str!("../../../../config/rules/strict.toml");
pub(crate) const TRUSTING_TEXT: &str = include_str!("../../../../config/rules/trusted-tools.toml");
pub(crate) const SOLO_TEXT: &str = include_str!("../../../../config/rules/solo.toml");
pub(crate) const NPLF_TEXT: &str = include_str!("../../../../config/rules/nplf-33020.toml");

pub(crate) static STRICT: LazyLock<Rules> =
    LazyLock::new(|| Rules::parse("strict.toml", STRICT_TEXT).unwrap());
pub(crate) static TRUSTING: LazyLock<Rules> =
    LazyLock::new(|| Rules::parse("trusted-tools.toml", TRUSTING_TEXT).unwrap());

pub(crate) static SOLO: LazyLock<Rules> =
    LazyLock::new(|| Rules::parse("solo.toml", SOLO_TEXT).unwrap());

/// What is in force where nothing else is said: one person may do everything.
pub(crate) fn under(model: &Catalog) -> Under<'_> {
    Under { model: Some(model), rules: Some(&SOLO), providers: &Everyone, conflict_above: None }
}

pub(crate) fn day(text: &str) -> Timestamp {
    Timestamp::parse(text, Edge::Start).unwrap()
}

/// The day of an instant, without what it shares with all others here.
pub(crate) fn shown(at: Timestamp) -> String {
    at.to_string().trim_end_matches("T00:00:00Z").to_owned()
}

/// A day of the tests' life, asked about with the first `size` records known.
pub(crate) fn known(text: &str, size: u64) -> At {
    At { valid_at: day(text), size }
}

/// A day of the tests' life, asked about with everything known.
pub(crate) fn at(text: &str) -> At {
    At::with_everything(day(text))
}

fn bytes(name: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    bytes
}

pub(crate) fn evidence(name: &str) -> EvidenceId {
    EvidenceId(bytes(name))
}

pub(crate) fn rating(name: &str) -> RatingId {
    RatingId(bytes(name))
}

pub(crate) fn unit(name: &str) -> UnitId {
    UnitId(bytes(name))
}

/// A principal: names that begin with `bot` are services, `gradus` is the system.
pub(crate) fn who(name: &str) -> Actor {
    let kind = match name {
        "gradus" => PrincipalKind::System,
        _ if name.starts_with("bot") => PrincipalKind::Service,
        _ => PrincipalKind::Person,
    };
    Actor { principal: PrincipalId(bytes(name)), kind, grade: Grade::Token }
}

/// Everyone whom a test names; nobody is distrusted.
pub(crate) struct Everyone;

impl Providers for Everyone {
    fn kind(&self, id: PrincipalId) -> Option<PrincipalKind> {
        Some(who(&name_of(id.0)).kind)
    }

    fn distrust(&self, _: &EvidenceHistory, _: u64) -> Option<u64> {
        None
    }
}

pub(crate) fn name_of(id: [u8; 16]) -> String {
    String::from_utf8_lossy(&id).trim_end_matches('\0').to_owned()
}

/// The text with every id in it replaced by the name it was made of.
pub(crate) fn with_names(text: &str) -> String {
    let named = |part: &str| match part.parse::<UnitId>() {
        Ok(id) => name_of(id.0),
        Err(_) => part.to_owned(),
    };
    text.split('`').map(named).collect::<Vec<_>>().join("`")
}

/// A practice: of the 2008 edition, unless the text names another model.
pub(crate) fn target(text: &str) -> Target {
    let (model, practice) = match text.split_once(':') {
        Some((model, practice)) => (model, practice),
        None => ("iso-21827-2008", text),
    };
    Target { model: model.parse().unwrap(), practice: practice.parse().unwrap() }
}

pub(crate) fn targets(texts: &[&str]) -> Vec<Target> {
    texts.iter().map(|text| target(text)).collect()
}

pub(crate) fn area(text: &str) -> AreaRef {
    AreaRef { model: ISO.id().clone(), area: text.parse().unwrap() }
}

pub(crate) fn document(id: &str) -> Document {
    Document { id: id.parse().unwrap(), digest: digest(id) }
}

pub(crate) fn digest(of: &str) -> Digest {
    let mut digest = [0; 32];
    digest[..of.len()].copy_from_slice(of.as_bytes());
    Digest(digest)
}

pub(crate) fn occasion(fact: &Fact) -> Occasion {
    Occasion { actor: fact.actor, now: day(NOW) }
}

/// The write state after `history`.
pub(crate) fn state(history: &[Fact]) -> UnitState {
    let mut state = UnitState::default();
    for Fact { proposal, actor } in history {
        state.evolve(actor.principal, proposal.effective_at, &proposal.event);
    }
    state
}

/// The organization after `history`.
pub(crate) fn organization(history: &[Fact]) -> Registry {
    let mut registry = Registry::default();
    for (position, fact) in (0..).zip(history) {
        registry.evolve(position, fact.proposal.effective_at, &fact.proposal.event);
    }
    registry
}

/// What a unit's stream says to a proposal under the 2008 edition.
pub(crate) fn decide(history: &[Fact], proposed: &Fact) -> Result<Verdict, Refusal> {
    let state = state(history);
    Draft::of(&state).propose(&occasion(proposed), &under(&ISO), &proposed.proposal)
}

/// What the organization's stream says to a proposal.
pub(crate) fn decide_in_organization(
    history: &[Fact],
    proposed: &Fact,
) -> Result<Verdict, Refusal> {
    registry::decide(&organization(history), &occasion(proposed), &proposed.proposal)
}

pub(crate) fn in_words(answer: &Result<Verdict, Refusal>) -> String {
    match answer {
        Ok(Verdict::Record) => "recorded".to_owned(),
        Ok(Verdict::AlreadySo) => "already so".to_owned(),
        Err(refusal) => format!("refused: {}", with_names(&refusal.to_string())),
    }
}

/// Given `history`, when `proposed` is proposed for a unit's stream, then `expected`.
pub(crate) fn check(history: &[Fact], proposed: Fact, expected: Expect) {
    expected.assert_eq(&in_words(&decide(history, &proposed)));
}

/// A fact in its place: the first of a stream at `position`, as if nothing else were recorded.
pub(crate) fn recorded(position: u64, fact: &Fact) -> Recorded {
    let place = Place {
        position,
        recorded_at: day(NOW),
        stream: unit("unit"),
        version: position + 1,
        previous: Digest::ZERO,
    };
    Recorded {
        place,
        effective_at: fact.proposal.effective_at,
        actor: fact.actor.principal,
        grade: fact.actor.grade,
        request: RequestId([0; 16]),
        item: 0,
        event: fact.proposal.event.clone(),
    }
}

/// The history of a unit whose stream is the whole log: with a size of n, n facts are known.
pub(crate) fn history(facts: &[Fact]) -> UnitHistory {
    let mut history = UnitHistory::default();
    for (position, fact) in (0..).zip(facts) {
        history.apply(&recorded(position, fact));
    }
    history
}

/// A question under the 2008 edition.
pub(crate) fn question(at: At, rules: &Rules) -> Question<'_> {
    Question { at, rules, model: &ISO, providers: &Everyone }
}
