//! Late binding: modules are built one after the other, and two of them may need each other.

use std::fmt;
use std::sync::{Arc, OnceLock};

/// A place that one module fills and others read, all holding clones of the same slot.
///
/// Modules take a slot while they are built and call [`Slot::get`] when a request needs it; between
/// the two the registry checks that every slot somebody needs was filled, so that a missing contract
/// refuses the start instead of failing somebody's sign-up.
pub struct Slot<T: ?Sized> {
    name: &'static str,
    filled: Arc<OnceLock<Arc<T>>>,
}

/// Nobody provides a contract that somebody calls.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("contract not provided: no module of this process offers {0:?}")]
pub struct NotProvided(pub &'static str);

/// Two modules provide one contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("contract provided twice: two modules of this process offer {0:?}")]
pub struct ProvidedTwice(pub &'static str);

impl<T: ?Sized> Slot<T> {
    /// An empty slot for the contract of this name.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            filled: Arc::new(OnceLock::new()),
        }
    }

    /// The contract's name, as `needs` of a module writes it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Fills the slot, once.
    pub fn provide(&self, implementation: Arc<T>) -> Result<(), ProvidedTwice> {
        self.filled
            .set(implementation)
            .map_err(|_| ProvidedTwice(self.name))
    }

    /// Whether a module has filled the slot.
    pub fn is_provided(&self) -> bool {
        self.filled.get().is_some()
    }

    /// What the slot holds.
    pub fn get(&self) -> Result<&T, NotProvided> {
        self.filled
            .get()
            .map(AsRef::as_ref)
            .ok_or(NotProvided(self.name))
    }
}

impl<T: ?Sized> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self {
            name: self.name,
            filled: Arc::clone(&self.filled),
        }
    }
}

impl<T: ?Sized> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("name", &self.name)
            .field("provided", &self.is_provided())
            .finish_non_exhaustive()
    }
}

impl From<NotProvided> for gantry_kernel::Problem {
    /// A start with a needed slot empty is refused, so whoever sees this called a contract without
    /// naming it in `needs`: a defect of the server, not of the request.
    fn from(error: NotProvided) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    trait Greeter: Send + Sync {
        fn greet(&self) -> &'static str;
    }

    struct Polite;

    impl Greeter for Polite {
        fn greet(&self) -> &'static str {
            "good day"
        }
    }

    #[test]
    fn a_clone_taken_before_the_slot_was_filled_sees_what_fills_it() {
        let slot: Slot<dyn Greeter> = Slot::new("greeter");
        let taken = slot.clone();
        assert_eq!(taken.get().map(Greeter::greet), Err(NotProvided("greeter")));
        slot.provide(Arc::new(Polite)).unwrap();
        assert_eq!(taken.get().map(Greeter::greet), Ok("good day"));
    }

    #[test]
    fn a_second_provider_is_refused_and_the_first_stays() {
        let slot: Slot<dyn Greeter> = Slot::new("greeter");
        slot.provide(Arc::new(Polite)).unwrap();
        assert_eq!(
            slot.provide(Arc::new(Polite)),
            Err(ProvidedTwice("greeter"))
        );
        assert!(slot.is_provided());
    }
}
