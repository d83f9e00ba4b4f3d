//! Capsules, shown: what they claim, what was proved and what was not.

pub mod summary;

use gradus_server::operate::capsule::{
    AreaClaim, Finding, LevelClaim, Manifest, UnitClaim, Verified,
};
use gradus_wire::v1;

use super::View;
use super::json::{Json, object};
use super::sheet::{Cell, Sheet, Tone};

/// What a capsule says of itself.
#[must_use]
pub fn claimed(manifest: &Manifest) -> View {
    let mut members = Sheet::new(&["member", "bytes", "sha256"]);
    for member in &manifest.members {
        members.row(vec![
            member.name.clone().into(),
            member.bytes.to_string().into(),
            member.sha256.0.to_string().into(),
        ]);
    }
    let listed = manifest.members.iter().map(|member| {
        object([
            ("name", member.name.as_str().into()),
            ("bytes", member.bytes.into()),
            ("sha256", member.sha256.0.to_string().into()),
        ])
    });
    let mut document = about(manifest);
    document.push(("members".to_owned(), Json::List(listed.collect())));
    let sheets = vec![head(manifest), members.titled("Members"), levels(manifest)];
    View { document: Json::Object(document).without_nulls(), entries: None, sheets }
}

/// What a verified capsule proves.
#[must_use]
pub fn verified(capsule: &Verified) -> View {
    let found = found(&capsule.proved, &capsule.not_proved);
    let mut document = vec![("verified".to_owned(), Json::Bool(true))];
    document.extend(about(&capsule.manifest));
    document.push(("proved".to_owned(), listed(&capsule.proved)));
    document.push(("not_proved".to_owned(), listed(&capsule.not_proved)));
    let sheets = vec![head(&capsule.manifest), levels(&capsule.manifest), found];
    View { document: Json::Object(document).without_nulls(), entries: None, sheets }
}

/// What was proved and what was not, a line each.
fn found(proved: &[Finding], not_proved: &[Finding]) -> Sheet {
    let mut found = Sheet::new(&["proved", "about", "meaning"]);
    for (proved, findings, tone) in [("yes", proved, Tone::Plain), ("no", not_proved, Tone::Notice)]
    {
        for finding in findings {
            let about = Cell::from(finding.name());
            found.row(vec![Cell::from(proved).toned(tone), about, Cell::from(finding.to_string())]);
        }
    }
    found
}

fn listed(findings: &[Finding]) -> Json {
    let one = |finding: &Finding| {
        object([("about", finding.name().into()), ("meaning", finding.to_string().into())])
    };
    Json::List(findings.iter().map(one).collect())
}

fn head(manifest: &Manifest) -> Sheet {
    let known_at = manifest.known_at.map(|at| at.0.to_string()).unwrap_or_default();
    Sheet::record(vec![
        ("log", manifest.log.0.to_string().into()),
        ("origin", manifest.origin.clone().into()),
        ("valid_at", manifest.valid_at.0.to_string().into()),
        ("known_at", known_at.into()),
        ("log_size", manifest.log_size.to_string().into()),
        ("root", manifest.root.0.to_string().into()),
        ("checkpoint", format!("of {} records", manifest.checkpoint_size).into()),
    ])
}

fn about(manifest: &Manifest) -> Vec<(String, Json)> {
    let known_at = manifest.known_at.map(|at| at.0.to_string());
    let fields = [
        ("log", manifest.log.0.to_string().into()),
        ("origin", manifest.origin.as_str().into()),
        ("valid_at", manifest.valid_at.0.to_string().into()),
        ("known_at", known_at.into()),
        ("log_size", manifest.log_size.into()),
        ("root", manifest.root.0.to_string().into()),
        ("checkpoint_size", manifest.checkpoint_size.into()),
        ("units", Json::List(manifest.units.iter().map(unit).collect())),
    ];
    fields.into_iter().map(|(name, value): (_, Json)| (name.to_owned(), value)).collect()
}

fn unit(claim: &UnitClaim) -> Json {
    let digest = |digest: &Option<_>| digest.as_ref().map(ToString::to_string);
    object([
        ("unit", claim.unit.0.to_string().into()),
        ("name", claim.name.clone().into()),
        ("model", digest(&claim.model.map(|digest| digest.0)).into()),
        ("rules", digest(&claim.rules.map(|digest| digest.0)).into()),
        ("digest", claim.digest.0.to_string().into()),
        ("digest_with_practices", claim.digest_with_practices.0.to_string().into()),
        ("ratings_relaxed", claim.ratings_relaxed.into()),
        ("ratings_conflicted", claim.ratings_conflicted.into()),
        ("areas", Json::List(claim.areas.iter().map(area).collect())),
    ])
    .without_nulls()
}

fn area(claim: &AreaClaim) -> Json {
    object([
        ("area", claim.area.as_str().into()),
        ("rated", level(claim.rated)),
        ("ongoing", level(claim.ongoing)),
        ("inherited_from", claim.inherited_from.map(|unit| unit.0.to_string()).into()),
    ])
    .without_nulls()
}

/// A level as the API tells it.
pub(super) fn level(claim: LevelClaim) -> Json {
    match claim {
        LevelClaim::Range { at_least, at_most, open } => object([(
            "range",
            object([
                ("at_least", u32::from(at_least).into()),
                ("at_most", u32::from(at_most).into()),
                ("open", u32::from(open).into()),
            ]),
        )]),
        LevelClaim::None(_) => object([("none", claim.to_string().replace(' ', "-").into())]),
    }
}

fn levels(manifest: &Manifest) -> Sheet {
    let mut sheet = Sheet::new(&["unit", "area", "rated", "ongoing", "inherited_from"]);
    for claim in &manifest.units {
        let name = claim.name.clone().unwrap_or_else(|| claim.unit.0.to_string());
        for area in &claim.areas {
            let above = area.inherited_from.map(|unit| unit.0.to_string()).unwrap_or_default();
            sheet.row(vec![
                name.clone().into(),
                area.area.clone().into(),
                area.rated.to_string().into(),
                area.ongoing.to_string().into(),
                above.into(),
            ]);
        }
    }
    sheet.titled("Levels claimed")
}

/// What a server sent, put together.
#[derive(Debug, Default)]
pub struct Pieces {
    bytes: Vec<u8>,
    total: u64,
}

impl Pieces {
    /// Takes in the next piece.
    pub fn take(&mut self, piece: &v1::CreateCapsuleResponse) {
        self.bytes.extend_from_slice(&piece.content);
        self.total = piece.total;
    }

    /// The file, if all of it came.
    #[must_use]
    pub fn whole(self) -> Option<Vec<u8>> {
        (self.bytes.len() as u64 == self.total && self.total > 0).then_some(self.bytes)
    }
}
