//! That no secret is in what a server says, however much it is told to say.

use crate::program::{Home, Server};

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
