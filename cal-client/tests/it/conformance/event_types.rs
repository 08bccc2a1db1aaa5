use cal_client::{
    Client, Patch,
    bookings::Sort,
    event_types::{
        ActiveBookingsLimit, BookerLayout, BookerLayouts, BookingField, BookingLimits,
        BookingWindow, CalVideoSettings, CallTemplate, Colors, ConfirmationPolicy,
        DestinationCalendar, DisableCancelling, DisableRescheduling, EmailSettings,
        EventTypeFilter, EventTypeLocation, Frequency, Host, HostPriority, NewEventType,
        NewPhoneCall, NewTeamEventType, NoticeThreshold, NoticeUnit, Recurrence, SchedulingType,
        Seats, TeamEventTypeFilter, Toggle, UpdateEventType, UpdateTeamEventType, VideoApp,
    },
    me::Weekday,
    private_links::{NewPrivateLink, UpdatePrivateLink},
    schedules::{Availability, NewSchedule, ScheduleOverride, UpdateSchedule},
    webhooks::{NewWebhook, Trigger, UpdateWebhook, WebhookVersion},
};
use cal_core::{EventTypeId, OrganizationId, UserId};
use chrono::{DateTime, NaiveDate};

use super::Checks;

pub(super) async fn check(client: &Client, platform: &Client, checks: &mut Checks) {
    event_types(client, checks).await;
    private_links(client, checks).await;
    webhooks(client, platform, checks).await;
    schedules(client, checks).await;
}

async fn event_types(client: &Client, checks: &mut Checks) {
    let mine = client.event_types();
    checks.is("event_types.list", mine.list().await);
    let filter = EventTypeFilter::new()
        .username("ann")
        .event_slug("intro")
        .usernames(["ann".to_owned(), "bob".to_owned()])
        .org_slug("acme")
        .org_id(OrganizationId(1))
        .sort_created(Sort::Desc);
    checks.is("event_types.find", mine.find(&filter).await);
    checks.is("event_types.get", mine.get(7).await);
    let created = mine.create(&on(NewEventType::new("Intro", "intro", 30u32))).await;
    checks.is("event_types.create", created);
    let update = UpdateEventType::new().title("Intro").slug("intro").length_in_minutes(30u32);
    checks.is("event_types.update", mine.update(7, &off(update)).await);
    checks.is("event_types.delete", mine.delete(7).await);

    let all = client.org(1).event_types().list().take(5).skip(5).sort_created(Sort::Asc).await;
    checks.is("event_types.list of organization", all);
    of_team(&client.team(2).event_types(), checks).await;
    of_team(&client.org(1).team(2).event_types(), checks).await;
}

async fn of_team<S: cal_client::event_types::OneTeam>(
    team: &cal_client::event_types::EventTypes<S>,
    checks: &mut Checks,
) {
    checks.is("event_types.list of team", team.list().await);
    let filter =
        TeamEventTypeFilter::new().event_slug("intro").hosts_limit(3u32).sort_created(Sort::Asc);
    checks.is("event_types.find of team", team.find(&filter).await);
    checks.is("event_types.get of team", team.get(7).await);
    let hosts = [Host::new(UserId(3)).mandatory(true).priority(HostPriority::High)];
    let emails =
        EmailSettings::new().disable_emails_to_attendees(true).disable_emails_to_hosts(false);
    let event_type = NewTeamEventType::new("Intro", "intro", 30u32, SchedulingType::RoundRobin)
        .hosts(hosts)
        .locations([EventTypeLocation::OrganizersDefaultApp])
        .email_settings(emails.clone())
        .reschedule_with_same_round_robin_host(true);
    checks.is("event_types.create of team", team.create(&event_type).await);
    let update = UpdateTeamEventType::new()
        .scheduling_type(SchedulingType::Collective)
        .assign_all_team_members(true)
        .recurrence(Toggle::Off)
        .email_settings(emails);
    checks.is("event_types.update of team", team.update(7, &update).await);
    checks.is("event_types.delete of team", team.delete(7).await);
    let template = CallTemplate::CustomTemplate;
    let call = NewPhoneCall::new("+4722334455", "+4722334466", "cal_live_key", template, true)
        .scheduler_name("Ann")
        .guest_name("Bob")
        .guest_email("bob@example.org")
        .guest_company("Acme")
        .begin_message("Hello")
        .general_prompt("Be kind.");
    checks.is("event_types.create_phone_call", team.create_phone_call(7, &call).await);
}

/// Sets everything.
fn on(event_type: NewEventType) -> NewEventType {
    let limits = BookingLimits::new().day(60u32).week(120u32).month(180u32).year(240u32);
    let day = |day| NaiveDate::from_ymd_opt(2030, 9, day).unwrap();
    let notice = NoticeThreshold::new(30u32, NoticeUnit::Minutes);
    let policy = ConfirmationPolicy::Time {
        notice_threshold: notice,
        block_unconfirmed_bookings_in_booker: true,
    };
    let layouts = [BookerLayout::Week, BookerLayout::Month, BookerLayout::Column];
    let video = CalVideoSettings::new()
        .disable_recording_for_organizer(true)
        .disable_recording_for_guests(true)
        .enable_automatic_recording_for_organizer(false)
        .enable_automatic_transcription(true)
        .disable_transcription_for_guests(true)
        .disable_transcription_for_organizer(true)
        .send_transcription_emails(false)
        .redirect_url_on_exit(Patch::Clear);
    event_type
        .length_in_minutes_options([15, 30])
        .description("An introduction")
        .locations(locations())
        .booking_fields(fields())
        .disable_guests(true)
        .slot_interval(15u32)
        .minimum_booking_notice(60u32)
        .before_event_buffer(5u32)
        .after_event_buffer(5u32)
        .schedule_id(3)
        .booking_limits_count(limits.clone())
        .booker_active_bookings_limit(
            ActiveBookingsLimit::new().maximum_active_bookings(3u32).offer_reschedule(true),
        )
        .only_show_first_available_slot(true)
        .booking_limits_duration(limits)
        .booking_window(BookingWindow::Range { days: (day(5), day(9)) })
        .offset_start(5u32)
        .booker_layouts(BookerLayouts::new(BookerLayout::Month, layouts))
        .confirmation_policy(policy)
        .recurrence(Recurrence::new(1u32, 10u32, Frequency::Weekly))
        .requires_booker_email_verification(true)
        .hide_calendar_notes(true)
        .lock_time_zone_toggle_on_booking_page(true)
        .color(Colors::new("#292929", "#fafafa"))
        .seats(Seats::new(4u32, true, true))
        .custom_name("{Event type title} with {Organiser}")
        .destination_calendar(DestinationCalendar::new("google_calendar", "ann@example.org"))
        .use_destination_calendar_email(true)
        .hide_calendar_event_details(true)
        .success_redirect_url("https://example.org/booked")
        .hide_organizer_email(true)
        .cal_video_settings(video)
        .hidden(true)
        .booking_requires_authentication(true)
        .disable_cancelling(DisableCancelling::new().disabled(true))
        .disable_rescheduling(DisableRescheduling::new().disabled(false).minutes_before(60u32))
        .interface_language("de")
        .allow_rescheduling_past_bookings(true)
        .allow_rescheduling_cancelled_bookings(true)
        .show_optimized_slots(true)
}

/// Turns everything off that can be.
fn off(update: UpdateEventType) -> UpdateEventType {
    update
        .booking_limits_count(Toggle::Off)
        .booker_active_bookings_limit(Toggle::Off)
        .booking_limits_duration(Toggle::Off)
        .booking_window(Toggle::Off)
        .confirmation_policy(Toggle::Off)
        .recurrence(Toggle::Off)
        .seats(Toggle::Off)
        .interface_language("")
        .cal_video_settings(CalVideoSettings::new().redirect_url_on_exit("https://example.org"))
        .booking_fields(fields())
}

fn locations() -> Vec<EventTypeLocation> {
    use EventTypeLocation as Location;
    vec![
        Location::Address { address: "Main St 1".to_owned(), public: true },
        Location::Link { link: "https://example.org".to_owned(), public: false },
        Location::integration(VideoApp::CalVideo),
        Location::Phone { phone: "+4722334455".to_owned(), public: true },
        Location::AttendeeAddress,
        Location::AttendeePhone,
        Location::AttendeeDefined,
    ]
}

fn fields() -> Vec<BookingField> {
    vec![
        BookingField::name("Name", "Your name").disable_on_prefill(true),
        BookingField::email("E-mail", "ann@example.org").required(true).hidden(false),
        BookingField::title().label("What about?").placeholder("A title"),
        BookingField::location().label("Where?"),
        BookingField::notes().required(true),
        BookingField::guests().hidden(true),
        BookingField::reschedule_reason().label("Why?"),
        BookingField::phone("phone", "Phone"),
        BookingField::address("address", "Address"),
        BookingField::text("friend", "Friend").placeholder("Bob"),
        BookingField::number("age", "Age").required(true),
        BookingField::text_area("story", "Story"),
        BookingField::select("size", "Size", ["S", "L"]),
        BookingField::multi_select("sizes", "Sizes", ["S", "L"]),
        BookingField::multi_email("others", "Others"),
        BookingField::checkbox_group("boxes", "Boxes", ["A", "B"]),
        BookingField::radio_group("radio", "Radio", ["A", "B"]),
        BookingField::boolean("agree", "Agree?"),
        BookingField::url("site", "Site"),
    ]
}

async fn private_links(client: &Client, checks: &mut Checks) {
    let at = DateTime::from_timestamp(2_000_000_000, 0).unwrap();
    let link = NewPrivateLink::new().expires_at(at).max_usage_count(5u32);
    let update = UpdatePrivateLink::new().expires_at(at).max_usage_count(6u32);

    let links = client.event_type(7).private_links();
    checks.is("private_links.list", links.list().await);
    checks.is("private_links.create", links.create(&link).await);
    checks.is("private_links.update", links.update("a", &update).await);
    checks.is("private_links.delete", links.delete("a").await);

    let links = client.org(1).team(2).event_type(7).private_links();
    checks.is("private_links.list of team", links.list().await);
    checks.is("private_links.create of team", links.create(&link).await);
    checks.is("private_links.update of team", links.update("a", &update).await);
    checks.is("private_links.delete of team", links.delete("a").await);
}

async fn webhooks(client: &Client, platform: &Client, checks: &mut Checks) {
    macro_rules! check {
        ($scope:literal, $webhooks:expr $(, $all:ident)?) => {
            let webhooks = $webhooks;
            let listed = webhooks.list().take(5).skip(5).await;
            checks.is(concat!("webhooks.list ", $scope), listed);
            checks.is(concat!("webhooks.get ", $scope), webhooks.get("a").await);
            let triggers = [Trigger::BookingCreated, Trigger::BookingCancelled];
            let webhook = NewWebhook::new("https://example.org/cal", triggers.clone(), true)
                .payload_template("{\"a\":\"{{title}}\"}")
                .secret("a secret")
                .version(WebhookVersion::V2021_10_20);
            checks.is(concat!("webhooks.create ", $scope), webhooks.create(&webhook).await);
            let update = UpdateWebhook::new()
                .subscriber_url("https://example.org/cal")
                .triggers(triggers)
                .active(false)
                .payload_template("{}")
                .secret("another secret")
                .version(WebhookVersion::V2021_10_20);
            checks.is(concat!("webhooks.update ", $scope), webhooks.update("a", &update).await);
            checks.is(concat!("webhooks.delete ", $scope), webhooks.delete("a").await);
            $( checks.is(concat!("webhooks.delete_all ", $scope), webhooks.$all().await); )?
        };
    }
    check!("of account", client.webhooks());
    check!("of event type", client.event_type(7).webhooks(), delete_all);
    check!("of team", client.team(2).event_type(7).webhooks(), delete_all);
    check!("of organization", client.org(1).webhooks());
    check!("of platform", platform.platform("a-platform-client").webhooks(), delete_all);
}

async fn schedules(client: &Client, checks: &mut Checks) {
    macro_rules! check {
        ($scope:literal, $schedules:expr) => {
            let schedules = $schedules;
            let availability = [Availability::new([Weekday::Monday], "09:00", "17:00")];
            let day = NaiveDate::from_ymd_opt(2030, 12, 24).unwrap();
            let overrides = [ScheduleOverride::new(day, "10:00", "12:00")];
            checks.is(concat!("schedules.list ", $scope), schedules.list().await);
            checks.is(concat!("schedules.get ", $scope), schedules.get(3).await);
            let schedule = NewSchedule::new("Work", "Europe/Oslo", true)
                .availability(availability.clone())
                .overrides(overrides.clone());
            checks.is(concat!("schedules.create ", $scope), schedules.create(&schedule).await);
            let update = UpdateSchedule::new()
                .name("Work")
                .time_zone("Europe/Oslo")
                .is_default(false)
                .availability(availability)
                .overrides(overrides);
            checks.is(concat!("schedules.update ", $scope), schedules.update(3, &update).await);
            checks.is(concat!("schedules.delete ", $scope), schedules.delete(3).await);
        };
    }
    check!("of account", client.schedules());
    checks.is("schedules.get_default", client.schedules().get_default().await);
    check!("of user", client.org(1).user(4).schedules());
    let all = client.team(2).schedules().list().take(5).skip(5).await;
    checks.is("schedules.list of team", all);
    let all = client.org(1).schedules().list().take(5).skip(5).await;
    checks.is("schedules.list of organization", all);
    let team = client.org(1).team(2).schedules();
    let all = team.list().take(5).skip(5).event_type(7).await;
    checks.is("schedules.list of organization's team", all);
    checks.is("schedules.of_member", team.of_member(4, Some(EventTypeId(7))).await);
}
