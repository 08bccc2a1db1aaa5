//! An account of HubSpot.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::server::{Reply, Seen};

/// What an account holds, as far as these tests go.
#[derive(Default)]
pub(crate) struct Account {
    /// By the path of the object's kind and its name.
    pub(crate) properties: BTreeMap<String, Value>,
    pub(crate) contacts: Vec<Map<String, Value>>,
    pub(crate) meetings: Vec<Map<String, Value>>,
    /// Turns this many look-ups of meetings away as if they came too early.
    pub(crate) blind: usize,
}

impl Account {
    /// Answers as documented, and keeps what it is told, when it knows the token.
    pub(crate) fn answer(&mut self, seen: &Seen, token: &str) -> Reply {
        if seen.header("authorization") != format!("Bearer {token}") {
            return Reply::json(401, &json!({ "category": "INVALID_AUTHENTICATION" }));
        }
        let (path, query) = seen.target.split_once('?').unwrap_or((&seen.target, ""));
        let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
        match (&*seen.method, &parts[..]) {
            ("GET", ["crm", "v3", "properties", kind, name]) => {
                found(self.properties.get(&format!("{kind}/{name}")).cloned())
            }
            ("POST", ["crm", "v3", "properties", kind, "groups"]) => {
                assert_eq!(seen.json(), json!({ "name": "calcom", "label": "Cal.com" }));
                let key = format!("{kind}/groups");
                match self.properties.insert(key, seen.json()) {
                    Some(_) => Reply::json(409, &json!({ "category": "OBJECT_ALREADY_EXISTS" })),
                    None => Reply::json(201, &seen.json()),
                }
            }
            ("POST", ["crm", "v3", "properties", kind]) => {
                let property = seen.json();
                assert!(self.properties.contains_key(&format!("{kind}/groups")));
                let name = property["name"].as_str().unwrap();
                self.properties.insert(format!("{kind}/{name}"), property.clone());
                Reply::json(201, &property)
            }
            ("GET", ["crm", "v3", "objects", "meetings", _]) if self.blind > 0 => {
                self.blind -= 1;
                found(None)
            }
            ("POST", ["crm", "v3", "objects", "contacts", "search"]) => {
                let filter = &seen.json()["filterGroups"][0]["filters"][0];
                let is_it = |row: &&Map<String, Value>| row.get("phone") == filter.get("value");
                let rows: Vec<_> = self.contacts.iter().filter(is_it).collect();
                let rows: Vec<_> =
                    rows.iter().map(|row| json!({ "id": row["id"], "properties": row })).collect();
                Reply::json(200, &json!({ "total": rows.len(), "results": rows }))
            }
            ("POST", ["crm", "v3", "objects", kind]) => self.create(kind, &seen.json()),
            (_, ["crm", "v3", "objects", kind, id]) => self.touch(seen, kind, id, query),
            _ => Reply::json(404, &json!({ "message": "no such path" })),
        }
    }

    fn create(&mut self, kind: &str, body: &Value) -> Reply {
        let (unique, objects) = match kind {
            "contacts" => ("email", &mut self.contacts),
            _ => ("calcom_booking", &mut self.meetings),
        };
        let mut properties = body["properties"].as_object().unwrap().clone();
        let key = |object: &Map<String, Value>| object.get(unique).cloned();
        if objects.iter().any(|it| key(it).is_some() && key(it) == key(&properties)) {
            return Reply::json(409, &json!({ "category": "CONFLICT" }));
        }
        properties.insert("id".to_owned(), (objects.len() + 101).to_string().into());
        objects.push(properties.clone());
        Reply::json(201, &json!({ "id": properties["id"], "properties": properties }))
    }

    fn touch(&mut self, seen: &Seen, kind: &str, id: &str, query: &str) -> Reply {
        let objects = if kind == "contacts" { &mut self.contacts } else { &mut self.meetings };
        let by = query.split('&').find_map(|pair| pair.strip_prefix("idProperty="));
        let Some(object) =
            objects.iter_mut().find(|object| object.get(by.unwrap_or("id")) == Some(&json!(id)))
        else {
            return found(None);
        };
        if seen.method == "PATCH" {
            object.extend(seen.json()["properties"].as_object().unwrap().clone());
        }
        Reply::json(200, &json!({ "id": object["id"], "properties": object }))
    }
}

fn found(value: Option<Value>) -> Reply {
    let missing = json!({ "status": "error", "category": "OBJECT_NOT_FOUND" });
    value.map_or_else(|| Reply::json(404, &missing), |value| Reply::json(200, &value))
}
