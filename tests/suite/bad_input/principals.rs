//! Principals and tokens that cannot be.

use expect_test::expect;
use gradus_wire::v1 as wire;

use super::{NOBODY, check};
use crate::authority::Authority;
use crate::running::{System, on};

#[tokio::test]
async fn principals_and_tokens_name_what_is_there() {
    let system = System::new().await;
    system.token("scanner", wire::PrincipalKind::Service).await;
    system.token("gone", wire::PrincipalKind::Person).await;
    let mut client = system.operator.principals.clone();
    let disable = |principal: &str| wire::DisablePrincipalRequest {
        principal: principal.to_owned(),
        ..Default::default()
    };
    client.disable_principal(disable("gone")).await.unwrap();
    let again = client.disable_principal(disable("gone")).await.unwrap().into_inner();
    assert!(again.receipt.unwrap().events.is_empty(), "it is so already");

    let add = |name: &str, kind: i32| wire::AddPrincipalRequest {
        append: None,
        name: name.to_owned(),
        kind,
    };
    let issue = |principal: &str, expires_at: &str| wire::IssueTokenRequest {
        append: None,
        principal: principal.to_owned(),
        expires_at: on(expires_at),
        ..Default::default()
    };
    let rotate =
        |token: &str| wire::RotateTokenRequest { token: token.to_owned(), ..Default::default() };
    let hour = prost_types::Duration { seconds: 3_600, nanos: 0 };
    let twice = wire::IssueTokenRequest { lifetime: Some(hour), ..issue("scanner", "2027-01-01") };
    let back = prost_types::Duration { seconds: -1, nanos: 0 };
    let backwards = wire::RotateTokenRequest { grace: Some(back), ..Default::default() };
    let month = prost_types::Duration { seconds: 31 * 86_400, nanos: 0 };
    let long = wire::RotateTokenRequest { grace: Some(month), ..Default::default() };
    let revoke =
        |token: &str| wire::RevokeTokenRequest { token: token.to_owned(), ..Default::default() };
    let leaf = Authority::new("clients").signs("scanner");
    let certify = |principal: &str, certificate: &[u8]| wire::RegisterCertificateRequest {
        append: None,
        principal: principal.to_owned(),
        certificate: certificate.to_vec(),
        expires_at: None,
    };
    let uncertify =
        |key: &str| wire::RevokeCertificateRequest { key: key.to_owned(), ..Default::default() };
    let rows = vec![
        row!("no name", client, add_principal, add("", 1)),
        row!("a mail address", client, add_principal, add("ann@example.org", 1)),
        row!("no kind", client, add_principal, add("ann", 0)),
        row!("unknown kind", client, add_principal, add("ann", 4)),
        row!("Gradus itself", client, add_principal, add("ann", 3)),
        row!("a name that is taken", client, add_principal, add("scanner", 1)),
        row!("a token for nobody", client, issue_token, issue("nobody", "2027-01-01")),
        row!("a token for a disabled one", client, issue_token, issue("gone", "2027-01-01")),
        row!("a token that is past", client, issue_token, issue("scanner", "2026-06-01")),
        row!("a token that lasts too long", client, issue_token, issue("scanner", "2027-07-01")),
        row!("a token that ends in two ways", client, issue_token, twice),
        row!("a rotation of nothing", client, rotate_token, rotate(NOBODY)),
        row!("a rotation of what is no id", client, rotate_token, rotate("gradus_x")),
        row!("a grace that is over", client, rotate_token, backwards),
        row!("a grace of a month", client, rotate_token, long),
        row!("an unknown token", client, revoke_token, revoke(NOBODY)),
        row!("a token that is no id", client, revoke_token, revoke("gradus_x")),
        row!(
            "a certificate for nobody",
            client,
            register_certificate,
            certify("nobody", &leaf.der)
        ),
        row!("no certificate", client, register_certificate, certify("scanner", b"")),
        row!("what is no certificate", client, register_certificate, certify("scanner", b"PEM")),
        row!("a long one", client, register_certificate, certify("scanner", &[0; 65_537])),
        row!("an unknown key", client, revoke_certificate, uncertify(&"0".repeat(64))),
        row!("a key that is no digest", client, revoke_certificate, uncertify(NOBODY)),
        row!("nobody to disable", client, disable_principal, disable("nobody")),
    ];
    check(&system, rows, &expect![[r#"
        no name | InvalidArgument INVALID_FIELD [name]: `name`: `` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        a mail address | InvalidArgument INVALID_FIELD [name]: `name`: `ann@example.org` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        no kind | InvalidArgument INVALID_FIELD [kind]: `kind`: it is missing and must be given
        unknown kind | InvalidArgument INVALID_FIELD [kind]: `kind`: 4 is no value of this enumeration
        Gradus itself | InvalidArgument INVALID_FIELD [kind]: `kind`: `system` is Gradus itself: use person or service
        a name that is taken | AlreadyExists PRINCIPAL_NAME_TAKEN: the name `scanner` belongs to another principal: choose another one
        a token for nobody | NotFound PRINCIPAL_UNKNOWN: principal `nobody` is unknown
        a token for a disabled one | FailedPrecondition PRINCIPAL_DISABLED: principal `ID` was disabled
        a token that is past | InvalidArgument IN_THE_PAST [expires_at]: `expires_at` is 2026-06-01T00:00:00Z, which is past: give a later time
        a token that lasts too long | InvalidArgument TOO_LATE [expires_at]: `expires_at` ends at 2027-07-01T00:00:00Z: 2027-06-02T12:00:00Z is the latest that is allowed
        a token that ends in two ways | InvalidArgument INVALID_FIELD [lifetime]: `lifetime`: give one of `expires_at`, `lifetime` and `no_expiry`, or none of them
        a rotation of nothing | NotFound TOKEN_UNKNOWN: token `00000000-0000-4000-8000-000000000000` is unknown
        a rotation of what is no id | InvalidArgument INVALID_FIELD [token]: `token`: it is no token id: 32 hexadecimal digits, as in a UUID, are needed
        a grace that is over | InvalidArgument INVALID_FIELD [grace]: `grace`: -1 s and 0 ns are no span of time: give 0 or more of each
        a grace of a month | InvalidArgument TOO_LATE [grace]: `grace` ends at 2026-07-02T12:00:00Z: 2026-07-01T12:00:00Z is the latest that is allowed
        an unknown token | NotFound TOKEN_UNKNOWN: token `00000000-0000-4000-8000-000000000000` is unknown
        a token that is no id | InvalidArgument INVALID_FIELD [token]: `token`: it is no token id: 32 hexadecimal digits, as in a UUID, are needed
        a certificate for nobody | NotFound PRINCIPAL_UNKNOWN: principal `nobody` is unknown
        no certificate | InvalidArgument INVALID_FIELD [certificate]: `certificate`: it is no X.509 certificate, version 3, in DER
        what is no certificate | InvalidArgument INVALID_FIELD [certificate]: `certificate`: it is no X.509 certificate, version 3, in DER
        a long one | InvalidArgument INVALID_FIELD [certificate]: `certificate`: it has 65537 bytes, at most 65536 are allowed
        an unknown key | NotFound CERTIFICATE_UNKNOWN: certificate `0000000000000000000000000000000000000000000000000000000000000000` is unknown
        a key that is no digest | InvalidArgument INVALID_FIELD [key]: `key`: `00000000-0000-4000-8000-000000000000` is no digest: 64 hexadecimal digits are needed
        nobody to disable | NotFound PRINCIPAL_UNKNOWN: principal `nobody` is unknown
    "#]]).await;
}
