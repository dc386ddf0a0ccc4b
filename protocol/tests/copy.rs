//! A copy shows what the original does, and nothing is left out in silence.

use std::sync::Arc;

use weft_protocol::copy::{NotCopied, copy_maps};
use yrs::types::Attrs;
use yrs::{
    Any, Array, ArrayPrelim, Doc, GetString, Map, MapPrelim, MapRef, OffsetKind, Options, Out, ReadTxn,
    StateVector, Text, TextPrelim, Transact, Xml, XmlElementPrelim, XmlFragment, XmlFragmentPrelim,
    XmlTextPrelim,
};

fn document(client: u64) -> Doc {
    Doc::with_options(Options {
        client_id: yrs::ClientID::new(client),
        offset_kind: OffsetKind::Utf16,
        ..Options::default()
    })
}

fn original() -> Doc {
    let doc = document(1);
    let cards = doc.get_or_insert_map("cards");
    let mut txn = doc.transact_mut();
    let card: MapRef = cards.insert(&mut txn, "one", MapPrelim::default());
    // What follows its own last change leaves nothing behind; what follows another one does.
    for round in 0..200 {
        card.insert(&mut txn, "place", f64::from(round));
        card.insert(&mut txn, "lane", f64::from(round));
    }
    let title = card.insert(&mut txn, "title", TextPrelim::new("héllo 🎉"));
    title.format(
        &mut txn,
        0,
        2,
        Attrs::from([(Arc::from("bold"), Any::Bool(true))]),
    );
    title.remove_range(&mut txn, 2, 1);
    card.insert(&mut txn, "list", ArrayPrelim::from(["a", "b"]));
    let desc = card.insert(&mut txn, "desc", XmlFragmentPrelim::default());
    let heading = desc.insert(&mut txn, 0, XmlElementPrelim::empty("heading"));
    heading.insert_attribute(&mut txn, "level", Any::from(2.0));
    heading.insert_attribute(&mut txn, "open", Any::Bool(true));
    heading.insert_attribute(&mut txn, "id", "x");
    let text = heading.insert(&mut txn, 0, XmlTextPrelim::new("A heading"));
    text.format(
        &mut txn,
        2,
        7,
        Attrs::from([(Arc::from("link"), Any::from("https://example.org"))]),
    );
    drop(txn);
    doc
}

fn copy(from: &Doc) -> Result<Doc, NotCopied> {
    let to = document(2);
    copy_maps(&from.transact(), &mut to.transact_mut(), &["cards", "links"])?;
    Ok(to)
}

fn size(doc: &Doc) -> usize {
    doc.transact()
        .encode_state_as_update_v1(&StateVector::default())
        .len()
}

#[test]
fn a_copy_has_everything_but_the_past() {
    let original = original();
    // Seen from elsewhere, where roots have no types.
    let seen = document(3);
    let state = original
        .transact()
        .encode_state_as_update_v1(&StateVector::default());
    yrs::updates::decoder::Decode::decode_v1(&state)
        .map(|update| seen.transact_mut().apply_update(update).unwrap())
        .unwrap();
    let copied = copy(&seen).unwrap();
    assert!(
        size(&copied) * 2 < size(&original),
        "{} of {}",
        size(&copied),
        size(&original)
    );
    let txn = copied.transact();
    let vector = txn.state_vector();
    assert_eq!(vector.iter().count(), 1, "one client has written all of it");
    let Some(Out::YMap(card)) = txn.get_map("cards").unwrap().get(&txn, "one") else {
        panic!("a card")
    };
    let Some(Out::YText(title)) = card.get(&txn, "title") else {
        panic!("a title")
    };
    assert_eq!(title.get_string(&txn), "hélo 🎉");
    let Some(Out::YArray(list)) = card.get(&txn, "list") else {
        panic!("a list")
    };
    assert_eq!(list.len(&txn), 2);
    let Some(Out::YXmlFragment(desc)) = card.get(&txn, "desc") else {
        panic!("a description")
    };
    let heading = desc.get(&txn, 0).unwrap().into_xml_element().unwrap();
    assert_eq!(
        heading.get_attribute(&txn, "level"),
        Some(Out::Any(Any::from(2.0)))
    );
    assert_eq!(
        heading.get_attribute(&txn, "open"),
        Some(Out::Any(Any::Bool(true)))
    );
    assert_eq!(heading.get_attribute(&txn, "id"), Some(Out::Any(Any::from("x"))));
    assert_eq!(heading.attributes(&txn).count(), 3);
    let Some(Out::YXmlText(words)) = heading.get(&txn, 0).map(Out::from) else {
        panic!("a text")
    };
    assert_eq!(words.get_string(&txn), "A <link>heading</link>");
}

#[test]
fn what_cannot_be_copied_is_not_copied_in_part() {
    let unknown = original();
    let elsewhere = unknown.get_or_insert_map("elsewhere");
    elsewhere.insert(&mut unknown.transact_mut(), "key", 1);
    assert_eq!(copy(&unknown).unwrap_err(), NotCopied::UnknownRoot);

    let nested = original();
    let cards = nested.get_or_insert_map("cards");
    cards.insert(&mut nested.transact_mut(), "document", Doc::new());
    assert_eq!(copy(&nested).unwrap_err(), NotCopied::Subdocument);

    let embedding = original();
    let cards = embedding.get_or_insert_map("cards");
    let mut txn = embedding.transact_mut();
    let text = cards.insert(&mut txn, "text", TextPrelim::new("text"));
    text.insert_embed(&mut txn, 0, MapPrelim::default());
    drop(txn);
    assert_eq!(copy(&embedding).unwrap_err(), NotCopied::Different);
}
