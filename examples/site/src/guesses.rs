//! Slows down whoever guesses the admin token.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long a wrong token is remembered.
const MEMORY: Duration = Duration::from_secs(10 * 60);

/// How long the answer to the first wrong token waits; twice as long with each further one.
const FIRST: Duration = Duration::from_millis(100);
const MOST: Duration = Duration::from_secs(5);

/// How many addresses are remembered.
const ADDRESSES: usize = 1024;

/// The wrong tokens of the last minutes by the address that sent them.
///
/// Behind a proxy all visitors have one address. They slow each other down only with wrong tokens:
/// the right one is never delayed.
#[derive(Debug, Default)]
pub(crate) struct Guesses {
    wrong: Mutex<HashMap<IpAddr, Wrong>>,
}

#[derive(Debug)]
struct Wrong {
    times: u32,
    last: Instant,
}

impl Guesses {
    /// Notes and logs a wrong token, and returns how long its answer must wait.
    pub(crate) fn wrong(&self, address: IpAddr) -> Duration {
        let times = self.count(address, Instant::now());
        // A log that a stranger can fill helps nobody.
        if times.is_power_of_two() {
            tracing::warn!(%address, times, "a wrong admin token");
        }
        FIRST.saturating_mul(2_u32.saturating_pow(times - 1)).min(MOST)
    }

    fn count(&self, address: IpAddr, now: Instant) -> u32 {
        let network = network(address);
        // Nothing panics while it is locked.
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if !wrong.contains_key(&network) && wrong.len() >= ADDRESSES {
            let oldest = wrong.iter().min_by_key(|(_, wrong)| wrong.last);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                wrong.remove(&oldest);
            }
        }
        let known = wrong.entry(network).or_insert(Wrong { times: 0, last: now });
        if now.duration_since(known.last) > MEMORY {
            known.times = 0;
        }
        known.times = known.times.saturating_add(1);
        known.last = now;
        known.times
    }
}

/// One client usually has a whole network of IPv6 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_token_of_an_address_waits_longer_up_to_a_limit() {
        let guesses = Guesses::default();
        let [ours, theirs] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
        let waits: Vec<_> = (0..40).map(|_| guesses.wrong(ours)).collect();
        assert_eq!(waits[..3], [FIRST, FIRST * 2, FIRST * 4]);
        assert_eq!(waits[39], MOST);
        assert_eq!(guesses.wrong(theirs), FIRST);
    }

    #[test]
    fn a_network_of_ipv6_is_one_guesser_and_memory_is_bounded() {
        let guesses = Guesses::default();
        let address = |number: u128| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) | number));
        assert_eq!(guesses.wrong(address(1)), FIRST);
        assert_eq!(guesses.wrong(address(2)), FIRST * 2);
        for number in 0..5000 {
            guesses.wrong(address(number << 64));
        }
        assert_eq!(guesses.wrong.lock().unwrap().len(), ADDRESSES);
    }

    #[test]
    fn after_a_while_guesses_are_forgotten() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        let address = "192.0.2.1".parse().unwrap();
        assert_eq!(guesses.count(address, now), 1);
        assert_eq!(guesses.count(address, now + MEMORY), 2);
        assert_eq!(guesses.count(address, now + MEMORY * 2 + Duration::from_secs(1)), 1);
    }
}
