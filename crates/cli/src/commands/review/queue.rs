//! What waits for a review, and whether the evidence for practices suffices.

use gradus_wire::v1;

use crate::args::review::queue::{MatrixArgs, QueueArgs};
use crate::error::CliError;
use crate::output::{Format, queue, sufficiency};
use crate::select::{Moment, Selector};
use crate::session::{Session, pages};

/// Lists what waits for a review.
pub async fn list(session: &Session, args: QueueArgs) -> Result<(), CliError> {
    let everywhere = Selector { unit: String::new(), point: None };
    let selector = args.project.clone().unwrap_or(everywhere);
    let request = v1::ListReviewQueueRequest {
        coordinate: Some(args.coordinate.with(&selector)?),
        unit: selector.unit,
        include_below: args.below,
        min_size: args.coordinate.min_size,
        recorded_before: args.before.map(Moment::instant),
        longer_than: args.older_than.map(|period| period.to_string()).unwrap_or_default(),
        practice: args.practice,
        area: args.area,
        kinds: args.kind.iter().map(|kind| kind.number().into()).collect(),
        source: args.source,
        ..v1::ListReviewQueueRequest::default()
    };
    let (mut units, mut coordinate) = (Vec::new(), None);
    let items = pages(args.limit, async |page_token, page_size| {
        let page = v1::ListReviewQueueRequest { page_token, page_size, ..request.clone() };
        let send = async |request| session.client.evidence().list_review_queue(request).await;
        let response = session.client.call(page, send).await?;
        // Only the first page counts.
        units.extend(response.units);
        coordinate = response.coordinate;
        Ok((response.items, response.next_page_token))
    });
    let items = items.await?;
    let coordinate = coordinate.unwrap_or_default();
    session.output.show(&queue::view(&items, &units, &coordinate)?)
}

/// Shows the evidence for practices, by process instance.
pub async fn matrix(session: &Session, args: MatrixArgs) -> Result<(), CliError> {
    let request = v1::GetSufficiencyMatrixRequest {
        unit: args.project.unit.clone(),
        coordinate: Some(args.coordinate.with(&args.project)?),
        min_size: args.coordinate.min_size,
        areas: args.area,
    };
    let send = async |request| session.client.evidence().get_sufficiency_matrix(request).await;
    let response = session.client.call(request, send).await?;
    let is_drawn = session.output.terminal && session.output.format == Format::Table;
    session.output.show(&sufficiency::view(&response, is_drawn)?)
}
