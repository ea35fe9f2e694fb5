//! Time: now, and the time formats of the real server.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use tz::{TimeZone, UtcDateTime};

/// Seconds since 1970.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs_f64()).unwrap_or_default()
}

/// How many seconds the local time of this process is ahead of UTC at a time.
///
/// As the C library does it: the time zone is that of the environment variable `TZ`, else that of the machine, else UTC. It
/// is looked up once.
fn local_offset(seconds: f64) -> f64 {
    static ZONE: OnceLock<Option<TimeZone>> = OnceLock::new();
    let zone = ZONE.get_or_init(|| match std::env::var("TZ") {
        Ok(zone) => TimeZone::from_posix_tz(&zone).ok(),
        Err(_) => TimeZone::local().ok(),
    });
    #[allow(clippy::cast_possible_truncation)] // seconds since 1970
    let at = seconds.floor() as i64;
    let kind = zone.as_ref().and_then(|zone| zone.find_local_time_type(at).ok());
    kind.map(|kind| f64::from(kind.ut_offset())).unwrap_or_default()
}

/// The local time of this process at a time, as [`iso`] writes it.
pub fn iso_local(seconds: f64) -> String {
    iso(seconds + local_offset(seconds))
}

/// Year, month, day, hour, minute, second, microsecond of a time.
fn parts(seconds: f64) -> (i64, u32, u32, u32, u32, u32, u32) {
    #[allow(clippy::cast_possible_truncation)] // microseconds since 1970 fit into an i64 for 290,000 years
    let micros = (seconds * 1e6).round() as i64;
    let days = micros.div_euclid(86_400_000_000);
    let of_day = micros.rem_euclid(86_400_000_000);
    let small = |value: i64| u32::try_from(value).unwrap_or_default();
    // Days to a civil date, counted in eras of 400 years that begin on 1 March.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let second = of_day / 1_000_000;
    (
        year,
        small(month),
        small(day),
        small(second / 3600),
        small(second / 60 % 60),
        small(second % 60),
        small(of_day % 1_000_000),
    )
}

/// `2026-11-23T11:46:14.354706`; without the fraction where it is zero, as Python's `isoformat` does.
pub fn iso(seconds: f64) -> String {
    let (year, month, day, hour, minute, second, micros) = parts(seconds);
    let whole = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if micros == 0 { whole } else { format!("{whole}.{micros:06}") }
}

/// `2026-11-23T12:44:43.000000`: always with the fraction.
pub fn iso_with_fraction(seconds: f64) -> String {
    let (year, month, day, hour, minute, second, micros) = parts(seconds);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}")
}

/// The time that a text tells in UTC, as [`iso`] or Python's `str` writes it: `2026-11-23T12:44:43`, `2026-11-23 12:44:43.5`.
/// Hours, minutes, seconds and the fraction may be missing from the end.
pub fn from_iso(text: &str) -> Option<f64> {
    let text = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00")).unwrap_or(text);
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    // What is missing is zero; a date is never missing, and a month or day of zero is none.
    let date = numbers::<3>(date, '-')?;
    let [hour, minute, second] = if time.is_empty() { [0; 3] } else { numbers(time, ':')? };
    let [year, month, day] = date;
    let small = |number: u16| u8::try_from(number).ok();
    let moment =
        UtcDateTime::new(year.into(), small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, 0);
    Some(moment.ok()?.unix_time() as f64 + format!("0.{fraction}").parse::<f64>().ok()?)
}

/// The numbers between the separators; those that are missing at the end are zero.
fn numbers<const N: usize>(text: &str, separator: char) -> Option<[u16; N]> {
    let mut found = [0; N];
    for (index, part) in text.split(separator).enumerate() {
        *found.get_mut(index)? = part.parse().ok()?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_recorded() {
        assert_eq!(iso(1_795_437_883.0), "2026-11-23T12:44:43");
        assert_eq!(iso_with_fraction(1_795_437_883.0), "2026-11-23T12:44:43.000000");
        assert_eq!(iso(951_782_400.5), "2000-02-29T00:00:00.500000");
    }

    #[test]
    fn times_are_read_as_python_writes_them() {
        for (text, seconds) in [
            ("2026-11-23T12:44:43", 1_795_437_883.0),
            ("2026-11-23 12:44:43.500000", 1_795_437_883.5),
            ("2026-11-23T12:44:43.5Z", 1_795_437_883.5),
            ("2026-11-23T12:44:43+00:00", 1_795_437_883.0),
            ("2026-11-23T12:44", 1_795_437_840.0),
            ("2000-02-29", 951_782_400.0),
        ] {
            assert_eq!(from_iso(text), Some(seconds), "{text}");
        }
        for text in
            ["", "tomorrow", "2026-11", "2026-02-30", "2026-11-23T25:00:00", "2026-11-23T12:44:43+05:00", "-1--1-"]
        {
            assert_eq!(from_iso(text), None, "{text}");
        }
    }
}
