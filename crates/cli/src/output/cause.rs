//! What movements of levels are due to, in words.

use std::fmt::Write as _;

use gradus_wire::v1;

use super::sheet::without_model;

/// What a movement is due to: the practices of each class together, of which at most `named` are
/// named, each with its record: `expired by window P1Y: BP.11.01 #12, GP 2.1.4 #14 and 3 more`.
///
/// `asked` is the unit asked about; the facts of others say whose they are. Of generic practices
/// the area `area` is left out.
#[must_use]
pub fn said(
    causes: &[v1::Cause],
    asked: Option<&v1::UnitRef>,
    area: &str,
    named: usize,
) -> Vec<String> {
    let mut groups: Vec<(&v1::Cause, Vec<String>)> = Vec::new();
    let key = |cause: &v1::Cause| {
        let v1::Cause { class, late, unit, ends_by, window, .. } = cause.clone();
        (class, late, unit, ends_by, window)
    };
    for cause in causes {
        let fact = fact(cause, area);
        match groups.iter_mut().find(|(first, _)| key(first) == key(cause)) {
            Some((_, facts)) => facts.extend(fact),
            None => groups.push((cause, fact.into_iter().collect())),
        }
    }
    groups.iter().map(|(cause, facts)| group(cause, facts, asked, named)).collect()
}

/// `BP.11.01 #12`, or what is there of it.
fn fact(cause: &v1::Cause, area: &str) -> Option<String> {
    let practice = Some(short(&cause.practice, area).to_owned()).filter(|text| !text.is_empty());
    let position = cause.position.map(|position| format!("#{position}"));
    let parts: Vec<String> = [practice, position].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn group(cause: &v1::Cause, facts: &[String], asked: Option<&v1::UnitRef>, named: usize) -> String {
    let mut text = cause.class.clone();
    match cause.ends_by.as_str() {
        "window" => text = format!("{text} by window {}", cause.window),
        "given" => text.push_str(" as given"),
        // The class says as much.
        _ => (),
    }
    if cause.late {
        text.push_str(", recorded late");
    }
    // Where another unit is the cause itself, the line says so already.
    let of = cause.unit.as_ref().filter(|unit| cause.position.is_some() && asked != Some(*unit));
    if let Some(unit) = of {
        // Writing to a String cannot fail.
        let _ = write!(text, ", of {}", unit.name);
    }
    let facts: Vec<&str> = facts.iter().map(String::as_str).collect();
    if facts.is_empty() { text } else { format!("{text}: {}", listed(&facts, named)) }
}

/// A practice without its model, and a generic one without the area that is spoken of.
#[must_use]
pub fn short<'a>(practice: &'a str, area: &str) -> &'a str {
    let short = without_model(practice);
    short.strip_prefix(without_model(area)).and_then(|rest| rest.strip_prefix('/')).unwrap_or(short)
}

/// Names in a row, of which at most `most` are named.
#[must_use]
pub fn listed(names: &[&str], most: usize) -> String {
    // One more is as short as to say so.
    let most = if names.len() <= most.saturating_add(1) { names.len() } else { most };
    let (shown, rest) = names.split_at(most);
    if rest.is_empty() {
        return shown.join(", ");
    }
    format!("{} and {} more", shown.join(", "), rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn cause(class: &str, practice: &str, position: u64) -> v1::Cause {
        v1::Cause {
            class: class.into(),
            practice: format!("iso-21827-2008/{practice}"),
            position: Some(position),
            unit: Some(v1::UnitRef { id: "u1".into(), name: "alpha".into() }),
            ..v1::Cause::default()
        }
    }

    fn expired(practice: &str, position: u64) -> v1::Cause {
        let (ends_by, window) = ("window".into(), "P1Y".into());
        v1::Cause { ends_by, window, ..cause("expired", practice, position) }
    }

    #[test]
    fn practices_of_one_class_stand_together_each_with_its_record() {
        let alpha = cause("", "", 0).unit;
        let causes = [
            expired("BP.11.01", 12),
            v1::Cause { late: true, ..cause("rated", "PA11/GP 2.1.1", 14) },
            expired("BP.11.03", 12),
            expired("BP.11.04", 13),
            expired("BP.11.05", 15),
        ];
        expect!["expired by window P1Y: BP.11.01 #12, BP.11.03 #12 and 2 more; rated, recorded late: GP 2.1.1 #14"]
            .assert_eq(&said(&causes, alpha.as_ref(), "iso-21827-2008/PA11", 2).join("; "));
        expect!["rated, of alpha: BP.11.01 #3"]
            .assert_eq(&said(&[cause("rated", "BP.11.01", 3)], None, "PA11", 2).join("; "));
        let other =
            v1::Cause { position: None, practice: String::new(), ..cause("other unit", "", 0) };
        assert_eq!(said(&[other], None, "PA11", 2), ["other unit"]);
    }

    #[test]
    fn one_more_name_is_told_instead_of_counted() {
        assert_eq!(listed(&["a", "b", "c"], 2), "a, b, c");
        assert_eq!(listed(&["a", "b", "c", "d"], 2), "a, b and 2 more");
        assert_eq!(listed(&["a", "b"], usize::MAX), "a, b");
    }
}
