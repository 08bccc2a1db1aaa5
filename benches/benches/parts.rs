//! Every part of reading a delivery by itself, beside its floor.

use benches::{
    SECRET, bodies,
    bodies::{Sample, Size},
    floor,
};
use cal_core::{Delivery, Outline};
use cal_webhook::Verifier;
use divan::{Bencher, black_box, counter::BytesCount};
use sha2::{Digest, Sha256};

fn main() {
    if benches::is_bench() {
        divan::main();
    }
}

fn sample(size: Size) -> Sample {
    bodies::samples(size, [7]).expect("a secret that is not blank").remove(0)
}

fn verifier() -> Verifier {
    Verifier::new(SECRET).expect("a secret that is not blank")
}

fn key() -> floor::Key {
    floor::Key::new(SECRET.as_bytes()).expect("a key of any length")
}

/// Measures work on a sample of a size.
fn on<R>(bencher: Bencher<'_, '_>, size: Size, mut work: impl FnMut(&Sample) -> R) {
    let sample = sample(size);
    bencher.counter(BytesCount::of_slice(&sample.body)).bench_local(|| work(black_box(&sample)));
}

/// The hash alone, which nothing that verifies can beat.
#[divan::bench(args = Size::ALL)]
fn sha256(bencher: Bencher<'_, '_>, size: Size) {
    on(bencher, size, |sample| Sha256::digest(&sample.body));
}

mod verify {
    use super::*;

    #[divan::bench(args = Size::ALL)]
    fn calcom(bencher: Bencher<'_, '_>, size: Size) {
        let verifier = verifier();
        on(bencher, size, |sample| verifier.verify(sample.body.clone(), &sample.signature));
    }

    #[divan::bench(args = Size::ALL)]
    fn floor_hmac(bencher: Bencher<'_, '_>, size: Size) {
        let key = key();
        on(bencher, size, |sample| key.verify(&sample.body, sample.signature.as_bytes()));
    }

    #[divan::bench(args = Size::ALL)]
    fn floor_ring(bencher: Bencher<'_, '_>, size: Size) {
        let key = floor::RingKey::new(SECRET.as_bytes());
        on(bencher, size, |sample| key.verify(&sample.body, sample.signature.as_bytes()));
    }
}

mod parse {
    use super::*;

    #[divan::bench(args = Size::ALL)]
    fn calcom(bencher: Bencher<'_, '_>, size: Size) {
        on(bencher, size, |sample| Delivery::parse(sample.body.clone()));
    }

    #[divan::bench(args = Size::ALL)]
    fn floor_borrowed(bencher: Bencher<'_, '_>, size: Size) {
        on(bencher, size, |sample| floor::read(&sample.body).is_ok());
    }
}

/// Reading only what routing needs.
#[divan::bench(args = Size::ALL)]
fn outline(bencher: Bencher<'_, '_>, size: Size) {
    on(bencher, size, |sample| Outline::of(&sample.body).is_ok());
}

mod verify_parse {
    use super::*;

    #[divan::bench(args = Size::ALL)]
    fn calcom(bencher: Bencher<'_, '_>, size: Size) {
        let verifier = verifier();
        on(bencher, size, |sample| {
            let verified = verifier.verify(sample.body.clone(), &sample.signature);
            verified.map(|verified| verified.parse())
        });
    }

    #[divan::bench(args = Size::ALL)]
    fn floor(bencher: Bencher<'_, '_>, size: Size) {
        let key = key();
        on(bencher, size, |sample| {
            key.verify(&sample.body, sample.signature.as_bytes())
                && floor::read(&sample.body).is_ok()
        });
    }
}

/// Verifying, and then reading only what routing needs.
#[divan::bench(args = Size::ALL)]
fn verify_outline(bencher: Bencher<'_, '_>, size: Size) {
    let verifier = verifier();
    on(bencher, size, |sample| {
        let verified = verifier.verify(sample.body.clone(), &sample.signature);
        verified.is_ok_and(|verified| Outline::of(verified.body()).is_ok())
    });
}
