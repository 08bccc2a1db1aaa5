//! Forgets what the business knows of a person.

use cal_webhook::StoreError;

use super::{Erased, Texts, count};
use crate::{
    SqlStore,
    database::{Arg, Conn},
    person::Person,
    plan,
    sql::{Sql, sql},
};

/// Changes rows of the bookings that erased deliveries were about.
macro_rules! of_deliveries {
    ($change:literal) => {
        sql!(
            $change
            " AND uid IN (SELECT d.uid FROM cal_deliveries d WHERE d.id IN \
                (SELECT item.value FROM" texts(1) "))"
        )
    };
}

/// Changes rows of the bookings that a contact is known by, whatever became of the deliveries.
macro_rules! of_person {
    ($change:literal) => {
        concat!(
            $change,
            " AND uid IN (SELECT p.uid FROM cal_appointments p WHERE p.email = $1 \
                UNION SELECT a.uid FROM cal_activities a \
                    WHERE a.email = $1 AND a.uid IS NOT NULL)"
        )
    };
}

/// Makes both statements of one change.
macro_rules! change {
    ($deliveries:ident, $person:ident, $change:literal) => {
        const $deliveries: Sql = of_deliveries!($change);
        const $person: &str = of_person!($change);
    };
}

change!(
    APPOINTMENTS,
    THEIR_APPOINTMENTS,
    "UPDATE cal_appointments SET title = NULL, email = NULL, visitor = NULL \
    WHERE (title IS NOT NULL OR email IS NOT NULL OR visitor IS NOT NULL)"
);
change!(
    EVENTS,
    THEIR_EVENTS,
    "UPDATE cal_events SET visitor = uid WHERE uid IS NOT NULL AND visitor <> uid"
);
change!(
    COMMENTS,
    THEIR_COMMENTS,
    "UPDATE cal_feedback SET comment = NULL WHERE comment IS NOT NULL"
);

const ACTIVITIES: &str = "DELETE FROM cal_activities WHERE email = $1";
const CONTACT: &str = "DELETE FROM cal_contacts WHERE email = $1";

const APPOINTMENT_TEXTS: Texts = Texts {
    find: "SELECT seq, coalesce(title, '') || ' ' || coalesce(email, '') \
        FROM cal_appointments WHERE seq > $1 AND (title IS NOT NULL OR email IS NOT NULL) \
        ORDER BY seq LIMIT $2",
    clear: sql!(
        "UPDATE cal_appointments SET title = $2, email = $2, visitor = $2 \
        WHERE seq IN (SELECT CAST(item.value AS BIGINT) FROM" texts(1) ")"
    ),
};

const NOTES: Texts = Texts {
    find: "SELECT seq, note FROM cal_activities WHERE seq > $1 AND note IS NOT NULL \
        ORDER BY seq LIMIT $2",
    clear: sql!(
        "UPDATE cal_activities SET note = $2 \
        WHERE seq IN (SELECT CAST(item.value AS BIGINT) FROM" texts(1) ")"
    ),
};

const COMMENT_TEXTS: Texts = Texts {
    find: "SELECT seq, comment FROM cal_feedback WHERE seq > $1 AND comment IS NOT NULL \
        ORDER BY seq LIMIT $2",
    clear: sql!(
        "UPDATE cal_feedback SET comment = $2 \
        WHERE seq IN (SELECT CAST(item.value AS BIGINT) FROM" texts(1) ")"
    ),
};

impl SqlStore {
    /// Forgets the contact, and what others typed about the person.
    pub(super) async fn erase_business(
        &self,
        person: &Person,
        erased: &mut Erased,
    ) -> Result<(), StoreError> {
        let mut lent = self.shared.database.write().await?;
        let done = forget(&mut lent.conn(), person).await;
        erased.add(lent.end(done).await?);
        erased.appointments += self.erase_texts(&APPOINTMENT_TEXTS, person, None).await?;
        erased.activities += self.erase_texts(&NOTES, person, None).await?;
        erased.comments += self.erase_texts(&COMMENT_TEXTS, person, None).await?;
        Ok(())
    }
}

/// Blanks what belongs to the bookings of deliveries, in the transaction that blanks those.
pub(super) async fn blank(conn: &mut Conn<'_>, ids: &str) -> Result<Erased, sqlx::Error> {
    let args = [Arg::Text(ids)];
    Ok(Erased {
        appointments: count(conn.execute(APPOINTMENTS, &args).await?),
        events: count(conn.execute(EVENTS, &args).await?),
        comments: count(conn.execute(COMMENTS, &args).await?),
        ..Erased::default()
    })
}

async fn forget(conn: &mut Conn<'_>, person: &Person) -> Result<Erased, sqlx::Error> {
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    // A planner that had read a delivery would write an appointment.
    plan::take_turn(&mut conn).await?;
    let args = [Arg::Text(person.address())];
    let events = count(conn.execute(THEIR_EVENTS, &args).await?);
    let comments = count(conn.execute(THEIR_COMMENTS, &args).await?);
    // The others are found by these.
    let appointments = count(conn.execute(THEIR_APPOINTMENTS, &args).await?);
    let activities = count(conn.execute(ACTIVITIES, &args).await?);
    let contacts = count(conn.execute(CONTACT, &args).await?);
    tx.commit().await?;
    Ok(Erased { contacts, activities, appointments, events, comments, ..Erased::default() })
}
