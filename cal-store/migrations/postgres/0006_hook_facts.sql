-- What a task told first, by its digest: no key ever stands for two contents. And the bookings of one
-- person, by which a series that is cancelled with one message is found. Builds that know 0004 may go
-- on beside it.

INSERT INTO cal_builds (migration, oldest) VALUES (6, 4);

ALTER TABLE cal_tasks ADD COLUMN facts TEXT;

-- The beginning of an address is enough, and never too long for an index.
CREATE INDEX cal_bookings_attendee ON cal_bookings (substr(attendee_email, 1, 200), start_at)
    WHERE status = 'accepted' AND attendee_email IS NOT NULL;
