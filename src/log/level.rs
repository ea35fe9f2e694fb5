//! The levels of records.

/// How important a record is; a logger of a level gets the records of this level and those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// Somebody should act: the library has a defect, or there is no valid token.
    Error = 1,
    /// Something failed because of the server or the network.
    Warning = 2,
    /// Something changed.
    Info = 3,
    /// Every call, and what it did.
    Debug = 4,
}

impl Level {
    /// Every level, the most important first.
    pub const ALL: [Self; 4] = [Self::Error, Self::Warning, Self::Info, Self::Debug];

    /// The level in a word.
    pub fn name(self) -> &'static str {
        ["error", "warning", "info", "debug"][self as usize - 1]
    }
}
