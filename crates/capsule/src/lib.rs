//! What an auditor holds offline: claims and their digests.
