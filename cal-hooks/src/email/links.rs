//! The addresses of Cal.com's pages.
//!
//! Their forms are those of Cal.com's own mails (`CalEventParser.ts` in its source), without the
//! reader's address, which does not belong into a link.

use cal_core::{Booking, Person};
use url::Url;

/// Why an address is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected an address that begins with `https://` or `http://`")]
pub struct LinkError;

/// Reads an address that links may begin with.
pub(super) fn base(text: &str) -> Result<Url, LinkError> {
    web(text).ok_or(LinkError)
}

/// Takes a link out of a payload, when it leads to a web page and to nothing else.
pub(super) fn safe(text: &str) -> Option<String> {
    web(text.trim()).map(String::from)
}

/// Adds segments to the path of an address; whatever they hold, they stay segments.
pub(super) fn join(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// Cal.com's pages of one booking.
pub(super) struct Pages<'a> {
    /// The site: the booking's own, else the one that is set.
    origin: Option<Url>,
    booking: &'a Booking,
    /// The reference of the reader's seat.
    seat: Option<&'a str>,
}

impl<'a> Pages<'a> {
    /// Takes a booking as somebody sees it; `origin` is used when the booking names no site.
    pub(super) fn new(origin: Option<&Url>, booking: &'a Booking, reader: &'a Person) -> Self {
        let named = booking.booker_url.as_deref().and_then(web);
        let own = reader.booking_seat.as_ref().and_then(|seat| seat.reference_uid.as_ref());
        // Without a reference at the attendee, the booking's one means whoever it lists alone.
        let only = booking.attendee_seat_id.as_ref().filter(|_| booking.attendees.len() == 1);
        let seat = own.or(only).map(|seat| seat.as_str());
        Self { origin: named.or_else(|| origin.cloned()), booking, seat }
    }

    /// Where the reader chooses another time.
    pub(super) fn reschedule(&self) -> Option<String> {
        if self.booking.disable_rescheduling == Some(true) || !self.is_own() {
            return None;
        }
        self.moving().map(String::from)
    }

    /// Where the reader chooses another time although the booking was cancelled.
    pub(super) fn revive(&self) -> Option<String> {
        let mut url = self.moving().filter(|_| self.is_own())?;
        if self.booking.platform_client_id.is_none() {
            url.query_pairs_mut().append_pair("allowRescheduleForCancelledBooking", "true");
        }
        Some(url.into())
    }

    /// Where the reader cancels.
    pub(super) fn cancel(&self) -> Option<String> {
        if self.booking.disable_cancelling == Some(true) || !self.is_own() {
            return None;
        }
        let uid = self.booking.uid.as_ref()?.as_str();
        let mut url = match self.platform(self.booking.platform_cancel_url.as_deref()) {
            Some(page) => self.on_platform(join(&page?, &[uid])),
            None => join(self.origin.as_ref()?, &["booking", uid]),
        };
        url.query_pairs_mut()
            .append_pair("cancel", "true")
            .append_pair("allRemainingBookings", "false")
            .extend_pairs(self.seat.map(|seat| ("seatReferenceUid", seat)));
        Some(url.into())
    }

    /// Where the booking is shown, to the host too.
    pub(super) fn booking(&self) -> Option<String> {
        let uid = self.booking.uid.as_ref()?.as_str();
        Some(match self.platform(self.booking.platform_booking_url.as_deref()) {
            Some(page) => join(&page?, &[uid]).into(),
            None => join(self.origin.as_ref()?, &["booking", uid]).into(),
        })
    }

    /// Where the same service is booked anew: the host's public page.
    pub(super) fn book(&self) -> Option<String> {
        let Booking { team, hashed_link, platform_client_id, .. } = self.booking;
        if team.is_some() || hashed_link.is_some() || platform_client_id.is_some() {
            return None;
        }
        let host = &self.booking.organizer;
        let in_org = self.booking.organization_id.and(host.username_in_org.as_deref());
        let name = in_org.or(host.username.as_deref()).filter(|name| !name.is_empty())?;
        let slug = self.booking.event_type_slug.as_deref().filter(|slug| !slug.is_empty())?;
        Some(join(self.origin.as_ref()?, &[name, slug]).into())
    }

    fn moving(&self) -> Option<Url> {
        let target = self.seat.or_else(|| Some(self.booking.uid.as_ref()?.as_str()))?;
        match self.platform(self.booking.platform_reschedule_url.as_deref()) {
            Some(page) => {
                let mut url = self.on_platform(join(&page?, &[target]));
                url.query_pairs_mut().append_pair("reschedule", "true");
                Some(url)
            }
            None => Some(join(self.origin.as_ref()?, &["reschedule", target])),
        }
    }

    /// Whether the links would concern the reader alone: not so without a seat of a shared slot.
    fn is_own(&self) -> bool {
        self.booking.seats_per_time_slot.is_none() || self.seat.is_some()
    }

    /// Returns a platform's page; the inner `None` when the platform has none that can be linked.
    fn platform(&self, page: Option<&str>) -> Option<Option<Url>> {
        match (page.filter(|page| !page.is_empty()), &self.booking.platform_client_id) {
            (Some(page), _) => Some(web(page)),
            (None, Some(_)) => Some(None),
            (None, None) => None,
        }
    }

    fn on_platform(&self, mut url: Url) -> Url {
        let Booking { event_type_slug, organizer, team, .. } = self.booking;
        let team = team.as_ref().and_then(|team| team.id).map(|id| id.to_string());
        let pairs = [
            ("slug", event_type_slug.as_deref()),
            ("username", organizer.username.as_deref()),
            ("teamId", team.as_deref()),
        ];
        let known = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
        url.query_pairs_mut().extend_pairs(known);
        url
    }
}

fn web(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    // A name or password before the host misleads about where a link leads.
    let plain = url.has_host() && url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && plain).then_some(url)
}
