//! Each line of the log into the hub's book: its words, and its fields behind them.

use std::fmt::{self, Write};

use hub::clock::Clock;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use web::{Level, LogBook};

pub(super) struct InBook {
    book: LogBook,
    clock: Clock,
}

impl InBook {
    pub(super) fn new(book: &LogBook) -> Self {
        Self {
            book: book.clone(),
            clock: Clock::system(),
        }
    }
}

impl<S: Subscriber> Layer<S> for InBook {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        let about = event.metadata();
        let level = match *about.level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            tracing::Level::INFO => Level::Info,
            tracing::Level::DEBUG | tracing::Level::TRACE => Level::Debug,
        };
        let message = words.message + &words.fields;
        self.book
            .write(self.clock.now(), level, about.target(), message);
    }
}

#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Words {
    /// Writing into a text does not fail.
    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value}"),
            name => write!(self.fields, " {name}={value}"),
        };
    }
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, format_args!("{value}"));
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;
    use web::WebOptions;

    use super::*;

    #[test]
    fn a_line_of_the_log_is_in_the_book_with_its_fields() {
        let options = WebOptions::at(([127, 0, 0, 1], 0).into());
        let log = tracing_subscriber::registry().with(InBook::new(&options.log));
        tracing::subscriber::with_default(log, || {
            tracing::warn!(server = "a", status = 401, "it was refused");
        });
        let lines = options.log.lines();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].message, "it was refused server=a status=401");
        assert_eq!((lines[0].level, lines[0].id), (Level::Warn, 1));
        assert!(
            lines[0].source.ends_with("logging::book::tests"),
            "{}",
            lines[0].source
        );
    }
}
