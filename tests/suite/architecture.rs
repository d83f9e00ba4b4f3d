//! The rules about the code itself: which crate may know which, and what no file may hold.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A source file, by its path from the workspace on.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The crate that it belongs to.
    fn of(&self) -> &str {
        self.path.split('/').nth(1).unwrap_or_default()
    }

    /// The code outside of comments and of the tests at the end of the file.
    fn code(&self) -> String {
        let code = self.text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The words of the code, so that `sledge` does not name `sled`.
    fn words(&self) -> BTreeSet<String> {
        let code = self.code();
        let words = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.map(ToOwned::to_owned).collect()
    }

    fn is_a_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.path.contains("/tests/") || ["tests.rs", "contract.rs"].contains(&name)
    }
}

fn read(folder: &Path, into: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            read(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            into.push(Source { path: name, text: fs::read_to_string(&path).unwrap() });
        }
    }
}

/// Every source file of the workspace, in the order of paths.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for crate_ in crates() {
        read(&root().join("crates").join(crate_).join("src"), &mut found);
    }
    read(&root().join("tests").join("suite"), &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(found.len() > 100, "{} files", found.len());
    found
}

fn crates() -> Vec<String> {
    let entries = fs::read_dir(root().join("crates")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| root().join("crates").join(name).join("Cargo.toml").exists())
        .collect();
    names.sort();
    names
}

/// The lines of a manifest's `[dependencies]` that name something.
fn dependencies(crate_: &str) -> BTreeSet<String> {
    let manifest = root().join("crates").join(crate_).join("Cargo.toml");
    let manifest = fs::read_to_string(manifest).unwrap();
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let named = |line: &str| {
        let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
        Some(name.to_owned()).filter(|name| !name.is_empty() && !name.starts_with('#'))
    };
    section.lines().filter_map(named).collect()
}

#[test]
fn dependencies_point_one_way() {
    let mut graph = String::new();
    for crate_ in crates() {
        let ours = dependencies(&crate_);
        let ours = ours.iter().filter_map(|name| name.strip_prefix("gradus-"));
        let ours: Vec<&str> = ours.collect();
        let ours = if ours.is_empty() { "nothing".to_owned() } else { ours.join(", ") };
        writeln!(graph, "{crate_} uses {ours}").unwrap();
    }
    expect![[r#"
        archive uses model, proof
        capsule uses domain, model, proof
        cli uses archive, collect, model, proof, server, wire
        collect uses model
        domain uses model
        log uses model, proof
        model uses nothing
        projection uses domain, model
        proof uses model
        server uses archive, domain, log, model, projection, proof, service, wire
        service uses archive, capsule, domain, log, model, projection, proof
        wire uses nothing
    "#]]
    .assert_eq(&graph);
}

/// Asserts that no file but those allowed names one of these words in its code.
fn check(words: &[&str], allowed: impl Fn(&Source) -> bool) {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !allowed(source)) {
        let said = source.words();
        wrong.extend(
            words
                .iter()
                .filter(|word| said.contains(**word))
                .map(|word| format!("{}: {word}", source.path)),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn is_of_tests(source: &Source) -> bool {
    source.path.starts_with("tests/")
}

#[test]
fn only_the_engine_names_sled() {
    check(&["sled"], |source| {
        let engine = ["crates/log/src/sled", "crates/projection/src/store"];
        let at_the_door = source.path == "crates/log/src/lib.rs";
        engine.iter().any(|part| source.path.starts_with(part))
            || at_the_door
            || is_of_tests(source)
    });
    let users: Vec<String> =
        crates().into_iter().filter(|name| dependencies(name).contains("sled")).collect();
    assert_eq!(users, ["log", "projection"]);
}

#[test]
fn only_wire_server_and_cli_know_grpc() {
    let shells = ["wire", "server", "cli"];
    check(&["tonic", "prost", "prost_types", "tonic_types", "gradus_wire"], |source| {
        shells.contains(&source.of()) || is_of_tests(source)
    });
    for crate_ in crates().iter().filter(|name| !shells.contains(&name.as_str())) {
        let grpc = |name: &String| name.starts_with("tonic") || name.starts_with("prost");
        let found: Vec<String> = dependencies(crate_).into_iter().filter(grpc).collect();
        assert!(found.is_empty(), "{crate_} depends on {found:?}");
    }
}

/// The crates that take values and return values.
const PURE: [&str; 5] = ["model", "domain", "proof", "capsule", "collect"];

#[test]
fn the_core_is_pure() {
    for source in sources().iter().filter(|source| PURE.contains(&source.of())) {
        let code = source.code();
        for word in [
            "std::time",
            "std::fs",
            "std::net",
            "std::env",
            "std::thread",
            "std::process",
            "tokio",
            "rand::",
            "getrandom",
            "tracing::",
            "SystemTime",
            "Instant",
            "async fn",
            "println!",
        ] {
            assert!(!code.contains(word), "{} names {word}", source.path);
        }
    }
    for crate_ in PURE {
        for shell in ["tokio", "tracing", "getrandom", "rand", "rustix", "futures-core"] {
            assert!(!dependencies(crate_).contains(shell), "{crate_} depends on {shell}");
        }
    }
}

#[test]
fn what_is_folded_has_an_order_and_no_rounding() {
    let folding = [&PURE[..4], &["projection"]].concat();
    for source in sources().iter().filter(|source| folding.contains(&source.of())) {
        let said = source.words();
        for word in ["HashMap", "HashSet", "f32", "f64"] {
            assert!(!said.contains(word), "{} names {word}", source.path);
        }
    }
}

#[test]
fn the_log_does_not_know_the_rules() {
    check(&["gradus_domain"], |source| source.of() != "log" && source.of() != "proof");
}

#[test]
fn files_are_short_enough_to_be_read() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > 500 {
            wrong.push(format!("{} has {lines} lines: split it", source.path));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_says_what_it_is() {
    for source in sources() {
        assert!(source.text.starts_with("//! "), "{} has no header", source.path);
    }
}

#[test]
fn outside_of_tests_nothing_waits_by_sleeping_in_the_suite() {
    for source in sources().iter().filter(|source| is_of_tests(source)) {
        let sleeps = ["thread::", "time::"].map(|of| format!("{of}sleep"));
        for sleep in sleeps {
            assert!(!source.code().contains(&sleep), "{} sleeps", source.path);
        }
        assert!(!source.is_a_test() || source.path.starts_with("tests/"), "{}", source.path);
    }
}
