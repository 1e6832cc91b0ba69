//! One test text, two named tests.

/// Runs each async test on both engines, as `<name>::sqlite` and `<name>::postgres`.
///
/// The argument is the [`Engine`](gantry_db::Engine). Tests run on two threads, as the server does.
///
/// ```
/// use gantry_testkit::{Engine, both_engines};
///
/// both_engines! {
///     /// What must hold.
///     async fn an_engine_has_a_name(engine: Engine) {
///         assert!(!engine.name().is_empty());
///     }
/// }
/// ```
#[macro_export]
macro_rules! both_engines {
    ($( $(#[$note:meta])* async fn $name:ident($engine:ident: Engine) $body:block )+) => {
        $(
            $(#[$note])*
            async fn $name($engine: $crate::Engine) $body

            mod $name {
                #[test]
                fn sqlite() {
                    $crate::engines::block_on(super::$name($crate::Engine::Sqlite));
                }

                #[test]
                fn postgres() {
                    $crate::engines::block_on(super::$name($crate::Engine::Postgres));
                }
            }
        )+
    };
}

/// Runs a test's future to its end on a runtime of its own.
pub fn block_on<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime for the test");
    runtime.block_on(test);
}

#[cfg(test)]
mod tests {
    both_engines! {
        /// The engine named by the test is the engine it gets.
        async fn each_engine_gets_its_test(engine: Engine) {
            let name = std::thread::current().name().unwrap_or_default().to_owned();
            assert!(name.ends_with(engine.name()), "{name} runs on {}", engine.name());
        }
    }
}
