//! Every mail of every module as its reader gets it. A change of words shows up here, in full.

use std::fmt::Write;

use gantry::App;
use gantry_kernel::Kernel;
use gantry_runtime::config::Sources;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mail_reads_like_this() {
    let parent = tempfile::tempdir().unwrap();
    let app = App::new().unwrap();
    let config = app.config(&Sources::default()).unwrap();
    let bound = "127.0.0.1:8080".parse().unwrap();
    let data = parent.path().join("data");
    let assembled = app
        .assemble(config, &data, Kernel::system(), bound)
        .await
        .unwrap();
    let kinds = assembled.process.mails.all();
    assert!(!kinds.is_empty(), "no module sends mail");
    for kind in kinds {
        let mail = gantry_notify::render(kind, &(kind.example)())
            .unwrap_or_else(|error| panic!("{}: {error}", kind.name));
        for (part, text) in [("text", &mail.text), ("html", &mail.html)] {
            assert!(!text.trim().is_empty(), "{}: no {part} part", kind.name);
            // What no reader should ever see.
            for leak in ["{{", "{%", "undefined", "None"] {
                assert!(!text.contains(leak), "{}: {leak} in the {part}", kind.name);
            }
        }
        let mut shown = String::new();
        writeln!(shown, "Subject: {}\n", mail.subject).unwrap();
        writeln!(shown, "----- text\n{}\n", mail.text.trim_end()).unwrap();
        writeln!(shown, "----- html\n{}", mail.html.trim_end()).unwrap();
        insta::assert_snapshot!(format!("mail_{}", kind.name), shown);
    }
}
