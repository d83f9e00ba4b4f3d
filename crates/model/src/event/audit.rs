//! Bodies of what is recorded of auditors' questions: that there were some, that an engagement is
//! over, and, once it is, what they were.

use minicbor::{Decode, Encode};

use crate::{Digest, PrincipalId};

bodies! {
    /// The body of [`Event::QueriesRecorded`](crate::Event::QueriesRecorded): the commitments to some
    /// rows, which say what was asked (`proof/src/queries.rs`).
    QueriesRecorded {
        /// Who asked.
        0 auditor: PrincipalId,
        /// The number of the auditor's engagement, from 1.
        1 engagement: u32,
        /// The number of the first row, from 0, in the engagement.
        2 first: u64,
        /// How many rows there are, at least 1.
        3 count: u64,
        /// The root over their pieces, each by its count and root.
        4 root: Digest,
    }
    /// The body of [`Event::EngagementEnded`](crate::Event::EngagementEnded).
    EngagementEnded {
        /// Whose engagement it was.
        0 auditor: PrincipalId,
        /// Its number.
        1 engagement: u32,
        /// How many rows were recorded of it: no more and no fewer are opened.
        2 count: u64,
    }
    /// The body of [`Event::QueriesOpened`](crate::Event::QueriesOpened); the rows are payload, so that
    /// they can be erased while the count and the root of their piece stay.
    QueriesOpened {
        /// Who asked.
        0 auditor: PrincipalId,
        /// The number of the engagement.
        1 engagement: u32,
        /// Where the commitments were recorded.
        2 recorded: u64,
        /// The number of the piece's first row.
        3 first: u64,
        /// How many rows the piece has.
        4 count: u64,
        /// The root over them.
        5 root: Digest,
    }
}
