use cal_client::{
    Client,
    attribute_options::{NewAssignment, NewAttributeOption, UpdateAttributeOption},
    attributes::{AttributeType, NewAttribute, UpdateAttribute},
    delegation_credentials::{
        GoogleKey, MicrosoftKey, NewDelegationCredential, UpdateDelegationCredential,
    },
    id::{VerifiedEmailId, VerifiedPhoneId, WorkflowStepId},
    me::Weekday,
    memberships::{MembershipRole, Memberships, NewMembership, UpdateMembership},
    org_users::{NewUser, OptionsMatch, UpdateUser},
    role_permissions::RolePermissions,
    roles::{NewRole, Permission, Roles, UpdateRole},
    teams::{NewTeam, UpdateTeam},
    workflows::{
        Activation, EmailMessage, EmailStep, EventTypeStep, EventTypeTrigger, FormStep,
        FormTrigger, NewFormWorkflow, NewWorkflow, Offset, Template, TextMessage, TextStep,
        UpdateFormWorkflow, UpdateWorkflow,
    },
};
use serde_json::{Map, Value};

use super::Checks;

pub(super) async fn check(client: &Client, checks: &mut Checks) {
    attributes(client, checks).await;
    attribute_options(client, checks).await;
    delegation_credentials(client, checks).await;
    invites(client, checks).await;
    org_users(client, checks).await;
    teams(client, checks).await;
    workflows(client, checks).await;
    form_workflows(client, checks).await;
    let (team, org) = (client.team(7), client.org(1));
    let emails = team.memberships().list().emails(["ann@example.org", "bob@example.org"]);
    checks.is("memberships.list", emails.take(25).skip(25).await);
    memberships(&team.memberships(), checks).await;
    memberships(&org.memberships(), checks).await;
    memberships(&org.team(7).memberships(), checks).await;
    roles(&org.roles(), checks).await;
    roles(&org.team(7).roles(), checks).await;
    role_permissions(&org.role_permissions(), checks).await;
    role_permissions(&org.team(7).role_permissions(), checks).await;
}

async fn attributes(client: &Client, checks: &mut Checks) {
    let attributes = client.org(1).attributes();
    checks.is("attributes.list", attributes.list().take(25).skip(25).await);
    let options = [NewAttributeOption::new("Berlin", "berlin")];
    let attribute = NewAttribute::new("Office", "office", AttributeType::SingleSelect, options);
    checks.is("attributes.create", attributes.create(&attribute.enabled(true)).await);
    checks.is("attributes.get", attributes.get("an-attribute").await);
    let update = UpdateAttribute::new().name("Place").slug("place");
    let update = update.kind(AttributeType::MultiSelect).enabled(false);
    checks.is("attributes.update", attributes.update("an-attribute", &update).await);
    checks.is("attributes.delete", attributes.delete("an-attribute").await);
}

async fn attribute_options(client: &Client, checks: &mut Checks) {
    let options = client.org(1).attribute_options();
    checks.is("attribute_options.list", options.list("an-attribute").await);
    let option = NewAttributeOption::new("Lisbon", "lisbon");
    checks.is("attribute_options.create", options.create("an-attribute", &option).await);
    let update = UpdateAttributeOption::new().value("Porto").slug("porto");
    let result = options.update("an-attribute", "an-option", &update).await;
    checks.is("attribute_options.update", result);
    checks.is("attribute_options.delete", options.delete("an-attribute", "an-option").await);
    let assigned = options.assigned("an-attribute");
    let assigned = assigned.assigned_options(["an-option", "another"]).teams([100]);
    checks.is("attribute_options.assigned", assigned.take(25).skip(25).await);
    let assigned = options.assigned_by_slug("office").teams([100]);
    let assigned = assigned.assigned_options(["an-option"]).take(25).skip(25);
    checks.is("attribute_options.assigned_by_slug", assigned.await);
    checks.is("attribute_options.of_user", options.of_user(42).await);
    let option = NewAssignment::new("an-attribute").attribute_option_id("an-option");
    checks.is("attribute_options.assign", options.assign(42, &option).await);
    let value = NewAssignment::new("an-attribute").value("tall");
    checks.is("attribute_options.assign", options.assign(42, &value).await);
    checks.is("attribute_options.unassign", options.unassign(42, "an-option").await);
}

async fn delegation_credentials(client: &Client, checks: &mut Checks) {
    let credentials = client.org(1).delegation_credentials();
    let key = GoogleKey::new("a-key", "cal@project.example", "1");
    let credential = NewDelegationCredential::new("google", "example.org", key);
    checks.is("delegation_credentials.create", credentials.create(&credential).await);
    let key = MicrosoftKey::new("a-key", "a-tenant", "2");
    let update = UpdateDelegationCredential::new().enabled(true).service_account_key(key);
    let result = credentials.update("a-credential", &update).await;
    checks.is("delegation_credentials.update", result);
}

async fn invites(client: &Client, checks: &mut Checks) {
    checks.is("invites.create", client.team(7).invites().create().await);
    checks.is("invites.create", client.org(1).team(7).invites().create().await);
}

async fn memberships<S: 'static>(memberships: &Memberships<S>, checks: &mut Checks) {
    checks.is("memberships.list", memberships.list().take(25).skip(25).await);
    let membership = NewMembership::new(42, MembershipRole::Member);
    let membership = membership.accepted(true).disable_impersonation(true);
    checks.is("memberships.create", memberships.create(&membership).await);
    checks.is("memberships.get", memberships.get(5).await);
    let update = UpdateMembership::new().accepted(true).role(MembershipRole::Admin);
    let update = update.disable_impersonation(false);
    checks.is("memberships.update", memberships.update(5, &update).await);
    checks.is("memberships.delete", memberships.delete(5).await);
}

async fn org_users(client: &Client, checks: &mut Checks) {
    let users = client.org(1).users();
    let list = users.list().emails(["ann@example.org", "bob@example.org"]).teams([100]);
    let list = list.assigned_options(["an-option"]).options_match(OptionsMatch::Any);
    checks.is("org_users.list", list.take(10).skip(10).await);
    let user = NewUser::new("ann@example.org")
        .username("ann")
        .weekday(Weekday::Monday)
        .brand_color("#FFFFFF")
        .dark_brand_color("#000000")
        .hide_branding(true)
        .bio("An early bird.")
        .metadata(metadata())
        .time_zone("Europe/Berlin")
        .theme("dark")
        .app_theme("light")
        .time_format(24)
        .default_schedule_id(3)
        .locale("de")
        .avatar_url("https://example.org/ann.png")
        .organization_role(MembershipRole::Admin)
        .auto_accept(true);
    checks.is("org_users.create", users.create(&user).await);
    let update = UpdateUser::new().username("anna").theme("light").time_format(12);
    checks.is("org_users.update", users.update(42, &update).await);
    checks.is("org_users.delete", users.delete(42).await);
}

async fn roles<S: 'static>(roles: &Roles<S>, checks: &mut Checks) {
    checks.is("roles.list", roles.list().take(25).skip(25).await);
    let permissions = ["booking.read", "eventType.update"].map(Permission::from);
    let role = NewRole::new("Analyst").color("#ffffff").description("Reads.");
    checks.is("roles.create", roles.create(&role.permissions(permissions.clone())).await);
    checks.is("roles.get", roles.get("a-role").await);
    let update = UpdateRole::new().name("Reader").color("#000000").description("Reads all.");
    checks.is("roles.update", roles.update("a-role", &update.permissions(permissions)).await);
    checks.is("roles.delete", roles.delete("a-role").await);
}

async fn role_permissions<S>(permissions: &RolePermissions<S>, checks: &mut Checks) {
    let two = ["booking.read", "eventType.read"];
    // The mock takes a list with commas for one value, which is none of those it knows.
    let one = ["booking.read"];
    checks.is("role_permissions.list", permissions.list("a-role").await);
    checks.is("role_permissions.add", permissions.add("a-role", two).await);
    checks.is("role_permissions.replace", permissions.replace("a-role", two).await);
    checks.is("role_permissions.remove", permissions.remove("a-role", "booking.read").await);
    checks.is("role_permissions.remove_many", permissions.remove_many("a-role", one).await);
}

async fn teams(client: &Client, checks: &mut Checks) {
    let new = NewTeam::new("Support")
        .slug("support")
        .logo_url("https://example.org/logo.png")
        .cal_video_logo("https://example.org/video.png")
        .app_logo("https://example.org/app.png")
        .app_icon_logo("https://example.org/icon.png")
        .bio("We help.")
        .hide_branding(true)
        .is_private(true)
        .hide_book_a_team_member(true)
        .metadata(metadata())
        .theme("light")
        .brand_color("#ffffff")
        .dark_brand_color("#000000")
        .banner_url("https://example.org/banner.png")
        .time_format(24)
        .time_zone("Europe/Lisbon")
        .week_start(Weekday::Monday)
        .auto_accept_creator(true);
    let update = UpdateTeam::new()
        .name("Help")
        .slug("help")
        .logo_url("https://example.org/logo.png")
        .cal_video_logo("https://example.org/video.png")
        .app_logo("https://example.org/app.png")
        .app_icon_logo("https://example.org/icon.png")
        .bio("We help.")
        .hide_branding(true)
        .is_private(true)
        .hide_book_a_team_member(true)
        .metadata(metadata())
        .theme("light")
        .brand_color("#ffffff")
        .dark_brand_color("#000000")
        .banner_url("https://example.org/banner.png")
        .time_format(12)
        .time_zone("Europe/Lisbon")
        .week_start(Weekday::Sunday)
        .booking_limits("{}")
        .include_managed_events_in_limits(true);
    let teams = client.teams();
    checks.is("teams.list", teams.list().await);
    checks.is("teams.create", teams.create(&new).await);
    checks.is("teams.get", teams.get(7).await);
    checks.is("teams.update", teams.update(7, &update).await);
    checks.is("teams.delete", teams.delete(7).await);
    let teams = client.org(1).teams();
    checks.is("teams.list", teams.list().take(25).skip(25).await);
    checks.is("teams.mine", teams.mine().take(25).skip(25).await);
    checks.is("teams.create", teams.create(&new).await);
    checks.is("teams.get", teams.get(7).await);
    checks.is("teams.update", teams.update(7, &update).await);
    checks.is("teams.delete", teams.delete(7).await);
}

async fn workflows(client: &Client, checks: &mut Checks) {
    let workflows = client.org(1).team(7).workflows();
    checks.is("workflows.list", workflows.list().take(25).skip(25).await);
    let (email, text) = steps();
    let (address, number) = (VerifiedEmailId(3), VerifiedPhoneId(4));
    let steps = [
        EventTypeStep::EmailAddress(address, email.clone()),
        EventTypeStep::EmailAttendee(email.clone()),
        EventTypeStep::EmailHost(email.clone().include_calendar_event(true)),
        EventTypeStep::SmsAttendee(text.clone().phone_required(true)),
        EventTypeStep::SmsNumber(number, text.clone()),
        EventTypeStep::WhatsAppAttendee(text.clone()),
        EventTypeStep::WhatsAppNumber(number, text),
    ];
    let offset = Offset::hours(24);
    for trigger in [
        EventTypeTrigger::AfterEvent { offset: offset.clone() },
        EventTypeTrigger::AfterGuestsCalVideoNoShow { offset: offset.clone() },
        EventTypeTrigger::AfterHostsCalVideoNoShow { offset: offset.clone() },
        EventTypeTrigger::BeforeEvent { offset },
        EventTypeTrigger::BookingNoShowUpdated,
        EventTypeTrigger::BookingPaid,
        EventTypeTrigger::BookingPaymentInitiated,
        EventTypeTrigger::BookingRejected,
        EventTypeTrigger::BookingRequested,
        EventTypeTrigger::EventCancelled,
        EventTypeTrigger::NewEvent,
        EventTypeTrigger::RescheduleEvent,
    ] {
        let workflow = NewWorkflow::new("Reminder", Activation::All, trigger, steps.clone());
        checks.is("workflows.create", workflows.create(&workflow).await);
    }
    checks.is("workflows.get", workflows.get(5).await);
    let update = UpdateWorkflow::new()
        .name("Thanks")
        .activation(Activation::Only(vec![11.into(), 12.into()]))
        .trigger(EventTypeTrigger::AfterEvent { offset: Offset::minutes(5) })
        .steps([EventTypeStep::EmailHost(email.id(WorkflowStepId(6)))]);
    checks.is("workflows.update", workflows.update(5, &update).await);
    checks.is("workflows.delete", workflows.delete(5).await);
}

async fn form_workflows(client: &Client, checks: &mut Checks) {
    let workflows = client.org(1).team(7).form_workflows();
    checks.is("form_workflows.list", workflows.list().take(25).skip(25).await);
    let (email, text) = steps();
    let (address, number) = (VerifiedEmailId(3), VerifiedPhoneId(4));
    let steps = [
        FormStep::EmailAddress(address, email.clone()),
        FormStep::EmailAttendee(email),
        FormStep::SmsAttendee(text.clone()),
        FormStep::SmsNumber(number, text.clone()),
    ];
    let trigger = FormTrigger::FormSubmitted;
    let workflow = NewFormWorkflow::new("Thanks", Activation::All, trigger, steps);
    checks.is("form_workflows.create", workflows.create(&workflow).await);
    checks.is("form_workflows.get", workflows.get(5).await);
    let update = UpdateFormWorkflow::new()
        .name("Nudge")
        .activation(Activation::Only(vec!["a-form".into()]))
        .trigger(FormTrigger::FormSubmittedNoEvent { offset: Offset::days(1) })
        .steps([FormStep::SmsNumber(number, text.id(WorkflowStepId(6)))]);
    checks.is("form_workflows.update", workflows.update(5, &update).await);
    checks.is("form_workflows.delete", workflows.delete(5).await);
}

fn steps() -> (EmailStep, TextStep) {
    let message = EmailMessage::new("Soon", "<p>{EVENT_NAME} is near.</p>");
    let email = EmailStep::new(1, Template::Reminder, "Support", message);
    let message = TextMessage::new("Soon", "{EVENT_NAME} is near.");
    (email, TextStep::new(2, Template::Custom, "Support", message))
}

fn metadata() -> Map<String, Value> {
    Map::from_iter([("customer".to_owned(), "c-1".into())])
}
