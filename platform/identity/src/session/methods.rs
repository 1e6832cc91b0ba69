//! How a person proved who they are, in the words of RFC 8176.

use std::collections::BTreeSet;

/// One kind of proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Method {
    /// The password of the account.
    Password,
    /// The word of an OpenID Connect provider. The registry of RFC 8176 has no name for it; this one is in use.
    Federated,
    /// A code that works once: of an authenticator app, or a recovery code.
    OneTimeCode,
    /// A key that an authenticator says it does not let go.
    HardwareKey,
    /// A key that an authenticator says it copies to others of the person.
    SoftwareKey,
    /// Somebody was there.
    Presence,
    /// Proofs of different kinds, or one that is of several kinds by itself.
    MultiFactor,
}

impl Method {
    const ALL: [Self; 7] = [
        Self::Password,
        Self::Federated,
        Self::OneTimeCode,
        Self::HardwareKey,
        Self::SoftwareKey,
        Self::Presence,
        Self::MultiFactor,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::Federated => "fed",
            Self::OneTimeCode => "otp",
            Self::HardwareKey => "hwk",
            Self::SoftwareKey => "swk",
            Self::Presence => "user",
            Self::MultiFactor => "mfa",
        }
    }
}

/// The proofs of one session; written into its tokens as `amr` (RFC 9068, section 2.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Methods(BTreeSet<Method>);

impl Methods {
    pub(crate) fn new(methods: impl IntoIterator<Item = Method>) -> Self {
        Self(methods.into_iter().collect())
    }

    /// These and one more.
    #[must_use]
    pub(crate) fn with(mut self, method: Method) -> Self {
        self.0.insert(method);
        self
    }

    /// These and those.
    #[must_use]
    pub(crate) fn and(mut self, more: &Self) -> Self {
        self.0.extend(&more.0);
        self
    }

    /// Whether a second factor is among them.
    pub(crate) fn is_multi_factor(&self) -> bool {
        self.0.contains(&Method::MultiFactor)
    }

    /// As stored.
    pub(crate) fn text(&self) -> String {
        self.names().join(",")
    }

    /// From the stored text; names that are not known here are left out.
    pub(crate) fn parse(text: &str) -> Self {
        let known = |name| Method::ALL.into_iter().find(|one| one.as_str() == name);
        Self(text.split(',').filter_map(known).collect())
    }

    /// The names, for tokens.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|method| method.as_str()).collect()
    }
}
