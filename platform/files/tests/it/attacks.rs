//! What must not get in, and links that must not open.

use gantry_db::{args, sql};
use gantry_files::Variant;
use gantry_platform_files::{MAX_UPLOAD, MOST_LOOSE};
use gantry_testkit::both_engines;
use image::ImageFormat;

use crate::app::App;
use crate::samples::{bomb, document, encoded, photo, picture};

both_engines! {
    async fn a_disguise_is_seen_through(engine: Engine) {
        let app = App::new(engine).await;
        let png = encoded(&picture(9, 9), ImageFormat::Png);
        for (declared, bytes, status, code) in [
            ("image/png", b"<html><script>alert(1)</script></html>".to_vec(), 422, "file_type_mismatch"),
            ("image/png", b"GIF89a/*\x01\x00*/=1;alert(1)".to_vec(), 422, "file_type_mismatch"),
            ("image/jpeg", png.clone(), 422, "file_type_mismatch"),
            ("application/pdf", png.clone(), 422, "file_type_mismatch"),
            ("image/png", Vec::new(), 422, "file_type_mismatch"),
            ("text/html", b"<html></html>".to_vec(), 415, "file_type_refused"),
            ("image/svg+xml", b"<svg onload=alert(1)></svg>".to_vec(), 415, "file_type_refused"),
            ("application/octet-stream", png.clone(), 415, "file_type_refused"),
            ("image/png", b"\x89PNG\r\n\x1a\n<script>alert(1)</script>".to_vec(), 422, "file_damaged"),
        ] {
            let answer = app.upload("ann", declared, bytes).await;
            assert_eq!(answer.refused(status), code, "{declared}");
        }
        assert!(app.objects().is_empty());
        let behind = [png.clone(), b"<script>alert(1)</script>".to_vec()].concat();
        let id = app.upload("ann", "image/png", behind).await.expect(201).file();
        let got = app.follow(&app.link(id, Variant::Full)).await.expect(200);
        assert!(!got.bytes.windows(7).any(|piece| piece == b"<script"));
    }

    async fn what_breaks_off_is_refused(engine: Engine) {
        let app = App::new(engine).await;
        let brought = photo(300, 200);
        for part in [3, 100, brought.len() / 2, brought.len() - 100] {
            let answer = app.upload("ann", "image/jpeg", brought[..part].to_vec()).await;
            assert_eq!(answer.refused(422), "file_damaged", "{part} bytes");
        }
        let png = encoded(&picture(300, 200), ImageFormat::Png);
        let answer = app.upload("ann", "image/png", png[..png.len() / 2].to_vec()).await;
        assert_eq!(answer.refused(422), "file_damaged");
        let webp = encoded(&picture(300, 200), ImageFormat::WebP);
        let answer = app.upload("ann", "image/webp", webp[..webp.len() / 2].to_vec()).await;
        assert_eq!(answer.refused(422), "file_damaged");
    }

    async fn a_bomb_is_refused_before_it_is_decoded(engine: Engine) {
        let app = App::new(engine).await;
        for (width, height) in [(60_000, 60_000), (20_000, 100), (5_000, 5_000)] {
            let answer = app.upload("ann", "image/png", bomb(width, height)).await;
            assert_eq!(answer.refused(422), "image_too_large", "{width} x {height}");
        }
    }

    async fn a_document_that_runs_something_is_refused(engine: Engine) {
        let app = App::new(engine).await;
        let script = document("4 0 obj\n<< /S /JavaScript /JS (app.alert(1)) >>\nendobj\n");
        let id = app.upload("ann", "application/pdf", script).await.expect(201).file();
        app.attach(id, "ann").await.unwrap();
        app.work().await;
        let told = app.get("ann", &format!("/api/v1/tenants/alpha/files/{id}")).await.expect(200).json();
        assert_eq!(told["state"], "refused");
        assert!(told["refusal"].as_str().unwrap().contains("JavaScript"), "{told}");
        app.follow(&app.link(id, Variant::Full)).await.expect(404);
        assert!(app.objects().is_empty(), "its bytes are gone");
        let noticed = app.alpha.read(async |tx| {
            tx.one::<i64>(
                sql!("select count(*) from jobs where payload like '%files.file.refused%'"),
                &args![],
            )
            .await
        });
        assert_eq!(noticed.await.unwrap(), 1);
    }

    async fn too_much_is_refused(engine: Engine) {
        let app = App::new(engine).await;
        let long = vec![0; MAX_UPLOAD + 1];
        assert_eq!(app.upload("ann", "image/png", long).await.refused(413), "body_too_large");
        let drawn = encoded(&picture(9, 9), ImageFormat::Png);
        for _ in 0..MOST_LOOSE {
            app.upload("ann", "image/png", drawn.clone()).await.expect(201);
        }
        assert_eq!(app.upload("ann", "image/png", drawn.clone()).await.refused(409), "files_loose");
        app.limit(1);
        app.upload("ben", "image/png", drawn.clone()).await.expect(201);
        app.limit(0);
        assert_eq!(app.upload("ben", "image/png", drawn).await.refused(409), "limit_reached");
    }

    async fn names_are_no_paths(engine: Engine) {
        let app = App::new(engine).await;
        for path in ["..%2F..%2Fetc%2Fpasswd", "../../etc/passwd", "%00", "."] {
            let answer = app.follow(&format!("/api/v1/files/{path}")).await;
            assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        }
        let id = app.upload("ann", "image/png", encoded(&picture(9, 9), ImageFormat::Png)).await.expect(201).file();
        for (path, _) in app.objects() {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(name.starts_with(&id.to_string()), "{name}");
        }
    }

    async fn who_has_the_folder_cannot_pass_off_one_file_as_another(engine: Engine) {
        let app = App::new(engine).await;
        let one = encoded(&picture(9, 9), ImageFormat::Png);
        let first = app.upload("ann", "image/png", one.clone()).await.expect(201).file();
        let second = app.upload("ann", "image/png", one).await.expect(201).file();
        let path = |id| {
            let full = format!("{id}.full");
            let mut all = app.objects().into_iter();
            all.find(|(path, _)| path.ends_with(&full)).unwrap().0
        };
        std::fs::copy(path(first), path(second)).unwrap();
        app.follow(&app.link(first, Variant::Full)).await.expect(200);
        app.follow(&app.link(second, Variant::Full)).await.expect(500);
        let mut bytes = std::fs::read(path(first)).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(path(first), bytes).unwrap();
        app.follow(&app.link(first, Variant::Full)).await.expect(500);
    }
}
