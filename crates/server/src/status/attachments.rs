//! The statuses of attachments.

use gradus_service::ServiceError;
use gradus_service::attachments::AttachmentError;
use tonic::Code;
use tonic_types::ErrorDetails;

use super::verdict;

/// What an attachment is refused with; none for a fault of ours.
pub(super) fn of(error: &ServiceError) -> Option<(Code, ErrorDetails)> {
    match error {
        ServiceError::Attachment(attachment) => refused(attachment),
        ServiceError::AttachmentErased { digest, position, at, by } => {
            let erased = verdict(Code::FailedPrecondition, "ATTACHMENT_ERASED");
            let erased = erased.with("attachment", digest).with("position", position);
            Some(erased.with("erased_at", at).with("by", by).details())
        }
        _ => None,
    }
}

/// What is told in place of an error that names the server's folders, which is logged.
pub(super) fn message(error: &ServiceError) -> Option<String> {
    let ServiceError::Attachment(AttachmentError::Damaged { .. } | AttachmentError::NoKey(_)) =
        error
    else {
        return None;
    };
    tracing::error!(%error, "an attachment is damaged");
    Some("the attachment is damaged: the server's operator must run `gradus doctor`".to_owned())
}

fn refused(error: &AttachmentError) -> Option<(Code, ErrorDetails)> {
    let verdict = match error {
        AttachmentError::Missing(digest) => {
            verdict(Code::NotFound, "ATTACHMENT_NOT_HELD").with("attachment", digest)
        }
        AttachmentError::Erased(digest) => {
            verdict(Code::FailedPrecondition, "ATTACHMENT_ERASED").with("attachment", digest)
        }
        AttachmentError::TooLong { most } => {
            let (code, mut details) =
                verdict(Code::InvalidArgument, "ATTACHMENT_TOO_LONG").with("most", most).details();
            details.add_bad_request_violation("content", error.to_string());
            return Some((code, details));
        }
        AttachmentError::Unnamed { seen, most } => {
            let unnamed = verdict(Code::ResourceExhausted, "ATTACHMENTS_UNNAMED");
            unnamed.with("seen", seen).with("most", most)
        }
        AttachmentError::Damaged { .. } | AttachmentError::NoKey(_) => {
            verdict(Code::DataLoss, "ATTACHMENT_DAMAGED")
        }
        AttachmentError::Key(_) | AttachmentError::File(_) | AttachmentError::Randomness => {
            return None;
        }
    };
    Some(verdict.details())
}
