//! str0m as the browser.
