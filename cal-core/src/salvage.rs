//! Reading a payload, member by member if need be.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::ParseError;

/// How many members of one payload may be set aside before it is given up.
const MOST: usize = 32;

/// Reads a payload; a member of an unexpected type is set aside and reported.
///
/// One drifting member must not cost a whole booking. The usual payload is read in one pass; only
/// when that fails is it read as a tree, in which the members that do not fit become `null`.
pub(crate) fn read<T: DeserializeOwned>(
    json: &str,
    prefix: &str,
) -> Result<(T, Vec<ParseError>), ParseError> {
    match serde_json::from_str(json) {
        Ok(payload) => Ok((payload, Vec::new())),
        Err(error) => {
            let mut tree =
                serde_json::from_str(json).map_err(|_| ParseError::from_json(prefix, &error))?;
            read_tree(&mut tree, prefix)
        }
    }
}

fn read_tree<T: DeserializeOwned>(
    tree: &mut Value,
    prefix: &str,
) -> Result<(T, Vec<ParseError>), ParseError> {
    let mut set_aside = Vec::new();
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(&*tree) {
            Ok(payload) => return Ok((payload, set_aside)),
            Err(error) => error,
        };
        let problem = ParseError::from_json(join(prefix, error.path()), error.inner());
        if set_aside.len() == MOST || !set_null(tree, error.path()) {
            return Err(problem);
        }
        set_aside.push(problem);
    }
}

/// Sets the member at the path to `null`, or the nearest one above it that is not `null` yet.
fn set_null(tree: &mut Value, path: &Path) -> bool {
    let segments: Vec<&Segment> = path.iter().collect();
    for depth in (1..=segments.len()).rev() {
        if let Some(member) = find(tree, &segments[..depth])
            && !member.is_null()
        {
            *member = Value::Null;
            return true;
        }
    }
    false
}

fn find<'v>(tree: &'v mut Value, segments: &[&Segment]) -> Option<&'v mut Value> {
    segments.iter().try_fold(tree, |value, segment| match segment {
        Segment::Map { key } => value.get_mut(key),
        Segment::Seq { index } => value.get_mut(index),
        Segment::Enum { .. } | Segment::Unknown => None,
    })
}

fn join(prefix: &str, path: &Path) -> String {
    match (prefix, path.to_string()) {
        (prefix, path) if path == "." => prefix.to_owned(),
        ("", path) => path,
        (prefix, path) => format!("{prefix}.{path}"),
    }
}
