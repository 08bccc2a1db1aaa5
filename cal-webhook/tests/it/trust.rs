//! Only what was signed with the secret is trusted.

use cal_webhook::{SecretError, Signer, Verifier, VerifyError};
use proptest::prelude::*;

/// A vector that other implementations agree on: computed with OpenSSL.
const VECTOR: (&str, &str, &str) = (
    "consultation",
    r#"{"triggerEvent":"PING"}"#,
    "c6ecfc2b258c58492f768f7f605f7a2b86572a0d853e002da05dc8e9d6e91e29",
);

#[test]
fn a_known_signature_is_made_and_verified() {
    let (secret, body, signature) = VECTOR;
    assert_eq!(Signer::new(secret).unwrap().sign(body), signature);
    let verifier = Verifier::new(secret).unwrap();
    assert_eq!(verifier.verify(body, signature).unwrap().body(), body);
    assert!(verifier.verify(body, signature.to_uppercase()).is_ok());
}

#[test]
fn a_secret_is_its_utf8_bytes_and_never_decoded() {
    // "c2VjcmV0" is base64 for "secret".
    let signature = Signer::new("c2VjcmV0").unwrap().sign("{}");
    assert!(Verifier::new("c2VjcmV0").unwrap().verify("{}", &signature).is_ok());
    let decoded = Verifier::new("secret").unwrap().verify("{}", &signature);
    assert_eq!(decoded, Err(VerifyError::Mismatch));
}

#[test]
fn empty_secrets_are_refused_at_construction() {
    for secret in ["", " ", "\t\n"] {
        assert_eq!(Verifier::new(secret).unwrap_err(), SecretError::Empty);
        assert_eq!(Verifier::new("a").unwrap().or(secret).unwrap_err(), SecretError::Empty);
        assert_eq!(Signer::new(secret).unwrap_err(), SecretError::Empty);
    }
}

#[test]
fn white_space_around_a_secret_is_refused_and_not_trimmed() {
    for secret in ["a b\n", "a\r\n", " a", "a\u{a0}", "\ta", "a\u{2028}"] {
        assert_eq!(Verifier::new(secret).unwrap_err(), SecretError::Padded);
        assert_eq!(Verifier::new("a").unwrap().or(secret).unwrap_err(), SecretError::Padded);
        assert_eq!(Signer::new(secret).unwrap_err(), SecretError::Padded);
    }
    assert!(Verifier::new("a b").is_ok());
    assert!(SecretError::Padded.to_string().contains("white space"));
}

#[test]
fn rotation_accepts_both_secrets_until_the_old_one_is_dropped() {
    let (old, new) = (Signer::new("old").unwrap(), Signer::new("new").unwrap());
    let overlap = Verifier::new("new").unwrap().or("old").unwrap();
    let after = Verifier::new("new").unwrap();
    for body in ["{}", "[]", ""] {
        assert!(overlap.verify(body, old.sign(body)).is_ok());
        assert!(overlap.verify(body, new.sign(body)).is_ok());
        assert!(after.verify(body, new.sign(body)).is_ok());
        assert_eq!(after.verify(body, old.sign(body)), Err(VerifyError::Mismatch));
    }
}

#[test]
fn every_malformed_header_is_named() {
    let verifier = Verifier::new("secret").unwrap();
    let good = Signer::new("secret").unwrap().sign("{}");
    let refused = |signature: &[u8]| verifier.verify("{}", signature).unwrap_err();
    assert_eq!(refused(b"no-secret-provided"), VerifyError::NoSecret);
    for header in [
        String::new(),
        good[..63].to_owned(),
        format!("{good}0"),
        format!(" {good}"),
        format!("sha256={good}"),
        format!("{good},{good}"),
    ] {
        assert_eq!(refused(header.as_bytes()), VerifyError::Malformed { length: header.len() });
    }
    assert_eq!(refused(&[0xff; 64]), VerifyError::Malformed { length: 64 });
}

#[test]
fn no_secret_shows_in_debug_output() {
    let verifier = Verifier::new("hunter-two").unwrap().or("hunter-three").unwrap();
    let shown = format!("{verifier:?} {:?}", Signer::new("hunter-two").unwrap());
    assert!(!shown.contains("hunter"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn flipping_any_bit_is_refused(
        secret in "[^\\s]{1,80}",
        body in prop::collection::vec(any::<u8>(), 1..600),
        bit in any::<prop::sample::Index>(),
    ) {
        let verifier = Verifier::new(secret.as_str()).unwrap();
        let signature = Signer::new(secret).unwrap().sign(&body);
        prop_assert!(verifier.verify(body.clone(), &signature).is_ok());

        let mut forged = body.clone();
        let at = bit.index(body.len() * 8);
        forged[at / 8] ^= 1 << (at % 8);
        prop_assert_eq!(verifier.verify(forged, &signature), Err(VerifyError::Mismatch));

        let mut forged = signature.clone().into_bytes();
        let at = bit.index(forged.len() * 8);
        forged[at / 8] ^= 1 << (at % 8);
        // Flipping the bit that tells the cases of a letter apart leaves the same digit.
        if !forged.eq_ignore_ascii_case(signature.as_bytes()) {
            prop_assert!(verifier.verify(body, forged).is_err());
        }
    }

    #[test]
    fn any_header_and_any_body_are_refused_without_panic(
        header in prop::collection::vec(any::<u8>(), 0..200),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        prop_assert!(Verifier::new("secret").unwrap().verify(body, header).is_err());
    }
}
