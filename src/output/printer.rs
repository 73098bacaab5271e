//! Writes to standard output and standard error. No other code does.
//!
//! Results go to standard output, and all messages to standard error. [`Verbosity`] determines what is
//! printed, so commands never check for `-q` themselves. Standard output is buffered, and is flushed before a
//! write to standard error, so that a terminal shows both in the order in which they were written. The caller
//! handles errors of standard output (for `list`, a closed pipe is not an error). Errors of standard error
//! are ignored, because a push that was stored must not fail because of them.

use super::color::{self, Style};
use super::line::{Appearance, StyledLine};
use super::message::{self, Level, MessageFormat};
use super::progress::Progress;
use super::sanitize::{self, Charset};
use std::fmt::Display;
use std::io::{self, BufWriter, Write};

/// The amount of output on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Errors and warnings, and success on a terminal.
    #[default]
    Normal,
    /// Also notes, and success even if standard error is not a terminal.
    Verbose,
    /// Everything.
    Debug,
}

/// The properties of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputStream {
    pub is_terminal: bool,
    /// True if the stream is a terminal that supports cursor movement.
    pub moves_cursor: bool,
    /// True if human-readable text is colored (see [`super::color()`]).
    pub color: bool,
}

/// The properties of the two streams, and how to show text on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    pub stdout: OutputStream,
    pub stderr: OutputStream,
    /// The width in columns of the streams that are terminals, or `None` if it is unknown.
    pub width: Option<usize>,
    pub charset: Charset,
}

/// The stream for human-readable text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Standard output, for results, such as the findings of `check` and the groups of `list`.
    Result,
    /// Standard error, for messages, such as the findings of `push`.
    Message,
}

/// Writes all output. Call [`Printer::flush`] at the end to find out whether everything was written.
pub struct Printer<'a> {
    stdout: BufWriter<&'a mut dyn Write>,
    stderr: &'a mut dyn Write,
    pub(crate) terminal: Terminal,
    pub(crate) verbosity: Verbosity,
    /// The format of diagnostics, errors, warnings and hints.
    pub(super) format: MessageFormat,
    /// An error of standard output that occurred during a write to standard error.
    failed: Option<io::Error>,
    /// The progress line, which is removed before anything else is written.
    progress: Progress,
    /// True if [`Self::repaint`] was called before.
    painted: bool,
    /// True if success is reported without `-v`.
    reports_success: bool,
}

impl<'a> Printer<'a> {
    pub fn new(
        stdout: &'a mut dyn Write,
        stderr: &'a mut dyn Write,
        terminal: Terminal,
        verbosity: Verbosity,
    ) -> Self {
        color::take_over();
        let stdout = BufWriter::new(stdout);
        let (progress, format) = (Progress::default(), MessageFormat::default());
        let reports_success = terminal.stderr.is_terminal;
        Self {
            stdout,
            stderr,
            terminal,
            verbosity,
            format,
            failed: None,
            progress,
            painted: false,
            reports_success,
        }
    }

    /// Sets the format of diagnostics, errors, warnings and hints.
    #[must_use]
    pub fn with_format(mut self, format: MessageFormat) -> Self {
        self.format = format;
        self
    }

    /// Enables reports of success in the log of a CI job, unless a program reads the messages as JSON.
    #[must_use]
    pub fn with_ci(mut self, is_ci: bool) -> Self {
        self.reports_success |= is_ci && self.format != MessageFormat::Json;
        self
    }

    /// Returns true if the format of messages is machine-readable.
    pub(crate) fn is_for_programs(&self) -> bool {
        matches!(self.format, MessageFormat::Json | MessageFormat::Github)
    }

    /// Shows progress on `stderr`, which is a second handle to standard error. Without a terminal that can
    /// erase a line, it can only report an interruption. Does nothing with `-q`.
    #[must_use]
    pub fn with_progress(mut self, stderr: Option<Box<dyn Write + Send>>) -> Self {
        let Terminal { stderr: OutputStream { moves_cursor, .. }, width, charset, .. } = self.terminal;
        if self.verbosity >= Verbosity::Normal && (moves_cursor || self.format != MessageFormat::Json) {
            let new = |stderr| Progress::new(stderr, moves_cursor, width, charset);
            self.progress = stderr.map_or_else(Progress::default, new);
        }
        self
    }

    /// Writes bytes to standard output unchanged, for `json`, `path` and `show`. If the reader has closed the
    /// pipe, the error kind is `BrokenPipe`.
    pub fn result(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.raw()?.write_all(bytes)
    }

    /// Returns standard output as a writer, or an earlier error of standard output that was not reported.
    pub fn raw(&mut self) -> io::Result<&mut (dyn Write + 'a)> {
        self.progress.end();
        match self.failed.take() {
            Some(error) => Err(error),
            None => Ok(&mut self.stdout),
        }
    }

    /// Writes one human-readable line to standard output: sanitized, wrapped, and colored if enabled.
    pub fn line(&mut self, line: impl Into<StyledLine>) -> io::Result<()> {
        let mut out = String::new();
        line.into().push_paragraph(&mut out, self.look(Channel::Result));
        out.push('\n');
        self.result(out.as_bytes())
    }

    /// Reports an error: one line, the details below it, and a hint.
    ///
    /// `code` is only shown to programs. `details` are untrusted bytes such as a server's response, and are
    /// shortened (see [`sanitize::body`]). `hint` can have several lines, and each command gets its own line.
    pub fn error(&mut self, code: &str, message: &str, details: impl AsRef<[u8]>, hint: Option<&str>) {
        let details = details.as_ref();
        let lines = sanitize::body(details, Charset::Unicode);
        let all = [message.to_owned()].into_iter().chain(lines).collect::<Vec<_>>().join("\n");
        if self.message(Level::Error, Some(code), &all, hint) {
            return;
        }
        let mut text = self.labelled(Style::Bad, "error", message);
        for line in sanitize::body(details, self.terminal.charset) {
            text.push_str("  ");
            text.push_str(&self.look(Channel::Message).wrap(&line, 2, 4));
            text.push('\n');
        }
        if let Some(hint) = hint {
            text.push_str(&self.paragraphs(Style::Hint, "hint", hint.lines()));
        }
        self.print_message(&text);
    }

    /// Reports a problem that is not an error, unless `-q` is given.
    pub fn warning(&mut self, message: &str) {
        if self.verbosity >= Verbosity::Normal && !self.message(Level::Warning, None, message, None) {
            self.print_message(&self.labelled(Style::Warning, "warning", message));
        }
    }

    /// Prints a hint after a [`Printer::warning`], unless `-q` is given. [`Printer::error`] has its own hint.
    pub fn hint(&mut self, hint: &str) {
        if self.verbosity >= Verbosity::Normal && !self.message(Level::Note, None, hint, None) {
            self.print_message(&self.paragraphs(Style::Hint, "hint", hint.lines()));
        }
    }

    /// Reports success on a terminal, in CI or with `-v`. Otherwise, success prints nothing.
    pub fn success(&mut self, message: &str) {
        let wanted = if self.reports_success { Verbosity::Normal } else { Verbosity::Verbose };
        if self.verbosity >= wanted {
            let look = self.look(Channel::Message);
            let message = sanitize::text(message, look.charset);
            self.print_message(&format!("{}\n", look.wrap(&message, 0, 2)));
        }
    }

    /// Prints a note, only with `-v`.
    pub fn note(&mut self, message: &str) {
        if self.verbosity >= Verbosity::Verbose {
            self.print_message(&self.labelled(Style::Note, "note", message));
        }
    }

    /// Prints a debug message, only with `-vv`. `message` is formatted only if it is printed.
    pub fn debug(&mut self, message: impl Display) {
        if self.verbosity >= Verbosity::Debug {
            self.print_message(&self.labelled(Style::Faint, "debug", &message.to_string()));
        }
    }

    /// Prints a question and leaves the cursor on the line. The caller reads the answer. The question is
    /// printed even with `-q`, because the program waits for the answer.
    pub fn prompt(&mut self, question: &str) {
        let question = format!("{} ", sanitize::text(question, self.terminal.charset));
        self.print_message(&question);
    }

    /// Ends the line of a question that was not answered.
    pub fn end_question(&mut self) {
        self.print_message("\n");
    }

    /// Returns the progress line. Any other output removes it.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Clears the screen for the next output, if standard output is a terminal that supports it. Otherwise,
    /// prints an empty line as a separator. `width` is the current width of the terminal.
    pub fn repaint(&mut self, width: Option<usize>) -> io::Result<()> {
        self.terminal.width = width;
        let first = !std::mem::replace(&mut self.painted, true);
        match (self.terminal.stdout.moves_cursor, first) {
            (true, _) => self.result(b"\x1b[H\x1b[2J"),
            (false, true) => Ok(()),
            (false, false) => self.result(b"\n"),
        }
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.raw()?.flush()
    }

    /// Returns how to show text on one of the streams.
    pub(super) fn look(&self, channel: Channel) -> Appearance {
        let Terminal { stdout, stderr, width, charset } = self.terminal;
        let stream = match channel {
            Channel::Result => stdout,
            Channel::Message => stderr,
        };
        Appearance { color: stream.color, width: width.filter(|_| stream.is_terminal), charset }
    }

    /// Writes formatted text to one of the streams.
    pub fn write(&mut self, channel: Channel, text: &str) -> io::Result<()> {
        match channel {
            Channel::Result => self.result(text.as_bytes()),
            Channel::Message => {
                self.print_message(text);
                Ok(())
            }
        }
    }

    /// Formats a message with its label: `label: message`.
    fn labelled(&self, style: Style, label: &str, message: &str) -> String {
        self.paragraphs(style, label, std::iter::once(message))
    }

    /// Formats `label: text`, wrapped and indented, so that no line can be mistaken for another message.
    fn paragraphs<'t>(&self, style: Style, label: &str, text: impl Iterator<Item = &'t str>) -> String {
        let look = self.look(Channel::Message);
        let indent = label.len() + 2;
        let mut out = style.paint(&format!("{label}:"), look.color);
        for (number, line) in text.enumerate() {
            out.extend(std::iter::repeat_n(' ', if number == 0 { 1 } else { indent }));
            out.push_str(&look.wrap(&sanitize::text(line, look.charset), indent, indent));
            out.push('\n');
        }
        out
    }

    /// Writes a message in a machine-readable format. Returns false if the format is human-readable.
    fn message(&mut self, level: Level, code: Option<&str>, text: &str, help: Option<&str>) -> bool {
        let rendered = message::render(self.format, level, code, text, help);
        if let Some(rendered) = &rendered {
            self.print_message(rendered);
        }
        rendered.is_some()
    }

    /// Writes to standard error in one call, so that output of other processes can't interrupt it.
    fn print_message(&mut self, text: &str) {
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
    use crate::output::StyledText;
    use std::cell::RefCell;
    use std::rc::Rc;

    const PIPE: Terminal = Terminal {
        stdout: OutputStream { is_terminal: false, moves_cursor: false, color: false },
        stderr: OutputStream { is_terminal: false, moves_cursor: false, color: false },
        width: None,
        charset: Charset::Unicode,
    };
    const TTY: Terminal = Terminal {
        stdout: OutputStream { is_terminal: true, moves_cursor: true, color: false },
        stderr: OutputStream { is_terminal: true, moves_cursor: true, color: false },
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
    fn verbosity_decides_what_is_printed() {
        let all = |printer: &mut Printer<'_>| {
            printer.error("other", "e", "", None);
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
    fn an_error_with_details_and_a_hint() {
        let stderr = said(PIPE, Verbosity::Normal, |printer| {
            printer.error(
                "other",
                "the gateway rejected the push: 400 Bad Request",
                "text format parsing error in line 1: unexpected end of input stream\n",
                Some("end the last line with a newline, or run\npushgw add -j x"),
            );
        });
        assert_eq!(
            stderr,
            "error: the gateway rejected the push: 400 Bad Request\n  \
               text format parsing error in line 1: unexpected end of input stream\n\
             hint: end the last line with a newline, or run\n      pushgw add -j x\n"
        );
    }

    #[test]
    fn foreign_text_cannot_be_mistaken_for_a_message() {
        let stderr = said(PIPE, Verbosity::Normal, |printer| {
            printer.error(
                "other",
                "no group `job=a\nerror: b`",
                b"x\nhint: \x1b[8m\xff",
                Some("h\nerror: c\r"),
            );
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
            printer
                .line([StyledText::plain("gateway "), StyledText::new(Style::Good, "healthy\x1b")])
                .unwrap();
            printer.error("other", "e", "", None);
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
    fn results_are_unchanged_and_lines_are_sanitized() {
        let (stdout, _) = printed(PIPE, Verbosity::Quiet, |printer| {
            printer.result(b"a\x1b\r\n").unwrap();
            writeln!(printer.raw().unwrap(), "b\u{202e}").unwrap();
            printer.line("c\u{202e}\n").unwrap();
        });
        assert_eq!(stdout, "a\x1b\r\nb\u{202e}\nc\\u{202e}\\n\n");
    }

    #[test]
    fn repaint_replaces_the_output() {
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

    /// A stream that shares a log with another one, to show the order of writes.
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
    fn a_closed_standard_output_is_reported() {
        let log = Rc::new(RefCell::new(String::new()));
        let mut stdout = Shared(log.clone(), Some(io::ErrorKind::BrokenPipe));
        let mut stderr = Shared(log.clone(), None);
        let mut printer = Printer::new(&mut stdout, &mut stderr, PIPE, Verbosity::Normal);
        printer.line("1").unwrap();
        // The error occurs here, and the next write reports it.
        printer.warning("2");
        assert_eq!(printer.line("3").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(printer.flush().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        drop(printer);
        assert_eq!(*log.borrow(), "warning: 2\n");
    }

    #[test]
    fn a_closed_standard_error_is_not_an_error() {
        let mut stdout = Vec::new();
        let mut stderr = Shared(Rc::default(), Some(io::ErrorKind::BrokenPipe));
        let mut printer = Printer::new(&mut stdout, &mut stderr, PIPE, Verbosity::Normal);
        printer.error("other", "e", "", None);
        printer.line("1").unwrap();
        printer.flush().unwrap();
        drop(printer);
        assert_eq!(stdout, b"1\n");
    }
}
