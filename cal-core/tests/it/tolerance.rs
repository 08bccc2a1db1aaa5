//! Members may be missing, null, or newer than this version; words may be unknown.

use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};

use crate::{
    cases,
    tree::{Tree, take, values, written},
};

#[test]
fn every_optional_member_may_be_missing_or_null() {
    for tree in Tree::all() {
        for member in tree.new_members.iter().filter(|member| !tree.requires(member)) {
            let mut changed = tree.clone();
            if tree.may_be_null(member) {
                *changed.value.pointer_mut(member).unwrap() = Value::Null;
                changed.check_whole(&format!("with null at {member}"));
            }
            take(&mut changed.value, member).unwrap();
            changed.check_whole(&format!("without {member}"));
        }
    }
}

proptest! {
    #![proptest_config(cases(20))]

    #[test]
    fn many_optional_members_may_be_missing_at_once(
        tree in any::<Index>(),
        changes in vec((any::<Index>(), any::<bool>()), 1..40),
    ) {
        let mut tree = tree.get(Tree::all()).clone();
        for (member, null) in changes {
            let member = member.get(&tree.members).clone();
            if tree.requires(&member) {
                continue;
            }
            let may_be_null = tree.may_be_null(&member);
            match tree.value.pointer_mut(&member) {
                Some(place) if null && may_be_null => *place = Value::Null,
                _ => drop(take(&mut tree.value, &member)),
            }
        }
        tree.check_whole("with members taken out");
    }

    #[test]
    fn members_of_a_newer_version_change_nothing(
        tree in any::<Index>(),
        changes in vec((any::<Index>(), "[a-z]{1,4}_[a-z]{0,4}", 0..6_usize), 1..10),
    ) {
        let mut tree = tree.get(Tree::all()).clone();
        let whole = written(&tree.read());
        let mut objects = vec![String::new()];
        objects.extend(tree.members.iter().cloned());
        objects.retain(|at| tree.value.pointer(at).unwrap().is_object() && tree.has_fixed_names(at));
        prop_assume!(!objects.is_empty());
        for (object, name, value) in changes {
            let value = values().get(value).cloned().unwrap_or_default();
            let object = tree.value.pointer_mut(object.get(&objects).as_str()).unwrap();
            object.as_object_mut().unwrap().insert(name, value);
        }
        tree.check_whole("with members put in");
        prop_assert_eq!(written(&tree.read()), whole);
    }

    #[test]
    fn an_unknown_spelling_is_kept(tree in any::<Index>(), spelling in r#"[A-Za-z_ "\\é🗓]{0,12}"#) {
        const OPEN: [&str; 6] =
            ["location", "paymentOption", "previousLocation", "schedulingType", "status", "type"];
        let tree = tree.get(Tree::all()).clone();
        let name = |member: &str| member.rsplit_once('/').unwrap().1.to_owned();
        for member in &tree.members {
            let is_text = tree.value.pointer(member).unwrap().is_string();
            if is_text && OPEN.contains(&name(member).as_str()) {
                let mut changed = tree.clone();
                *changed.value.pointer_mut(member).unwrap() = json!(spelling);
                changed.check_whole(&format!("with {spelling:?} at {member}"));
                let now = written(&changed.read());
                prop_assert_eq!(now.pointer(member), Some(&json!(spelling)));
            }
        }
    }
}
