//! The handlers of `RatingService`.

use gradus_domain::At;
use gradus_domain::history::RatingHistory;
use gradus_model::{Event, RatingId, Timestamp, UnitId};
use gradus_service::ServiceError;
use gradus_wire::v1 as wire;
use gradus_wire::v1::rating_service_server::RatingService;
use tonic::Request;

use crate::api::{Api, Reply, reply, reply_of_items};
use crate::auth::open;
use crate::convert::{self, instant, rating};
use crate::page::{self, Page};

/// The longest reason, in bytes.
const MOST_REASON: usize = 4_096;
/// The most moments of one run of the rule rater.
const MOST_MOMENTS: usize = 100;

#[tonic::async_trait]
impl RatingService for Api {
    async fn rate_practices(
        &self,
        request: Request<wire::RatePracticesRequest>,
    ) -> Reply<wire::RatePracticesResponse> {
        let (by, asked) = open(request)?;
        reply_of_items("ratings", async {
            let call = convert::call(by, asked.append.as_ref())?;
            let ratings = rating::inputs(&asked.ratings)?;
            let receipt = self.service.rate(&call, &asked.unit, &ratings).await?;
            let ids = receipt.items.iter().filter_map(|outcome| outcome.rating);
            Ok(wire::RatePracticesResponse {
                ratings: ids.map(|id| id.to_string()).collect(),
                receipt: self.told(&receipt),
            })
        })
        .await
    }

    async fn withdraw_rating(
        &self,
        request: Request<wire::WithdrawRatingRequest>,
    ) -> Reply<wire::WithdrawRatingResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let ratings = convert::rating_ids("ratings", &asked.ratings)?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let (unit, reason) = (&asked.unit, &asked.reason);
            let receipt = self.service.withdraw_ratings(&call, unit, &ratings, reason).await?;
            Ok(wire::WithdrawRatingResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn end_rating(
        &self,
        request: Request<wire::EndRatingRequest>,
    ) -> Reply<wire::EndRatingResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let ratings = convert::rating_ids("ratings", &asked.ratings)?;
            let at = instant("at", asked.at.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let (unit, reason) = (&asked.unit, &asked.reason);
            let receipt = self.service.end_ratings(&call, unit, &ratings, at, reason).await?;
            Ok(wire::EndRatingResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn list_ratings(
        &self,
        request: Request<wire::ListRatingsRequest>,
    ) -> Reply<wire::ListRatingsResponse> {
        let (by, mut asked) = open(request)?;
        reply(async {
            let (size, token) = (asked.page_size, std::mem::take(&mut asked.page_token));
            asked.page_size = 0;
            let page = Page::read("ratings", size, &token, &asked)?;
            let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
            let resolved = self.service.resolve(&page.pin(coordinate)).await?;
            let unit = self.service.unit(&by, &asked.unit)?;
            self.service.recalled(unit).await?;
            let area = Some(asked.area.as_str()).filter(|area| !area.is_empty());
            let area = area.map(|area| convert::area("area", area)).transpose()?;
            let practice = Some(asked.practice.as_str()).filter(|practice| !practice.is_empty());
            let practice =
                practice.map(|practice| convert::practice("practice", practice)).transpose()?;
            let at = resolved.at();
            if let Some(practice) = &practice {
                self.service.check_practice(unit, at, practice)?;
            }
            if let Some(area) = &area {
                self.service.check_area(unit, at, area)?;
            }
            let mut next = None;
            let mut numbers = Vec::new();
            let found: Vec<(RatingHistory, bool)> = {
                let views = self.service.views();
                let history = views.history(unit);
                let every = history.into_iter().flat_map(|history| {
                    history.ratings(at.size).map(move |rating| (history, rating))
                });
                let mut found = Vec::new();
                for (number, (history, rating)) in (0_u64..).zip(every) {
                    let target = &rating.rating.target;
                    let in_force = rating::is_in_force(history, rating, at);
                    let fits = number >= page.from
                        && (!asked.in_force_only || in_force)
                        && area.as_ref().is_none_or(|area| area.area == target.practice.area())
                        && practice.as_ref().is_none_or(|asked| asked.practice == target.practice);
                    if !fits {
                        continue;
                    }
                    if found.len() == page.size {
                        next = Some(number);
                        break;
                    }
                    found.push((rating.clone(), in_force));
                    numbers.push(number);
                }
                found
            };
            let asks = (&*self.service, &by);
            let mut ratings = Vec::with_capacity(found.len());
            let mut entries = Vec::with_capacity(found.len());
            for (history, in_force) in &found {
                let record = self.service.record_at(history.position).await?;
                let position = i64::try_from(history.position).unwrap_or(i64::MAX);
                entries.push((history.rating.rating.0, vec![position, i64::from(*in_force)]));
                let shown = (history, *in_force);
                ratings.push(rating::rating(asks, unit, at, &record, shown)?);
            }
            let fitting = page::fitting(&ratings);
            next = numbers.get(fitting).copied().or(next);
            ratings.truncate(fitting);
            entries.truncate(fitting);
            let digest = self.service.list_digest("ratings", Some(unit), &resolved, &entries);
            Ok(wire::ListRatingsResponse {
                ratings,
                next_page_token: page.next(next, &resolved),
                coordinate: Some(convert::resolved(&resolved)),
                digest: digest.0.to_vec(),
            })
        })
        .await
    }

    async fn run_rule_rater(
        &self,
        request: Request<wire::RunRuleRaterRequest>,
    ) -> Reply<wire::RunRuleRaterResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let mut moments: Vec<Timestamp> = Vec::new();
            for (at, given) in asked.valid_at.iter().enumerate() {
                moments.extend(instant(format_args!("valid_at[{at}]"), Some(given))?);
            }
            if moments.is_empty() {
                moments.push(self.service.now());
            }
            if moments.len() > MOST_MOMENTS {
                let reason =
                    format!("{} are given, at most {MOST_MOMENTS} are allowed", moments.len());
                return Err(ServiceError::invalid("valid_at", reason));
            }
            let rules = Some(asked.rules.as_str()).filter(|rules| !rules.is_empty());
            let (unit, service) = (&asked.unit, &self.service);
            let receipt = service.run_rule_rater(&call, unit, &moments, rules).await?;
            service.caught_up(None).await?;
            let resolved = service.resolve(&gradus_service::Coordinate::default()).await?;
            let mut ratings = Vec::new();
            let mut ended = Vec::new();
            for placed in receipt.items.iter().filter_map(|outcome| outcome.placed) {
                let record = service.record_at(placed.position).await?;
                match &record.recorded.event {
                    Event::PracticeRated(rated) => {
                        let at = resolved.at();
                        let (history, in_force) = self.rating(receipt.unit, rated.rating, at)?;
                        let shown = (&history, in_force);
                        let shown =
                            rating::rating((service, &by), receipt.unit, at, &record, shown)?;
                        ratings.push(shown);
                    }
                    Event::RatingEnded(of) => ended.push(of.rating.to_string()),
                    _ => (),
                }
            }
            Ok(wire::RunRuleRaterResponse { receipt: self.told(&receipt), ratings, ended })
        })
        .await
    }
}

impl Api {
    /// A rating, and whether it is in force at a point.
    fn rating(
        &self,
        unit: UnitId,
        id: RatingId,
        at: At,
    ) -> Result<(RatingHistory, bool), ServiceError> {
        let views = self.service.views();
        let found = views.history(unit).and_then(|history| Some((history, history.rating(id)?)));
        let (history, found) = found.ok_or_else(|| ServiceError::not_found("rating", id))?;
        Ok((found.clone(), rating::is_in_force(history, found, at)))
    }
}
