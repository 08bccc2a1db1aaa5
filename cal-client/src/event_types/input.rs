//! Event types to make, and what to change of them.

use cal_core::UserId;

use super::{
    ActiveBookingsLimit, BookerLayouts, BookingField, BookingLimits, BookingWindow, Colors,
    ConfirmationPolicy, DestinationCalendar, DisableCancelling, DisableRescheduling, EmailSettings,
    EventTypeLocation, HostPriority, Recurrence, SchedulingType, Seats, Toggle,
};
use crate::{
    id::ScheduleId,
    wire::{input, value},
};

/// Declares an input that has, after its own members, those of all event types.
macro_rules! event_type {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            required { $($required:tt)* }
            optional { $($optional:tt)* }
        }
    ) => {
        input! {
            $(#[$meta])*
            pub struct $name {
                required { $($required)* }
                optional {
                    $($optional)*
                    /// Lets guests choose from these lengths, in minutes; the usual one must be among them.
                    length_in_minutes_options: Vec<u32>,
                    /// Sets the description.
                    description: String,
                    /// Sets the places; those before are gone. Cal Video unless set.
                    locations: Vec<EventTypeLocation>,
                    /// Sets the questions beside those for name and e-mail address; those before are gone.
                    booking_fields: Vec<BookingField>,
                    /// Sets whether guests cannot add further guests.
                    disable_guests: bool,
                    /// Sets the minutes from one time to the next; the length unless set.
                    slot_interval: u32,
                    /// Sets how many minutes before it begins a booking can be made at the latest.
                    minimum_booking_notice: u32,
                    /// Sets the minutes that are kept free before a booking.
                    before_event_buffer: u32,
                    /// Sets the minutes that are kept free after a booking.
                    after_event_buffer: u32,
                    /// Sets the schedule; the host's default one unless set.
                    schedule_id: ScheduleId,
                    /// Limits how many bookings there are.
                    booking_limits_count: Toggle<BookingLimits>,
                    /// Limits how many bookings one guest has at a time.
                    booker_active_bookings_limit: Toggle<ActiveBookingsLimit>,
                    /// Sets whether only the first free time of each day is shown.
                    only_show_first_available_slot: bool,
                    /// Limits how many minutes are booked, in multiples of 15.
                    booking_limits_duration: Toggle<BookingLimits>,
                    /// Limits how far ahead bookings are.
                    booking_window: Toggle<BookingWindow>,
                    /// Moves all times by so many minutes.
                    offset_start: u32,
                    /// Sets which views of free times guests have.
                    booker_layouts: BookerLayouts,
                    /// Sets which bookings wait for the host.
                    confirmation_policy: Toggle<ConfirmationPolicy>,
                    /// Makes bookings series.
                    recurrence: Toggle<Recurrence>,
                    /// Sets whether guests must prove that the e-mail address is theirs.
                    requires_booker_email_verification: bool,
                    /// Sets whether calendar entries have no notes.
                    hide_calendar_notes: bool,
                    /// Sets whether guests cannot change the time zone.
                    lock_time_zone_toggle_on_booking_page: bool,
                    /// Sets the colours.
                    color: Colors,
                    /// Lets several guests share a booking.
                    seats: Toggle<Seats>,
                    /// Sets the title of bookings, with names such as `{Scheduler}` for what differs.
                    custom_name: String,
                    /// Sets the calendar that bookings are written to.
                    destination_calendar: DestinationCalendar,
                    /// Sets whether that calendar's e-mail address is the organizer's.
                    use_destination_calendar_email: bool,
                    /// Sets whether calendar entries show no details.
                    hide_calendar_event_details: bool,
                    /// Sets where guests are sent when they have booked.
                    success_redirect_url: String,
                    /// Sets whether guests do not see the host's e-mail address.
                    hide_organizer_email: bool,
                    /// Sets what Cal Video does; not for platform customers.
                    cal_video_settings: CalVideoSettings,
                    /// Sets whether it is not on the host's page.
                    hidden: bool,
                    /// Sets whether only its owners and administrators can book it with the API.
                    booking_requires_authentication: bool,
                    /// Sets whether bookings cannot be cancelled.
                    disable_cancelling: DisableCancelling,
                    /// Sets when bookings cannot be moved.
                    disable_rescheduling: DisableRescheduling,
                    /// Sets the language of the page, such as `de`; empty, it is the guest's.
                    interface_language: String,
                    /// Sets whether bookings of the past can be moved.
                    allow_rescheduling_past_bookings: bool,
                    /// Sets whether moving a cancelled booking makes a new one.
                    allow_rescheduling_cancelled_bookings: bool,
                    /// Sets whether times are laid so that more bookings fit in a day.
                    show_optimized_slots: bool,
                }
            }
        }
    };
}

event_type! {
    /// An event type to make: its title, its name in addresses, and how many minutes it takes.
    pub struct NewEventType {
        required {
            title: String,
            slug: String,
            length_in_minutes: u32,
        }
        optional {}
    }
}

event_type! {
    /// What to change of an event type.
    pub struct UpdateEventType {
        required {}
        optional {
            /// Sets the title.
            title: String,
            /// Sets the name in addresses.
            slug: String,
            /// Sets how many minutes it takes.
            length_in_minutes: u32,
        }
    }
}

event_type! {
    /// An event type of a team to make: its title, its name in addresses, how many minutes it takes,
    /// and how hosts are chosen.
    pub struct NewTeamEventType {
        required {
            title: String,
            slug: String,
            length_in_minutes: u32,
            scheduling_type: SchedulingType,
        }
        optional {
            /// Sets the hosts, unless all members are.
            hosts: Vec<Host>,
            /// Makes all members hosts, also those who come later.
            assign_all_team_members: bool,
            /// Sets who gets no e-mail; only in organizations.
            email_settings: EmailSettings,
            /// Sets whether bookings that are moved keep their host.
            reschedule_with_same_round_robin_host: bool,
        }
    }
}

event_type! {
    /// What to change of an event type of a team.
    pub struct UpdateTeamEventType {
        required {}
        optional {
            /// Sets the title.
            title: String,
            /// Sets the name in addresses.
            slug: String,
            /// Sets how many minutes it takes.
            length_in_minutes: u32,
            /// Sets how hosts are chosen; it needs the hosts again, or else there are none.
            scheduling_type: SchedulingType,
            /// Sets the hosts, unless all members are.
            hosts: Vec<Host>,
            /// Makes all members hosts, also those who come later.
            assign_all_team_members: bool,
            /// Sets who gets no e-mail; only in organizations.
            email_settings: EmailSettings,
            /// Sets whether bookings that are moved keep their host.
            reschedule_with_same_round_robin_host: bool,
        }
    }
}

value! {
    /// A host of a team's event type.
    pub struct Host {
        required {
            /// The user.
            user_id: UserId,
        }
        optional {
            /// Whether they attend every booking, whoever else has a turn.
            mandatory: bool,
            /// How soon they have a turn.
            priority: HostPriority,
        }
    }
}

input! {
    /// What Cal Video does in meetings.
    pub struct CalVideoSettings {
        optional {
            /// Sets whether hosts cannot record.
            disable_recording_for_organizer: bool,
            /// Sets whether guests cannot record.
            disable_recording_for_guests: bool,
            /// Sets whether a recording begins when the host comes.
            enable_automatic_recording_for_organizer: bool,
            /// Sets whether a transcript begins when anybody comes.
            enable_automatic_transcription: bool,
            /// Sets whether guests get no transcript.
            disable_transcription_for_guests: bool,
            /// Sets whether hosts get no transcript.
            disable_transcription_for_organizer: bool,
            /// Sets whether the transcript is sent by e-mail; it is unless set.
            send_transcription_emails: bool,
        }
        nullable {
            /// Sets where people are sent who leave.
            redirect_url_on_exit: String,
        }
    }
}
