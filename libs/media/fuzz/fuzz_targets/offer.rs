#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| media::doors::offer(text));
