//! A pseudo-terminal, with which `pushgw` behaves as it does for a person.
//!
//! It is not a controlling terminal, because that would need `unsafe` code between fork and exec. So Ctrl-C is an
//! ordinary byte, unless the program is started through `setsid` (see [`super::Pushgw::controlled`]).

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
    /// The person's end. Writing to it types keys, and reading from it returns what is displayed.
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

    /// Returns the program's end, for use as one of its standard streams.
    pub(crate) fn stream(&self) -> io::Result<Stdio> {
        Ok(self.program.try_clone()?.into())
    }

    /// Closes our copy of the program's end, so that reading stops when the program exits.
    pub(crate) fn into_screen(self) -> Screen {
        Screen(self.person.into())
    }
}

/// The person's end of a terminal whose other end only the program has open.
#[derive(Debug)]
pub(crate) struct Screen(File);

impl Screen {
    /// Changes the width, like resizing a window.
    pub(crate) fn resize(&self, columns: u16) -> io::Result<()> {
        Ok(tcsetwinsize(&self.0, Winsize { ws_col: columns, ws_row: 24, ws_xpixel: 0, ws_ypixel: 0 })?)
    }

    /// Returns a second handle to the output.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self(self.0.try_clone()?))
    }

    /// Returns a handle for typing keys.
    pub(crate) fn keyboard(&self) -> io::Result<File> {
        self.0.try_clone()
    }
}

impl Read for Screen {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            // Linux returns EIO if no process has the other end open.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => Ok(0),
            result => result,
        }
    }
}
