//! What an append did.

use gradus_wire::v1;

use super::levels::answer;
use super::message::Named;
use super::sheet::{Cell, Sheet};

/// An answer to an append.
pub trait Answer: Named {
    /// What was recorded.
    fn receipt(&self) -> Option<&v1::Receipt>;
}

macro_rules! answers {
    ($( $message:ident )+) => {
        $( impl Answer for v1::$message {
            fn receipt(&self) -> Option<&v1::Receipt> {
                self.receipt.as_ref()
            }
        } )+
    };
}

answers! {
    RegisterUnitResponse RenameUnitResponse MoveUnitResponse ArchiveUnitResponse
    AdoptModelResponse AdoptRulesResponse AdoptProfileResponse TailorAreaResponse
    SetAreaInheritanceResponse RecordContextResponse EnterPhaseResponse LeavePhaseResponse
    PlaceMarkerResponse SucceedUnitResponse LabelUnitResponse RaiseBaselineResponse
    SubmitEvidenceResponse AcceptEvidenceResponse RejectEvidenceResponse WithdrawEvidenceResponse
    EndEvidenceResponse SupersedeEvidenceResponse ConfirmEvidenceResponse LinkEvidenceResponse
    UnlinkEvidenceResponse ErasePayloadResponse
    RatePracticesResponse WithdrawRatingResponse EndRatingResponse RunRuleRaterResponse
    PublishModelResponse PublishRulesResponse PublishProfileResponse
    AddPrincipalResponse DisablePrincipalResponse IssueTokenResponse RevokeTokenResponse
    RegisterCertificateResponse RevokeCertificateResponse GrantRoleResponse RevokeRoleResponse
    RotateTokenResponse DeclareConflictResponse WithdrawConflictResponse
    OpenAppraisalResponse ChangeAppraisalResponse RateInAppraisalResponse RevealRatingsResponse
    ReachConsensusResponse RecordFindingResponse SignOffAppraisalResponse CloseAppraisalResponse
    CancelAppraisalResponse ImportAppraisalResponse
    AcceptClockResponse DistrustSourceResponse RestoreSourceResponse
    EraseAttachmentsResponse
    WithholdTextsResponse SetRetentionResponse RemoveRetentionResponse PlaceHoldResponse
    LiftHoldResponse RotateLogKeyResponse EndEngagementResponse
    SetClaimRuleResponse RemoveClaimRuleResponse
}

/// A receipt, with what else there is to say above it.
#[must_use]
pub fn sheets(receipt: &v1::Receipt, mut parts: Vec<(&'static str, Cell)>) -> Vec<Sheet> {
    let mut sheets = Vec::new();
    if !receipt.level_changes.is_empty() {
        sheets.push(changes(&receipt.level_changes));
    }
    let unit = receipt.unit.as_ref().map(|unit| unit.name.clone()).unwrap_or_default();
    parts.extend([
        ("result", outcome(receipt).into()),
        // A terminal shows them as a table of their own.
        ("level_changes", Cell::drawn("", changes_in_words(&receipt.level_changes))),
        ("stream", unit.into()),
        ("version", receipt.unit_version.to_string().into()),
        ("positions", positions(&receipt.events).into()),
        ("log_size", receipt.log_size.to_string().into()),
        ("request_id", receipt.request_id.clone().into()),
    ]);
    sheets.push(Sheet::record(parts));
    sheets
}

/// Several receipts, one below the other.
#[must_use]
pub fn table<'r>(receipts: impl Iterator<Item = &'r v1::Receipt>) -> Sheet {
    let mut sheet = Sheet::new(&["result", "version", "positions", "log_size", "request_id"]);
    for receipt in receipts {
        sheet.row(vec![
            outcome(receipt).into(),
            receipt.unit_version.to_string().into(),
            positions(&receipt.events).into(),
            receipt.log_size.to_string().into(),
            receipt.request_id.clone().into(),
        ]);
    }
    sheet
}

fn outcome(receipt: &v1::Receipt) -> &'static str {
    match receipt {
        v1::Receipt { validated_only: true, .. } => "would be accepted; nothing was recorded",
        v1::Receipt { replayed: true, .. } => "done before by the call with this id",
        v1::Receipt { events, .. } if events.is_empty() => "already so; nothing was recorded",
        v1::Receipt { .. } => "recorded",
    }
}

/// Positions as runs: `120-123, 130`.
fn positions(events: &[v1::Placed]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for position in events.iter().map(|event| event.position) {
        match runs.last_mut() {
            Some((_, last)) if position.checked_sub(1) == Some(*last) => *last = position,
            _ => runs.push((position, position)),
        }
    }
    let run = |(first, last): &(u64, u64)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    runs.iter().map(run).collect::<Vec<_>>().join(", ")
}

fn changes(changes: &[v1::LevelChange]) -> Sheet {
    let mut sheet = Sheet::new(&["area", "rated", "would be", "ongoing", "would become"]);
    for change in changes {
        sheet.row(vec![
            change.area.clone().into(),
            answer(change.rated_before.as_ref()).into(),
            answer(change.rated_after.as_ref()).into(),
            answer(change.ongoing_before.as_ref()).into(),
            answer(change.ongoing_after.as_ref()).into(),
        ]);
    }
    sheet.titled("levels that would change")
}

/// `PA01 rated 1 to 2, ongoing 1 to 2; PA02 …`, with what changes only.
fn changes_in_words(changes: &[v1::LevelChange]) -> String {
    let moved = |what: &str, before: Option<&v1::LevelAnswer>, after: Option<&v1::LevelAnswer>| {
        (before != after).then(|| format!("{what} {} to {}", answer(before), answer(after)))
    };
    let change = |change: &v1::LevelChange| {
        let rated = moved("rated", change.rated_before.as_ref(), change.rated_after.as_ref());
        let ongoing =
            moved("ongoing", change.ongoing_before.as_ref(), change.ongoing_after.as_ref());
        let parts: Vec<_> = rated.into_iter().chain(ongoing).collect();
        format!("{} {}", change.area, parts.join(", "))
    };
    changes.iter().map(change).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_positions_are_one_run() {
        let at = |positions: &[u64]| {
            let placed = |position: &u64| v1::Placed { position: *position, ..Default::default() };
            super::positions(&positions.iter().map(placed).collect::<Vec<_>>())
        };
        assert_eq!(at(&[]), "");
        assert_eq!(at(&[5]), "5");
        assert_eq!(at(&[0, 1, 2, 7, 9, 10]), "0-2, 7, 9-10");
    }

    #[test]
    fn level_changes_are_told_in_words_where_there_is_one_table_only() {
        use v1::level_answer::Answer;
        let level = |level: u32| {
            let range =
                v1::LevelRange { at_least: level, at_most: level, open: 0, level: Some(level) };
            Some(v1::LevelAnswer { answer: Some(Answer::Range(range)) })
        };
        let none = v1::LevelAnswer { answer: Some(Answer::None(v1::NoLevel::NotRated.into())) };
        let change = v1::LevelChange {
            area: "iso-21827-2008/PA01".into(),
            rated_before: Some(none),
            rated_after: level(1),
            ongoing_before: level(0),
            ongoing_after: level(0),
        };
        assert_eq!(changes_in_words(&[change]), "iso-21827-2008/PA01 rated not rated to 1");
    }

    #[test]
    fn a_receipt_says_in_words_what_happened() {
        let receipt = v1::Receipt::default;
        assert_eq!(outcome(&receipt()), "already so; nothing was recorded");
        let replayed = v1::Receipt { replayed: true, ..receipt() };
        assert_eq!(outcome(&replayed), "done before by the call with this id");
        let checked = v1::Receipt { validated_only: true, ..receipt() };
        assert_eq!(outcome(&checked), "would be accepted; nothing was recorded");
        let recorded = v1::Receipt { events: vec![v1::Placed::default()], ..receipt() };
        assert_eq!(outcome(&recorded), "recorded");
    }
}
