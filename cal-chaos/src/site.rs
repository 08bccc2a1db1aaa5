//! The site as a process that is started, killed and started again.

use std::{
    env,
    fs::OpenOptions,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use hyper::StatusCode;
use tokio::{
    process::{Child, Command},
    time::{self, Instant},
};

use crate::http::Client;

/// The secrets of a site that nobody else reaches.
pub(crate) const SECRET: &str = "chaos-webhook-secret";
pub(crate) const TOKEN: &str = "chaos-admin-token";

/// How long the site may take to start.
const START: Duration = Duration::from_secs(60);

/// How the site is started.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) program: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) database: String,
    pub(crate) provider: SocketAddr,
    /// Commands of a shell that set limits before the site takes its place, `ulimit -n 512`.
    pub(crate) limits: Option<String>,
    /// More variables of its environment.
    pub(crate) variables: Vec<(&'static str, String)>,
}

/// How a start ended.
#[derive(Debug)]
pub(crate) enum Start {
    /// It answers.
    Ready(Box<Child>, Duration),
    /// It ended before that.
    Died(ExitStatus),
}

impl Site {
    /// Starts the site, which kills itself at a crash point if one is given, `accepted:3`.
    pub(crate) async fn start(&self, crash: Option<&str>) -> anyhow::Result<Start> {
        let mut command = self.logged()?;
        if let Some(crash) = crash {
            command.env("CALCOM_TEST_CRASH", crash);
        }
        self.launch(command).await
    }

    /// Starts the site by a command, and waits until it answers.
    pub(crate) async fn launch(&self, mut command: Command) -> anyhow::Result<Start> {
        let child = command.spawn().context("could not start the site")?;
        // What the command holds of the site's output is closed here.
        drop(command);
        self.ready(child).await
    }

    /// Waits until a process answers.
    pub(crate) async fn ready(&self, mut child: Child) -> anyhow::Result<Start> {
        let began = Instant::now();
        let mut client = Client::new(self.address);
        while began.elapsed() < START {
            if let Some(status) = child.try_wait()? {
                return Ok(Start::Died(status));
            }
            let ready = client.get("/readyz", TOKEN, Duration::from_secs(5)).await;
            if ready.is_ok_and(|(status, _)| status == StatusCode::OK) {
                return Ok(Start::Ready(Box::new(child), began.elapsed()));
            }
            time::sleep(Duration::from_millis(5)).await;
        }
        child.kill().await?;
        bail!("the site was not ready after {START:?}; see {}", self.log().display())
    }

    /// Returns the file that the site's output goes to.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("site.log")
    }

    /// Returns the command that starts the site and appends its output to the log.
    pub(crate) fn logged(&self) -> anyhow::Result<Command> {
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut command = self.command();
        command.stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }

    /// Returns the command that starts the site; its output is the caller's choice.
    pub(crate) fn command(&self) -> Command {
        let mut command = match &self.limits {
            None => Command::new(&self.program),
            Some(limits) => {
                let mut shell = Command::new("sh");
                shell.arg("-c").arg(format!("{limits} && exec \"$0\"")).arg(&self.program);
                shell
            }
        };
        command
            .env_clear()
            .envs(
                ["PATH", "TMPDIR", "RUST_BACKTRACE"]
                    .into_iter()
                    .filter_map(|name| Some((name, env::var_os(name)?))),
            )
            .env("ADMIN_TOKEN", TOKEN)
            .env("BIND_ADDR", self.address.to_string())
            .env("CALCOM_TEST_PROVIDER_URL", format!("http://{}", self.provider))
            .env("CAL_WEBHOOK_SECRET", SECRET)
            .env("DATABASE_URL", &self.database)
            .env("RUST_LOG", env::var("RUST_LOG").unwrap_or_else(|_| "warn".to_owned()))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

/// Finds a free port below those that systems give to clients.
///
/// A client that knocks at a free port of its own range may be given that very port, and is then
/// connected to itself, while the site cannot listen.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    for _ in 0..100 {
        let address = SocketAddr::from(([127, 0, 0, 1], fastrand::u16(20_000..30_000)));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("found no free port between 20000 and 30000")
}

/// Builds the site with the profile that this program was built with, and returns its path.
pub(crate) async fn build() -> anyhow::Result<PathBuf> {
    let this = env::current_exe()?;
    let folder = this.parent().context("this program is in no folder")?;
    let target = folder.parent().context("this program is in no target folder")?;
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(profile) => profile,
        None => bail!("expected this program in a folder of cargo; give the site with --site"),
    };
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--package", "site", "--features", "chaos", "--profile", profile])
        .arg("--target-dir")
        .arg(target)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .status()
        .await?;
    ensure!(status.success(), "the site does not build");
    Ok(folder.join("site").with_extension(env::consts::EXE_EXTENSION))
}

/// Asks the site to end, and says how it did, unless it had to be killed, and how long it took.
pub(crate) async fn stop(
    mut child: Child,
    limit: Duration,
) -> anyhow::Result<(Option<ExitStatus>, Duration)> {
    let began = Instant::now();
    terminate(&child)?;
    if let Ok(status) = time::timeout(limit, child.wait()).await {
        return Ok((Some(status?), began.elapsed()));
    }
    child.kill().await?;
    Ok((None, limit))
}

/// Whether a process ended by SIGKILL.
#[cfg(unix)]
pub(crate) fn was_killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal() == Some(rustix::process::Signal::KILL.as_raw())
}

/// Sends SIGTERM.
#[cfg(unix)]
fn terminate(child: &Child) -> anyhow::Result<()> {
    signal(child, rustix::process::Signal::TERM)
}

/// Sends a signal.
#[cfg(unix)]
pub(crate) fn signal(child: &Child, signal: rustix::process::Signal) -> anyhow::Result<()> {
    use rustix::process::{Pid, kill_process};
    let id = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    Ok(kill_process(id.context("the site has ended already")?, signal)?)
}

/// Whether a process was ended from outside; other systems tell no signal.
#[cfg(not(unix))]
pub(crate) fn was_killed(status: ExitStatus) -> bool {
    !status.success()
}

/// Fails: other systems have no SIGTERM.
#[cfg(not(unix))]
fn terminate(_: &Child) -> anyhow::Result<()> {
    bail!("only unix has SIGTERM")
}
