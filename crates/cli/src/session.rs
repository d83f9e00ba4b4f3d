//! What a command works with: a client, and where to print.

use std::cell::RefCell;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use gradus_wire::v1;
use tonic::{Request, Response, Status};

use crate::args::append::{AppendArgs, DryRun, FinalArgs};
use crate::client::Client;
use crate::config::Settings;
use crate::credentials::{Secret, ci, is_exposed, of_a_person_in_ci};
use crate::error::CliError;
use crate::output::message::{self, Named};
use crate::output::receipt::{self, Answer};
use crate::output::sheet::Cell;
use crate::output::{Output, View};
use crate::request_id;
use crate::token::Token;

/// Named parts of an answer, for people.
pub type Parts = Vec<(&'static str, Cell)>;

/// What an answer warns of, as its parts.
#[must_use]
pub fn warned(warnings: &[String]) -> Parts {
    warnings.iter().map(|warning| ("warning", Cell::from(warning.clone()))).collect()
}

/// One run of a command.
pub struct Session {
    /// The server.
    pub client: Client,
    /// Where to print.
    pub output: Output,
    /// The token of each call, if there is one.
    pub token: Option<Secret>,
    /// Where it comes from.
    pub source: Option<Token>,
    /// The newest checkpoint that the server told; to be held against the last one when all is done
    /// and shown.
    pub told: RefCell<String>,
}

impl Session {
    /// A run with these settings, for which the token of a job is asked for.
    pub async fn open(settings: &Settings, output: Output) -> Result<Self, CliError> {
        if let Some(Token::Job(provider, _)) = &settings.token
            && !settings.server.starts_with("https:")
            && !crate::client::is_local(&settings.server)
        {
            return Err(CliError::usage(
                format!("the token of this job ({provider}) would go over the network unencrypted"),
                format!("give the server's address with https://, not {}", settings.server),
            ));
        }
        let token = match &settings.token {
            Some(token) => Some(token.secret().await?),
            None => None,
        };
        Self::new(settings, token, output)
    }

    fn new(settings: &Settings, token: Option<Secret>, output: Output) -> Result<Self, CliError> {
        let bearer = token.as_ref().map(Secret::expose);
        let (server, tls) = (&settings.server, &settings.tls);
        let client = Client::secured(server, bearer, settings.timeout, tls)?;
        if !server.starts_with("https:") {
            if token.is_some() && !client.is_local() {
                output.note("warning: the token goes over the network unencrypted")?;
            }
            if !tls.is_empty() {
                output.note("warning: without https:// there is no TLS: its files are not used")?;
            }
        }
        let file = settings.token.as_ref().and_then(Token::file);
        if let Some(file) = file.filter(|file| is_exposed(file)) {
            let file = file.display();
            output.note(&format!("warning: others can read {file}: chmod 600 {file}"))?;
        }
        if let Some(variable) = ci().filter(|_| token.as_ref().is_some_and(Secret::is_of_a_person))
        {
            output.note(&of_a_person_in_ci(variable))?;
        }
        output.trace(&format!("server {}", settings.server))?;
        let source = settings.token.clone();
        Ok(Self { client, output, token, source, told: RefCell::default() })
    }

    /// Sends an append, which bears the same request id however often it is sent.
    ///
    /// `None` when it was only to be printed.
    pub async fn append<Q: Named + Clone, R: Answer>(
        &self,
        args: &AppendArgs,
        request: impl FnOnce(Option<v1::AppendOptions>) -> Q,
        send: impl AsyncFn(Request<Q>) -> Result<Response<R>, Status>,
    ) -> Result<Option<R>, CliError> {
        if args.dry_run == Some(DryRun::Client) {
            let options = args.options(args.request_id.clone().unwrap_or_default());
            let document = message::json(&request(Some(options)))?;
            self.output.text(&format!("{}\n", document.pretty()))?;
            return Ok(None);
        }
        let id = match &args.request_id {
            Some(id) => id.clone(),
            None => request_id::draw()?,
        };
        self.output.trace(&format!("request id {id}"))?;
        let request = request(Some(args.options(id.clone())));
        let result = self.client.call(request, send).await;
        let response = result.map_err(|error| error.about(&id))?;
        if let Some(receipt) = response.receipt() {
            self.told.borrow_mut().clone_from(&receipt.checkpoint);
        }
        Ok(Some(response))
    }

    /// Sends an append, and prints what it did.
    pub async fn record<Q: Named + Clone, R: Answer>(
        &self,
        args: &AppendArgs,
        request: impl FnOnce(Option<v1::AppendOptions>) -> Q,
        send: impl AsyncFn(Request<Q>) -> Result<Response<R>, Status>,
    ) -> Result<(), CliError> {
        self.record_with(args, request, send, |_| Vec::new()).await
    }

    /// The same, with what else the answer says to people.
    pub async fn record_with<Q: Named + Clone, R: Answer>(
        &self,
        args: &AppendArgs,
        request: impl FnOnce(Option<v1::AppendOptions>) -> Q,
        send: impl AsyncFn(Request<Q>) -> Result<Response<R>, Status>,
        parts: impl FnOnce(&R) -> Parts,
    ) -> Result<(), CliError> {
        match self.append(args, request, send).await? {
            Some(response) => self.done(&response, parts(&response)),
            None => Ok(()),
        }
    }

    /// Prints what an append did, with what else there is to say.
    pub fn done<R: Answer>(&self, response: &R, parts: Parts) -> Result<(), CliError> {
        let receipt = response.receipt().cloned().unwrap_or_default();
        self.output.show(&View {
            document: message::json(response)?,
            entries: None,
            sheets: receipt::sheets(&receipt, parts),
        })
    }

    /// Asks before something is ended for good.
    pub async fn confirm_final(&self, question: &str, how: &FinalArgs) -> Result<(), CliError> {
        self.confirm(question, how.confirm.yes, &how.append).await
    }

    /// Asks before what cannot be undone, unless nothing will be recorded. Without a terminal only
    /// `yes` will do.
    pub async fn confirm(
        &self,
        question: &str,
        yes: bool,
        append: &AppendArgs,
    ) -> Result<(), CliError> {
        if yes || append.dry_run.is_some() {
            return Ok(());
        }
        let refused = || CliError::Unconfirmed { question: question.to_owned() };
        if !io::stdin().is_terminal() {
            return Err(refused());
        }
        let mut err = anstream::stderr();
        write!(err, "{question}? [y/N] ")?;
        err.flush()?;
        // On a thread of its own, so that an interrupt is heard meanwhile.
        let answer = tokio::task::spawn_blocking(|| {
            let mut answer = String::new();
            io::stdin().lock().read_line(&mut answer).map(|_| answer)
        });
        match answer.await.map_err(io::Error::other)??.trim() {
            "y" | "Y" | "yes" => Ok(()),
            _ => Err(refused()),
        }
    }
}

/// Every entry of a list, page by page, at most `limit`.
pub async fn pages<T>(
    limit: Option<usize>,
    mut page: impl AsyncFnMut(String, u32) -> Result<(Vec<T>, String), CliError>,
) -> Result<Vec<T>, CliError> {
    let limit = limit.unwrap_or(usize::MAX);
    let mut entries = Vec::new();
    let mut token = String::new();
    loop {
        let left = limit - entries.len();
        let size = u32::try_from(left).unwrap_or(u32::MAX).clamp(1, 1_000);
        let (more, next) = page(token, size).await?;
        entries.extend(more.into_iter().take(left));
        if next.is_empty() || entries.len() == limit {
            return Ok(entries);
        }
        token = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn list(limit: Option<usize>) -> Vec<u32> {
        let page = async |token: String, size: u32| {
            let from: u32 = token.parse().unwrap_or(0);
            let to = (from + size.min(4)).min(10);
            let next = if to < 10 { to.to_string() } else { String::new() };
            Ok(((from..to).collect(), next))
        };
        pages(limit, page).await.unwrap()
    }

    #[tokio::test]
    async fn a_list_goes_on_until_its_last_page_or_the_limit() {
        assert_eq!(list(None).await.len(), 10);
        assert_eq!(list(Some(5)).await, [0, 1, 2, 3, 4]);
        assert_eq!(list(Some(100)).await.len(), 10);
        assert_eq!(list(Some(0)).await, [] as [u32; 0]);
    }
}
