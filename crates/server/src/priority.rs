//! Which threads give way to which.

/// By how much the threads that answer calls give way: nice, of which 19 is the most.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// The runtime that a server is to run on.
///
/// Its threads answer calls, fold and project; they give way to the few that write the log, which
/// everybody waits for and which do little. Where processors are short, a group would else wait for
/// its share of them at each step of its way to the disk.
#[must_use]
pub fn runtime() -> tokio::runtime::Builder {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    #[cfg(target_os = "linux")]
    builder.on_thread_start(|| {
        // Where that is not allowed, they are as the others. On Linux a thread has its own.
        let _ = rustix::process::setpriority_process(None, NICE);
    });
    builder
}
