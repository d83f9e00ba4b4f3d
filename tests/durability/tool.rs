//! Tools of the system, and the mount namespace in which they work.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use crate::Outcome;

/// Says that this process has its own mount namespace already.
const APART: &str = "GRADUS_DURABILITY_APART";

/// Runs a tool of the system to its end.
pub(crate) fn run_tool(command: &mut Command) {
    let done = command.output().expect("the tool runs");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?} failed: {said}");
}

/// Goes on in a mount namespace of its own, which ends with this process and all its mounts;
/// returns only in there, or with the reason why there is none.
pub(crate) fn go_apart(needs: &[&str]) -> Option<Outcome> {
    if std::env::var_os(APART).is_some() {
        return None;
    }
    if let Some(reason) = missing(needs) {
        return Some(Outcome::Skipped(reason));
    }
    let this = std::env::current_exe().expect("the path of this program");
    let mut apart = Command::new("unshare");
    apart.args(["--mount", "--propagation", "private"]).arg(this);
    let error = apart.args(std::env::args_os().skip(1)).env(APART, "1").exec();
    Some(Outcome::Broken(vec![format!("unshare does not run: {error}")]))
}

/// What of the devices and tools is not here, or not allowed.
pub(crate) fn missing(needs: &[&str]) -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = |need: &&&str| {
        let mut folders = std::env::split_paths(&path);
        if need.starts_with('/') {
            Path::new(need).exists()
        } else {
            folders.any(|folder| folder.join(need).exists())
        }
    };
    if let Some(need) = needs.iter().find(|need| !found(need)) {
        return Some(format!("{need} is not there"));
    }
    if !needs.contains(&"unshare") {
        return None;
    }
    let apart = Command::new("unshare").args(["--mount", "true"]).output();
    let apart = apart.is_ok_and(|done| done.status.success());
    (!apart).then(|| "mounting is not allowed".to_owned())
}
