//! Messages of the API as JSON.
//!
//! One walk over the descriptors serves every message: the names are those of the API, enum words
//! are in kebab-case as in the model, instants in RFC 3339, digests in hexadecimal. Lists, numbers
//! and truth values are always there; a text or message that says nothing is left out.

use std::sync::LazyLock;

use gradus_model::rating::Value as RatingValue;
use gradus_wire::v1;
use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey,
    MessageDescriptor, ReflectMessage as _, Value,
};

use super::json::Json;
use crate::error::CliError;
use crate::select;

/// A message whose name in the API is known.
pub trait Named: Message {
    /// The name with its package.
    const NAME: &'static str;
}

macro_rules! named {
    ($( $message:ident )+) => {
        $( impl Named for v1::$message {
            const NAME: &'static str = concat!("gradus.v1.", stringify!($message));
        } )+

        #[cfg(test)]
        const NAMES: &[&str] = &[ $( <v1::$message as Named>::NAME, )+ ];
    };
}

named! {
    Coordinate ResolvedCoordinate EvidenceRef Receipt LevelAnswer PushError
    Unit RegisterUnitRequest RegisterUnitResponse GetUnitResponse
    RenameUnitRequest RenameUnitResponse MoveUnitRequest MoveUnitResponse
    ArchiveUnitRequest ArchiveUnitResponse AdoptModelRequest AdoptModelResponse
    AdoptRulesRequest AdoptRulesResponse AdoptProfileRequest AdoptProfileResponse
    TailorAreaRequest TailorAreaResponse SetAreaInheritanceRequest SetAreaInheritanceResponse
    RecordContextRequest RecordContextResponse EnterPhaseRequest EnterPhaseResponse
    LeavePhaseRequest LeavePhaseResponse PlaceMarkerRequest PlaceMarkerResponse
    SucceedUnitRequest SucceedUnitResponse LabelUnitRequest LabelUnitResponse
    RaiseBaselineRequest RaiseBaselineResponse Floor
    Attachment PutAttachmentResponse EraseAttachmentsRequest EraseAttachmentsResponse
    Evidence EvidenceItem SubmitEvidenceRequest SubmitEvidenceResponse GetEvidenceResponse
    PushEvidenceRequest AcceptEvidenceRequest AcceptEvidenceResponse
    RejectEvidenceRequest RejectEvidenceResponse WithdrawEvidenceRequest WithdrawEvidenceResponse
    EndEvidenceRequest EndEvidenceResponse SupersedeEvidenceRequest SupersedeEvidenceResponse
    ConfirmEvidenceRequest ConfirmEvidenceResponse LinkEvidenceRequest LinkEvidenceResponse
    UnlinkEvidenceRequest UnlinkEvidenceResponse ErasePayloadRequest ErasePayloadResponse
    ListReviewQueueRequest WaitingEvidence WaitingInUnit
    GetSufficiencyMatrixRequest GetSufficiencyMatrixResponse AreaSufficiency
    Rating RatePracticesRequest RatePracticesResponse WithdrawRatingRequest WithdrawRatingResponse
    EndRatingRequest EndRatingResponse RunRuleRaterRequest RunRuleRaterResponse
    PracticeState Event Document Model PublishModelRequest PublishModelResponse
    PublishRulesRequest PublishRulesResponse PublishProfileRequest PublishProfileResponse
    Principal Token WhoAmIResponse AddPrincipalRequest AddPrincipalResponse
    DisablePrincipalRequest DisablePrincipalResponse IssueTokenRequest IssueTokenResponse
    RevokeTokenRequest RevokeTokenResponse RotateTokenRequest RotateTokenResponse
    Certificate RegisterCertificateRequest RegisterCertificateResponse
    RevokeCertificateRequest RevokeCertificateResponse
    RoleGrant GrantRoleRequest GrantRoleResponse RevokeRoleRequest RevokeRoleResponse
    Conflict DeclareConflictRequest DeclareConflictResponse
    WithdrawConflictRequest WithdrawConflictResponse RelaxedDuty
    Distrust SourceImpact DistrustSourceRequest DistrustSourceResponse
    RestoreSourceRequest RestoreSourceResponse
    Erasure WithholdTextsRequest WithholdTextsResponse RetentionRule SetRetentionRequest
    SetRetentionResponse RemoveRetentionRequest RemoveRetentionResponse LegalHold PlaceHoldRequest
    PlaceHoldResponse LiftHoldRequest LiftHoldResponse

    Appraisal OpenAppraisalRequest OpenAppraisalResponse
    ChangeAppraisalRequest ChangeAppraisalResponse GetAppraisalResponse
    RateInAppraisalRequest RateInAppraisalResponse RevealRatingsRequest RevealRatingsResponse
    ReachConsensusRequest ReachConsensusResponse RecordFindingRequest RecordFindingResponse
    SignOffAppraisalRequest SignOffAppraisalResponse CloseAppraisalRequest CloseAppraisalResponse
    CancelAppraisalRequest CancelAppraisalResponse
    ImportAppraisalRequest ImportAppraisalResponse

    ExplainLevelRequest ExplainLevelResponse LevelStep FeatureStep ExplainedPractice
    ExplainedRating ExplainedEvidence Lift Need
    CompareLevelsRequest Side CompareLevelsResponse Comparability AreaDifference AreaState
    Movement Cause
    QueryTrendRequest QueryTrendResponse UnitTrend AreaTrend TrendPoint PhaseSpan Landmark
    ForecastLevelsRequest ForecastLevelsResponse ForecastChange
    QueryGapRequest QueryGapResponse AreaGap TargetSource
    RollUpLevelsRequest RollUpLevelsResponse AreaRollUp RolledUp MemberLevels
    CheckLevelsRequest MinimumLevel CheckLevelsResponse CheckedArea
    WatchLevelsRequest WatchLevelsResponse LevelMoved
    ClaimRule SetClaimRuleRequest SetClaimRuleResponse RemoveClaimRuleRequest
    RemoveClaimRuleResponse TestClaimsRequest TestClaimsResponse
    GetCheckpointResponse ProveInclusionResponse ProveConsistencyResponse ProveKnownAtResponse
    ProveUnitResponse ProveLevelResponse StateDigest ListStateDigestsResponse
    RotateLogKeyRequest RotateLogKeyResponse
    GetClockResponse AcceptClockRequest AcceptClockResponse
    Engagement EndEngagementRequest EndEngagementResponse
    ReplayUnitResponse FindGapsResponse FindLateResponse SupposeWithoutResponse
    ListProjectionsRequest ListProjectionsResponse Projection ParkedUnit LogVerification
    RebuildProjectionRequest RebuildProjectionResponse
    VerifyProjectionRequest VerifyProjectionResponse
}

/// An enum whose name in the API is known.
pub trait Worded {
    /// The name with its package.
    const NAME: &'static str;
}

macro_rules! worded {
    ($( $name:ident )+) => {
        $( impl Worded for v1::$name {
            const NAME: &'static str = concat!("gradus.v1.", stringify!($name));
        } )+
    };
}

worded! {
    UnitKind Phase MarkerKind Inheritance AssuranceNeed Activity
    Kind Outcome Strength Standing PayloadState Value Missing
    Category Support DocumentKind Check PrincipalKind Grade Role TokenState
    Reached Stage GapStatus RollUpRule
    AttachmentState
    AppraisalState AppraisalClass Independence TeamPart FindingKind
}

static POOL: LazyLock<Result<DescriptorPool, String>> = LazyLock::new(|| {
    DescriptorPool::decode(v1::FILE_DESCRIPTOR_SET).map_err(|error| error.to_string())
});

/// What the API says about a message.
pub fn descriptor<M: Named>() -> Result<MessageDescriptor, CliError> {
    let pool = POOL.as_ref().map_err(|error| CliError::Answer(error.clone()))?;
    let found = pool.get_message_by_name(M::NAME);
    found.ok_or_else(|| CliError::Answer(format!("no message is called {}", M::NAME)))
}

/// A message as JSON.
pub fn json<M: Named>(message: &M) -> Result<Json, CliError> {
    let bytes = message.encode_to_vec();
    let message = DynamicMessage::decode(descriptor::<M>()?, bytes.as_slice())
        .map_err(|error| CliError::Answer(error.to_string()))?;
    Ok(of_message(&message))
}

/// Messages as JSON, each for itself.
pub fn all<M: Named>(messages: &[M]) -> Result<Vec<Json>, CliError> {
    messages.iter().map(json).collect()
}

/// A request of a method, such as `LevelService/QueryLevels`, as JSON; none where it is unknown here or
/// cannot be read.
#[must_use]
pub fn of_method(method: &str, request: &[u8]) -> Option<Json> {
    let (service, name) = method.split_once('/')?;
    let service = POOL.as_ref().ok()?.get_service_by_name(&format!("gradus.v1.{service}"))?;
    let found = service.methods().find(|method| method.name() == name)?;
    DynamicMessage::decode(found.input(), request).ok().map(|message| of_message(&message))
}

fn of_message(message: &DynamicMessage) -> Json {
    match message.descriptor().full_name() {
        "google.protobuf.Timestamp" => instant(message),
        "gradus.v1.LevelAnswer" => level(message),
        _ => Json::Object(fields(message)),
    }
}

fn fields(message: &DynamicMessage) -> Vec<(String, Json)> {
    let descriptor = message.descriptor();
    descriptor.fields().filter_map(|field| of_field(message, &field)).collect()
}

fn of_field(message: &DynamicMessage, field: &FieldDescriptor) -> Option<(String, Json)> {
    if field.supports_presence() && !message.has_field(field) {
        return None;
    }
    let value = message.get_field(field);
    let says_nothing = match value.as_ref() {
        Value::String(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::EnumNumber(number) => *number == 0,
        _ => false,
    };
    if says_nothing && !field.supports_presence() {
        return None;
    }
    // A body in JSON is put in as what it is.
    if let ("body_json", Value::String(text)) = (field.name(), value.as_ref())
        && let Ok(body) = serde_json::from_str(text)
    {
        return Some(("body".to_owned(), body));
    }
    Some((field.name().to_owned(), of_value(&field.kind(), &value)))
}

fn of_value(kind: &Kind, value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::from(*value),
        Value::I32(number) => Json::from(i64::from(*number)),
        Value::I64(number) => Json::from(*number),
        Value::U32(number) => Json::from(*number),
        Value::U64(number) => Json::from(*number),
        Value::F32(number) => float(f64::from(*number)),
        Value::F64(number) => float(*number),
        Value::String(text) => Json::from(text.as_str()),
        Value::Bytes(bytes) => Json::from(gradus_model::ids::hex(bytes)),
        Value::EnumNumber(number) => of_enum(kind, *number),
        Value::Message(message) => of_message(message),
        Value::List(values) => {
            Json::List(values.iter().map(|value| of_value(kind, value)).collect())
        }
        Value::Map(entries) => {
            let value_kind = kind.as_message().map(|entry| entry.map_entry_value_field().kind());
            let kind = value_kind.unwrap_or(Kind::String);
            let of_entry =
                |(key, value): (&MapKey, &Value)| (key_text(key), of_value(&kind, value));
            let mut fields: Vec<_> = entries.iter().map(of_entry).collect();
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            Json::Object(fields)
        }
    }
}

fn float(number: f64) -> Json {
    serde_json::Number::from_f64(number).map_or(Json::Null, Json::Number)
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}

fn of_enum(kind: &Kind, number: i32) -> Json {
    let word = kind.as_enum().and_then(|of| word(of, number));
    // A newer server may know words that this client does not.
    word.map_or_else(|| Json::from(i64::from(number)), Json::Text)
}

/// The word of an enum's number, as the model writes it.
#[must_use]
pub fn word(of: &EnumDescriptor, number: i32) -> Option<String> {
    if of.name() == "Value" {
        let value = u8::try_from(number).ok().and_then(RatingValue::from_number)?;
        return Some(value.name().to_owned());
    }
    let value = of.get_value(number)?;
    let name = value.name().strip_prefix(&prefix(of.name())).unwrap_or(value.name());
    Some(name.to_lowercase().replace('_', "-"))
}

/// The number of a word.
#[must_use]
pub fn number(of: &EnumDescriptor, text: &str) -> Option<i32> {
    words(of).find(|(_, word)| word == text).map(|(number, _)| number)
}

/// Every number and word that says something.
pub fn words(of: &EnumDescriptor) -> impl Iterator<Item = (i32, String)> + '_ {
    let numbers = of.values().map(|value| value.number()).filter(|number| *number != 0);
    numbers.filter_map(|number| Some((number, word(of, number)?)))
}

/// `NoLevel` becomes `NO_LEVEL_`.
fn prefix(name: &str) -> String {
    let mut prefix = String::new();
    for (at, c) in name.char_indices() {
        if at > 0 && c.is_uppercase() {
            prefix.push('_');
        }
        prefix.push(c.to_ascii_uppercase());
    }
    prefix + "_"
}

fn instant(message: &DynamicMessage) -> Json {
    let at = message.transcode_to::<prost_types::Timestamp>().ok();
    let at = at.and_then(|at| select::unwire(&at));
    at.map_or(Json::Null, |at| Json::from(at.to_string()))
}

/// The range itself, or why there is none.
fn level(message: &DynamicMessage) -> Json {
    match message.get_field_by_name("range").as_deref() {
        Some(Value::Message(range)) if message.has_field_by_name("range") => of_message(range),
        _ => Json::Object(fields(message)),
    }
}

/// An instant of an answer as text; empty when there is none.
#[must_use]
pub fn time(at: Option<&prost_types::Timestamp>) -> String {
    at.and_then(select::unwire).map(|at| at.to_string()).unwrap_or_default()
}

/// The day of an instant of an answer; empty when there is none.
#[must_use]
pub fn day(at: Option<&prost_types::Timestamp>) -> String {
    let at = time(at);
    at.split_once('T').map_or(at.as_str(), |(day, _)| day).to_owned()
}

/// The word of an answer's enum as text; empty when it says nothing.
#[must_use]
pub fn text<E: Worded>(number: i32) -> String {
    let of = POOL.as_ref().ok().and_then(|pool| pool.get_enum_by_name(E::NAME));
    let word = of.and_then(|of| word(&of, number));
    word.filter(|_| number != 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use gradus_model::{evidence, rating, unit};

    #[test]
    fn every_named_message_is_in_the_api() {
        let pool = POOL.as_ref().unwrap();
        for name in NAMES {
            assert!(pool.get_message_by_name(name).is_some(), "{name}");
        }
    }

    #[test]
    fn the_words_of_the_api_are_those_of_the_model() {
        fn check<T: Copy>(name: &str, all: &[T], number: fn(T) -> u8, word: fn(T) -> &'static str) {
            let pool = POOL.as_ref().unwrap();
            let of = pool.get_enum_by_name(&format!("gradus.v1.{name}")).unwrap();
            let model: Vec<_> =
                all.iter().map(|one| (i32::from(number(*one)), word(*one).to_owned())).collect();
            assert_eq!(words(&of).collect::<Vec<_>>(), model, "{name}");
        }
        use evidence::{Kind, Outcome, Strength};
        use rating::{Scale, Value};
        use unit::{Activity, AssuranceNeed, Inheritance, MarkerKind, Phase};
        check("Kind", Kind::ALL, Kind::number, Kind::name);
        check("Outcome", Outcome::ALL, Outcome::number, Outcome::name);
        check("Strength", Strength::ALL, Strength::number, Strength::name);
        check("Scale", Scale::ALL, Scale::number, Scale::name);
        check("Value", Value::ALL, Value::number, Value::name);
        check("UnitKind", unit::UnitKind::ALL, unit::UnitKind::number, unit::UnitKind::name);
        check("Phase", Phase::ALL, Phase::number, Phase::name);
        check("MarkerKind", MarkerKind::ALL, MarkerKind::number, MarkerKind::name);
        check("Inheritance", Inheritance::ALL, Inheritance::number, Inheritance::name);
        check("AssuranceNeed", AssuranceNeed::ALL, AssuranceNeed::number, AssuranceNeed::name);
        check("Activity", Activity::ALL, Activity::number, Activity::name);
        let (all, number) = (unit::PrincipalKind::ALL, unit::PrincipalKind::number);
        check("PrincipalKind", all, number, unit::PrincipalKind::name);
    }

    #[test]
    fn an_event_shows_words_instants_digests_and_its_body() {
        let event = v1::Event {
            position: 7,
            leaf_hash: vec![0xab, 0x01],
            unit: Some(v1::UnitRef { id: "u1".into(), name: "rustls".into() }),
            r#type: "practice-rated".into(),
            recorded_at: Some(prost_types::Timestamp { seconds: 0, nanos: 1_000 }),
            grade: v1::Grade::Internal.into(),
            body_json: r#"{"z":1,"a":"satisfied"}"#.into(),
            payload: [("rationale".to_owned(), "seen".to_owned())].into(),
            ..v1::Event::default()
        };
        expect![[r#"
            {
              "position": 7,
              "leaf_hash": "ab01",
              "unit": {
                "id": "u1",
                "name": "rustls"
              },
              "version": 0,
              "type": "practice-rated",
              "schema": 0,
              "recorded_at": "1970-01-01T00:00:00.000001Z",
              "grade": "internal",
              "item": 0,
              "body": {
                "z": 1,
                "a": "satisfied"
              },
              "payload": {
                "rationale": "seen"
              }
            }"#]]
        .assert_eq(&json(&event).unwrap().pretty());
    }

    #[test]
    fn a_level_is_its_range_or_why_there_is_none() {
        use v1::level_answer::Answer;
        let range = v1::LevelRange { at_least: 1, at_most: 5, open: 7, level: None };
        for (answer, expected) in [
            (Answer::Range(range), r#"{"at_least":1,"at_most":5,"open":7}"#),
            (
                Answer::Range(v1::LevelRange { at_least: 0, at_most: 0, open: 0, level: Some(0) }),
                r#"{"at_least":0,"at_most":0,"open":0,"level":0}"#,
            ),
            (Answer::None(v1::NoLevel::NotApplicable.into()), r#"{"none":"not-applicable"}"#),
        ] {
            let answer = v1::LevelAnswer { answer: Some(answer) };
            assert_eq!(json(&answer).unwrap().compact(), expected);
        }
    }
}
