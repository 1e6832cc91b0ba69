//! The directory of tenants.

use gantry_db::{DbError, TenantState, directory};
use gantry_kernel::{Kernel, Slug, TenantId};

use crate::both;
use crate::support::{Room, listed};

both!(
    rows_change_as_told,
    a_renamed_slug_stays_its_tenants,
    pages_follow_ids
);

async fn rows_change_as_told(room: Room) {
    let dbs = room.open().await;
    let id = listed(&dbs, "acme").await;
    let other = listed(&dbs, "other").await;
    let slug: Slug = "acme".parse().unwrap();
    let taken = dbs
        .control
        .write({
            let slug = slug.clone();
            async move |tx| directory::rename(tx, other, 1, &slug, "Other").await
        })
        .await;
    assert!(
        matches!(&taken, Err(e) if e.is_unique_on("tenants", "slug")),
        "{taken:?}"
    );
    let renamed = dbs
        .control
        .write({
            let slug: Slug = "acme-2".parse().unwrap();
            async move |tx| directory::rename(tx, id, 1, &slug, "Acme").await
        })
        .await
        .unwrap();
    assert_eq!((renamed.version, renamed.name.as_str()), (2, "Acme"));
    let stale = dbs
        .control
        .write(async move |tx| directory::rename(tx, id, 1, &slug, "Acme").await)
        .await;
    assert!(matches!(stale, Err(DbError::Stale)), "{stale:?}");
    let suspended = dbs
        .control
        .write(async move |tx| {
            directory::set_state(tx, id, TenantState::Suspended, Some("unpaid")).await
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(suspended.reason.as_deref(), Some("unpaid"));
    let found = dbs
        .control
        .read(async |tx| directory::by_slug(tx, &"acme-2".parse().unwrap()).await)
        .await
        .unwrap();
    assert_eq!(found, Some(suspended));
    let counts = dbs
        .control
        .read(async |tx| directory::count(tx).await)
        .await
        .unwrap();
    assert_eq!(
        counts,
        [(TenantState::Provisioning, 1), (TenantState::Suspended, 1)]
    );
}

async fn a_renamed_slug_stays_its_tenants(room: Room) {
    let dbs = room.open().await;
    let id = listed(&dbs, "acme").await;
    let other = listed(&dbs, "other").await;
    let rename = |id: TenantId, version: i64, slug: &str| {
        let slug: Slug = slug.parse().unwrap();
        dbs.control
            .write(async move |tx| directory::rename(tx, id, version, &slug, "A Name").await)
    };
    rename(id, 1, "acme-2").await.unwrap();
    let taken = rename(other, 1, "acme").await;
    assert!(
        matches!(&taken, Err(e) if e.is_unique_on("tenants", "slug")),
        "{taken:?}"
    );
    let stranger: TenantId = Kernel::system().id();
    let (inserted, made) = dbs
        .control
        .write(async move |tx| {
            let slug: Slug = "acme".parse().unwrap();
            let inserted = directory::insert(tx, stranger, &slug, "A Name").await;
            let made = directory::insert_if_free(tx, stranger, &slug, "A Name").await?;
            Ok::<_, DbError>((inserted, made))
        })
        .await
        .unwrap();
    assert!(
        matches!(&inserted, Err(e) if e.is_unique_on("tenants", "slug")),
        "{inserted:?}"
    );
    assert_eq!(made, None);
    // Its own tenant may have it back, and leaves the other one behind in the same way.
    rename(id, 2, "acme").await.unwrap();
    let taken = rename(other, 1, "acme-2").await;
    assert!(
        matches!(&taken, Err(e) if e.is_unique_on("tenants", "slug")),
        "{taken:?}"
    );
    rename(id, 3, "acme-2").await.unwrap();
    rename(other, 1, "other-2").await.unwrap();
}

async fn pages_follow_ids(room: Room) {
    let dbs = room.open().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(listed(&dbs, &format!("tenant-{number}")).await);
    }
    ids.sort();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = dbs
            .control
            .read(async |tx| directory::list(tx, Some(TenantState::Provisioning), after, 2).await)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.iter().map(|tenant| tenant.id));
    }
    assert_eq!(seen, ids);
}
