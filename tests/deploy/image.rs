//! The image: what its Dockerfile says.

use std::path::Path;

use crate::program::{self, Environment};

/// What processes of the image are told, unless they are told something else.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) environment: Environment,
    pub(crate) entrypoint: Vec<String>,
    pub(crate) command: Vec<String>,
    /// The command that asks a process how it is.
    pub(crate) health: Vec<String>,
    user: String,
    ports: Vec<String>,
}

impl Image {
    /// Reads the last stage of the Dockerfile.
    pub(crate) fn read() -> Self {
        let text = std::fs::read_to_string("Dockerfile").unwrap().replace("\\\n", " ");
        let last = text.rsplit("\nFROM ").next().unwrap();
        let of = |instruction: &str| {
            let line = last.lines().find_map(|line| line.strip_prefix(instruction));
            line.unwrap_or_else(|| panic!("{instruction}")).trim()
        };
        let json = |text: &str| serde_json::from_str::<Vec<String>>(text.trim()).unwrap();
        let pairs = of("ENV ").split_whitespace().map(|pair| pair.split_once('=').unwrap());
        Self {
            environment: pairs.map(|(name, value)| (name.into(), value.into())).collect(),
            entrypoint: json(of("ENTRYPOINT ")),
            command: json(of("CMD ")),
            health: json(of("HEALTHCHECK ").split_once("CMD ").unwrap().1),
            user: of("USER ").to_owned(),
            ports: of("EXPOSE ").split_whitespace().map(ToOwned::to_owned).collect(),
        }
    }
}

#[test]
fn the_image_runs_the_program_as_somebody_without_rights() {
    let image = Image::read();
    let [program] = &image.entrypoint[..] else { panic!("{image:?}") };
    assert!(program.ends_with("/gomark"), "{program}");
    assert_eq!(image.user, "65532:65532");
    program::assert_command(&image.command);
    assert_eq!(image.health.first(), Some(program));
    program::assert_command(&image.health[1..]);
    let listens = ["GOMARK_LISTEN", "GOMARK_HTTP_LISTEN"];
    let ports = listens.map(|name| image.environment[name].rsplit(':').next().unwrap().to_owned());
    assert_eq!(image.ports, ports);
}

#[test]
fn an_image_that_is_told_nothing_does_not_serve_everybody() {
    let image = Image::read();
    let faults = program::check(&[], &image.environment).unwrap_err();
    assert!(faults.contains("is reached from other machines"), "{faults}");
}

#[test]
fn what_the_program_is_built_of_gets_into_the_image() {
    let ignored = std::fs::read_to_string(".dockerignore").unwrap();
    let lines: Vec<_> = ignored.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines[0], "*");
    for line in &lines[1..] {
        let path = line.strip_prefix('!').expect("what is let through");
        assert!(Path::new(path).exists(), "{path}");
    }
    let let_through = |path: &str| lines[1..].iter().any(|line| path.starts_with(&line[1..]));
    for needed in [
        "Cargo.toml",
        "Cargo.lock",
        "build.rs",
        "src/main.rs",
        "sdk/src/lib.rs",
        "proto/gomark/v1/config_service.proto",
        "migrations/postgres/0001_initial.sql",
        "docs/http-openapi.yaml",
    ] {
        assert!(let_through(needed), "{needed}");
    }
    for unwanted in ["target/debug/gomark", ".git/config", "gomark.db", "tests/deploy/main.rs"] {
        assert!(!let_through(unwanted), "{unwanted}");
    }
}
