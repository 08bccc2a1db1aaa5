//! The items of a page, read one by one if need be.

use std::sync::Arc;

use cal_core::salvage;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use crate::{error::Error, list::SetAside, request::decode, transport::Answer};

/// Items, what was set aside, and why the first one is missing that was lost.
type Items<T> = (Vec<T>, Vec<SetAside>, Option<Error>);

/// Reads the items of a page, one by one if need be: one that has drifted must not cost the others.
pub(crate) fn items<T: DeserializeOwned>(data: &str, answer: &Answer) -> Result<Items<T>, Error> {
    let error = match decode(data.as_bytes(), "data", answer) {
        Ok(items) => return Ok((items, Vec::new(), None)),
        Err(error) => error,
    };
    let Ok(all) = serde_json::from_str::<Vec<&RawValue>>(data) else { return Err(error) };
    let (mut items, mut set_aside, mut lost) = (Vec::new(), Vec::new(), None);
    for (place, item) in all.into_iter().enumerate() {
        let path = format!("data[{place}]");
        let (problems, is_lost) = match salvage::read::<T>(item.get(), &path) {
            Ok((read, problems)) => {
                items.extend(Arc::into_inner(read));
                (problems, false)
            }
            Err(problem) => {
                let error =
                    || Error::undecodable(answer.status, answer.request_id(), problem.path());
                lost.get_or_insert_with(error);
                (vec![problem], true)
            }
        };
        if !problems.is_empty() {
            set_aside.push(SetAside { name: name(item), problems, is_lost });
        }
    }
    Ok((items, set_aside, lost))
}

/// Returns the uid or the id of an item.
fn name(item: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        uid: Option<Value>,
        id: Option<Value>,
    }
    let Named { uid, id } = serde_json::from_str(item.get()).ok()?;
    [uid, id].into_iter().flatten().find_map(|name| match name {
        Value::String(name) => Some(name),
        Value::Number(name) => Some(name.to_string()),
        _ => None,
    })
}
