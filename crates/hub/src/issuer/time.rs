//! Dates as MCPHub writes them: ISO 8601 with milliseconds, in UTC.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

pub(crate) fn read(written: &str) -> Option<SystemTime> {
    let time = written.parse::<Timestamp>().ok()?;
    let since = u64::try_from(time.as_millisecond()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(since))
}

/// `None`: so late that no calendar has it.
pub(crate) fn written(time: SystemTime) -> Option<String> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let time = Timestamp::from_millisecond(since.as_millis().try_into().ok()?).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_javascript_does_and_read_again() {
        let written_by_javascript = "2030-01-02T03:04:05.678Z";
        let time = read(written_by_javascript).unwrap();
        assert_eq!(written(time).as_deref(), Some(written_by_javascript));
        assert_eq!(read("soon"), None);
    }
}
