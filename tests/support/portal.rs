//! What a stand-in for HubSpot holds, and faults that it is asked for.

use serde_json::Value;

use crate::hubspot::HubSpot;

impl HubSpot {
    /// Asks for a fault; answers its number.
    pub(crate) async fn fault(&self, fault: Value) -> i64 {
        self.control("faults", fault).await["id"].as_i64().unwrap()
    }

    /// Lifts all faults.
    pub(crate) async fn mend(&self) {
        self.send(self.http.delete(format!("{}/_sandbox/faults", self.url))).await;
    }

    /// What the portal of a company holds, its counters and its recycle bin.
    pub(crate) async fn portal(&self, company: &str) -> Value {
        let id = self.portal_id(company).await;
        self.read(&format!("portals/{id}")).await
    }

    /// The properties of a company's portal that somebody defined, as HubSpot's API answers them.
    pub(crate) async fn custom_properties(&self, company: &str) -> Vec<Value> {
        let mut portal = self.portal(company).await;
        let Value::Array(properties) = portal["properties"].take() else { return Vec::new() };
        properties.into_iter().filter(|property| property["hubspotDefined"] != true).collect()
    }
}
