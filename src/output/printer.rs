//! The one owner of standard output and standard error.
//!
//! Results go to standard output, everything said about them to standard error; which of it is said at all is
//! decided here by one [`Verbosity`], so that no command asks `if quiet`. Standard output is buffered, and
//! flushed before standard error is written to, so that on a terminal the two appear in the order in which
//! they were written. Its failures are the caller's to judge (a reader that went away is no failure of
//! `list`); those of standard error are dropped, because there is nowhere left to tell them, and because a
//! push that was stored must not end as a failure for want of somebody who listens.

use super::color::{self, Style};
use super::line::{Line, Look};
use super::progress::Progress;
use super::sanitise::{self, Charset};
use std::fmt::Display;
use std::io::{self, BufWriter, Write};

/// How much is said on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors alone.
    Quiet,
    /// Errors and warnings; success on a terminal only.
    #[default]
    Normal,
    /// Success everywhere, and notes.
    Verbose,
    /// Everything.
    Debug,
}

/// What is known about one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// Somebody looks at it.
    pub is_terminal: bool,
    /// It moves the cursor when it is told to: a terminal, and no dumb one.
    pub obeys: bool,
    /// What is written for people is colored; see [`super::color()`].
    pub color: bool,
}

/// Everything that the writer knows about the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Standard output.
    pub stdout: Stream,
    /// Standard error.
    pub stderr: Stream,
    /// The columns of the terminal, for whichever of the streams is one; `None` where that is not known.
    pub width: Option<usize>,
    /// The characters that can be shown.
    pub charset: Charset,
}

/// Which stream something for people belongs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Standard output: it is the result, as what `check` finds and the groups that `list` shows.
    Result,
    /// Standard error: it is said about something else, as what `push` finds.
    Message,
}

/// The writer; see the file's comment. Call [`Printer::flush`] at the end: it says whether all was written.
pub struct Printer<'a> {
    stdout: BufWriter<&'a mut dyn Write>,
    stderr: &'a mut dyn Write,
    terminal: Terminal,
    verbosity: Verbosity,
    /// A failure of standard output that was met while standard error was written to.
    failed: Option<io::Error>,
    /// The line that has to go before anything else is written.
    progress: Progress,
    /// Something was painted that the next painting replaces.
    painted: bool,
}

impl<'a> Printer<'a> {
    /// A writer to these two streams.
    pub fn new(
        stdout: &'a mut dyn Write,
        stderr: &'a mut dyn Write,
        terminal: Terminal,
        verbosity: Verbosity,
    ) -> Self {
        color::take_over();
        let stdout = BufWriter::new(stdout);
        let progress = Progress::default();
        Self { stdout, stderr, terminal, verbosity, failed: None, progress, painted: false }
    }

    /// Shows on `stderr`, which is standard error once more, what is being done, where somebody looks: on a terminal
    /// that takes a line back, and not with `-q`.
    #[must_use]
    pub fn with_progress(mut self, stderr: Option<Box<dyn Write + Send>>) -> Self {
        if self.terminal.stderr.obeys && self.verbosity >= Verbosity::Normal {
            let Terminal { width, charset, .. } = self.terminal;
            self.progress = stderr.map_or_else(Progress::default, |s| Progress::new(s, width, charset));
        }
        self
    }

    /// What the writer was told about its streams.
    #[must_use]
    pub fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// How much is said.
    #[must_use]
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// Standard output for programs, byte for byte: `json`, `path`, `show`.
    ///
    /// # Errors
    ///
    /// Whatever standard output answers; the kind is `BrokenPipe` where its reader went away.
    pub fn result(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.raw()?.write_all(bytes)
    }

    /// The same as a writer, for results that are made piece by piece.
    ///
    /// # Errors
    ///
    /// A failure of standard output that came to light since the last call.
    pub fn raw(&mut self) -> io::Result<&mut (dyn Write + 'a)> {
        self.progress.end();
        match self.failed.take() {
            Some(error) => Err(error),
            None => Ok(&mut self.stdout),
        }
    }

    /// One line on standard output for people: made safe, colored where the stream is, and wrapped where it is narrow.
    ///
    /// # Errors
    ///
    /// As [`Printer::result`].
    pub fn line(&mut self, line: impl Into<Line>) -> io::Result<()> {
        let mut out = String::new();
        line.into().push_paragraph(&mut out, self.look(Channel::Result));
        out.push('\n');
        self.result(out.as_bytes())
    }

    /// Standard error says what went wrong: one line, what the server said about it below, and what to do.
    ///
    /// `details` are foreign bytes such as a server's answer; they are cut short (see [`sanitise::body`]).
    /// A hint may have several lines; one that is a command is for copying.
    pub fn error(&mut self, message: &str, details: impl AsRef<[u8]>, hint: Option<&str>) {
        let mut text = self.labelled(Style::Bad, "error", message);
        for line in sanitise::body(details.as_ref(), self.terminal.charset) {
            text.push_str("  ");
            text.push_str(&self.look(Channel::Message).wrap(&line, 2, 4));
            text.push('\n');
        }
        if let Some(hint) = hint {
            text.push_str(&self.paragraphs(Style::Hint, "hint", hint.lines()));
        }
        self.say(&text);
    }

    /// Something to act upon although all went well; not with `-q`.
    pub fn warning(&mut self, message: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.say(&self.labelled(Style::Warning, "warning", message));
        }
    }

    /// What to do about a [`Printer::warning`]; not with `-q`. Those of an error go with it.
    pub fn hint(&mut self, hint: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.say(&self.paragraphs(Style::Hint, "hint", hint.lines()));
        }
    }

    /// What was done: on a terminal, or with `-v`; silence is success elsewhere, as cron wants it.
    pub fn success(&mut self, message: &str) {
        let wanted = if self.terminal.stderr.is_terminal { Verbosity::Normal } else { Verbosity::Verbose };
        if self.verbosity >= wanted {
            let look = self.look(Channel::Message);
            let message = sanitise::text(message, look.charset);
            self.say(&format!("{}\n", look.wrap(&message, 0, 2)));
        }
    }

    /// What is said with `-v` only.
    pub fn note(&mut self, message: &str) {
        if self.verbosity >= Verbosity::Verbose {
            self.say(&self.labelled(Style::Note, "note", message));
        }
    }

    /// What is said with `-vv` only. Taken as something to format, so that nothing is built for nobody.
    pub fn debug(&mut self, message: impl Display) {
        if self.verbosity >= Verbosity::Debug {
            self.say(&self.labelled(Style::Faint, "debug", &message.to_string()));
        }
    }

    /// A question, the answer to which is read by the caller; the cursor stays behind it. Said even with `-q`:
    /// the program is about to wait.
    pub fn prompt(&mut self, question: &str) {
        let question = format!("{} ", sanitise::text(question, self.terminal.charset));
        self.say(&question);
    }

    /// Ends the line of a question that was answered with the end of input.
    pub fn end_question(&mut self) {
        self.say("\n");
    }

    /// The line for what is being done; whatever is written ends it.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Empties the screen for what is printed next, where standard output is a terminal that does; elsewhere an empty
    /// line separates it from what was printed before. `width` is how wide the terminal is by now.
    ///
    /// # Errors
    ///
    /// As [`Printer::result`].
    pub fn repaint(&mut self, width: Option<usize>) -> io::Result<()> {
        self.terminal.width = width;
        let first = !std::mem::replace(&mut self.painted, true);
        match (self.terminal.stdout.obeys, first) {
            (true, _) => self.result(b"\x1b[H\x1b[2J"),
            (false, true) => Ok(()),
            (false, false) => self.result(b"\n"),
        }
    }

    /// Hands everything over to standard output now: at the end, or for a reader who waits.
    ///
    /// # Errors
    ///
    /// As [`Printer::result`].
    pub fn flush(&mut self) -> io::Result<()> {
        self.raw()?.flush()
    }

    /// How things look on one of the streams.
    pub(super) fn look(&self, channel: Channel) -> Look {
        let Terminal { stdout, stderr, width, charset } = self.terminal;
        let stream = match channel {
            Channel::Result => stdout,
            Channel::Message => stderr,
        };
        Look { color: stream.color, width: width.filter(|_| stream.is_terminal), charset }
    }

    /// Text that is ready, to either stream.
    ///
    /// # Errors
    ///
    /// As [`Printer::result`], for [`Channel::Result`]; never for [`Channel::Message`].
    pub fn write(&mut self, channel: Channel, text: &str) -> io::Result<()> {
        match channel {
            Channel::Result => self.result(text.as_bytes()),
            Channel::Message => {
                self.say(text);
                Ok(())
            }
        }
    }

    /// `label: message`.
    fn labelled(&self, style: Style, label: &str, message: &str) -> String {
        self.paragraphs(style, label, std::iter::once(message))
    }

    /// `label: text`, each of the text's lines in lines that fit the terminal. All but the first stand below where it
    /// begins: none begins where it could pass for another message.
    fn paragraphs<'t>(&self, style: Style, label: &str, text: impl Iterator<Item = &'t str>) -> String {
        let look = self.look(Channel::Message);
        let indent = label.len() + 2;
        let mut out = style.paint(&format!("{label}:"), look.color);
        for (number, line) in text.enumerate() {
            out.extend(std::iter::repeat_n(' ', if number == 0 { 1 } else { indent }));
            out.push_str(&look.wrap(&sanitise::text(line, look.charset), indent, indent));
            out.push('\n');
        }
        out
    }

    /// Writes to standard error in one piece, so that what another process writes there can't come between.
    fn say(&mut self, text: &str) {
        self.progress.end();
        if let Err(error) = self.stdout.flush() {
            self.failed.get_or_insert(error);
        }
        let _ = self.stderr.write_all(text.as_bytes()).and_then(|()| self.stderr.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Span;
    use std::cell::RefCell;
    use std::rc::Rc;

    const PIPE: Terminal = Terminal {
        stdout: Stream { is_terminal: false, obeys: false, color: false },
        stderr: Stream { is_terminal: false, obeys: false, color: false },
        width: None,
        charset: Charset::Unicode,
    };
    const TTY: Terminal = Terminal {
        stdout: Stream { is_terminal: true, obeys: true, color: false },
        stderr: Stream { is_terminal: true, obeys: true, color: false },
        width: Some(80),
        charset: Charset::Unicode,
    };

    fn printed(
        terminal: Terminal,
        verbosity: Verbosity,
        print: impl FnOnce(&mut Printer<'_>),
    ) -> (String, String) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut printer = Printer::new(&mut stdout, &mut stderr, terminal, verbosity);
        print(&mut printer);
        printer.flush().unwrap();
        drop(printer);
        (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    fn said(terminal: Terminal, verbosity: Verbosity, print: impl FnOnce(&mut Printer<'_>)) -> String {
        let (stdout, stderr) = printed(terminal, verbosity, print);
        assert_eq!(stdout, "");
        stderr
    }

    #[test]
    fn what_is_said_at_which_verbosity() {
        let all = |printer: &mut Printer<'_>| {
            printer.error("e", "", None);
            printer.warning("w");
            printer.hint("h");
            printer.success("s");
            printer.note("n");
            printer.debug("d");
        };
        assert_eq!(said(PIPE, Verbosity::Quiet, all), "error: e\n");
        assert_eq!(said(TTY, Verbosity::Quiet, all), "error: e\n");
        assert_eq!(said(PIPE, Verbosity::Normal, all), "error: e\nwarning: w\nhint: h\n");
        assert_eq!(said(TTY, Verbosity::Normal, all), "error: e\nwarning: w\nhint: h\ns\n");
        assert_eq!(said(PIPE, Verbosity::Verbose, all), "error: e\nwarning: w\nhint: h\ns\nnote: n\n");
        assert_eq!(said(TTY, Verbosity::Debug, all), "error: e\nwarning: w\nhint: h\ns\nnote: n\ndebug: d\n");
    }

    #[test]
    fn an_error_with_the_servers_words_and_a_hint() {
        let stderr = said(PIPE, Verbosity::Normal, |printer| {
            printer.error(
                "the gateway refused the push: 400 Bad Request",
                "text format parsing error in line 1: unexpected end of input stream\n",
                Some("end the last line with a newline, or run\npushgw add -j x"),
            );
        });
        assert_eq!(
            stderr,
            "error: the gateway refused the push: 400 Bad Request\n  \
               text format parsing error in line 1: unexpected end of input stream\n\
             hint: end the last line with a newline, or run\n      pushgw add -j x\n"
        );
    }

    #[test]
    fn foreign_text_can_not_pass_for_a_message_of_ours() {
        let stderr = said(PIPE, Verbosity::Normal, |printer| {
            printer.error("no group `job=a\nerror: b`", b"x\nhint: \x1b[8m\xff", Some("h\nerror: c\r"));
            printer.warning("\x1b]0;title\x07");
        });
        assert_eq!(
            stderr,
            "error: no group `job=a\\nerror: b`\n  x\n  hint: \\x1b[8m\\xff\nhint: h\n      error: c\\r\n\
             warning: \\x1b]0;title\\x07\n"
        );
    }

    #[test]
    fn each_stream_has_its_own_color() {
        let print = |printer: &mut Printer<'_>| {
            printer.line([Span::plain("gateway "), Span::new(Style::Good, "healthy\x1b")]).unwrap();
            printer.error("e", "", None);
        };
        let mut terminal = PIPE;
        terminal.stderr.color = true;
        let expected = ("gateway healthy\\x1b\n".into(), "\x1b[1;31merror:\x1b[0m e\n".into());
        assert_eq!(printed(terminal, Verbosity::Normal, print), expected);
        let mut terminal = PIPE;
        terminal.stdout.color = true;
        let expected = ("gateway \x1b[32mhealthy\\x1b\x1b[0m\n".into(), "error: e\n".into());
        assert_eq!(printed(terminal, Verbosity::Normal, print), expected);
    }

    #[test]
    fn results_are_bytes_and_lines_are_safe() {
        let (stdout, _) = printed(PIPE, Verbosity::Quiet, |printer| {
            printer.result(b"a\x1b\r\n").unwrap();
            writeln!(printer.raw().unwrap(), "b\u{202e}").unwrap();
            printer.line("c\u{202e}\n").unwrap();
        });
        assert_eq!(stdout, "a\x1b\r\nb\u{202e}\nc\\u{202e}\\n\n");
    }

    #[test]
    fn what_is_painted_anew_replaces_what_was() {
        let paint = |printer: &mut Printer<'_>| {
            for line in ["1", "2"] {
                printer.repaint(Some(80)).unwrap();
                printer.line(line).unwrap();
            }
        };
        assert_eq!(printed(PIPE, Verbosity::Normal, paint).0, "1\n\n2\n");
        let painted = printed(TTY, Verbosity::Normal, paint).0;
        assert_eq!(painted, "\x1b[H\x1b[2J1\n\x1b[H\x1b[2J2\n");
    }

    /// A stream with a log that two of them share, to see the order of what is written.
    struct Shared(Rc<RefCell<String>>, Option<io::ErrorKind>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(kind) = self.1 {
                return Err(kind.into());
            }
            self.0.borrow_mut().push_str(std::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_streams_keep_their_order() {
        let log = Rc::new(RefCell::new(String::new()));
        let (mut stdout, mut stderr) = (Shared(log.clone(), None), Shared(log.clone(), None));
        let mut printer = Printer::new(&mut stdout, &mut stderr, PIPE, Verbosity::Normal);
        printer.line("1").unwrap();
        printer.warning("2");
        printer.line("3").unwrap();
        printer.flush().unwrap();
        drop(printer);
        assert_eq!(*log.borrow(), "1\nwarning: 2\n3\n");
    }

    #[test]
    fn a_reader_that_went_away_is_told_apart() {
        let log = Rc::new(RefCell::new(String::new()));
        let mut stdout = Shared(log.clone(), Some(io::ErrorKind::BrokenPipe));
        let mut stderr = Shared(log.clone(), None);
        let mut printer = Printer::new(&mut stdout, &mut stderr, PIPE, Verbosity::Normal);
        printer.line("1").unwrap();
        // Met here first, where there is nobody to tell it to; what is said is said all the same.
        printer.warning("2");
        assert_eq!(printer.line("3").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(printer.flush().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        drop(printer);
        assert_eq!(*log.borrow(), "warning: 2\n");
    }

    #[test]
    fn a_standard_error_that_is_closed_fails_nothing() {
        let mut stdout = Vec::new();
        let mut stderr = Shared(Rc::default(), Some(io::ErrorKind::BrokenPipe));
        let mut printer = Printer::new(&mut stdout, &mut stderr, PIPE, Verbosity::Normal);
        printer.error("e", "", None);
        printer.line("1").unwrap();
        printer.flush().unwrap();
        drop(printer);
        assert_eq!(stdout, b"1\n");
    }
}
