//! What the vault promises.

use proptest::prelude::*;

use super::*;

fn company(id: &str) -> CompanyId {
    CompanyId::parse(id).unwrap()
}

fn vault() -> Vault {
    Vault::new(&Key::generate().unwrap())
}

#[test]
fn a_credential_that_was_sealed_opens() {
    let vault = vault();
    for credential in ["", "pat-na1-secret", "ä€🦀"] {
        let sealed = vault.seal(&company("acme"), VendorKind::HubSpot, credential).unwrap();
        let opened = vault.open(&company("acme"), VendorKind::HubSpot, &sealed).unwrap();
        assert_eq!(*opened, credential);
    }
}

#[test]
fn no_two_seals_of_a_credential_are_alike_and_none_shows_it() {
    let vault = vault();
    let seal = || vault.seal(&company("acme"), VendorKind::HubSpot, "pat-na1-secret").unwrap();
    let (first, second) = (seal(), seal());
    assert_ne!(first, second);
    assert!(!first.windows(6).any(|window| window == b"secret"));
}

#[test]
fn a_credential_of_one_company_does_not_open_for_another() {
    let vault = vault();
    let sealed = vault.seal(&company("acme"), VendorKind::HubSpot, "secret").unwrap();
    let opened = vault.open(&company("acme2"), VendorKind::HubSpot, &sealed);
    assert_eq!(opened.unwrap_err(), Error::Damaged);
}

#[test]
fn a_credential_that_another_key_sealed_is_refused_with_both_names() {
    let (old, new) = (vault(), vault());
    let sealed = old.seal(&company("acme"), VendorKind::HubSpot, "secret").unwrap();
    let error = new.open(&company("acme"), VendorKind::HubSpot, &sealed).unwrap_err();
    assert_eq!(error, Error::WrongKey { sealed_with: old.key_id(), in_use: new.key_id() });
    assert!(error.to_string().contains(&old.key_id().to_string()));
}

#[test]
fn credential_ids_tell_credentials_companies_and_keys_apart() {
    let vault = vault();
    let id = vault.credential_id(&company("acme"), "secret");
    assert_eq!(id.len(), 16);
    assert_eq!(id, vault.credential_id(&company("acme"), "secret"));
    assert_ne!(id, vault.credential_id(&company("acme"), "Secret"));
    assert_ne!(id, vault.credential_id(&company("acme2"), "secret"));
    assert_ne!(id, self::vault().credential_id(&company("acme"), "secret"));
}

#[test]
fn fingerprints_are_equal_for_equal_bytes_under_one_key() {
    let vault = vault();
    assert_eq!(vault.fingerprint(b"a"), vault.fingerprint(b"a"));
    assert_ne!(vault.fingerprint(b"a"), vault.fingerprint(b"b"));
    assert_ne!(vault.fingerprint(b"a"), self::vault().fingerprint(b"a"));
}

#[test]
fn debug_shows_no_secret() {
    let key = Key::generate().unwrap();
    let shown = format!("{:?}", Vault::new(&key));
    assert_eq!(shown, format!("Vault {{ key_id: {}, .. }}", key.id()));
}

#[test]
fn a_key_gives_the_same_vault_again() {
    let key = Key::generate().unwrap();
    let sealed = Vault::new(&key).seal(&company("acme"), VendorKind::HubSpot, "secret").unwrap();
    let again = Vault::new(&Key::parse(&key.to_text()).unwrap());
    assert_eq!(*again.open(&company("acme"), VendorKind::HubSpot, &sealed).unwrap(), "secret");
}

proptest! {
    #[test]
    fn a_change_of_any_one_byte_is_noticed(credential in "\\PC{0,40}", change in 1_u8..) {
        let vault = vault();
        let sealed = vault.seal(&company("acme"), VendorKind::HubSpot, &credential).unwrap();
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= change;
            let opened = vault.open(&company("acme"), VendorKind::HubSpot, &changed);
            prop_assert!(opened.is_err(), "byte {position}");
        }
        for length in 0..sealed.len() {
            let opened = vault.open(&company("acme"), VendorKind::HubSpot, &sealed[..length]);
            prop_assert!(opened.is_err(), "cut to {length}");
        }
    }

    #[test]
    fn bytes_that_nobody_sealed_do_not_open(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(vault().open(&company("acme"), VendorKind::HubSpot, &bytes).is_err());
    }
}
