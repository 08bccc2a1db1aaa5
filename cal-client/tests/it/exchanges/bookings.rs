use super::Calls;

pub(super) fn calls(calls: &mut Calls) {
    let _ = calls;
}
