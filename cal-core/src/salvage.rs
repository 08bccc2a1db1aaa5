//! Reading a payload, member by member if need be.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::{ParseError, surrogate};

/// How many members of one payload may be set aside before it is given up.
const MOST: usize = 32;

/// Reads a payload; a member of an unexpected type is set aside and reported.
///
/// One drifting member must not cost a whole booking. The usual payload is read in one pass; only
/// when that fails is it read as a tree, in which the members that do not fit become `null`, and the
/// entries of maps and lists that cannot be `null` are taken out.
///
/// # Errors
///
/// Fails when it is no object, or lacks what it cannot do without.
pub fn read<T: DeserializeOwned>(
    json: &str,
    prefix: &str,
) -> Result<(Arc<T>, Vec<ParseError>), ParseError> {
    // Serde would take an array for an object, member by member.
    if !json.starts_with('{') {
        return Err(ParseError::new("expected an object").within(prefix));
    }
    let error = match serde_json::from_str(json) {
        Ok(payload) => return Ok((Arc::new(payload), Vec::new())),
        Err(error) => error,
    };
    let mended = surrogate::mend(json);
    let mut tree = serde_json::from_str(mended.as_deref().unwrap_or(json))
        .map_err(|_| ParseError::from_json(prefix, &error))?;
    let (payload, mut set_aside) = read_tree(&mut tree, prefix)?;
    if mended.is_some() {
        set_aside
            .push(ParseError::new("expected whole characters, found a half one").within(prefix));
    }
    Ok((Arc::new(payload), set_aside))
}

fn read_tree<T: DeserializeOwned>(
    tree: &mut Value,
    prefix: &str,
) -> Result<(T, Vec<ParseError>), ParseError> {
    let mut set_aside: Vec<ParseError> = Vec::new();
    let mut taken_out = None;
    for _ in 0..2 * MOST {
        let error = match serde_path_to_error::deserialize::<_, T>(&*tree) {
            Ok(payload) => return Ok((payload, set_aside)),
            Err(error) => error,
        };
        let problem = ParseError::from_json(join(prefix, error.path()), error.inner());
        let gave_up = if set_aside.len() < MOST { give_up(tree, error.path()) } else { None };
        let is_known = set_aside.last().is_some_and(|last| last.path() == problem.path());
        match gave_up {
            // A member that cannot be missing is a better reason than that it is missing.
            None => return Err(taken_out.unwrap_or(problem)),
            Some(GaveUp::Value) => taken_out = None,
            Some(GaveUp::Member) => taken_out = Some(problem.clone()),
        }
        if !is_known {
            set_aside.push(problem);
        }
    }
    Err(ParseError::new("expected fewer members of another type"))
}

/// What was given up of a member that does not fit.
enum GaveUp {
    Member,
    Value,
}

/// Sets the member at the path to `null`, and takes it out of its map or list if that is no help.
fn give_up(tree: &mut Value, path: &Path) -> Option<GaveUp> {
    let segments: Vec<&Segment> = path.iter().collect();
    for depth in (1..=segments.len()).rev() {
        let Some(member) = find(tree, &segments[..depth]) else { continue };
        if !member.is_null() {
            *member = Value::Null;
            return Some(GaveUp::Value);
        }
        match (find(tree, &segments[..depth - 1]), segments[depth - 1]) {
            (Some(Value::Object(members)), Segment::Map { key }) => drop(members.remove(key)),
            (Some(Value::Array(items)), Segment::Seq { index }) => drop(items.remove(*index)),
            _ => continue,
        }
        return Some(GaveUp::Member);
    }
    None
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
