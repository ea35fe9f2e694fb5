//! What a result holds: its fields, by name and type. Documentation, the header's comments and Python's types come from
//! it.

/// What a value of a result is.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// A number, possibly with a fraction.
    Number,
    /// True or false.
    Boolean,
    /// Any JSON value: the server itself does not say more.
    Any,
    /// An object with these fields.
    Record(&'static Record),
    /// A list of such values.
    List(&'static Type),
    /// An object whose names are data (such as accesses), with such values.
    Map(&'static Type),
}

/// An object of a result.
#[derive(Debug)]
#[must_use]
pub struct Record {
    /// Its name in documentation and in Python's types, such as `User`.
    pub name: &'static str,
    /// One sentence: what it stands for.
    pub doc: &'static str,
    /// Its fields, in the order in which the server sends them.
    pub fields: &'static [Field],
    /// Whether it may have fields beyond these, which depend on the server's plugins or configuration.
    pub open: bool,
}

/// One field of an object.
#[derive(Debug)]
#[must_use]
pub struct Field {
    /// Its name in the JSON.
    pub name: &'static str,
    /// What its value is.
    pub kind: Type,
    /// Whether it may be missing.
    pub optional: bool,
    /// Whether its value may be null.
    pub nullable: bool,
    /// One sentence: what it is, with the unit where there is one.
    pub doc: &'static str,
}

/// A field that is always there and never null.
pub const fn member(name: &'static str, kind: Type, doc: &'static str) -> Field {
    Field { name, kind, optional: false, nullable: false, doc }
}

impl Field {
    /// It may be missing.
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Its value may be null.
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }
}

/// An object with these fields and no others.
pub const fn record(name: &'static str, doc: &'static str, fields: &'static [Field]) -> Record {
    Record { name, doc, fields, open: false }
}

impl Record {
    /// It may have fields beyond these.
    pub const fn open(mut self) -> Self {
        self.open = true;
        self
    }
}

/// The fields of every listing that is read page by page.
pub const fn page(item: &'static Type, items: &'static str) -> [Field; 3] {
    [
        member("items", Type::List(item), items),
        member("total", Type::Integer, "The number of all items, before any filter and on all pages."),
        member("filtered", Type::Integer, "The number of items that match the filters, on all pages."),
    ]
}
