-- What the business knows beside the ledger. Times are microseconds since 1970; addresses are in
-- lower case.

CREATE TABLE cal_contacts (
    seq INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT,
    phone TEXT,
    time_zone TEXT,
    locale TEXT,
    stage TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL
) STRICT;

-- What happened to a contact, once for each key; the points are the reasons of the lead score.
CREATE TABLE cal_activities (
    seq INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL REFERENCES cal_contacts (email) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    uid TEXT,
    at INTEGER NOT NULL,
    points INTEGER NOT NULL,
    note TEXT
) STRICT;

CREATE INDEX cal_activities_email ON cal_activities (email, seq);
CREATE INDEX cal_activities_uid ON cal_activities (uid) WHERE uid IS NOT NULL;

-- What a booking is to the business: which service, for whom, since when, and whether they came.
CREATE TABLE cal_appointments (
    seq INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    service TEXT,
    title TEXT,
    email TEXT,
    visitor TEXT,
    booked_at INTEGER,
    no_show INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX cal_appointments_email ON cal_appointments (email) WHERE email IS NOT NULL;

-- One row for each payment: its number at Cal.com, or the booking's uid while that is unknown.
CREATE TABLE cal_payments (
    seq INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    uid TEXT,
    number INTEGER,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    -- In the currency's minor unit; NULL when unknown or no whole number of them.
    amount INTEGER,
    currency TEXT,
    initiated_at INTEGER,
    paid_at INTEGER,
    refunded_at INTEGER
) STRICT;

CREATE INDEX cal_payments_uid ON cal_payments (uid) WHERE uid IS NOT NULL;

-- What visitors and bookings did, once for each key.
CREATE TABLE cal_events (
    seq INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    visitor TEXT NOT NULL,
    uid TEXT,
    service TEXT,
    properties TEXT NOT NULL
) STRICT;

CREATE INDEX cal_events_at ON cal_events (at);
CREATE INDEX cal_events_visitor ON cal_events (visitor, at);

-- One answer for each link that was sent.
CREATE TABLE cal_feedback (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    token TEXT NOT NULL UNIQUE,
    uid TEXT NOT NULL,
    rating INTEGER NOT NULL,
    comment TEXT,
    at INTEGER NOT NULL
) STRICT;

CREATE INDEX cal_feedback_uid ON cal_feedback (uid);

-- Who wants no more mails that are not about a booking: SHA-256 of the address in lower case.
CREATE TABLE cal_suppressions (
    digest TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
