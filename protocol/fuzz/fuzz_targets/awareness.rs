//! Any body to the awareness decoder; what it takes in, it writes back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weft_protocol::awareness::{self, AwarenessLimits};

fuzz_target!(|body: &[u8]| {
    let limits = AwarenessLimits::default();
    if let Ok(entries) = awareness::decode(body, &limits) {
        let again = awareness::encode(entries.iter().copied());
        assert_eq!(awareness::decode(&again, &limits), Ok(entries));
    }
});
