-- Times are microseconds since 1970. A table's seq is the order in which its rows came.

CREATE TABLE cal_deliveries (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    -- When the body was made, and its SHA-256; NULL once equal bytes count as another delivery.
    digest BLOB UNIQUE,
    received_at INTEGER NOT NULL,
    source TEXT NOT NULL,
    planned_at INTEGER,
    parsed TEXT,
    trigger_event TEXT,
    created_at INTEGER,
    uid TEXT,
    number INTEGER,
    identity TEXT,
    transition TEXT,
    moved_from TEXT,
    seat INTEGER,
    decision TEXT,
    held_until INTEGER,
    replay_of TEXT,
    headers TEXT,
    body BLOB
) STRICT;

CREATE INDEX cal_deliveries_unplanned ON cal_deliveries (planned_at, seq) WHERE planned_at IS NULL;
CREATE INDEX cal_deliveries_held ON cal_deliveries (held_until) WHERE decision = 'early';
CREATE INDEX cal_deliveries_decision ON cal_deliveries (decision) WHERE decision IS NOT NULL;
CREATE INDEX cal_deliveries_uid ON cal_deliveries (uid) WHERE uid IS NOT NULL;
CREATE INDEX cal_deliveries_identity ON cal_deliveries (identity) WHERE identity IS NOT NULL;

CREATE TABLE cal_bookings (
    seq INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    chain TEXT NOT NULL,
    number INTEGER,
    status TEXT NOT NULL,
    paid INTEGER NOT NULL,
    known INTEGER NOT NULL,
    rank INTEGER,
    at INTEGER,
    title TEXT,
    start_at INTEGER,
    end_at INTEGER,
    attendee_email TEXT,
    facts TEXT NOT NULL
) STRICT;

CREATE INDEX cal_bookings_chain ON cal_bookings (chain);
CREATE INDEX cal_bookings_number ON cal_bookings (number) WHERE number IS NOT NULL;

-- Values that can come back, such as a location, and payments.
CREATE TABLE cal_values (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    at INTEGER NOT NULL,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cal_tasks (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    delivery_id TEXT NOT NULL REFERENCES cal_deliveries (id),
    hook TEXT NOT NULL,
    -- Empty for the work that follows a delivery at once.
    reminder TEXT NOT NULL,
    uid TEXT,
    seat INTEGER,
    rank INTEGER NOT NULL,
    -- Tasks of one hook and one lane run one after the other.
    lane TEXT,
    state TEXT NOT NULL,
    superseded INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL,
    expires_at INTEGER,
    -- When it can be claimed: when due, or when its lease ends; NULL when it has ended.
    ready_at INTEGER,
    claimed_at INTEGER,
    settled_at INTEGER,
    last_error TEXT,
    UNIQUE (delivery_id, hook, reminder)
) STRICT;

CREATE INDEX cal_tasks_ready ON cal_tasks (hook, ready_at, seq) WHERE ready_at IS NOT NULL;
CREATE INDEX cal_tasks_lane ON cal_tasks (lane, seq)
    WHERE ready_at IS NOT NULL AND lane IS NOT NULL;
CREATE INDEX cal_tasks_uid ON cal_tasks (uid) WHERE ready_at IS NOT NULL AND uid IS NOT NULL;
CREATE INDEX cal_tasks_state ON cal_tasks (state, hook);

-- Attempts that failed.
CREATE TABLE cal_attempts (
    seq INTEGER PRIMARY KEY,
    task_id TEXT NOT NULL REFERENCES cal_tasks (id),
    attempt INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER NOT NULL,
    error TEXT NOT NULL
) STRICT;

CREATE INDEX cal_attempts_task ON cal_attempts (task_id);

-- What operators did.
CREATE TABLE cal_audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    actor TEXT NOT NULL
) STRICT;
