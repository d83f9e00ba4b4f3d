//! `gradus rate`: judgments of practices.

use gradus_wire::v1;

use crate::args::append::AppendArgs;
use crate::args::rate::{
    EndArgs, GiveArgs, ListArgs, RateArgs, RateCommand, RuleArgs, WithdrawArgs,
};
use crate::error::CliError;
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::message::{self, text, time};
use crate::output::receipt;
use crate::output::sheet::{Cell, Sheet, without_model};
use crate::select::{self, Moment};
use crate::session::{Session, pages};

/// Does what the command says.
pub async fn run(session: &Session, args: RateArgs) -> Result<(), CliError> {
    match (args.command, args.give) {
        (Some(RateCommand::List(args)), _) => list(session, args).await,
        (Some(RateCommand::Withdraw(args)), _) => withdraw(session, args).await,
        (Some(RateCommand::End(args)), _) => end(session, args).await,
        (Some(RateCommand::Rule(args)), _) => rule(session, args).await,
        (None, Some(give)) => rate(session, give, &args.append).await,
        (None, None) => Err(CliError::usage(
            "nothing is rated",
            "gradus rate --project UNIT PRACTICE VALUE, or see gradus rate --help",
        )),
    }
}

async fn rate(session: &Session, args: GiveArgs, append: &AppendArgs) -> Result<(), CliError> {
    let ratings = args.ratings()?;
    let request = |append| v1::RatePracticesRequest { unit: args.project, append, ratings };
    let send = async |request| session.client.ratings().rate_practices(request).await;
    let parts = |done: &v1::RatePracticesResponse| vec![("ratings", done.ratings.join(" ").into())];
    session.record_with(append, request, send, parts).await
}

async fn list(session: &Session, args: ListArgs) -> Result<(), CliError> {
    let coordinate = args.coordinate.with(&args.project)?;
    let mut resolved = None;
    let ratings = pages(args.limit, async |page_token, page_size| {
        let request = v1::ListRatingsRequest {
            unit: args.project.unit.clone(),
            page_size,
            page_token,
            coordinate: Some(coordinate.clone()),
            min_size: args.coordinate.min_size,
            area: args.area.clone(),
            practice: args.practice.clone(),
            in_force_only: args.in_force_only,
        };
        let send = async |request| session.client.ratings().list_ratings(request).await;
        let response = session.client.call(request, send).await?;
        resolved = response.coordinate;
        Ok((response.ratings, response.next_page_token))
    });
    let ratings = ratings.await?;
    let entries = message::all(&ratings)?;
    session.output.show(&View {
        document: object([
            ("ratings", Json::List(entries.clone())),
            ("coordinate", message::json(&resolved.unwrap_or_default())?),
        ]),
        entries: Some(entries),
        sheets: vec![sheet(&ratings)],
    })
}

fn sheet(ratings: &[v1::Rating]) -> Sheet {
    let columns = ["rating", "practice", "value", "effective_at", "state", "by", "rationale"];
    let mut sheet = Sheet::new(&columns);
    for rating in ratings {
        let by = rating.rated_by.as_ref().map(|by| by.name.clone()).unwrap_or_default();
        let rule = match rating {
            v1::Rating { basis: Some(_), .. } => "rule, run by ",
            v1::Rating { imported: true, .. } => "imported by ",
            v1::Rating { .. } => "",
        };
        sheet.row(vec![
            rating.id.clone().into(),
            Cell::drawn(without_model(&rating.practice), rating.practice.clone()),
            text::<v1::Value>(rating.value).into(),
            time(rating.effective_at.as_ref()).into(),
            state(rating).into(),
            format!("{rule}{by}").into(),
            rating.rationale.clone().into(),
        ]);
    }
    sheet
}

fn state(rating: &v1::Rating) -> String {
    match rating {
        v1::Rating { withdrawn: true, .. } => "withdrawn".to_owned(),
        v1::Rating { in_force: true, .. } => "in force".to_owned(),
        v1::Rating { ended_at: Some(at), .. } => format!("ended {}", time(Some(at))),
        v1::Rating { .. } => "not in force".to_owned(),
    }
}

async fn withdraw(session: &Session, args: WithdrawArgs) -> Result<(), CliError> {
    let count = args.ratings.len();
    let question = format!("withdraw {count} rating{} for ever", if count == 1 { "" } else { "s" });
    session.confirm(&question, args.confirm.yes, &args.append).await?;
    let request = |append| v1::WithdrawRatingRequest {
        unit: args.project,
        append,
        ratings: args.ratings,
        reason: args.reason,
    };
    let send = async |request| session.client.ratings().withdraw_rating(request).await;
    session.record(&args.append, request, send).await
}

async fn end(session: &Session, args: EndArgs) -> Result<(), CliError> {
    let request = |append| v1::EndRatingRequest {
        unit: args.project,
        append,
        ratings: args.ratings,
        at: args.at.and_then(Moment::wire),
        reason: args.reason,
    };
    let send = async |request| session.client.ratings().end_rating(request).await;
    session.record(&args.append, request, send).await
}

async fn rule(session: &Session, args: RuleArgs) -> Result<(), CliError> {
    let request = |append| v1::RunRuleRaterRequest {
        unit: args.project,
        append,
        valid_at: moments(&args.valid_at),
        rules: args.rules,
    };
    let send = async |request| session.client.ratings().run_rule_rater(request).await;
    let Some(response) = session.append(&args.append, request, send).await? else { return Ok(()) };
    let parts = vec![
        ("rated", response.ratings.len().to_string().into()),
        ("ended", response.ended.len().to_string().into()),
    ];
    let receipt = response.receipt.clone().unwrap_or_default();
    let mut sheets = vec![sheet(&response.ratings)];
    sheets.extend(receipt::sheets(&receipt, parts));
    session.output.show(&View { document: message::json(&response)?, entries: None, sheets })
}

/// The moments of a request, which has no word for now: it stands for the time of this call.
fn moments(moments: &[Moment]) -> Vec<prost_types::Timestamp> {
    let at = |moment: &Moment| moment.wire().unwrap_or_else(select::clock);
    // No moment at all means now to the server.
    if let [Moment::Now] = moments { Vec::new() } else { moments.iter().map(at).collect() }
}
