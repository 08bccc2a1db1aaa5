//! The site as a process of its own, and requests to it over plain TCP.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::Value;

/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Site {
    child: Child,
    lines: Receiver<String>,
    folder: PathBuf,
    pub(crate) address: String,
}

impl Site {
    /// Starts the site with nothing but these variables set.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        let folder = env::temp_dir().join(format!("site-{:016x}", fastrand::u64(..)));
        fs::create_dir(&folder).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_site"))
            .env_clear()
            .env("BIND_ADDR", "127.0.0.1:0")
            .envs(variables.iter().copied())
            // The database is made where the site is started.
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut site = Self { child, lines, folder, address: String::new() };
        let line = site.line_with("listening on http://");
        site.address = line.split("http://").nth(1).unwrap().to_owned();
        site
    }

    /// Returns where the site was started.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the next line that holds this text.
    pub(crate) fn line_with(&self, text: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("the site never printed {text:?}"));
            assert!(!line.starts_with("1999-01-01"), "somebody else has written {line:?}");
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Sends a request and returns the status and the body.
    pub(crate) fn request(&self, head: &str, body: &str) -> (u16, String) {
        let (status, _, body) = self.exchange(head, body);
        (status, body)
    }

    /// Sends a request and returns the status, the head and the body.
    pub(crate) fn exchange(&self, head: &str, body: &str) -> (u16, String, String) {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        write!(
            connection,
            "{head}\r\nhost: site\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_owned(), body.to_owned())
    }

    /// Asks the admin API.
    pub(crate) fn admin(&self, path: &str, token: &str) -> (u16, Value) {
        let head = format!("GET /admin/api/{path} HTTP/1.1\r\nauthorization: Bearer {token}");
        let (status, body) = self.request(&head, "");
        (status, serde_json::from_str(&body).unwrap())
    }

    /// Asks the site to stop and returns how it ended.
    #[cfg(unix)]
    pub(crate) fn terminate(mut self) -> std::process::ExitStatus {
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
