use cal_client::{
    Client,
    booking_attendees::AddAttendee,
    bookings::{
        AttendeeAbsence, BookingFilter, Cancel, CancelSeat, EventTypeRef, MarkAbsent, NewAttendee,
        NewBooking, NewGuest, NewLocation, ReferenceKind, Reschedule, RescheduleSeat, Routing,
        Sort, UpdateLocation,
    },
    slot_reservations::ReserveSlot,
    slots::SlotQuery,
};
use chrono::{DateTime, NaiveDate, Utc};

use super::Checks;

pub(super) async fn check(client: &Client, checks: &mut Checks) {
    lists(client, checks).await;
    of_organizations(client, checks).await;
    create(client, checks).await;
    change(client, checks).await;
    meeting(client, checks).await;
    attendees(client, checks).await;
    slots(client, checks).await;
}

fn noon() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(12)
}

async fn lists(client: &Client, checks: &mut Checks) {
    let bookings = client.bookings();
    let list = bookings
        .list()
        // Only one, as the mock wants lists repeated, where the server takes commas, too.
        .status([BookingFilter::Upcoming])
        .attendee_email("ann@example.org")
        .attendee_name("Ann")
        .uid("a")
        .event_type(1)
        .event_types([1.into(), 2.into()])
        .team(1)
        .teams([1.into(), 2.into()])
        .starting_after(noon())
        .ending_before(noon())
        .created_after(noon())
        .created_before(noon())
        .updated_after(noon())
        .updated_before(noon())
        .sort_start(Sort::Asc)
        .sort_end(Sort::Desc)
        .sort_created(Sort::Asc)
        .sort_updated(Sort::Desc)
        .take(10)
        .skip(10);
    checks.is("bookings.list", list.await);
    checks.is("bookings.get", bookings.get("a").await);
    checks.is("bookings.get_series", bookings.get_series("a").await);
    checks.is("bookings.get_by_seat", bookings.get_by_seat("a").await);
    let list = client.team(7).bookings().list().starting_after(noon()).sort_end(Sort::Asc);
    checks.is("team.bookings.list", list.await);
}

async fn of_organizations(client: &Client, checks: &mut Checks) {
    let org = client.org(7);
    let list = org.bookings().list().users([1.into(), 2.into()]).sort_updated(Sort::Asc);
    checks.is("org.bookings.list", list.await);
    let team = org.team(8).bookings();
    checks.is("org.team.bookings.list", team.list().event_types([1.into()]).await);
    let kind = Some(ReferenceKind::GoogleCalendar);
    checks.is("org.team.bookings.references", team.references("a", kind).await);
    let list = org.user(9).bookings().list().created_after(noon()).await;
    // The description has no answer for this one, so the mock's is empty.
    let list = list.map(drop).or_else(|error| if error.is_decode() { Ok(()) } else { Err(error) });
    checks.is("org.user.bookings.list", list);
}

async fn create(client: &Client, checks: &mut Checks) {
    let attendee = NewAttendee::new("Ann", "Europe/Oslo")
        .email("ann@example.org")
        .phone_number("+4722225555")
        .language("de");
    let routing = Routing::new([1.into()])
        .response_id(1)
        .queued_response_id("a")
        .team_member_email("bob@example.org")
        .skip_contact_owner(true)
        .crm_app_slug("salesforce")
        .crm_owner_record_type("Account");
    let booking = NewBooking::new(7, noon(), attendee.clone())
        .answer("notes", "Hello")
        .guests(["eve@example.org".to_owned()])
        .location(NewLocation::Integration { integration: "zoom".to_owned() })
        .metadata([("order".to_owned(), "A-1".to_owned())])
        .length_in_minutes(30_u32)
        .routing(routing)
        .email_verification_code("123456");
    let bookings = client.bookings();
    checks.is("bookings.create", bookings.create(&booking).await);
    checks.is("bookings.create_recurring", bookings.create_recurring(&booking, 4).await);
    let team = EventTypeRef::of_team("sales", "intro").in_organization("acme");
    let booking = NewBooking::new(team, noon(), attendee.clone());
    checks.is("bookings.create_instant", bookings.create_instant(&booking).await);
    let text = || "there".to_owned();
    for location in [
        NewLocation::Address,
        NewLocation::AttendeeAddress { address: text() },
        NewLocation::AttendeeDefined { location: text() },
        NewLocation::AttendeePhone { phone: text() },
        NewLocation::Link,
        NewLocation::OrganizersDefaultApp,
        NewLocation::Phone,
    ] {
        let user = EventTypeRef::of_user("bob", "intro");
        let booking = NewBooking::new(user, noon(), attendee.clone()).location(location);
        checks.is("bookings.create", bookings.create(&booking).await);
    }
}

async fn change(client: &Client, checks: &mut Checks) {
    let bookings = client.bookings();
    let to = Reschedule::new(noon())
        .reason("Ill")
        .rescheduled_by("ann@example.org")
        .email_verification_code("123456");
    checks.is("bookings.reschedule", bookings.reschedule("a", &to).await);
    let to = RescheduleSeat::new("seat", noon())
        .rescheduled_by("ann@example.org")
        .email_verification_code("123456");
    checks.is("bookings.reschedule_seat", bookings.reschedule_seat("a", &to).await);
    let how = Cancel::new().reason("Ill").subsequent(true);
    checks.is("bookings.cancel", bookings.cancel("a", &how).await);
    checks.is("bookings.cancel_series", bookings.cancel_series("a", &Cancel::new()).await);
    let how = CancelSeat::new("seat").reason("Ill");
    checks.is("bookings.cancel_seat", bookings.cancel_seat("a", &how).await);
    checks.is("bookings.confirm", bookings.confirm("a").await);
    checks.is("bookings.decline", bookings.decline("a", Some("Busy")).await);
    let who =
        MarkAbsent::new().host(true).attendees([AttendeeAbsence::new("ann@example.org", true)]);
    checks.is("bookings.mark_absent", bookings.mark_absent("a", &who).await);
    checks.is("bookings.reassign", bookings.reassign("a").await);
    checks.is("bookings.reassign_to", bookings.reassign_to("a", 7, Some("Busy")).await);
    let guest = NewGuest::new("eve@example.org")
        .name("Eve")
        .time_zone("Europe/Oslo")
        .phone_number("+4722225555")
        .language("de");
    checks.is("bookings.add_guests", bookings.add_guests("a", &[guest]).await);
    let text = || "there".to_owned();
    for location in [
        UpdateLocation::Address { address: text() },
        UpdateLocation::AttendeeAddress { address: text() },
        UpdateLocation::AttendeeDefined { location: text() },
        UpdateLocation::AttendeePhone { phone: text() },
        UpdateLocation::Link { link: text() },
        UpdateLocation::Phone { phone: text() },
    ] {
        checks.is("bookings.update_location", bookings.update_location("a", &location).await);
    }
}

async fn meeting(client: &Client, checks: &mut Checks) {
    let bookings = client.bookings();
    checks.is("bookings.calendar_links", bookings.calendar_links("a").await);
    let kind = Some(ReferenceKind::DailyVideo);
    checks.is("bookings.references", bookings.references("a", kind).await);
    checks.is("bookings.recordings", bookings.recordings("a").await);
    checks.is("bookings.transcripts", bookings.transcripts("a").await);
    checks.is("bookings.video_sessions", bookings.video_sessions("a").await);
}

async fn attendees(client: &Client, checks: &mut Checks) {
    let attendees = client.booking_attendees();
    checks.is("booking_attendees.list", attendees.list("a").await);
    checks.is("booking_attendees.get", attendees.get("a", 1).await);
    let ann = AddAttendee::new("Ann", "ann@example.org", "Europe/Oslo")
        .phone_number("+4722225555")
        .language("de");
    checks.is("booking_attendees.add", attendees.add("a", &ann).await);
}

async fn slots(client: &Client, checks: &mut Checks) {
    let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    let slots = client.slots();
    let query = SlotQuery::new(7, day, noon())
        .time_zone("Europe/Oslo")
        .duration(30)
        .with_ends()
        .rescheduling("a");
    checks.is("slots.find", slots.find(&query).await);
    let query = SlotQuery::of_users(["ann", "bob"], day, day).in_organization("acme");
    checks.is("slots.find", slots.find(&query).await);

    let reservations = client.slot_reservations();
    let slot = ReserveSlot::new(7, noon()).slot_duration(30_u32).reservation_duration(10_u32);
    checks.is("slot_reservations.create", reservations.create(&slot).await);
    checks.is("slot_reservations.get", reservations.get("a").await);
    checks.is("slot_reservations.update", reservations.update("a", &slot).await);
    checks.is("slot_reservations.delete", reservations.delete("a").await);
}
