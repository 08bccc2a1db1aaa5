//! A person is found in every spelling of the address, and nobody else is.

use cal_store::{ContactDetails, NewActivity, SqlStore};
use serde_json::Value;

use crate::{
    business::{OTHER, activity, export},
    desk::{WHO, keep, plan},
    place::Place,
};

const ANN: &str = "ann@example.org";
const RENEE: &str = "renée@bücher.example";

/// Persons, and texts that mention them, as they stand in a string of JSON.
const SPELLINGS: [(&str, &str); 25] = [
    (ANN, "ANN@Example.ORG"),
    (ANN, "请联系ann@example.org谢谢"),
    (ANN, "メールはann@example.orgまで"),
    (ANN, "ติดต่อann@example.orgได้"),
    (ANN, "메일은ann@example.org로"),
    (ANN, "почтаann@example.orgили"),
    (ANN, "ann@example.org。Tel.5"),
    (ANN, "ａｎｎ＠ｅｘａｍｐｌｅ．ｏｒｇ"),
    (ANN, "ann＠example。org"),
    (ANN, "an\u{200b}n\u{2060}@example.org"),
    (ANN, "ann@exam\u{ad}ple.org"),
    (ANN, "mail\u{200b}ann@example.org\u{feff}now"),
    (ANN, "ann&#64;example.org"),
    (ANN, "&lt;ann&#x40;example&period;org&gt;"),
    (ANN, "ann&amp;commat;example.org"),
    (ANN, "https://cal.example/?email=ann%40example.org&name=Ann"),
    (ANN, "https://cal.example/?to=%2Fbook%3Femail%3Dann%2540example.org"),
    (ANN, r"\u0041nn\u0040example.org"),
    (ANN, r#"{\"email\":\"ann\\u0040example.org\"}"#),
    (ANN, "%7B%22email%22%3A%22ann%5Cu0040example.org%22%7D"),
    (RENEE, "RENÉE@BÜCHER.example"),
    (RENEE, "rene\u{301}e@bu\u{308}cher.example"),
    (RENEE, "renée@xn--bcher-kva.example"),
    (RENEE, "ren&eacute;e@b&uuml;cher.example"),
    (RENEE, "ren%C3%A9e%40XN--BCHER-KVA.example"),
];

/// Texts that mention other people, whose addresses look alike.
const NEIGHBOURS: [&str; 15] = [
    "joann@example.org",
    "jo.ann@example.org",
    "jo_ann@example.org",
    "jo%ann@example.org",
    "jo+ann@example.org",
    "jo-ann@example.org",
    "_ann@example.org",
    "joséann@example.org",
    "ｊｏａｎｎ＠ｅｘａｍｐｌｅ．ｏｒｇ",
    r"\u006ao&#97;nn%40example.org",
    "ann@example.org.uk",
    "ann@example.orgs",
    "ann@example.org-shop.example",
    "rene@bücher.example",
    "renée@bucher.example",
];

#[tokio::test]
async fn a_person_is_found_in_every_spelling_and_nobody_else_is() {
    for place in Place::each().await {
        let store = place.store().await;
        write(&store).await;
        for (email, person) in [("Ann@example.org", ANN), ("RENÉE@xn--bcher-kva.example", RENEE)] {
            let rows = export(&store, Some(email)).await;
            for kind in ["delivery", "activity"] {
                assert_eq!(written(&rows, kind), mentions(kind, person), "{kind} {email}");
            }
            let erased = store.erase(email, WHO).await.unwrap();
            let count = mentions("delivery", person).len();
            assert_eq!((erased.deliveries, erased.activities), (count, count), "{email}");
        }
        let left = export(&store, None).await;
        for kind in ["delivery", "activity"] {
            assert_eq!(written(&left, kind), mentions(kind, ""), "{kind}");
        }
        place.clear().await;
    }
}

#[tokio::test]
async fn a_contact_that_is_kept_by_another_spelling_is_forgotten() {
    const APPOINTMENT: &str = "INSERT INTO cal_appointments (uid, email, visitor) \
        VALUES ('first', 'rene\u{301}e@bücher.example', 'v-renée')";
    const FEEDBACK: &str = "INSERT INTO cal_feedback (id, token, uid, rating, comment, at) \
        VALUES ('1', '1', 'first', 5, 'it was good', 1), ('2', '2', 'second', 5, 'so was it', 1)";
    for place in Place::each().await {
        let store = place.store().await;
        let email = "renée@xn--bcher-kva.example";
        store.upsert_contact(email, ContactDetails::default()).await.unwrap();
        store.upsert_contact("rene@bücher.example", ContactDetails::default()).await.unwrap();
        let booked = activity("a", "booked", None);
        let booked = NewActivity { uid: Some(&"second".into()), ..booked };
        assert!(store.record_activity(email, booked).await.unwrap());
        store.suppress(&cal_store::address_digest(email), "unsubscribed").await.unwrap();
        for sql in [APPOINTMENT, FEEDBACK] {
            place.execute(sql).await;
        }
        let rows = export(&store, Some(RENEE)).await;
        let kinds: Vec<_> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
        let known = ["contact", "activity", "appointment", "feedback", "feedback", "suppression"];
        assert_eq!(kinds, known);
        let erased = store.erase(RENEE, WHO).await.unwrap();
        assert_eq!((erased.contacts, erased.activities), (1, 1));
        assert_eq!((erased.appointments, erased.comments), (1, 2));
        let left = store.contacts(9, None).await.unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].email, "rene@bücher.example");
        place.clear().await;
    }
}

/// Writes everything into a body of its own, and into a note of somebody else's.
async fn write(store: &SqlStore) {
    store.upsert_contact(OTHER, ContactDetails::default()).await.unwrap();
    let spellings = SPELLINGS.iter().map(|(_, text)| text);
    for text in spellings.chain(&NEIGHBOURS) {
        keep(store, body(text)).await;
        let note = NewActivity { note: Some(text), ..activity(text, "booked", None) };
        assert!(store.record_activity(OTHER, note).await.unwrap());
    }
    plan(store, &[]).await;
}

fn body(text: &str) -> String {
    format!(r#"{{"note":"{text}"}}"#)
}

/// Returns the texts that mention a person, or nobody, as rows of a kind have them.
fn mentions(kind: &str, person: &str) -> Vec<String> {
    let texts = SPELLINGS.iter().filter(|(of, _)| *of == person).map(|(_, text)| text);
    let others = NEIGHBOURS.iter().filter(|_| person.is_empty());
    let texts = texts.chain(others);
    texts.map(|text| if kind == "delivery" { body(text) } else { (*text).to_owned() }).collect()
}

/// The texts in rows of a kind.
fn written(rows: &[Value], kind: &str) -> Vec<String> {
    let member = if kind == "delivery" { "body" } else { "note" };
    let rows = rows.iter().filter(|row| row["kind"] == kind);
    rows.filter_map(|row| row[member].as_str().map(str::to_owned)).collect()
}
