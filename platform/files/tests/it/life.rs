//! From the upload to the last byte.

use std::time::Duration;

use gantry_db::{args, sql};
use gantry_files::{GRACE, LINK_LASTS, Variant};
use gantry_testkit::both_engines;
use image::ImageFormat;

use crate::app::App;
use crate::samples::{PLACE, document, encoded, photo, picture};

fn holds(bytes: &[u8], piece: &[u8]) -> bool {
    bytes.windows(piece.len()).any(|found| found == piece)
}

async fn held(app: &App) -> i64 {
    let held = app.alpha.read(async |tx| {
        tx.one::<i64>(sql!("select bytes from files_held where id = 1"), &args![])
            .await
    });
    held.await.unwrap()
}

both_engines! {
    async fn a_photo_comes_out_without_what_was_in_it(engine: Engine) {
        let app = App::new(engine).await;
        let brought = photo(800, 600);
        assert!(holds(&brought, PLACE) && holds(&brought, b"<script>"));
        let made = app.upload("ann", "image/jpeg", brought).await.expect(201);
        let id = made.file();
        let told = made.json();
        assert_eq!((told["state"].as_str(), told["media"].as_str()), (Some("clean"), Some("image/jpeg")));
        // It lay on its side.
        assert_eq!((told["width"].as_i64(), told["height"].as_i64()), (Some(600), Some(800)));
        let full = app.follow(&app.link(id, Variant::Full)).await.expect(200);
        assert!(!holds(&full.bytes, PLACE) && !holds(&full.bytes, b"<script>") && !holds(&full.bytes, b"Exif"));
        assert_eq!(image::load_from_memory(&full.bytes).unwrap().height(), 800);
        assert_eq!(full.header("content-type"), "image/jpeg");
        assert!(full.header("content-disposition").starts_with("inline; filename=\"a file.jpg\""));
        assert!(full.header("content-security-policy").ends_with("sandbox"));
        assert_eq!(full.header("x-content-type-options"), "nosniff");
        assert_eq!(full.header("cache-control"), "no-store");
        let small = app.follow(&app.link(id, Variant::Small)).await.expect(200);
        assert_eq!(image::load_from_memory(&small.bytes).unwrap().height(), 320);
        let stored = app.objects();
        assert_eq!(stored.len(), 2);
        for (path, bytes) in stored {
            assert!(!bytes.starts_with(&[0xff, 0xd8]), "{} is not sealed", path.display());
        }
        assert_eq!(held(&app).await, told["bytes"].as_i64().unwrap());
        let noted = app.alpha.read(async move |tx| {
            let noted = sql!("select count(*) from audit where action = 'files.file.uploaded' and target_id = $1");
            tx.one::<i64>(noted, &args![id.to_string()]).await
        });
        assert_eq!(noted.await.unwrap(), 1);
    }

    async fn the_other_pictures_are_taken_too(engine: Engine) {
        let app = App::new(engine).await;
        let drawn = picture(40, 30);
        for (format, media, becomes) in [
            (ImageFormat::Png, "image/png", "image/png"),
            (ImageFormat::WebP, "image/webp; charset=binary", "image/jpeg"),
        ] {
            let made = app.upload("ann", media, encoded(&drawn, format)).await.expect(201);
            assert_eq!(made.json()["media"], becomes);
        }
    }

    async fn a_document_waits_until_it_was_looked_into(engine: Engine) {
        let app = App::new(engine).await;
        let made = app.upload("ann", "application/pdf", document("")).await.expect(201);
        let id = made.file();
        assert_eq!(made.json()["state"], "quarantined");
        app.follow(&app.link(id, Variant::Full)).await.expect(404);
        app.attach(id, "ann").await.unwrap();
        app.work().await;
        let got = app.follow(&app.link(id, Variant::Full)).await.expect(200);
        assert_eq!(got.bytes, document(""));
        assert!(got.header("content-disposition").starts_with("attachment; "));
        app.follow(&app.link(id, Variant::Small)).await.expect(404);
        let path = format!("/api/v1/tenants/alpha/files/{id}");
        assert_eq!(app.get("ann", &path).await.expect(200).json()["state"], "clean");
        app.get("ben", &path).await.expect(404);
    }

    async fn what_nothing_holds_goes_and_what_is_held_stays(engine: Engine) {
        let app = App::new(engine).await;
        let drawn = encoded(&picture(20, 20), ImageFormat::Png);
        let kept = app.upload("ann", "image/png", drawn.clone()).await.expect(201).file();
        let left = app.upload("ann", "image/png", drawn).await.expect(201).file();
        assert_eq!(app.attach(kept, "ben").await, Err("there is no such upload of yours".to_owned()));
        app.attach(kept, "ann").await.unwrap();
        assert_eq!(app.attach(kept, "ann").await, Err("something else holds this file already".to_owned()));
        app.clock.advance(Duration::from_hours(25));
        app.work().await;
        assert_eq!(app.objects().len(), 2, "those of the one that is held");
        app.follow(&app.link(kept, Variant::Full)).await.expect(200);
        app.follow(&app.link(left, Variant::Full)).await.expect(404);
        assert_eq!(app.attach(left, "ann").await, Err("there is no such upload of yours".to_owned()));
        app.detach(kept).await;
        app.follow(&app.link(kept, Variant::Full)).await.expect(404);
        let nearly = GRACE.checked_sub(Duration::from_secs(1)).unwrap();
        app.clock.advance(nearly);
        app.work().await;
        assert_eq!(app.objects().len(), 2, "the grace is not over");
        app.clock.advance(Duration::from_secs(2));
        app.work().await;
        assert_eq!(app.objects().len(), 0);
        assert_eq!(held(&app).await, 0);
    }

    async fn a_process_that_died_in_an_upload_leaves_nothing(engine: Engine) {
        let app = App::new(engine).await;
        let id = app.upload("ann", "image/png", encoded(&picture(9, 9), ImageFormat::Png)).await.expect(201).file();
        // As it was before the last transaction of an upload.
        let back = app.alpha.write(async move |tx| {
            tx.execute(sql!("update files set state = 'arriving' where id = $1"), &args![id]).await
        });
        assert_eq!(back.await.unwrap(), 1);
        app.follow(&app.link(id, Variant::Full)).await.expect(404);
        app.clock.advance(Duration::from_mins(61));
        app.work().await;
        assert_eq!((app.objects().len(), held(&app).await), (0, 0));
    }

    async fn a_link_ends_and_opens_one_thing(engine: Engine) {
        let app = App::new(engine).await;
        let id = app.upload("ann", "image/png", encoded(&picture(9, 9), ImageFormat::Png)).await.expect(201).file();
        let link = app.link(id, Variant::Full);
        app.follow(&link).await.expect(200);
        let opens = gantry_files::Opens { tenant: app.beta.id(), file: id, variant: Variant::Full };
        let elsewhere = app.links.make(opens, app.stage.kernel.now()).url;
        app.follow(&elsewhere).await.expect(404);
        let opens = gantry_files::Opens { tenant: app.stage.kernel.id(), ..opens };
        app.follow(&app.links.make(opens, app.stage.kernel.now()).url).await.expect(404);
        app.clock.advance(LINK_LASTS);
        assert_eq!(app.follow(&link).await.refused(410), "file_link_expired");
    }
}
