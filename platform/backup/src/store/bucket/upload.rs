//! One file on its way into the bucket: at once if it is small, else in parts, a few at a time.

use std::fs::File;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use tokio::io::AsyncReadExt;

use gantry_objects::BucketFault;

/// The smallest part; a file no longer than this goes in one piece.
const PART: u64 = 8 << 20;
/// The server takes 10,000.
const MOST_PARTS: u64 = 9_000;
/// Parts on their way at once: with those being read, the memory an upload takes is this and one more.
const AT_ONCE: usize = 3;

fn part_size(length: u64) -> u64 {
    length.div_ceil(MOST_PARTS).max(PART)
}

/// Writes a file from where it stands to its end.
pub(super) async fn put(s3: &AmazonS3, to: &Path, from: File) -> Result<(), BucketFault> {
    let length = from.metadata()?.len();
    let mut from = tokio::fs::File::from_std(from);
    let size = part_size(length);
    if length <= size {
        let whole = piece(&mut from, size).await?;
        let put = s3.put(to, PutPayload::from_bytes(whole)).await;
        return put.map(drop).map_err(|error| BucketFault::of(&error));
    }
    let mut upload = s3
        .put_multipart(to)
        .await
        .map_err(|error| BucketFault::of(&error))?;
    let sent = send(upload.as_mut(), &mut from, size).await;
    if sent.is_err()
        && let Err(error) = upload.abort().await
    {
        tracing::warn!(object = %to, %error, "an unfinished upload stays behind until the next backup");
    }
    sent
}

async fn send(
    upload: &mut dyn MultipartUpload,
    from: &mut tokio::fs::File,
    size: u64,
) -> Result<(), BucketFault> {
    let mut under_way = FuturesUnordered::new();
    loop {
        let part = piece(from, size).await?;
        if part.is_empty() {
            break;
        }
        under_way.push(upload.put_part(PutPayload::from_bytes(part)));
        if under_way.len() >= AT_ONCE
            && let Some(done) = under_way.next().await
        {
            done.map_err(|error| BucketFault::of(&error))?;
        }
    }
    while let Some(done) = under_way.next().await {
        done.map_err(|error| BucketFault::of(&error))?;
    }
    let ended = upload.complete().await;
    ended.map(drop).map_err(|error| BucketFault::of(&error))
}

async fn piece(from: &mut tokio::fs::File, size: u64) -> Result<Bytes, BucketFault> {
    let mut data = Vec::new();
    from.take(size).read_to_end(&mut data).await?;
    Ok(data.into())
}

#[cfg(test)]
mod tests {
    use super::{MOST_PARTS, PART, part_size};

    #[test]
    fn a_large_file_has_larger_parts_rather_than_too_many() {
        assert_eq!(part_size(0), PART);
        assert_eq!(part_size(PART * MOST_PARTS), PART);
        let large = 5 << 40;
        assert!(large / part_size(large) <= MOST_PARTS);
    }
}
