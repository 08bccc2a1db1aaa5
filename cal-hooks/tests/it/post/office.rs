//! The mail server of `scripts/smtp`, once for all tests.

use std::{
    collections::HashMap,
    env, fs,
    hash::{BuildHasher as _, RandomState},
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use mail_parser::MessageParser;

/// Where the mail server is, and where its mails are.
pub(crate) struct Office {
    pub(crate) url: String,
    pub(crate) starttls: String,
    pub(crate) tls: String,
    root: String,
    mails: String,
    /// It ends when its standard input does: with these tests.
    _process: Option<Child>,
}

/// Makes a recipient that no other test has.
pub(crate) fn unique(name: &str) -> String {
    let number = RandomState::new().hash_one(name);
    format!("{name}-{number:x}@example.org")
}

impl Office {
    /// Returns the server that is named in the environment, or the one of these tests.
    pub(crate) fn open() -> Option<&'static Self> {
        static OFFICE: OnceLock<Result<Office, String>> = OnceLock::new();
        match OFFICE.get_or_init(Self::find) {
            Ok(office) => Some(office),
            Err(missing) => {
                cal_testing::skip(missing);
                None
            }
        }
    }

    fn find() -> Result<Self, String> {
        if env::var("CALCOM_TEST_SMTP_URL").is_ok() {
            return Self::new(|name| env::var(name).ok(), None);
        }
        let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        let mut scripts = folders.map(|folder| folder.join("scripts/smtp"));
        let script = scripts.find(|script| script.is_file()).ok_or("scripts/smtp")?;
        let mut command = Command::new(script);
        command.arg("run").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().map_err(|error| format!("scripts/smtp: {error}"))?;
        let mut variables = HashMap::new();
        for line in BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok) {
            let Some((name, value)) = line.trim_start_matches("export ").split_once('=') else {
                continue;
            };
            variables.insert(name.to_owned(), value.trim_matches('\'').to_owned());
            if name == "CALCOM_TEST_SMTP_MAILS" {
                break;
            }
        }
        Self::new(|name| variables.remove(name), Some(process))
    }

    fn new(
        mut variable: impl FnMut(&str) -> Option<String>,
        process: Option<Child>,
    ) -> Result<Self, String> {
        let mut take = |name: &str| {
            variable(name)
                .ok_or_else(|| format!("the mail server, {name}; it needs python3-aiosmtpd"))
        };
        Ok(Self {
            url: take("CALCOM_TEST_SMTP_URL")?,
            starttls: take("CALCOM_TEST_SMTP_STARTTLS_URL")?,
            tls: take("CALCOM_TEST_SMTP_TLS_URL")?,
            root: take("CALCOM_TEST_SMTP_ROOT")?,
            mails: take("CALCOM_TEST_SMTP_MAILS")?,
            _process: process,
        })
    }

    /// Returns the certificate of its authority.
    pub(crate) fn root(&self) -> Vec<u8> {
        fs::read(&self.root).unwrap()
    }

    /// Returns what it has taken for a recipient, in no order.
    pub(crate) fn mails(&self, recipient: &str) -> Vec<Vec<u8>> {
        let paths = fs::read_dir(&self.mails).unwrap().map(|entry| entry.unwrap().path());
        let eml = paths.filter(|path| path.extension().is_some_and(|end| end == "eml"));
        let mails = eml.map(|path| fs::read(path).unwrap());
        mails.filter(|raw| Self::recipient(raw).as_deref() == Some(recipient)).collect()
    }

    /// Returns the one mail that it has taken for a recipient.
    pub(crate) fn only(&self, recipient: &str) -> Vec<u8> {
        let mut mails = self.mails(recipient);
        assert_eq!(mails.len(), 1, "expected one mail");
        mails.remove(0)
    }

    fn recipient(raw: &[u8]) -> Option<String> {
        let message = MessageParser::default().parse(raw)?;
        message.header_raw("X-Recipient").map(|value| value.trim().to_owned())
    }
}
