//! Objects of Kubernetes, as far as they are looked into here.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::program::Environment;

pub(crate) type Labels = Map<String, Value>;

/// All objects of an overlay.
#[derive(Debug)]
pub(crate) struct Objects(pub(crate) Vec<Value>);

/// An object with pods, and what is in them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload<'a> {
    pub(crate) object: &'a Value,
    pub(crate) pod: &'a Value,
    pub(crate) labels: &'a Labels,
}

impl Objects {
    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |object| object["kind"] == kind)
    }

    /// The object of a kind and a name.
    pub(crate) fn named<'a>(&'a self, kind: &'a str, name: &Value) -> Option<&'a Value> {
        self.of_kind(kind).find(|object| object["metadata"]["name"] == *name)
    }

    pub(crate) fn workloads(&self) -> Vec<Workload<'_>> {
        let with_pods = self.0.iter().filter(|object| object["spec"]["template"].is_object());
        with_pods
            .map(|object| {
                let template = &object["spec"]["template"];
                let labels = template["metadata"]["labels"].as_object().unwrap();
                Workload { object, pod: &template["spec"], labels }
            })
            .collect()
    }

    /// Those of the program itself.
    pub(crate) fn programs(&self) -> Vec<Workload<'_>> {
        let is_ours = |workload: &Workload<'_>| {
            let image = workload.container()["image"].as_str().unwrap();
            image.rsplit('/').next().unwrap().starts_with("gomark")
        };
        self.workloads().into_iter().filter(is_ours).collect()
    }
}

impl Workload<'_> {
    pub(crate) fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap()
    }

    /// Its one container.
    pub(crate) fn container(&self) -> &Value {
        let containers = self.pod["containers"].as_array().unwrap();
        assert_eq!(containers.len(), 1, "{}", self.name());
        &containers[0]
    }

    pub(crate) fn command(&self) -> Vec<String> {
        let words = self.container()["args"].as_array().unwrap();
        words.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    /// The ports by their names.
    pub(crate) fn ports(&self) -> BTreeMap<&str, u64> {
        let ports = self.container()["ports"].as_array().into_iter().flatten();
        ports
            .map(|port| (port["name"].as_str().unwrap(), port["containerPort"].as_u64().unwrap()))
            .collect()
    }

    /// What its container finds in its environment; `secret` gives what no manifest holds.
    pub(crate) fn environment(&self, objects: &Objects, secret: &Value) -> Environment {
        let mut found = Environment::new();
        let mut add = |name: &str, value: &Value| {
            found.insert(name.to_owned(), value.as_str().unwrap().to_owned());
        };
        let data = |of: &Value| of.as_object().cloned().unwrap();
        let container = self.container();
        for from in container["envFrom"].as_array().into_iter().flatten() {
            let values = match (&from["configMapRef"]["name"], &from["secretRef"]["name"]) {
                (Value::String(_), _) => {
                    let name = &from["configMapRef"]["name"];
                    data(&objects.named("ConfigMap", name).expect("the settings")["data"])
                }
                _ => data(&secret["stringData"]),
            };
            values.iter().for_each(|(name, value)| add(name, value));
        }
        for one in container["env"].as_array().into_iter().flatten() {
            let name = one["name"].as_str().unwrap();
            match &one["valueFrom"]["secretKeyRef"]["key"] {
                Value::String(key) => add(name, &secret["stringData"][key]),
                _ => add(name, &one["value"]),
            }
        }
        found
    }
}

/// Tells whether a selector means something with these labels.
pub(crate) fn selects(selector: &Value, labels: &Labels) -> bool {
    let wanted = selector.get("matchLabels").unwrap_or(selector).as_object().unwrap();
    !wanted.is_empty() && wanted.iter().all(|(name, value)| labels.get(name) == Some(value))
}
