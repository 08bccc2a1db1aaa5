-- The bookings of a chain in the orders in which planning asks for them, so that a delivery costs the
-- same however long its chain is. `convert.rs` fills in what is new of the rows that are there. The
-- oldest build that may run beside it is this one.

-- The id of a chain (in `chain`, and as the lane of tasks) is the uid of one of its bookings, whichever.
-- `paid` tells whether the booking was paid itself.
ALTER TABLE cal_bookings ADD COLUMN moved_from TEXT COLLATE "C";
-- How many bookings name this one there.
ALTER TABLE cal_bookings ADD COLUMN replaced BIGINT NOT NULL DEFAULT 0;
-- 2 while none does, and 1 more if it names another one; then by the time, then by the uid.
ALTER TABLE cal_bookings ADD COLUMN place BIGINT NOT NULL DEFAULT 2;
ALTER TABLE cal_bookings ADD COLUMN made_at BIGINT NOT NULL DEFAULT 0;
-- A process of an earlier version that still runs would keep bookings without a place: it cannot plan
-- any more, and goes on with everything else.
ALTER TABLE cal_bookings ALTER COLUMN place DROP DEFAULT;

-- How many bookings a chain has; one without a row has one.
CREATE TABLE cal_chains (
    id TEXT COLLATE "C" PRIMARY KEY,
    size BIGINT NOT NULL
);

CREATE TABLE cal_seats (
    uid TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    reference TEXT,
    -- A digest; empty while nobody knows whose seat it is.
    attendee TEXT NOT NULL,
    facts TEXT NOT NULL,
    UNIQUE (uid, number)
);

CREATE INDEX cal_seats_attendee ON cal_seats (uid, attendee);
CREATE INDEX cal_seats_reference ON cal_seats (uid, reference) WHERE reference IS NOT NULL;

-- Why a delivery could not be planned, and by which version.
ALTER TABLE cal_deliveries ADD COLUMN failure TEXT;
ALTER TABLE cal_deliveries ADD COLUMN failed_by TEXT;

CREATE INDEX cal_deliveries_early_uid ON cal_deliveries (uid)
    WHERE decision = 'early' AND uid IS NOT NULL;
CREATE INDEX cal_deliveries_early_number ON cal_deliveries (number)
    WHERE decision = 'early' AND number IS NOT NULL;

DROP INDEX cal_tasks_uid;
CREATE INDEX cal_tasks_rank ON cal_tasks (uid, rank) WHERE ready_at IS NOT NULL AND uid IS NOT NULL;
CREATE INDEX cal_tasks_seat ON cal_tasks (uid, seat, rank)
    WHERE ready_at IS NOT NULL AND seat IS NOT NULL;
