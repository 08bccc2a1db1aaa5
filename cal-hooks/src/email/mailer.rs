//! What every mail goes through, and how it is set up.

use std::{collections::HashMap, fmt, future::Future, pin::Pin, sync::Arc};

use cal_core::{Booking, Person};
use cal_webhook::{Change, Context, HookError};
use chrono::{DateTime, Utc};
use url::Url;

use super::{
    Attendees, HostNotices, Kind, LanguageError, LinkError, Mail, Mailbox, Series, TemplateError,
    Texts, Transport, View, clean, invite,
    letter::{Letter, Role},
    links,
    locale::Languages,
    records::Records,
    told::Told,
};
use crate::{person::payer, sequence::Sequence};

type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), HookError>> + Send + 'a>>;
type Replacement = Arc<dyn Fn(&View) -> Result<Texts, TemplateError> + Send + Sync>;

/// Writes mails and hands them to a [`Transport`]; makes the hooks that send them.
///
/// Cheap to clone. Every mail is one task with attempts of its own: nobody gets a mail again
/// because somebody else's failed.
///
/// Cal.com sends mails itself: turn those off, or attendees get two of each.
///
/// ```
/// use cal_hooks::email::{Mail, Mailer, Transport};
/// use cal_webhook::{Dispatcher, HookError};
///
/// struct Screen;
///
/// impl Transport for Screen {
///     async fn send(&self, mail: &Mail) -> Result<(), HookError> {
///         println!("{}", mail.subject);
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mailer = Mailer::new(Screen, "Ida Falk <ida@example.com>".parse()?)
///     .site("https://booking.example.com")?;
/// let hooks = Dispatcher::new().hook(mailer.attendees()).hook(mailer.host_notices());
/// # assert_eq!(hooks.names().collect::<Vec<_>>(), ["email", "email-host"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Mailer {
    transport: Arc<dyn Erased>,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    host: Option<Mailbox>,
    origin: Option<Url>,
    rebook: Option<Url>,
    calendar: bool,
    languages: Languages,
    templates: HashMap<Kind, Replacement>,
    pub(super) records: Records,
}

impl Mailer {
    /// Makes a mailer that sends in somebody's name.
    pub fn new(transport: impl Transport, from: Mailbox) -> Self {
        Self {
            transport: Arc::new(transport),
            from,
            reply_to: None,
            host: None,
            origin: links::base("https://cal.com").ok(),
            rebook: None,
            calendar: false,
            languages: Languages::new(),
            templates: HashMap::new(),
            records: Records::default(),
        }
    }

    /// Sets who gets replies, unless the event type names somebody; the sender by default.
    pub fn reply_to(mut self, mailbox: Mailbox) -> Self {
        self.reply_to = Some(mailbox);
        self
    }

    /// Sets who gets the notices for hosts; by default each booking's organiser and the other members
    /// of the team.
    pub fn host(mut self, mailbox: Mailbox) -> Self {
        self.host = Some(mailbox);
        self
    }

    /// Sets the address of your site, which serves `feedback/{token}` and `unsubscribe/{token}`.
    ///
    /// Mails name the latter as the one-click address of RFC 8058 only when it is `https`.
    ///
    /// # Errors
    ///
    /// Fails when the address does not begin with `https://` or `http://`.
    pub fn site(mut self, url: &str) -> Result<Self, LinkError> {
        self.records.site = Some(links::base(url)?);
        Ok(self)
    }

    /// Sets the site where bookings are moved and cancelled, `https://cal.com` by default; a
    /// booking that names its own site counts more.
    ///
    /// # Errors
    ///
    /// Fails when the address does not begin with `https://` or `http://`.
    pub fn cal_origin(mut self, url: &str) -> Result<Self, LinkError> {
        self.origin = Some(links::base(url)?);
        Ok(self)
    }

    /// Sets the page where people book again; by default the event type's page at Cal.com.
    ///
    /// # Errors
    ///
    /// Fails when the address does not begin with `https://` or `http://`.
    pub fn rebook(mut self, url: &str) -> Result<Self, LinkError> {
        self.rebook = Some(links::base(url)?);
        Ok(self)
    }

    /// Signs the links for feedback and for unsubscribing with a key of your own, in place of the
    /// store's.
    ///
    /// Without a store, nobody is asked who wants no mails: your transport must, by
    /// [`Mail::kind`] and [`Mail::to`].
    #[cfg(feature = "store")]
    #[cfg_attr(docsrs, doc(cfg(feature = "store")))]
    pub fn tokens(mut self, tokens: crate::token::Tokens) -> Self {
        self.records.tokens = Some(tokens);
        self
    }

    /// Asks a store who wants no mails, how bookings stand, and what came before.
    ///
    /// Links for feedback and for unsubscribing are signed with its key. Mails about attendees who
    /// did not come, and conditions of sequences, need it; whether somebody has booked again it knows
    /// from the hook [`Appointments`](crate::analytics::Appointments).
    #[cfg(feature = "store")]
    #[cfg_attr(docsrs, doc(cfg(feature = "store")))]
    pub fn store(mut self, store: cal_store::SqlStore) -> Self {
        self.records.store = Some(store);
        self
    }

    /// Sets whether mails carry calendar files; off by default, because Cal.com sends its own.
    pub fn calendar(mut self, on: bool) -> Self {
        self.calendar = on;
        self
    }

    /// Adds a language, or replaces one, from the text of one file: see `locales/en.json`.
    ///
    /// # Errors
    ///
    /// Fails when a member is missing or unknown, and names it.
    pub fn language(mut self, text: &str) -> Result<Self, LanguageError> {
        self.languages.add(text)?;
        Ok(self)
    }

    /// Replaces the template of a mail; [`Texts::of`] writes what it replaces.
    pub fn template(
        mut self,
        kind: Kind,
        template: impl Fn(&View) -> Result<Texts, TemplateError> + Send + Sync + 'static,
    ) -> Self {
        self.templates.insert(kind, Arc::new(template));
        self
    }

    /// Makes the hook `email`, which mails attendees what happened to their booking.
    ///
    /// It sends each mail of [`Kind`] that follows a transition at once: all but reminders,
    /// feedback, follow-ups and returns, which a [sequence](Self::sequence) sends. Whoever has no
    /// address, or only a phone number, gets none. Of a series, every occurrence is a booking with
    /// mails of its own.
    ///
    /// A mail that is late says what is true when it is sent. One that confirms a time is skipped
    /// once the meeting has begun.
    #[must_use]
    pub fn attendees(&self) -> Attendees {
        Attendees::new(self.clone())
    }

    /// Makes the hook `email-host`, which tells all hosts of requests, bookings, moves, new places,
    /// cancellations, payments, absent attendees and their fees, and whoever takes a booking over
    /// from another host of that.
    #[must_use]
    pub fn host_notices(&self) -> HostNotices {
        HostNotices::new(self.clone())
    }

    /// Makes a hook that sends mails at the times of a plan; each action is the name of a [`Kind`].
    ///
    /// Whether a step's conditions hold is asked when it is due. Mails that are not about the
    /// booking itself need [`Mailer::site`] and tokens, so that they can be unsubscribed from.
    #[must_use]
    pub fn sequence(&self, name: impl Into<String>, sequence: Sequence) -> Series {
        Series::new(name.into(), sequence, self.clone())
    }

    /// Writes a mail as the booker, or the host, would get it: for looking at, nothing is sent.
    ///
    /// # Errors
    ///
    /// Fails when the template does.
    pub fn preview(&self, kind: Kind, booking: &Booking) -> Result<Texts, TemplateError> {
        let nobody = Person::default();
        let (role, reader) = match kind {
            Kind::Host => (Role::Host, &booking.organizer),
            _ => (Role::Booker, booking.booker().unwrap_or(&nobody)),
        };
        let change = match (kind, booking.reschedule_start) {
            (Kind::Receipt, _) => Change::Paid,
            (Kind::NoShowFee, _) => Change::NoShowFee,
            (Kind::Rescheduled, _) | (Kind::Host, Some(_)) => Change::Rescheduled,
            _ => Change::Booked,
        };
        let before = booking.reschedule_start.filter(|_| change == Change::Rescheduled);
        let news = News { kind, change, booking, before, absent: &[] };
        let view = self.view(&news, role, reader, &reader.email);
        self.texts(&view)
    }

    /// Returns the booking as it is known now.
    pub(super) async fn newest(&self, cx: &Context) -> Result<Option<Booking>, HookError> {
        self.records.asking(cx).newest().await
    }

    /// Whether one mailbox gets the notices for all hosts.
    pub(super) fn has_one_host(&self) -> bool {
        self.host.is_some()
    }

    /// Writes and sends the one mail of a task, unless its reader has no address or wants none.
    pub(super) async fn send(
        &self,
        cx: &Context,
        news: News<'_>,
        role: Role,
        reader: &Person,
    ) -> Result<(), HookError> {
        self.send_one(cx, news, role, reader, false).await
    }

    /// Does the same with one of several mails of a task.
    pub(super) async fn send_one(
        &self,
        cx: &Context,
        news: News<'_>,
        role: Role,
        reader: &Person,
        is_among_others: bool,
    ) -> Result<(), HookError> {
        let own = || address(reader);
        let to = if role == Role::Host { self.host.clone().or_else(own) } else { own() };
        let Some(to) = to else {
            tracing::trace!(kind = news.kind.as_str(), "no mail: no address");
            return Ok(());
        };
        if !news.kind.is_transactional() && self.records.is_suppressed(to.email()).await? {
            tracing::trace!(kind = news.kind.as_str(), "no mail: unsubscribed");
            return Ok(());
        }
        self.records.prepare().await?;
        let view = self.view(&news, role, reader, to.email());
        let texts = self.texts(&view).map_err(HookError::permanent)?;
        let calendar = match self.calendar && role != Role::Host {
            true => invite::file(self, cx, &news, &view, &to).await?,
            false => None,
        };
        let told = Told::new(&news, reader, to.email(), calendar.as_ref());
        let key = match is_among_others {
            false => self.records.asking(cx).key_for(&told).await?,
            true => cx.key_among(&told)?,
        };
        let unsubscribe = view.unsubscribe.map(|button| button.url);
        let mail = Mail {
            key,
            kind: news.kind,
            language: view.lang,
            from: self.from.clone(),
            reply_to: self.replies(&news, role),
            to,
            subject: clean::subject(&texts.subject),
            html: texts.html,
            text: texts.text,
            calendar,
            unsubscribe: unsubscribe.filter(|url| url.starts_with("https://")),
        };
        self.transport.send(&mail).await
    }

    /// Returns the sender, who stands in calendar files where the organiser is hidden.
    pub(super) fn from(&self) -> &Mailbox {
        &self.from
    }

    /// Whether mails that are not about the booking itself can be unsubscribed from.
    pub(super) fn can_unsubscribe(&self) -> bool {
        self.records.can_unsubscribe()
    }

    fn view(&self, news: &News<'_>, role: Role, reader: &Person, email: &str) -> View {
        let News { kind, change, booking, before, absent } = *news;
        let rate = || self.records.feedback(booking, reader);
        let letter = Letter {
            kind,
            change,
            booking,
            guest: news.guest(),
            reader,
            role,
            language: self.languages.find(reader.locale()),
            before,
            absent,
            origin: self.origin.as_ref(),
            rebook: self.rebook.as_ref(),
            rate: (kind == Kind::Feedback).then(rate).flatten(),
            unsubscribe: match kind.is_transactional() {
                true => None,
                false => self.records.unsubscribe(email, booking),
            },
        };
        letter.view()
    }

    fn texts(&self, view: &View) -> Result<Texts, TemplateError> {
        match self.templates.get(&view.kind) {
            Some(template) => template(view),
            None => Texts::of(view),
        }
    }

    /// Who gets replies: to a notice for the host, the booker.
    fn replies(&self, news: &News<'_>, role: Role) -> Option<Mailbox> {
        if role == Role::Host {
            return news.guest().and_then(address);
        }
        let named = news.booking.custom_reply_to_email.as_deref();
        let named = named.and_then(|email| Mailbox::new("", email).ok());
        named.or_else(|| self.reply_to.clone())
    }
}

/// Shows nobody's address.
impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("calendar", &self.calendar).finish_non_exhaustive()
    }
}

/// What a mail is about.
#[derive(Clone, Copy)]
pub(super) struct News<'a> {
    pub(super) kind: Kind,
    pub(super) change: Change,
    pub(super) booking: &'a Booking,
    /// When the booking started before it was moved.
    pub(super) before: Option<DateTime<Utc>>,
    /// Who did not come, for the host.
    pub(super) absent: &'a [Person],
}

impl<'a> News<'a> {
    /// Whom a notice to the host is about, unless it names who did not come.
    pub(super) fn guest(&self) -> Option<&'a Person> {
        if matches!(self.change, Change::NoShowFee | Change::Paid) {
            payer(self.booking)
        } else {
            self.booking.booker()
        }
    }
}

/// Returns where somebody gets mail; Cal.com makes up addresses for people with only a number.
pub(super) fn address(person: &Person) -> Option<Mailbox> {
    crate::person::address(&person.email)?;
    Mailbox::new(&clean::line(&person.name), &person.email).ok()
}

/// A transport behind a pointer.
trait Erased: Send + Sync {
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a>;
}

impl<T: Transport> Erased for T {
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a> {
        Box::pin(Transport::send(self, mail))
    }
}
