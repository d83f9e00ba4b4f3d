//! The log's tiles over HTTP, and those who call by a token of an identity provider.

use super::{NO_RULE, Trusting, rule};
use crate::tiles::{get, with_tiles};

#[tokio::test(flavor = "multi_thread")]
async fn over_http_a_job_is_known_by_its_rule_as_in_every_call() {
    let trusting = Trusting::with(with_tiles).await;
    let address = trusting.system.tiles_address();
    let token = trusting.issuer.token(&trusting.job());
    let asked = async |token: &str| {
        let answer = get(address, "/checkpoint", Some(token)).await;
        (answer.status, String::from_utf8(answer.body).unwrap())
    };
    let (code, told) = asked(&token).await;
    assert_eq!((code, told.trim()), (403, NO_RULE.split_once("RULE: ").unwrap().1));
    // Rules make collectors and viewers, who are known, and prove nothing.
    trusting.set(rule("web-ci", "web")).await.unwrap();
    let (code, told) = asked(&token).await;
    assert_eq!((code, told.starts_with("this needs the right to prove")), (403, true), "{told}");
    assert_eq!(asked(&format!("{token}A")).await.0, 401);
}
