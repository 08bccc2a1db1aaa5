//! Paths: values stay in their segments, and requests of one's own stay below `/v2`.

use cal_client::{Method, bookings::Cancel};

use crate::server::{Reply, Server};

#[tokio::test]
async fn values_cannot_leave_their_segment() {
    let server = Server::always(Reply::json(404, "{}")).await;
    let bookings = server.client().bookings();
    bookings.cancel("a/../b?c=d%2e é", &Cancel::new()).await.unwrap_err();
    assert_eq!(server.seen()[0].path, "/v2/bookings/a%2F..%2Fb%3Fc%3Dd%252e%20%C3%A9/cancel");
    assert!(server.seen()[0].query.is_empty());
    for value in ["", ".", ".."] {
        assert!(bookings.get(value).await.unwrap_err().is_request(), "{value}");
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn what_is_no_path_is_refused() {
    let server = Server::always(Reply::data("{}")).await;
    let client = server.client();
    let send = async |path: &str, values: &[&str]| {
        let request = client.raw(Method::GET, path);
        values.iter().fold(request, |request, value| request.value(value)).send_only().await
    };
    for path in ["", "/v2", "/v20/me", "v2/me", "/v2/me?a=b", "/v2/me#a", "/v2/bookings/{}"] {
        assert!(send(path, &[]).await.unwrap_err().is_request(), "{path}");
    }
    assert!(send("/v2/bookings/{}", &["a", "b"]).await.unwrap_err().is_request());
    let request = client.raw(Method::GET, "/v2/me").version("\n");
    assert!(request.send_only().await.unwrap_err().is_request());
    assert!(server.seen().is_empty());

    send("/v2/bookings/{}", &["a"]).await.unwrap();
    send("/v2/me", &[]).await.unwrap();
    let paths: Vec<_> = server.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, ["/v2/bookings/a", "/v2/me"]);
}
