//! Appraisals of before, in and out.

use gradus_domain::Appraisal;
use gradus_model::rating::Value;
use gradus_service::Service;
use gradus_service::appraisals::{AskedImport, AskedImportedRating, UNSHOWN};
use gradus_wire::v1 as wire;

use super::{MOST_TEXT, cited, input, subject};
use crate::convert::{
    Checked, bounded, bounded_text, instant, needed, principal_ref, timestamp, word,
};

pub(crate) fn import(from: &wire::ImportAppraisalRequest) -> Checked<AskedImport> {
    let said = |field: &str, at| needed(field, instant(field, at)?);
    bounded_text("statement", &from.statement, MOST_TEXT)?;
    Ok(AskedImport {
        input: input(from.input.as_ref())?,
        conducted: (
            said("conducted_from", from.conducted_from.as_ref())?,
            said("conducted_until", from.conducted_until.as_ref())?,
        ),
        effective_at: said("effective_at", from.effective_at.as_ref())?,
        ratings: bounded("ratings", &from.ratings)?
            .iter()
            .enumerate()
            .map(rating)
            .collect::<Checked<_>>()?,
        statement: from.statement.clone(),
    })
}

fn rating((at, from): (usize, &wire::ImportedRatingInput)) -> Checked<AskedImportedRating> {
    let field = format!("ratings[{at}]");
    bounded_text(format_args!("{field}.rationale"), &from.rationale, MOST_TEXT)?;
    Ok(AskedImportedRating {
        subject: subject(&format!("{field}.subject"), from.subject.as_ref())?,
        value: word(format!("{field}.value"), from.value, Value::from_number)?,
        rationale: from.rationale.clone(),
        evidence: cited(&field, &from.evidence)?,
    })
}

/// That an appraisal was imported, if it was.
pub(super) fn imported(service: &Service, from: &Appraisal) -> Option<wire::ImportedAppraisal> {
    from.imported.map(|conducted| wire::ImportedAppraisal {
        conducted_from: Some(timestamp(conducted.from)),
        conducted_until: Some(timestamp(conducted.until)),
        by: Some(principal_ref(service, from.opened.actor)),
        unshown: UNSHOWN.map(ToOwned::to_owned).to_vec(),
    })
}
