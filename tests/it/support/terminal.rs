//! A pseudo-terminal: what makes `pushgw` believe that a person is there.
//!
//! It is nobody's controlling terminal, because making it one takes code between fork and exec, which is `unsafe`. So
//! Ctrl-C typed into it is a byte, unless `setsid` makes it one (see [`super::Pushgw::controlled`]).

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::process::Stdio;

/// Both ends of a terminal.
#[derive(Debug)]
pub(crate) struct Terminal {
    /// The person's end: what is written is typed, what is read is seen.
    person: OwnedFd,
    /// The program's end.
    program: OwnedFd,
}

impl Terminal {
    pub(crate) fn open(columns: u16) -> io::Result<Self> {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&person)?;
        unlockpt(&person)?;
        let name = ptsname(&person, Vec::new())?;
        let program = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        let size = Winsize { ws_col: columns, ws_row: 24, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&program, size)?;
        Ok(Self { person, program })
    }

    /// The program's end as one of its streams.
    pub(crate) fn stream(&self) -> io::Result<Stdio> {
        Ok(self.program.try_clone()?.into())
    }

    /// Lets go of the program's end, so that the person's sees the end when the program is gone.
    pub(crate) fn into_person(self) -> Screen {
        Screen(self.person.into())
    }
}

/// The person's end of a terminal whose other end is a program's alone.
#[derive(Debug)]
pub(crate) struct Screen(File);

impl Screen {
    /// Makes the terminal that wide, as a window that is resized.
    pub(crate) fn resize(&self, columns: u16) -> io::Result<()> {
        Ok(tcsetwinsize(&self.0, Winsize { ws_col: columns, ws_row: 24, ws_xpixel: 0, ws_ypixel: 0 })?)
    }

    /// Another hold on what is seen.
    pub(crate) fn eye(&self) -> io::Result<Self> {
        Ok(Self(self.0.try_clone()?))
    }

    /// The keyboard.
    pub(crate) fn keyboard(&self) -> io::Result<File> {
        self.0.try_clone()
    }
}

impl Read for Screen {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            // Linux's word for: nobody has the other end open.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => Ok(0),
            result => result,
        }
    }
}
