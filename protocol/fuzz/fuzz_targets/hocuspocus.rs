//! Any frame to the Hocuspocus decoder; what it finds lies inside the frame.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weft_protocol::hocuspocus::{self, ClientFrame};

fuzz_target!(|frame: &[u8]| {
    if let Ok(ClientFrame::Message(message)) = hocuspocus::decode(frame) {
        assert!(message.name.starts_with(message.document));
        assert!(message.name.len() < frame.len());
    }
});
