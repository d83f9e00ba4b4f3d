//! Tokens of identity providers: who calls by which rule, and everything that opens nothing.

mod attacks;
mod fetched;
mod issuer;
mod projects;
mod rules;
mod tiles;

use gradus_server::Settings;
use gradus_server::oidc::Issuer as Trusted;
use gradus_wire::v1 as wire;
use prost::Message as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::raw;
use crate::running::{System, refusal};
use issuer::{AUDIENCE, ISSUER, Issuer, job};

const WHO: &str = "/gradus.v1.PrincipalService/WhoAmI";
const NO_RULE: &str = "PermissionDenied NO_CLAIM_RULE: no claim rule lets this token in: ask an admin \
     for one (gradus claim test shows why)";

/// A server that trusts an issuer, whose keys are in a file.
struct Trusting {
    system: System,
    issuer: Issuer,
}

/// Settings that name the file of an issuer's keys.
fn trust(directory: &TempDir) -> impl FnOnce(&mut Settings) + use<> {
    let jwks_file = Some(directory.path().join("jwks.json"));
    move |settings| {
        settings.oidc = vec![Trusted {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            jwks_file,
            jwks_url: None,
            jwks_authorities: None,
        }];
    }
}

impl Trusting {
    /// With a project `web` below `blue`, and a rule that jobs of its main branch collect for it.
    async fn new() -> Self {
        let trusting = Self::without_rules().await;
        trusting.set(rule("web-ci", "web")).await.unwrap();
        trusting
    }

    async fn without_rules() -> Self {
        Self::with(|_| ()).await
    }

    /// Without rules, and with these settings besides.
    async fn with(besides: impl FnOnce(&mut Settings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let issuer = Issuer::new();
        std::fs::write(directory.path().join("jwks.json"), issuer.jwks()).unwrap();
        let trust = trust(&directory);
        let change = |settings: &mut Settings| {
            trust(settings);
            besides(settings);
        };
        let system = System::with_settings(directory, change).await;
        let project = wire::RegisterUnitRequest {
            kind: wire::UnitKind::Project.into(),
            name: "web".to_owned(),
            team: "blue".to_owned(),
            ..Default::default()
        };
        system.operator.units.clone().register_unit(project).await.unwrap();
        Self { system, issuer }
    }

    async fn set(&self, rule: wire::SetClaimRuleRequest) -> Result<(), String> {
        let set = self.system.operator.claims.clone().set_claim_rule(rule).await;
        set.map(|_| ()).map_err(|status| refusal(&status))
    }

    async fn remove(&self, name: &str) {
        let name = name.to_owned();
        let asked = wire::RemoveClaimRuleRequest { name, ..Default::default() };
        self.system.operator.claims.clone().remove_claim_rule(asked).await.unwrap();
    }

    /// What a job says now.
    fn job(&self) -> Value {
        job(self.system.now())
    }

    /// Who a token is, by which rule, or why it is nobody.
    async fn who(&self, token: &str) -> String {
        who(&self.system, token).await
    }

    /// The same of a token with these claims.
    async fn says(&self, claims: &Value) -> String {
        self.who(&self.issuer.token(claims)).await
    }
}

async fn who(system: &System, token: &str) -> String {
    let bearer = format!("Bearer {token}");
    match raw::call(&system.channel, Some(&bearer), WHO, Vec::new()).await {
        Ok(answer) => {
            let answer = wire::WhoAmIResponse::decode(answer.as_slice()).unwrap();
            assert_eq!(answer.grade(), wire::Grade::Oidc);
            let claims = answer.claims.unwrap();
            assert_eq!(claims.issuer, ISSUER);
            format!("{} by {}", answer.principal.unwrap().name, claims.rule)
        }
        Err(status) => refusal(&status),
    }
}

fn conditions(text: &str) -> Vec<wire::ClaimCondition> {
    let one = |one: &str| {
        let (claim, value) = one.split_once('=').unwrap();
        wire::ClaimCondition { claim: claim.to_owned(), value: value.to_owned() }
    };
    text.split_whitespace().map(one).collect()
}

/// A rule that lets jobs of the main branch of `acme/web` collect evidence of a unit.
fn rule(name: &str, unit: &str) -> wire::SetClaimRuleRequest {
    wire::SetClaimRuleRequest {
        name: name.to_owned(),
        issuer: ISSUER.to_owned(),
        conditions: conditions("repository_id=4711 ref=refs/heads/main event_name=push"),
        subject: "repository_id".to_owned(),
        role: wire::Role::Collector.into(),
        unit: unit.to_owned(),
        ..Default::default()
    }
}

/// A rule that gives all of acme's repositories projects of their own below a team.
fn for_all(name: &str, team: &str) -> wire::SetClaimRuleRequest {
    wire::SetClaimRuleRequest {
        conditions: conditions("repository_owner_id=815 ref=refs/heads/main event_name=push"),
        named_after: "repository".to_owned(),
        ..rule(name, team)
    }
}
