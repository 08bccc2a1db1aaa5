-- What the business knows beside the ledger. Times are microseconds since 1970; addresses are in
-- lower case.

CREATE TABLE cal_contacts (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT,
    phone TEXT,
    time_zone TEXT,
    locale TEXT,
    stage TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL
);

-- What happened to a contact, once for each key; the points are the reasons of the lead score.
CREATE TABLE cal_activities (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key TEXT COLLATE "C" NOT NULL UNIQUE,
    email TEXT COLLATE "C" NOT NULL REFERENCES cal_contacts (email) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    uid TEXT COLLATE "C",
    at BIGINT NOT NULL,
    points BIGINT NOT NULL,
    note TEXT
);

CREATE INDEX cal_activities_email ON cal_activities (email, seq);
CREATE INDEX cal_activities_uid ON cal_activities (uid) WHERE uid IS NOT NULL;

-- What a booking is to the business: which service, for whom, since when, and whether they came.
CREATE TABLE cal_appointments (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid TEXT COLLATE "C" NOT NULL UNIQUE,
    service TEXT,
    title TEXT,
    email TEXT COLLATE "C",
    visitor TEXT COLLATE "C",
    booked_at BIGINT,
    no_show BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE INDEX cal_appointments_email ON cal_appointments (email) WHERE email IS NOT NULL;

-- One row for each payment: its number at Cal.com, or the booking's uid while that is unknown.
CREATE TABLE cal_payments (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key TEXT COLLATE "C" NOT NULL UNIQUE,
    uid TEXT COLLATE "C",
    number BIGINT,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    -- In the currency's minor unit; NULL when unknown or no whole number of them.
    amount BIGINT,
    currency TEXT,
    initiated_at BIGINT,
    paid_at BIGINT,
    refunded_at BIGINT
);

CREATE INDEX cal_payments_uid ON cal_payments (uid) WHERE uid IS NOT NULL;

-- What visitors and bookings did, once for each key.
CREATE TABLE cal_events (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT NOT NULL,
    at BIGINT NOT NULL,
    visitor TEXT COLLATE "C" NOT NULL,
    uid TEXT COLLATE "C",
    service TEXT,
    properties TEXT NOT NULL
);

CREATE INDEX cal_events_at ON cal_events (at);
CREATE INDEX cal_events_visitor ON cal_events (visitor, at);

-- One answer for each link that was sent.
CREATE TABLE cal_feedback (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    token TEXT COLLATE "C" NOT NULL UNIQUE,
    uid TEXT COLLATE "C" NOT NULL,
    rating BIGINT NOT NULL,
    comment TEXT,
    at BIGINT NOT NULL
);

CREATE INDEX cal_feedback_uid ON cal_feedback (uid);

-- Who wants no more mails that are not about a booking: SHA-256 of the address in lower case.
CREATE TABLE cal_suppressions (
    digest TEXT COLLATE "C" PRIMARY KEY,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL
);
