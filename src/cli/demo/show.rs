//! What the demo prints.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;

use anstyle::{AnsiColor, Style};
use gomark_sdk::Listing;
use gomark_sdk::v1::{AuditEntry, Config, PreviewedStep};
use serde_json::{Value, json};

use super::{CADENCE, COMPANY, KEY, Outcome, TOKEN};
use crate::cli::table::{self, Tone};

/// How many entries of the audit log are shown.
const AUDIT_ROWS: usize = 6;

/// Prints the heading of a step.
pub(super) fn step(text: &str) -> io::Result<()> {
    styled(Style::new().bold(), &format!("\n{text}"))
}

/// Prints a line of a step.
pub(super) fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "  {text}")
}

/// Prints good news.
pub(super) fn good(text: &str) -> Outcome<()> {
    Ok(styled(AnsiColor::Green.on_default(), &format!("  {text}"))?)
}

fn styled(style: Style, text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    match out.is_terminal() {
        true => writeln!(out, "{style}{text}{style:#}"),
        false => writeln!(out, "{text}"),
    }
}

/// Prints the latest entries of an audit log.
pub(super) async fn audit<R>(mut entries: Listing<R>) -> Outcome<()>
where
    R: gomark_sdk::ListRequest<Item = AuditEntry>,
{
    let mut rows = Vec::new();
    for _ in 0..AUDIT_ROWS {
        let Some(entry) = entries.next().await.transpose()? else { break };
        let hash: String = entry.hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let action = entry.action().as_str_name().trim_start_matches("AUDIT_ACTION_");
        let row = [
            entry.revision.to_string(),
            action.to_lowercase(),
            entry.actor,
            entry.reason,
            format!("{hash}…"),
        ];
        rows.push(row.map(|text| (text, Tone::Plain)).into());
    }
    Ok(table::print(&["Revision", "Action", "Actor", "Reason", "Hash"], &rows)?)
}

/// Prints what the steps of a cadence come to.
pub(super) fn calendar(steps: &[PreviewedStep]) -> io::Result<()> {
    let row = |step: &PreviewedStep| {
        let channel = step.channel().as_str_name().trim_start_matches("CHANNEL_").to_lowercase();
        let subject = step.rendered.as_ref().map(|texts| texts.subject.clone());
        [step.local.clone(), channel, subject.unwrap_or_default()]
            .map(|text| (text, Tone::Plain))
            .into()
    };
    let rows: Vec<_> = steps.iter().map(row).collect();
    table::print(&["When", "Channel", "Subject"], &rows)
}

/// Prints what was decided beside what the stand-ins hold; tells whether that is the same.
pub(super) async fn comparison(config: &Config, vendors: &str) -> Outcome<bool> {
    let fields = config.fields.iter().map(|field| {
        let kind = field.r#type().as_str_name().trim_start_matches("PROPERTY_TYPE_");
        (field.name.as_str(), field.label.as_str(), kind.to_lowercase())
    });
    let path = "crm/properties/2026-09/deals";
    let properties = held(vendors, path, TOKEN, "results").await?;
    let custom = |property: &&Value| property["hubspotDefined"] != Value::Bool(true);
    let properties: Vec<_> = properties.iter().filter(custom).collect();
    let cadences = config.cadences.iter().map(|cadence| {
        let status = cadence.status().as_str_name().trim_start_matches("CADENCE_STATUS_");
        (cadence.cadence_id.as_str(), cadence.name.as_str(), status.to_lowercase())
    });
    let at_upso = held(vendors, "v1/cadences", KEY, "cadences").await?;
    // A group that nobody decided is HubSpot's own, or was made ad hoc.
    let groups = config.groups.iter();
    let groups = groups.map(|it| (it.name.as_str(), it.label.as_str(), "group".to_owned()));
    let at_hubspot = held(vendors, &format!("{path}/groups"), TOKEN, "results").await?;

    let mut equal =
        properties.len() == config.fields.len() && at_upso.len() == config.cadences.len();
    let mut rows = Vec::new();
    let mut compare = |decided: (&str, &str, String), held: Option<&Value>, keys: [&str; 2]| {
        let [label, kind] = keys.map(|key| held.and_then(|held| held[key].as_str()).unwrap_or(""));
        let same = label == decided.1 && kind == decided.2;
        equal &= same;
        let verdict = if same { ("equal", Tone::Good) } else { ("differs", Tone::Bad) };
        let plain = [decided.0, decided.1, label, kind].map(|text| (text.to_owned(), Tone::Plain));
        rows.push(plain.into_iter().chain([(verdict.0.to_owned(), verdict.1)]).collect());
    };
    for decided in groups {
        let held = at_hubspot.iter().find(|group| group["name"] == decided.0);
        let held = held.map(|group| json!({ "label": group["label"], "kind": "group" }));
        compare(decided, held.as_ref(), ["label", "kind"]);
    }
    for decided in fields {
        let is_it = |property: &&&Value| property["name"] == decided.0;
        let held = properties.iter().find(is_it).copied();
        compare(decided, held, ["label", "type"]);
    }
    for decided in cadences {
        let held = at_upso.iter().find(|cadence| cadence["key"] == decided.0);
        compare(decided, held, ["name", "status"]);
    }
    table::print(&["Name", "Decided", "At the vendor", "Kind", "Verdict"], &rows)?;
    Ok(equal)
}

/// Asks a stand-in as its vendor's own API is asked.
async fn held(vendors: &str, path: &str, token: &str, list: &str) -> Outcome<Vec<Value>> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{vendors}/{path}");
    let answer = client.get(url).bearer_auth(token).send().await?.error_for_status()?;
    let mut answer: Value = answer.json().await?;
    Ok(answer[list].as_array_mut().map(std::mem::take).unwrap_or_default())
}

/// Where the service is reached.
pub(super) struct Doors {
    pub(super) grpc: SocketAddr,
    pub(super) http: Option<SocketAddr>,
}

/// Prints lines that can be pasted into another terminal.
pub(super) fn lines_to_paste(doors: Doors, vendors: &str) -> io::Result<()> {
    step("It stays up until Ctrl-C. In another terminal:")?;
    if let Some(http) = doors.http {
        http_lines(http.port())?;
    }
    let gomark = doors.grpc;
    let call = |data: &str, method: &str| {
        line(&format!("grpcurl -plaintext -d '{data}' {gomark} gomark.v1.ConfigService/{method}"))
    };
    line(&format!("grpcurl -plaintext {gomark} list"))?;
    let id = format!("\"company_id\":\"{COMPANY}\"");
    call(&format!("{{{id}}}"), "GetConfig")?;
    call(&format!("{{{id},\"field\":{{\"label\":\"Close reason\"}}}}"), "AddField")?;
    let label = "{\"label\":\"Why it was closed\"}";
    call(&format!("{{{id},\"name\":\"close_reason\",\"field\":{label}}}"), "ModifyField")?;
    call(&format!("{{{id},\"newest_first\":true,\"page_size\":3}}"), "ListAudit")?;
    call(&format!("{{{id},\"to_revision\":2}}"), "Rollback")?;
    // Somebody else changes what was decided, and it is brought back.
    let path = "crm/properties/2026-09/deals";
    line(&format!(
        "curl -X PATCH -H 'Authorization: Bearer {TOKEN}' -H 'Content-Type: application/json' \
         -d '{{\"label\":\"Changed by hand\"}}' {vendors}/{path}/next_step"
    ))?;
    line(&format!("grpcurl -plaintext -d '{{{id}}}' {gomark} gomark.v1.DriftService/ListDrift"))?;
    line(&format!("curl -H 'Authorization: Bearer {TOKEN}' {vendors}/{path}"))?;
    line(&format!("curl -H 'Authorization: Bearer {KEY}' {vendors}/v1/cadences"))
}

/// The three HTTP calls: add a field, change its label, change the email of the cadence.
fn http_lines(port: u16) -> io::Result<()> {
    let curl = |method: &str, path: &str, data: &str| {
        line(&format!(
            "curl -X {method} http://localhost:{port}{path} -d '{data}' \
             -H \"Content-Type: application/json\""
        ))
    };
    let field = format!(
        "{{\"company_id\":\"{COMPANY}\", \"name\":\"Deal Stage\", \"type\":\"string\", \
         \"value\":\"Negotiation\"}}"
    );
    curl("POST", "/hubspot/fields/add", &field)?;
    let path = format!("/hubspot/fields/modify/{COMPANY}/deal_stage");
    curl("PUT", &path, "{\"new_name\":\"Stage of the deal\"}")?;
    let change = format!(
        "{{\"cadence_id\":\"{CADENCE}\", \"template\":\"Hi {{{{first_name}}}}!\", \"delay_hours\":48}}"
    );
    curl("PUT", &format!("/upso/cadence/modify/{COMPANY}"), &change)
}
