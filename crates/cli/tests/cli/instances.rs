//! `gradus review link --instance`, and where it shows.

use crate::program::{Home, Ran, Server};

#[test]
fn an_item_is_linked_to_process_instances_and_shows_them() {
    let home = Home::new();
    let server = Server::start(&home, "warn");
    let admin = server.admin();
    let variables =
        [("GRADUS_SERVER", server.address.as_str()), ("GRADUS_TOKEN_FILE", admin.as_str())];
    let run = |line: &str| -> Ran {
        let args: Vec<&str> = line.split(' ').collect();
        home.run(&args, &variables)
    };
    run("unit adopt-rules organization solo --since 2026-01-01").done();
    run("project register alpha --since 2026-01-01").done();
    run("submit --project alpha --kind policy --outcome supports --strength direct --practice BP.10.01 \
         --work-to 2026-10-01 --source handbook --source-id v1 --instance web")
    .done();
    let item = "--project alpha source=handbook id=v1";
    run(&format!("review accept {item}")).done();
    run(&format!("review link {item} --practice BP.10.02 --instance line-1 --instance line-2"))
        .done();
    run(&format!("review unlink {item} --instance web --instance line-2")).done();

    let shown = run(&format!("review show {item}")).done();
    assert!(shown.contains("instances\tline-1\n"), "{shown}");
    assert!(shown.contains("BP.10.02"), "{shown}");
    let matrix = run("review matrix --project alpha --output json").done();
    assert!(matrix.contains("\"line-1\"") && !matrix.contains("\"web\""), "{matrix}");
    let explained = run("explain alpha PA10 --output json").done();
    assert!(explained.contains("line-1"), "{explained}");
    let events = run("events --unit alpha --output jsonl").done();
    for event in ["evidence-linked", "evidence-instance-linked", "evidence-instance-unlinked"] {
        assert!(events.contains(&format!("\"{event}\"")), "no {event} in {events}");
    }
    let neither = run(&format!("review link {item}"));
    assert_eq!(neither.code, 2, "{neither:?}");
    assert!(neither.err.contains("--practice <PRACTICE>"), "{}", neither.err);
}
