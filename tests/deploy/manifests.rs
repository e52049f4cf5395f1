//! The manifests of Kubernetes, as each overlay makes them.

use serde_json::Value;
use tokio::sync::OnceCell;

use crate::documents;
use crate::image::Image;
use crate::objects::{Objects, selects};
use crate::program::{self, Environment};

/// A key as `gomark key generate` makes them.
const KEY: &str = "gmk1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Overlays that are meant to serve somebody.
const SERVING: [&str; 3] = ["production", "aws", "gcp"];

/// What an overlay makes.
#[derive(Debug)]
struct Overlay {
    name: &'static str,
    objects: Objects,
    /// The secret of the processes: that of the overlay, or of the example with a key that can be used.
    secret: Value,
}

/// What each overlay makes, which takes a while; empty where nothing can make it.
async fn overlays() -> &'static [Overlay] {
    static MADE: OnceCell<Vec<Overlay>> = OnceCell::const_new();
    MADE.get_or_init(make).await
}

async fn make() -> Vec<Overlay> {
    let names = ["dev", "production", "aws", "gcp"];
    let folders = names.map(|name| format!("k8s/overlays/{name}"));
    let mut paths: Vec<_> = folders.iter().map(String::as_str).collect();
    paths.push("k8s/base/secret.example.yaml");
    let Some(mut made) = documents(&paths).await else { return Vec::new() };
    let mut example = made.pop().unwrap().swap_remove(0);
    let key = &mut example["stringData"]["GOMARK_KEY"];
    assert_eq!(*key, "gmk1_PLACEHOLDER");
    *key = KEY.into();
    let overlay = |(name, objects)| {
        let objects = Objects(objects);
        let secret = objects.of_kind("Secret").next().map_or(example.clone(), decoded);
        Overlay { name, objects, secret }
    };
    names.into_iter().zip(made).map(overlay).collect()
}

/// A secret as kustomize makes it, in plain.
fn decoded(secret: &Value) -> Value {
    use base64::Engine as _;
    let plain = secret["data"].as_object().unwrap().iter().map(|(name, value)| {
        let engine = base64::engine::general_purpose::STANDARD;
        // Long ones are broken into lines.
        let value = value.as_str().unwrap().replace('\n', "");
        let value = engine.decode(value).unwrap();
        (name.clone(), Value::from(String::from_utf8(value).unwrap()))
    });
    serde_json::json!({ "stringData": plain.collect::<serde_json::Map<_, _>>() })
}

#[tokio::test]
async fn processes_are_told_what_the_program_understands() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens.toml");
    let hash = "0".repeat(64);
    let caller = format!("[[caller]]\nactor=\"a\"\ncompanies=[\"*\"]\ntoken_sha256=\"{hash}\"\n");
    std::fs::write(&tokens, caller).unwrap();
    for Overlay { name: overlay, objects, secret } in overlays().await {
        let programs = objects.programs();
        let names: Vec<_> = programs.iter().map(|one| one.name().to_owned()).collect();
        for wanted in ["gomark-api", "gomark-executor", "gomark-migrate"] {
            assert!(names.iter().any(|name| name == wanted), "{overlay}: {names:?}");
        }
        for program in programs {
            let command = program.command();
            program::assert_command(&command);
            let mut environment = program.environment(objects, secret);
            if let Some(path) = environment.get_mut("GOMARK_TOKENS") {
                let mounts = &program.container()["volumeMounts"];
                assert!(path.starts_with(mounts[0]["mountPath"].as_str().unwrap()), "{path}");
                *path = tokens.display().to_string();
            }
            let image = Image::read().environment;
            program::assert_settings(&command, &image, &environment);
        }
    }
}

#[tokio::test]
async fn probes_ask_where_processes_listen_and_liveness_asks_no_database() {
    for Overlay { name: overlay, objects, secret } in overlays().await {
        for program in objects.programs().into_iter().filter(|one| one.command()[0] == "serve") {
            let told = program.environment(objects, secret);
            let listens = |name: &str| told[name].rsplit(':').next().unwrap().parse().unwrap();
            let (grpc, http): (u64, u64) =
                (listens("GOMARK_LISTEN"), listens("GOMARK_HTTP_LISTEN"));
            assert_eq!(program.ports(), [("grpc", grpc), ("http", http)].into(), "{overlay}");
            let container = program.container();
            for (probe, service) in [
                ("startupProbe", Some("gomark.live")),
                ("livenessProbe", Some("gomark.live")),
                ("readinessProbe", None),
            ] {
                let asks = &container[probe]["grpc"];
                assert_eq!(asks["port"], grpc, "{overlay} {probe}");
                assert_eq!(asks["service"].as_str(), service, "{overlay} {probe}");
            }
            let scraped = &program.object["spec"]["template"]["metadata"]["annotations"];
            assert_eq!(scraped["prometheus.io/port"], http.to_string());
        }
    }
}

#[tokio::test]
async fn a_process_has_the_time_to_end() {
    for Overlay { name: overlay, objects, secret } in overlays().await {
        for program in objects.programs().into_iter().filter(|one| one.command()[0] == "serve") {
            let told = program.environment(objects, secret);
            let takes: u64 = ["GOMARK_SHUTDOWN_GRACE", "GOMARK_DRAIN_DELAY"]
                .iter()
                .filter_map(|name| told.get(*name))
                .map(|text| gomark::config::parse_duration(text).unwrap().as_secs())
                .sum();
            let given = program.pod["terminationGracePeriodSeconds"].as_u64().unwrap();
            assert!(takes >= 20 && given > takes, "{overlay}: {takes} of {given} seconds");
        }
    }
}

#[tokio::test]
async fn whatever_selects_selects_something() {
    for Overlay { name: overlay, objects, .. } in overlays().await {
        let workloads = objects.workloads();
        for workload in &workloads {
            let selector = &workload.object["spec"]["selector"];
            let own = selector.is_null() || selects(selector, workload.labels);
            assert!(own, "{overlay}: {}", workload.name());
            for spread in workload.pod["topologySpreadConstraints"].as_array().into_iter().flatten()
            {
                assert!(selects(&spread["labelSelector"], workload.labels), "{spread}");
            }
        }
        for (kind, selector) in [
            ("Service", "selector"),
            ("PodDisruptionBudget", "selector"),
            ("NetworkPolicy", "podSelector"),
        ] {
            for object in objects.of_kind(kind) {
                let selector = &object["spec"][selector];
                let mut found =
                    workloads.iter().filter(|one| selects(selector, one.labels)).peekable();
                assert!(found.peek().is_some(), "{overlay}: {kind} {}", object["metadata"]["name"]);
                for port in object["spec"]["ports"].as_array().into_iter().flatten() {
                    let name = port["targetPort"].as_str().unwrap();
                    assert!(found.clone().all(|one| one.ports().contains_key(name)), "{port}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_scaled_is_there() {
    for Overlay { name: overlay, objects, .. } in overlays().await {
        let scalers: Vec<_> = objects.of_kind("HorizontalPodAutoscaler").collect();
        assert_eq!(scalers.len(), 2, "{overlay}");
        for scaler in scalers {
            let target = &scaler["spec"]["scaleTargetRef"];
            let scaled = objects.named(target["kind"].as_str().unwrap(), &target["name"]);
            let scaled = scaled.expect("what is scaled");
            assert!(scaled["spec"]["replicas"].is_null(), "a rollout would undo the scaling");
            if SERVING.contains(overlay) {
                assert_eq!(scaler["spec"]["minReplicas"], 3);
                assert_eq!(scaler["spec"]["maxReplicas"], 10);
            }
        }
        let metric = objects
            .of_kind("HorizontalPodAutoscaler")
            .find_map(|scaler| scaler["spec"]["metrics"][0]["external"]["metric"]["name"].as_str());
        let source = include_str!("../../src/metrics.rs");
        let name = metric.unwrap().strip_prefix("gomark_").unwrap();
        assert!(source.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[tokio::test]
async fn no_process_has_rights_that_it_does_not_need() {
    for Overlay { name: overlay, objects, .. } in overlays().await {
        for workload in objects.workloads() {
            let name = format!("{overlay} {}", workload.name());
            let pod = &workload.pod["securityContext"];
            assert_eq!(pod["runAsNonRoot"], true, "{name}");
            assert_eq!(pod["seccompProfile"]["type"], "RuntimeDefault", "{name}");
            assert_eq!(workload.pod["automountServiceAccountToken"], false, "{name}");
            let container = workload.container();
            let own = &container["securityContext"];
            assert_eq!(own["allowPrivilegeEscalation"], false, "{name}");
            assert_eq!(own["capabilities"]["drop"], serde_json::json!(["ALL"]), "{name}");
            // RabbitMQ writes its configuration beside its program.
            assert_eq!(own["readOnlyRootFilesystem"] == true, workload.name() != "rabbitmq");
            assert!(container["resources"]["limits"]["memory"].is_string(), "{name}");
            let image = container["image"].as_str().unwrap();
            assert!(image.rsplit('/').next().unwrap().contains(':'), "{name}: {image}");
        }
    }
}

#[tokio::test]
async fn every_way_in_leads_to_a_service() {
    for Overlay { name: overlay, objects, .. } in overlays().await {
        let leads = |name: &Value, port: &Value| {
            let service = objects.named("Service", name).expect("the service");
            let mut ports = service["spec"]["ports"].as_array().unwrap().iter();
            assert!(
                ports.any(|one| one["name"] == *port || one["port"] == *port),
                "{overlay} {port}"
            );
        };
        let mut ways = 0;
        for ingress in objects.of_kind("Ingress") {
            for path in ingress["spec"]["rules"][0]["http"]["paths"].as_array().unwrap() {
                let to = &path["backend"]["service"];
                leads(&to["name"], &to["port"]["name"]);
                ways += 1;
            }
        }
        for route in objects.of_kind("HTTPRoute") {
            for rule in route["spec"]["rules"].as_array().unwrap() {
                leads(&rule["backendRefs"][0]["name"], &rule["backendRefs"][0]["port"]);
                ways += 1;
            }
            let gateway = &route["spec"]["parentRefs"][0]["name"];
            assert!(objects.named("Gateway", gateway).is_some());
        }
        for policy in objects.0.iter().filter(|object| object["spec"]["targetRef"].is_object()) {
            let target = &policy["spec"]["targetRef"];
            assert!(objects.named("Service", &target["name"]).is_some(), "{target}");
        }
        assert_eq!(ways > 0, SERVING.contains(overlay), "{overlay}");
    }
}

#[tokio::test]
async fn no_secret_is_kept_in_a_manifest() {
    for Overlay { name: overlay, objects, .. } in overlays().await {
        let secrets = objects.of_kind("Secret").count();
        assert_eq!(secrets, usize::from(!SERVING.contains(overlay)), "{overlay}");
        for object in objects.of_kind("ConfigMap") {
            let told: Environment = serde_json::from_value(object["data"].clone()).unwrap();
            for secret in ["GOMARK_KEY", "DATABASE_URL", "REDIS_URL", "AMQP_URL"] {
                assert!(!told.contains_key(secret), "{overlay}: {secret}");
            }
        }
    }
}
