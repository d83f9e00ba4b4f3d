//! The handlers of `ModelService`.

use gradus_domain::registry::{DocumentKind, Published};
use gradus_model::Timestamp;
use gradus_projection::library::Held;
use gradus_service::Caller;
use gradus_service::ServiceError;
use gradus_wire::v1 as wire;
use gradus_wire::v1::model_service_server::ModelService;
use tonic::Request;

use crate::api::{Api, Reply, reply};
use crate::auth::open;
use crate::convert::{self, model};
use crate::page::Page;

const KINDS: [DocumentKind; 3] = [DocumentKind::Model, DocumentKind::Rules, DocumentKind::Profile];

impl Api {
    fn published(&self, kinds: &[DocumentKind], text: &str) -> Result<Published, ServiceError> {
        let text = text.rsplit('/').next().unwrap_or(text);
        let views = self.service.views();
        let found = kinds.iter().find_map(|kind| views.registry.document(*kind, text, u64::MAX));
        found.cloned().ok_or_else(|| ServiceError::not_found("document", text))
    }

    async fn shown_document(&self, found: &Published) -> Result<wire::Document, ServiceError> {
        let record = self.service.record_at(found.position).await?;
        let bytes = self.service.document(found.digest)?.len();
        let library = self.service.library();
        Ok(wire::Document {
            bytes: bytes as u64,
            published_at: Some(convert::timestamp(record.recorded.place.recorded_at)),
            ..model::document(found, library.held(&found.digest))
        })
    }

    async fn publish(
        &self,
        by: Caller,
        append: Option<&wire::AppendOptions>,
        kind: DocumentKind,
        content: &[u8],
    ) -> Result<(Option<wire::Receipt>, Option<wire::Document>), ServiceError> {
        // What is refused is not even kept beside the log.
        self.service.whole(&by)?;
        let call = convert::call(by, append)?;
        let (receipt, held) = self.service.publish(&call, kind, content).await?;
        let document = if receipt.validated_only {
            wire::Document {
                id: held.id.to_string(),
                kind: model::wire_kind(kind).into(),
                digest: convert::digest(&held.digest),
                bytes: content.len() as u64,
                ..wire::Document::default()
            }
        } else {
            self.service.caught_up(None).await?;
            let found = self.published(&[kind], &held.digest.to_string())?;
            self.shown_document(&found).await?
        };
        Ok((self.told(&receipt), Some(document)))
    }
}

#[tonic::async_trait]
impl ModelService for Api {
    async fn list_documents(
        &self,
        request: Request<wire::ListDocumentsRequest>,
    ) -> Reply<wire::ListDocumentsResponse> {
        let (_, mut asked) = open(request)?;
        reply(async {
            let (size, token) = (asked.page_size, std::mem::take(&mut asked.page_token));
            asked.page_size = 0;
            let page = Page::read("documents", size, &token, &asked)?;
            let kind = model::kind(asked.kind)?;
            self.service.caught_up(None).await?;
            let (known, mut found) = {
                let views = self.service.views();
                let known = page.log_size().unwrap_or(views.cursor);
                let of = |of: &DocumentKind| views.registry.documents(*of, known).cloned();
                let wanted = KINDS.iter().filter(|of| kind.is_none_or(|kind| kind == **of));
                (known, wanted.flat_map(|kind| of(kind).collect::<Vec<_>>()).collect::<Vec<_>>())
            };
            found.sort_by_key(|document| document.position);
            let from = usize::try_from(page.from).unwrap_or(usize::MAX);
            let end = from.saturating_add(page.size).min(found.len());
            let mut documents = Vec::new();
            for document in found.iter().skip(from).take(page.size) {
                documents.push(self.shown_document(document).await?);
            }
            let more = end < found.len();
            let next =
                if more { page.token(end as u64, known, Timestamp::MIN) } else { String::new() };
            Ok(wire::ListDocumentsResponse { documents, next_page_token: next })
        })
        .await
    }

    async fn get_document(
        &self,
        request: Request<wire::GetDocumentRequest>,
    ) -> Reply<wire::GetDocumentResponse> {
        let (_, asked) = open(request)?;
        reply(async {
            self.service.caught_up(None).await?;
            let kind = model::kind(asked.kind)?;
            let kinds = kind.as_ref().map_or(KINDS.as_slice(), std::slice::from_ref);
            let found = self.published(kinds, &asked.document)?;
            Ok(wire::GetDocumentResponse {
                document: Some(self.shown_document(&found).await?),
                content: self.service.document(found.digest)?,
            })
        })
        .await
    }

    async fn get_model(
        &self,
        request: Request<wire::GetModelRequest>,
    ) -> Reply<wire::GetModelResponse> {
        let (_, asked) = open(request)?;
        reply(async {
            self.service.caught_up(None).await?;
            let found = self.published(&[DocumentKind::Model], &asked.model)?;
            let library = self.service.library();
            match library.held(&found.digest) {
                Some(Held::Model(catalog)) => {
                    Ok(wire::GetModelResponse { model: Some(model::model(catalog, &found.digest)) })
                }
                _ => Err(ServiceError::not_found("model", &asked.model)),
            }
        })
        .await
    }

    async fn publish_model(
        &self,
        request: Request<wire::PublishModelRequest>,
    ) -> Reply<wire::PublishModelResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let (append, kind) = (asked.append.as_ref(), DocumentKind::Model);
            let (receipt, document) = self.publish(by, append, kind, &asked.content).await?;
            Ok(wire::PublishModelResponse { receipt, document })
        })
        .await
    }

    async fn publish_rules(
        &self,
        request: Request<wire::PublishRulesRequest>,
    ) -> Reply<wire::PublishRulesResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let (append, kind) = (asked.append.as_ref(), DocumentKind::Rules);
            let (receipt, document) = self.publish(by, append, kind, &asked.content).await?;
            Ok(wire::PublishRulesResponse { receipt, document })
        })
        .await
    }

    async fn publish_profile(
        &self,
        request: Request<wire::PublishProfileRequest>,
    ) -> Reply<wire::PublishProfileResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let (append, kind) = (asked.append.as_ref(), DocumentKind::Profile);
            let (receipt, document) = self.publish(by, append, kind, &asked.content).await?;
            let digest = document.as_ref().and_then(|document| document.digest.parse().ok());
            let warnings = digest.map(|digest| self.service.profile_warnings(&digest));
            let warnings = warnings.unwrap_or_default();
            Ok(wire::PublishProfileResponse { receipt, document, warnings })
        })
        .await
    }
}
