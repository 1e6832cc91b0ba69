//! The console's place beside the API.

use gantry_testkit::Engine;

use super::World;

#[tokio::test]
async fn the_front_page_runs_nothing_inline_and_fits_into_no_frame() {
    let world = World::open(Engine::Sqlite).await;
    let answer = world.client().get("/").await.expect(200);
    let kind = answer.header("content-type").unwrap();
    assert!(kind.starts_with("text/html"), "{kind}");
    let policy = answer.header("content-security-policy").unwrap();
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    for loose in ["unsafe", "http:", "https:", "data: script", "*"] {
        assert!(!policy.contains(loose), "{policy}");
    }
    let page = answer.text();
    for inline in ["<script>", "<style", "onload=", "javascript:", "//cdn"] {
        assert!(!page.contains(inline), "{page}");
    }
    assert!(answer.header("set-cookie").is_none());
}

#[tokio::test]
async fn a_page_is_never_an_answer_to_a_program() {
    let world = World::open(Engine::Sqlite).await;
    for path in [
        "/sign-in",
        "/w/north/members",
        "/nothing",
        "/assets/nothing.js",
    ] {
        let answer = world.client().get(path).await;
        answer.problem(404, "not_found").done();
    }
    let html = world
        .client()
        .get("/api/v1/nothing")
        .header("accept", "text/html")
        .await;
    html.problem(404, "not_found").done();
}
