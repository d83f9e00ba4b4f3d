//! What a disk that fails is told as.

use std::io;
use std::path::PathBuf;

use gradus_service::directory::{DirectoryError, FileError, Step};
use gradus_service::keys::KeyError;

use super::*;

#[test]
fn a_disk_that_is_full_or_fails_is_not_told_as_a_fault_of_the_server() {
    let file = |source| FileError { step: Step::Sync, path: PathBuf::from("/d/k"), source };
    let full = || file(io::Error::from_raw_os_error(28));
    let broken = || file(io::Error::from_raw_os_error(5));
    let quota = || file(io::Error::from_raw_os_error(122));
    let earlier = || file(io::Error::other("an earlier sync failed"));
    let unread = |reason: &str| LogError::Storage(reason.to_owned()).into();
    for (error, code, reason) in [
        (KeyError::File(full()).into(), Code::ResourceExhausted, "NO_ROOM"),
        (KeyError::File(quota()).into(), Code::ResourceExhausted, "NO_ROOM"),
        (KeyError::File(broken()).into(), Code::Unavailable, "DISK_FAILED"),
        (HoldError::File(earlier()).into(), Code::Unavailable, "DISK_FAILED"),
        (HoldError::File(full()).into(), Code::ResourceExhausted, "NO_ROOM"),
        (DirectoryError::File(broken()).into(), Code::Unavailable, "DISK_FAILED"),
        (unread("IO error: Input/output error (os error 5)"), Code::Unavailable, "DISK_FAILED"),
        (unread("a page cannot be read back from byte 7"), Code::Internal, "FAULT"),
        (ServiceError::Fault("a bug"), Code::Internal, "FAULT"),
    ] {
        let told = status(&error);
        assert_eq!(told.code(), code, "{error}");
        assert_eq!(told.get_details_error_info().unwrap().reason, reason);
        assert!(!told.message().contains("/d/k"), "no path is told: {}", told.message());
    }
}

#[test]
fn who_comes_too_early_or_finds_no_place_is_told_when_to_come_back() {
    let full = LogError::Full { calls: 4_096, bytes: 1 };
    for (error, code, reason) in [
        (full.into(), Code::ResourceExhausted, "QUEUE_FULL"),
        (ServiceError::Crowded { waiting: 1_024 }, Code::ResourceExhausted, "QUEUE_FULL"),
        (ServiceError::Recovering, Code::Unavailable, "RECOVERING"),
    ] {
        let told = status(&error);
        assert_eq!(told.code(), code, "{error}");
        let details = told.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, reason);
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(RETRY), "{error}");
    }
}
