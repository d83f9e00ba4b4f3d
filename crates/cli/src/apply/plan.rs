//! The way from the state of a server to a declared one; pure, so that nothing happens unseen.

use std::path::Path;

use gradus_model::unit::UnitKind;
use gradus_wire::v1;

use super::declared::{Declared, DeclaredUnit, at_line};
use super::server::State;
use super::step::Step;
use crate::error::CliError;
use crate::select::wire;

mod access;

/// What is to become of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It is declared, and not there.
    Add,
    /// It is there, and otherwise than declared.
    Change,
    /// It is as declared.
    Same,
    /// It is there, and not declared: it stays.
    Beyond,
    /// It is there, not declared, and to be taken away.
    Remove,
}

impl Mark {
    /// The sign that people see.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Change => "~",
            Self::Same => "=",
            Self::Beyond => "?",
            Self::Remove => "-",
        }
    }

    /// The word that programs read.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Change => "change",
            Self::Same => "same",
            Self::Beyond => "beyond",
            Self::Remove => "remove",
        }
    }
}

/// A line of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What is to become of it.
    pub mark: Mark,
    /// What sort of thing it is: `unit`, `role`, …
    pub what: &'static str,
    /// Which one.
    pub name: String,
    /// How it is, or is to be.
    pub detail: String,
    /// What is to be done, and the version at which that was seen; nothing where all is well.
    pub step: Option<(Step, u64)>,
}

impl Change {
    fn new(mark: Mark, what: &'static str, name: &str, detail: impl Into<String>) -> Self {
        Self { mark, what, name: name.to_owned(), detail: detail.into(), step: None }
    }

    fn by(self, step: Step, version: u64) -> Self {
        Self { step: Some((step, version)), ..self }
    }
}

/// What the plan is made from.
struct Planner<'a> {
    path: &'a Path,
    declared: &'a Declared,
    state: &'a State,
    changes: Vec<Change>,
}

/// Every declared thing with what is to become of it, in the order in which it is done; then what
/// the server has beyond that, of the sorts of which the file declares any.
///
/// # Errors
///
/// What cannot be declared so: an unknown parent, principal, unit or document, another kind of a
/// unit or principal than it has, a principal that was disabled.
pub fn plan(
    path: &Path,
    declared: &Declared,
    state: &State,
    prune: bool,
) -> Result<Vec<Change>, CliError> {
    let mut planner = Planner { path, declared, state, changes: Vec::new() };
    for unit in &declared.units {
        planner.unit(unit)?;
    }
    planner.principals()?;
    planner.roles()?;
    planner.units_beyond();
    planner.principals_beyond();
    planner.roles_beyond(prune);
    Ok(planner.changes)
}

fn name(unit: Option<&v1::UnitRef>) -> &str {
    unit.map(|unit| unit.name.as_str()).unwrap_or_default()
}

impl Planner<'_> {
    fn wrong<T>(&self, line: usize, reason: impl ToString) -> Result<T, CliError> {
        Err(at_line(self.path, line, reason))
    }

    /// The version of the stream that units, principals and roles are recorded in.
    fn version(&self) -> u64 {
        self.state.organization().map_or(0, |unit| unit.version)
    }

    fn is_unit(&self, name: &str) -> bool {
        self.state.unit(name).is_some() || self.declared.units.iter().any(|unit| unit.name == name)
    }

    fn unit(&mut self, unit: &DeclaredUnit) -> Result<(), CliError> {
        let line = unit.line;
        if let Some(parent) = unit.parent.as_deref().filter(|parent| !self.is_unit(parent)) {
            return self.wrong(
                line,
                format!(
                    "unit `{}`: its parent `{parent}` is neither declared nor known to you",
                    unit.name
                ),
            );
        }
        match self.state.unit(&unit.name) {
            None => self.register(unit)?,
            Some(found) => self.place(unit, found)?,
        }
        self.settle(unit)
    }

    fn register(&mut self, unit: &DeclaredUnit) -> Result<(), CliError> {
        if unit.kind == UnitKind::Organization {
            let told = self.state.organization().map_or("", |found| &found.name);
            let reason = format!("`{}` is not the organization, which is `{told}`", unit.name);
            return self.wrong(unit.line, reason);
        }
        let step = Step::Register(v1::RegisterUnitRequest {
            kind: unit.kind.number().into(),
            name: unit.name.clone(),
            parent: unit.parent.clone().unwrap_or_default(),
            effective_at: unit.since.map(wire),
            ..v1::RegisterUnitRequest::default()
        });
        let parent = self.parent(unit);
        let change =
            Change::new(Mark::Add, "unit", &unit.name, format!("{} below {parent}", unit.kind));
        self.changes.push(change.by(step, self.version()));
        Ok(())
    }

    /// The name of the unit that stands above one.
    fn parent(&self, unit: &DeclaredUnit) -> String {
        let organization = || self.state.organization().map_or("", |found| &found.name).to_owned();
        unit.parent.clone().unwrap_or_else(organization)
    }

    fn place(&mut self, unit: &DeclaredUnit, found: &v1::Unit) -> Result<(), CliError> {
        let kind = u8::try_from(found.kind).ok().and_then(UnitKind::from_number);
        if kind != Some(unit.kind) {
            let is = kind.map_or("another", UnitKind::name);
            let reason =
                format!("unit `{}` is of kind {is} for good, not {}", unit.name, unit.kind);
            return self.wrong(unit.line, reason);
        }
        if unit.kind == UnitKind::Organization {
            self.changes.push(Change::new(Mark::Same, "unit", &unit.name, "organization"));
            return Ok(());
        }
        let (above, parent) = (name(found.parent.as_ref()), self.parent(unit));
        let told = format!("{} below {parent}", unit.kind);
        self.changes.push(if above == parent {
            Change::new(Mark::Same, "unit", &unit.name, told)
        } else {
            let step = Step::Move(v1::MoveUnitRequest {
                unit: unit.name.clone(),
                parent: parent.clone(),
                ..v1::MoveUnitRequest::default()
            });
            let told = format!("{told}, not below {above}");
            Change::new(Mark::Change, "unit", &unit.name, told).by(step, self.version())
        });
        Ok(())
    }

    /// What a unit says of itself.
    fn settle(&mut self, unit: &DeclaredUnit) -> Result<(), CliError> {
        let nothing = v1::Unit::default();
        let found = self.state.unit(&unit.name).unwrap_or(&nothing);
        self.label(unit, found);
        let of = |kind, named: &Option<String>| named.clone().map(|named| (kind, named));
        for (kind, named) in [
            of(v1::DocumentKind::Model, &unit.model),
            of(v1::DocumentKind::Rules, &unit.rules),
            of(v1::DocumentKind::Profile, &unit.profile),
        ]
        .into_iter()
        .flatten()
        {
            self.adopt(unit, found, kind, &named)?;
        }
        self.tailor(unit, found);
        Ok(())
    }

    fn label(&mut self, unit: &DeclaredUnit, found: &v1::Unit) {
        let Some(labels) = &unit.labels else { return };
        let told = |labels: &[String]| {
            if labels.is_empty() { "none".to_owned() } else { labels.join(", ") }
        };
        let labels: Vec<String> = labels.iter().cloned().collect();
        if labels == found.labels {
            self.changes.push(Change::new(Mark::Same, "labels", &unit.name, told(&labels)));
            return;
        }
        let (mark, detail) = if found.labels.is_empty() {
            (Mark::Add, told(&labels))
        } else {
            (Mark::Change, format!("{}, not {}", told(&labels), told(&found.labels)))
        };
        let step = Step::Label(v1::LabelUnitRequest {
            unit: unit.name.clone(),
            labels,
            ..v1::LabelUnitRequest::default()
        });
        self.changes.push(Change::new(mark, "labels", &unit.name, detail).by(step, found.version));
    }

    fn adopt(
        &mut self,
        unit: &DeclaredUnit,
        found: &v1::Unit,
        kind: v1::DocumentKind,
        named: &str,
    ) -> Result<(), CliError> {
        let (what, adopted) = match kind {
            v1::DocumentKind::Model => ("model", &found.model),
            v1::DocumentKind::Rules => ("rules", &found.rules),
            v1::DocumentKind::Profile | v1::DocumentKind::Unspecified => {
                ("profile", &found.profile)
            }
        };
        let Some(document) = self.state.document(kind, named) else {
            let reason = format!("unit `{}`: {what} `{named}` was never published", unit.name);
            return self.wrong(unit.line, reason);
        };
        // The same id may be of an older edition.
        let (mark, detail) = match adopted {
            Some(adopted) if adopted.digest == document.digest => (Mark::Same, named.to_owned()),
            Some(adopted) if adopted.id == document.id => {
                (Mark::Change, format!("{named}, not an older one of that id"))
            }
            Some(adopted) => (Mark::Change, format!("{named}, not {}", adopted.id)),
            None => (Mark::Add, named.to_owned()),
        };
        let change = Change::new(mark, what, &unit.name, detail);
        let (name, digest) = (unit.name.clone(), document.digest.clone());
        self.changes.push(match mark {
            Mark::Same => change,
            _ => change.by(adoption(kind, name, digest), found.version),
        });
        Ok(())
    }

    fn tailor(&mut self, unit: &DeclaredUnit, found: &v1::Unit) {
        let is_out = |id: &str| found.tailored_areas.iter().any(|out| short(&out.area) == id);
        for (area, reason) in &unit.tailored_out {
            let detail = format!("{area} tailored out");
            let change = |mark| Change::new(mark, "area", &unit.name, detail.clone());
            self.changes.push(if is_out(area) {
                change(Mark::Same)
            } else {
                let step = Step::Tailor(v1::TailorAreaRequest {
                    unit: unit.name.clone(),
                    area: area.clone(),
                    applicable: Some(false),
                    reason: reason.clone(),
                    ..v1::TailorAreaRequest::default()
                });
                change(Mark::Add).by(step, found.version)
            });
        }
        if unit.tailored_out.is_empty() {
            return;
        }
        let undeclared = found.tailored_areas.iter().map(|out| short(&out.area));
        let undeclared = undeclared.filter(|id| !unit.tailored_out.contains_key(*id));
        let beyond: Vec<String> = undeclared.map(|id| format!("{id} tailored out")).collect();
        let told = |detail| Change::new(Mark::Beyond, "area", &unit.name, detail);
        self.changes.extend(beyond.into_iter().map(told));
    }

    fn units_beyond(&mut self) {
        if self.declared.units.is_empty() {
            return;
        }
        let is_declared =
            |unit: &v1::Unit| self.declared.units.iter().any(|one| one.name == unit.name);
        let beyond = self
            .state
            .units
            .iter()
            .filter(|unit| unit.kind() != v1::UnitKind::Organization && !is_declared(unit));
        let told = |unit: &v1::Unit| {
            let kind = u8::try_from(unit.kind).ok().and_then(UnitKind::from_number);
            let kind = kind.map_or("unit", UnitKind::name);
            let detail = format!("{kind} below {}", name(unit.parent.as_ref()));
            Change::new(Mark::Beyond, "unit", &unit.name, detail)
        };
        self.changes.extend(beyond.map(told));
    }
}

/// An area without its model.
fn short(area: &str) -> &str {
    area.rsplit_once('/').map_or(area, |(_, id)| id)
}

fn adoption(kind: v1::DocumentKind, unit: String, document: String) -> Step {
    match kind {
        v1::DocumentKind::Model => {
            Step::Model(v1::AdoptModelRequest { unit, document, ..Default::default() })
        }
        v1::DocumentKind::Rules => {
            Step::Rules(v1::AdoptRulesRequest { unit, document, ..Default::default() })
        }
        v1::DocumentKind::Profile | v1::DocumentKind::Unspecified => {
            Step::Profile(v1::AdoptProfileRequest { unit, document, ..Default::default() })
        }
    }
}

#[cfg(test)]
mod tests;
