//! `gradus claim`, and jobs that call with tokens of an identity provider, which nobody tells.

use expect_test::expect;
use rcgen::{KeyPair, PKCS_ED25519, SigningKey as _};
use serde_json::{Value, json};

use crate::program::{Home, Server};

pub(crate) const ISSUER: &str = "https://ci.example";

/// Text in base64url (RFC 4648, section 5) without padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let letter = bits >> (18 - 6 * place) & 63;
            text.push(char::from(LETTERS[letter as usize]));
        }
    }
    text
}

/// A token of a job on a branch, signed by a key.
pub(crate) fn token(key: &KeyPair, branch: &str) -> String {
    let now = gradus_server::system_clock()().micros() / 1_000_000;
    let claims = json!({
        "iss": ISSUER, "aud": "gradus", "iat": now, "exp": now + 300, "sub": "repo:acme/web",
        "repository": "acme/web", "repository_id": "4711", "repository_owner_id": "815",
        "ref": branch,
    });
    let header = r#"{"alg":"EdDSA","kid":"k"}"#;
    let message =
        format!("{}.{}", base64(header.as_bytes()), base64(claims.to_string().as_bytes()));
    let signature = base64(&key.sign(message.as_bytes()).unwrap());
    format!("{message}.{signature}")
}

#[test]
fn a_job_calls_with_a_token_that_nobody_tells() {
    let home = Home::new();
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let point = base64(key.public_key_raw());
    let keys = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": point }] });
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let keys = file("jwks.json", &keys.to_string());
    let trust = [
        ("GRADUS_OIDC_ISSUER", ISSUER),
        ("GRADUS_OIDC_AUDIENCE", "gradus"),
        ("GRADUS_OIDC_JWKS", keys.as_str()),
    ];
    let server = Server::start_with(&home, "trace", &trust);
    let (address, admin) = (server.address.clone(), server.admin());
    let run = |args: &[&str], variables: &[(&str, &str)]| {
        let variables: Vec<_> =
            [("GRADUS_SERVER", address.as_str())].iter().chain(variables).copied().collect();
        home.run(args, &variables)
    };
    let operator = [("GRADUS_TOKEN_FILE", admin.as_str())];
    let done = |args: &str| run(&args.split(' ').collect::<Vec<_>>(), &operator).done();
    done("unit register blue --kind team");
    let set = "claim set acme --issuer https://ci.example --if repository_owner_id=815 --if \
               ref=refs/heads/* --subject repository_id --role viewer --unit blue \
               --project-from repository";
    done(set);

    let good = token(&key, "refs/heads/main");
    let stranger = token(&key, "refs/pull/7/merge");
    let job = file("job.jwt", &good);
    let tried: Value =
        serde_json::from_str(&done(&format!("claim test {job} --output json"))).unwrap();
    assert_eq!(tried["rule"]["name"], "acme");
    assert_eq!(tried["unit"]["name"], "web");
    let who = run(&["whoami", "--output", "json"], &[("GRADUS_TOKEN_FILE", job.as_str())]).done();
    let who: Value = serde_json::from_str(&who).unwrap();
    assert_eq!(who["principal"]["name"], "acme:4711");
    assert_eq!(who["claims"]["rule"], "acme");
    assert_eq!(who["roles"][0]["unit"]["name"], "web");
    let refused = run(&["whoami", "--debug"], &[("GRADUS_TOKEN", stranger.as_str())]).err;
    assert!(refused.contains("no claim rule lets this token in"), "{refused}");

    let listed = done("claim list --output csv");
    let listed: Vec<&str> = listed.lines().map(|line| line.split(",20").next().unwrap()).collect();
    expect![[r#"
        rule,role,unit,conditions,subject,issuer,from,until
        acme,viewer,blue/{repository},ref=refs/heads/* repository_owner_id=815,repository_id,https://ci.example"#]].assert_eq(&listed.join("\n"));
    done("claim remove acme --yes");
    let removed = run(&["whoami"], &[("GRADUS_TOKEN", good.as_str())]).err;
    assert!(removed.contains("no claim rule lets this token in"), "{removed}");

    let said = [server.stop(), refused, removed].concat();
    assert!(said.len() > 10_000, "it did not say everything: {said}");
    for token in [&good, &stranger] {
        for part in token.split('.').skip(1) {
            let found = said.lines().find(|line| line.contains(part));
            assert_eq!(found, None, "a part of a token is told");
        }
    }
}
