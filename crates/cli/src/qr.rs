//! An address as a QR code, for a phone that looks at a terminal.
//!
//! ISO/IEC 18004, drawn by the crate `qrcode` in half blocks, black on white whatever the terminal's colours are. Leaves out addresses that mean the machine itself:
//! a phone that scans `localhost` finds nobody.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use url::Url;

use crate::operator::is_loopback;

/// The lines to print, where a phone can reach the address and the terminal has the room.
pub(crate) fn lines(address: &str, columns: usize) -> Option<Vec<String>> {
    let reachable = Url::parse(address).is_ok_and(|url| !is_loopback(&url));
    let code = QrCode::with_error_correction_level(address, EcLevel::L).ok();
    let drawn = code.filter(|_| reachable)?.render::<Dense1x2>().build();
    let fits = drawn.lines().all(|line| line.chars().count() <= columns);
    let line = |line: &str| format!("\u{1b}[30;107m{line}\u{1b}[0m");
    fits.then(|| drawn.lines().map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "https://hub.example.com/c/K7QXM4PD";

    #[test]
    fn a_short_link_fits_beside_nothing_else_on_the_smallest_terminal() {
        let lines = lines(PUBLIC, 80).unwrap();
        assert!(lines.len() < 24, "{}", lines.len());
        // What a phone looks for: three corners of seven modules, in black.
        let all = lines.join("\n");
        assert!(all.contains("█▀▀▀▀▀█"), "{all}");
        assert!(
            lines
                .iter()
                .all(|line| line.starts_with("\u{1b}[30;107m") && line.ends_with("\u{1b}[0m"))
        );
    }

    #[test]
    fn no_code_where_no_phone_can_follow_it_or_it_would_break() {
        for address in [
            "http://localhost:3000/c/K7QXM4PD",
            "http://127.0.0.1:3000/c/K7QXM4PD",
            "http://[::1]:3000/c/K7QXM4PD",
            "no address",
        ] {
            assert_eq!(lines(address, 200), None, "{address}");
        }
        assert_eq!(lines(PUBLIC, 20), None);
    }
}
