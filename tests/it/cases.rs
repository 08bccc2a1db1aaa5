//! The list of cases.

mod delivered;
mod methods;
mod signatures;
mod sizes;
mod slow;
mod strange;

use crate::{
    script::{Case, Expected},
    servers::SIGNED,
};

/// All cases, in the order in which they run; what they store must be stored in this order too.
pub(crate) fn all() -> Vec<Case> {
    let groups = [
        delivered::cases(),
        signatures::cases(),
        sizes::cases(),
        slow::cases(),
        methods::cases(),
        strange::cases(),
    ];
    groups.into_iter().flatten().collect()
}

/// What a route answers to a delivery: the receiver stores it, the handler counts its bytes.
fn accepted(path: &str, body: &[u8]) -> Expected {
    if path == SIGNED { Expected::Counted(body.len()) } else { Expected::Stored(body.to_owned()) }
}
