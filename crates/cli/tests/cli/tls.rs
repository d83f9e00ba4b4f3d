//! The command line over TLS: whom it trusts, whom it stands for, and what it says when that fails.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use expect_test::{Expect, expect};
use gradus_server::tls::ClientCertificates;
use gradus_server::{Running, Settings, system_clock};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tempfile::TempDir;

/// A folder with an authority, what it signed, and the data of a server.
pub(crate) struct Folder {
    folder: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Self { folder: tempfile::tempdir().unwrap(), authority: authority("ours") };
        folder.put("ca.pem", &folder.authority.pem());
        folder.put("other.pem", &authority("other").pem());
        folder.sign("localhost", "server", 2050);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Signs a certificate for a name, into a file of its own with its key beside it.
    pub(crate) fn sign(&self, name: &str, file: &str, until: i32) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        self.put(&format!("{file}.pem"), &certificate.pem());
        self.put(&format!("{file}.key"), &key.serialize_pem());
    }

    fn settings(&self, data: &str) -> Settings {
        Settings {
            data: self.path(data),
            listen: "127.0.0.1:0".parse().unwrap(),
            ..Settings::default()
        }
    }

    pub(crate) async fn secure(&self) -> Running {
        self.secure_with(None).await
    }

    async fn secure_with(&self, certificates: Option<ClientCertificates>) -> Running {
        let settings = Settings {
            tls_client_certificates: certificates,
            tls_certificate: Some(self.path("server.pem")),
            tls_key: Some(self.path("server.key")),
            tls_client_authorities: Some(self.path("ca.pem")),
            ..self.settings("data")
        };
        Box::pin(gradus_server::start(&settings, system_clock())).await.unwrap()
    }

    /// The command line in this folder, where no setting of the machine is seen; what stands in
    /// single quotes is one argument.
    pub(crate) fn gradus(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gradus"));
        command.env_clear().env("HOME", self.folder.path());
        command.env("XDG_CONFIG_HOME", self.path("config"));
        // The authorities of this machine are a file of ours.
        command.env("SSL_CERT_FILE", self.path("other.pem"));
        for (number, part) in args.split('\'').enumerate() {
            if number % 2 == 1 {
                command.arg(part);
            } else {
                command.args(part.split_whitespace());
            }
        }
        command.current_dir(self.folder.path());
        command
    }

    /// What a run comes to: the exit code, and what it said.
    async fn run(&self, args: &str) -> (i32, String) {
        self.run_with(args, &[]).await
    }

    async fn run_with(&self, args: &str, variables: &[(&str, &str)]) -> (i32, String) {
        let mut command = self.gradus(args);
        command.envs(variables.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let said = if output.status.success() { output.stdout } else { output.stderr };
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    }
}

/// The value of a key in JSON.
pub(crate) fn value(json: &str, path: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    json.pointer(path).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_server_is_trusted_by_the_authority_that_is_named() {
    let folder = Folder::new();
    let running = folder.secure().await;
    let server = format!("--server https://localhost:{}", running.address.port());
    let whoami = format!("{server} --token-file data/admin.token --output json whoami");
    let (code, said) = folder.run(&format!("--ca ca.pem {whoami}")).await;
    assert_eq!((code, value(&said, "/principal/name")), (0, "operator".to_owned()), "{said}");

    for variable in ["GRADUS_CA", "SSL_CERT_FILE"] {
        let (code, said) = folder.run_with(&whoami, &[(variable, "ca.pem")]).await;
        assert_eq!(code, 0, "by {variable}: {said}");
    }
    folder.put("mine.toml", "ca = \"ca.pem\"");
    let (code, said) = folder.run(&format!("--config-file mine.toml {whoami}")).await;
    assert_eq!(code, 0, "by a file: {said}");
    running.stop().await.unwrap();
}

/// Runs a command that fails, and compares what it says; ports are left out.
async fn check(folder: &Folder, args: &str, port: u16, expected: Expect) {
    let (code, said) = folder.run(args).await;
    expected.assert_eq(&format!("{code} {}", said.replace(&port.to_string(), "PORT")));
}

#[tokio::test]
async fn who_cannot_be_trusted_is_told_with_what_to_do() {
    let folder = Folder::new();
    let running = folder.secure().await;
    let port = running.address.port();
    let token = "--token-file data/admin.token";
    let localhost = format!("--server https://localhost:{port} {token}");
    let check = async |args: &str, expected| check(&folder, args, port, expected).await;
    check(&format!("{localhost} whoami"), expect![[r#"
        6 gradus whoami: no connection to https://localhost:PORT: its certificate is of an authority that is not trusted here
        hint: name the PEM file of that authority with --ca
    "#]]).await;
    check(&format!("{localhost} --ca other.pem whoami"), expect![[r#"
        6 gradus whoami: no connection to https://localhost:PORT: its certificate is of an authority that is not trusted here
        hint: name the PEM file of that authority with --ca
    "#]]).await;
    check(&format!("--server https://127.0.0.1:{port} {token} --ca ca.pem whoami"), expect![[r#"
        6 gradus whoami: no connection to https://127.0.0.1:PORT: its certificate is not for `127.0.0.1`, but for localhost
        hint: give --server a name of the certificate, or have it made for this name
    "#]])
        .await;
    check(
        &format!("--server http://localhost:{port} {token} whoami"),
        expect![[r#"
            6 gradus whoami: no connection to http://localhost:PORT: it speaks TLS there
            hint: write https://localhost:PORT
        "#]],
    )
    .await;
    check(
        &format!("{localhost} --ca nothing.pem whoami"),
        expect![[r#"
        1 gradus whoami: nothing.pem: No such file or directory (os error 2)
    "#]],
    )
    .await;
    check(
        &format!("{localhost} --ca server.key whoami"),
        expect![[r#"
        2 gradus whoami: server.key has no certificate in PEM
        hint: name a file with BEGIN CERTIFICATE
    "#]],
    )
    .await;
    check(
        &format!("{localhost} --ca ca.pem --certificate ca.pem whoami"),
        expect![[r#"
        2 gradus whoami: --certificate is given, but --certificate-key is not
        hint: a client certificate needs both
    "#]],
    )
    .await;
    check(
        &format!(
            "{localhost} --ca ca.pem --certificate ca.pem --certificate-key server.key whoami"
        ),
        expect![[r#"
            2 gradus whoami: TLS cannot be set up: keys may not be consistent: KeyMismatch
            hint: --certificate must be of X.509 version 3, and --certificate-key its key
        "#]],
    )
    .await;

    folder.sign("localhost", "server", 2020);
    running.look_at_tls().await.unwrap();
    check(&format!("{localhost} --ca ca.pem whoami"), expect![[r#"
        6 gradus whoami: no connection to https://localhost:PORT: its certificate ended on 2020-01-01T00:00:00Z
        hint: have it renewed, unless the clock of this machine is wrong
    "#]]).await;
    folder.put("server.pem", &folder.authority.pem());
    folder.put("server.key", &folder.authority.key().serialize_pem());
    running.look_at_tls().await.unwrap();
    check(&format!("{localhost} --ca ca.pem whoami"), expect![[r#"
        6 gradus whoami: no connection to https://localhost:PORT: its certificate is that of an authority itself
        hint: have the server show one that the authority signed, with CA:FALSE
    "#]]).await;
    running.stop().await.unwrap();

    let plain = folder.settings("plain");
    let running = Box::pin(gradus_server::start(&plain, system_clock())).await.unwrap();
    let port = running.address.port();
    let args = format!("--server https://localhost:{port} --ca ca.pem whoami");
    self::check(
        &folder,
        &args,
        port,
        expect![[r#"
        6 gradus whoami: no connection to https://localhost:PORT: it speaks no TLS there
        hint: write http:// in place of https://
    "#]],
    )
    .await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_certificate_that_is_not_taken_is_told_with_what_to_do() {
    let folder = Folder::new();
    let running = folder.secure_with(Some(ClientCertificates::Required)).await;
    let port = running.address.port();
    let server = format!("--server https://localhost:{port} --ca ca.pem");
    let stranger = rcgen::generate_simple_self_signed(["stranger".to_owned()]).unwrap();
    folder.put("stranger.pem", &stranger.cert.pem());
    folder.put("stranger.key", &stranger.signing_key.serialize_pem());
    folder.sign("past", "past", 2020);
    let shows = |name: &str| {
        format!("{server} --certificate {name}.pem --certificate-key {name}.key whoami")
    };
    check(
        &folder,
        &format!("{server} whoami"),
        port,
        expect![[r#"
            6 gradus whoami: no connection to https://localhost:PORT: it takes no connection without a client certificate
            hint: name yours with --certificate and --certificate-key
        "#]],
    )
    .await;
    check(
        &folder,
        &shows("stranger"),
        port,
        expect![[r#"
            6 gradus whoami: no connection to https://localhost:PORT: the client certificate is of an authority that it does not take
            hint: name one of another authority with --certificate, or have the authority added there
        "#]],
    )
    .await;
    check(
        &folder,
        &shows("past"),
        port,
        expect![[r#"
            6 gradus whoami: no connection to https://localhost:PORT: the client certificate is not valid now
            hint: have it renewed, unless the clock of one of the two machines is wrong
        "#]],
    )
    .await;
    check(
        &folder,
        &shows("server"),
        port,
        expect![[r#"
        4 gradus whoami: the client certificate is refused
        hint: have it registered for you: gradus certificate register PRINCIPAL FILE
    "#]],
    )
    .await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_certificate_is_registered_used_and_revoked() {
    let folder = Folder::new();
    folder.sign("ci", "ci", 2050);
    let running = folder.secure().await;
    let server = format!("--server https://localhost:{} --ca ca.pem", running.address.port());
    let operator = format!("{server} --token-file data/admin.token --output json");
    let ci = format!("{server} --certificate ci.pem --certificate-key ci.key --output json");
    let (code, said) = folder.run(&format!("{ci} whoami")).await;
    assert_eq!((code, value(&said, "/reason")), (4, "CERTIFICATE_REFUSED".to_owned()), "{said}");
    folder.run(&format!("{operator} principal add ci --kind service")).await;
    let (code, said) = folder.run(&format!("{operator} certificate register ci ci.pem")).await;
    let key = value(&said, "/certificate/key");
    assert!(code == 0 && key.len() == 64, "{said}");

    let (code, said) = folder.run(&format!("{ci} whoami")).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(value(&said, "/principal/name"), "ci");
    assert_eq!(value(&said, "/grade"), "mtls");
    assert_eq!(value(&said, "/certificate/key"), key);
    let (_, said) = folder.run(&format!("{operator} certificate list")).await;
    assert_eq!(value(&said, "/certificates/0/principal"), "ci", "{said}");
    assert_eq!(value(&said, "/certificates/0/certificate/key"), key, "{said}");

    // A file with the private key in it: only the certificate leaves the machine.
    let both = std::fs::read_to_string(folder.path("ci.key")).unwrap()
        + &std::fs::read_to_string(folder.path("ci.pem")).unwrap();
    folder.put("both.pem", &both);
    let dry = format!("{operator} certificate register ci both.pem --dry-run=client");
    let (_, said) = folder.run(&dry).await;
    let sent = value(&said, "/certificate");
    let der = rustls_der(&folder.path("ci.pem"));
    assert_eq!(sent, der, "{said}");

    let (code, said) = folder.run(&format!("{operator} certificate revoke {key} --yes")).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(folder.run(&format!("{ci} whoami")).await.0, 4);
    running.stop().await.unwrap();
}

/// The DER of the certificate in a file, in hexadecimal.
fn rustls_der(path: &Path) -> String {
    let der = gradus_cli::tls::first_certificate(path).unwrap();
    gradus_model::ids::hex(&der)
}

/// A server in a process of its own, which is killed at the end.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn serve_speaks_tls_and_looks_at_its_files_when_it_is_hung_up() {
    let folder = Folder::new();
    let mut command = folder.gradus(
        "serve --data data --listen 127.0.0.1:0 --tls-certificate server.pem --tls-key server.key",
    );
    let mut process = Process(command.stderr(Stdio::piped()).spawn().unwrap());
    let mut said = BufReader::new(process.0.stderr.take().unwrap()).lines();
    let mut until = |text: &str| {
        let line = said.by_ref().map(Result::unwrap).find(|line| line.contains(text));
        line.unwrap_or_else(|| panic!("it never said {text}"))
    };
    let serving = until("Serving on https://");
    let address = serving.split(' ').nth(2).unwrap();
    let server = address.replace("127.0.0.1", "localhost");
    let whoami = format!("--server {server} --ca ca.pem --token-file data/admin.token whoami");
    assert_eq!(folder.run(&whoami).await.0, 0);

    folder.sign("localhost", "server", 2050);
    until("new connections use the new TLS files");
    assert_eq!(folder.run(&whoami).await.0, 0, "it sees by itself what changed");

    folder.put("server.pem", "nothing");
    let hang_up = ["-HUP".to_owned(), process.0.id().to_string()];
    assert!(Command::new("kill").args(&hang_up).status().unwrap().success());
    let error = until("cannot be used");
    assert!(error.contains("server.pem: it has no certificate in PEM"), "{error}");
    assert_eq!(folder.run(&whoami).await.0, 0, "the one before stays in use");

    folder.sign("localhost", "server", 2050);
    assert!(Command::new("kill").args(&hang_up).status().unwrap().success());
    until("new connections use the new TLS files");
    assert_eq!(folder.run(&whoami).await.0, 0);
}

#[tokio::test]
async fn serve_warns_where_tokens_would_cross_the_network_in_the_clear() {
    let folder = Folder::new();
    for (listen, warned) in [("127.0.0.1:0", false), ("0.0.0.0:0", true)] {
        let mut command = folder.gradus(&format!("serve --data data --listen {listen}"));
        let mut process = Process(command.stderr(Stdio::piped()).spawn().unwrap());
        let said = BufReader::new(process.0.stderr.take().unwrap()).lines().map(Result::unwrap);
        let said: Vec<String> = said.take_while(|line| !line.starts_with("Serving on")).collect();
        assert_eq!(said.iter().any(|line| line.contains("NO TLS")), warned, "{said:#?}");
    }
}
