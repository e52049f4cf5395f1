//! Between the model's fields and cadences and the API's.

use gomark_sdk::v1::{Cadence, Config, Field, FieldOption};
use gomark_sdk::{Client, Error, Mutate, cadences, fields};

use crate::history::{Ask, Definition, Fields, Mutation, Patch, is_cadence};

fn option(choice: &str) -> FieldOption {
    FieldOption { label: choice.to_owned(), value: choice.to_owned(), ..FieldOption::default() }
}

fn field(name: &str, definition: &Definition) -> Field {
    let label = definition.label.clone();
    let typed = match name.split('_').next() {
        Some("choice") => fields::select::<&str, &str>(label, []),
        Some("number") => fields::number(label),
        _ => fields::text(label),
    };
    Field {
        name: name.to_owned(),
        description: definition.description.clone(),
        default_value: definition.default_value.clone(),
        options: definition.choices.iter().map(|choice| option(choice)).collect(),
        ..typed
    }
}

/// A field as the model knows it.
pub(crate) fn definition(field: Field) -> Definition {
    Definition {
        label: field.label,
        description: field.description,
        default_value: field.default_value,
        choices: field.options.into_iter().map(|option| option.value).collect(),
    }
}

/// A cadence as the model knows it.
pub(crate) fn of_cadence(cadence: Cadence) -> Definition {
    let email = cadence.steps.into_iter().next().and_then(|step| step.template);
    let description = email.map(|email| email.body).unwrap_or_default();
    Definition { label: cadence.name, description, ..Definition::default() }
}

fn cadence(id: &str, definition: &Definition) -> Cadence {
    let steps = [cadences::email("Hello", &definition.description)];
    Cadence { cadence_id: id.to_owned(), ..cadences::cadence(&definition.label, steps) }
}

pub(crate) fn fields_of(config: Config) -> Fields {
    let fields = config.fields.into_iter().map(|field| (field.name.clone(), definition(field)));
    let cadences = config.cadences.into_iter();
    let cadences = cadences.map(|cadence| (cadence.cadence_id.clone(), of_cadence(cadence)));
    fields.chain(cadences).collect()
}

/// Sends a mutation of a company, whose portal is at `portal_url` and opens to `token`.
pub(crate) async fn send(
    client: &Client,
    company: &str,
    portal_url: &str,
    mutation: &Mutation,
) -> Result<gomark_sdk::Change, Error> {
    match &mutation.ask {
        Ask::Register(name) => {
            finish(client.register_company(company).display_name(name), mutation).await
        }
        Ask::Rename(name) => {
            finish(client.update_company(company).display_name(name), mutation).await
        }
        Ask::Connect => {
            let connect = client.connect_hubspot(company, crate::hubspot::token(company));
            finish(connect.base_url(portal_url).burst_per_10s(10_000), mutation).await
        }
        Ask::ConnectUpso => {
            let connect = client.connect_upso(company, crate::hubspot::token(company));
            finish(connect.base_url(portal_url), mutation).await
        }
        Ask::Disconnect => {
            let vendor = gomark_sdk::v1::Vendor::Hubspot;
            finish(client.disconnect_vendor(company, vendor), mutation).await
        }
        Ask::Add(name, definition) if is_cadence(name) => {
            finish(client.add_cadence(company, cadence(name, definition)), mutation).await
        }
        Ask::Modify(name, patch) if is_cadence(name) => {
            let modify = client.modify_cadence(company, name);
            let modify = match patch {
                Patch::Label(name) => {
                    modify.cadence(Cadence { name: name.clone(), ..Cadence::default() })
                }
                Patch::Description(text) => modify.template(text),
                Patch::DefaultValue(_) | Patch::Choices(_) => unreachable!("a cadence has none"),
            };
            finish(modify, mutation).await
        }
        Ask::Remove(name) if is_cadence(name) => {
            finish(client.remove_cadence(company, name), mutation).await
        }
        Ask::Add(name, definition) => {
            finish(client.add_field(company, field(name, definition)), mutation).await
        }
        Ask::Modify(name, patch) => {
            let mut field = Field::default();
            let path = match patch {
                Patch::Label(label) => {
                    field.label.clone_from(label);
                    "label"
                }
                Patch::Description(description) => {
                    field.description.clone_from(description);
                    "description"
                }
                Patch::DefaultValue(value) => {
                    field.default_value.clone_from(value);
                    "default_value"
                }
                Patch::Choices(choices) => {
                    field.options = choices.iter().map(|choice| option(choice)).collect();
                    "options"
                }
            };
            finish(client.modify_field(company, name, field).update_mask([path]), mutation).await
        }
        Ask::Remove(name) => finish(client.remove_field(company, name), mutation).await,
        Ask::Rollback(to) => finish(client.rollback(company, *to), mutation).await,
    }
}

async fn finish<M: gomark_sdk::Mutation>(
    call: Mutate<M>,
    mutation: &Mutation,
) -> Result<gomark_sdk::Change, Error> {
    let call = call.expected_revision(mutation.expected_revision).reason(mutation.reason());
    match mutation.id {
        Some(_) => call.request_id(mutation.request_id()).await,
        None => call.validate_only().await,
    }
}
