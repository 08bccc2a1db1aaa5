//! Statements for either database.

use std::fmt;

/// A statement, written for each database.
#[derive(Clone, Copy)]
pub(crate) struct Sql {
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code))]
    pub(crate) sqlite: &'static str,
    #[cfg_attr(not(feature = "postgres"), expect(dead_code))]
    pub(crate) postgres: &'static str,
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }
}

/// Writes a statement for both databases from pieces that differ:
///
/// - `rows($n)`: a JSON array of objects, whose members are read by `item.value ->> 'name'`; by way
///   of an array, because PostgreSQL takes that for ten rows and looks each of them up, and the
///   objects themselves for a hundred, for which it would rather read a whole table
/// - `texts($n)`: a JSON array of texts, as `item.value`
/// - `numbers($n)`: a JSON array of whole numbers, as `item.value`
/// - `pairs($n)`: a JSON object whose members are whole numbers, as `item.key` and `item.value`: SQLite
///   reads the text of an object anew for each member of `rows`
/// - `one_of` .. `end`: a query between them gives the values that a column may have
/// - `indexed_by(name)`: names the index where SQLite, which keeps no count of what it holds, would
///   take another one
/// - `skip_locked`: leaves out rows that somebody else is claiming
/// - `unless_changing`: leaves out rows that somebody else is changing, and keeps the others as they are
macro_rules! sql {
    ($($piece:tt)*) => { $crate::sql::sql_pieces!([] [] $($piece)*) };
}

#[doc(hidden)]
macro_rules! sql_pieces {
    ([$($lite:expr),*] [$($pg:expr),*]) => {
        $crate::sql::Sql { sqlite: concat!($($lite),*), postgres: concat!($($pg),*) }
    };
    ([$($lite:expr),*] [$($pg:expr),*] rows($n:literal) $($rest:tt)*) => {
        $crate::sql::sql_pieces!(
            [$($lite,)* " json_each($", $n, ") AS item "]
            [$($pg,)* " unnest(ARRAY(SELECT jsonb_array_elements($", $n,
                "::jsonb))) AS item(value) "]
            $($rest)*
        )
    };
    ([$($lite:expr),*] [$($pg:expr),*] texts($n:literal) $($rest:tt)*) => {
        $crate::sql::sql_pieces!(
            [$($lite,)* " json_each($", $n, ") AS item "]
            [$($pg,)* " jsonb_array_elements_text($", $n, "::jsonb) AS item(value) "]
            $($rest)*
        )
    };
    ([$($lite:expr),*] [$($pg:expr),*] numbers($n:literal) $($rest:tt)*) => {
        $crate::sql::sql_pieces!(
            [$($lite,)* " json_each($", $n, ") AS item "]
            [$($pg,)* " (SELECT CAST(v.value AS BIGINT) AS value \
                FROM jsonb_array_elements_text($", $n, "::jsonb) AS v) AS item "]
            $($rest)*
        )
    };
    ([$($lite:expr),*] [$($pg:expr),*] pairs($n:literal) $($rest:tt)*) => {
        $crate::sql::sql_pieces!(
            [$($lite,)* " json_each($", $n, ") AS item "]
            [$($pg,)* " (SELECT p.key, CAST(p.value AS BIGINT) AS value \
                FROM jsonb_each_text($", $n, "::jsonb) AS p) AS item "]
            $($rest)*
        )
    };
    ([$($lite:expr),*] [$($pg:expr),*] one_of $($rest:tt)*) => {
        $crate::sql::sql_pieces!([$($lite,)* " IN ("] [$($pg,)* " = ANY (ARRAY("] $($rest)*)
    };
    ([$($lite:expr),*] [$($pg:expr),*] end $($rest:tt)*) => {
        $crate::sql::sql_pieces!([$($lite,)* ") "] [$($pg,)* ")) "] $($rest)*)
    };
    ([$($lite:expr),*] [$($pg:expr),*] indexed_by($index:literal) $($rest:tt)*) => {
        $crate::sql::sql_pieces!(
            [$($lite,)* " INDEXED BY ", $index, " "]
            [$($pg,)* " "]
            $($rest)*
        )
    };
    ([$($lite:expr),*] [$($pg:expr),*] skip_locked $($rest:tt)*) => {
        $crate::sql::sql_pieces!(
            [$($lite,)* " "]
            [$($pg,)* " FOR UPDATE SKIP LOCKED "]
            $($rest)*
        )
    };
    ([$($lite:expr),*] [$($pg:expr),*] unless_changing $($rest:tt)*) => {
        $crate::sql::sql_pieces!(
            [$($lite,)* " "]
            [$($pg,)* " FOR SHARE SKIP LOCKED "]
            $($rest)*
        )
    };
    ([$($lite:expr),*] [$($pg:expr),*] $text:literal $($rest:tt)*) => {
        $crate::sql::sql_pieces!([$($lite,)* $text] [$($pg,)* $text] $($rest)*)
    };
}
/// The booking by whose uid people know a chain: the first one that replaces none.
macro_rules! first_of {
    ($chain:literal) => {
        concat!(
            "coalesce((SELECT min(f.uid) FROM cal_bookings f WHERE f.chain = ",
            $chain,
            " AND f.place IN (0, 2)), (SELECT f.uid FROM cal_bookings f WHERE f.chain = ",
            $chain,
            " ORDER BY f.made_at, f.uid LIMIT 1))"
        )
    };
}

pub(crate) use {first_of, sql, sql_pieces};

impl fmt::Debug for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sql").finish_non_exhaustive()
    }
}
