//! The trace a piece of work belongs to (W3C Trace Context, level 1), known to whatever it calls.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use gantry_kernel::{Kernel, Timestamp};

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// A span in a trace.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// Of the whole trace; never all zero.
    pub trace_id: [u8; 16],
    /// Of this span; never all zero.
    pub span_id: [u8; 8],
    /// Of the span that caused this one.
    pub parent_id: Option<[u8; 8]>,
    /// Whether this trace is recorded.
    pub sampled: bool,
}

impl TraceContext {
    /// The first span of a trace of its own.
    pub fn root(kernel: &Kernel, sampled: bool) -> Self {
        let mut random = [0; 24];
        kernel.entropy.fill(&mut random);
        let (trace, span) = random.split_at(16);
        Self {
            trace_id: filled(trace),
            span_id: filled(span),
            parent_id: None,
            sampled,
        }
    }

    /// The span in which somebody else called, as its `traceparent` says. `None` when the field is not of version 00
    /// or not well formed, which the standard asks to overlook.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if version != "00" || parts.next().is_some() {
            return None;
        }
        let [flags] = hex::<1>(flags)?;
        Some(Self {
            trace_id: hex(trace).filter(|id: &[u8; 16]| *id != [0; 16])?,
            span_id: hex(span).filter(|id: &[u8; 8]| *id != [0; 8])?,
            parent_id: None,
            sampled: flags & 1 == 1,
        })
    }

    /// A span that this one causes.
    #[must_use]
    pub fn child(&self, kernel: &Kernel) -> Self {
        let mut random = [0; 8];
        kernel.entropy.fill(&mut random);
        Self {
            span_id: filled(&random),
            parent_id: Some(self.span_id),
            ..*self
        }
    }

    /// The first span of a trace of its own, if the trace belongs to the share that is recorded.
    pub fn chosen(kernel: &Kernel, share: f64) -> Option<Self> {
        let root = Self::root(kernel, true);
        root.is_among(share).then_some(root)
    }

    /// The trace's id as 32 hexadecimal digits.
    pub fn trace_hex(&self) -> String {
        format!("{}", Hex(&self.trace_id))
    }

    /// The span's id as 16 hexadecimal digits.
    pub fn span_hex(&self) -> String {
        format!("{}", Hex(&self.span_id))
    }

    /// The field `traceparent` for whoever this span calls.
    pub fn traceparent(&self) -> String {
        let flags = u8::from(self.sampled);
        format!(
            "00-{}-{}-{flags:02x}",
            Hex(&self.trace_id),
            Hex(&self.span_id)
        )
    }

    /// Whether a trace of this id belongs to a `share` (0 to 1) of all: the same answer everywhere, because it follows from
    /// the id alone.
    pub fn is_among(&self, share: f64) -> bool {
        let mut low = [0; 8];
        low.copy_from_slice(&self.trace_id[8..]);
        // 53 bits fit a floating point number without rounding.
        let low = u64::from_be_bytes(low) >> 11;
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
        let place = low as f64 / (1_u64 << 53) as f64;
        place < share
    }

    /// Runs `work` in this span, so that [`TraceContext::current`] answers it there.
    pub async fn around<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// The span of the work that asks, if it is in one that is recorded.
    pub fn recorded() -> Option<Self> {
        Self::current().filter(|current| current.sampled)
    }

    /// The span of the work that asks, if it is in one.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|current| *current).ok()
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.traceparent())
    }
}

/// What is known of a span besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
}

/// What a piece of work is to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// An answer to somebody.
    Server,
    /// A question to another service, such as a database.
    Client,
    /// The process's own affair.
    Internal,
}

/// A finished piece of work: a request that was answered, a statement, an attempt at a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Where it belongs.
    pub context: TraceContext,
    /// What it is to others.
    pub kind: SpanKind,
    /// What was done: method and template of the route, operation and table, kind of job.
    pub name: String,
    /// When it began.
    pub start: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What else is known, under the names of OpenTelemetry's conventions.
    pub attributes: Vec<(&'static str, Attribute)>,
    /// Whether it failed for a reason of ours.
    pub failed: bool,
}

/// Takes finished spans. It never waits.
pub trait Recorder: Send + Sync + 'static {
    /// The share of traces to record, from 0 to 1.
    fn share(&self) -> f64;

    /// Takes one that is to be recorded.
    fn record(&self, span: Span);
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Lower-case digits only, as the standard writes them.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

const fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

/// An id that is all zero would mean that there is none.
fn filled<const N: usize>(random: &[u8]) -> [u8; N] {
    let mut id = [0; N];
    id.copy_from_slice(random);
    if id == [0; N] {
        id[N - 1] = 1;
    }
    id
}

#[cfg(test)]
mod tests {
    use gantry_kernel::ManualClock;
    use proptest::prelude::*;

    use super::*;

    const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn kernel() -> Kernel {
        let start = Timestamp::from_micros(0);
        Kernel::manual(&ManualClock::at(start), 7)
    }

    #[test]
    fn a_parent_is_read_and_its_child_carries_the_trace_on() {
        let parent = TraceContext::parse(SENT).unwrap();
        assert_eq!(parent.traceparent(), SENT);
        let child = parent.child(&kernel());
        assert_eq!(child.trace_hex(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(child.parent_id, Some(parent.span_id));
        assert!(child.sampled && child.span_id != parent.span_id);
    }

    #[test]
    fn what_is_not_well_formed_is_overlooked() {
        for text in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "00-0af7651916cd43dd8448eb211c80319é-b7ad6b7169203331-01",
        ] {
            assert_eq!(TraceContext::parse(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn whoever_works_in_a_span_knows_it() {
        assert_eq!(TraceContext::current(), None);
        let span = TraceContext::root(&kernel(), true);
        let seen = span
            .around(async {
                tokio::task::yield_now().await;
                TraceContext::current()
            })
            .await;
        assert_eq!(seen, Some(span));
        assert_eq!(TraceContext::current(), None);
    }

    proptest! {
        #[test]
        fn text_and_ids_are_one(text in "\\PC{0,60}") {
            if let Some(parsed) = TraceContext::parse(&text) {
                let again = TraceContext::parse(&parsed.traceparent());
                prop_assert_eq!(again, Some(parsed));
            }
        }

        #[test]
        fn a_share_keeps_its_part_and_larger_shares_keep_more(low in any::<u64>()) {
            let mut trace_id = [1; 16];
            trace_id[8..].copy_from_slice(&low.to_be_bytes());
            let span = TraceContext { trace_id, span_id: [1; 8], parent_id: None, sampled: true };
            prop_assert!(span.is_among(1.0) && !span.is_among(0.0));
            prop_assert!(!span.is_among(0.25) || span.is_among(0.5));
            prop_assert_eq!(span.is_among(0.5), low < 1 << 63);
        }
    }
}
