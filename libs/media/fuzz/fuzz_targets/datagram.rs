#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| media::doors::datagram(bytes));
