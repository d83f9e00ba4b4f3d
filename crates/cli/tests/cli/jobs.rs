//! Jobs that get their token from their build system by themselves: `--oidc`.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use expect_test::expect;
use rcgen::{KeyPair, PKCS_ED25519};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::claims::{ISSUER, base64, token};
use crate::program::{Home, Ran, Server};
use crate::tls::Folder;

/// Answers one request with `body`, and tells what was asked.
fn answer_one(
    body: String,
    status: &'static str,
    tls: Option<Arc<ServerConfig>>,
) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answered = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        match tls {
            None => exchange(stream, &body, status),
            Some(config) => {
                let connection = ServerConnection::new(config).unwrap();
                exchange(StreamOwned::new(connection, stream), &body, status)
            }
        }
    });
    (address, answered)
}

fn exchange(stream: impl Read + Write, body: &str, status: &str) -> String {
    let mut stream = BufReader::new(stream);
    let mut asked = String::new();
    while !asked.ends_with("\r\n\r\n") {
        // A client that does not trust this one leaves in the middle.
        match stream.read_line(&mut asked) {
            Ok(0) | Err(_) => return asked,
            Ok(_) => (),
        }
    }
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.get_mut().write_all(answer.as_bytes()).unwrap();
    stream.get_mut().flush().unwrap();
    asked
}

/// A server that trusts an issuer, and a token of it for a job.
struct Build {
    home: Home,
    server: Server,
    token: String,
}

impl Build {
    fn new() -> Self {
        let home = Home::new();
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let point = base64(key.public_key_raw());
        let keys = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": point }] });
        let path = home.path().join("jwks.json");
        std::fs::write(&path, keys.to_string()).unwrap();
        let path = path.display().to_string();
        let trust = [
            ("GRADUS_OIDC_ISSUER", ISSUER),
            ("GRADUS_OIDC_AUDIENCE", "gradus"),
            ("GRADUS_OIDC_JWKS", path.as_str()),
        ];
        let server = Server::start_with(&home, "warn", &trust);
        let build = Self { home, server, token: token(&key, "refs/heads/main") };
        let admin = build.server.admin();
        let set = "claim set ci --issuer https://ci.example --if repository_owner_id=815 \
                   --subject repository_id --role viewer --unit organization";
        let args: Vec<&str> = set.split_whitespace().collect();
        build.run(&args, &[("GRADUS_TOKEN_FILE", &admin)]).done();
        build
    }

    fn run(&self, args: &[&str], variables: &[(&str, &str)]) -> Ran {
        let address = [("GRADUS_SERVER", self.server.address.as_str())];
        let variables: Vec<_> = address.iter().chain(variables).copied().collect();
        let ran = self.home.run(args, &variables);
        assert!(!format!("{ran:?}").contains(&self.token), "the token is told");
        assert!(!format!("{ran:?}").contains("request-secret"), "the request's token is told");
        ran
    }

    fn whoami(&self, variables: &[(&str, &str)]) -> Value {
        let ran = self.run(&["whoami", "--output", "json"], variables);
        serde_json::from_str(&ran.done()).unwrap()
    }

    fn answer(&self) -> String {
        json!({ "value": self.token, "count": 7 }).to_string()
    }
}

#[test]
fn a_job_of_github_asks_for_a_token_with_its_audience() {
    let build = Build::new();
    let (address, answered) = answer_one(build.answer(), "200 OK", None);
    let url = format!("http://{address}/token?api-version=2.0");
    let me = build.whoami(&[
        ("GRADUS_OIDC", "github"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", &url),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-secret"),
    ]);
    assert_eq!(me["principal"]["name"], "ci:4711");
    assert_eq!(me["token_from"], "oidc github");
    let asked = answered.join().unwrap();
    let server = build.server.address.replace(':', "%3A").replace('/', "%2F");
    let line = format!("GET /token?api-version=2.0&audience={server} HTTP/1.1\r\n");
    assert!(asked.starts_with(&line), "{asked}");
    assert!(asked.contains("authorization: Bearer request-secret\r\n"), "{asked}");

    let (address, answered) = answer_one(build.answer(), "200 OK", None);
    let url = format!("http://{address}/token");
    let variables = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-secret"),
        // A flag comes before a variable.
        ("GRADUS_TOKEN", "gradus_service_x"),
    ];
    build.run(&["whoami", "--oidc", "github", "--audience", "my own"], &variables).done();
    let asked = answered.join().unwrap();
    assert!(asked.starts_with("GET /token?audience=my%20own HTTP/1.1\r\n"), "{asked}");
}

#[test]
fn the_token_of_a_job_is_asked_for_over_tls_of_an_authority_that_the_machine_trusts() {
    let build = Build::new();
    let folder = Folder::new();
    let certificate = CertificateDer::from_pem_file(folder.path("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.path("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    for (authorities, code) in [("ca.pem", 0), ("other.pem", 4)] {
        let (address, answered) = answer_one(build.answer(), "200 OK", Some(Arc::clone(&config)));
        let url = format!("https://localhost:{}/token", address.port());
        let trusted = folder.path(authorities).display().to_string();
        let ran = build.run(
            &["whoami", "--oidc", "github"],
            &[
                ("SSL_CERT_FILE", &trusted),
                ("ACTIONS_ID_TOKEN_REQUEST_URL", &url),
                ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-secret"),
            ],
        );
        assert_eq!(ran.code, code, "{ran:?}");
        let asked = answered.join().unwrap();
        assert_eq!(asked.contains("request-secret"), code == 0, "{asked}");
    }
}

#[test]
fn a_job_of_gitlab_and_one_with_a_file_have_their_token() {
    let build = Build::new();
    let gitlab = [("GRADUS_OIDC", "gitlab"), ("GRADUS_ID_TOKEN", build.token.as_str())];
    assert_eq!(build.whoami(&gitlab)["token_from"], "oidc gitlab:GRADUS_ID_TOKEN");
    let named = [("GRADUS_OIDC", "gitlab:MINE"), ("MINE", build.token.as_str())];
    assert_eq!(build.whoami(&named)["principal"]["name"], "ci:4711");
    let path = build.home.path().join("projected");
    std::fs::write(&path, &build.token).unwrap();
    let provider = format!("file:{}", path.display());
    let me = build.whoami(&[("GRADUS_OIDC", provider.as_str())]);
    assert_eq!(me["principal"]["name"], "ci:4711");
    assert_eq!(me["token_from"], format!("oidc {provider}"));
}

#[test]
fn what_stands_in_the_way_of_a_jobs_token_is_said_and_no_secret_is() {
    let build = Build::new();
    let github = |url: &str| {
        let variables = [
            ("ACTIONS_ID_TOKEN_REQUEST_URL", url),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-secret"),
        ];
        build.run(&["whoami", "--oidc", "github"], &variables)
    };
    let (refusing, _refused) = answer_one(String::new(), "403 Forbidden", None);
    let (wrong, _wrong) = answer_one("{\"value\": 3}".to_owned(), "200 OK", None);
    let (bare, _bare) = answer_one("{\"value\": \"secret\"}".to_owned(), "200 OK", None);
    let unset = |provider: &str| build.run(&["whoami", "--oidc", provider], &[]);
    let both = ["whoami", "--oidc", "github", "--token-file", "-"];
    let plain = ["whoami", "--oidc", "gitlab", "--server", "http://gradus.example:7350"];
    let ran = [
        unset("github"),
        unset("gitlab"),
        unset("file:nowhere"),
        unset("jenkins"),
        github("http://ci.example/token"),
        github(&format!("http://{refusing}/token")),
        github(&format!("http://{wrong}/token")),
        github(&format!("http://{bare}/token")),
        build.run(&both, &[]),
        build.run(&plain, &[("GRADUS_ID_TOKEN", build.token.as_str())]),
        build.run(&["login", "--oidc", "gitlab"], &[("GRADUS_ID_TOKEN", build.token.as_str())]),
    ];
    let told: Vec<String> =
        ran.iter().map(|ran| format!("{}: {}", ran.code, ran.err.trim_end())).collect();
    let told = told.join("\n").replace(&build.server.address, "SERVER");
    expect![[r#"
        4: gradus whoami: ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set: this job cannot ask for a token
        hint: give the job in its workflow: permissions: id-token: write
        4: gradus whoami: GRADUS_ID_TOKEN is not set: this job has no token of GitLab
        hint: give the job id_tokens: with GRADUS_ID_TOKEN: and aud: SERVER, or name another variable: --oidc gitlab:VARIABLE
        4: gradus whoami: nowhere: No such file or directory (os error 2)
        hint: --oidc file:PATH names the file that holds the token of this job
        2: error: invalid value 'jenkins' for '--oidc <PROVIDER>': it is one of github, gitlab, gitlab:VARIABLE and file:PATH

        For more information, try '--help'.
        4: gradus whoami: no token from the address in ACTIONS_ID_TOKEN_REQUEST_URL: the address has to begin with https://
        hint: GitHub sets the address in its jobs; a proxy or firewall may be in between
        4: gradus whoami: no token from the address in ACTIONS_ID_TOKEN_REQUEST_URL: the answer was 403 Forbidden
        hint: GitHub sets the address in its jobs; a proxy or firewall may be in between
        4: gradus whoami: no token from the address in ACTIONS_ID_TOKEN_REQUEST_URL: the answer holds none
        hint: GitHub sets the address in its jobs; a proxy or firewall may be in between
        4: gradus whoami: there is no token of an identity provider in the answer of GitHub
        hint: such a token has three parts with a dot between them (RFC 7519)
        2: gradus whoami: both --token-file and --oidc are given
        hint: say once where the token is
        2: gradus whoami: the token of this job (gitlab:GRADUS_ID_TOKEN) would go over the network unencrypted
        hint: give the server's address with https://, not http://gradus.example:7350
        2: gradus login: the token of a job ends with it, and is not kept
        hint: give --oidc with each command, or set GRADUS_OIDC: each then asks for its own"#]].assert_eq(&told);
}
