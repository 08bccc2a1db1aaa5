//! The rows of what the business knows as JSON.

use serde_json::{Value, json};
use sqlx::{ColumnIndex, Decode, FromRow, Type};

use super::{
    After, Seen,
    rows::{Kept, rows, time},
};

rows! {
    ContactRow {
        seq: i64,
        email: String,
        name: Option<String>,
        phone: Option<String>,
        time_zone: Option<String>,
        locale: Option<String>,
        stage: String,
        first_seen: i64,
        last_seen: i64,
    }
    ActivityRow {
        seq: i64,
        email: String,
        kind: String,
        uid: Option<String>,
        at: i64,
        points: i64,
        note: Option<String>,
    }
    AppointmentRow {
        seq: i64,
        uid: String,
        service: Option<String>,
        title: Option<String>,
        email: Option<String>,
        visitor: Option<String>,
        booked_at: Option<i64>,
        no_show: bool,
    }
    PaymentRow {
        seq: i64,
        key: String,
        uid: Option<String>,
        number: Option<i64>,
        kind: String,
        state: String,
        amount: Option<i64>,
        currency: Option<String>,
        initiated_at: Option<i64>,
        paid_at: Option<i64>,
        refunded_at: Option<i64>,
    }
    EventRow {
        seq: i64,
        name: String,
        at: i64,
        visitor: String,
        uid: Option<String>,
        service: Option<String>,
        properties: String,
    }
    FeedbackRow {
        seq: i64,
        uid: String,
        rating: i64,
        comment: Option<String>,
        at: i64,
    }
    SuppressionRow {
        seq: i64,
        digest: String,
        reason: String,
        at: i64,
    }
}

impl Kept for ContactRow {
    const PAGE: &'static str = "SELECT seq, email, name, phone, time_zone, locale, stage, \
        first_seen, last_seen FROM cal_contacts WHERE seq > $1 ORDER BY seq LIMIT $2";

    fn after(&self) -> After {
        After::Seq(self.seq)
    }

    fn is_wanted(&self, seen: &mut Seen) -> bool {
        seen.mentioned(&[Some(&self.email), self.name.as_deref(), self.phone.as_deref()])
    }

    fn json(self) -> Value {
        json!({
            "kind": "contact",
            "email": self.email,
            "name": self.name,
            "phone": self.phone,
            "time_zone": self.time_zone,
            "locale": self.locale,
            "stage": self.stage,
            "first_seen": time(self.first_seen),
            "last_seen": time(self.last_seen),
        })
    }
}

impl Kept for ActivityRow {
    const PAGE: &'static str = "SELECT seq, email, kind, uid, at, points, note \
        FROM cal_activities WHERE seq > $1 ORDER BY seq LIMIT $2";

    fn after(&self) -> After {
        After::Seq(self.seq)
    }

    fn is_wanted(&self, seen: &mut Seen) -> bool {
        let is_own = seen.mentioned(&[Some(&self.email)]);
        if is_own && seen.person.is_some() {
            seen.own.extend(self.uid.clone());
        }
        is_own || seen.mentioned(&[self.note.as_deref()])
    }

    fn json(self) -> Value {
        json!({
            "kind": "activity",
            "email": self.email,
            "what": self.kind,
            "booking_uid": self.uid,
            "at": time(self.at),
            "points": self.points,
            "note": self.note,
        })
    }
}

impl Kept for AppointmentRow {
    const PAGE: &'static str = "SELECT seq, uid, service, title, email, visitor, booked_at, \
        no_show FROM cal_appointments WHERE seq > $1 ORDER BY seq LIMIT $2";

    fn after(&self) -> After {
        After::Seq(self.seq)
    }

    fn is_wanted(&self, seen: &mut Seen) -> bool {
        let is_own = seen.mentioned(&[self.email.as_deref()]);
        if is_own && seen.person.is_some() {
            seen.own.insert(self.uid.clone());
            seen.visitors.extend(self.visitor.clone());
        }
        is_own || seen.is_own(Some(&self.uid)) || seen.mentioned(&[self.title.as_deref()])
    }

    fn json(self) -> Value {
        json!({
            "kind": "appointment",
            "booking_uid": self.uid,
            "service": self.service,
            "title": self.title,
            "attendee_email": self.email,
            "visitor": self.visitor,
            "booked_at": self.booked_at.map(time),
            "no_show": self.no_show,
        })
    }
}

impl Kept for PaymentRow {
    const PAGE: &'static str = "SELECT seq, key, uid, number, kind, state, amount, currency, \
        initiated_at, paid_at, refunded_at FROM cal_payments \
        WHERE seq > $1 ORDER BY seq LIMIT $2";

    fn after(&self) -> After {
        After::Seq(self.seq)
    }

    fn is_wanted(&self, seen: &mut Seen) -> bool {
        seen.is_own(self.uid.as_deref())
    }

    fn json(self) -> Value {
        json!({
            "kind": "payment",
            "key": self.key,
            "booking_uid": self.uid,
            "number": self.number,
            "what": self.kind,
            "state": self.state,
            "amount": self.amount,
            "currency": self.currency,
            "initiated_at": self.initiated_at.map(time),
            "paid_at": self.paid_at.map(time),
            "refunded_at": self.refunded_at.map(time),
        })
    }
}

impl Kept for EventRow {
    const PAGE: &'static str = "SELECT seq, name, at, visitor, uid, service, properties \
        FROM cal_events WHERE seq > $1 ORDER BY seq LIMIT $2";

    fn after(&self) -> After {
        After::Seq(self.seq)
    }

    fn is_wanted(&self, seen: &mut Seen) -> bool {
        seen.is_own(self.uid.as_deref())
            || seen.visitors.contains(&self.visitor)
            || seen.mentioned(&[Some(&self.visitor), Some(&self.properties)])
    }

    fn json(self) -> Value {
        let properties = serde_json::from_str::<Value>(&self.properties).ok();
        json!({
            "kind": "event",
            "name": self.name,
            "at": time(self.at),
            "visitor": self.visitor,
            "booking_uid": self.uid,
            "service": self.service,
            "properties": properties,
        })
    }
}

impl Kept for FeedbackRow {
    const PAGE: &'static str = "SELECT seq, uid, rating, comment, at FROM cal_feedback \
        WHERE seq > $1 ORDER BY seq LIMIT $2";

    fn after(&self) -> After {
        After::Seq(self.seq)
    }

    fn is_wanted(&self, seen: &mut Seen) -> bool {
        seen.is_own(Some(&self.uid)) || seen.mentioned(&[self.comment.as_deref()])
    }

    fn json(self) -> Value {
        json!({
            "kind": "feedback",
            "booking_uid": self.uid,
            "rating": self.rating,
            "comment": self.comment,
            "at": time(self.at),
        })
    }
}

/// The table has no order of its own, so its rows are numbered.
impl Kept for SuppressionRow {
    const PAGE: &'static str = "SELECT s.seq, s.digest, s.reason, s.at FROM (SELECT \
            row_number() OVER (ORDER BY at, digest) AS seq, digest, reason, at \
        FROM cal_suppressions) AS s WHERE s.seq > $1 ORDER BY s.seq LIMIT $2";

    fn after(&self) -> After {
        After::Seq(self.seq)
    }

    fn is_wanted(&self, seen: &mut Seen) -> bool {
        seen.person.as_ref().is_none_or(|person| person.has_digest_in(&self.digest))
    }

    fn json(self) -> Value {
        json!({
            "kind": "suppression",
            "digest": self.digest,
            "reason": self.reason,
            "at": time(self.at),
        })
    }
}
