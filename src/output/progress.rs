//! The progress line on a terminal.
//!
//! The line is shown if work takes more than a second without other output, unless `-q` is given. Any output
//! removes it first. [`ProgressState`] decides what to show and when, and gets the current time as an
//! argument. A separate thread writes the line, because the work blocks while it reads standard input or
//! waits for a response. If the output is not a terminal, there is no line.

use super::sanitize::{self, Charset};
use super::width;
use crate::process::SignalListener;
use std::io::{self, Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Time before the line is first shown.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time between updates of the line.
const PERIOD: Duration = Duration::from_millis(250);
/// Maximum number of attempts by [`Progress::abandon`] to get the lock, within a tenth of a second.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(1);
/// Moves the cursor to the start of the line and erases the line.
const CLEAR: &str = "\r\x1b[K";
/// Assumed width of a terminal that does not report it, in columns.
const COLUMNS: usize = 80;

/// A handle to the progress line. It is empty and its methods do nothing with `-q`.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<Shared>>);

struct Shared {
    screen: Mutex<Screen>,
    /// Notified when work begins.
    begun: Condvar,
}

/// The state that the two threads share.
struct Screen {
    terminal: Box<dyn Write + Send>,
    /// False if standard error is not a terminal. Then only the text of [`Progress::on_interrupt`] is written.
    is_shown: bool,
    state: ProgressState,
    has_painter: bool,
    /// True if signals are handled, by this module or by the caller.
    is_guarded: bool,
}

impl Progress {
    /// Creates a progress line on this terminal, or on a stream that is not a terminal.
    pub(super) fn new(
        terminal: Box<dyn Write + Send>,
        is_shown: bool,
        columns: Option<usize>,
        charset: Charset,
    ) -> Self {
        let state = ProgressState::new(columns.unwrap_or(COLUMNS), charset);
        let screen = Mutex::new(Screen { terminal, is_shown, state, has_painter: false, is_guarded: false });
        Self(Some(Arc::new(Shared { screen, begun: Condvar::new() })))
    }

    /// Shows a description of the current work, and the time since the work began.
    pub fn begin(&self, what: &str) {
        self.change(|state, now| state.begin(what, now));
    }

    /// Shows the attempt and what it is waiting for. A text set by [`Self::begin`] is kept.
    pub fn wait_for(&self, what: &str, tries: u32) {
        self.change(|state, now| state.wait_for(what, tries, now));
    }

    /// Shows the reason for the pause until the next attempt.
    pub fn pause(&self, why: &str) {
        self.change(|state, now| state.pause(why, now));
    }

    /// Sets the text that replaces the line if a signal ends the process, such as `interrupted: 2 of 60
    /// groups deleted`.
    pub fn on_interrupt(&self, report: &str) {
        if let Some(shared) = &self.0 {
            report.clone_into(&mut shared.lock().state.interrupted);
        }
    }

    /// Makes a signal print the text of [`Self::on_interrupt`] even if no line is shown.
    pub fn guard(&self) {
        if let Some(shared) = &self.0 {
            shared.guard(&mut shared.lock());
        }
    }

    /// Leaves signals to the caller, which must call [`Self::abandon`] before a signal ends the process.
    pub fn leave_signals(&self) {
        if let Some(shared) = &self.0 {
            shared.lock().is_guarded = true;
        }
    }

    fn change(&self, change: impl FnOnce(&mut ProgressState, Instant)) {
        let Some(shared) = &self.0 else { return };
        let mut screen = shared.lock();
        if !screen.is_shown {
            return;
        }
        change(&mut screen.state, Instant::now());
        if !std::mem::replace(&mut screen.has_painter, true) {
            let shared = Arc::clone(shared);
            // If the thread can't be started, the work continues without a progress line.
            let _ = thread::Builder::new().spawn(move || paint(&shared));
        }
        shared.begun.notify_one();
    }

    /// Wraps a reader. Until the reader is dropped, the line shows how much was read.
    pub fn reading<R: Read>(&self, from: R, name: &str) -> Watched<'_, R> {
        self.begin(&format!("reading {name}"));
        Watched { from, progress: self }
    }

    /// Removes the line at the end of the work or before other output.
    pub fn end(&self) {
        if let Some(shared) = &self.0 {
            shared.lock().clear();
        }
    }

    /// Removes the line when a signal ends the process, unless the terminal is blocked (Ctrl-S).
    pub fn abandon(&self) {
        let Some(shared) = &self.0 else { return };
        for _ in 0..TRIES {
            if let Ok(mut screen) = shared.screen.try_lock() {
                screen.clear();
                let report = std::mem::take(&mut screen.state.interrupted);
                if !report.is_empty() {
                    screen.write(&format!("{report}\n"));
                }
                return;
            }
            thread::sleep(PAUSE);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Handles signals from now on, unless they already are.
    fn guard(self: &Arc<Self>, screen: &mut Screen) {
        if !std::mem::replace(&mut screen.is_guarded, true) {
            let progress = Progress(Some(Arc::clone(self)));
            let _ = SignalListener::before_end(move || progress.abandon());
        }
    }
}

impl Screen {
    fn clear(&mut self) {
        let wanted = self.state.end();
        self.write(wanted);
    }

    /// Writes text to the terminal. Errors are ignored, because the line is not important.
    fn write(&mut self, text: &str) {
        if !text.is_empty() {
            let _ = self.terminal.write_all(text.as_bytes()).and_then(|()| self.terminal.flush());
        }
    }
}

/// A reader that counts the bytes read.
pub struct Watched<'a, R> {
    from: R,
    progress: &'a Progress,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        if let Some(shared) = &self.progress.0 {
            shared.lock().state.bytes += read;
        }
        Ok(read)
    }
}

impl<R> Drop for Watched<'_, R> {
    fn drop(&mut self) {
        self.progress.end();
    }
}

/// Writes the line whenever it changes, until the process ends.
fn paint(shared: &Arc<Shared>) {
    let mut screen = shared.lock();
    loop {
        let (text, pause) = screen.state.tick(Instant::now());
        if !text.is_empty() {
            shared.guard(&mut screen);
        }
        screen.write(&text);
        screen = match pause {
            Some(pause) => shared.begun.wait_timeout(screen, pause).unwrap_or_else(PoisonError::into_inner).0,
            None => shared.begun.wait(screen).unwrap_or_else(PoisonError::into_inner),
        };
    }
}

/// The current work, when it started, and the text on the terminal.
struct ProgressState {
    columns: usize,
    charset: Charset,
    /// A description of the current work, sanitized.
    what: String,
    /// The text that is shown instead of `what` until the next attempt, sanitized.
    pause: String,
    since: Option<Instant>,
    bytes: usize,
    /// The number of the attempt, starting at 1, or 0 if there are no attempts.
    tries: u32,
    shown: String,
    interrupted: String,
}

impl ProgressState {
    fn new(columns: usize, charset: Charset) -> Self {
        let [what, pause, shown, interrupted] = [const { String::new() }; 4];
        Self { columns, charset, what, pause, since: None, bytes: 0, tries: 0, shown, interrupted }
    }

    fn begin(&mut self, what: &str, now: Instant) {
        self.since.get_or_insert(now);
        self.what = sanitize::text(what, self.charset).into_owned();
        (self.bytes, self.tries) = (0, 0);
        self.pause.clear();
    }

    fn pause(&mut self, why: &str, now: Instant) {
        self.since.get_or_insert(now);
        self.pause = sanitize::text(why, self.charset).into_owned();
    }

    fn wait_for(&mut self, what: &str, tries: u32, now: Instant) {
        if self.since.is_none() || self.what.is_empty() {
            self.begin(what, now);
        }
        self.pause.clear();
        self.tries = tries;
    }

    /// Returns the text to write to remove the line.
    fn end(&mut self) -> &'static str {
        self.since = None;
        self.what.clear();
        self.pause.clear();
        if std::mem::take(&mut self.shown).is_empty() { "" } else { CLEAR }
    }

    /// Returns the text to write now, and the delay before the next call (`None`: until work begins).
    fn tick(&mut self, now: Instant) -> (String, Option<Duration>) {
        let Some(since) = self.since else { return (String::new(), None) };
        let elapsed = now.saturating_duration_since(since);
        let early = PATIENCE.saturating_sub(elapsed);
        if !early.is_zero() {
            return (String::new(), Some(early));
        }
        let line = self.line(elapsed);
        if line == self.shown {
            return (String::new(), Some(PERIOD));
        }
        // Overwrite the line instead of erasing it first, to avoid flicker.
        let text = format!("\r{line}\x1b[K");
        self.shown = line;
        (text, Some(PERIOD))
    }

    /// Formats the line, such as `reading standard input (12.5 MiB, 3s)`. The details are never cut, because
    /// they show that the program is still running.
    fn line(&self, elapsed: Duration) -> String {
        const MIB: usize = 1 << 20;
        let mut details = Vec::new();
        if self.bytes > 0 {
            details.push(format!("{}.{} MiB", self.bytes / MIB, self.bytes % MIB * 10 / MIB));
        }
        if self.tries > 1 {
            details.push(format!("attempt {}", self.tries));
        }
        details.push(match elapsed.as_secs() {
            seconds @ ..60 => format!("{seconds}s"),
            seconds => format!("{}m {}s", seconds / 60, seconds % 60),
        });
        let details = format!(" ({})", details.join(", "));
        // A wrapped line could not be erased.
        let columns = self.columns.saturating_sub(1);
        let what = if self.pause.is_empty() { &self.what } else { &self.pause };
        let what = width::fit(what, columns.saturating_sub(details.len()), self.charset);
        width::fit(&format!("{what}{details}"), columns, self.charset).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn state(columns: usize, charset: Charset) -> (ProgressState, Instant) {
        (ProgressState::new(columns, charset), Instant::now())
    }

    #[test]
    fn work_of_less_than_a_second_is_not_shown() {
        let (mut state, start) = state(80, Charset::Unicode);
        assert_eq!(state.tick(start), (String::new(), None));
        state.begin("a", start);
        assert_eq!(state.tick(start), (String::new(), Some(SECOND)));
        assert_eq!(state.tick(start + SECOND * 9 / 10), (String::new(), Some(SECOND / 10)));
        assert_eq!(state.end(), "");
        // The delay starts over for the next task.
        state.begin("b", start + SECOND);
        assert_eq!(state.tick(start + SECOND * 3 / 2), (String::new(), Some(SECOND / 2)));
        assert_eq!(state.tick(start + SECOND * 2).0, "\rb (1s)\x1b[K");
    }

    #[test]
    fn the_line_is_painted_when_it_changes_and_erased_once() {
        let (mut state, start) = state(80, Charset::Unicode);
        state.begin("deleting 1/2", start);
        assert_eq!(state.tick(start + SECOND), ("\rdeleting 1/2 (1s)\x1b[K".to_owned(), Some(PERIOD)));
        assert_eq!(state.tick(start + SECOND + PERIOD), (String::new(), Some(PERIOD)));
        // There was no other output in between, so the time continues.
        state.begin("deleting 2/2", start + SECOND * 2);
        assert_eq!(state.tick(start + SECOND * 2).0, "\rdeleting 2/2 (2s)\x1b[K");
        state.wait_for("the gateway", 3, start + SECOND * 2);
        assert_eq!(state.tick(start + SECOND * 3).0, "\rdeleting 2/2 (attempt 3, 3s)\x1b[K");
        assert_eq!(state.end(), CLEAR);
        assert_eq!(state.end(), "");
        assert_eq!(state.tick(start + SECOND * 4), (String::new(), None));
    }

    #[test]
    fn a_pause_is_shown_until_the_next_attempt() {
        let (mut state, start) = state(80, Charset::Unicode);
        let line = |state: &mut ProgressState| state.tick(start + SECOND).0;
        state.wait_for("waiting for gw", 1, start);
        state.pause("waiting 30s, as the server requested", start);
        assert_eq!(line(&mut state), "\rwaiting 30s, as the server requested (1s)\x1b[K");
        state.wait_for("waiting for gw", 2, start);
        assert_eq!(line(&mut state), "\rwaiting for gw (attempt 2, 1s)\x1b[K");
        // A message was printed in between.
        state.end();
        state.pause("waiting 30s, as the server requested", start);
        state.wait_for("waiting for gw", 3, start);
        assert_eq!(line(&mut state), "\rwaiting for gw (attempt 3, 1s)\x1b[K");
    }

    #[test]
    fn bytes_and_minutes() {
        let (mut state, start) = state(80, Charset::Unicode);
        state.begin("reading", start);
        let mut told = |bytes, seconds| {
            state.bytes = bytes;
            state.line(SECOND * seconds)
        };
        assert_eq!(told(1, 1), "reading (0.0 MiB, 1s)");
        assert_eq!(told(5 << 19, 59), "reading (2.5 MiB, 59s)");
        assert_eq!(told((12 << 20) - 1, 60), "reading (11.9 MiB, 1m 0s)");
        assert_eq!(told(1 << 30, 3_671), "reading (1024.0 MiB, 61m 11s)");
    }

    #[test]
    fn the_line_fits_and_is_safe() {
        let (mut state, start) = state(24, Charset::Unicode);
        state.begin("waiting for http://日本語日本語", start);
        assert_eq!(state.line(SECOND), "waiting for http:… (1s)");
        state.begin("x\x1b[2J\r\n", start);
        assert_eq!(state.line(SECOND), "x\\x1b[2J\\r\\n (1s)");
        state.charset = Charset::Ascii;
        state.begin("waiting for é and more", start);
        assert_eq!(state.line(SECOND), "waiting for \\u{... (1s)");
        for columns in 0..30 {
            state.columns = columns;
            assert!(width::columns(&state.line(SECOND)) < columns.max(1));
        }
    }
}
