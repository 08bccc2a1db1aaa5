//! A subscriber that writes down the spans and events of this crate.

use std::fmt::Debug;

use tokio::sync::mpsc;
use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::DefaultGuard,
};

/// All that is told on this thread, a line for each field.
pub(crate) struct Journal {
    lines: mpsc::UnboundedReceiver<String>,
    _writing: DefaultGuard,
    /// With a second one, `tracing` does not ask a thread that runs another test whether anybody is
    /// interested.
    _second: Dispatch,
}

impl Journal {
    pub(crate) fn begin() -> Self {
        let (writer, lines) = mpsc::unbounded_channel();
        let _second = Dispatch::new(Writer(writer.clone()));
        let _writing = tracing::subscriber::set_default(Writer(writer));
        tracing::callsite::rebuild_interest_cache();
        Self { lines, _writing, _second }
    }

    /// Waits until a field is told, and returns its value.
    pub(crate) async fn told(&mut self, name: &str) -> String {
        loop {
            let line = self.lines.recv().await.unwrap();
            if let Some(value) = line.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
                return value.to_owned();
            }
        }
    }

    /// Returns what was told and not yet waited for.
    pub(crate) fn end(mut self) -> String {
        let mut all = String::new();
        while let Ok(line) = self.lines.try_recv() {
            all += &line;
            all.push('\n');
        }
        all
    }
}

#[derive(Clone)]
struct Writer(mpsc::UnboundedSender<String>);

impl Visit for Writer {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = self.0.send(format!("{}={value:?}", field.name()));
    }
}

impl Subscriber for Writer {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("cal_client")
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        span.record(&mut self.clone());
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}
