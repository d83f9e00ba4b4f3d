//! `gradus report`: named reports for a date, each a page that needs nothing else.
//!
//! The first answer settles the coordinate; all others are asked at the size that it names, so that
//! a page never mixes two states of the log.

use std::path::Path;

use gradus_wire::v1;
use gradus_wire::v1::coordinate::Known;

use super::replay;
use crate::args::report::{ReportArgs, ReportName};
use crate::error::CliError;
use crate::output::sheet::Sheet;
use crate::output::{View, duties, forecast, gap, gaps, late, levels, story};
use crate::report::{Chart, Page, Section, course, facts, profile};
use crate::session::Session;

/// Asks for what a report tells, and writes it.
pub async fn run(session: &Session, args: ReportArgs) -> Result<(), CliError> {
    let asking = Asking::settle(session, &args).await?;
    let page = match args.report {
        ReportName::Levels => asking.levels().await?,
        ReportName::Gap => asking.gap().await?,
        ReportName::History => asking.history().await?,
        ReportName::Audit => asking.audit().await?,
    };
    write(session, &args.save, &page.html()?)
}

fn write(session: &Session, file: &Path, html: &str) -> Result<(), CliError> {
    if file == Path::new("-") {
        return session.output.text(html);
    }
    let named = |error| CliError::File { file: file.display().to_string(), error };
    std::fs::write(file, html).map_err(named)?;
    session.output.note(&format!("{}: written", file.display()))
}

/// A report whose coordinate is settled.
struct Asking<'a> {
    session: &'a Session,
    args: &'a ReportArgs,
    levels: v1::QueryLevelsResponse,
    /// The settled coordinate, by the size of the log.
    at: v1::Coordinate,
}

impl<'a> Asking<'a> {
    async fn settle(session: &'a Session, args: &'a ReportArgs) -> Result<Self, CliError> {
        let asked = args.coordinate.with(&args.project)?;
        let request = v1::QueryLevelsRequest {
            unit: args.project.unit.clone(),
            coordinate: Some(asked.clone()),
            min_size: args.coordinate.min_size,
            areas: args.area.clone(),
            with_practices: true,
        };
        let send = async |request| session.client.levels().query_levels(request).await;
        let levels = session.client.call(request, send).await?;
        let resolved = levels.coordinate.clone().unwrap_or_default();
        let known = Some(Known::LogSize(resolved.log_size));
        let at = v1::Coordinate { valid_at: resolved.valid_at, known, rules: asked.rules };
        Ok(Self { session, args, levels, at })
    }

    fn unit(&self) -> String {
        self.args.project.unit.clone()
    }

    /// A page on the unit with these sections.
    fn page(&self, title: &'static str, sections: Vec<Section>) -> Page {
        let name = self.levels.unit.clone().unwrap_or_default().name;
        let warnings = duties::warning(&self.levels).into_iter().collect();
        let page = Page { title, unit: name, facts: facts::of(&self.levels), warnings, sections };
        page.settled(self.levels.coordinate.as_ref())
    }

    async fn levels(&self) -> Result<Page, CliError> {
        let aims = self.aims(false).await?;
        let view = levels::view(&self.levels)?;
        let chart = profile::chart(&self.levels.areas, aims.as_ref().map(|aims| &*aims.areas));
        let mut sections = vec![
            Section::of("Levels", first(&view)).with(chart.map(Chart::Profile)),
            Section::of("How the levels moved", None).with(self.course().await?),
        ];
        if let Some(aims) = &aims {
            sections.push(Section::of(
                format!("Against the profile {}", aims.profile),
                first(&gap::view(aims, false)?),
            ));
        }
        sections.push(
            Section::of("If nothing is renewed", first(&self.ahead().await?))
                .or("Nothing moves in the time ahead."),
        );
        sections.push(Section::of("Practices", view.sheets.get(1).cloned()));
        Ok(self.page("Capability profile", sections))
    }

    async fn gap(&self) -> Result<Page, CliError> {
        let Some(aims) = self.aims(true).await? else {
            return Err(CliError::usage(
                "no profile is in force for this unit at that date",
                "name one with --profile; gradus models list shows them",
            ));
        };
        let view = gap::view(&aims, true)?;
        let chart = profile::chart(&self.levels.areas, Some(&aims.areas));
        let sections = vec![
            Section::of(format!("Against the profile {}", aims.profile), first(&view))
                .with(chart.map(Chart::Profile))
                .told(aims.warnings.clone()),
            Section::of("What the ongoing levels lack", view.sheets.get(1).cloned())
                .or("Every target is met."),
        ];
        Ok(self.page("Gap to the target profile", sections))
    }

    async fn history(&self) -> Result<Page, CliError> {
        let request = v1::ReplayUnitRequest {
            unit: self.unit(),
            coordinate: Some(self.at.clone()),
            from: None,
            areas: self.args.area.clone(),
            min_size: 0,
        };
        let (told, _) = replay::whole(self.session, request).await?;
        let sections = vec![
            Section::of("How the levels moved", None).with(self.course().await?),
            Section::of("What happened", first(&story::view(&told)?)).or("Nothing was recorded."),
        ];
        Ok(self.page("History", sections))
    }

    async fn audit(&self) -> Result<Page, CliError> {
        let client = &self.session.client;
        let (unit, coordinate) = (self.unit(), Some(self.at.clone()));
        let asked = v1::FindLateRequest { unit, coordinate, ..v1::FindLateRequest::default() };
        let send = async |request| client.audit().find_late(request).await;
        let late = late::view(&client.call(asked, send).await?)?;
        let (unit, coordinate) = (self.unit(), Some(self.at.clone()));
        let asked = v1::FindGapsRequest { unit, coordinate, min_size: 0 };
        let send = async |request| client.audit().find_gaps(request).await;
        let gaps = gaps::view(&client.call(asked, send).await?)?;
        let lead = |sheet: Option<&Sheet>| sheet.and_then(|sheet| sheet.title.clone());
        let view = levels::view(&self.levels)?;
        let sections = vec![
            Section::of("Levels", first(&view)),
            Section::of("Recorded late", first(&late))
                .told(lead(late.sheets.first()))
                .or("Nothing was recorded late."),
            Section::of("Late facts", late.sheets.get(1).cloned()).told(lead(late.sheets.get(1))),
            Section::of("Silences and missing numbers", first(&gaps))
                .told(lead(gaps.sheets.first()))
                .or("No number is missing, and no source fell silent."),
        ];
        Ok(self.page("Audit", sections))
    }

    /// The gap to the profile that was named, or is in force, if any is.
    async fn aims(&self, with_blockers: bool) -> Result<Option<v1::QueryGapResponse>, CliError> {
        let request = v1::QueryGapRequest {
            unit: self.unit(),
            coordinate: Some(self.at.clone()),
            min_size: 0,
            profile: self.args.profile.clone().unwrap_or_default(),
            areas: self.args.area.clone(),
            with_blockers,
        };
        let send = async |request| self.session.client.levels().query_gap(request).await;
        match self.session.client.call(request, send).await {
            Ok(gap) => Ok(Some(gap)),
            Err(error) if error.reason() == "NO_PROFILE" => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn ahead(&self) -> Result<View, CliError> {
        let request = v1::ForecastLevelsRequest {
            unit: self.unit(),
            coordinate: Some(self.at.clone()),
            areas: self.args.area.clone(),
            ..v1::ForecastLevelsRequest::default()
        };
        let send = async |request| self.session.client.levels().forecast_levels(request).await;
        forecast::view(&self.session.client.call(request, send).await?)
    }

    async fn course(&self) -> Result<Option<Chart>, CliError> {
        let request = v1::QueryTrendRequest {
            units: vec![self.unit()],
            areas: self.args.area.clone(),
            coordinate: Some(self.at.clone()),
            ..v1::QueryTrendRequest::default()
        };
        let send = async |request| self.session.client.levels().query_trend(request).await;
        let trend = self.session.client.call(request, send).await?;
        Ok(course::chart(&trend).map(Chart::Course))
    }
}

fn first(view: &View) -> Option<Sheet> {
    view.sheets.first().cloned()
}
