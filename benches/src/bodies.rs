//! Deliveries to measure with: `BOOKING_CREATED` about people who do not exist.

use std::fmt;

use bytes::Bytes;
use cal_webhook::{SecretError, Signer};
use fastrand::Rng;

use crate::SECRET;

const FIRST: [&str; 12] = [
    "Astrid", "Bruno", "Chiara", "Dario", "Edda", "Femi", "Greta", "Hiro", "Ines", "Jonas",
    "Kirsi", "Liora",
];

const LAST: [&str; 12] = [
    "Abara",
    "Brandvik",
    "Castell",
    "Dunmore",
    "Elvestad",
    "Fontane",
    "Grünwald",
    "Hollis",
    "Ikeda",
    "Jansson",
    "Korhonen",
    "Lindqvist",
];

const ZONES: [(&str, i32); 4] =
    [("Europe/Oslo", 120), ("Asia/Tokyo", 540), ("America/Bogota", -300), ("Europe/London", 60)];

const QUESTIONS: [&str; 6] = [
    "What would you like to get out of this call?",
    "Which of our products do you use today?",
    "Company",
    "How many people work in your team?",
    "How did you hear about us?",
    "Anything we should read before we meet?",
];

const WORDS: [&str; 16] = [
    "pricing",
    "the",
    "quarterly",
    "review",
    "with",
    "our",
    "new",
    "team",
    "before",
    "launch",
    "and",
    "migration",
    "plan",
    "for",
    "spring",
    "workshop",
];

/// How long a body is, roughly.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Size {
    /// The least that a booking says, 0.7 KB.
    Small,
    /// What one guest's booking usually says, 2.5 KB.
    Typical,
    /// Some sixty guests and questions, and a long text for the last quarter, 32 KB.
    Large,
    /// Some thousand guests and questions, and a long text for the last quarter, 512 KB.
    Huge,
}

impl Size {
    /// Every size, the smallest first.
    pub const ALL: [Self; 4] = [Self::Small, Self::Typical, Self::Large, Self::Huge];

    /// How many attendees and how many added questions a body of this size has.
    fn count(self) -> usize {
        match self {
            Self::Small | Self::Typical => 1,
            Self::Large => 61,
            Self::Huge => 1020,
        }
    }

    /// How many words the description has.
    fn words(self) -> usize {
        match self {
            Self::Small | Self::Typical => 6,
            Self::Large => 1_250,
            Self::Huge => 20_000,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Small => "0.7 KB",
            Self::Typical => "2.5 KB",
            Self::Large => "32 KB",
            Self::Huge => "512 KB",
        })
    }
}

/// A body and its signature.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The bytes.
    pub body: Bytes,
    /// The value of the signature header.
    pub signature: String,
}

/// Writes signed bodies of one size, one for each number.
///
/// # Errors
///
/// Never fails, unless [`SECRET`] was made empty.
pub fn samples(
    size: Size,
    numbers: impl IntoIterator<Item = u64>,
) -> Result<Vec<Sample>, SecretError> {
    let signer = Signer::new(SECRET)?;
    let sample = |number| {
        let body = Bytes::from(body(size, number));
        Sample { signature: signer.sign(&body), body }
    };
    Ok(numbers.into_iter().map(sample).collect())
}

/// Writes a body; the same number always gives the same bytes, and each number its own.
#[must_use]
pub fn body(size: Size, number: u64) -> String {
    let mut rng = Rng::with_seed(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let payload = match size {
        Size::Small => small(number, &mut rng),
        _ => full(number, size, &mut rng),
    };
    // One is made a millisecond after the other.
    let (seconds, millis) = (number / 1_000, number % 1_000);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!(
        r#"{{"triggerEvent":"BOOKING_CREATED","createdAt":"2026-05-04T{hour:02}:{minute:02}:{second:02}.{millis:03}Z","payload":{payload}}}"#,
    )
}

fn small(number: u64, rng: &mut Rng) -> String {
    let (host, booker) = (Name::of(rng), Name::of(rng));
    let (zone, _) = zone(rng);
    format!(
        r#"{{"type":"intro","title":"Intro between {host} and {booker}","startTime":"2026-05-11T08:00:00Z","endTime":"2026-05-11T08:30:00Z","organizer":{{"name":"{host}","email":"{host_email}","timeZone":"Europe/Oslo","language":{{"locale":"en"}}}},"attendees":[{{"name":"{booker}","email":"{email}","timeZone":"{zone}","language":{{"locale":"en"}}}}],"location":"integrations:daily","uid":"{uid}","bookingId":{id},"eventTypeId":4711,"length":30,"price":0,"currency":"usd","requiresConfirmation":null,"status":"ACCEPTED","metadata":{{}}}}"#,
        host_email = host.email(rng),
        email = booker.email(rng),
        uid = uid(number),
        id = 7_000_000 + number,
    )
}

fn full(number: u64, size: Size, rng: &mut Rng) -> String {
    let count = size.count();
    let (host, booker) = (Name::of(rng), Name::of(rng));
    let (host_email, email, uid) = (host.email(rng), booker.email(rng), uid(number));
    let guests: Vec<_> = (1..count).map(|_| (Name::of(rng), rng.u32(..))).collect();
    let addresses: Vec<_> =
        guests.iter().map(|(name, salt)| format!(r#""{}""#, name.address(*salt))).collect();
    let guests = guests.iter().map(|(name, salt)| attendee(name, &name.address(*salt), rng));
    let guests = guests.collect::<Vec<_>>();
    let attendees: Vec<_> = std::iter::once(attendee(&booker, &email, rng)).chain(guests).collect();
    let questions: Vec<_> = (0..count).map(|index| question(index, rng)).collect();
    let (attendees, questions) = (attendees.join(","), questions.join(","));
    let addresses = addresses.join(",");
    let (notes, description) = (sentence(6, rng), sentence(size.words(), rng));
    let id = 7_000_000 + number;
    let head = format!(
        r#"{{"bookerUrl":"https://cal.com","type":"product-tour","title":"Product tour between {host} and {booker}","description":"{description}","additionalNotes":"{notes}","customInputs":{{}},"startTime":"2026-05-11T08:00:00Z","endTime":"2026-05-11T08:30:00Z""#
    );
    let people = format!(
        r#""organizer":{{"id":2041,"name":"{host}","email":"{host_email}","username":"{username}","usernameInOrg":null,"timeZone":"Europe/Oslo","language":{{"locale":"en"}},"timeFormat":"h:mma","utcOffset":120}},"attendees":[{attendees}]"#,
        username = host.first.to_lowercase(),
    );
    let answers = format!(
        r#""responses":{{"name":{{"label":"your_name","value":"{booker}","isHidden":false}},"email":{{"label":"email_address","value":"{email}","isHidden":false}},"location":{{"label":"location","value":{{"value":"integrations:daily","optionValue":""}},"isHidden":false}},"title":{{"label":"what_is_this_meeting_about","isHidden":true}},"notes":{{"label":"additional_notes","value":"{notes}","isHidden":false}},"guests":{{"label":"additional_guests","value":[{addresses}],"isHidden":false}},{questions}}},"userFieldsResponses":{{{questions}}}"#
    );
    let calendars = format!(
        r#""location":"integrations:daily","conferenceCredentialId":null,"destinationCalendar":[{{"id":311,"integration":"google_calendar","externalId":"{host_email}","primaryEmail":"{host_email}","userId":2041,"eventTypeId":null,"credentialId":512,"delegationCredentialId":null}}],"appsStatus":[{{"appName":"daily-video","type":"daily_video","success":1,"failures":0,"errors":[],"warnings":[]}}],"videoCallData":{{"type":"daily_video","id":"{uid}","password":"","url":"https://video.example.com/{uid}"}}"#
    );
    let flags = r#""hideCalendarNotes":false,"hideCalendarEventDetails":false,"requiresConfirmation":null,"seatsPerTimeSlot":null,"seatsShowAttendees":false,"seatsShowAvailabilityCount":true,"schedulingType":null,"recurringEvent":null"#;
    format!(
        r#"{head},{people},{answers},{calendars},{flags},"eventTypeId":4711,"iCalUID":"{uid}@Cal.com","iCalSequence":0,"uid":"{uid}","eventTitle":"Product tour","eventDescription":null,"price":0,"currency":"usd","length":30,"bookingId":{id},"metadata":{{"videoCallUrl":"https://app.example.org/video/{uid}"}},"status":"ACCEPTED"}}"#
    )
}

fn attendee(name: &Name, email: &str, rng: &mut Rng) -> String {
    let (zone, offset) = zone(rng);
    format!(
        r#"{{"name":"{name}","firstName":"","lastName":"","email":"{email}","timeZone":"{zone}","language":{{"locale":"en"}},"utcOffset":{offset}}}"#
    )
}

/// Writes a member of `userFieldsResponses`: a question with one of four kinds of answers.
fn question(index: usize, rng: &mut Rng) -> String {
    let label = QUESTIONS[index % QUESTIONS.len()];
    let value = match index % 4 {
        0 => format!(r#""{}""#, sentence(6, rng)),
        1 => format!(r#"["{}","{}"]"#, word(rng), word(rng)),
        2 => rng.bool().to_string(),
        _ => format!(r#""{}""#, rng.u16(1..500)),
    };
    format!(r#""question-{index}":{{"label":"{label}","value":{value},"isHidden":false}}"#)
}

/// Writes words; of five texts one has a line break, which JSON escapes.
fn sentence(words: usize, rng: &mut Rng) -> String {
    let words: Vec<_> = (0..words).map(|_| word(rng)).collect();
    let text = words.join(" ");
    if rng.u8(..5) == 0 { text.replacen(' ', r"\n", 1) } else { text }
}

fn word(rng: &mut Rng) -> &'static str {
    WORDS[rng.usize(..WORDS.len())]
}

fn zone(rng: &mut Rng) -> (&'static str, i32) {
    ZONES[rng.usize(..ZONES.len())]
}

fn uid(number: u64) -> String {
    format!("bk{number:020x}")
}

#[derive(Clone, Copy, Debug)]
struct Name {
    first: &'static str,
    last: &'static str,
}

impl Name {
    fn of(rng: &mut Rng) -> Self {
        Self { first: FIRST[rng.usize(..FIRST.len())], last: LAST[rng.usize(..LAST.len())] }
    }

    fn email(&self, rng: &mut Rng) -> String {
        self.address(rng.u32(..))
    }

    fn address(&self, salt: u32) -> String {
        let domain = if salt.is_multiple_of(2) { "example.com" } else { "example.org" };
        format!("{}.{}@{domain}", self.first.to_lowercase(), salt % 10_000)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.first, self.last)
    }
}
