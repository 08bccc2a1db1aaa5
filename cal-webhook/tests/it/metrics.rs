//! What is counted, and that no label tells about a person.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use cal_webhook::{Head, Hook, HookError, MemoryStore, Receiver, Verifier};
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use serde_json::json;

use crate::{
    bodies::{SECRET, booking},
    receiver::post,
};

/// Keeps, for every metric with its labels, how much was counted or how often something was measured.
#[derive(Clone, Default)]
struct Book {
    lines: Arc<Mutex<BTreeMap<String, u64>>>,
    described: Arc<Mutex<Vec<String>>>,
}

struct Line(String, Book);

impl Book {
    fn line(&self, key: &Key) -> Arc<Line> {
        let labels: Vec<_> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(Line([&[key.name().to_owned()], &labels[..]].concat().join(" "), self.clone()))
    }
}

impl CounterFn for Line {
    fn increment(&self, value: u64) {
        *self.1.lines.lock().unwrap().entry(self.0.clone()).or_default() += value;
    }

    fn absolute(&self, _: u64) {}
}

impl HistogramFn for Line {
    fn record(&self, _: f64) {
        self.increment(1);
    }
}

impl Recorder for Book {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.described.lock().unwrap().push(name.as_str().to_owned());
    }

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe_counter(name, unit, text);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.line(key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.line(key))
    }
}

#[tokio::test(start_paused = true)]
async fn deliveries_refusals_and_tasks_are_counted_and_described() {
    let book = Book::default();
    let recorder = book.clone();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let store = MemoryStore::new();
    let crm = Hook::named("crm").on_booked(|cx, _| async move {
        match cx.attempt() {
            1 => Err(HookError::transient("503")),
            _ => Err(HookError::permanent("gone")),
        }
    });
    let receiver = Receiver::builder(Verifier::new(SECRET).unwrap())
        .store(store.clone())
        .hook(Hook::named("mail"))
        .hook(crm)
        .build()
        .unwrap();
    let body = booking("BOOKING_CREATED", json!({}));
    post(&receiver, body.clone()).await;
    post(&receiver, body).await;
    let nothing = futures_util::stream::empty::<Result<_, std::convert::Infallible>>();
    let unsigned: [(&str, &[u8]); 0] = [];
    receiver.receive(Head::new("POST", unsigned), nothing).await;
    store.idle().await;

    let lines = book.lines.lock().unwrap().clone();
    let lines: Vec<_> = lines.iter().map(|(line, count)| (line.as_str(), *count)).collect();
    assert_eq!(
        lines,
        [
            ("cal_acknowledge_seconds", 2),
            ("cal_deliveries_total outcome=duplicate", 1),
            ("cal_deliveries_total outcome=stored", 1),
            ("cal_hook_seconds hook=crm", 2),
            ("cal_hook_seconds hook=mail", 1),
            ("cal_refusals_total reason=unverified", 1),
            ("cal_tasks_total hook=crm outcome=dead", 1),
            ("cal_tasks_total hook=crm outcome=retry", 1),
            ("cal_tasks_total hook=mail outcome=done", 1),
        ]
    );
    let described = book.described.lock().unwrap().clone();
    for (line, _) in lines {
        let name = line.split(' ').next().unwrap();
        assert!(described.iter().any(|known| known == name), "{name} is not described");
    }
}
