//! What ratings stand under: duties in one hand where rules relaxed it, conflicts of interest, and
//! what cannot be shown of those that were imported.

use gradus_wire::v1;

use super::json::{Json, object};
use super::message::time;
use super::sheet::Sheet;

/// A warning below levels, where there is something to warn of.
#[must_use]
pub fn warning(response: &v1::QueryLevelsResponse) -> Option<String> {
    let of = v1::RatingsTold {
        relaxed: response.ratings_relaxed,
        conflicted: response.ratings_conflicted,
        imported: response.ratings_imported,
    };
    warning_of(name_of(response.unit.as_ref()), Some(&of), Extent::Moment)
}

/// Over which time ratings are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Those in force.
    Moment,
    /// Those that were at any moment of a span.
    Span,
}

/// The name of a unit.
#[must_use]
pub fn name_of(unit: Option<&v1::UnitRef>) -> &str {
    unit.map(|unit| unit.name.as_str()).unwrap_or_default()
}

/// A warning below what is shown of a unit's levels, where there is something to warn of.
#[must_use]
pub fn warning_of(unit: &str, of: Option<&v1::RatingsTold>, extent: Extent) -> Option<String> {
    let v1::RatingsTold { relaxed, conflicted, imported } = of.copied()?;
    let ratings = |count: u32| match (count, extent) {
        (0, _) => None,
        (1, Extent::Moment) => Some("1 rating in force stands".to_owned()),
        (more, Extent::Moment) => Some(format!("{more} ratings in force stand")),
        (1, Extent::Span) => Some("1 rating of this time stands".to_owned()),
        (more, Extent::Span) => Some(format!("{more} ratings of this time stand")),
    };
    let relaxed = ratings(relaxed);
    let relaxed = relaxed.map(|told| format!("{told} on duties in one hand, as rules relaxed it"));
    let conflicted = ratings(conflicted);
    let conflicted = conflicted.map(|told| format!("{told} under a conflict of interest"));
    let imported = ratings(imported);
    let imported = imported.map(|told| format!("{told} as imported, from appraisals of before"));
    let told: Vec<String> = relaxed.into_iter().chain(conflicted).chain(imported).collect();
    (!told.is_empty())
        .then(|| format!("warning: {}: gradus explain {unit} AREA names them", told.join("; ")))
}

/// The same for programs; nothing where there is nothing.
#[must_use]
pub fn json(response: &v1::QueryLevelsResponse) -> Json {
    let (relaxed, conflicted) = (response.ratings_relaxed, response.ratings_conflicted);
    if relaxed + conflicted + response.ratings_imported == 0 {
        return Json::Null;
    }
    object([
        ("relaxed", relaxed.into()),
        ("conflicted", conflicted.into()),
        ("imported", response.ratings_imported.into()),
    ])
}

/// What a rating stands under, a part each:
/// `in one hand: provider-rates, reviewer-rates (rules solo)`.
#[must_use]
pub fn of_rating(of: &v1::ExplainedRating) -> Vec<String> {
    let mut told = Vec::new();
    for of_rules in of.relaxed.chunk_by(|one, next| one.rules == next.rules) {
        let pairs: Vec<&str> = of_rules.iter().map(|one| one.pair.as_str()).collect();
        let rules = of_rules.first().map(|one| one.rules.as_str()).unwrap_or_default();
        told.push(format!("in one hand: {} (rules {rules})", pairs.join(", ")));
    }
    told.extend(of.conflict.as_ref().map(conflict));
    let imported = "imported: neither sealed ratings nor separated duties can be shown";
    told.extend(of.imported.then(|| imported.to_owned()));
    told
}

/// `conflict of interest of alice since 2026-05-01T00:00:00Z #17`.
fn conflict(of: &v1::Conflict) -> String {
    let who = of.principal.as_ref().map(name).unwrap_or_default();
    let until = of.until.as_ref().map(|until| format!(" until {}", time(Some(until))));
    let (since, until) = (time(of.since.as_ref()), until.unwrap_or_default());
    format!("conflict of interest of {who} since {since}{until} #{}", of.position)
}

fn name(of: &v1::PrincipalRef) -> String {
    if of.name.is_empty() { of.id.clone() } else { of.name.clone() }
}

/// Why duties lay in one hand, each reason once with what it is for.
#[must_use]
pub fn reasons(response: &v1::ExplainLevelResponse) -> Vec<String> {
    let ratings = response.practices.iter().flat_map(|practice| &practice.ratings);
    let mut relaxed: Vec<&v1::RelaxedDuty> =
        ratings.filter(|rating| rating.counts).flat_map(|rating| &rating.relaxed).collect();
    let key = |one: &v1::RelaxedDuty| (one.rules.clone(), one.pair.clone(), one.reason.clone());
    relaxed.sort_by_key(|one| key(one));
    relaxed.dedup_by_key(|one| key(one));
    let told =
        |one: &v1::RelaxedDuty| format!("Rules {} relax {}: {}", one.rules, one.pair, one.reason);
    relaxed.into_iter().map(told).collect()
}

/// Conflicts of interest as a table.
#[must_use]
pub fn conflicts(of: &[v1::Conflict]) -> Sheet {
    let mut sheet = Sheet::new(&["principal", "unit", "since", "until", "position"]);
    for conflict in of {
        sheet.row(vec![
            conflict.principal.as_ref().map(name).unwrap_or_default().into(),
            conflict.unit.as_ref().map(|unit| unit.name.clone()).unwrap_or_default().into(),
            time(conflict.since.as_ref()).into(),
            time(conflict.until.as_ref()).into(),
            conflict.position.to_string().into(),
        ]);
    }
    sheet
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn relaxed(pair: &str, rules: &str) -> v1::RelaxedDuty {
        v1::RelaxedDuty {
            pair: pair.to_owned(),
            rules: rules.to_owned(),
            reason: format!("{rules} says so"),
            evidence: "E1".to_owned(),
        }
    }

    #[test]
    fn imported_ratings_are_told() {
        let response =
            v1::QueryLevelsResponse { ratings_imported: 2, ..v1::QueryLevelsResponse::default() };
        let told = warning(&response).unwrap();
        assert!(told.contains("2 ratings in force stand as imported, from appraisals of before"));
        assert_eq!(
            json(&response),
            object([
                ("relaxed", 0_u32.into()),
                ("conflicted", 0_u32.into()),
                ("imported", 2_u32.into()),
            ])
        );
        let rating = v1::ExplainedRating { imported: true, ..v1::ExplainedRating::default() };
        expect!["imported: neither sealed ratings nor separated duties can be shown"]
            .assert_eq(&of_rating(&rating).join("; "));
    }

    fn warned(ratings_relaxed: u32, ratings_conflicted: u32) -> Option<String> {
        let unit = Some(v1::UnitRef { id: String::new(), name: "alpha".to_owned() });
        warning(&v1::QueryLevelsResponse {
            unit,
            ratings_relaxed,
            ratings_conflicted,
            ..v1::QueryLevelsResponse::default()
        })
    }

    #[test]
    fn only_where_there_is_something_to_warn_of_levels_warn() {
        assert_eq!(warned(0, 0), None);
        let told = [warned(1, 0), warned(0, 2), warned(3, 1)].map(Option::unwrap);
        expect![[r"
            warning: 1 rating in force stands on duties in one hand, as rules relaxed it: gradus explain alpha AREA names them
            warning: 2 ratings in force stand under a conflict of interest: gradus explain alpha AREA names them
            warning: 3 ratings in force stand on duties in one hand, as rules relaxed it; 1 rating in force stands under a conflict of interest: gradus explain alpha AREA names them"]]
        .assert_eq(&told.join("\n"));
    }

    #[test]
    fn a_rating_tells_its_pairs_by_the_rules_that_relaxed_them() {
        let rating = v1::ExplainedRating {
            relaxed: vec![
                relaxed("provider-reviews", "ours"),
                relaxed("provider-rates", "solo"),
                relaxed("reviewer-rates", "solo"),
            ],
            conflict: Some(v1::Conflict {
                principal: Some(v1::PrincipalRef { id: "p1".to_owned(), name: "alice".to_owned() }),
                since: Some(prost_types::Timestamp { seconds: 86_400, nanos: 0 }),
                position: 17,
                ..v1::Conflict::default()
            }),
            ..v1::ExplainedRating::default()
        };
        expect![[r"
            in one hand: provider-reviews (rules ours)
            in one hand: provider-rates, reviewer-rates (rules solo)
            conflict of interest of alice since 1970-01-02T00:00:00Z #17"]]
        .assert_eq(&of_rating(&rating).join("\n"));
    }
}
