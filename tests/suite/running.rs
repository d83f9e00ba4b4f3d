//! A server that runs for one test, and the words to speak to it with.

use std::path::Path;

use gradus_model::{Edge, Timestamp};
use gradus_server::settings::Limits;
use gradus_server::{Running, ServeError, Settings};
use gradus_wire::v1 as wire;
use tempfile::TempDir;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_types::StatusExt;

use crate::machine::Clocks;

/// Sends a token with every call.
#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

pub(crate) type Line = InterceptedService<Channel, Bearer>;

/// The clients of one principal.
#[derive(Clone)]
pub(crate) struct Principal {
    pub(crate) units: wire::unit_service_client::UnitServiceClient<Line>,
    pub(crate) evidence: wire::evidence_service_client::EvidenceServiceClient<Line>,
    pub(crate) ratings: wire::rating_service_client::RatingServiceClient<Line>,
    pub(crate) levels: wire::level_service_client::LevelServiceClient<Line>,
    pub(crate) models: wire::model_service_client::ModelServiceClient<Line>,
    pub(crate) events: wire::event_service_client::EventServiceClient<Line>,
    pub(crate) principals: wire::principal_service_client::PrincipalServiceClient<Line>,
    pub(crate) roles: wire::role_service_client::RoleServiceClient<Line>,
    pub(crate) duties: wire::duty_service_client::DutyServiceClient<Line>,
    pub(crate) attachments: wire::attachment_service_client::AttachmentServiceClient<Line>,
    pub(crate) erasure: wire::erasure_service_client::ErasureServiceClient<Line>,
    pub(crate) sources: wire::source_service_client::SourceServiceClient<Line>,
    pub(crate) appraisals: wire::appraisal_service_client::AppraisalServiceClient<Line>,
    pub(crate) projections: wire::projection_service_client::ProjectionServiceClient<Line>,
    pub(crate) backup: wire::backup_service_client::BackupServiceClient<Line>,
    pub(crate) clock: wire::clock_service_client::ClockServiceClient<Line>,
    pub(crate) claims: wire::claim_service_client::ClaimServiceClient<Line>,
    pub(crate) proofs: wire::proof_service_client::ProofServiceClient<Line>,
    pub(crate) audit: wire::audit_service_client::AuditServiceClient<Line>,
}

impl Principal {
    pub(crate) fn new(channel: &Channel, token: &str) -> Self {
        let bearer = Bearer(format!("Bearer {token}").parse().unwrap());
        macro_rules! client {
            ($client:path) => {
                <$client>::with_interceptor(channel.clone(), bearer.clone())
            };
        }
        Self {
            units: client!(wire::unit_service_client::UnitServiceClient<_>),
            evidence: client!(wire::evidence_service_client::EvidenceServiceClient<_>),
            ratings: client!(wire::rating_service_client::RatingServiceClient<_>),
            levels: client!(wire::level_service_client::LevelServiceClient<_>),
            models: client!(wire::model_service_client::ModelServiceClient<_>),
            events: client!(wire::event_service_client::EventServiceClient<_>),
            principals: client!(wire::principal_service_client::PrincipalServiceClient<_>),
            roles: client!(wire::role_service_client::RoleServiceClient<_>),
            duties: client!(wire::duty_service_client::DutyServiceClient<_>),
            attachments: client!(wire::attachment_service_client::AttachmentServiceClient<_>),
            erasure: client!(wire::erasure_service_client::ErasureServiceClient<_>),
            sources: client!(wire::source_service_client::SourceServiceClient<_>),
            appraisals: client!(wire::appraisal_service_client::AppraisalServiceClient<_>),
            projections: client!(wire::projection_service_client::ProjectionServiceClient<_>),
            backup: client!(wire::backup_service_client::BackupServiceClient<_>),
            clock: client!(wire::clock_service_client::ClockServiceClient<_>),
            claims: client!(wire::claim_service_client::ClaimServiceClient<_>),
            proofs: client!(wire::proof_service_client::ProofServiceClient<_>),
            audit: client!(wire::audit_service_client::AuditServiceClient<_>),
        }
    }
}

/// A server, its directory and clock, and its operator.
pub(crate) struct System {
    pub(crate) directory: TempDir,
    pub(crate) channel: Channel,
    pub(crate) operator: Box<Principal>,
    running: Option<Running>,
    pub(crate) clocks: Clocks,
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text, Edge::Start).unwrap()
}

/// A time on the wire.
pub(crate) fn on(text: &str) -> Option<prost_types::Timestamp> {
    let micros = at(text).micros();
    Some(prost_types::Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos: i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap(),
    })
}

/// Settings of a server for one test.
pub(crate) fn settings(directory: &Path) -> Settings {
    Settings {
        data: directory.join("data"),
        listen: "127.0.0.1:0".parse().unwrap(),
        drain_seconds: 2,
        // Clocks of tests stand still, and what a rate took would never come back.
        limits: Limits::default().without_rates(),
        ..Settings::default()
    }
}

impl System {
    /// A new server whose clock stands at noon of 1 June 2026.
    pub(crate) async fn new() -> Self {
        Self::in_directory(tempfile::tempdir().unwrap(), "2026-06-01T12:00:00Z").await
    }

    /// The same, whose operator may provide, accept and rate: the organization follows `solo`.
    pub(crate) async fn alone() -> Self {
        let system = Self::new().await;
        system.adopt_rules("organization", "solo").await;
        system
    }

    pub(crate) async fn in_directory(directory: TempDir, now: &str) -> Self {
        Self::start(directory, now).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// A server on a directory, or why it does not start.
    pub(crate) async fn start(directory: TempDir, now: &str) -> Result<Self, ServeError> {
        Self::start_on(directory, Clocks::at(now)).await
    }

    /// A server on a directory and a machine, or why it does not start.
    pub(crate) async fn start_on(directory: TempDir, clocks: Clocks) -> Result<Self, ServeError> {
        Self::start_as(directory, clocks, |_| ()).await
    }

    /// A new server that has these limits.
    pub(crate) async fn with_limits(limits: Limits) -> Self {
        let change = |settings: &mut Settings| settings.limits = limits;
        Self::with_settings(tempfile::tempdir().unwrap(), change).await
    }

    /// A server at noon of 1 June 2026, with other settings than usual.
    pub(crate) async fn with_settings(
        directory: TempDir,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let clocks = Clocks::at("2026-06-01T12:00:00Z");
        Self::start_as(directory, clocks, change).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// A server with other settings than usual, or why it does not start.
    pub(crate) async fn start_as(
        directory: TempDir,
        clocks: Clocks,
        change: impl FnOnce(&mut Settings),
    ) -> Result<Self, ServeError> {
        let mut settings = settings(directory.path());
        change(&mut settings);
        let running = Box::pin(gradus_server::start(&settings, clocks.machine())).await?;
        let channel = connect(&running).await;
        let token = std::fs::read_to_string(running.admin_token()).unwrap();
        let operator = Box::new(Principal::new(&channel, token.trim()));
        Ok(Self { directory, channel, operator, running: Some(running), clocks })
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, seconds: i64) {
        self.clocks.pass(seconds);
    }

    /// What the clock shows.
    pub(crate) fn now(&self) -> Timestamp {
        self.clocks.now()
    }

    /// Has the server look at its files of keys.
    pub(crate) async fn look_at_keys(&self) {
        self.running.as_ref().unwrap().look_at_keys().await;
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.running.as_ref().unwrap().address
    }

    /// Where it serves the log's tiles.
    pub(crate) fn tiles_address(&self) -> std::net::SocketAddr {
        self.running.as_ref().unwrap().tiles_address.unwrap()
    }

    /// The data directory.
    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.directory.path().join("data")
    }

    /// The size of the log.
    pub(crate) async fn size(&self) -> u64 {
        self.head().await.0
    }

    /// The size of the log and its root.
    pub(crate) async fn head(&self) -> (u64, Vec<u8>) {
        let asked = wire::ListEventsRequest { page_size: 1, ..Default::default() };
        let page = self.operator.events.clone().list_events(asked).await.unwrap().into_inner();
        (page.log_size, page.root)
    }

    /// Submits items as the operator; their ids.
    pub(crate) async fn submitted(
        &self,
        unit: &str,
        items: Vec<wire::EvidenceItem>,
    ) -> Vec<String> {
        let answer = self.operator.evidence.clone().submit_evidence(submit(unit, items)).await;
        answer.unwrap().into_inner().items.into_iter().map(|item| item.evidence).collect()
    }

    /// Rates practices as the operator; the ids of the ratings.
    pub(crate) async fn rated(&self, unit: &str, ratings: Vec<wire::RatingInput>) -> Vec<String> {
        let asked = wire::RatePracticesRequest { unit: unit.to_owned(), append: None, ratings };
        self.operator.ratings.clone().rate_practices(asked).await.unwrap().into_inner().ratings
    }

    /// The operator's answer on levels.
    pub(crate) async fn levels(
        &self,
        asked: wire::QueryLevelsRequest,
    ) -> wire::QueryLevelsResponse {
        self.operator.levels.clone().query_levels(asked).await.unwrap().into_inner()
    }

    /// Stops the server in order and starts it again on the same directory, in another boot.
    pub(crate) async fn restarted(self) -> Self {
        let clocks = self.clocks.rebooted();
        Box::pin(self.restarted_on(clocks)).await
    }

    /// Stops the server in order and starts it again on the same directory.
    pub(crate) async fn restarted_on(mut self, clocks: Clocks) -> Self {
        self.running.take().unwrap().stop().await.unwrap();
        Self::start_on(self.directory, clocks).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Begins to stop the server; resolves when it has stopped.
    pub(crate) fn stopping(&mut self) -> impl Future<Output = ()> + use<> {
        let running = self.running.take().unwrap();
        async move { running.stop().await.unwrap() }
    }

    /// Stops the server and hands out its directory.
    pub(crate) async fn stopped(mut self) -> TempDir {
        self.running.take().unwrap().stop().await.unwrap();
        self.directory
    }

    /// A new principal with a token of its own.
    pub(crate) async fn principal(&self, name: &str, kind: wire::PrincipalKind) -> Principal {
        Principal::new(&self.channel, &self.token(name, kind).await)
    }

    /// The token of a new principal.
    pub(crate) async fn token(&self, name: &str, kind: wire::PrincipalKind) -> String {
        let mut principals = self.operator.principals.clone();
        let added =
            wire::AddPrincipalRequest { append: None, name: name.to_owned(), kind: kind.into() };
        principals.add_principal(added).await.unwrap();
        self.grant(name, wire::Role::Admin, "organization").await;
        self.issue(name).await
    }

    /// A new principal with one role, and a token of its own.
    pub(crate) async fn with_role(
        &self,
        name: &str,
        kind: wire::PrincipalKind,
        (role, unit): (wire::Role, &str),
    ) -> Principal {
        let added =
            wire::AddPrincipalRequest { append: None, name: name.to_owned(), kind: kind.into() };
        self.operator.principals.clone().add_principal(added).await.unwrap();
        self.grant(name, role, unit).await;
        Principal::new(&self.channel, &self.issue(name).await)
    }

    /// A token of a principal.
    pub(crate) async fn issue(&self, name: &str) -> String {
        let principal = name.to_owned();
        let asked = wire::IssueTokenRequest { principal, no_expiry: true, ..Default::default() };
        let mut principals = self.operator.principals.clone();
        principals.issue_token(asked).await.unwrap().into_inner().secret
    }

    /// Grants a role: without an end, but to auditors until 2100.
    pub(crate) async fn grant(&self, principal: &str, role: wire::Role, unit: &str) {
        let (principal, unit) = (principal.to_owned(), unit.to_owned());
        let until = (role == wire::Role::Auditor).then(|| on("2100-01-01")).flatten();
        let role = role.into();
        let asked = wire::GrantRoleRequest { principal, role, unit, until, ..Default::default() };
        self.operator.roles.clone().grant_role(asked).await.unwrap();
    }

    /// Ends a role now.
    pub(crate) async fn end_role(&self, principal: &str, role: wire::Role, unit: &str) {
        let (principal, unit) = (principal.to_owned(), unit.to_owned());
        let asked =
            wire::RevokeRoleRequest { principal, role: role.into(), unit, ..Default::default() };
        self.operator.roles.clone().revoke_role(asked).await.unwrap();
    }

    /// Registers a project of the team `team`.
    pub(crate) async fn project(&self, name: &str) {
        self.project_since(name, None).await;
    }

    /// The same, of a project that came to be then.
    pub(crate) async fn project_since(&self, name: &str, since: Option<prost_types::Timestamp>) {
        let asked = wire::RegisterUnitRequest {
            kind: wire::UnitKind::Project.into(),
            name: name.to_owned(),
            team: "team".to_owned(),
            effective_at: since,
            ..Default::default()
        };
        self.operator.units.clone().register_unit(asked).await.unwrap();
    }

    /// Lets a unit be answered by the rules that trust tools and rate by rule.
    pub(crate) async fn trust_tools(&self, unit: &str) {
        self.adopt_rules(unit, "trusted-tools").await;
    }

    /// Lets a unit be answered by some rules, since 1990.
    pub(crate) async fn adopt_rules(&self, unit: &str, document: &str) {
        let asked = wire::AdoptRulesRequest {
            unit: unit.to_owned(),
            document: document.to_owned(),
            effective_at: on("1990-01-01"),
            ..Default::default()
        };
        self.operator.units.clone().adopt_rules(asked).await.unwrap();
    }
}

async fn connect(running: &Running) -> Channel {
    let address = format!("http://{}", running.address);
    Channel::from_shared(address).unwrap().connect().await.unwrap()
}

/// An item that supports BP.10.01 directly, worked on in May 2026.
pub(crate) fn item(id: &str) -> wire::EvidenceItem {
    wire::EvidenceItem {
        kind: wire::Kind::Policy.into(),
        outcome: wire::Outcome::Supports.into(),
        strength: wire::Strength::Direct.into(),
        practices: vec!["BP.10.01".to_owned()],
        work_to: on("2026-05-01T00:00:00Z"),
        source: Some(wire::Source { name: "test".to_owned(), id: id.to_owned() }),
        title: format!("Policy {id}"),
        ..Default::default()
    }
}

pub(crate) fn submit(unit: &str, items: Vec<wire::EvidenceItem>) -> wire::SubmitEvidenceRequest {
    wire::SubmitEvidenceRequest { unit: unit.to_owned(), append: None, items }
}

/// A rating of one practice on the scale of satisfaction.
pub(crate) fn rating(practice: &str, value: wire::Value, from: &str) -> wire::RatingInput {
    wire::RatingInput {
        practice: practice.to_owned(),
        value: value.into(),
        effective_at: on(from),
        ..Default::default()
    }
}

pub(crate) fn by_id(id: &str) -> wire::EvidenceRef {
    wire::EvidenceRef { r#ref: Some(wire::evidence_ref::Ref::Evidence(id.to_owned())) }
}

/// A question for levels at a moment, with all that is known.
pub(crate) fn levels_of(unit: &str, valid_at: &str) -> wire::QueryLevelsRequest {
    wire::QueryLevelsRequest {
        unit: unit.to_owned(),
        coordinate: Some(wire::Coordinate { valid_at: on(valid_at), ..Default::default() }),
        ..Default::default()
    }
}

/// A level in words: `2`, `1 to 5, 7 open`, `not rated`.
pub(crate) fn told(answer: Option<&wire::LevelAnswer>) -> String {
    match answer.and_then(|answer| answer.answer.as_ref()) {
        Some(wire::level_answer::Answer::Range(range)) => match range.level {
            Some(level) => level.to_string(),
            None => format!("{} to {}, {} open", range.at_least, range.at_most, range.open),
        },
        Some(wire::level_answer::Answer::None(reason)) => {
            match wire::NoLevel::try_from(*reason).unwrap() {
                wire::NoLevel::NotRated => "not rated",
                wire::NoLevel::NotApplicable => "not applicable",
                wire::NoLevel::NotDeterminable => "not determinable",
                wire::NoLevel::Unspecified => "unspecified",
            }
            .to_owned()
        }
        None => "nothing".to_owned(),
    }
}

/// One area of an answer: rated, ongoing, coverage.
pub(crate) fn area(answer: &wire::QueryLevelsResponse, id: &str) -> String {
    let area = answer.areas.iter().find(|area| area.area == id).unwrap();
    let coverage = area.coverage.unwrap();
    format!(
        "rated {}; ongoing {}; {}/{} covered",
        told(area.rated.as_ref()),
        told(area.ongoing.as_ref()),
        coverage.covered,
        coverage.practices_total
    )
}

/// A status as people and programs see it: code, reason, fields, message.
pub(crate) fn refusal(status: &Status) -> String {
    let info = status.get_details_error_info();
    let reason = info.map(|info| info.reason).unwrap_or_default();
    let fields = status.get_details_bad_request().map(|bad| {
        let fields: Vec<String> =
            bad.field_violations.into_iter().map(|violation| violation.field).collect();
        format!(" [{}]", fields.join(", "))
    });
    format!("{:?} {reason}{}: {}", status.code(), fields.unwrap_or_default(), status.message())
}

/// A text with every UUID but those of zeros replaced, since ids differ from run to run.
pub(crate) fn without_ids(text: &str) -> String {
    let is_id = |text: &str| {
        text.len() == 36
            && text.char_indices().all(|(at, c)| match at {
                8 | 13 | 18 | 23 => c == '-',
                _ => c.is_ascii_hexdigit(),
            })
            && !text.starts_with("00000000")
    };
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if rest.get(..36).is_some_and(is_id) {
            out.push_str("ID");
            rest = &rest[36..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// Copies a directory with all below it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Every file below a directory, with its bytes.
pub(crate) fn files(directory: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found
}
