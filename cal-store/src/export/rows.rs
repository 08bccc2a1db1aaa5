//! The rows of the ledger as JSON.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{ColumnIndex, Decode, FromRow, Type};

use super::{After, Seen};
use crate::{database::Row, person::hex, sql::first_of, time::Micros};

/// Rows of one table.
pub(super) trait Kept: Row {
    /// Asks for the rows after a place, up to so many.
    const PAGE: &'static str;

    /// Where the rows after this one begin.
    fn after(&self) -> After;

    /// Whether it belongs to what is asked for.
    fn is_wanted(&self, seen: &mut Seen) -> bool;

    fn json(self) -> Value;
}

macro_rules! rows {
    ($( $row:ident { $( $name:ident: $type:ty, )+ } )+) => { $(
        pub(super) struct $row { $( $name: $type, )+ }

        impl<'r, R: sqlx::Row> FromRow<'r, R> for $row
        where
            &'static str: ColumnIndex<R>,
            $( $type: Decode<'r, R::Database> + Type<R::Database>, )+
        {
            fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
                Ok(Self { $( $name: row.try_get(stringify!($name))?, )+ })
            }
        }
    )+ };
}
pub(super) use rows;

rows! {
    DeliveryRow {
        id: String,
        received_at: i64,
        source: String,
        planned_at: Option<i64>,
        parsed: Option<String>,
        trigger_event: Option<String>,
        created_at: Option<i64>,
        uid: Option<String>,
        number: Option<i64>,
        transition: Option<String>,
        moved_from: Option<String>,
        seat: Option<i64>,
        decision: Option<String>,
        held_until: Option<i64>,
        failure: Option<String>,
        replay_of: Option<String>,
        headers: Option<String>,
        body: Option<Vec<u8>>,
    }
    TaskRow {
        seq: i64,
        id: String,
        delivery_id: String,
        hook: String,
        reminder: String,
        uid: Option<String>,
        seat: Option<i64>,
        state: String,
        attempts: i64,
        due_at: i64,
        expires_at: Option<i64>,
        claimed_at: Option<i64>,
        settled_at: Option<i64>,
        last_error: Option<String>,
    }
    AttemptRow {
        seq: i64,
        task_id: String,
        delivery_id: String,
        attempt: i64,
        started_at: Option<i64>,
        ended_at: i64,
        error: String,
    }
    BookingRow {
        seq: i64,
        uid: String,
        chain: String,
        number: Option<i64>,
        status: String,
        paid: bool,
        title: Option<String>,
        start_at: Option<i64>,
        end_at: Option<i64>,
        attendee_email: Option<String>,
    }
    AuditRow {
        seq: i64,
        at: i64,
        action: String,
        object: String,
        actor: String,
    }
}

impl Kept for DeliveryRow {
    const PAGE: &'static str = "SELECT id, received_at, source, planned_at, parsed, \
        trigger_event, created_at, uid, number, transition, moved_from, seat, decision, \
        held_until, failure, replay_of, headers, body FROM cal_deliveries \
        WHERE id > $1 ORDER BY id LIMIT $2";

    fn after(&self) -> After {
        After::Id(self.id.clone())
    }

    fn is_wanted(&self, seen: &mut Seen) -> bool {
        let Some(person) = &seen.person else { return true };
        let is_about = person.is_in_delivery(self.headers.as_deref(), self.body.as_deref());
        if is_about {
            seen.deliveries.insert(self.id.clone());
            seen.bookings.extend(self.uid.clone());
        }
        is_about || seen.mentioned(&[self.failure.as_deref()])
    }

    fn json(self) -> Value {
        let headers = self.headers.and_then(|headers| serde_json::from_str::<Value>(&headers).ok());
        let mut row = json!({
            "kind": "delivery",
            "id": self.id,
            "received_at": time(self.received_at),
            "source": self.source,
            "planned_at": self.planned_at.map(time),
            "parsed": self.parsed,
            "trigger": self.trigger_event,
            "created_at": self.created_at.map(time),
            "booking_uid": self.uid,
            "booking_number": self.number,
            "transition": self.transition,
            "moved_from": self.moved_from,
            "seat": self.seat,
            "decision": self.decision,
            "held_until": self.held_until.map(time),
            "failure": self.failure,
            "replay_of": self.replay_of,
            "headers": headers,
        });
        let (name, body) = match self.body.map(String::from_utf8) {
            Some(Err(error)) => ("body_hex", Some(hex(error.as_bytes()))),
            body => ("body", body.and_then(Result::ok)),
        };
        row[name] = body.into();
        row
    }
}

impl Kept for TaskRow {
    const PAGE: &'static str = "SELECT seq, id, delivery_id, hook, reminder, uid, seat, state, \
        attempts, due_at, expires_at, claimed_at, settled_at, last_error FROM cal_tasks \
        WHERE seq > $1 ORDER BY seq LIMIT $2";

    fn after(&self) -> After {
        After::Seq(self.seq)
    }

    fn is_wanted(&self, seen: &mut Seen) -> bool {
        seen.deliveries.contains(&self.delivery_id) || seen.mentioned(&[self.last_error.as_deref()])
    }

    fn json(self) -> Value {
        json!({
            "kind": "task",
            "id": self.id,
            "delivery_id": self.delivery_id,
            "hook": self.hook,
            "reminder": (!self.reminder.is_empty()).then_some(self.reminder),
            "booking_uid": self.uid,
            "seat": self.seat,
            "state": self.state,
            "attempts": self.attempts,
            "due_at": time(self.due_at),
            "expires_at": self.expires_at.map(time),
            "claimed_at": self.claimed_at.map(time),
            "settled_at": self.settled_at.map(time),
            "last_error": self.last_error,
        })
    }
}

impl Kept for AttemptRow {
    const PAGE: &'static str = "SELECT a.seq, a.task_id, t.delivery_id, a.attempt, a.started_at, \
        a.ended_at, a.error FROM cal_attempts a JOIN cal_tasks t ON t.id = a.task_id \
        WHERE a.seq > $1 ORDER BY a.seq LIMIT $2";

    fn after(&self) -> After {
        After::Seq(self.seq)
    }

    fn is_wanted(&self, seen: &mut Seen) -> bool {
        seen.deliveries.contains(&self.delivery_id) || seen.mentioned(&[Some(&self.error)])
    }

    fn json(self) -> Value {
        json!({
            "kind": "attempt",
            "task_id": self.task_id,
            "attempt": self.attempt,
            "started_at": self.started_at.map(time),
            "ended_at": time(self.ended_at),
            "error": self.error,
        })
    }
}

impl Kept for BookingRow {
    const PAGE: &'static str = concat!(
        "SELECT b.seq, b.uid, ",
        first_of!("b.chain"),
        " AS chain, b.number, b.status, b.paid, b.title, b.start_at, b.end_at, b.attendee_email \
        FROM cal_bookings b WHERE b.seq > $1 ORDER BY b.seq LIMIT $2"
    );

    fn after(&self) -> After {
        After::Seq(self.seq)
    }

    fn is_wanted(&self, seen: &mut Seen) -> bool {
        let is_own = seen.mentioned(&[self.attendee_email.as_deref()]);
        if is_own && seen.person.is_some() {
            seen.own.insert(self.uid.clone());
        }
        is_own || seen.bookings.contains(&self.uid) || seen.mentioned(&[self.title.as_deref()])
    }

    fn json(self) -> Value {
        json!({
            "kind": "booking",
            "uid": self.uid,
            "chain": self.chain,
            "number": self.number,
            "status": self.status,
            "paid": self.paid,
            "title": self.title,
            "start": self.start_at.map(time),
            "end": self.end_at.map(time),
            "attendee_email": self.attendee_email,
        })
    }
}

impl Kept for AuditRow {
    const PAGE: &'static str = "SELECT seq, at, action, object, actor FROM cal_audit \
        WHERE seq > $1 ORDER BY seq LIMIT $2";

    fn after(&self) -> After {
        After::Seq(self.seq)
    }

    fn is_wanted(&self, seen: &mut Seen) -> bool {
        seen.person.as_ref().is_some_and(|person| person.has_digest_in(&self.object))
            || seen.mentioned(&[Some(&self.object), Some(&self.actor)])
    }

    fn json(self) -> Value {
        json!({
            "kind": "audit",
            "id": self.seq,
            "at": time(self.at),
            "action": self.action,
            "object": self.object,
            "actor": self.actor,
        })
    }
}

pub(super) fn time(micros: i64) -> DateTime<Utc> {
    Micros(micros).into()
}
