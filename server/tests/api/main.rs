//! Tests of the REST API from outside: each file a subject, each server real.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(
    dead_code,
    clippy::allow_attributes,
    unreachable_pub,
    missing_docs,
    reason = "not every subject needs every part of the support"
)]

mod access_requests;
mod accounts;
mod api_keys;
mod attachments;
mod audit;
mod audit_archive;
mod audit_walk;
mod board_files;
mod board_lists;
mod boards;
mod comments;
mod conventions;
mod documents;
mod due_dates;
mod event_socket;
mod event_stream;
mod events;
mod external;
mod metrics;
mod moving;
mod notification_gateway;
mod notification_mails;
mod notification_rules;
mod notifications;
mod oauth;
mod projections;
mod push_subscriptions;
mod reminders;
mod revocation;
mod sessions;
#[path = "../support/mod.rs"]
mod support;
mod task_batches;
mod task_lists;
mod task_parts;
mod tasks;
mod tenancy;
mod visible;
mod webhook_failures;
mod webhook_messages;
mod webhook_nodes;
mod webhook_settings;
mod webhooks;
