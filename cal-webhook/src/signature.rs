//! The signature header: 64 hexadecimal digits.

use crate::VerifyError;

/// The header that carries the signature; names of headers are compared without case.
pub const SIGNATURE_HEADER: &str = "x-cal-signature-256";

/// What Cal.com sends instead of a signature when a webhook has no secret (`sendPayload.ts`).
const NO_SECRET: &[u8] = b"no-secret-provided";

/// An HMAC-SHA256 tag.
pub(crate) type Tag = [u8; 32];

/// Reads the header's value.
pub(crate) fn parse(value: &[u8]) -> Result<Tag, VerifyError> {
    if value == NO_SECRET {
        return Err(VerifyError::NoSecret);
    }
    decode(value).ok_or(VerifyError::Malformed { length: value.len() })
}

/// Reads 64 hexadecimal digits of either case.
fn decode(digits: &[u8]) -> Option<Tag> {
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let pairs: &[[u8; 2]; 32] = pairs.try_into().ok()?;
    let mut tag = [0; 32];
    // Every digit is looked at before the verdict; bad ones set the upper half.
    let mut bad = 0;
    for (byte, [high, low]) in tag.iter_mut().zip(pairs) {
        let (high, low) = (VALUES[usize::from(*high)], VALUES[usize::from(*low)]);
        bad |= high | low;
        *byte = high << 4 | low & 0x0f;
    }
    (bad & 0xf0 == 0).then_some(tag)
}

/// Writes 64 lower-case hexadecimal digits.
pub(crate) fn encode(bytes: &[u8; 32]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}

/// The value of every hexadecimal digit, 255 for all other bytes.
const VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        values[b"0123456789ABCDEF"[value as usize] as usize] = value;
        value += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_64_hexadecimal_digits_are_a_tag() {
        let tag: Tag = std::array::from_fn(|index| (index * 37) as u8);
        let digits = encode(&tag);
        assert_eq!(decode(digits.as_bytes()), Some(tag));
        assert_eq!(decode(digits.to_uppercase().as_bytes()), Some(tag));
        assert_eq!(decode(&digits.as_bytes()[..63]), None);
        assert_eq!(decode(format!("{digits}0").as_bytes()), None);
        assert_eq!(decode(format!(" {}", &digits[1..]).as_bytes()), None);
        for index in 0..64 {
            for wrong in [b'g', b'G', b'/', b':', b'@', b'`', 0xff] {
                let mut digits = digits.clone().into_bytes();
                digits[index] = wrong;
                assert_eq!(decode(&digits), None);
            }
        }
    }
}
