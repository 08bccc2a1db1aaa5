-- Which hooks the process of this file runs, and whose turn it is in a lane. Builds that know 0004
-- may go on beside it.

-- Which of the migrations a build must know at least, to run on tables that have this one.
CREATE TABLE cal_builds (
    migration INTEGER PRIMARY KEY,
    oldest INTEGER NOT NULL
) STRICT;

INSERT INTO cal_builds (migration, oldest) VALUES (5, 4);

-- Each process tells its hooks before it accepts, and goes on telling.
CREATE TABLE cal_hooks (
    hook TEXT NOT NULL,
    process TEXT NOT NULL,
    -- Which changes it knows: those of this vocabulary and of those before.
    vocabulary INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (hook, process)
) STRICT;

-- The vocabulary that has the change of its delivery.
ALTER TABLE cal_tasks ADD COLUMN vocabulary INTEGER NOT NULL DEFAULT 1;

DROP INDEX cal_tasks_lane;
CREATE INDEX cal_tasks_lane ON cal_tasks (lane, hook, seq)
    WHERE ready_at IS NOT NULL AND lane IS NOT NULL;

-- A task that was found behind another one of its lane is out of sight, its ready_at the largest
-- number there is, until it is the first: claiming never looks at it again.
CREATE TRIGGER cal_next_in_lane AFTER UPDATE OF ready_at ON cal_tasks
    WHEN OLD.ready_at IS NOT NULL AND NEW.ready_at IS NULL AND NEW.lane IS NOT NULL
BEGIN
    UPDATE cal_tasks SET ready_at = due_at
        WHERE ready_at = 9223372036854775807 AND seq = (SELECT t.seq FROM cal_tasks t
            WHERE t.lane = NEW.lane AND t.hook = NEW.hook AND t.ready_at IS NOT NULL
            ORDER BY t.seq LIMIT 1);
END;
