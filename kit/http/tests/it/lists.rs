//! Lists: sizes, tokens, filters, unknown parameters.

use serde_json::Value;

use crate::app::{App, Ask};

async fn list(app: &App, query: &str) -> (u16, Value) {
    let path = format!("/api/v1/tenants/alpha/notes{query}");
    let answer = app.send(Ask::get(&path).bearer("owner")).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn sizes_are_coerced() {
    let app = App::new().await;
    for (query, rows) in [
        ("", 20),
        ("?page_size=7", 7),
        ("?page_size=0", 1),
        ("?page_size=-5", 1),
        ("?page_size=100000", 100),
    ] {
        let (status, page) = list(&app, query).await;
        assert_eq!(
            (status, page["items"].as_array().unwrap().len()),
            (200, rows),
            "{query}"
        );
    }
    let (status, problem) = list(&app, "?page_size=many").await;
    assert_eq!(
        (status, &problem["code"]),
        (422, &Value::from("invalid_parameter"))
    );
}

#[tokio::test]
async fn pages_join_without_gap_or_overlap() {
    let app = App::new().await;
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let (status, page) = list(&app, &format!("?page_size=60&page_token={token}")).await;
        assert_eq!(status, 200);
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row.as_u64().unwrap()),
        );
        match page.get("next_page_token") {
            Some(next) => token = next.as_str().unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, (1..=250).collect::<Vec<u64>>());
}

#[tokio::test]
async fn tokens_belong_to_their_list() {
    let app = App::new().await;
    let (_, page) = list(&app, "?starts_with=a").await;
    let token = page["next_page_token"].as_str().unwrap();
    assert_eq!(
        list(&app, &format!("?starts_with=a&page_token={token}"))
            .await
            .0,
        200
    );
    // The size may change between pages; filters and order may not.
    assert_eq!(
        list(
            &app,
            &format!("?starts_with=a&page_size=3&page_token={token}")
        )
        .await
        .0,
        200
    );
    for other in [
        "starts_with=b",
        "tag=x&starts_with=a",
        "starts_with=a&order_by=name",
        "page_size=20",
    ] {
        let (status, problem) = list(&app, &format!("?{other}&page_token={token}")).await;
        assert_eq!(
            (status, &problem["code"]),
            (422, &Value::from("page_token_invalid")),
            "{other}"
        );
        assert_eq!(problem["errors"][0]["pointer"], "?page_token");
    }
    for nonsense in ["x", "%00", "e30", &"A".repeat(4_000)] {
        assert_eq!(
            list(&app, &format!("?page_token={nonsense}")).await.0,
            422,
            "{nonsense}"
        );
    }
}

#[tokio::test]
async fn parameters_are_known_single_and_decoded() {
    let app = App::new().await;
    let place = async |query: &str| {
        let (status, problem) = list(&app, query).await;
        assert_eq!(status, 422, "{query}");
        problem["errors"][0]["pointer"].as_str().unwrap().to_owned()
    };
    assert_eq!(place("?color=red").await, "?color");
    assert_eq!(place("?starts_with=a&starts_with=b").await, "?starts_with");
    assert_eq!(place("?starts_with=%ff").await, "");
    assert_eq!(list(&app, "?starts_with=a+b%26c").await.0, 200);
}
