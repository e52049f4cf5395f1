//! What the demo prints.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;

use anstyle::{AnsiColor, Style};
use gomark_sdk::Listing;
use gomark_sdk::v1::{AuditEntry, Config};
use serde_json::Value;

use super::{CADENCE, COMPANY, Outcome};
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

/// Prints what was decided beside what the stand-in holds; tells whether that is the same.
pub(super) async fn comparison(config: &Config, hubspot: &str, token: &str) -> Outcome<bool> {
    let held = custom_properties(hubspot, token).await?;
    let mut equal = held.len() == config.fields.len();
    let mut rows = Vec::new();
    for field in &config.fields {
        let property = held.iter().find(|property| property["name"] == field.name.as_str());
        let label = property.and_then(|property| property["label"].as_str()).unwrap_or("");
        let kind = property.and_then(|property| property["type"].as_str()).unwrap_or("");
        let decided_kind =
            field.r#type().as_str_name().trim_start_matches("PROPERTY_TYPE_").to_lowercase();
        let same = label == field.label && kind == decided_kind;
        equal &= same;
        let plain = |text: &str| (text.to_owned(), Tone::Plain);
        let verdict = if same { ("equal", Tone::Good) } else { ("differs", Tone::Bad) };
        rows.push(vec![
            plain(&field.name),
            plain(&field.label),
            plain(label),
            plain(kind),
            (verdict.0.to_owned(), verdict.1),
        ]);
    }
    table::print(&["Name", "Decided", "At HubSpot", "Type", "Verdict"], &rows)?;
    Ok(equal)
}

/// Asks the stand-in as HubSpot's own API is asked, for the properties that somebody defined.
async fn custom_properties(hubspot: &str, token: &str) -> Outcome<Vec<Value>> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{hubspot}/crm/properties/2026-09/deals");
    let answer = client.get(url).bearer_auth(token).send().await?.error_for_status()?;
    let mut answer: Value = answer.json().await?;
    let properties = answer["results"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let custom = |property: &Value| property["hubspotDefined"] != Value::Bool(true);
    Ok(properties.into_iter().filter(custom).collect())
}

/// Where the service is reached.
pub(super) struct Doors {
    pub(super) grpc: SocketAddr,
    pub(super) http: Option<SocketAddr>,
}

/// Prints lines that can be pasted into another terminal.
pub(super) fn lines_to_paste(doors: Doors, hubspot: &str, token: &str) -> io::Result<()> {
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
    line(&format!("curl -H 'Authorization: Bearer {token}' {hubspot}/crm/properties/2026-09/deals"))
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
