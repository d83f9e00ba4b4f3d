//! Dependencies between areas: facts of a model, and what they warn of.

use std::fmt::Write as _;

use expect_test::expect;

use super::{ISO, check, draft, iso, parse_iso};
use crate::AreaId;
use crate::catalog::{Aim, Basis, Catalog, dependency_warnings};

fn listed(model: &Catalog) -> String {
    let mut lines = String::new();
    for area in model.areas() {
        let needs = model.dependencies().iter().filter(|dependency| dependency.area == area.id);
        let mark = |basis| if basis == Basis::Stated { "!" } else { "" };
        let needs: Vec<String> =
            needs.map(|one| format!("{}{}", one.needs, mark(one.basis))).collect();
        if !needs.is_empty() {
            writeln!(lines, "{} needs {}", area.id, needs.join(" ")).unwrap();
        }
    }
    lines
}

#[test]
fn both_editions_say_which_areas_need_which_and_whether_it_is_stated() {
    expect![[r#"
        PA01 needs PA09
        PA03 needs PA02! PA04! PA05! PA08!
        PA06 needs PA10 PA11
        PA08 needs PA01
        PA09 needs PA02 PA05 PA07 PA10
        PA11 needs PA10
        PA12 needs PA17
        PA15 needs PA14 PA16
        PA18 needs PA17
        PA20 needs PA17
    "#]]
    .assert_eq(&listed(&iso()));
    expect![[r#"
        PA02 needs PA01! PA09
        PA03 needs PA01 PA02
        PA05 needs PA10
        PA06 needs PA01 PA03
        PA07 needs PA08
        PA08 needs PA02
        PA11 needs PA16
        PA14 needs PA13 PA15!
        PA17 needs PA16
        PA19 needs PA16
    "#]]
    .assert_eq(&listed(&draft()));
}

#[test]
fn a_wrong_dependency_is_refused_with_its_line_and_reason() {
    let rows = [
        ("area = 'PA01'\nneeds = 'PA09'", "area = 'PA23'\nneeds = 'PA09'"),
        ("area = 'PA01'\nneeds = 'PA09'", "area = 'PA01'\nneeds = 'PA23'"),
        ("area = 'PA01'\nneeds = 'PA09'", "area = 'PA01'\nneeds = 'PA01'"),
        ("area = 'PA03'\nneeds = 'PA04'", "area = 'PA03'\nneeds = 'PA02'"),
        ("basis = 'stated'\nsource = 'S001 0.1, security service providers'", "basis = 'stated'"),
        ("basis = 'inferred'", "basis = 'titles'"),
        ("needs = 'PA09'\n", ""),
        ("needs = 'PA09'\n", "needs = 'PA09'\nlevel = 2\n"),
    ];
    check(
        ISO,
        &rows,
        parse_iso,
        &expect![[r#"
        iso.toml:1150: there is no PA23 in iso-21827-2008
        iso.toml:1151: there is no PA23 in iso-21827-2008
        iso.toml:1151: PA01 cannot need itself
        iso.toml:1164: PA03 needs PA02 already
        iso.toml:1158: that PA03 needs PA02 is stated and names no source
        iso.toml:1152: `titles` is no basis: use one of stated, inferred
        iso.toml:1149: missing field `needs`
        iso.toml:1152: unknown field `level`, expected one of `area`, `needs`, `basis`, `source`, `reason`
    "#]],
    );
}

#[test]
fn an_area_warns_when_what_it_needs_is_asked_for_less() {
    use Aim::{Level, NotApplicable, TailoredOut, Unsaid};
    let model = iso();
    let (risk, threat): (AreaId, AreaId) = ("PA03".parse().unwrap(), "PA04".parse().unwrap());
    let rows = [
        (Level(3), Level(3)),
        (Level(3), Level(1)),
        (Level(1), Level(3)),
        (Level(3), NotApplicable),
        (Level(1), TailoredOut),
        (Level(3), Unsaid),
        (Level(0), NotApplicable),
        (NotApplicable, TailoredOut),
        (TailoredOut, Level(0)),
        (Unsaid, Level(0)),
        (Unsaid, NotApplicable),
        (Unsaid, TailoredOut),
        (Unsaid, Unsaid),
    ];
    let mut lines = String::new();
    for (asked, given) in rows {
        let aim = |area: AreaId| match area {
            _ if area == risk => asked,
            _ if area == threat => given,
            _ => Unsaid,
        };
        let warnings = dependency_warnings(&model, aim);
        let shown: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        writeln!(lines, "{asked:?} {given:?}: {}", shown.join("; ")).unwrap();
    }
    expect![[r#"
        Level(3) Level(3): 
        Level(3) Level(1): PA03 aims at 3, but needs PA04, which aims at 1
        Level(1) Level(3): 
        Level(3) NotApplicable: PA03 aims at 3, but needs PA04, which is not applicable
        Level(1) TailoredOut: PA03 aims at 1, but needs PA04, which is tailored out
        Level(3) Unsaid: 
        Level(0) NotApplicable: 
        NotApplicable TailoredOut: 
        TailoredOut Level(0): 
        Unsaid Level(0): 
        Unsaid NotApplicable: PA03 needs PA04, which is not applicable
        Unsaid TailoredOut: PA03 needs PA04, which is tailored out
        Unsaid Unsaid: 
    "#]]
    .assert_eq(&lines);
}
