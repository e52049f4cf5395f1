//! `gomark sandbox edit`: does what somebody might do in HubSpot's own screen.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Map, Value, json};

/// How long the stand-in may take to answer.
const BOUND: Duration = Duration::from_secs(30);

/// Edits a portal of a running stand-in as somebody would in HubSpot's own screen.
///
/// No API call is made of it: it meets no limit and no fault, and is not logged. Histories and
/// `updatedUserId` name the user.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What is edited
    #[arg(value_enum)]
    kind: Kind,

    /// What is done with it
    #[arg(value_enum)]
    action: Action,

    /// The name of the property or group, or the number of the deal
    name: String,

    /// What to set, as `attribute=value`: attributes of a definition (`label=Tier`), or values of a
    /// deal (`amount=12`). A value that is JSON is taken as such in definitions
    #[arg(value_name = "ATTRIBUTE=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,

    /// A token that opens the portal
    #[arg(long, value_name = "TOKEN", required_unless_present = "portal")]
    token: Option<String>,

    /// The number of the portal
    #[arg(long, value_name = "NUMBER")]
    portal: Option<u32>,

    /// The number of the user who does it
    #[arg(long, default_value = "1001", value_name = "NUMBER")]
    user: String,

    /// The address by which histories call the user
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,

    /// Where the stand-in listens
    #[arg(long, default_value = "http://127.0.0.1:8090", value_name = "URL")]
    url: String,
}

const EXAMPLES: &str = "\
Examples:
  gomark sandbox edit property patch tier label='Changed by hand' --token demo-portal-1
  gomark sandbox edit deal patch 5000001 amount=12 --token demo-portal-1 --user 42";

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Property,
    Group,
    Deal,
    /// What may be changed about a property (`readOnlyDefinition=true`)
    Metadata,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Action {
    Create,
    Patch,
    Archive,
    /// Brings an archived property back as it was
    Restore,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Property => "property",
            Self::Group => "group",
            Self::Deal => "deal",
            Self::Metadata => "metadata",
        }
    }
}

impl Action {
    fn method(self) -> &'static str {
        match self {
            Self::Create => "POST",
            Self::Patch => "PATCH",
            Self::Archive => "DELETE",
            Self::Restore => "RESTORE",
        }
    }
}

fn assignment(written: &str) -> Result<(String, String), String> {
    let (attribute, value) = written.split_once('=').ok_or("there is no = in it")?;
    Ok((attribute.to_owned(), value.to_owned()))
}

/// Makes the edit and prints what it left behind.
///
/// # Errors
///
/// Fails when the stand-in cannot be reached or refuses the edit.
pub async fn run(args: Args) -> io::Result<()> {
    let http = reqwest::Client::builder().no_proxy().timeout(BOUND).build();
    let url = format!("{}/_sandbox/edit", args.url.trim_end_matches('/'));
    let request = http.map_err(io::Error::other)?.post(url).json(&asked(args));
    let answer = request.send().await.map_err(io::Error::other)?;
    let status = answer.status();
    let text = answer.text().await.map_err(io::Error::other)?;
    if !status.is_success() {
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let said = body.get("error").and_then(Value::as_str).unwrap_or(&text);
        return Err(io::Error::other(format!("it refused the edit ({status}): {said}")));
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{}", if text.is_empty() { "done" } else { &text })
}

/// Writes the edit as the stand-in takes it.
fn asked(args: Args) -> Value {
    let set = args.set.into_iter();
    let body = if args.kind == Kind::Deal {
        // Values of deals are texts, whatever they look like.
        let values: Map<String, Value> =
            set.map(|(property, value)| (property, Value::String(value))).collect();
        json!({ "properties": values })
    } else {
        set.map(|(attribute, value)| {
            let read = serde_json::from_str(&value).unwrap_or(Value::String(value));
            (attribute, read)
        })
        .collect::<Map<String, Value>>()
        .into()
    };
    let mut asked = json!({
        "kind": args.kind.name(),
        "method": args.action.method(),
        "name": args.name,
        "user_id": args.user,
        "body": body,
    });
    if let Some(asked) = asked.as_object_mut() {
        let optional = [
            ("portal_id", args.portal.map(Value::from)),
            ("token", args.token.map(Value::from)),
            ("email", args.email.map(Value::from)),
        ];
        asked.extend(optional.into_iter().filter_map(|(key, value)| Some((key.into(), value?))));
    }
    asked
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::clock::SystemClock;
    use crate::sandbox::{Config, Sandbox};
    use crate::supervisor::Supervisor;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    fn asked_by(words: &[&str]) -> Value {
        let words = ["edit"].iter().chain(words);
        asked(Command::try_parse_from(words).unwrap().args)
    }

    #[test]
    fn attributes_of_a_definition_are_json_where_they_look_like_it() {
        let words = ["property", "patch", "tier", "label=Changed", "hidden=true", "--portal", "7"];
        assert_eq!(
            asked_by(&words),
            json!({
                "kind": "property", "method": "PATCH", "name": "tier", "user_id": "1001",
                "portal_id": 7, "body": { "label": "Changed", "hidden": true },
            })
        );
    }

    #[tokio::test]
    async fn an_edit_reaches_the_portal_of_a_token_or_fails_with_what_was_said() {
        let supervisor = Supervisor::new();
        let config = Config { deals: 1, ..Config::default() };
        let running = Sandbox::start(config, &supervisor, SystemClock::shared()).await.unwrap();
        let url = running.base_url();
        let edit = async |words: &[&str]| {
            let place = ["--token", "a-portal-of-a-test", "--url", &url];
            let words = ["edit"].iter().chain(words).chain(&place);
            run(Command::try_parse_from(words).unwrap().args).await
        };
        edit(&["property", "create", "tier", "label=Tier", "type=string", "fieldType=text"])
            .await
            .expect_err("a group is missing");
        edit(&["group", "create", "sales", "label=Sales"]).await.unwrap();
        let tier = ["label=Tier", "type=string", "fieldType=text", "groupName=sales"];
        edit(&[&["property", "create", "tier"], &tier[..]].concat()).await.unwrap();
        edit(&["metadata", "patch", "tier", "archivable=false"]).await.unwrap();
        let refused = edit(&["property", "archive", "tier"]).await.unwrap_err();
        assert!(refused.to_string().contains("cannot be archived"), "{refused}");
        edit(&["deal", "patch", "5000001", "tier=gold", "amount=12"]).await.unwrap();
        assert!(supervisor.shutdown(BOUND).await, "the sandbox stops when told");
    }

    #[test]
    fn values_of_a_deal_are_texts() {
        let words = ["deal", "patch", "5000001", "amount=12", "--token", "a-token", "--user", "42"];
        let asked = asked_by(&words);
        assert_eq!(asked["body"], json!({ "properties": { "amount": "12" } }));
        assert_eq!((&asked["user_id"], &asked["token"]), (&json!("42"), &json!("a-token")));
    }
}
