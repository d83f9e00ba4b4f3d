//! `gradus appraisal`: dated judgments of a team, from the opening to the approval.

mod past;
mod sheet;
mod show;
mod worksheet;

use gradus_model::rating::Value;
use gradus_wire::v1;

use crate::appraisal::input;
use crate::args::appraisal::{
    AppraisalCommand, CancelArgs, ChangeArgs, CloseArgs, ConsensusArgs, FindingArgs, OpenArgs,
    RateArgs, RevealArgs, SheetCommand, SignOffArgs,
};
use crate::error::CliError;
use crate::select::Moment;
use crate::session::Session;

/// The word of a rating without a value.
const ABSTAINED: &str = crate::appraisal::sheet::ABSTAINED;
/// The word of a rating that is what an earlier appraisal said.
const CONFIRMED: &str = crate::appraisal::sheet::CONFIRMED;
/// The word of a practice that is agreed to be left unrated.
const LEFT_OUT: &str = crate::appraisal::worksheet::LEFT_OUT;

/// Does what the command says with appraisals.
pub async fn run(session: &Session, command: AppraisalCommand) -> Result<(), CliError> {
    match command {
        AppraisalCommand::Open(args) => open(session, args).await,
        AppraisalCommand::Change(args) => change(session, args).await,
        AppraisalCommand::List(args) => show::list(session, args).await,
        AppraisalCommand::Show(args) => show::show(session, args).await,
        AppraisalCommand::Rate(args) => rate(session, args).await,
        AppraisalCommand::Reveal(args) => reveal(session, args).await,
        AppraisalCommand::Consensus(args) => consensus(session, args).await,
        AppraisalCommand::Finding(args) => finding(session, args).await,
        AppraisalCommand::SignOff(args) => sign_off(session, args).await,
        AppraisalCommand::Close(args) => close(session, args).await,
        AppraisalCommand::Cancel(args) => cancel(session, args).await,
        AppraisalCommand::Sheet(SheetCommand::Export(args)) => sheet::export(session, args).await,
        AppraisalCommand::Sheet(SheetCommand::Import(args)) => sheet::import(session, args).await,
        AppraisalCommand::Sheet(SheetCommand::Merge(args)) => worksheet::merge(session, &args),
        AppraisalCommand::Sheet(SheetCommand::Agree(args)) => worksheet::agree(session, args).await,
        AppraisalCommand::Sheet(SheetCommand::ImportPast(args)) => {
            past::import(session, args).await
        }
    }
}

async fn open(session: &Session, args: OpenArgs) -> Result<(), CliError> {
    let input = input::read(&args.file)?;
    let request = |append| v1::OpenAppraisalRequest { append, input: Some(input) };
    let send = async |request| session.client.appraisals().open_appraisal(request).await;
    let parts = |response: &v1::OpenAppraisalResponse| {
        vec![("appraisal", response.appraisal.clone().into())]
    };
    session.record_with(&args.append, request, send, parts).await
}

async fn change(session: &Session, args: ChangeArgs) -> Result<(), CliError> {
    let input = input::read(&args.file)?;
    let appraisal = args.appraisal;
    let request = |append| v1::ChangeAppraisalRequest { append, appraisal, input: Some(input) };
    let send = async |request| session.client.appraisals().change_appraisal(request).await;
    session.record(&args.append, request, send).await
}

/// An appraisal as it is now.
async fn told(
    session: &Session,
    appraisal: String,
    carry_from: String,
) -> Result<v1::GetAppraisalResponse, CliError> {
    let request =
        v1::GetAppraisalRequest { appraisal, carry_from, ..v1::GetAppraisalRequest::default() };
    let send = async |request| session.client.appraisals().get_appraisal(request).await;
    session.client.call(request, send).await
}

async fn rate(session: &Session, args: RateArgs) -> Result<(), CliError> {
    let pairs = pairs(&args.pairs)?;
    let proposed = if pairs.iter().any(|[_, value]| value == CONFIRMED) {
        told(session, args.appraisal.clone(), args.carry.carry_from.clone()).await?.carried
    } else {
        Vec::new()
    };
    let rating = |[practice, value]: &[String; 2]| {
        let (value, carried) = if value == CONFIRMED {
            let meant = (args.unit.as_str(), practice.as_str(), args.instance.as_str());
            let found = carried(&proposed, meant)?;
            (found.value, found.from.as_ref().map(|from| from.position))
        } else {
            (value_of(practice, value, &[ABSTAINED, CONFIRMED])?, None)
        };
        Ok(v1::AppraisalRatingInput {
            subject: subject(&args.unit, practice, &args.instance),
            value,
            carried,
            rationale: args.rationale.clone(),
            evidence: cited(&args.evidence),
            ..v1::AppraisalRatingInput::default()
        })
    };
    let ratings = pairs.iter().map(rating).collect::<Result<_, CliError>>()?;
    let appraisal = args.appraisal;
    let request = |append| v1::RateInAppraisalRequest { append, appraisal, ratings };
    let send = async |request| session.client.appraisals().rate_in_appraisal(request).await;
    session.record(&args.append, request, send).await
}

async fn reveal(session: &Session, args: RevealArgs) -> Result<(), CliError> {
    let named = |practice: &String| subject(&args.unit, practice, &args.instance);
    let subjects = args.practices.iter().filter_map(named).collect();
    let appraisal = args.appraisal;
    let request = |append| v1::RevealRatingsRequest { append, appraisal, subjects };
    let send = async |request| session.client.appraisals().reveal_ratings(request).await;
    let parts = |response: &v1::RevealRatingsResponse| {
        vec![("revealed", response.revealed.to_string().into())]
    };
    session.record_with(&args.append, request, send, parts).await
}

async fn consensus(session: &Session, args: ConsensusArgs) -> Result<(), CliError> {
    let dissent = args.dissent.iter().map(|text| dissent(text)).collect::<Result<Vec<_>, _>>()?;
    let agreed = |[practice, value]: &[String; 2]| {
        Ok(v1::ConsensusInput {
            subject: subject(&args.unit, practice, &args.instance),
            value: value_of(practice, value, &[LEFT_OUT])?,
            rationale: args.rationale.clone(),
            evidence: cited(&args.evidence),
            dissent: dissent.clone(),
        })
    };
    let consensus = pairs(&args.pairs)?.iter().map(agreed).collect::<Result<_, CliError>>()?;
    let appraisal = args.appraisal;
    let request = |append| v1::ReachConsensusRequest { append, appraisal, consensus };
    let send = async |request| session.client.appraisals().reach_consensus(request).await;
    session.record(&args.append, request, send).await
}

async fn finding(session: &Session, args: FindingArgs) -> Result<(), CliError> {
    let finding = v1::FindingInput {
        kind: args.kind.number().into(),
        unit: args.unit,
        area: args.area,
        practice: args.practice,
        text: args.text,
        evidence: cited(&args.evidence),
    };
    let appraisal = args.appraisal;
    let request = |append| v1::RecordFindingRequest { append, appraisal, finding: Some(finding) };
    let send = async |request| session.client.appraisals().record_finding(request).await;
    session.record(&args.append, request, send).await
}

async fn sign_off(session: &Session, args: SignOffArgs) -> Result<(), CliError> {
    let request = |append| v1::SignOffAppraisalRequest {
        append,
        appraisal: args.appraisal,
        effective_at: args.effective_at.and_then(Moment::wire),
        statement: args.statement,
    };
    let send = async |request| session.client.appraisals().sign_off_appraisal(request).await;
    session.record(&args.append, request, send).await
}

async fn close(session: &Session, args: CloseArgs) -> Result<(), CliError> {
    let question = format!("let the ratings of this appraisal take effect in `{}`", args.unit);
    session.confirm(&question, args.confirm.yes, &args.append).await?;
    let request = |append| v1::CloseAppraisalRequest {
        append,
        appraisal: args.appraisal,
        unit: args.unit,
        statement: args.statement,
    };
    let send = async |request| session.client.appraisals().close_appraisal(request).await;
    let parts = |response: &v1::CloseAppraisalResponse| {
        vec![("ratings", response.ratings.to_string().into())]
    };
    session.record_with(&args.append, request, send, parts).await
}

async fn cancel(session: &Session, args: CancelArgs) -> Result<(), CliError> {
    session.confirm("give this appraisal up", args.confirm.yes, &args.append).await?;
    let (appraisal, reason) = (args.appraisal, args.reason);
    let request = |append| v1::CancelAppraisalRequest { append, appraisal, reason };
    let send = async |request| session.client.appraisals().cancel_appraisal(request).await;
    session.record(&args.append, request, send).await
}

fn subject(unit: &str, practice: &str, instance: &str) -> Option<v1::SubjectInput> {
    let (unit, practice, instance) = (unit.to_owned(), practice.to_owned(), instance.to_owned());
    Some(v1::SubjectInput { unit, practice, instance })
}

/// What an earlier appraisal said of a practice in a unit and an instance.
fn carried<'a>(
    proposed: &'a [v1::CarriedRating],
    (unit, practice, instance): (&str, &str, &str),
) -> Result<&'a v1::CarriedRating, CliError> {
    let meant = |one: &&v1::CarriedRating| {
        let subject = one.subject.clone().unwrap_or_default();
        let of = subject.unit.unwrap_or_default();
        let without_model = subject.practice.split_once('/').map(|(_, practice)| practice);
        (unit.is_empty() || unit == of.name || unit == of.id)
            && (subject.practice == practice || without_model == Some(practice))
            && subject.instance == instance
    };
    proposed.iter().find(meant).ok_or_else(|| {
        let message = format!("there is nothing to confirm for `{practice}`");
        CliError::usage(message, "write its value; `gradus appraisal show` lists what is carried")
    })
}

fn cited(evidence: &[String]) -> Vec<v1::EvidenceRef> {
    let cited = evidence.iter().cloned().map(v1::evidence_ref::Ref::Evidence);
    cited.map(|id| v1::EvidenceRef { r#ref: Some(id) }).collect()
}

/// The practices, each with its value.
fn pairs(given: &[String]) -> Result<&[[String; 2]], CliError> {
    let (pairs, rest) = given.as_chunks::<2>();
    match rest {
        [practice] => Err(CliError::usage(
            format!("`{practice}` has no value"),
            "write each practice with its value: BP.01.01 satisfied BP.01.02 not-satisfied",
        )),
        _ => Ok(pairs),
    }
}

/// The number of a value; 0 for the first of the other words that may stand there, which is that of none.
fn value_of(practice: &str, text: &str, others: &[&str]) -> Result<i32, CliError> {
    if others.first() == Some(&text) {
        return Ok(0);
    }
    text.parse::<Value>().map(|value| i32::from(value.number())).map_err(|error| {
        let others: Vec<String> = others.iter().map(|other| format!("`{other}`")).collect();
        let hint = format!("say how `{practice}` is rated, or {}", others.join(" or "));
        CliError::usage(error.to_string(), hint)
    })
}

fn dissent(text: &str) -> Result<v1::DissentInput, CliError> {
    let said = text.split_once('=').filter(|(name, text)| !name.is_empty() && !text.is_empty());
    let (principal, text) = said.ok_or_else(|| {
        let hint = "write who does not agree and what they hold instead: 'mia=only at times'";
        CliError::usage(format!("`{text}` is no dissent"), hint)
    })?;
    Ok(v1::DissentInput { principal: principal.to_owned(), text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_practice_is_followed_by_its_value() {
        let given = ["BP.01.01", "satisfied", "BP.01.02"].map(ToOwned::to_owned);
        assert!(pairs(&given).unwrap_err().to_string().contains("`BP.01.02` has no value"));
        assert_eq!(pairs(&given[..2]).unwrap().len(), 1);
        let in_a_team = [ABSTAINED, CONFIRMED];
        assert_eq!(value_of("BP.01.01", "F", &in_a_team).unwrap(), 17);
        assert_eq!(value_of("BP.01.01", "abstained", &in_a_team).unwrap(), 0);
        assert!(value_of("BP.01.01", "abstained", &[LEFT_OUT]).is_err());
        let wrong = value_of("BP.01.01", "abstain", &in_a_team).unwrap_err();
        let hint = "say how `BP.01.01` is rated, or `abstained` or `confirmed`";
        assert_eq!(wrong.hint().as_deref(), Some(hint));
    }

    #[test]
    fn dissent_names_who_and_says_what() {
        let said = dissent("mia=only at times = rarely").unwrap();
        assert_eq!(
            (said.principal.as_str(), said.text.as_str()),
            ("mia", "only at times = rarely")
        );
        for wrong in ["mia", "mia=", "=never"] {
            assert!(dissent(wrong).is_err(), "{wrong}");
        }
    }
}
