//! What happens to a few bookings, told as the deliveries that Cal.com would send.

use std::fmt;

use cal_webhook::Reading;
use fastrand::Rng;
use serde_json::{Value, json};

use crate::{
    desk::reading,
    news::{copy, left, meeting, news, no_show, seat, seat_moved, sent_at, text, with},
};

/// What a delivery tells.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum What {
    Absent,
    Accepted,
    AskedToMove,
    Cancelled,
    Ended,
    Initiated,
    Left,
    Located,
    Paid,
    Rejected,
    /// Cancelled, by a delivery that names the booking which replaces it.
    Replaced,
    Requested,
    SeatMoved,
    Started,
    Taken,
}

/// One thing that happened, and the delivery that reports it.
#[derive(Clone)]
pub(crate) struct Fact {
    pub(crate) what: What,
    pub(crate) uid: String,
    /// When it happened: every fact of a story has a minute of its own.
    pub(crate) minute: i64,
    /// The chain of the booking by its first one, and the booking's place in it.
    pub(crate) chain: String,
    pub(crate) place: usize,
    /// The booking that the delivery names as an earlier one of the chain.
    pub(crate) link: Option<String>,
    /// Whose seat it is, by which reference, and where it was before.
    pub(crate) seat: Option<(String, String)>,
    pub(crate) from: Option<String>,
    pub(crate) start: i64,
    pub(crate) reading: Reading,
    body: String,
    kind: &'static str,
}

impl fmt::Debug for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:3} {:?} {} {}", self.minute, self.what, self.uid, self.kind)?;
        let Self { link, seat, from, .. } = self;
        write!(f, " link {link:?} seat {seat:?} from {from:?}")
    }
}

impl Fact {
    /// Whether its uid is missing.
    pub(crate) fn is_nameless(&self) -> bool {
        self.kind == NAMELESS
    }

    /// What the row shows of a booking when this is its latest news.
    pub(crate) fn title(&self) -> String {
        title(self.what, self.minute)
    }
}

const NAMELESS: &str = "(nameless)";

fn title(what: What, minute: i64) -> String {
    format!("{what:?} {minute}")
}

/// When a booking of this start takes place.
pub(crate) fn start(start: i64) -> String {
    text(sent_at(10_000 + start))
}

pub(crate) struct Story<'a> {
    pub(crate) facts: Vec<Fact>,
    rng: &'a mut Rng,
    minute: i64,
}

/// The booking that a chain has come to.
struct Current {
    uid: String,
    chain: String,
    place: usize,
    start: i64,
}

impl<'a> Story<'a> {
    pub(crate) fn new(rng: &'a mut Rng) -> Self {
        let mut story = Self { facts: Vec::new(), rng, minute: 0 };
        for _ in 0..story.rng.usize(1..3) {
            story.tell_chain();
        }
        if story.rng.bool() {
            story.tell_seats();
        }
        story.repeat();
        story
    }

    /// A uid whose order among the others says nothing.
    fn uid(&mut self) -> String {
        format!("{:06x}", self.rng.u32(..0x0100_0000))
    }

    fn add(&mut self, what: What, now: &Current, trigger: &str, mut members: Value) {
        self.minute += 1;
        let links = [members.get("rescheduleUid"), members.get("rescheduledToUid")];
        let link = links.into_iter().flatten().next().and_then(Value::as_str).map(str::to_owned);
        let root = members.get("iCalUID").and_then(Value::as_str);
        let root = root.and_then(|root| root.strip_suffix("@Cal.com")).map(str::to_owned);
        members["title"] = title(what, self.minute).into();
        members["startTime"] = start(now.start).into();
        members["endTime"] = start(now.start + 60).into();
        let body = match what {
            What::Started | What::Ended => meeting(trigger, &now.uid, members),
            _ => news(trigger, &now.uid, self.minute, members),
        };
        let fact = self.fact(what, &now.uid, &body);
        let link = link.or(root).filter(|link| *link != now.uid);
        let (chain, place) = (now.chain.clone(), now.place);
        self.facts.push(Fact { link, chain, place, start: now.start, ..fact });
    }

    fn fact(&self, what: What, uid: &str, body: &str) -> Fact {
        Fact {
            what,
            uid: uid.to_owned(),
            minute: self.minute,
            chain: uid.to_owned(),
            place: 0,
            link: None,
            seat: None,
            from: None,
            start: 0,
            reading: reading(body),
            body: body.to_owned(),
            kind: "",
        }
    }

    fn tell_chain(&mut self) {
        let uid = self.uid();
        let mut now = Current { chain: uid.clone(), uid, place: 0, start: 0 };
        let mut open = if self.rng.bool() {
            self.add(What::Accepted, &now, "BOOKING_CREATED", json!({}));
            true
        } else {
            self.add(What::Requested, &now, "BOOKING_REQUESTED", json!({"status": "PENDING"}));
            self.answer(&now, json!({}))
        };
        if self.rng.u8(..4) == 0 {
            self.add(What::Initiated, &now, "BOOKING_PAYMENT_INITIATED", json!({"paymentId": 1}));
        }
        for _ in 0..4 {
            if !open {
                return;
            }
            match self.rng.u8(..10) {
                0 => {
                    let payment = self.minute;
                    self.add(What::Paid, &now, "BOOKING_PAID", json!({"paymentId": payment}));
                }
                1 => {
                    let place = format!("Street {}", self.minute);
                    let place = json!({"location": place});
                    self.add(What::Located, &now, "BOOKING_LOCATION_UPDATED", place);
                }
                2 => {
                    self.minute += 1;
                    let body = no_show(&now.uid, self.minute, &[("piet", self.rng.bool())]);
                    let fact = self.fact(What::Absent, &now.uid, &body);
                    let (chain, place) = (now.chain.clone(), now.place);
                    self.facts.push(Fact { chain, place, start: now.start, ..fact });
                }
                3..=7 => open = self.reschedule(&mut now),
                8 => {
                    self.add(What::Started, &now, "MEETING_STARTED", json!({}));
                    self.add(What::Ended, &now, "MEETING_ENDED", json!({}));
                    return;
                }
                _ => {
                    let members = json!({"status": "CANCELLED"});
                    self.add(What::Cancelled, &now, "BOOKING_CANCELLED", members);
                    return;
                }
            }
        }
    }

    /// The booking is moved, by somebody who may or by a guest who asks; tells whether it stands.
    fn reschedule(&mut self, now: &mut Current) -> bool {
        if self.rng.u8(..4) == 0 {
            // A meeting that was to be held at the old time may still be reported.
            self.add(What::Ended, now, "MEETING_ENDED", json!({}));
        }
        if self.rng.u8(..5) == 0 {
            let members = json!({"status": "CANCELLED", "requestReschedule": true});
            self.add(What::AskedToMove, now, "BOOKING_CANCELLED", members);
        }
        let next = self.uid();
        if self.rng.u8(..4) == 0 {
            let members = json!({"status": "CANCELLED", "rescheduledToUid": next});
            self.add(What::Replaced, now, "BOOKING_CANCELLED", members);
        }
        let from = std::mem::replace(&mut now.uid, next);
        now.place += 1;
        now.start += 100;
        let root = format!("{}@Cal.com", now.chain);
        if self.rng.bool() {
            let mut members = json!({"rescheduleUid": from});
            if self.rng.u8(..4) == 0 {
                members["iCalUID"] = root.into();
            }
            self.add(What::Accepted, now, "BOOKING_RESCHEDULED", members);
            return true;
        }
        let mut members = json!({"status": "PENDING", "iCalUID": root});
        if self.rng.u8(..4) == 0 {
            members["rescheduleUid"] = from.into();
        }
        self.add(What::Requested, now, "BOOKING_REQUESTED", members);
        let answer = if self.rng.bool() { json!({}) } else { json!({"iCalUID": root}) };
        self.answer(now, answer)
    }

    fn answer(&mut self, now: &Current, mut members: Value) -> bool {
        match self.rng.u8(..5) {
            0 => {
                members["status"] = "REJECTED".into();
                self.add(What::Rejected, now, "BOOKING_REJECTED", members);
                false
            }
            1 => true,
            _ => {
                self.add(What::Accepted, now, "BOOKING_CREATED", members);
                true
            }
        }
    }

    /// Some people come to a few bookings with seats, leave and move.
    fn tell_seats(&mut self) {
        let uids: Vec<String> = (0..self.rng.usize(1..4)).map(|_| self.uid()).collect();
        let has_references = self.rng.u8(..4) > 0;
        // Where everybody is, and by which reference.
        let mut places: Vec<(&str, Option<(usize, String)>)> =
            ["dan", "eve", "fay"].map(|person| (person, None)).to_vec();
        for _ in 0..self.rng.usize(2..9) {
            self.minute += 1;
            let (person, place) = &mut places[self.rng.usize(..3)];
            let new = if has_references { format!("s{}", self.minute) } else { String::new() };
            let to = self.rng.usize(..uids.len());
            let (what, uid, from, body) = match place.take() {
                None => {
                    *place = Some((to, new.clone()));
                    let body = seat(&uids[to], &new, person, self.minute);
                    (What::Taken, to, None, body)
                }
                Some((at, old)) if to == at => {
                    *place = None;
                    let body = left(&uids[at], person, self.minute);
                    (What::Left, at, Some((at, old)), body)
                }
                Some((at, old)) => {
                    // Where a booking is already, the seat keeps its reference.
                    let reference = if self.rng.bool() { old.clone() } else { new };
                    *place = Some((to, reference.clone()));
                    let body = seat_moved(&uids[to], &uids[at], &reference, person, self.minute);
                    (What::SeatMoved, to, Some((at, old)), body)
                }
            };
            let body = with(&body, |wire| {
                wire["payload"]["title"] = title(what, self.minute).into();
                wire["payload"]["startTime"] = start(0).into();
            });
            let reference = place.as_ref().map(|(_, reference)| reference.clone());
            let fact = self.fact(what, &uids[uid], &body);
            let from = from.filter(|(at, _)| *at != uid).map(|(at, _)| uids[at].clone());
            let seat = Some(((*person).to_owned(), reference.unwrap_or_default()));
            self.facts.push(Fact { seat, from, ..fact });
        }
        if self.rng.u8(..4) == 0
            && let Some(last) = self.facts.last()
        {
            let uid = last.uid.clone();
            let now = Current { chain: uid.clone(), uid, place: 0, start: 0 };
            let members = json!({"status": "CANCELLED", "seatsPerTimeSlot": 3});
            self.add(What::Cancelled, &now, "BOOKING_CANCELLED", members);
        }
    }

    /// Some of it comes from a second webhook, and some again with refreshed content.
    fn repeat(&mut self) {
        let mut repeats = Vec::new();
        for fact in &self.facts {
            if self.rng.u8(..3) == 0 && !matches!(fact.what, What::Started | What::Ended) {
                let body = copy(&fact.body, i64::from(self.rng.u8(1..9)));
                repeats.push(Fact { reading: reading(&body), kind: "(copy)", ..fact.clone() });
            }
            if self.rng.u8(..3) == 0 && fact.what == What::Accepted && fact.link.is_some() {
                let body = with(&fact.body, |wire| wire["payload"]["uid"] = Value::Null);
                if wire_of(&body)["payload"].get("rescheduleUid").is_some() {
                    let body = copy(&body, i64::from(self.rng.u8(1..9)));
                    let reading = reading(&body);
                    repeats.push(Fact { reading, body, kind: NAMELESS, ..fact.clone() });
                }
            }
            if self.rng.u8(..4) == 0 {
                let is_over = fact.seat.is_none() && self.is_over(fact);
                let body = with(&fact.body, |wire| {
                    let payload = if wire.get("payload").is_some() {
                        &mut wire["payload"]
                    } else {
                        &mut *wire
                    };
                    payload["description"] = "refreshed".into();
                    if fact.what == What::Accepted && is_over {
                        payload["status"] = "CANCELLED".into();
                    }
                });
                repeats.push(Fact { reading: reading(&body), kind: "(refreshed)", ..fact.clone() });
            }
        }
        self.facts.extend(repeats);
    }

    /// Whether Cal.com shows the booking as cancelled in the end.
    fn is_over(&self, fact: &Fact) -> bool {
        let gone = [What::AskedToMove, What::Cancelled, What::Replaced];
        self.facts.iter().any(|other| {
            (other.uid == fact.uid && gone.contains(&other.what))
                || (other.chain == fact.chain && other.place > fact.place)
        })
    }
}

fn wire_of(body: &str) -> Value {
    serde_json::from_str(body).unwrap()
}
