//! The Weft server: everything behind the `weft` binary.
//!
//! `boot` puts the parts together; `rooms` own the documents; `ws` and `http` are the ways in; `config`, `auth`,
//! `lifecycle`, `metrics`, `telemetry`, `upkeep` and `webhooks` serve all of them. Time, randomness and settings are passed in.

pub mod access;
pub mod accounts;
mod audit;
pub mod auth;
mod boards;
pub mod boot;
mod caps;
pub mod cli;
pub mod config;
pub mod content;
pub mod descriptors;
mod hints;
pub mod http;
pub mod lifecycle;
pub mod mail;
pub mod metrics;
mod notifications;
pub mod outgoing;
mod readiness;
pub mod reminders;
mod rooms;
pub mod telemetry;
pub mod upkeep;
pub mod web_assets;
mod webhooks;
mod ws;
