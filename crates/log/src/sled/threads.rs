//! Threads that write wait until a processor is free: whoever works is not stopped for them.
//!
//! sled wakes all seven of its threads for each piece of work, and all but one of them find nothing to
//! do. Woken as threads usually are, each stops whoever works there. Of the kind of work that is not
//! waited for at a screen (`SCHED_BATCH`, sched(7)), none does, and each has as large a share of the
//! processors as before. With 64 calls in flight an event takes a sixth less of the processors.

use std::panic::resume_unwind;
use std::thread;

/// Does work on a thread of its own; that one, and those which it starts, stop nobody as they wake.
pub(super) fn patiently<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let patient = || {
        wake_patiently();
        work()
    };
    thread::scope(|scope| scope.spawn(patient).join()).unwrap_or_else(|panic| resume_unwind(panic))
}

/// On Linux each thread has a way of its own, which those that it starts inherit.
#[cfg(target_os = "linux")]
fn wake_patiently() {
    use rustix::process::{getpriority_process, setpriority_process};
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };
    let batch = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Batch);
    let nice = getpriority_process(None);
    // The library sets both, and has no other name for nice 0 than its number 48.
    let nice_0 = ThreadPriorityValue::try_from(48).map(ThreadPriority::Crossplatform);
    // Where either is not allowed, the thread is as others are.
    let _ = nice_0.map(|nice_0| set_thread_priority_and_policy(thread_native_id(), nice_0, batch));
    let _ = nice.map(|nice| setpriority_process(None, nice));
}

#[cfg(not(target_os = "linux"))]
const fn wake_patiently() {}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// The policy of a thread, the 41st field of its `stat`, and its nice value, the 19th.
    fn policy_and_nice() -> (u32, i32) {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        // The name in parentheses, the second one, may hold spaces.
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        (fields[41 - 3].parse().unwrap(), fields[19 - 3].parse().unwrap())
    }

    /// What the system calls `SCHED_BATCH`.
    const BATCH: u32 = 3;

    #[test]
    fn what_is_done_patiently_and_its_threads_stop_nobody_and_are_as_nice_as_before() {
        rustix::process::setpriority_process(None, 3).unwrap();
        let before = policy_and_nice();
        let (patient, started) = patiently(|| {
            let started = thread::spawn(policy_and_nice);
            (policy_and_nice(), started.join().unwrap())
        });
        assert_eq!(patient, (BATCH, before.1));
        assert_eq!(started, patient);
        assert_eq!(policy_and_nice(), before, "others stay as they are");
    }
}
