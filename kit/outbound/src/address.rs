//! Which addresses belong to the public internet (the IANA special-purpose address registries).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(a: u16, b: u16, c: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), bits)
}

const RESERVED_V4: [(Ipv4Net, &str); 16] = [
    (v4(0, 0, 0, 0, 8), "this network"),
    (v4(10, 0, 0, 0, 8), "private"),
    (v4(100, 64, 0, 0, 10), "shared by a carrier's customers"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 0, 0, 0, 24), "reserved for protocols"),
    (v4(192, 0, 2, 0, 24), "for documentation"),
    (v4(192, 88, 99, 0, 24), "a 6to4 relay"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(198, 18, 0, 0, 15), "for benchmarks"),
    (v4(198, 51, 100, 0, 24), "for documentation"),
    (v4(203, 0, 113, 0, 24), "for documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 0, 4), "reserved"),
    // The metadata service of one cloud stands in its public range.
    (v4(168, 63, 129, 16, 32), "a cloud's own service"),
];

/// The one range of IPv6 that is routed globally (RFC 4291, section 2.4) ...
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 0, 3);
/// ... and what is not, or stands for other addresses, inside it.
const RESERVED_V6: [(Ipv6Net, &str); 4] = [
    (v6(0x2001, 0, 0, 23), "reserved for protocols"),
    (v6(0x2001, 0xdb8, 0, 32), "for documentation"),
    (v6(0x2002, 0, 0, 16), "an IPv4 address behind 6to4"),
    (v6(0x3fff, 0, 0, 20), "for documentation"),
];
/// Networks without IPv4 reach it through these (RFC 6052): the address inside counts.
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 0, 96);

/// Why an address does not belong to the public internet; `None` when it does.
pub fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => reserved_v4(v4),
        IpAddr::V6(v6) => {
            if let Some(inner) = v6.to_ipv4_mapped() {
                return reserved_v4(inner);
            }
            if NAT64.contains(&v6) {
                let [.., a, b, c, d] = v6.octets();
                return reserved_v4(Ipv4Addr::new(a, b, c, d));
            }
            if !GLOBAL_V6.contains(&v6) {
                return Some("no global unicast address");
            }
            let reserved = RESERVED_V6.iter().find(|(net, _)| net.contains(&v6));
            reserved.map(|(_, why)| *why)
        }
    }
}

fn reserved_v4(address: Ipv4Addr) -> Option<&'static str> {
    let reserved = RESERVED_V4.iter().find(|(net, _)| net.contains(&address));
    reserved.map(|(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_only_this_machine_reaches_is_not_public() {
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert!(not_public(address).is_some(), "{text}");
        }
    }

    #[test]
    fn the_public_internet_is_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.255.255",
            "172.32.0.1",
            "223.255.255.255",
            "2001:200::1",
            "2606:4700:4700::1111",
            "2a00:1450:4001::1",
            "64:ff9b::808:808",
            "::ffff:8.8.8.8",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(not_public(address), None, "{text}");
        }
    }

    proptest! {
        /// However an IPv4 address is dressed, it is judged by what it is.
        #[test]
        fn an_address_in_another_form_is_the_same(bits: u32) {
            let plain = Ipv4Addr::from(bits);
            let judged = not_public(plain.into());
            prop_assert_eq!(not_public(plain.to_ipv6_mapped().into()), judged);
            let [a, b, c, d] = plain.octets();
            let low = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
            let nat64 = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, low[0], low[1]);
            prop_assert_eq!(not_public(nat64.into()), judged);
            let agrees = plain.is_private() || plain.is_loopback() || plain.is_link_local()
                || plain.is_multicast() || plain.is_broadcast() || plain.is_documentation();
            prop_assert!(!agrees || judged.is_some(), "{}", plain);
        }
    }
}
