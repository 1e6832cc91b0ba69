//! A look at the nesting of a JSON text before anything is allocated for it.

/// Whether arrays and objects nest deeper than `limit`. Text that is not JSON is left to the parser.
pub(crate) fn too_deep(text: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert!(!too_deep(br#"{"a":"[[[[\"[[["}"#, 1));
        assert!(too_deep(b"[[]]", 1));
        assert!(!too_deep(b"[[]]", 2));
        assert!(!too_deep(b"[],[],[]", 1));
    }
}
