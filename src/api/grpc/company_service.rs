//! `CompanyService`.

use gomark_sdk::v1 as pb;
use pb::company_service_server::CompanyService;
use tonic::{Request, Response, Status};

use super::authenticate::caller;
use super::config_service::{answer, refuse};
use super::envelope;
use super::mutate::{answered, mutate};
use super::{paging, requests};
use crate::domain::{CompanyId, Digest, Intent, Violation, Violations};
use crate::engine::{Accepted, ConnectRequest, Engine};
use crate::wire;

/// Serves `CompanyService`.
#[derive(Clone, Debug)]
pub(super) struct Company {
    engine: Engine,
}

impl Company {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

#[tonic::async_trait]
impl CompanyService for Company {
    async fn register_company(
        &self,
        request: Request<pb::RegisterCompanyRequest>,
    ) -> Result<Response<pb::RegisterCompanyResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let intent = requests::register_company(request.company.clone());
        answered!(RegisterCompanyResponse, mutate(&self.engine, &request, caller, intent).await?)
    }

    async fn get_company(
        &self,
        request: Request<pb::GetCompanyRequest>,
    ) -> Result<Response<pb::GetCompanyResponse>, Status> {
        let caller = caller(request.extensions())?;
        let id = CompanyId::parse(&request.into_inner().company_id);
        let id = id.map_err(|violation| refuse(violation.into()))?;
        let view = self.engine.company(&caller, &id).await.map_err(answer)?;
        let company = wire::company(&view.company, &view.connections);
        Ok(Response::new(pb::GetCompanyResponse { company: Some(company) }))
    }

    async fn list_companies(
        &self,
        request: Request<pb::ListCompaniesRequest>,
    ) -> Result<Response<pb::ListCompaniesResponse>, Status> {
        const LIST: &str = "companies";
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let mut found = Violations::new();
        let limit = paging::page_size(&mut found, request.page_size);
        let position = found.take(paging::position(LIST, &request.page_token)).flatten();
        found.or(()).map_err(refuse)?;
        let after = position.and_then(|text| CompanyId::parse(&text).ok());
        let page = self.engine.companies(&caller, after.as_ref(), limit).await.map_err(answer)?;
        let last = page.items.last().filter(|_| page.more);
        let next_page_token = last.map(|view| paging::token(LIST, view.company.id.as_str()));
        let companies =
            page.items.iter().map(|view| wire::company(&view.company, &view.connections));
        Ok(Response::new(pb::ListCompaniesResponse {
            companies: companies.collect(),
            next_page_token: next_page_token.unwrap_or_default(),
        }))
    }

    async fn update_company(
        &self,
        request: Request<pb::UpdateCompanyRequest>,
    ) -> Result<Response<pb::UpdateCompanyResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let mask = request.update_mask.as_ref();
        let intent = requests::update_company(request.company.clone(), mask);
        answered!(UpdateCompanyResponse, mutate(&self.engine, &request, caller, intent).await?)
    }

    async fn connect_vendor(
        &self,
        request: Request<pb::ConnectVendorRequest>,
    ) -> Result<Response<pb::ConnectVendorResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let settings = match requests::settings(&request) {
            Ok(settings) => settings,
            Err(violations) => {
                let accepted = mutate(&self.engine, &request, caller, Err(violations)).await?;
                return connected(accepted);
            }
        };
        let envelope = envelope::read(&request, caller, |bare| {
            hide_credential(bare, |secret| self.engine.secret_digest(secret));
        });
        let envelope = envelope.map_err(refuse)?;
        let base_url = request.base_url;
        let accepted = self.engine.connect(ConnectRequest { envelope, base_url, settings });
        connected(accepted.await.map_err(answer)?)
    }

    async fn disconnect_vendor(
        &self,
        request: Request<pb::DisconnectVendorRequest>,
    ) -> Result<Response<pb::DisconnectVendorResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let vendor = requests::vendor(request.vendor);
        let intent = vendor
            .map(|vendor| Intent::DisconnectVendor { vendor })
            .map_err(|violation: Violation| violation.into());
        answered!(DisconnectVendorResponse, mutate(&self.engine, &request, caller, intent).await?)
    }
}

fn connected(accepted: Accepted) -> Result<Response<pb::ConnectVendorResponse>, Status> {
    Ok(Response::new(pb::ConnectVendorResponse {
        revision: accepted.revision.get(),
        job: accepted.job.as_ref().map(Into::into),
        plan: accepted.plan.as_ref().map(Into::into),
        warnings: accepted.warnings,
    }))
}

/// Puts a keyed digest in the place of the credential: a fingerprint of the request is stored.
fn hide_credential(request: &mut pb::ConnectVendorRequest, digest: impl Fn(&[u8]) -> Digest) {
    use pb::connect_vendor_request::Settings;
    use pb::hub_spot_settings::Credential;
    let secrets = match &mut request.settings {
        Some(Settings::Hubspot(hubspot)) => match &mut hubspot.credential {
            Some(Credential::AccessToken(token)) => vec![token],
            Some(Credential::Oauth(grant)) => {
                vec![&mut grant.client_secret, &mut grant.refresh_token]
            }
            None => return,
        },
        Some(Settings::Upso(upso)) => {
            upso.webhook_secrets.iter_mut().chain([&mut upso.api_key]).collect()
        }
        None => return,
    };
    for secret in secrets {
        *secret = digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    }
}

#[cfg(test)]
mod tests {
    use pb::connect_vendor_request::Settings;
    use pb::hub_spot_settings::Credential;
    use prost::Message as _;

    use super::*;

    #[test]
    fn of_a_credential_only_a_digest_is_left() {
        let hubspot = |credential| {
            let credential = Some(credential);
            Settings::Hubspot(pb::HubSpotSettings { credential, ..Default::default() })
        };
        let grant = pb::HubSpotOAuth {
            client_id: "an-app".to_owned(),
            client_secret: "a-secret".to_owned(),
            refresh_token: "a-secret".to_owned(),
        };
        let upso = pb::UpsoSettings {
            api_key: "a-secret".to_owned(),
            webhook_secrets: vec!["a-secret".to_owned(); 2],
        };
        for settings in [
            hubspot(Credential::AccessToken("a-secret".to_owned())),
            hubspot(Credential::Oauth(grant)),
            Settings::Upso(upso),
        ] {
            let mut request =
                pb::ConnectVendorRequest { settings: Some(settings), ..Default::default() };
            hide_credential(&mut request, |secret| {
                assert_eq!(secret, b"a-secret");
                [7; 32]
            });
            let kept = String::from_utf8_lossy(&request.encode_to_vec()).into_owned();
            assert!(kept.contains(&"07".repeat(32)) && !kept.contains("a-secret"), "{kept}");
        }
    }
}
