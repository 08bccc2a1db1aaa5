-- What 0003 has filled in is found by these.
DROP INDEX cal_bookings_chain;
DROP INDEX cal_bookings_number;
CREATE INDEX cal_bookings_place ON cal_bookings (chain, place, made_at, uid);
CREATE INDEX cal_bookings_paid ON cal_bookings (chain) WHERE paid;
CREATE INDEX cal_bookings_number ON cal_bookings (number, seq) WHERE number IS NOT NULL;
