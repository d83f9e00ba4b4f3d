//! What helps after each refusal that a caller can do something about.

/// What helps besides after one command alone, such as `gradus token issue`.
pub(super) fn of_command(path: &str, reason: &str) -> Option<&'static str> {
    match (path, reason) {
        ("gradus token issue", "PRINCIPAL_UNKNOWN") => {
            Some("to add somebody new with a token, say --kind person or --kind service")
        }
        ("gradus certificate register" | "gradus role grant", "PRINCIPAL_UNKNOWN") => {
            Some("gradus principal add adds somebody new")
        }
        _ => None,
    }
}

/// What helps after a refusal of the server with this reason.
pub(super) fn of_refusal(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "TOKEN_REFUSED" => {
            "log in with gradus login, or name the file that holds your token with --token-file"
        }
        "TOO_MANY_FAILURES" => "wait, and use a token that is good: gradus whoami shows yours",
        "TOKEN_ENDED" => "`gradus token list` shows the tokens; issue another one",
        "CERTIFICATE_REFUSED" => {
            "have it registered for you: gradus certificate register PRINCIPAL FILE"
        }
        "CERTIFICATE_UNKNOWN" => "`gradus certificate list` shows the certificates",
        "CALLS_BY_RULE" => "add an account for it: gradus token issue NAME --kind service",
        "NOT_GRANTED" => "`gradus whoami` shows as whom you ask",
        "NOT_A_PERSON" => "use the token of a person: tools only submit",
        "OWN_EVIDENCE" | "NOT_A_SECOND_PERSON" => "another person has to do it",
        "UNIT_UNKNOWN" => "`gradus unit list` shows the units that you may see",
        "DOCUMENT_UNKNOWN" => "`gradus models list` shows what was published",
        "EVIDENCE_UNKNOWN" => "`gradus review list` shows the items of a unit",
        "RATING_UNKNOWN" => "`gradus rate list` shows the ratings of a unit",
        "PRACTICE_UNKNOWN" | "AREA_UNKNOWN" => {
            "`gradus models show MODEL` lists its areas and practices"
        }
        "PRINCIPAL_UNKNOWN" => "`gradus principal list` shows who there is",
        "TOKEN_UNKNOWN" => "`gradus token list` shows the tokens",
        "NO_MODEL" => "adopt one: gradus unit adopt-model UNIT MODEL",
        "NO_PROFILE" => {
            "name one with --profile, or adopt one: gradus unit adopt-profile UNIT PROFILE"
        }
        "NOTHING_TO_CHECK" => {
            "ask for levels with --min, or raise a baseline: gradus baseline raise UNIT"
        }
        "LIVING_BELOW" => "`gradus unit list` shows where each unit stands",
        "NO_RULES" => "name some with --rules, or adopt some: gradus unit adopt-rules UNIT RULES",
        "STALE_VERSION" => "read again, decide again, and give the version that you saw",
        "REQUEST_ID_REUSED" => "leave --request-id out, so that one is drawn",
        "SOURCE_ID_REUSED" => "submit it under another id, then `gradus review supersede`",
        "SECRET_SHOWN" => "revoke that token, and issue or rotate again",
        "REASON_MISSING" => "say why with --reason",
        "RATE_LIMITED" => {
            "do less at a time, or come again in a while; the operator of the server sets the limits"
        }
        "QUEUE_FULL" => "the server is busy: try again in a while",
        "NO_ROOM" => "nothing was recorded: once there is room, run it again",
        "DISK_FAILED" => "nothing was recorded: `gradus doctor` says whether anything is damaged",
        "LOG_CONTRADICTED" => {
            "keep the checkpoints that you have (gradus checkpoint seen), and ask the operator and the \
             witness by other ways"
        }
        "TILE_UNKNOWN" => "the log is not that long, or the directory is of another log",
        "NOT_WITNESSED" => "`gradus checkpoint` shows how it stands with the witnesses",
        "NOT_DESCRIBED" => {
            "`gradus prove digests` lists the state digests; `gradus capsule create` proves levels \
             without one"
        }
        "ENGAGEMENT_UNKNOWN" => {
            "`gradus audit queries list` shows the engagements that you may see"
        }
        "QUERY_NOT_RECORDED" => {
            "the operator of the server has to look after its disk; nobody learns what you asked"
        }
        "BEYOND_HEAD" => "the log is not that long: `gradus levels UNIT` shows its size",
        "CLOCK_SUSPECT" => {
            "`gradus clock` shows it: set it right on the server, or if it is right, an operator says \
             so with gradus clock accept --reason TEXT"
        }
        "CLOCK_BELIEVED" => "`gradus clock` shows what it says",
        _ => return None,
    })
}
