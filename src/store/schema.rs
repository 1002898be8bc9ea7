//! The tables of the state file and how they came to be, version by version.

use super::{license_views, views};

/// Marks a file as ours: `dyng`.
pub(super) const APPLICATION_ID: i64 = 0x6479_6E67;

/// Large pages suit the sets of members, which are most of the file.
pub(super) const PAGE_SIZE_BYTES: i64 = 16 << 10;

/// What leads from each schema version to the next. Entries are only ever added: files of every version
/// open for ever.
pub(super) const MIGRATIONS: [fn() -> String; 2] = [first, second];

/// Ids in pages, because a row for each would take most of the time of a first run.
pub(super) const PAGE_IDS: u32 = 1_024;

fn first() -> String {
    format!("{TABLES}{}", views::first())
}

/// Licenses.
fn second() -> String {
    format!("{LICENSE_TABLES}{}", license_views::second())
}

const TABLES: &str = "
CREATE TABLE fact (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Up to 1024 ids with ordinals that follow each other, as a JSON array. A page begins at a multiple of 1024.
CREATE TABLE id_page (
    ordinal INTEGER PRIMARY KEY,
    holder TEXT NOT NULL CHECK (holder IN ('user', 'device', 'other')),
    ids TEXT NOT NULL
) STRICT;

-- The ordinals of the users and devices that exist, as a Roaring bitmap (as are all sets below); for others
-- those that were deleted.
CREATE TABLE population (
    holder TEXT PRIMARY KEY,
    present BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    run INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('full', 'incremental', 'undo')),
    undoes INTEGER REFERENCES run (run),
    started TEXT NOT NULL,
    now TEXT NOT NULL,
    actor TEXT NOT NULL,
    version TEXT NOT NULL,
    summary TEXT NOT NULL,
    -- SHA-256 over the hash of the run before, this row, its audit and its deltas.
    hash TEXT NOT NULL
) STRICT;

CREATE TABLE member_group (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    display_name TEXT,
    status TEXT NOT NULL,
    error TEXT,
    rule TEXT,
    rule_hash TEXT,
    -- What the members follow from, beside the objects; null if they have to be computed from scratch.
    evaluated TEXT,
    -- When the clock alone can change the members next.
    next_change TEXT,
    member_count INTEGER NOT NULL,
    -- The run that looked at the group last, and the one that changed its members last.
    updated_run INTEGER NOT NULL REFERENCES run (run) DEFERRABLE INITIALLY DEFERRED,
    changed_run INTEGER REFERENCES run (run) DEFERRABLE INITIALLY DEFERRED
) STRICT;

-- Apart from their groups, so that a run that changes no members does not write them again.
CREATE TABLE member_set (
    ordinal INTEGER PRIMARY KEY REFERENCES member_group (ordinal) ON DELETE CASCADE,
    members BLOB NOT NULL
) STRICT;

CREATE TABLE delta (
    run INTEGER NOT NULL REFERENCES run (run) DEFERRABLE INITIALLY DEFERRED,
    ordinal INTEGER NOT NULL,
    cause TEXT NOT NULL,
    added_count INTEGER NOT NULL,
    removed_count INTEGER NOT NULL,
    added BLOB NOT NULL,
    removed BLOB NOT NULL,
    PRIMARY KEY (run, ordinal)
) STRICT;
CREATE INDEX delta_of_group ON delta (ordinal, run);

CREATE TABLE audit (
    run INTEGER NOT NULL REFERENCES run (run) DEFERRABLE INITIALLY DEFERRED,
    sequence INTEGER NOT NULL,
    activity TEXT NOT NULL,
    category TEXT NOT NULL,
    target TEXT NOT NULL,
    details TEXT NOT NULL,
    PRIMARY KEY (run, sequence)
) STRICT, WITHOUT ROWID;

-- What was told of objects since their files were read as a whole, as JSON.
CREATE TABLE object_change (
    ordinal INTEGER PRIMARY KEY,
    holder TEXT NOT NULL,
    change TEXT NOT NULL
) STRICT;

-- Attributes of up to 65536 objects with ordinals that follow each other, as an Arrow IPC stream.
CREATE TABLE attribute_block (
    holder TEXT NOT NULL,
    segment INTEGER NOT NULL,
    attribute TEXT NOT NULL,
    as_written INTEGER NOT NULL,
    kind TEXT NOT NULL,
    rows INTEGER NOT NULL,
    hash BLOB NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (holder, segment, attribute)
) STRICT;

CREATE TRIGGER run_stays BEFORE UPDATE ON run BEGIN SELECT RAISE (ABORT, 'runs are never changed'); END;
CREATE TRIGGER run_is_kept BEFORE DELETE ON run BEGIN SELECT RAISE (ABORT, 'runs are never deleted'); END;
CREATE TRIGGER delta_stays BEFORE UPDATE ON delta BEGIN SELECT RAISE (ABORT, 'deltas are never changed'); END;
CREATE TRIGGER delta_is_kept BEFORE DELETE ON delta BEGIN SELECT RAISE (ABORT, 'deltas are never deleted'); END;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE (ABORT, 'the audit is never changed'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE (ABORT, 'the audit is never deleted'); END;
";

const LICENSE_TABLES: &str = "
-- Products as the last run saw them, as JSON.
CREATE TABLE license_product (
    sku_id TEXT PRIMARY KEY NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- What groups give to their members, as JSON; by the ordinal of the group, also while it is deleted.
CREATE TABLE license_group (
    ordinal INTEGER PRIMARY KEY,
    body TEXT NOT NULL
) STRICT;

-- What is asked for, as JSON, each text once with all users whom it is true of. The key is the SHA-256 of
-- the text; the hash is one over the key and the users, and stands before them so that it is read without
-- them.
CREATE TABLE license_intent (
    key BLOB PRIMARY KEY NOT NULL,
    hash BLOB NOT NULL,
    body TEXT NOT NULL,
    users BLOB NOT NULL
) STRICT;

-- What users have, likewise.
CREATE TABLE license_outcome (
    key BLOB PRIMARY KEY NOT NULL,
    hash BLOB NOT NULL,
    body TEXT NOT NULL,
    users BLOB NOT NULL
) STRICT;

-- How runs changed licenses, as JSON, with the users whose licenses changed so.
CREATE TABLE license_change (
    run INTEGER NOT NULL REFERENCES run (run) DEFERRABLE INITIALLY DEFERRED,
    sequence INTEGER NOT NULL,
    body TEXT NOT NULL,
    user_count INTEGER NOT NULL,
    users BLOB NOT NULL,
    PRIMARY KEY (run, sequence)
) STRICT;

CREATE TRIGGER license_change_stays BEFORE UPDATE ON license_change
BEGIN SELECT RAISE (ABORT, 'changes of licenses are never changed'); END;
CREATE TRIGGER license_change_is_kept BEFORE DELETE ON license_change
BEGIN SELECT RAISE (ABORT, 'changes of licenses are never deleted'); END;
";
