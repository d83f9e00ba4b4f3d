//! The gradus.v1 API, generated from `proto/`: messages, clients and servers, nothing by hand but how
//! answers that hold a secret are shown.

/// The package `gradus.v1`.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    reason = "generated: the comments are in proto/, and its style is not ours to choose"
)]
pub mod v1 {
    tonic::include_proto!("gradus.v1");

    /// Every file of the package and what they import, with comments, for gRPC reflection.
    pub const FILE_DESCRIPTOR_SET: &[u8] = tonic::include_file_descriptor_set!("gradus.v1");
}

macro_rules! without_secret {
    ($( $answer:ident )+) => { $(
        impl std::fmt::Debug for v1::$answer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut shown = f.debug_struct(stringify!($answer));
                shown.field("receipt", &self.receipt).field("token", &self.token);
                shown.finish_non_exhaustive()
            }
        }
    )+ };
}

without_secret! { IssueTokenResponse RotateTokenResponse }

macro_rules! without_fields {
    ($( $message:ident )+) => { $(
        impl std::fmt::Debug for v1::$message {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($message)).finish_non_exhaustive()
            }
        }
    )+ };
}

without_fields! { TestClaimsRequest ExportedKeys RevokeTokenRequest }

#[cfg(test)]
mod tests {
    use super::v1;

    #[test]
    fn what_holds_a_secret_is_shown_without_it() {
        let text = || "gradus_person_5".to_owned();
        let shown = [
            format!("{:?}", v1::IssueTokenResponse { secret: text(), ..Default::default() }),
            format!("{:?}", v1::RotateTokenResponse { secret: text(), ..Default::default() }),
            format!("{:?}", v1::TestClaimsRequest { token: text() }),
            format!("{:?}", v1::RevokeTokenRequest { token: text(), ..Default::default() }),
            format!("{:?}", v1::ExportedKeys { content: text().into(), ..Default::default() }),
        ];
        let bytes = format!("{:?}", text().into_bytes());
        for shown in shown {
            assert!(!shown.contains("gradus_person"), "{shown}");
            assert!(!shown.contains(&bytes[1..bytes.len() - 1]), "{shown}");
        }
    }
}
