//! A connection to PostgreSQL dies without a word, as after the loss of a machine or of a route.

use std::future::pending;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::*;

/// Passes connections on, until those that there are fall silent.
struct Link {
    port: u16,
    cut: watch::Sender<()>,
}

impl Link {
    async fn to(host: String, port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (cut, cuts) = watch::channel(());
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut cut = cuts.clone();
                cut.mark_unchanged();
                let mut far = TcpStream::connect((host.as_str(), port)).await.unwrap();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        // Neither side hears that the other is gone.
                        _ = cut.changed() => pending().await,
                    }
                });
            }
        });
        Self { port: own, cut }
    }
}

#[tokio::test]
async fn a_connection_that_falls_silent_while_deliveries_are_written_does_not_end_accepting() {
    const WAITS: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 \
        AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO cal_deliveries%'";
    let Some(place) = Place::postgres().await else { return };
    place.store().await.close().await;
    let server: sqlx::postgres::PgConnectOptions = place.url.parse().unwrap();
    let link = Link::to(server.get_host().to_owned(), server.get_port()).await;
    let application = format!("calcom_faults_{:08x}", fastrand::u32(..));
    let there = format!("{}:{}", server.get_host(), server.get_port());
    let url = place.url.replace(&there, &format!("127.0.0.1:{}", link.port));
    let store = SqlStore::open(&format!("{url}&application_name={application}")).await.unwrap();
    let intake = intake(&store).await;
    let mut ids = vec![stored(post(&intake, &body("first")).await)];

    let mut other = PgConnection::connect(&place.url).await.unwrap();
    let mut watch = PgConnection::connect(&place.url).await.unwrap();
    let mut lock = other.begin().await.unwrap();
    let table = "LOCK TABLE cal_deliveries IN ACCESS EXCLUSIVE MODE";
    sqlx::query(table).execute(&mut *lock).await.unwrap();
    let cutting = async {
        let mut waiting = 0_i64;
        while waiting == 0 {
            let count = sqlx::query_scalar(WAITS).bind(&application);
            waiting = count.fetch_one(&mut watch).await.unwrap();
        }
        link.cut.send(()).unwrap();
        lock.rollback().await.unwrap();
    };
    let second = body("second");
    let (refused, ()) = tokio::join!(post(&intake, &second), cutting);
    assert!(is_refused(&refused), "{refused:?}");
    // It was stored, but the answer of the server was lost.
    ids.push(sent(&intake, &second).await);
    let mut there = store.deliveries(10, None).await.unwrap();
    there.reverse();
    assert_eq!(there.iter().map(|record| record.id).collect::<Vec<_>>(), ids);
    place.clear().await;
}
