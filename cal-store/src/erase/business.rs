//! Forgets what the business knows of a person.

use std::collections::BTreeSet;

use cal_webhook::StoreError;

use super::{
    Erased, count,
    texts::{Erasable, Texts, erasable, texts},
};
use crate::{
    SqlStore,
    database::{Arg, Conn},
    person::Person,
    plan, settle,
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
        sql!(
            $change
            " AND uid IN (SELECT p.uid FROM cal_appointments p \
                    WHERE p.email IN (SELECT item.value FROM" texts(1) ") \
                UNION SELECT a.uid FROM cal_activities a \
                    WHERE a.email IN (SELECT item.value FROM" texts(1) ") AND a.uid IS NOT NULL)"
        )
    };
}

/// Makes both statements of one change.
macro_rules! change {
    ($deliveries:ident, $person:ident, $change:literal) => {
        const $deliveries: Sql = of_deliveries!($change);
        const $person: Sql = of_person!($change);
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

const ACTIVITIES: Sql =
    sql!("DELETE FROM cal_activities WHERE email IN (SELECT item.value FROM" texts(1) ")");
const CONTACT: Sql =
    sql!("DELETE FROM cal_contacts WHERE email IN (SELECT item.value FROM" texts(1) ")");

/// Rows that may keep a person by another spelling of the address.
const KEPT_AS: [Texts; 2] = [
    texts!("SELECT seq, email AS text FROM cal_contacts WHERE seq > $1"),
    texts!("SELECT seq, email AS text FROM cal_appointments WHERE seq > $1 AND email IS NOT NULL"),
];

/// Names and numbers, which anybody may have filled in with an address.
const NAMES: Erasable = erasable!(
    "SELECT seq, coalesce(name, '') || ' ' || coalesce(phone, '') AS text FROM cal_contacts \
    WHERE seq > $1 AND (name IS NOT NULL OR phone IS NOT NULL)",
    "UPDATE cal_contacts SET name = $2, phone = $2"
);

const APPOINTMENT_TEXTS: Erasable = erasable!(
    "SELECT seq, coalesce(title, '') || ' ' || coalesce(email, '') AS text \
    FROM cal_appointments WHERE seq > $1 AND (title IS NOT NULL OR email IS NOT NULL)",
    "UPDATE cal_appointments SET title = $2, email = $2, visitor = $2"
);

const NOTES: Erasable = erasable!(
    "SELECT seq, note AS text FROM cal_activities WHERE seq > $1 AND note IS NOT NULL",
    "UPDATE cal_activities SET note = $2"
);

const COMMENT_TEXTS: Erasable = erasable!(
    "SELECT seq, comment AS text FROM cal_feedback WHERE seq > $1 AND comment IS NOT NULL",
    "UPDATE cal_feedback SET comment = $2"
);

const EVENT_TEXTS: Erasable = erasable!(
    "SELECT seq, visitor || ' ' || properties AS text FROM cal_events WHERE seq > $1",
    "UPDATE cal_events SET visitor = coalesce(uid, key), properties = $2"
);

impl SqlStore {
    /// Forgets the contact, and what others typed about the person.
    pub(super) async fn erase_business(
        &self,
        person: &Person,
        erased: &mut Erased,
    ) -> Result<(), StoreError> {
        let kept = self.kept_as(person).await?;
        let kept = settle::json(&kept).map_err(crate::error::out_of_reach)?;
        let mut lent = self.shared.database.write().await?;
        let done = forget(&mut lent.conn(), &kept).await;
        erased.add(lent.end(done).await?);
        erased.contacts += self.erase_texts(&NAMES, person, None).await?;
        erased.appointments += self.erase_texts(&APPOINTMENT_TEXTS, person, None).await?;
        erased.activities += self.erase_texts(&NOTES, person, None).await?;
        erased.comments += self.erase_texts(&COMMENT_TEXTS, person, None).await?;
        erased.events += self.erase_texts(&EVENT_TEXTS, person, Some("{}")).await?;
        Ok(())
    }

    /// Returns the addresses that the person is kept by: their own, and other spellings of it.
    async fn kept_as(&self, person: &Person) -> Result<BTreeSet<String>, StoreError> {
        let mut kept = BTreeSet::from([person.address().to_owned()]);
        for addresses in KEPT_AS {
            let mut after = 0;
            while let Some(found) = self.mentions(&addresses, person, &mut after).await? {
                kept.extend(found.into_iter().map(|(_, email)| email));
            }
        }
        Ok(kept)
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

async fn forget(conn: &mut Conn<'_>, kept: &str) -> Result<Erased, sqlx::Error> {
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    // A planner that had read a delivery would write an appointment.
    plan::take_turn(&mut conn).await?;
    let args = [Arg::Text(kept)];
    let events = count(conn.execute(THEIR_EVENTS, &args).await?);
    let comments = count(conn.execute(THEIR_COMMENTS, &args).await?);
    // The others are found by these.
    let appointments = count(conn.execute(THEIR_APPOINTMENTS, &args).await?);
    let activities = count(conn.execute(ACTIVITIES, &args).await?);
    let contacts = count(conn.execute(CONTACT, &args).await?);
    tx.commit().await?;
    Ok(Erased { contacts, activities, appointments, events, comments, ..Erased::default() })
}
