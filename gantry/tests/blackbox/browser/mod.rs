//! What only a browser can show: Chromium over the real program.

mod passkeys;
