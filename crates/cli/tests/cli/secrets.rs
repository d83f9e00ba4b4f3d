//! That no secret is in what a server says, however much it is told to say.

use std::fmt::Write as _;
use std::path::Path;

use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::json;

use crate::claims::{ISSUER, base64, token};
use crate::program::{Home, Server};
use crate::tls::Folder;

/// The hexadecimal digits of SHA-256, as the server could print them.
fn hash(text: &str) -> String {
    gradus_proof::sha256(text.as_bytes()).to_string()
}

#[test]
fn neither_tokens_nor_their_hashes_are_in_the_log_of_a_server_that_logs_everything() {
    let home = Home::new();
    let server = Server::start(&home, "trace");
    let (address, admin) = (server.address.clone(), server.admin());
    let run = |args: &[&str], variables: &[(&str, &str)]| {
        let variables: Vec<_> =
            [("GRADUS_SERVER", address.as_str())].iter().chain(variables).copied().collect();
        home.run(args, &variables)
    };
    let operator = [("GRADUS_TOKEN_FILE", admin.as_str())];
    let issue = ["token", "issue", "scanner", "--kind", "service", "--output", "json"];
    let issued = run(&issue, &operator).done();
    let secret = |text: &str| {
        let at = text.find("gradus_service_").unwrap();
        text[at..].split('"').next().unwrap().to_owned()
    };
    let scanner = secret(&issued);
    let rotate = ["token", "rotate", "--output", "json"];
    let rotated = secret(&run(&rotate, &[("GRADUS_TOKEN", scanner.as_str())]).done());
    let wrong = format!("gradus_service_{}", "5".repeat(64));
    let revoke = ["token", "revoke", rotated.as_str(), "--yes"];
    let mut told = vec![
        run(&["whoami"], &[("GRADUS_TOKEN", rotated.as_str())]).err,
        run(&["whoami"], &[("GRADUS_TOKEN", wrong.as_str())]).err,
        run(&revoke, &operator).err,
        run(&["unit", "list", "--debug"], &operator).err,
        run(&["env"], &[("GRADUS_TOKEN", rotated.as_str())]).out,
    ];
    let known = std::fs::read_to_string(&admin).unwrap().trim().to_owned();
    let said = server.stop();
    assert!(said.len() > 10_000, "it did not say everything: {said}");
    assert!(said.contains("not authenticated"), "it says that somebody failed");
    told.push(said);
    for secret in [&known, &scanner, &rotated, &wrong] {
        for hidden in [secret.clone(), secret[secret.len() - 64..].to_owned(), hash(secret)] {
            let found = told.iter().find_map(|text| {
                text.lines().find(|line| line.contains(&hidden)).map(str::to_owned)
            });
            assert_eq!(found, None, "{hidden} is told");
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The pieces of a file of keys that would tell it: lines of PEM, or bytes in hexadecimal.
fn pieces(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap();
    let Ok(text) = std::str::from_utf8(&bytes) else {
        // The last bytes are a checksum.
        return bytes[bytes.len() / 2..].chunks_exact(16).take(2).map(hex).collect();
    };
    let told = |line: &&str| line.len() >= 24 && !line.contains("----");
    let found: Vec<String> = text.lines().filter(told).map(str::to_owned).collect();
    assert!(!found.is_empty(), "{} has no piece to look for", path.display());
    found
}

/// A server that speaks TLS, takes certificates and the tokens of an issuer, and says everything.
struct Talkative {
    home: Home,
    folder: Folder,
    issuer: KeyPair,
    server: Server,
    /// Whatever was printed.
    told: Vec<String>,
}

impl Talkative {
    fn new() -> Self {
        let (home, folder) = (Home::new(), Folder::new());
        folder.sign("ci", "ci", 2050);
        let issuer = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let point = base64(issuer.public_key_raw());
        let keys = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": point }] });
        folder.put("jwks.json", &keys.to_string());
        let path = |name: &str| folder.path(name).display().to_string();
        let (certificate, key, ca) = (path("server.pem"), path("server.key"), path("ca.pem"));
        let jwks = path("jwks.json");
        let variables = [
            ("GRADUS_TLS_CERTIFICATE", certificate.as_str()),
            ("GRADUS_TLS_KEY", &key),
            ("GRADUS_TLS_CLIENT_AUTHORITIES", &ca),
            ("GRADUS_OIDC_ISSUER", ISSUER),
            ("GRADUS_OIDC_AUDIENCE", "gradus"),
            ("GRADUS_OIDC_JWKS", &jwks),
        ];
        let server = Server::start_with(&home, "trace", &variables);
        Self { home, folder, issuer, server, told: Vec::new() }
    }

    /// Runs a command, and keeps what it says; its exit code, and its stdout.
    fn run(&mut self, line: &str, variables: &[(&str, &str)]) -> (i32, String) {
        let port = self.server.address.rsplit(':').next().unwrap();
        let address = format!("https://localhost:{port}");
        let ca = self.folder.path("ca.pem").display().to_string();
        let given = [("GRADUS_SERVER", address.as_str()), ("GRADUS_CA", &ca)];
        let all: Vec<_> = given.iter().chain(variables).copied().collect();
        let args: Vec<&str> = line.split_whitespace().chain(["--debug"]).collect();
        let ran = self.home.run(&args, &all);
        self.told.push(format!("{}{}", ran.out, ran.err));
        (ran.code, ran.out)
    }
}

#[test]
fn no_key_and_no_token_of_an_issuer_is_in_what_a_server_or_a_command_says() {
    let mut talk = Talkative::new();
    let admin = talk.server.admin();
    let operator = [("GRADUS_TOKEN_FILE", admin.as_str())];
    let path = |talk: &Talkative, name: &str| talk.folder.path(name).display().to_string();
    let [certificate, key, ca] = ["ci.pem", "ci.key", "ca.pem"].map(|name| path(&talk, name));
    let job = token(&talk.issuer, "refs/heads/main");
    let (message, signature) = job.rsplit_once('.').unwrap();
    let claims = message.split_once('.').unwrap().1;
    let forged = format!("{message}.{}", signature.chars().rev().collect::<String>());
    let unsigned = format!("{}.{claims}.", base64(br#"{"alg":"none","kid":"k"}"#));
    let stranger = token(&KeyPair::generate_for(&PKCS_ED25519).unwrap(), "refs/heads/main");

    for line in [
        "project register shop --team web",
        "principal add ci --kind service",
        &format!("certificate register ci {certificate}"),
        "role grant ci collector shop",
        "claim set jobs --issuer https://ci.example --if repository_owner_id=815 --subject \
         repository_id --role viewer --unit shop",
        "checkpoint",
        "events --output json",
    ] {
        assert_eq!(talk.run(line, &operator).0, 0, "{line}: {:?}", talk.told.last());
    }
    let mutual = [("GRADUS_CERTIFICATE", certificate.as_str()), ("GRADUS_CERTIFICATE_KEY", &key)];
    assert_eq!(talk.run("whoami", &mutual).0, 0, "{:?}", talk.told.last());
    assert_eq!(talk.run("whoami", &[("GRADUS_TOKEN", job.as_str())]).0, 0);
    assert_eq!(talk.run("whoami --oidc gitlab", &[("GRADUS_ID_TOKEN", job.as_str())]).0, 0);
    for wrong in [&forged, &unsigned, &stranger] {
        assert_eq!(talk.run("whoami", &[("GRADUS_TOKEN", wrong.as_str())]).0, 4);
        let by_job = [("GRADUS_ID_TOKEN", wrong.as_str())];
        assert_eq!(talk.run("whoami --oidc gitlab", &by_job).0, 4);
        // What is given in the wrong place is not repeated either.
        for line in
            ["token revoke TOKEN --yes", "token rotate TOKEN", "certificate revoke TOKEN --yes"]
        {
            assert_ne!(talk.run(&line.replace("TOKEN", wrong), &operator).0, 0, "{line}");
        }
        let file = talk.home.path().join("wrong.jwt");
        std::fs::write(&file, wrong).unwrap();
        assert_ne!(talk.run(&format!("claim test {}", file.display()), &operator).0, 0);
    }
    // Files that are mistaken for each other.
    talk.run("whoami", &[("GRADUS_TOKEN_FILE", key.as_str())]);
    talk.run("whoami", &[mutual[0], ("GRADUS_CERTIFICATE_KEY", ca.as_str())]);
    talk.run("whoami", &[("GRADUS_CERTIFICATE", key.as_str()), mutual[1]]);
    talk.run("whoami", &[("GRADUS_CA", key.as_str())]);
    talk.run("whoami", &[("GRADUS_CONFIG_FILE", key.as_str())]);
    talk.run(&format!("certificate register ci {key}"), &operator);
    talk.run(&format!("claim test {key}"), &operator);
    let cut: String = std::fs::read_to_string(&key).unwrap().chars().take(120).collect();
    talk.folder.put("cut.key", &cut);
    let cut = path(&talk, "cut.key");
    talk.run("whoami", &[mutual[0], ("GRADUS_CERTIFICATE_KEY", cut.as_str())]);
    let data = talk.home.path().join("other").display().to_string();
    let serve = format!("serve --listen 127.0.0.1:0 --data {data} --log-level trace");
    let server_key = path(&talk, "server.key");
    for (chain, key) in
        [(&server_key, &certificate), (&certificate, &cut), (&certificate, &server_key)]
    {
        let files = [("GRADUS_TLS_CERTIFICATE", chain.as_str()), ("GRADUS_TLS_KEY", key)];
        assert_ne!(talk.run(&serve, &files).0, 0, "{chain} {key}");
    }

    let data = talk.server.data.clone();
    let mut secrets: Vec<String> = [&job, &forged, &unsigned, &stranger]
        .map(|token| token.split('.').nth(1).unwrap().to_owned())
        .to_vec();
    secrets.extend([signature.to_owned(), stranger.rsplit('.').next().unwrap().to_owned()]);
    for file in ["server.key", "ci.key"] {
        secrets.extend(pieces(&talk.folder.path(file)));
    }
    let private = std::fs::read_to_string(data.join("checkpoint.key")).unwrap();
    // `PRIVATE+KEY+name+hash+key`: the key in base64 may hold a plus itself.
    secrets.push(private.trim().splitn(5, '+').last().unwrap().to_owned());
    assert!(secrets.iter().all(|secret| secret.len() >= 20), "too short to be looked for");
    for file in std::fs::read_dir(data.join("keys")).unwrap() {
        secrets.extend(pieces(&file.unwrap().path()));
    }
    let Talkative { server, mut told, .. } = talk;
    let said = server.stop();
    assert!(said.len() > 10_000 && said.contains("not authenticated"), "{said}");
    told.push(said);
    for secret in &secrets {
        let line = told.iter().flat_map(|text| text.lines()).find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is told");
    }
}
