//! `gradus events`: the log, as far as one may see it.

use gradus_wire::v1;
use gradus_wire::v1::subscribe_events_response::Update;
use tonic::{Request, Status};

use crate::args::events::EventsArgs;
use crate::client::{RETRIES, wait_before};
use crate::error::{CliError, is_unreachable};
use crate::output::View;
use crate::output::flow::Flow;
use crate::output::json::{Json, object};
use crate::output::message::{self, time};
use crate::output::sheet::Sheet;
use crate::session::{Session, pages};

/// Shows events.
pub async fn run(session: &Session, args: EventsArgs) -> Result<(), CliError> {
    if args.follow { follow(session, &args).await } else { list(session, &args).await }
}

async fn list(session: &Session, args: &EventsArgs) -> Result<(), CliError> {
    let mut log = Json::Null;
    let events = pages(args.limit, async |page_token, page_size| {
        let request = v1::ListEventsRequest {
            page_size,
            page_token,
            from_size: args.from_size,
            unit: args.unit.clone(),
            types: args.types.clone(),
            view: v1::EventView::Full.into(),
        };
        let send = async |request| session.client.events().list_events(request).await;
        let response = session.client.call(request, send).await?;
        log = object([
            ("log_size", response.log_size.into()),
            ("root", gradus_model::ids::hex(&response.root).into()),
        ]);
        Ok((response.events, response.next_page_token))
    });
    let events = events.await?;
    let entries = message::all(&events)?;
    let mut sheet = columns();
    for event in &events {
        add(&mut sheet, event);
    }
    session.output.show(&View {
        document: object([("events", Json::List(entries.clone())), ("log", log)]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}

fn columns() -> Sheet {
    let names = ["position", "recorded_at", "effective_at", "unit", "version", "type", "actor"];
    Sheet::new(&names)
}

fn add(sheet: &mut Sheet, event: &v1::Event) {
    sheet.row(vec![
        event.position.to_string().into(),
        time(event.recorded_at.as_ref()).into(),
        time(event.effective_at.as_ref()).into(),
        event.unit.as_ref().map(|unit| unit.name.clone()).unwrap_or_default().into(),
        event.version.to_string().into(),
        type_of(event).into(),
        event.actor.as_ref().map(|actor| actor.name.clone()).unwrap_or_default().into(),
    ]);
}

/// Its type; a token that was recovered offline is told apart from one that somebody issued.
fn type_of(event: &v1::Event) -> String {
    let itself = event.grade() == v1::Grade::Internal;
    // The first start, too, issues one, and says no reason.
    let recovered = itself && event.r#type == "token-issued" && !event.payload.is_empty();
    if recovered { format!("{} (recovered offline)", event.r#type) } else { event.r#type.clone() }
}

/// Shows events until the limit or an interrupt. Where a stream breaks, another goes on.
async fn follow(session: &Session, args: &EventsArgs) -> Result<(), CliError> {
    let flow = Flow::new(&session.output)?;
    let mut reading = Reading { size: args.from_size, left: args.limit, flow };
    let mut retry = 0;
    while reading.left != Some(0) {
        let before = reading.size;
        let Err(status) = reading.stream(session, args).await? else { return Ok(()) };
        if !is_unreachable(&status) {
            return Err(session.client.error(status));
        }
        retry = if reading.size > before { 1 } else { retry + 1 };
        if retry > RETRIES {
            return Err(session.client.error(status));
        }
        session.output.trace(&format!("reading on from size {}", reading.size))?;
        wait_before(retry).await?;
    }
    Ok(())
}

/// How far following has come.
struct Reading {
    /// The size to go on from.
    size: u64,
    /// How many events are still to be shown, if there is a limit.
    left: Option<usize>,
    /// What was shown.
    flow: Flow,
}

impl Reading {
    /// Shows the events of one stream: until the limit, or the status that ended it.
    async fn stream(
        &mut self,
        session: &Session,
        args: &EventsArgs,
    ) -> Result<Result<(), Status>, CliError> {
        let request = v1::SubscribeEventsRequest {
            from_size: self.size,
            unit: args.unit.clone(),
            types: args.types.clone(),
            view: v1::EventView::Full.into(),
        };
        let mut service = session.client.events();
        let mut updates = match service.subscribe_events(Request::new(request)).await {
            Ok(response) => response.into_inner(),
            Err(status) => return Ok(Err(status)),
        };
        loop {
            let update = match updates.message().await {
                Ok(Some(message)) => message.update,
                Ok(None) => return Ok(Err(Status::unavailable("the server ended the stream"))),
                Err(status) => return Ok(Err(status)),
            };
            match update {
                Some(Update::Events(batch)) => {
                    self.show(session, batch.events)?;
                    self.size = batch.log_size;
                }
                Some(Update::Heartbeat(heartbeat)) => self.size = heartbeat.log_size,
                None => (),
            }
            if self.left == Some(0) {
                return Ok(Ok(()));
            }
        }
    }

    fn show(&mut self, session: &Session, mut events: Vec<v1::Event>) -> Result<(), CliError> {
        if let Some(left) = &mut self.left {
            events.truncate(*left);
            *left -= events.len();
        }
        let mut sheet = columns();
        for event in &events {
            add(&mut sheet, event);
        }
        self.flow.show(&session.output, &sheet, &message::all(&events)?)
    }
}
