//! A declared state: a TOML file, read strictly, so that each fault has a line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gradus_model::unit::{PrincipalKind, Role, UnitKind};
use gradus_model::{AreaId, Edge, Label, Name, Timestamp};
use serde::Deserialize;
use toml::Spanned;

use crate::error::CliError;

/// Everything that a file declares, each with its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Units, those above before those below.
    pub units: Vec<DeclaredUnit>,
    /// People and services.
    pub principals: Vec<DeclaredPrincipal>,
    /// Who has which role.
    pub roles: Vec<DeclaredRole>,
}

/// A unit, and what it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredUnit {
    /// Where it stands in the file, from 1.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// Its sort.
    pub kind: UnitKind,
    /// The unit above it; the organization if it is not said.
    pub parent: Option<String>,
    /// When it came to be, for a unit that is not there yet.
    pub since: Option<Timestamp>,
    /// All labels that it has, in order.
    pub labels: Option<BTreeSet<String>>,
    /// The model it adopted, by id or digest.
    pub model: Option<String>,
    /// The rules it adopted.
    pub rules: Option<String>,
    /// The profile it adopted.
    pub profile: Option<String>,
    /// The areas that do not apply to it, with the reason.
    pub tailored_out: BTreeMap<String, String>,
}

/// A person or a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredPrincipal {
    /// Where it stands in the file.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// Person or service.
    pub kind: PrincipalKind,
}

/// A role of somebody on a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredRole {
    /// Where it stands in the file.
    pub line: usize,
    /// Who has it.
    pub principal: String,
    /// The role.
    pub role: Role,
    /// Where.
    pub unit: String,
    /// When it begins, if that lies ahead; left out, now, or when it is granted to begin.
    pub from: Option<Timestamp>,
    /// The first instant at which it no longer holds, if it has an end.
    pub until: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Shape {
    #[serde(default)]
    unit: Vec<Spanned<UnitShape>>,
    #[serde(default)]
    principal: Vec<Spanned<PrincipalShape>>,
    #[serde(default)]
    role: Vec<Spanned<RoleShape>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct UnitShape {
    name: Name,
    kind: UnitKind,
    parent: Option<Name>,
    since: Option<Spanned<String>>,
    labels: Option<Vec<Label>>,
    model: Option<String>,
    rules: Option<String>,
    profile: Option<String>,
    #[serde(default)]
    tailored_out: BTreeMap<Spanned<String>, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct PrincipalShape {
    name: String,
    kind: PrincipalKind,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RoleShape {
    principal: String,
    role: Role,
    unit: Name,
    from: Option<Spanned<String>>,
    until: Option<Spanned<String>>,
}

/// A file's name and text, so that every fault can say its line.
#[derive(Clone, Copy)]
struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn line(self, start: usize) -> usize {
        1 + self.text.bytes().take(start).filter(|byte| *byte == b'\n').count()
    }

    fn moment(self, given: &Spanned<String>, edge: Edge) -> Result<Timestamp, CliError> {
        let wrong = |error: gradus_model::time::TimeError| {
            at_line(self.path, self.line(given.span().start), error)
        };
        Timestamp::parse(given.get_ref(), edge).map_err(wrong)
    }

    fn unit(self, given: Spanned<UnitShape>) -> Result<DeclaredUnit, CliError> {
        let line = self.line(given.span().start);
        let unit = given.into_inner();
        let wrong = |reason: String| Err(at_line(self.path, line, reason));
        if unit.kind == UnitKind::Organization && (unit.parent.is_some() || unit.since.is_some()) {
            return wrong(format!(
                "`{}` is the organization: it has no parent or since",
                unit.name
            ));
        }
        let mut tailored_out = BTreeMap::new();
        for (area, reason) in unit.tailored_out {
            let line = self.line(area.span().start);
            let read: Result<AreaId, _> = area.get_ref().parse();
            let id = read.map_err(|error| at_line(self.path, line, error))?;
            if reason.is_empty() {
                let reason = format!("`{id}` is tailored out without a reason: say why");
                return Err(at_line(self.path, line, reason));
            }
            tailored_out.insert(id.to_string(), reason);
        }
        let since = unit.since.map(|since| self.moment(&since, Edge::Start)).transpose()?;
        let labels = unit.labels.map(|labels| labels.iter().map(Label::to_string).collect());
        Ok(DeclaredUnit {
            line,
            name: unit.name.to_string(),
            kind: unit.kind,
            parent: unit.parent.map(|parent| parent.to_string()),
            since,
            labels,
            model: unit.model,
            rules: unit.rules,
            profile: unit.profile,
            tailored_out,
        })
    }

    fn principal(self, given: Spanned<PrincipalShape>) -> Result<DeclaredPrincipal, CliError> {
        let line = self.line(given.span().start);
        let PrincipalShape { name, kind } = given.into_inner();
        if kind == PrincipalKind::System {
            let reason = format!("`{name}`: `system` is Gradus itself: use person or service");
            return Err(at_line(self.path, line, reason));
        }
        Ok(DeclaredPrincipal { line, name, kind })
    }

    fn role(self, given: Spanned<RoleShape>) -> Result<DeclaredRole, CliError> {
        let line = self.line(given.span().start);
        let role = given.into_inner();
        let from = role.from.map(|from| self.moment(&from, Edge::Start)).transpose()?;
        let until = role.until.map(|until| self.moment(&until, Edge::End)).transpose()?;
        if let (Some(from), Some(until)) = (from, until)
            && until <= from
        {
            let reason = format!("`until` is {until}, which is not after `from`, {from}");
            return Err(at_line(self.path, line, reason));
        }
        let unit = role.unit.to_string();
        Ok(DeclaredRole { line, principal: role.principal, role: role.role, unit, from, until })
    }
}

/// A fault of a file, at its line.
pub fn at_line(path: &Path, line: usize, reason: impl ToString) -> CliError {
    let problem = format!("line {line}: {}", reason.to_string());
    CliError::Config { path: path.to_owned(), problem }
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Declared, CliError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| CliError::Config { path: path.to_owned(), problem: error.to_string() })?;
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<Declared, CliError> {
    let source = Source { path, text };
    let shape: Shape = toml::from_str(text).map_err(|error| {
        let line = source.line(error.span().unwrap_or_default().start);
        at_line(path, line, error.message())
    })?;
    let units = shape.unit.into_iter().map(|unit| source.unit(unit));
    let principals = shape.principal.into_iter().map(|principal| source.principal(principal));
    let roles = shape.role.into_iter().map(|role| source.role(role));
    let declared = Declared {
        units: from_above(path, units.collect::<Result<_, _>>()?)?,
        principals: principals.collect::<Result<_, _>>()?,
        roles: roles.collect::<Result<_, _>>()?,
    };
    once(path, declared.units.iter().map(|unit| (unit.line, format!("unit `{}`", unit.name))))?;
    once(
        path,
        declared.principals.iter().map(|one| (one.line, format!("principal `{}`", one.name))),
    )?;
    once(
        path,
        declared.roles.iter().map(|role| {
            let DeclaredRole { principal, role: word, unit, .. } = role;
            (role.line, format!("role {word} of `{principal}` on `{unit}`"))
        }),
    )?;
    Ok(declared)
}

/// Refuses what is declared a second time.
fn once(path: &Path, declared: impl Iterator<Item = (usize, String)>) -> Result<(), CliError> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut declared: Vec<_> = declared.collect();
    declared.sort_unstable();
    for (line, what) in declared {
        if let Some(first) = seen.get(&what) {
            return Err(at_line(
                path,
                line,
                format!("the {what} is declared in line {first}, too"),
            ));
        }
        seen.insert(what, line);
    }
    Ok(())
}

/// The units with those above before those below, else in the order of the file.
fn from_above(path: &Path, units: Vec<DeclaredUnit>) -> Result<Vec<DeclaredUnit>, CliError> {
    let declared: BTreeSet<String> = units.iter().map(|unit| unit.name.clone()).collect();
    let mut placed = BTreeSet::new();
    let (mut rest, mut ordered) = (units, Vec::new());
    while !rest.is_empty() {
        let count = rest.len();
        let mut later = Vec::new();
        for unit in rest {
            let waits = |parent: &String| declared.contains(parent) && !placed.contains(parent);
            if unit.parent.as_ref().is_some_and(waits) {
                later.push(unit);
            } else {
                placed.insert(unit.name.clone());
                ordered.push(unit);
            }
        }
        rest = later;
        if let Some(first) = rest.first().filter(|_| rest.len() == count) {
            let reason = format!("unit `{}` would stand below itself", first.name);
            return Err(at_line(path, first.line, reason));
        }
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn refused(text: &str, expected: &Expect) {
        let error = parse(Path::new("acme.toml"), text).unwrap_err();
        expected.assert_eq(&error.to_string());
    }

    #[test]
    fn units_stand_below_those_above_them_however_they_are_declared() {
        let text = "[[unit]]\nname = \"app\"\nkind = \"project\"\nparent = \"blue\"\n\
                    [[unit]]\nname = \"red\"\nkind = \"team\"\n\
                    [[unit]]\nname = \"blue\"\nkind = \"team\"\nparent = \"acme\"\n";
        let declared = parse(Path::new("acme.toml"), text).unwrap();
        let told: Vec<_> =
            declared.units.iter().map(|unit| (unit.name.as_str(), unit.line)).collect();
        assert_eq!(told, [("red", 5), ("blue", 8), ("app", 1)]);
    }

    #[test]
    fn an_end_is_the_last_day_and_a_start_the_first() {
        let text = "[[unit]]\nname = \"red\"\nkind = \"team\"\nsince = \"2026-01-01\"\n\
                    [[role]]\nprincipal = \"ann\"\nrole = \"lead\"\nunit = \"red\"\n\
                    until = \"2026-12-31\"\n";
        let declared = parse(Path::new("acme.toml"), text).unwrap();
        assert_eq!(declared.units[0].since.unwrap().to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(declared.roles[0].until.unwrap().to_string(), "2027-01-01T00:00:00Z");
    }

    #[test]
    fn a_fault_names_its_line_and_what_is_wrong() {
        refused(
            "[[unit]]\nname = \"red\"\nkind = \"tribe\"\n",
            &expect![
                "acme.toml: line 3: `tribe` is no kind of unit: use one of organization, team, project"
            ],
        );
        refused(
            "[[unit]]\nname = \"Red\"\nkind = \"team\"\n",
            &expect![
                "acme.toml: line 2: `Red` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit"
            ],
        );
        refused(
            "\n[[unit]]\nname = \"red\"\n",
            &expect!["acme.toml: line 2: missing field `kind`"],
        );
        refused(
            "[[units]]\nname = \"red\"\n",
            &expect![
                "acme.toml: line 1: unknown field `units`, expected one of `unit`, `principal`, `role`"
            ],
        );
        refused(
            "[[unit]]\nname = \"red\"\nkind = \"team\"\nowner = \"ann\"\n",
            &expect![
                "acme.toml: line 4: unknown field `owner`, expected one of `name`, `kind`, `parent`, `since`, `labels`, `model`, `rules`, `profile`, `tailored-out`"
            ],
        );
        refused("[[role]\n", &expect!["acme.toml: line 1: unclosed array table, expected `]`"]);
        let role = "[[role]]\nprincipal = \"ann\"\nrole = \"lead\"\nunit = \"red\"\n";
        refused(
            &format!("{role}until = \"soon\"\n"),
            &expect![
                "acme.toml: line 5: `soon` is no date: write 2026-03-01 or 2026-03-01T12:00:00Z"
            ],
        );
        refused(
            &format!("{role}\n{role}"),
            &expect![
                "acme.toml: line 6: the role lead of `ann` on `red` is declared in line 1, too"
            ],
        );
        let unit = "[[unit]]\nname = \"red\"\nkind = \"team\"\n";
        refused(
            &format!("{unit}{unit}"),
            &expect!["acme.toml: line 4: the unit `red` is declared in line 1, too"],
        );
        refused(
            &format!("{unit}parent = \"red\"\n"),
            &expect!["acme.toml: line 1: unit `red` would stand below itself"],
        );
        refused(
            &format!("{unit}tailored-out = {{ PA22 = \"\" }}\n"),
            &expect!["acme.toml: line 4: `PA22` is tailored out without a reason: say why"],
        );
        refused(
            &format!("{unit}tailored-out = {{ BP22 = \"x\" }}\n"),
            &expect!["acme.toml: line 4: `BP22` is no process area: write it like PA01"],
        );
        let organization = "[[unit]]\nname = \"acme\"\nkind = \"organization\"\n";
        refused(
            &format!("{organization}parent = \"red\"\n"),
            &expect!["acme.toml: line 1: `acme` is the organization: it has no parent or since"],
        );
        refused(
            "[[principal]]\nname = \"x\"\nkind = \"system\"\n",
            &expect!["acme.toml: line 1: `x`: `system` is Gradus itself: use person or service"],
        );
    }
}
