//! Any bytes can be read as an answer of the API: a refusal always says its status and shows
//! nothing that was said, and a success is a value or an error.

#![no_main]
// Without the flag the client cannot be asked to read bytes.
#![cfg(fuzzing)]

use cal_client::{
    bookings::Booking, fuzzing, managed_orgs::MadeManagedOrg, managed_users::MadeManagedUser,
    me::Profile, oauth_clients::OAuthClient,
};
use libfuzzer_sys::fuzz_target;

// The first byte chooses the status.
fuzz_target!(|input: &[u8]| {
    let [kind, body @ ..] = input else { return };
    let status = 400 + u16::from(*kind);
    let refusal = fuzzing::refusal(status, body.to_vec());
    assert_eq!(refusal.status(), Some(status));
    let shown = refusal.to_string();
    assert!(shown.strip_prefix("the server answered ").is_some_and(|rest| {
        rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_'))
    }));

    // In an envelope as it came, and as what stands in a good one.
    let within = [br#"{"status":"success","data":"#, body, b"}"].concat();
    for body in [body.to_vec(), within] {
        let _ = fuzzing::data::<Profile>(body.clone());
        let _ = fuzzing::data::<Option<Booking>>(body.clone());
        let _ = fuzzing::data::<MadeManagedUser>(body.clone());
        let _ = fuzzing::data::<MadeManagedOrg>(body.clone());
        let _ = fuzzing::data::<Vec<OAuthClient>>(body.clone());
        match fuzzing::page::<Booking>(body) {
            Ok(page) => drop(page.pagination.unwrap_or_default()),
            Err(error) => {
                let path = error.path().unwrap_or_default();
                assert!(path.bytes().all(|byte| byte.is_ascii_graphic()), "{path}");
            }
        }
    }
});
