//! Which right a call needs: one row for each method of the API.
//!
//! A handler opens its request by the row of its message, so that a method without a row does not
//! compile. Which units the right is needed on, the use case says; what is recorded needs, besides,
//! the right of its event ([`gradus_domain::access::needed`]).

use gradus_domain::access::Right;
use gradus_wire::v1 as wire;
use prost::Message as _;
use tonic::Streaming;

/// A request, and what its method needs.
pub(crate) trait Guarded {
    /// The right that the caller must hold on some unit at least; none where a credential is enough.
    const RIGHT: Option<Right>;
    /// Its method, without the package.
    const METHOD: &'static str;

    /// The request as it is recorded of auditors: its fields in the order of their numbers.
    fn question(&self) -> Vec<u8>;

    /// How many events it is to append, about, and its bytes; a stream is weighed by its messages.
    fn weight(&self) -> (usize, usize) {
        (0, 0)
    }
}

impl<T: Guarded> Guarded for Streaming<T> {
    const RIGHT: Option<Right> = T::RIGHT;
    const METHOD: &'static str = T::METHOD;

    // Streams of requests append.
    fn question(&self) -> Vec<u8> {
        Vec::new()
    }
}

macro_rules! methods {
    ($( $service:ident { $( $method:ident($request:ident $([$list:ident])?): $right:expr, )+ } )+) => {
        $( $( impl Guarded for wire::$request {
            const RIGHT: Option<Right> = $right;
            const METHOD: &'static str = concat!(stringify!($service), "/", stringify!($method));

            fn question(&self) -> Vec<u8> {
                self.encode_to_vec()
            }

            fn weight(&self) -> (usize, usize) {
                let mut lists = [1 $(, self.$list.len())?].into_iter();
                (lists.next_back().unwrap_or_default(), self.encoded_len())
            }
        } )+ )+

        /// Every method by its full name, with the right that it needs.
        pub const METHODS: &[(&str, Option<Right>)] = &[
            $( $( (concat!("gradus.v1.", stringify!($service), "/", stringify!($method)), $right), )+ )+
        ];
    };
}

const ANYBODY: Option<Right> = None;
const SEE: Option<Right> = Some(Right::See);
const READ: Option<Right> = Some(Right::Read);
const SUBMIT: Option<Right> = Some(Right::Submit);
const REVIEW: Option<Right> = Some(Right::Review);
const RATE: Option<Right> = Some(Right::Rate);
const SETTLE: Option<Right> = Some(Right::Settle);
const APPRAISE: Option<Right> = Some(Right::Appraise);
const PROVE: Option<Right> = Some(Right::Prove);
const ADMINISTER: Option<Right> = Some(Right::Administer);

methods! {
    UnitService {
        RegisterUnit(RegisterUnitRequest): SETTLE,
        GetUnit(GetUnitRequest): SEE,
        ListUnits(ListUnitsRequest): SEE,
        RenameUnit(RenameUnitRequest): SETTLE,
        MoveUnit(MoveUnitRequest): ADMINISTER,
        ArchiveUnit(ArchiveUnitRequest): ADMINISTER,
        SucceedUnit(SucceedUnitRequest): SETTLE,
        AdoptModel(AdoptModelRequest): SETTLE,
        AdoptRules(AdoptRulesRequest): SETTLE,
        AdoptProfile(AdoptProfileRequest): SETTLE,
        TailorArea(TailorAreaRequest): SETTLE,
        SetAreaInheritance(SetAreaInheritanceRequest): SETTLE,
        RecordContext(RecordContextRequest): SETTLE,
        LabelUnit(LabelUnitRequest): SETTLE,
        RaiseBaseline(RaiseBaselineRequest): SETTLE,
        EnterPhase(EnterPhaseRequest): SETTLE,
        LeavePhase(LeavePhaseRequest): SETTLE,
        PlaceMarker(PlaceMarkerRequest): SETTLE,
    }
    EvidenceService {
        SubmitEvidence(SubmitEvidenceRequest [items]): SUBMIT,
        PushEvidence(PushEvidenceRequest): SUBMIT,
        GetEvidence(GetEvidenceRequest): READ,
        ListEvidence(ListEvidenceRequest): READ,
        ListReviewQueue(ListReviewQueueRequest): REVIEW,
        GetSufficiencyMatrix(GetSufficiencyMatrixRequest): READ,
        AcceptEvidence(AcceptEvidenceRequest [evidence]): REVIEW,
        RejectEvidence(RejectEvidenceRequest [evidence]): REVIEW,
        WithdrawEvidence(WithdrawEvidenceRequest [evidence]): REVIEW,
        EndEvidence(EndEvidenceRequest [evidence]): SUBMIT,
        SupersedeEvidence(SupersedeEvidenceRequest): SUBMIT,
        ConfirmEvidence(ConfirmEvidenceRequest [evidence]): REVIEW,
        LinkEvidence(LinkEvidenceRequest): REVIEW,
        UnlinkEvidence(UnlinkEvidenceRequest): REVIEW,
        ErasePayload(ErasePayloadRequest): ADMINISTER,
    }
    RatingService {
        RatePractices(RatePracticesRequest [ratings]): RATE,
        WithdrawRating(WithdrawRatingRequest): RATE,
        EndRating(EndRatingRequest): RATE,
        ListRatings(ListRatingsRequest): READ,
        RunRuleRater(RunRuleRaterRequest): RATE,
    }
    LevelService {
        QueryLevels(QueryLevelsRequest): SEE,
        ExplainLevel(ExplainLevelRequest): SEE,
        CompareLevels(CompareLevelsRequest): SEE,
        QueryTrend(QueryTrendRequest): SEE,
        ForecastLevels(ForecastLevelsRequest): SEE,
        QueryGap(QueryGapRequest): SEE,
        RollUpLevels(RollUpLevelsRequest): SEE,
        CheckLevels(CheckLevelsRequest): SEE,
        WatchLevels(WatchLevelsRequest): SEE,
    }
    ModelService {
        ListDocuments(ListDocumentsRequest): ANYBODY,
        GetDocument(GetDocumentRequest): ANYBODY,
        GetModel(GetModelRequest): ANYBODY,
        PublishModel(PublishModelRequest): ADMINISTER,
        PublishRules(PublishRulesRequest): ADMINISTER,
        PublishProfile(PublishProfileRequest): ADMINISTER,
    }
    EventService {
        ListEvents(ListEventsRequest): READ,
        SubscribeEvents(SubscribeEventsRequest): READ,
        GetEvent(GetEventRequest): READ,
    }
    PrincipalService {
        WhoAmI(WhoAmIRequest): ANYBODY,
        AddPrincipal(AddPrincipalRequest): ADMINISTER,
        ListPrincipals(ListPrincipalsRequest): ADMINISTER,
        DisablePrincipal(DisablePrincipalRequest): ADMINISTER,
        IssueToken(IssueTokenRequest): ADMINISTER,
        RevokeToken(RevokeTokenRequest): ADMINISTER,
        // One of one's own; those of others the rules keep for admins.
        RotateToken(RotateTokenRequest): ANYBODY,
        RegisterCertificate(RegisterCertificateRequest): ADMINISTER,
        RevokeCertificate(RevokeCertificateRequest): ADMINISTER,
    }
    RoleService {
        GrantRole(GrantRoleRequest): ADMINISTER,
        RevokeRole(RevokeRoleRequest): ADMINISTER,
        ListRoles(ListRolesRequest): SEE,
    }
    DutyService {
        // Of oneself; of others the rules keep it for those who settle the unit.
        DeclareConflict(DeclareConflictRequest): SEE,
        WithdrawConflict(WithdrawConflictRequest): SETTLE,
        ListConflicts(ListConflictsRequest): SEE,
    }
    SourceService {
        DistrustSource(DistrustSourceRequest): ADMINISTER,
        RestoreSource(RestoreSourceRequest): ADMINISTER,
        ListDistrusted(ListDistrustedRequest): ADMINISTER,
    }
    AttachmentService {
        PutAttachment(PutAttachmentRequest): SUBMIT,
        GetAttachment(GetAttachmentRequest): READ,
        ListAttachments(ListAttachmentsRequest): READ,
        EraseAttachments(EraseAttachmentsRequest): ADMINISTER,
    }
    ErasureService {
        EraseTexts(EraseTextsRequest): ADMINISTER,
        WithholdTexts(WithholdTextsRequest): ADMINISTER,
        RunRetention(RunRetentionRequest): ADMINISTER,
        SetRetention(SetRetentionRequest): ADMINISTER,
        RemoveRetention(RemoveRetentionRequest): ADMINISTER,
        ListRetention(ListRetentionRequest): ADMINISTER,
        PlaceHold(PlaceHoldRequest): ADMINISTER,
        LiftHold(LiftHoldRequest): ADMINISTER,
        ListHolds(ListHoldsRequest): ADMINISTER,
    }
    // Who in the team may do what is decided with the fact; the right is that of its part.
    AppraisalService {
        OpenAppraisal(OpenAppraisalRequest): APPRAISE,
        ChangeAppraisal(ChangeAppraisalRequest): APPRAISE,
        GetAppraisal(GetAppraisalRequest): READ,
        ListAppraisals(ListAppraisalsRequest): READ,
        RateInAppraisal(RateInAppraisalRequest): RATE,
        RevealRatings(RevealRatingsRequest): RATE,
        ReachConsensus(ReachConsensusRequest): RATE,
        RecordFinding(RecordFindingRequest): RATE,
        SignOffAppraisal(SignOffAppraisalRequest): RATE,
        CloseAppraisal(CloseAppraisalRequest): APPRAISE,
        ImportAppraisal(ImportAppraisalRequest): APPRAISE,
        CancelAppraisal(CancelAppraisalRequest): APPRAISE,
    }
    ProjectionService {
        ListProjections(ListProjectionsRequest): ADMINISTER,
        RebuildProjection(RebuildProjectionRequest): ADMINISTER,
        VerifyProjection(VerifyProjectionRequest): ADMINISTER,
    }
    BackupService {
        ExportLog(ExportLogRequest): ADMINISTER,
        ExportAttachments(ExportAttachmentsRequest): ADMINISTER,
    }
    ClockService {
        GetClock(GetClockRequest): ANYBODY,
        AcceptClock(AcceptClockRequest): ADMINISTER,
    }
    ProofService {
        // Sizes and roots are no secret of anybody's.
        GetCheckpoint(GetCheckpointRequest): ANYBODY,
        RotateLogKey(RotateLogKeyRequest): ADMINISTER,
        ProveInclusion(ProveInclusionRequest): PROVE,
        ProveConsistency(ProveConsistencyRequest): ANYBODY,
        ProveKnownAt(ProveKnownAtRequest): PROVE,
        CreateCapsule(CreateCapsuleRequest): PROVE,
        ProveUnit(ProveUnitRequest): PROVE,
        ProveLevel(ProveLevelRequest): PROVE,
        ProveScope(ProveScopeRequest): PROVE,
        ReadTile(ReadTileRequest): PROVE,
        ListStateDigests(ListStateDigestsRequest): PROVE,
    }
    AuditService {
        ReplayUnit(ReplayUnitRequest): READ,
        FindGaps(FindGapsRequest): READ,
        FindLate(FindLateRequest): READ,
        SupposeWithout(SupposeWithoutRequest): READ,
        ListEngagements(ListEngagementsRequest): PROVE,
        ReadQueries(ReadQueriesRequest): PROVE,
        // Only the auditor's own; they may have lost the role.
        EndEngagement(EndEngagementRequest): ANYBODY,
    }
    ClaimService {
        SetClaimRule(SetClaimRuleRequest): ADMINISTER,
        RemoveClaimRule(RemoveClaimRuleRequest): ADMINISTER,
        ListClaimRules(ListClaimRulesRequest): SEE,
        TestClaims(TestClaimsRequest): ADMINISTER,
    }
}
