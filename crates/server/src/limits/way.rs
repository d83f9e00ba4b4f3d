//! What sort of call a method is, as the description of the API says.

use std::collections::HashMap;

use gradus_wire::v1 as wire;
use prost::Message as _;
use prost_types::FileDescriptorSet;

/// A sort of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// One question, one answer.
    Read,
    /// One append, one answer.
    Write,
    /// Appends, or keeps, what comes on a stream.
    Push,
    /// Answers on a stream.
    Follow,
}

impl Way {
    /// Whether it goes on after its first answer.
    pub(super) const fn is_stream(self) -> bool {
        matches!(self, Self::Push | Self::Follow)
    }
}

/// The sort of each method.
pub(super) struct Ways(HashMap<String, Way>);

impl Ways {
    /// Reads the description: a method appends if its request has options for that.
    pub(super) fn read() -> Result<Self, prost::DecodeError> {
        let set = FileDescriptorSet::decode(wire::FILE_DESCRIPTOR_SET)?;
        let mut ways = HashMap::new();
        let messages: HashMap<String, bool> = set
            .file
            .iter()
            .flat_map(|file| file.message_type.iter().map(move |message| (file, message)))
            .map(|(file, message)| {
                let appends = message.field.iter().any(|field| field.name() == "append");
                (format!(".{}.{}", file.package(), message.name()), appends)
            })
            .collect();
        for file in &set.file {
            for service in &file.service {
                for method in &service.method {
                    let appends = messages.get(method.input_type()).copied().unwrap_or_default();
                    // What comes on a stream is recorded or kept.
                    let way = if method.client_streaming() {
                        Way::Push
                    } else if method.server_streaming() {
                        Way::Follow
                    } else if appends {
                        Way::Write
                    } else {
                        Way::Read
                    };
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    ways.insert(path, way);
                }
            }
        }
        Ok(Self(ways))
    }

    /// The sort of the method at a path; what is not ours to describe may be a stream.
    pub(super) fn of(&self, path: &str) -> Way {
        self.0.get(path).copied().unwrap_or(Way::Follow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::METHODS;

    #[test]
    fn every_method_is_of_the_sort_that_it_is_said_to_be() {
        let ways = Ways::read().unwrap();
        let mut told: Vec<String> = METHODS
            .iter()
            .filter_map(|(name, _)| {
                let way = ways.0[&format!("/{name}")];
                let plain = way == Way::Write || way == Way::Read;
                (!plain).then(|| format!("{} {way:?}", name.rsplit('/').next().unwrap()))
            })
            .collect();
        told.sort();
        assert_eq!(
            told,
            [
                "CreateCapsule Follow",
                "EraseTexts Follow",
                "ExportAttachments Follow",
                "ExportLog Follow",
                "GetAttachment Follow",
                "PushEvidence Push",
                "PutAttachment Push",
                "RebuildProjection Follow",
                "ReplayUnit Follow",
                "RunRetention Follow",
                "SubscribeEvents Follow",
                "VerifyProjection Follow",
                "WatchLevels Follow",
            ]
        );
        for (name, way) in [
            ("EvidenceService/SubmitEvidence", Way::Write),
            ("PrincipalService/RotateToken", Way::Write),
            ("PrincipalService/WhoAmI", Way::Read),
            ("LevelService/QueryLevels", Way::Read),
        ] {
            assert_eq!(ways.of(&format!("/gradus.v1.{name}")), way, "{name}");
        }
    }
}
