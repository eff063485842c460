#![no_main]

libfuzzer_sys::fuzz_target!(|input: (usize, &[u8])| media::doors::rtmp(input.1, input.0));
