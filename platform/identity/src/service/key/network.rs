//! From where a key may be used.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::Error;

/// Networks that one key may name.
const MOST: usize = 20;

/// The networks of a key; without any it may be used from anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Networks(Vec<IpNet>);

impl Networks {
    /// Reads what somebody typed: networks, or single addresses.
    pub(crate) fn read(texts: &[String]) -> Result<Self, Error> {
        if texts.is_empty() || texts.len() > MOST {
            return Err(Error::KeyNetwork(None));
        }
        let read = texts.iter().enumerate().map(|(at, text)| {
            let address = || text.parse::<IpAddr>().map(IpNet::from);
            let network = text.parse::<IpNet>().or_else(|_| address());
            let network = network.map_err(|_| Error::KeyNetwork(Some(at)))?;
            Ok(network.trunc())
        });
        read.collect::<Result<Vec<_>, Error>>().map(Self)
    }

    /// From the stored column. What cannot be read lets nobody in.
    pub(crate) fn stored(text: &str) -> Self {
        Self(text.split(',').filter_map(|net| net.parse().ok()).collect())
    }

    /// Whether an address is in one of them; an IPv4 address is one, however it is written.
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Option<Networks> {
        let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
        Networks::read(&texts).ok()
    }

    #[test]
    fn networks_and_addresses_are_read_and_nothing_else() {
        let networks = read(&["192.0.2.77/24", "2001:db8::/32", "198.51.100.7"]).unwrap();
        assert_eq!(
            networks.texts(),
            ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32"]
        );
        assert_eq!(Networks::stored(&networks.texts().join(",")), networks);
        for inside in [
            "192.0.2.0",
            "192.0.2.255",
            "::ffff:192.0.2.9",
            "2001:db8:1::1",
            "198.51.100.7",
        ] {
            assert!(networks.contain(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["192.0.3.0", "198.51.100.8", "2001:db9::1", "::1"] {
            assert!(!networks.contain(outside.parse().unwrap()), "{outside}");
        }
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["192.0.2.0/33"]), None);
        assert_eq!(read(&["example.com"]), None);
        assert_eq!(read(&["192.0.2.1"; 21]), None);
        assert!(!Networks::stored("").contain("192.0.2.1".parse().unwrap()));
    }
}
