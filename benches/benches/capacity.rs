//! The site on a database that holds a million deliveries: how fast it starts, and what it takes.
#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use std::{
    env, fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use benches::table::{Table, verdict};
use cal_store::{
    SqlStore,
    sqlx::{self, Connection, SqliteConnection},
};

/// How many deliveries there are; `CALCOM_BENCH_DELIVERIES` may change it.
const DELIVERIES: i64 = 1_000_000;

/// How many of them are written in one transaction.
const BATCH: i64 = 50_000;

/// How long a body is.
const BODY: usize = 2_500;

/// How long the site may take for anything before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the site rests before its memory is read.
const REST: Duration = Duration::from_secs(5);

const TOKEN: &str = "a token for benchmarks";

fn main() -> Result<()> {
    if !benches::is_bench() {
        return Ok(());
    }
    let deliveries = match env::var("CALCOM_BENCH_DELIVERIES") {
        Ok(text) => text.parse().context("expected CALCOM_BENCH_DELIVERIES to be a number")?,
        Err(_) => DELIVERIES,
    };
    let site = build()?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capacity");
    // What an earlier run has left would be counted twice.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let measured = measure(&site, &folder, deliveries);
    fs::remove_dir_all(&folder)?;
    println!("{}", measured?);
    Ok(())
}

/// Builds the site as it would be deployed, and returns the program.
fn build() -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").context("expected to be started by cargo")?;
    let status = Command::new(cargo).args(["build", "--release", "-q", "-p", "site"]).status()?;
    ensure!(status.success(), "the site could not be built");
    let own = env::current_exe()?;
    let release = own.ancestors().nth(2).context("this program stands in no target folder")?;
    Ok(release.join("site"))
}

fn measure(site: &Path, folder: &Path, deliveries: i64) -> Result<Table> {
    let file = folder.join("site.db");
    let url = format!("sqlite://{}", file.display());
    let filling = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(fill(&url, deliveries))?;
    let size = fs::metadata(&file)?.len() / 1_000_000;
    println!("{deliveries} deliveries, {size} MB, filled in {} s", filling.elapsed().as_secs());

    let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let started = Instant::now();
    let site = Site::start(site, &url, address)?;
    site.wait_until_ready(address)?;
    let start = started.elapsed();
    thread::sleep(REST);
    let idle = site.memory()?;
    for list in ["deliveries?limit=500", "tasks?limit=500", "bookings?limit=500"] {
        ask(address, &format!("/admin/api/{list}")).context(list)?;
    }
    thread::sleep(REST);
    let used = site.memory()?;

    let mut table = Table::new(&["the site on its deliveries", "found", "goal", "verdict"]);
    let mut push = |name: &str, found: f64, unit: &str, goal: Option<f64>| {
        let mut row = vec![name.to_owned(), format!("{found:.2} {unit}")];
        row.extend(verdict(found, goal));
        table.push(row);
    };
    push("from its start until /readyz is 200", start.as_secs_f64(), "s", Some(1.0));
    push("resident memory when idle", idle, "MiB", Some(64.0));
    push("resident memory after 500 of each admin list", used, "MiB", None);
    Ok(table)
}

/// Writes planned deliveries, a booking for every second one, and a task that is done for each.
async fn fill(url: &str, deliveries: i64) -> Result<()> {
    const INSERT: [&str; 3] = [
        "INSERT INTO cal_deliveries (id, digest, received_at, source, planned_at, parsed, \
            trigger_event, created_at, uid, identity, transition, decision, headers, body) \
        WITH RECURSIVE n(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2) \
        SELECT printf('01a00000-0000-7000-8000-%012x', i), randomblob(32), i, 'webhook', i, \
            'typed', 'BOOKING_CREATED', i, printf('booking%015d', i / 2), hex(randomblob(16)), \
            'booked', 'applied', '[]', $3 FROM n",
        "INSERT INTO cal_tasks (id, delivery_id, hook, reminder, uid, rank, lane, state, attempts, \
            fence, due_at, claimed_at, settled_at) \
        WITH RECURSIVE n(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2) \
        SELECT printf('01a00000-0001-7000-8000-%012x', i), \
            printf('01a00000-0000-7000-8000-%012x', i), 'journal', '', \
            printf('booking%015d', i / 2), 2, printf('booking%015d', i / 2), 'done', 1, 1, i, i, i \
        FROM n WHERE $3 IS NOT NULL",
        "INSERT INTO cal_bookings (uid, chain, status, paid, known, rank, at, title, start_at, \
            end_at, attendee_email, facts) \
        WITH RECURSIVE n(i) AS (SELECT $1 / 2 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2 / 2) \
        SELECT printf('booking%015d', i), printf('booking%015d', i), 'accepted', 0, 1, 2, i, \
            'First consultation', i, i, 'jonas@example.org', '{}' \
        FROM n WHERE $3 IS NOT NULL",
    ];
    SqlStore::open(url).await?.close().await;
    let mut conn = SqliteConnection::connect(url).await?;
    sqlx::query("PRAGMA synchronous = OFF").execute(&mut conn).await?;
    let body = vec![b' '; BODY];
    for from in (0..deliveries).step_by(usize::try_from(BATCH)?) {
        let to = (from + BATCH).min(deliveries);
        for insert in INSERT {
            sqlx::query(insert).bind(from).bind(to).bind(&body[..]).execute(&mut conn).await?;
        }
    }
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut conn).await?;
    Ok(conn.close().await?)
}

/// The site as a process; it ends when this is dropped.
struct Site(Child);

impl Site {
    fn start(program: &Path, url: &str, address: SocketAddr) -> Result<Self> {
        let child = Command::new(program)
            .env_clear()
            .env("BIND_ADDR", address.to_string())
            .env("DATABASE_URL", url)
            .env("CAL_WEBHOOK_SECRET", benches::SECRET)
            .env("ADMIN_TOKEN", TOKEN)
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }

    fn wait_until_ready(&self, address: SocketAddr) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if ask(address, "/readyz").is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(2));
        }
        bail!("the site did not become ready");
    }

    /// Returns the resident memory in MiB.
    fn memory(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kilobytes: f64 = kilobytes.context("the system does not tell")?.trim().parse()?;
        Ok(kilobytes / 1024.0)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks for a path and fails unless the answer is 200.
fn ask(address: SocketAddr, path: &str) -> Result<()> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    write!(
        connection,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\n\
         connection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    ensure!(answer.starts_with(b"HTTP/1.1 200 "), "the site refused");
    Ok(())
}
