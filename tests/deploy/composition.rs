//! The composition: what docker-compose.yml says.

use serde_json::{Map, Value};

use crate::documents;
use crate::image::Image;
use crate::program::{self, Environment};

/// The services, by their names.
#[derive(Debug)]
pub(crate) struct Composition(Map<String, Value>);

impl Composition {
    /// Reads it; `None` where nothing can.
    pub(crate) async fn read() -> Option<Self> {
        let documents = documents(&["docker-compose.yml"]).await?;
        Some(Self(documents[0][0]["services"].as_object().unwrap().clone()))
    }

    pub(crate) fn services(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, service)| (name.as_str(), service))
    }

    /// The services that run the program.
    fn programs(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.services().filter(|(_, service)| service["image"] == "gomark")
    }
}

/// The words of a service's command, those of the image where it has none.
pub(crate) fn command(service: &Value, image: &Image) -> Vec<String> {
    match service["command"].as_array() {
        Some(words) => words.iter().map(|word| word.as_str().unwrap().to_owned()).collect(),
        None => image.command.clone(),
    }
}

/// What a service is told, with the defaults of what the caller's environment may change.
pub(crate) fn environment(service: &Value) -> Environment {
    let told = service["environment"].as_object().into_iter().flatten();
    told.map(|(name, value)| {
        let value = value.as_str().unwrap();
        let default = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let value = default.map_or(value, |default| default.split_once(":-").unwrap().1);
        (name.clone(), value.to_owned())
    })
    .collect()
}

/// What a service waits for, and until when.
pub(crate) fn waits_for(service: &Value) -> impl Iterator<Item = (&str, &str)> {
    let conditions = service["depends_on"].as_object().into_iter().flatten();
    conditions.map(|(name, how)| (name.as_str(), how["condition"].as_str().unwrap()))
}

#[tokio::test]
async fn services_are_told_what_the_program_understands() {
    let Some(composition) = Composition::read().await else { return };
    let image = Image::read();
    let mut roles = Vec::new();
    for (_, service) in composition.programs() {
        let command = command(service, &image);
        let told = environment(service);
        program::assert_command(&command);
        program::assert_settings(&command, &image.environment, &told);
        roles.extend(told.get("GOMARK_ROLE").cloned());
    }
    roles.sort();
    assert_eq!(roles, ["api", "api", "executor", "executor"]);
}

#[tokio::test]
async fn services_wait_for_services_that_can_become_what_is_waited_for() {
    let Some(composition) = Composition::read().await else { return };
    for (name, service) in composition.services() {
        for (other, condition) in waits_for(service) {
            let other = composition.0.get(other).unwrap_or_else(|| panic!("{name}: {other}"));
            match condition {
                // The image says how the program is asked.
                "service_healthy" => {
                    let asked =
                        other["healthcheck"]["test"].is_array() || other["image"] == "gomark";
                    assert!(asked && other["healthcheck"]["disable"] != true, "{name}");
                }
                "service_completed_successfully" => {
                    assert!(other["restart"].as_str().unwrap().starts_with("on-failure"), "{name}");
                }
                started => assert_eq!(started, "service_started"),
            }
        }
    }
}

#[tokio::test]
async fn services_reach_each_other_by_their_names() {
    let Some(composition) = Composition::read().await else { return };
    let host_and_port = |text: &str| {
        let after = text.rsplit(['@', '/']).find(|part| part.contains(':'))?;
        let (host, port) = after.split_once(':')?;
        port.parse::<u16>().is_ok().then(|| host.to_owned())
    };
    let mut reached = 0;
    for (name, service) in composition.services() {
        for (variable, value) in environment(service) {
            let Some(host) = host_and_port(&value).filter(|host| host != "0.0.0.0") else {
                continue;
            };
            assert!(composition.0.contains_key(&host), "{name}: {variable}={value}");
            reached += 1;
        }
    }
    assert!(reached >= 20, "{reached}");
}

#[tokio::test]
async fn nothing_is_open_to_other_machines_or_has_rights_that_it_does_not_need() {
    let Some(composition) = Composition::read().await else { return };
    for (name, service) in composition.services() {
        for port in service["ports"].as_array().into_iter().flatten() {
            assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{name}: {port}");
        }
        let hardened = service["security_opt"].as_array().unwrap();
        assert!(hardened.iter().any(|option| option == "no-new-privileges:true"), "{name}");
        assert!(service["deploy"]["resources"]["limits"]["memory"].is_string(), "{name}");
        assert!(service["restart"].is_string(), "{name}");
        // RabbitMQ writes its configuration beside its program.
        assert_eq!(service["read_only"] == true, name != "rabbitmq", "{name}");
    }
    for (name, service) in composition.programs() {
        assert_eq!(service["cap_drop"], serde_json::json!(["ALL"]), "{name}");
    }
}
