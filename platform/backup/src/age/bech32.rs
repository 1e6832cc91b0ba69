//! Bech32 (BIP 173) as age uses it for keys: no limit of length, text in one case.

const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// 32 bytes as text with a prefix, in lower case.
pub(super) fn encode(prefix: &str, data: &[u8; 32]) -> String {
    let mut groups = regroup(data);
    let mut check = expanded(prefix);
    check.extend_from_slice(&groups);
    check.extend_from_slice(&[0; 6]);
    let sum = polymod(&check) ^ 1;
    groups.extend((0..6).map(|at| (sum >> (5 * (5 - at)) & 31) as u8));
    let mut text = format!("{prefix}1");
    text.extend(
        groups
            .iter()
            .filter_map(|group| DIGITS.get(usize::from(*group)))
            .map(|digit| char::from(*digit)),
    );
    text
}

/// The 32 bytes of a text with this prefix, in either case but not in both.
pub(super) fn decode(prefix: &str, text: &str) -> Option<[u8; 32]> {
    let lower = text.to_ascii_lowercase();
    if text != lower && text != text.to_ascii_uppercase() {
        return None;
    }
    let groups: Vec<u8> = lower
        .strip_prefix(prefix)?
        .strip_prefix('1')?
        .bytes()
        .map(|digit| {
            let at = DIGITS.iter().position(|known| *known == digit)?;
            u8::try_from(at).ok()
        })
        .collect::<Option<_>>()?;
    let mut check = expanded(prefix);
    check.extend_from_slice(&groups);
    if polymod(&check) != 1 {
        return None;
    }
    let (groups, _) = groups.split_last_chunk::<6>()?;
    let (mut bytes, mut bits, mut held) = (Vec::with_capacity(32), 0_u32, 0);
    for group in groups {
        bits = bits << 5 | u32::from(*group);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 255) as u8);
        }
    }
    // What fills the last group is zero and shorter than a group.
    if held >= 5 || bits & ((1 << held) - 1) != 0 {
        return None;
    }
    bytes.try_into().ok()
}

fn regroup(data: &[u8; 32]) -> Vec<u8> {
    let (mut groups, mut bits, mut held) = (Vec::with_capacity(58), 0_u32, 0);
    for byte in data {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            groups.push((bits >> held & 31) as u8);
        }
    }
    if held > 0 {
        groups.push((bits << (5 - held) & 31) as u8);
    }
    groups
}

fn expanded(prefix: &str) -> Vec<u8> {
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    high.chain([0]).chain(low).collect()
}

fn polymod(values: &[u8]) -> u32 {
    const GENERATOR: [u32; 5] = [
        0x3b6a_57b2,
        0x2650_8e6d,
        0x1ea1_19fa,
        0x3d42_33dd,
        0x2a14_62b3,
    ];
    values.iter().fold(1, |sum, value| {
        let top = sum >> 25;
        let next = (sum & 0x01ff_ffff) << 5 ^ u32::from(*value);
        GENERATOR
            .iter()
            .enumerate()
            .filter(|(at, _)| top >> at & 1 == 1)
            .fold(next, |sum, (_, generator)| sum ^ generator)
    })
}
