//! Tests of the vocabulary through its public surface.

mod recorded;
mod walk;
