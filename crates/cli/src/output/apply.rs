//! A plan, in each form.

use super::View;
use super::json::{Json, object};
use super::sheet::{Cell, Sheet, Tone};
use crate::apply::plan::{Change, Mark};

/// What is to be done, or was, and what is so already.
#[must_use]
pub fn view(changes: &[Change], done: bool) -> View {
    let open = changes.iter().filter(|change| change.step.is_some()).count();
    let mut sheet = Sheet::new(&["change", "kind", "name", "detail"]);
    for Change { mark, what, name, detail, .. } in changes {
        let tone = match mark {
            Mark::Add | Mark::Change => Tone::Notice,
            Mark::Remove => Tone::Alarm,
            Mark::Same | Mark::Beyond => Tone::Faint,
        };
        sheet.row(vec![
            Cell::drawn(mark.sign(), mark.word()).toned(tone),
            (*what).into(),
            name.as_str().into(),
            detail.as_str().into(),
        ]);
    }
    let entries: Vec<Json> = changes.iter().map(entry).collect();
    let count = u64::try_from(open).unwrap_or(u64::MAX);
    View {
        document: object([
            ("changes", Json::List(entries.clone())),
            ("open", Json::from(if done { 0 } else { count })),
            ("made", Json::from(if done { count } else { 0 })),
        ]),
        entries: Some(entries),
        sheets: vec![sheet.titled(title(open, done))],
    }
}

fn title(open: usize, done: bool) -> String {
    let changes = if open == 1 { "change" } else { "changes" };
    let told = match (open, done) {
        (0, _) => "nothing is to be done".to_owned(),
        (_, true) => format!("{open} {changes} made"),
        (_, false) => format!("{open} {changes} to make"),
    };
    format!("{told} · + add, ~ change, = so already, ? beyond the file, - remove")
}

fn entry(change: &Change) -> Json {
    let Change { mark, what, name, detail, .. } = change;
    object([
        ("change", mark.word().into()),
        ("kind", (*what).into()),
        ("name", name.as_str().into()),
        ("detail", detail.as_str().into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::step::Step;
    use crate::output::{Format, Output};
    use expect_test::{Expect, expect};
    use gradus_wire::v1;

    fn check(terminal: bool, done: bool, seen: &Expect) {
        let change = |mark, what, name: &str, detail: &str| Change {
            mark,
            what,
            name: name.to_owned(),
            detail: detail.to_owned(),
            step: None,
        };
        let step = Step::Register(v1::RegisterUnitRequest::default());
        let changes = [
            Change {
                step: Some((step, 1)),
                ..change(Mark::Add, "unit", "crypto", "team below acme")
            },
            change(Mark::Same, "role", "ann", "lead on red"),
        ];
        let output = Output { format: Format::Table, terminal, quiet: false, debug: false };
        let mut stripped = anstream::StripStream::new(Vec::new());
        output.write(&view(&changes, done), &mut stripped).unwrap();
        seen.assert_eq(&String::from_utf8(stripped.into_inner()).unwrap());
    }

    #[test]
    fn people_see_signs_and_programs_words() {
        check(
            true,
            false,
            &expect![[r#"
            1 change to make · + add, ~ change, = so already, ? beyond the file, - remove
            change  kind  name    detail           
            +       unit  crypto  team below acme
            =       role  ann     lead on red
        "#]],
        );
        check(
            true,
            true,
            &expect![[r#"
            1 change made · + add, ~ change, = so already, ? beyond the file, - remove
            change  kind  name    detail           
            +       unit  crypto  team below acme
            =       role  ann     lead on red
        "#]],
        );
        check(
            false,
            false,
            &expect![[r#"
            change	kind	name	detail
            add	unit	crypto	team below acme
            same	role	ann	lead on red
        "#]],
        );
    }
}
