//! Time since the machine was started, as all its processes see it.

use crate::clock::Uptime;

/// The system's: it goes on while the machine is suspended.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemUptime;

impl Uptime for SystemUptime {
    fn uptime_ms(&self) -> u64 {
        platform::uptime_ms()
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod platform {
    pub fn uptime_ms() -> u64 {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: a valid place to write to. It cannot fail: Linux has had this clock since 2.6.39. No system call is made.
        unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut time) };
        u64::try_from(time.tv_sec).unwrap_or(0) * 1000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000
    }
}

#[cfg(windows)]
mod platform {
    pub fn uptime_ms() -> u64 {
        // SAFETY: it takes nothing and cannot fail. It counts suspended time.
        unsafe { windows_sys::Win32::System::SystemInformation::GetTickCount64() }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", windows)))]
mod platform {
    pub fn uptime_ms() -> u64 {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: a valid place to write to; POSIX has this clock. On Apple's systems it goes on while they sleep.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
        u64::try_from(time.tv_sec).unwrap_or(0) * 1000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_backwards() {
        let first = SystemUptime.uptime_ms();
        assert!(first > 0 && SystemUptime.uptime_ms() >= first);
    }
}
