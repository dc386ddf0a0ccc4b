//! Any frame to the y-websocket decoder and to the check behind what it finds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weft_protocol::awareness::{self, AwarenessLimits};
use weft_protocol::scan::{UpdateLimits, scan_state_vector, scan_update};
use weft_protocol::sync::SyncMessage;
use weft_protocol::ywebsocket::{self, ClientFrame};

fuzz_target!(|frame: &[u8]| {
    match ywebsocket::decode(frame) {
        Ok(ClientFrame::Sync(SyncMessage::StepOne { state_vector })) => {
            let _ = scan_state_vector(state_vector, 1_000);
        }
        Ok(ClientFrame::Sync(SyncMessage::StepTwo { update } | SyncMessage::Update { update })) => {
            let _ = scan_update(update, &UpdateLimits::default());
        }
        Ok(ClientFrame::Awareness(body)) => {
            let _ = awareness::decode(body, &AwarenessLimits::default());
        }
        _ => {}
    }
});
