//! A practice of the tree: whether it is met, how it was rated, and what stands behind it.

use std::cmp::Reverse;
use std::fmt::Write as _;

use gradus_wire::v1;

use super::super::{is_ahead, of_appraisal, person};
use super::{Extent, Node, count, day, instant};
use crate::output::duties;
use crate::output::message::text;
use crate::output::sheet::without_model;

/// The least room in which a title still says something.
const LEAST_TITLE: usize = 12;

/// Strokes before a practice, and the spaces between its parts.
const BEFORE: usize = 6;

/// Items that are told of a practice that is not met, unless all are.
const MOST_ITEMS: usize = 2;

/// Whether nobody rated it and nothing was linked to it.
pub(super) fn says_nothing(of: &v1::ExplainedPractice) -> bool {
    of.ratings.is_empty() && of.evidence.is_empty()
}

/// The practice without the model and area that are explained.
pub(super) fn name(of: &v1::ExplainedPractice) -> &str {
    let id = of.state.as_ref().map(|state| state.practice.as_str()).unwrap_or_default();
    let id = without_model(id);
    // `PA11/GP 2.1.1`, and base practices have their area inside.
    id.split_once('/').map_or(id, |(_, rest)| rest)
}

pub(super) fn node(of: &v1::ExplainedPractice, widest: usize, extent: Extent) -> Node {
    let state = of.state.clone().unwrap_or_default();
    let name = name(of);
    let mut line = format!("{name:<widest$}  {:<11}  {}", standing(of), behind(of, &state));
    let room = extent.width.saturating_sub(BEFORE + line.chars().count() + 3);
    let title = state.title.as_str();
    let is_decisive = extent.detail && of.ongoing() != v1::Reached::Yes;
    let mut more = Vec::new();
    if title.chars().count() <= room || (room >= LEAST_TITLE && !is_decisive) {
        line = format!("{line} · {}", cut(title, room));
    } else if is_decisive || extent.all {
        more.push(cut(title, extent.width.saturating_sub(BEFORE + 2)));
    }
    let in_force = of.ratings.iter().filter(|rating| rating.counts);
    more.extend(in_force.flat_map(under));
    let mut below = Vec::new();
    if extent.all {
        below.extend(of.ratings.iter().filter(|one| !is_first(of, one)).map(rating));
    }
    if extent.detail {
        below.extend(items(of, extent));
    }
    Node { line, more, below }
}

/// Whether it is met, as people say it.
fn standing(of: &v1::ExplainedPractice) -> &'static str {
    match (of.rated(), of.ongoing()) {
        (v1::Reached::Yes, v1::Reached::Yes) => "met",
        // It was judged to be, and nothing valid supports that.
        (v1::Reached::Yes, _) => "unsupported",
        (v1::Reached::No, _) => "not met",
        (v1::Reached::Open | v1::Reached::Unspecified, _) => "open",
    }
}

/// How it was rated, and what evidence says.
fn behind(of: &v1::ExplainedPractice, state: &v1::PracticeState) -> String {
    let rated = match &state.rating {
        None => "nobody rated it".to_owned(),
        Some(rating) => {
            let others = of.ratings.iter().filter(|one| one.counts).count().saturating_sub(1);
            let others =
                if others > 0 { format!(", lowest of {}", others + 1) } else { String::new() };
            let of = of.ratings.iter().find(|one| one.rating.as_ref() == Some(rating));
            let by_team = of.is_some_and(|of| !of.appraisal.is_empty());
            format!("{}{others}", said(rating, by_team))
        }
    };
    let support = match state.support() {
        v1::Support::Supported => {
            format!("supported until {}", instant(state.valid_until.as_ref()))
        }
        v1::Support::Lapsed => format!("lapsed since {}", instant(state.lapsed_at.as_ref())),
        v1::Support::Contradicted => "contradicted".to_owned(),
        v1::Support::Unsupported | v1::Support::Unspecified if of.evidence.iter().all(is_ahead) => {
            "no evidence".to_owned()
        }
        v1::Support::Unsupported | v1::Support::Unspecified => "no evidence that counts".to_owned(),
    };
    format!("{rated}; {support}")
}

/// `satisfied by alice 2026-05-02 #12`; of a team, who stands behind it is told below.
fn said(rating: &v1::PracticeRating, by_team: bool) -> String {
    format!(
        "{} by {} {} #{}",
        text::<v1::Value>(rating.value),
        if by_team { "an appraisal".to_owned() } else { person(rating) },
        day(rating.effective_at.as_ref()),
        rating.position
    )
}

/// Whether it is the rating that the practice's line tells.
fn is_first(of: &v1::ExplainedPractice, rating: &v1::ExplainedRating) -> bool {
    let told = of.state.as_ref().and_then(|state| state.rating.as_ref());
    told.is_some() && told == rating.rating.as_ref() && rating.instance.is_empty()
}

fn rating(of: &v1::ExplainedRating) -> Node {
    let by_team = !of.appraisal.is_empty();
    let mut line = of.rating.as_ref().map(|one| said(one, by_team)).unwrap_or_default();
    if !of.instance.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(line, ", instance {}", of.instance);
    }
    let why = match of.why_not.as_str() {
        "" => "counts".to_owned(),
        "not-read" => "does not count: the rules do not read its scale".to_owned(),
        "withdrawn" => "does not count: withdrawn".to_owned(),
        "ended" => format!("does not count: ended {}", instant(of.ended_at.as_ref())),
        "replaced" => {
            let by = of.replaced_by.map(|by| format!(" by #{by}")).unwrap_or_default();
            format!("does not count: replaced{by}")
        }
        "person-wins" => "does not count: a person's rating wins over a rule's".to_owned(),
        other => format!("does not count: {other}"),
    };
    // Of what counts, the practice tells it.
    let more = if of.counts { Vec::new() } else { under(of).collect() };
    Node { line: format!("{line} · {why}"), more, below: Vec::new() }
}

/// What a rating stands under, each with where the rating is recorded.
fn under(of: &v1::ExplainedRating) -> impl Iterator<Item = String> {
    let position = of.rating.as_ref().map(|rating| rating.position).unwrap_or_default();
    let told = of_appraisal(of).into_iter().chain(duties::of_rating(of));
    told.map(move |told| format!("#{position} {told}"))
}

/// The items; unless all are asked for, of a practice that is met the one that supports it longest,
/// of others the last ones that could have counted.
fn items(of: &v1::ExplainedPractice, extent: Extent) -> Vec<Node> {
    let mut told: Vec<&v1::ExplainedEvidence> = of.evidence.iter().collect();
    if !extent.all {
        // What had not begun says nothing of the moment asked about.
        told.retain(|item| !is_ahead(item));
        let until = |item: &v1::ExplainedEvidence| {
            item.valid_until.map(|until| (until.seconds, until.nanos))
        };
        told.sort_by_key(|item| (!item.counts, Reverse(until(item)), item.position));
        told.truncate(if of.ongoing() == v1::Reached::Yes { 1 } else { MOST_ITEMS });
    }
    let ahead =
        if extent.all { 0 } else { of.evidence.iter().filter(|item| is_ahead(item)).count() };
    let hidden = of.evidence.len() - told.len() - ahead;
    let mut nodes: Vec<Node> = told.into_iter().map(|one| Node::leaf(item(one))).collect();
    if let Some(last) = nodes.last_mut().filter(|_| hidden > 0) {
        let _ = write!(last.line, " · {hidden} more");
    }
    if ahead > 0 {
        nodes.push(Node::leaf(format!("{} had not begun", count(ahead, "later item"))));
    }
    nodes
}

/// `#7 policy supports (direct) of web · 2026-05-01, 31 days · until 2027-05-01, window P1Y`.
fn item(of: &v1::ExplainedEvidence) -> String {
    let age = of.age_days.map(|days| count(days.try_into().unwrap_or(0), "day"));
    let age = age.map(|age| format!(", {age}")).unwrap_or_default();
    let verdict = if of.counts {
        format!("until {}{}", instant(of.valid_until.as_ref()), ending(of))
    } else {
        why_not(of)
    };
    let instances = if of.instances.is_empty() {
        String::new()
    } else {
        format!(" of {}", of.instances.join(", "))
    };
    format!(
        "#{} {} {} ({}){instances} · {}{age} · {verdict}",
        of.position,
        of.kind,
        of.outcome,
        of.strength,
        day(of.work_to.as_ref())
    )
}

fn ending(of: &v1::ExplainedEvidence) -> String {
    match of.ends_by.as_str() {
        "window" => format!(", window {}", of.window),
        "given" => ", as given".to_owned(),
        "superseded" => ", superseded".to_owned(),
        other => format!(", {other}"),
    }
}

fn why_not(of: &v1::ExplainedEvidence) -> String {
    let decided = of.decided_at.map(|at| format!(" by #{at}")).unwrap_or_default();
    match of.why_not.as_str() {
        "over" => format!("over since {}{}", instant(of.valid_until.as_ref()), ending(of)),
        "not-reviewed" => "does not count: nobody accepted it".to_owned(),
        "distrusted" => {
            let by = of.distrusted_by.map(|at| format!(" by #{at}")).unwrap_or_default();
            format!("does not count: its source is distrusted{by}")
        }
        "rejected" | "withdrawn" => format!("does not count: {}{decided}", of.why_not),
        "too-weak" => "does not count: too weak for these rules".to_owned(),
        "inconclusive" => "does not count: inconclusive".to_owned(),
        "not-begun" => "does not count: the work had not begun".to_owned(),
        other => format!("does not count: {other}"),
    }
}

/// A text that fits the room.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}
