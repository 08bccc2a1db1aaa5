//! Only the 64 digits of the right MAC verify, whatever stands in the header.

#![no_main]

use cal_webhook::{Head, SIGNATURE_HEADER, Signer, Verifier, VerifyError};
use libfuzzer_sys::fuzz_target;

// The first byte chooses what the header holds, the second where it is cut or changed.
fuzz_target!(|input: &[u8]| {
    let [kind, place, rest @ ..] = input else { return };
    let (header, body) = rest.split_at(rest.len().min(usize::from(*place)));
    let right = Signer::new("first secret").expect("a secret").sign(body);
    let header = match kind % 6 {
        0 => header.to_vec(),
        1 => right.clone().into_bytes(),
        2 => right.to_uppercase().into_bytes(),
        3 => right.as_bytes()[..usize::from(*place) % 64].to_vec(),
        4 => {
            let mut header = right.clone().into_bytes();
            header[usize::from(*place) % 64] ^= kind | 1;
            header
        }
        _ => [right.as_bytes(), header].concat(),
    };

    let verifier = Verifier::new("other secret").and_then(|verifier| verifier.or("first secret"));
    let verified = verifier.expect("two secrets").verify(body.to_vec(), &header);
    let is_right = header.eq_ignore_ascii_case(right.as_bytes());
    match verified {
        Ok(verified) => assert!(is_right && verified.body() == body),
        Err(VerifyError::Malformed { length }) => {
            assert_eq!(length, header.len());
            assert!(header.len() != 64 || !header.iter().all(u8::is_ascii_hexdigit));
        }
        Err(VerifyError::Mismatch) => {
            assert!(!is_right && header.len() == 64 && header.iter().all(u8::is_ascii_hexdigit));
        }
        Err(VerifyError::NoSecret) => assert_eq!(header, b"no-secret-provided"),
        Err(error) => panic!("{error}"),
    }

    let name = String::from_utf8_lossy(body);
    let headers = [
        (SIGNATURE_HEADER, header.as_slice()),
        ("Content-Length", body),
        ("content-encoding", header.as_slice()),
        ("content-type", body),
        (name.as_ref(), header.as_slice()),
    ];
    let _ = Head::new(&name, headers);
});
