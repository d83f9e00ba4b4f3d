//! Documents that cannot be published or had.

use expect_test::expect;
use gradus_wire::v1 as wire;

use super::check;
use crate::running::System;

const RULES: &str = include_str!("../../../config/rules/strict.toml");
const BORROWING: &str = include_str!("../../../config/models/sse-cmm-1997.toml");

#[tokio::test]
async fn documents_are_checked_before_they_are_published() {
    let system = System::new().await;
    let models = &system.operator.models;
    let model =
        |content: &[u8]| wire::PublishModelRequest { append: None, content: content.to_vec() };
    let rules =
        |content: &[u8]| wire::PublishRulesRequest { append: None, content: content.to_vec() };
    let profile =
        |content: &[u8]| wire::PublishProfileRequest { append: None, content: content.to_vec() };
    let long = format!("{RULES}\n{}", "# x\n".repeat(1 << 18));
    let lender = BORROWING.lines().find(|line| line.trim_start().starts_with("digest")).unwrap();
    let of_nobody = BORROWING.replace(lender, &format!("digest = \"{}\"", "0".repeat(64)));
    let get = |document: &str, kind: i32| wire::GetDocumentRequest {
        document: document.to_owned(),
        kind,
    };
    let get_model = wire::GetModelRequest { model: "strict".to_owned() };
    let listed = wire::ListDocumentsRequest { kind: 9, ..Default::default() };
    let rows = vec![
        row!("an empty model", models, publish_model, model(b"")),
        row!("no TOML", models, publish_model, model(b"a = ")),
        row!("not UTF-8", models, publish_model, model(b"id = \"\xff\"")),
        row!("a model that is rules", models, publish_model, model(RULES.as_bytes())),
        row!("an unknown lender", models, publish_model, model(of_nobody.as_bytes())),
        row!("rules with an unknown key", models, publish_rules, rules(b"colour = 1")),
        row!("rules above 1 MiB", models, publish_rules, rules(long.as_bytes())),
        row!("an empty profile", models, publish_profile, profile(b"")),
        row!("an unknown document", models, get_document, get("nobody", 0)),
        row!("a document of another kind", models, get_document, get("strict", 1)),
        row!("a document of an unknown kind", models, get_document, get("strict", 9)),
        row!("a model that is rules, to get", models, get_model, get_model),
        row!("documents of an unknown kind", models, list_documents, listed),
    ];
    check(&system, rows, &expect![[r#"
        an empty model | InvalidArgument DOCUMENT_REFUSED [content]: model:1: missing field `model`
        no TOML | InvalidArgument DOCUMENT_REFUSED [content]: model:1: string values must be quoted, expected literal string
        not UTF-8 | InvalidArgument DOCUMENT_REFUSED [content]: it is not UTF-8 text
        a model that is rules | InvalidArgument DOCUMENT_REFUSED [content]: model:22: unknown field `coverage`, expected one of `model`, `borrows`, `counts`, `level`, `common_feature`, `generic_practice`, `process_area`, `crosswalk`, `crosswalk_practice`, `dependency`
        an unknown lender | NotFound DOCUMENT_UNKNOWN: it needs model 0000000000000000000000000000000000000000000000000000000000000000, which was not published
        rules with an unknown key | InvalidArgument DOCUMENT_REFUSED [content]: rules:1: missing field `evaluator`
        rules above 1 MiB | InvalidArgument DOCUMENT_REFUSED [content]: the document has 1050482 bytes, at most 1048576 are allowed
        an empty profile | InvalidArgument DOCUMENT_REFUSED [content]: profile:1: missing field `profile`
        an unknown document | NotFound DOCUMENT_UNKNOWN: document `nobody` is unknown
        a document of another kind | NotFound DOCUMENT_UNKNOWN: document `strict` is unknown
        a document of an unknown kind | InvalidArgument INVALID_FIELD [kind]: `kind`: 9 is no value of this enumeration
        a model that is rules, to get | NotFound DOCUMENT_UNKNOWN: document `strict` is unknown
        documents of an unknown kind | InvalidArgument INVALID_FIELD [kind]: `kind`: 9 is no value of this enumeration
    "#]]).await;
}
