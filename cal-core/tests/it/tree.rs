//! Typed samples as trees, to be changed member by member.

use std::{collections::BTreeSet, sync::LazyLock};

use cal_core::{Delivery, Parsed, Trigger};
use serde_json::{Value, json};

use crate::samples;

/// Members that hold values by slug.
const MAPS: [&str; 4] = ["optionsInputs", "responses", "userFieldsResponses", "variants"];

/// Members that hold any JSON.
const FREE: [&str; 6] =
    ["calVideoSettings", "customInputs", "data", "metadata", "response", "value"];

/// A typed sample as a tree of JSON.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) name: String,
    pub(crate) trigger: Trigger,
    pub(crate) value: Value,
    /// The JSON pointers of all members.
    pub(crate) members: Vec<String>,
    /// The members that no earlier tree with the same kind of payload has.
    pub(crate) new_members: Vec<String>,
}

impl Tree {
    pub(crate) fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<Tree>> = LazyLock::new(Tree::read_all);
        &ALL
    }

    fn read_all() -> Vec<Self> {
        let mut seen = BTreeSet::new();
        let tree = |sample: samples::Sample| {
            let value: Value = serde_json::from_str(&sample.body).unwrap();
            let mut members = Vec::new();
            collect("", &value, &mut members);
            let trigger: Trigger = value["triggerEvent"].as_str().unwrap().into();
            let kind = if trigger.is_booking() { Trigger::Ping } else { trigger.clone() };
            let mut new_members = members.clone();
            new_members.retain(|member| seen.insert(format!("{kind}{member}")));
            Self { name: sample.name, trigger, value, members, new_members }
        };
        samples::typed().into_iter().map(tree).collect()
    }

    pub(crate) fn read(&self) -> Delivery {
        Delivery::parse(self.value.to_string())
    }

    /// Whether the payload is nothing without this member.
    pub(crate) fn requires(&self, member: &str) -> bool {
        let meeting = matches!(self.trigger, Trigger::MeetingEnded | Trigger::MeetingStarted);
        match member {
            "/payload"
            | "/payload/assignmentReason/category"
            | "/payload/booking"
            | "/payload/oooEntry"
            | "/triggerEvent" => true,
            "/startTime" | "/endTime" | "/payload/endTime" => meeting,
            "/payload/startTime" => meeting || self.makes_a_booking(),
            _ => false,
        }
    }

    /// Whether it reports a booking that moves none, which must say when it is.
    fn makes_a_booking(&self) -> bool {
        matches!(self.trigger, Trigger::BookingCreated | Trigger::BookingRequested)
            && self.value.pointer("/payload/rescheduleUid").is_none_or(Value::is_null)
    }

    /// Whether a member may be null; the entries of most maps are there or they are not.
    pub(crate) fn may_be_null(&self, member: &str) -> bool {
        let parent = member.rsplit('/').nth(1).unwrap_or_default();
        let is_form =
            matches!(self.trigger, Trigger::FormSubmitted | Trigger::FormSubmittedNoEvent);
        let is_entry = ["optionsInputs", "variants"].contains(&parent);
        let is_form_answer = is_form && parent == "responses";
        !(is_entry || is_form_answer || self.requires(member))
    }

    /// Whether Cal.com's own names stand here, so that a name it does not use has no meaning.
    pub(crate) fn has_fixed_names(&self, object: &str) -> bool {
        let steps: Vec<&str> = object.split('/').collect();
        let [.., parent, last] = steps[..] else {
            return !matches!(self.trigger, Trigger::FormSubmitted);
        };
        let is_form =
            matches!(self.trigger, Trigger::FormSubmitted | Trigger::FormSubmittedNoEvent);
        let is_labelled = self.value.pointer(object).unwrap().get("label").is_some();
        let is_free = self.trigger == Trigger::CalendarEntryRejected
            || is_form && steps == ["", "payload"]
            || steps.iter().any(|step| FREE.contains(step));
        let is_bare = MAPS.contains(&parent) && !is_labelled;
        !(is_free || is_bare || MAPS.contains(&last))
    }

    /// Checks that the tree is typed and nothing of it was set aside.
    pub(crate) fn check_whole(&self, change: &str) {
        let delivery = self.read();
        let at = format!("{} {change}", self.name);
        assert_eq!(delivery.parsed(), Parsed::Typed, "{at}: {:?}", delivery.event);
        assert!(delivery.set_aside().is_empty(), "{at}: {:?}", delivery.set_aside());
        assert_eq!(delivery.event.trigger().as_ref(), Some(&self.trigger), "{at}");
    }
}

fn collect(at: &str, value: &Value, members: &mut Vec<String>) {
    let mut visit = |step: &str, value, is_member| {
        let at = format!("{at}/{step}");
        collect(&at, value, members);
        if is_member {
            members.push(at);
        }
    };
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| visit(name, value, true)),
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, value)| visit(&index.to_string(), value, false));
        }
        _ => {}
    }
}

/// Takes a member out of its object.
pub(crate) fn take(value: &mut Value, member: &str) -> Option<Value> {
    let (object, name) = member.rsplit_once('/').unwrap();
    value.pointer_mut(object)?.as_object_mut()?.remove(name)
}

/// A JSON pointer in the spelling of `ParseError::path`.
pub(crate) fn spelled(member: &str) -> String {
    let mut path = String::new();
    for step in member.split('/').skip(1) {
        if step.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push_str(&format!("[{step}]"));
        } else {
            path.push_str(if path.is_empty() { "" } else { "." });
            path.push_str(step);
        }
    }
    path
}

/// What a delivery says, written down; a member that is null says nothing.
pub(crate) fn written(delivery: &Delivery) -> Value {
    let mut tree = serde_json::to_value(delivery).unwrap();
    strip_nulls(&mut tree);
    tree
}

fn strip_nulls(tree: &mut Value) {
    match tree {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(strip_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_nulls),
        _ => {}
    }
}

/// A JSON value of every type except null.
pub(crate) fn values() -> Vec<Value> {
    vec![
        json!(true),
        json!(918_273_645.5),
        json!("918273645, expected `x`"),
        json!([[], 1]),
        json!({}),
    ]
}
