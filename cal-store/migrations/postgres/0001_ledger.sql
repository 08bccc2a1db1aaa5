-- Times are microseconds since 1970. A table's seq is the order in which its rows came.

CREATE TABLE cal_deliveries (
    -- Without an index of its own, which would cost every insert.
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    id TEXT COLLATE "C" PRIMARY KEY,
    -- When the body was made, and its SHA-256; NULL once equal bytes count as another delivery.
    digest BYTEA UNIQUE,
    received_at BIGINT NOT NULL,
    source TEXT NOT NULL,
    planned_at BIGINT,
    parsed TEXT,
    trigger_event TEXT,
    created_at BIGINT,
    uid TEXT,
    number BIGINT,
    identity TEXT,
    transition TEXT,
    moved_from TEXT,
    seat BIGINT,
    decision TEXT,
    held_until BIGINT,
    replay_of TEXT,
    headers TEXT,
    body BYTEA
);

-- The default, pglz, would cost a quarter of an insert. Servers that were built without LZ4 keep it.
DO $$ BEGIN
    ALTER TABLE cal_deliveries ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported OR syntax_error OR invalid_parameter_value THEN NULL;
END $$;

CREATE INDEX cal_deliveries_unplanned ON cal_deliveries (planned_at, seq) WHERE planned_at IS NULL;
CREATE INDEX cal_deliveries_held ON cal_deliveries (held_until) WHERE decision = 'early';
CREATE INDEX cal_deliveries_decision ON cal_deliveries (decision) WHERE decision IS NOT NULL;
CREATE INDEX cal_deliveries_uid ON cal_deliveries (uid) WHERE uid IS NOT NULL;
CREATE INDEX cal_deliveries_identity ON cal_deliveries (identity) WHERE identity IS NOT NULL;

CREATE TABLE cal_bookings (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid TEXT COLLATE "C" NOT NULL UNIQUE,
    chain TEXT NOT NULL,
    number BIGINT,
    status TEXT NOT NULL,
    paid BOOLEAN NOT NULL,
    known BOOLEAN NOT NULL,
    rank BIGINT,
    at BIGINT,
    title TEXT,
    start_at BIGINT,
    end_at BIGINT,
    attendee_email TEXT,
    facts TEXT NOT NULL
);

CREATE INDEX cal_bookings_chain ON cal_bookings (chain);
CREATE INDEX cal_bookings_number ON cal_bookings (number) WHERE number IS NOT NULL;

-- Values that can come back, such as a location, and payments.
CREATE TABLE cal_values (
    key TEXT COLLATE "C" PRIMARY KEY,
    value TEXT NOT NULL,
    at BIGINT NOT NULL,
    number BIGINT NOT NULL
);

CREATE TABLE cal_tasks (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    delivery_id TEXT COLLATE "C" NOT NULL REFERENCES cal_deliveries (id),
    hook TEXT NOT NULL,
    -- Empty for the work that follows a delivery at once.
    reminder TEXT NOT NULL,
    uid TEXT,
    seat BIGINT,
    rank BIGINT NOT NULL,
    -- Tasks of one hook and one lane run one after the other.
    lane TEXT,
    state TEXT NOT NULL,
    superseded BOOLEAN NOT NULL DEFAULT FALSE,
    attempts BIGINT NOT NULL DEFAULT 0,
    fence BIGINT NOT NULL DEFAULT 0,
    due_at BIGINT NOT NULL,
    expires_at BIGINT,
    -- When it can be claimed: when due, or when its lease ends; NULL when it has ended.
    ready_at BIGINT,
    claimed_at BIGINT,
    settled_at BIGINT,
    last_error TEXT,
    UNIQUE (delivery_id, hook, reminder)
);

CREATE INDEX cal_tasks_ready ON cal_tasks (hook, ready_at, seq) WHERE ready_at IS NOT NULL;
CREATE INDEX cal_tasks_lane ON cal_tasks (lane, seq)
    WHERE ready_at IS NOT NULL AND lane IS NOT NULL;
CREATE INDEX cal_tasks_uid ON cal_tasks (uid) WHERE ready_at IS NOT NULL AND uid IS NOT NULL;
CREATE INDEX cal_tasks_state ON cal_tasks (state, hook);

-- Attempts that failed.
CREATE TABLE cal_attempts (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id TEXT COLLATE "C" NOT NULL REFERENCES cal_tasks (id),
    attempt BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT NOT NULL,
    error TEXT NOT NULL
);

CREATE INDEX cal_attempts_task ON cal_attempts (task_id);

-- What operators did.
CREATE TABLE cal_audit (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    actor TEXT NOT NULL
);
