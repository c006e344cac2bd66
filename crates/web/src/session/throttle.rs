//! Slows down guessing of passwords: a pure count of attempts per address within a window.
//!
//! An attempt counts before its password is looked at, so that a hundred at once are not a hundred free guesses.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

const ATTEMPTS: u32 = 10;
const WINDOW: Duration = Duration::from_secs(15 * 60);
const ADDRESSES: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Throttle {
    attempts: HashMap<IpAddr, Attempts>,
}

#[derive(Clone, Copy, Debug)]
struct Attempts {
    since: SystemTime,
    count: u32,
}

impl Throttle {
    /// Counts one attempt. `Err`: not now, but after so long.
    pub(super) fn attempt(&mut self, from: IpAddr, now: SystemTime) -> Result<(), Duration> {
        if self.attempts.len() >= ADDRESSES {
            self.make_room(now);
        }
        let entry = self.attempts.entry(network(from)).or_insert(Attempts {
            since: now,
            count: 0,
        });
        let age = now.duration_since(entry.since).unwrap_or_default();
        if age >= WINDOW {
            *entry = Attempts {
                since: now,
                count: 0,
            };
        } else if entry.count >= ATTEMPTS {
            return Err(WINDOW - age);
        }
        entry.count += 1;
        Ok(())
    }

    /// A right password was no guess, and gives its own attempt back. It says nothing about those before: whoever has an
    /// account could else guess at another one for ever.
    pub(super) fn succeeded(&mut self, from: IpAddr) {
        if let Some(entry) = self.attempts.get_mut(&network(from)) {
            entry.count = entry.count.saturating_sub(1);
        }
    }

    fn make_room(&mut self, now: SystemTime) {
        self.attempts
            .retain(|_, entry| now.duration_since(entry.since).unwrap_or_default() < WINDOW);
        if self.attempts.len() >= ADDRESSES
            && let Some(oldest) = self
                .attempts
                .iter()
                .min_by_key(|(_, entry)| entry.since)
                .map(|(from, _)| *from)
        {
            self.attempts.remove(&oldest);
        }
    }
}

/// One person may own a whole IPv6 network of 64 bits.
fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
    }

    #[test]
    fn the_eleventh_attempt_waits_for_the_rest_of_the_window() {
        let mut throttle = Throttle::default();
        for second in 0..10 {
            assert!(throttle.attempt(HERE, at(second)).is_ok());
        }
        assert_eq!(
            throttle.attempt(HERE, at(100)),
            Err(Duration::from_secs(800))
        );
        assert!(
            throttle
                .attempt(IpAddr::from([10, 0, 0, 1]), at(100))
                .is_ok(),
            "others are not held back"
        );
        assert!(throttle.attempt(HERE, at(900)).is_ok());
    }

    #[test]
    fn a_right_password_is_not_counted_and_clears_no_guess() {
        let mut throttle = Throttle::default();
        for _ in 0..100 {
            throttle.attempt(HERE, at(0)).unwrap();
            throttle.succeeded(HERE);
        }
        let guesses = (0..20).filter(|_| {
            let guessed = throttle.attempt(HERE, at(1)).is_ok();
            if throttle.attempt(HERE, at(1)).is_ok() {
                throttle.succeeded(HERE);
            }
            guessed
        });
        assert_eq!(guesses.count(), 10);
    }

    #[test]
    fn one_ipv6_network_is_one_address() {
        let mut throttle = Throttle::default();
        for host in 0..10u16 {
            throttle
                .attempt(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, host]), at(0))
                .unwrap();
        }
        assert!(
            throttle
                .attempt(IpAddr::from([0x2001, 0xdb8, 0, 1, 9, 9, 9, 9]), at(0))
                .is_err()
        );
    }

    #[test]
    fn the_memory_of_addresses_is_bounded() {
        let mut throttle = Throttle::default();
        for number in 0..(ADDRESSES as u32 + 50) {
            throttle
                .attempt(
                    IpAddr::from(number.to_be_bytes()),
                    at(u64::from(number) / 1000),
                )
                .unwrap();
        }
        assert!(throttle.attempts.len() <= ADDRESSES);
    }
}
