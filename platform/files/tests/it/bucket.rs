//! The bytes in a bucket, by a server of others that checks every signature.

use std::time::Duration;

use gantry_files::{GRACE, Variant};
use gantry_kernel::Secret;
use gantry_platform_files::{FilesConfig, S3Config};
use gantry_testkit::{S3Peer, both_engines};
use image::ImageFormat;

use crate::app::App;
use crate::samples::{encoded, picture};

fn config(peer: &S3Peer) -> FilesConfig {
    FilesConfig {
        s3: S3Config {
            bucket: Some(peer.bucket.clone()),
            prefix: "gantry/files".to_owned(),
            endpoint: Some(peer.endpoint.clone()),
            access_key_id: Secret::new(peer.id.clone()),
            secret_access_key: Secret::new(peer.secret.clone()),
            ..S3Config::default()
        },
        ..FilesConfig::default()
    }
}

both_engines! {
    async fn a_bucket_does_what_a_folder_does(engine: Engine) {
        let peer = S3Peer::start();
        let app = App::with(engine, config(&peer), tempfile::tempdir().unwrap()).await;
        let drawn = encoded(&picture(50, 50), ImageFormat::Png);
        let id = app.upload("ann", "image/png", drawn).await.expect(201).file();
        app.attach(id, "ann").await.unwrap();
        let names: Vec<String> = peer.objects().into_keys().collect();
        let folder = format!("gantry/files/{}/{id}", app.alpha.id());
        assert_eq!(names, [format!("{folder}.full"), format!("{folder}.small")]);
        let got = app.follow(&app.link(id, Variant::Full)).await.expect(200);
        assert!(image::load_from_memory(&got.bytes).is_ok());
        peer.flip(&names[0]);
        app.follow(&app.link(id, Variant::Full)).await.expect(500);
        app.detach(id).await;
        app.clock.advance(GRACE + Duration::from_secs(1));
        app.work().await;
        assert!(peer.objects().is_empty());
    }

    async fn a_bucket_that_takes_nothing_makes_the_upload_fail(engine: Engine) {
        let peer = S3Peer::start();
        let app = App::with(engine, config(&peer), tempfile::tempdir().unwrap()).await;
        peer.forbid_writing();
        let drawn = encoded(&picture(50, 50), ImageFormat::Png);
        assert_eq!(app.upload("ann", "image/png", drawn).await.refused(503), "files_unavailable");
        assert!(peer.objects().is_empty());
    }
}
