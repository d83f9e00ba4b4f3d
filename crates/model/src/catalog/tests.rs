//! The shipped models and profiles load; what is wrong in a file is refused with its line.

mod borrowing;
mod dependencies;
mod profiles;

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::{Area, Catalog, CatalogError, Profile, Relation};
use crate::{Digest, Practice, Target};

const ISO: &str = include_str!("../../../../config/models/iso-21827-2008.toml");
const DRAFT: &str = include_str!("../../../../config/models/sse-cmm-1997.toml");
const BUREAU: &str = include_str!("../../../../config/profiles/service-bureau.toml");

fn iso() -> Catalog {
    Catalog::parse("iso.toml", ISO, None).unwrap()
}

/// The digest that the draft pins; that it is the one of the shipped file needs a hash to say.
fn pinned() -> Digest {
    Catalog::borrows("draft.toml", DRAFT).unwrap().unwrap().digest
}

fn draft() -> Catalog {
    Catalog::parse("draft.toml", DRAFT, Some((&iso(), pinned()))).unwrap()
}

fn target(model: &str, practice: &str) -> Target {
    Target { model: model.parse().unwrap(), practice: practice.parse().unwrap() }
}

fn base_practices(model: &Catalog, borrowed: bool) -> usize {
    let all = model.areas().iter().flat_map(|area| &area.base_practices);
    all.filter(|base| base.borrowed == borrowed).count()
}

#[test]
fn the_2008_edition_has_22_areas_128_base_and_29_generic_practices() {
    let model = iso();
    assert_eq!((model.areas().len(), base_practices(&model, false)), (22, 128));
    assert_eq!((model.generic_practices().len(), model.features().len()), (29, 12));
    assert_eq!(base_practices(&model, true), 0);
    assert_eq!(model.declared_base_practices(), Some(129));
    assert_eq!(model.levels().len(), 6);
    assert!(model.areas().iter().all(|area| area.complete));
}

#[test]
fn the_1997_edition_lists_51_base_practices_and_borrows_the_rest() {
    let model = draft();
    assert_eq!((model.areas().len(), base_practices(&model, false)), (21, 51));
    assert_eq!(base_practices(&model, true), 128 - 61);
    assert!(model.areas().iter().all(|area| area.complete));
    assert!(model.generic_practices().iter().all(|practice| practice.borrowed));
    assert_eq!(model.generic_practices().len(), 29);
    assert!(model.features().iter().all(|feature| !feature.borrowed));
}

#[test]
fn a_borrowed_practice_keeps_the_lenders_id_and_stands_in_the_borrowing_area() {
    let model = draft();
    for (lent, area, title) in [
        ("BP.12.01", "PA11", "Monitor Conformance to the Defined Process"),
        ("BP.22.05", "PA21", "Maintain Communications"),
    ] {
        let lent = target("iso-21827-2008", lent);
        assert_eq!(model.area_of(&lent), Some(area.parse().unwrap()));
        assert_eq!(model.title_of(&lent), Some(title));
    }
}

#[test]
fn a_model_contains_what_it_lists_or_borrows_and_nothing_else() {
    let model = draft();
    for (model_id, practice, there) in [
        ("sse-cmm-1997", "BP.01.01", true),
        ("sse-cmm-1997", "BP.01.08", false),
        ("sse-cmm-1997", "BP.12.01", false),
        ("iso-21827-2008", "BP.12.01", true),
        ("iso-21827-2008", "BP.01.01", false),
        ("sse-cmm-1997", "PA21/GP 2.1.1", true),
        ("sse-cmm-1997", "PA21/2.1", true),
        ("sse-cmm-1997", "PA22/GP 2.1.1", false),
        ("sse-cmm-1997", "PA21/GP 2.1.7", false),
        ("sse-cmm-1997", "PA21/2.5", false),
        ("iso-21827-2008", "PA21/GP 2.1.1", false),
        ("iso-21827-2008", "PA21/2.1", false),
    ] {
        let asked = target(model_id, practice);
        assert_eq!(model.contains(&asked), there, "{asked}");
        assert_eq!(model.area_of(&asked).is_some(), there, "{asked}");
    }
}

#[test]
fn an_area_that_nothing_corresponds_to_stays_incomplete() {
    let text =
        edit(DRAFT, "to = 'PA12'\nrelation = 'renumbered'", "to = 'PA12'\nrelation = 'partial'");
    let model = Catalog::parse("draft.toml", &text, Some((&iso(), pinned()))).unwrap();
    let incomplete: Vec<&Area> = model.areas().iter().filter(|area| !area.complete).collect();
    assert_eq!(incomplete.len(), 1);
    assert_eq!((incomplete[0].id.number(), incomplete[0].base_practices.len()), (11, 0));
}

#[test]
fn practices_of_areas_that_are_one_to_one_are_paired_in_order() {
    let mut lines = String::new();
    for link in draft().crosswalk() {
        if link.from.number() > 5 && link.relation != Relation::Kept {
            continue;
        }
        write!(lines, "{} {} {}:", link.from, link.to, link.relation).unwrap();
        for (from, to) in &link.practices {
            write!(lines, " {from}>{to}").unwrap();
        }
        lines.push('\n');
    }
    expect![[r#"
        PA01 PA10 renumbered: BP.01.01>BP.10.01 BP.01.02>BP.10.02 BP.01.03>BP.10.03 BP.01.04>BP.10.04 BP.01.05>BP.10.05 BP.01.06>BP.10.06 BP.01.07>BP.10.07
        PA02 PA09 renumbered: BP.02.01>BP.09.01 BP.02.02>BP.09.02 BP.02.03>BP.09.03 BP.02.04>BP.09.04 BP.02.05>BP.09.05 BP.02.06>BP.09.06
        PA03 PA11 renumbered: BP.03.01>BP.11.01 BP.03.02>BP.11.02 BP.03.03>BP.11.03 BP.03.04>BP.11.04 BP.03.05>BP.11.05
        PA04 PA05 merged: BP.04.01>BP.05.01 BP.04.02>BP.05.01 BP.04.03>BP.05.02 BP.04.04>BP.05.04
        PA04 PA11 partial:
        PA05 PA03 split: BP.05.01>BP.03.01
        PA05 PA02 split: BP.05.02>BP.02.01 BP.05.02>BP.02.02 BP.05.04>BP.02.05
        PA05 PA04 split: BP.05.03>BP.04.01 BP.05.03>BP.04.02
        PA06 PA06 kept: BP.06.01>BP.06.01 BP.06.02>BP.06.02 BP.06.03>BP.06.03 BP.06.04>BP.06.04 BP.06.05>BP.06.05
    "#]].assert_eq(&lines);
}

/// `text` with the first `from` replaced. Quotes are written as `'` here, to be read more easily.
fn edit(text: &str, from: &str, to: &str) -> String {
    let (from, to) = (from.replace('\'', "\""), to.replace('\'', "\""));
    assert!(text.contains(&from), "nothing to edit: {from}");
    text.replacen(&from, &to, 1)
}

/// Edits one place per row, and compares the errors with what is expected.
fn check(
    text: &str,
    rows: &[(&str, &str)],
    parse: impl Fn(&str) -> Result<(), CatalogError>,
    expected: &Expect,
) {
    let mut lines = String::new();
    for (from, to) in rows {
        let error = parse(&edit(text, from, to)).expect_err(to);
        writeln!(lines, "{error}").unwrap();
    }
    expected.assert_eq(&lines);
}

fn parse_iso(text: &str) -> Result<(), CatalogError> {
    Catalog::parse("iso.toml", text, None).map(drop)
}

#[test]
fn a_wrong_model_is_refused_with_its_line_and_reason() {
    let rows = [
        ("[model]", "[model"),
        ("[model]", "[model]\ncolour = 1"),
        ("id = 'iso-21827-2008'", "id = 'ISO'"),
        ("edition = ", "# edition = "),
        ("standard = 'ISO/IEC 21827:2008'", "standard = ''"),
        ("listed_process_areas = 22", "listed_process_areas = 21"),
        ("listed_base_practices = 128", "listed_base_practices = 129"),
        ("listed_security_base_practices = 61", "listed_security_base_practices = 60"),
        ("listed_generic_practices = 29", "listed_generic_practices = 30"),
        ("listed_common_features = 12", "listed_common_features = -1"),
        ("declared_process_areas = 22", "declared_process_areas = 20"),
        ("declared_base_practices = 129", "declared_base_practices = 130"),
        ("number = 5\n", "number = 6\n"),
        ("number = 5\n", "number = 4\n"),
        (
            "[[level]]\nnumber = 0\ntitle = 'Not Performed'\nsummary = 'Base practices are generally not done; results are hard to find.'\ncheck = 'verified'\n",
            "",
        ),
        ("check = 'verified'", "check = 'certain'"),
        (
            "[[common_feature]]\nid = '1.1'\nlevel = 1\ntitle = 'Base Practices Are Performed'\ncheck = 'verified'\n",
            "",
        ),
        (
            "[[generic_practice]]\nid = 'GP 4.1.1'\nlevel = 4\ncommon_feature = '4.1'\ntitle = 'Establish Quality Goals'\ncheck = 'recalled'\n",
            "",
        ),
        ("id = '2.1'\nlevel = 2", "id = '2.1'\nlevel = 3"),
        ("id = '2.2'\nlevel = 2", "id = '2.1'\nlevel = 2"),
        ("id = '4.1'\nlevel = 4", "id = '6.1'\nlevel = 6"),
        ("id = '5.2'\nlevel = 5", "id = '5.3'\nlevel = 5"),
        ("id = 'GP 2.1.2'\nlevel = 2", "id = 'GP 2.1.2'\nlevel = 1"),
        ("id = 'GP 2.1.2'", "id = 'GP 2.1.1'"),
        ("id = 'GP 2.1.2'", "id = 'GP 2.1'"),
        ("level = 2\ncommon_feature = '2.2'", "level = 2\ncommon_feature = '2.1'"),
        (
            "id = 'GP 5.2.3'\nlevel = 5\ncommon_feature = '5.2'",
            "id = 'GP 5.4.1'\nlevel = 5\ncommon_feature = '5.4'",
        ),
        (
            "id = 'GP 1.1.1'\nlevel = 1\ncommon_feature = '1.1'",
            "id = 'GP 2.1.0'\nlevel = 2\ncommon_feature = '2.1'",
        ),
    ];
    check(
        ISO,
        &rows,
        parse_iso,
        &expect![[r#"
        iso.toml:45: unclosed table, expected `]`
        iso.toml:46: unknown field `colour`, expected one of `id`, `standard`, `title`, `edition`, `aligned_with`, `successor`, `note`
        iso.toml:46: `ISO` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        iso.toml:45: missing field `edition`
        iso.toml:47: the text is empty
        iso.toml:58: listed_process_areas is 21, but 22 are listed
        iso.toml:59: listed_base_practices is 129, but 128 are listed
        iso.toml:60: listed_security_base_practices is 60, but 61 are listed
        iso.toml:63: listed_generic_practices is 30, but 29 are listed
        iso.toml:62: invalid value: integer `-1`, expected usize
        iso.toml:54: declared_process_areas is 20, but 22 are listed
        iso.toml:55: declared_base_practices is 130, but its parts add up to 129
        iso.toml:104: there is no capability level 6: use 0 to 5
        iso.toml:104: 4 stands after 4: each stands once, in order
        iso.toml:46: capability level 0 is missing
        iso.toml:73: `certain` is no check mark: use one of verified, recalled
        iso.toml:46: capability level 1 has no common feature
        iso.toml:309: common feature 4.1 has no generic practice
        iso.toml:128: the id 2.1 says level 2, not 3
        iso.toml:175: 2.1 stands after 2.1: each stands once, in order
        iso.toml:309: `6.1` is no common feature: write it like 2.1
        iso.toml:370: there is no common feature 5.2 in this model
        iso.toml:141: the id GP 2.1.2 says level 2, not 1
        iso.toml:140: GP 2.1.1 stands after GP 2.1.1: each stands once, in order
        iso.toml:140: `GP 2.1` is no generic practice: write it like GP 2.1.1
        iso.toml:183: the id GP 2.2.1 says common feature 2.2, not 2.1
        iso.toml:384: there is no common feature 5.4 in this model
        iso.toml:120: `GP 2.1.0` is no generic practice: write it like GP 2.1.1
    "#]],
    );
}

#[test]
fn a_wrong_process_area_is_refused_with_its_line_and_reason() {
    let rows = [
        ("id = 'PA02'", "id = 'PA2'"),
        ("id = 'PA02'", "id = 'PA01'"),
        ("number = 2\ntitle = 'Assess Impact'", "number = 3\ntitle = 'Assess Impact'"),
        ("category = 'project'", "category = 'projects'"),
        ("discipline = 'engineering'", "discipline = 'art'"),
        ("bp_count = 4", "bp_count = 5"),
        ("bp_check = 'verified'", "# no bp_check"),
        ("id = 'BP.01.02'", "id = 'BP.01.01'"),
        ("id = 'BP.01.02'", "id = 'BP.1.2'"),
        ("id = 'BP.01.04'", "id = 'BP.02.04'"),
        ("title = 'Prioritize Capabilities'", "name = 'Prioritize Capabilities'"),
        ("title = 'Prioritize Capabilities'", "title = 'Prioritize\\nCapabilities'"),
    ];
    check(
        ISO,
        &rows,
        parse_iso,
        &expect![[r#"
            iso.toml:421: `PA2` is no process area: write it like PA01
            iso.toml:421: PA01 stands after PA01: each stands once, in order
            iso.toml:422: the id PA02 says number 2, not 3
            iso.toml:766: `projects` is no category of process areas: use one of security-engineering, project, organizational
            iso.toml:398: `art` is no discipline: use one of risk, engineering, assurance
            iso.toml:401: bp_count is 5, but 4 are listed
            iso.toml:394: PA01 lists base practices without bp_check: say verified or recalled
            iso.toml:409: BP.01.01 stands after BP.01.01: each stands once, in order
            iso.toml:409: `BP.1.2` is no base practice: write it like BP.01.02
            iso.toml:417: the id BP.02.04 says area PA02, not PA01
            iso.toml:433: unknown field `name`, expected one of `id`, `title`, `also`
            iso.toml:433: the text holds the control character U+000A
        "#]],
    );
}

#[test]
fn generic_practices_and_features_belong_to_the_model_that_uses_them() {
    let model = draft();
    for area in model.areas() {
        for practice in model.generic_practices() {
            let practice = Practice::Generic(area.id, practice.id);
            assert!(model.contains(&Target { model: model.id().clone(), practice }));
        }
    }
}

/// Parses `text` in every way; whatever comes of it, it is no panic.
fn parse_all(text: &str) {
    let lender = iso();
    let _ = Catalog::parse("any.toml", text, None);
    let _ = Catalog::parse("any.toml", text, Some((&lender, pinned())));
    let _ = Catalog::borrows("any.toml", text);
    let _ = Profile::parse("any.toml", text, &lender, None);
    let _ = Profile::needs("any.toml", text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_a_model_or_an_error(text: String) {
        parse_all(&text);
    }

    #[test]
    fn a_mutilated_file_is_a_model_or_an_error_within_it(
        file in prop::sample::select(vec![ISO, DRAFT, BUREAU]),
        at: prop::sample::Index,
        length in 0_usize..200,
        put in "[a-zA-Z0-9\\[\\]=\".\n]{0,12}",
    ) {
        let cut = at.index(file.len());
        let (head, tail) = (file.get(..cut), file.get((cut + length).min(file.len())..));
        let text = [head.unwrap_or_default(), &put, tail.unwrap_or_default()].concat();
        parse_all(&text);
        if let Err(error) = Catalog::parse("any.toml", &text, None) {
            prop_assert!((1..=text.lines().count() + 1).contains(&error.line));
        }
    }
}
