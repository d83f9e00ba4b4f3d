//! The life of tokens: `gradus token rotate` and `gradus token recover`, and what is shown of it.

use std::path::Path;

use gradus_model::Timestamp;
use gradus_server::operate;
use gradus_wire::v1;

use crate::args::operate::DATA;
use crate::args::token::{RecoverArgs, RotateArgs, wire};
use crate::error::CliError;
use crate::keyring::Keyring;
use crate::login::{self, Held, Login};
use crate::output::json::{Json, object};
use crate::output::message::{text, time};
use crate::output::sheet::{Cell, Sheet, Tone};
use crate::output::{Format, Output, View};
use crate::select;
use crate::session::Session;
use crate::token::Token;

/// Days before its end from which on a token is warned of.
const SOON: i64 = 14;

const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// Gives the principal of a token a new one in its place.
pub async fn rotate(session: &Session, args: RotateArgs) -> Result<(), CliError> {
    let (expires_at, lifetime) = args.expiry.wire();
    let request = |append| v1::RotateTokenRequest {
        append,
        token: args.token_id.clone().unwrap_or_default(),
        grace: Some(wire(args.grace)),
        expires_at,
        lifetime,
        no_expiry: args.expiry.no_expiry,
    };
    let send = async |request| session.client.principals().rotate_token(request).await;
    let Some(response) = session.append(&args.append, request, send).await? else { return Ok(()) };
    if response.secret.is_empty() {
        return session.done(&response, Vec::new());
    }
    let token = response.token.clone().unwrap_or_default();
    if session.output.format == Format::Table {
        session.output.note(&format!(
            "token {}, good {}; the old one is good until {}; this is the new secret, which is shown \
             only now:",
            token.id,
            until(&token),
            time(response.old_until.as_ref())
        ))?;
        session.output.text(&format!("{}\n", response.secret))?;
    } else {
        let parts = vec![("token", token.id.into()), ("secret", response.secret.clone().into())];
        session.done(&response, parts)?;
    }
    // Only once it was shown: what cannot be kept is not lost then.
    if args.token_id.is_some() {
        return Ok(());
    }
    match (&session.source, login::path()) {
        (Some(Token::Login(_)), Some(path)) => {
            let server = session.client.server().to_owned();
            Login { server, token: Held::InFile(response.secret.into()) }.write(&path)?;
            session.output.note(&format!("The login has it, too: {}", path.display()))
        }
        (Some(Token::Keyring(server)), _) => {
            Keyring::of_system().keep(server, &response.secret.into())?;
            session.output.note("The login has it, too, in the keyring")
        }
        _ => Ok(()),
    }
}

/// Issues a token in a directory that no server has open.
pub async fn recover(args: &RecoverArgs, output: Output) -> Result<(), CliError> {
    let data = args.data.as_deref().unwrap_or(Path::new(DATA));
    let clock = gradus_server::system_clock();
    let lifetime = args.expiry.lifetime();
    let recovered = operate::recover(data, &args.name, lifetime, clock).await?;
    let (file, token) = (recovered.file.display().to_string(), recovered.token.to_string());
    let ends = recovered.expires_at.map(|end| end.to_string());
    output.show(&View {
        document: object([
            ("principal", recovered.principal.as_str().into()),
            ("token", token.as_str().into()),
            ("expires_at", ends.clone().into()),
            ("file", file.as_str().into()),
            ("position", recovered.position.map_or(Json::Null, Json::from)),
        ])
        .without_nulls(),
        entries: None,
        sheets: vec![Sheet::record(vec![
            ("principal", recovered.principal.clone().into()),
            ("token", token.into()),
            ("expires_at", ends.unwrap_or_default().into()),
            ("file", file.clone().into()),
        ])],
    })?;
    output
        .note(&format!("The new token is in {file}; tokens that were lost can be revoked with it."))
}

/// Until when a token is good, in words.
pub(super) fn until(token: &v1::Token) -> String {
    match &token.expires_at {
        Some(at) => format!("until {}", time(Some(at))),
        None => "until it is revoked".to_owned(),
    }
}

/// What a token is good for, in words, by this machine's clock.
pub(super) fn state(token: &v1::Token) -> Cell {
    state_at(token, select::unwire(&select::clock()))
}

fn state_at(token: &v1::Token, now: Option<Timestamp>) -> Cell {
    match token.state() {
        v1::TokenState::Rotated => {
            let until = time(token.rotated_until.as_ref());
            Cell::from(format!("rotated until {until}")).toned(Tone::Notice)
        }
        v1::TokenState::InForce => match days_left(token, now) {
            Some(days) => {
                let told = match days {
                    ..=0 => "expires within a day".to_owned(),
                    1 => "expires in 1 day".to_owned(),
                    days => format!("expires in {days} days"),
                };
                let tone = if days < SOON { Tone::Notice } else { Tone::Plain };
                Cell::from(told).toned(tone)
            }
            None => "in force".into(),
        },
        v1::TokenState::Ended | v1::TokenState::Revoked => {
            Cell::from(text::<v1::TokenState>(token.state)).toned(Tone::Faint)
        }
        // An older server says nothing.
        v1::TokenState::Unspecified => Cell::default(),
    }
}

fn days_left(token: &v1::Token, now: Option<Timestamp>) -> Option<i64> {
    let end = token.expires_at.as_ref().and_then(select::unwire)?;
    Some((end.micros() - now?.micros()).div_euclid(DAY_MICROS))
}

/// What to warn of who uses a token that ends soon.
pub(super) fn ends_soon(token: &v1::Token) -> Option<String> {
    ends_soon_at(token, select::unwire(&select::clock()))
}

fn ends_soon_at(token: &v1::Token, now: Option<Timestamp>) -> Option<String> {
    let rotate = "gradus token rotate gives you another one";
    match token.state() {
        v1::TokenState::Rotated => Some(format!(
            "warning: this token was rotated, and is good until {}: use the new one",
            time(token.rotated_until.as_ref())
        )),
        v1::TokenState::InForce if days_left(token, now)? < SOON => Some(format!(
            "warning: this token {}, at {}: {rotate}",
            state_at(token, now).plain,
            time(token.expires_at.as_ref())
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(state: v1::TokenState, end: Option<&str>) -> v1::Token {
        let at = |text| select::wire(select::start(text).unwrap());
        v1::Token {
            state: state.into(),
            expires_at: end.map(at),
            rotated_until: Some(at("2026-06-02")),
            ..v1::Token::default()
        }
    }

    fn told(state: v1::TokenState, end: Option<&str>) -> (String, Option<String>) {
        let now = select::start("2026-06-01T12:00:00Z").ok();
        let token = token(state, end);
        (state_at(&token, now).plain, ends_soon_at(&token, now))
    }

    #[test]
    fn the_state_of_a_token_is_told_in_words() {
        use v1::TokenState::{Ended, InForce, Revoked, Rotated};
        for (state, end, words) in [
            (InForce, None, "in force"),
            (InForce, Some("2026-09-01"), "expires in 91 days"),
            (InForce, Some("2026-06-03"), "expires in 1 day"),
            (InForce, Some("2026-06-02"), "expires within a day"),
            (Rotated, Some("2026-09-01"), "rotated until 2026-06-02T00:00:00Z"),
            (Ended, Some("2026-06-01"), "ended"),
            (Revoked, Some("2026-09-01"), "revoked"),
        ] {
            assert_eq!(told(state, end).0, words);
        }
    }

    #[test]
    fn who_uses_a_token_that_ends_within_two_weeks_is_warned() {
        use v1::TokenState::{InForce, Rotated};
        assert_eq!(told(InForce, None).1, None);
        assert_eq!(told(InForce, Some("2026-06-16")).1, None);
        assert_eq!(
            told(InForce, Some("2026-06-15")).1.unwrap(),
            "warning: this token expires in 13 days, at 2026-06-15T00:00:00Z: gradus token rotate \
             gives you another one"
        );
        assert_eq!(
            told(Rotated, None).1.unwrap(),
            "warning: this token was rotated, and is good until 2026-06-02T00:00:00Z: use the new one"
        );
    }
}
