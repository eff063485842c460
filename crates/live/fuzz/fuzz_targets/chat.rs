#![no_main]

libfuzzer_sys::fuzz_target!(|input: (&str, &str)| live::doors::chat(input.0, input.1));
