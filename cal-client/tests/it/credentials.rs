//! Credentials that cannot be meant are refused.

use cal_client::{Auth, Client};

#[tokio::test]
async fn white_space_around_a_secret_is_refused_before_anything_is_sent() {
    for secret in ["", " ", "cal_key\n", " cal_key", "cal_key\u{a0}"] {
        let platform = Auth::platform("client", secret);
        for auth in [Auth::api_key(secret), Auth::access_token(secret), platform] {
            let refused = Client::builder().auth(auth.clone()).build().unwrap_err();
            assert!(
                refused.to_string().starts_with("expected a key, token or secret"),
                "{refused}"
            );
            let client = Client::builder().base_url("http://127.0.0.1:9").build().unwrap();
            let refused = client.with_auth(auth).me().get().await.unwrap_err();
            assert!(refused.to_string().contains("expected a key, token or secret"), "{refused}");
        }
        assert!(Client::new(secret).is_err());
    }
}
