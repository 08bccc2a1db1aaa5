//! Writes mails into a folder.

use std::{
    ffi::OsString,
    fs,
    io::{self, ErrorKind},
    path::PathBuf,
    time::SystemTime,
};

use cal_webhook::HookError;
use chrono::{DateTime, Utc};
use lettre::message::header;

use super::{Mail, Transport, mime};

/// Writes mails into a folder, for development: `20261121T091500Z-confirmed-<key>.eml`.
///
/// Beside every mail lies its HTML part for a browser, with the ending `.html`. The name holds the
/// time at which a mail was written first; the same key overwrites the same files. Each file
/// appears whole or not at all. Files are written while the runtime's thread waits, as the mails of
/// one developer are few and small.
///
/// ```
/// use cal_hooks::email::Files;
///
/// let outbox = Files::new("outbox");
/// ```
#[derive(Clone, Debug)]
pub struct Files {
    folder: PathBuf,
}

impl Files {
    /// Names the folder, which is created with the first mail.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Writes a mail and its HTML part.
    fn write(&self, mail: &Mail, at: SystemTime, message: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let name = self.name(mail, at)?;
        self.put(&format!("{name}.html"), mail.html.as_bytes())?;
        self.put(&format!("{name}.eml"), message)
    }

    /// Returns the name that the key has, or a new one.
    fn name(&self, mail: &Mail, at: SystemTime) -> io::Result<String> {
        let rest = format!("-{}-{}", mail.kind.as_str(), mime::safe(&mail.key));
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let known = name.to_str().and_then(|name| name.strip_suffix(".eml"));
            if let Some(known) = known
                && known.get(TIME..) == Some(&rest)
            {
                return Ok(known.to_owned());
            }
        }
        Ok(format!("{}{rest}", DateTime::<Utc>::from(at).format("%Y%m%dT%H%M%SZ")))
    }

    /// Writes a file under another name, and renames it.
    fn put(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut other = OsString::from(".");
        other.push(name);
        let other = self.folder.join(other);
        fs::write(&other, content)?;
        fs::rename(&other, self.folder.join(name))
    }
}

/// How long a time is in a name.
const TIME: usize = "20261121T091500Z".len();

impl Transport for Files {
    async fn send(&self, mail: &Mail) -> Result<(), HookError> {
        let message = mime::message(mail).map_err(HookError::permanent)?;
        let date = message.headers().get::<header::Date>();
        let at = date.map_or(SystemTime::UNIX_EPOCH, SystemTime::from);
        self.write(mail, at, &message.formatted()).map_err(|error| {
            let message = format!("could not write the mail into its folder: {error}");
            match error.kind() {
                ErrorKind::InvalidFilename => HookError::permanent(message),
                _ => HookError::transient(message),
            }
        })
    }
}
