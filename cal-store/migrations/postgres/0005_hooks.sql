-- Which hooks the processes of this database run, and whose turn it is in a lane. Builds that know
-- 0004 may go on beside it.

-- Which of the migrations a build must know at least, to run on tables that have this one.
CREATE TABLE cal_builds (
    migration BIGINT PRIMARY KEY,
    oldest BIGINT NOT NULL
);

INSERT INTO cal_builds (migration, oldest) VALUES (5, 4);

-- Each process tells its hooks before it accepts, and goes on telling.
CREATE TABLE cal_hooks (
    hook TEXT COLLATE "C" NOT NULL,
    process TEXT COLLATE "C" NOT NULL,
    -- Which changes it knows: those of this vocabulary and of those before.
    vocabulary BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (hook, process)
);

-- The vocabulary that has the change of its delivery.
ALTER TABLE cal_tasks ADD COLUMN vocabulary BIGINT NOT NULL DEFAULT 1;

DROP INDEX cal_tasks_lane;
CREATE INDEX cal_tasks_lane ON cal_tasks (lane, hook, seq)
    WHERE ready_at IS NOT NULL AND lane IS NOT NULL;

-- A task that was found behind another one of its lane is out of sight, its ready_at the largest
-- number there is, until it is the first: claiming never looks at it again. This is a trigger
-- because tasks end in many ways, some of them in builds that know nothing of it.
CREATE FUNCTION cal_next_in_lane() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ended RECORD;
    next RECORD;
BEGIN
    FOR ended IN SELECT DISTINCT n.lane, n.hook FROM changed n
        WHERE n.ready_at IS NULL AND n.lane IS NOT NULL ORDER BY n.lane, n.hook
    LOOP
        -- Waits for a process that is about to put it out of sight.
        SELECT t.seq, t.ready_at INTO next FROM cal_tasks t
            WHERE t.lane = ended.lane AND t.hook = ended.hook AND t.ready_at IS NOT NULL
            ORDER BY t.seq LIMIT 1 FOR UPDATE;
        IF next.ready_at = 9223372036854775807 THEN
            UPDATE cal_tasks SET ready_at = due_at WHERE seq = next.seq;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER cal_next_in_lane AFTER UPDATE ON cal_tasks REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION cal_next_in_lane();
