//! Appends that may wait for others: each of these tests would wait for an hour if nobody fetched them.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{join, join_all};
use weft_storage::Seq;

use crate::support::{Bed, append, load, new_id};

const HOUR: Duration = Duration::from_secs(3_600);

fn one(number: usize) -> (String, Bytes) {
    (format!("patient-{number}"), Bytes::from(format!("edit {number}")))
}

pub(crate) async fn an_urgent_append_takes_the_patient_along(bed: Bed) {
    let storage = bed.open().await;
    let log = storage.log();
    let patient = join_all((0..5).map(|number| async move {
        let (name, edit) = one(number);
        log.append_within(append(new_id(), &name, Seq::ZERO, &[edit]), HOUR)
            .await
    }));
    let urgent = async {
        let (name, edit) = one(5);
        log.append(append(new_id(), &name, Seq::ZERO, &[edit])).await
    };
    let (patient, urgent) = join(patient, urgent).await;
    assert_eq!(urgent.unwrap(), Seq(1));
    assert!(patient.into_iter().all(|answer| answer.unwrap() == Seq(1)));
    assert!(storage.stats().commits <= 2, "they shared a commit");
    for number in 0..6 {
        let (name, edit) = one(number);
        let stored = load(&storage, &name).await.unwrap().unwrap();
        assert_eq!(stored.tail[0].bytes, edit);
    }
    storage.close().await;
}

pub(crate) async fn whoever_hurries_is_not_kept_waiting(bed: Bed) {
    let storage = bed.open().await;
    let log = storage.log();
    let id = new_id();
    for head in 0..3 {
        let (_, edit) = one(head);
        let patient = log.append_within(append(id, "hurried", Seq(head as u64), &[edit]), HOUR);
        let (answer, ()) = join(patient, async { log.hurry() }).await;
        assert_eq!(answer.unwrap(), Seq(head as u64 + 1));
    }
    storage.close().await;
}

pub(crate) async fn closing_does_not_wait_for_company(bed: Bed) {
    let storage = bed.open().await;
    let log = storage.log();
    let (name, edit) = one(0);
    let patient = log.append_within(
        append(new_id(), &name, Seq::ZERO, std::slice::from_ref(&edit)),
        HOUR,
    );
    let (answer, ()) = join(patient, storage.close()).await;
    assert_eq!(answer.unwrap(), Seq(1));
    let storage = bed.open().await;
    let stored = load(&storage, &name).await.unwrap().unwrap();
    assert_eq!(stored.tail[0].bytes, edit);
    storage.close().await;
}
