//! The mutations one by one: how each begins, and the options that only it has.

use prost_types::FieldMask;

use super::Mutate;
use crate::client::Client;
use crate::v1::connect_vendor_request::Settings;
use crate::v1::hub_spot_settings::Credential;
use crate::v1::*;

impl Client {
    /// Decides that a company has a field. At least its label or its name is needed; see
    /// [`fields`](crate::fields) for short forms.
    ///
    /// Errors: `NOT_FOUND` (company); `ALREADY_EXISTS` (a field of that name);
    /// `RESOURCE_EXHAUSTED` (too many fields).
    pub fn add_field(
        &self,
        company_id: impl Into<String>,
        field: Field,
    ) -> Mutate<AddFieldRequest> {
        let request = AddFieldRequest {
            company_id: company_id.into(),
            field: Some(field),
            ..AddFieldRequest::default()
        };
        Mutate::new(self, request)
    }

    /// Changes attributes of the field of that internal name: those that are set in `field`, or
    /// those that [`update_mask`](Mutate::update_mask) names.
    ///
    /// Errors: `NOT_FOUND` (company, field); `RESOURCE_EXHAUSTED`; with
    /// [`new_name`](Mutate::new_name) `ALREADY_EXISTS` and `FAILED_PRECONDITION` (a removed field of
    /// that name is not gone at HubSpot yet).
    pub fn modify_field(
        &self,
        company_id: impl Into<String>,
        name: impl Into<String>,
        field: Field,
    ) -> Mutate<ModifyFieldRequest> {
        let request = ModifyFieldRequest {
            company_id: company_id.into(),
            name: name.into(),
            field: Some(field),
            ..ModifyFieldRequest::default()
        };
        Mutate::new(self, request)
    }

    /// Decides that a company no longer has the field of that internal name. HubSpot archives the
    /// property.
    ///
    /// Errors: `NOT_FOUND` (company, field).
    pub fn remove_field(
        &self,
        company_id: impl Into<String>,
        name: impl Into<String>,
    ) -> Mutate<RemoveFieldRequest> {
        let request = RemoveFieldRequest {
            company_id: company_id.into(),
            name: name.into(),
            ..RemoveFieldRequest::default()
        };
        Mutate::new(self, request)
    }

    /// Decides again what was decided at a past revision, as a new revision. The company, its
    /// connections and the audit log stay.
    ///
    /// Errors: `NOT_FOUND` (company, revision).
    pub fn rollback(
        &self,
        company_id: impl Into<String>,
        to_revision: i64,
    ) -> Mutate<RollbackRequest> {
        let request = RollbackRequest {
            company_id: company_id.into(),
            to_revision,
            ..RollbackRequest::default()
        };
        Mutate::new(self, request)
    }

    /// Registers a company: its revision 1. The id is `^[a-z0-9][a-z0-9_-]{0,62}$`.
    ///
    /// Errors: `NOT_FOUND` (the caller may not have a company of that id); `ALREADY_EXISTS`.
    pub fn register_company(
        &self,
        company_id: impl Into<String>,
    ) -> Mutate<RegisterCompanyRequest> {
        let company = Company { company_id: company_id.into(), ..Company::default() };
        let request =
            RegisterCompanyRequest { company: Some(company), ..RegisterCompanyRequest::default() };
        Mutate::new(self, request)
    }

    /// Changes attributes of a company: those that are set.
    ///
    /// Errors: `NOT_FOUND`.
    pub fn update_company(&self, company_id: impl Into<String>) -> Mutate<UpdateCompanyRequest> {
        let company = Company { company_id: company_id.into(), ..Company::default() };
        let request =
            UpdateCompanyRequest { company: Some(company), ..UpdateCompanyRequest::default() };
        Mutate::new(self, request)
    }

    /// Connects a company to its HubSpot portal, or gives the connection a new access token (of a
    /// private app, a static-auth app or a service key). HubSpot is asked while the caller waits.
    ///
    /// Errors: `INVALID_ARGUMENT` (also a token that HubSpot refuses); `NOT_FOUND`;
    /// `FAILED_PRECONDITION` (the portal belongs to another company); `UNAVAILABLE` (also when
    /// HubSpot does not answer).
    pub fn connect_hubspot(
        &self,
        company_id: impl Into<String>,
        access_token: impl Into<String>,
    ) -> Mutate<ConnectVendorRequest> {
        let settings = HubSpotSettings {
            credential: Some(Credential::AccessToken(access_token.into())),
            ..HubSpotSettings::default()
        };
        let request = ConnectVendorRequest {
            company_id: company_id.into(),
            vendor: Vendor::Hubspot.into(),
            settings: Some(Settings::Hubspot(settings)),
            ..ConnectVendorRequest::default()
        };
        Mutate::new(self, request)
    }

    /// Connects a company to its HubSpot portal by a grant of OAuth, or gives the connection a new
    /// one. The grant is exchanged while the caller waits; GoMark renews it from then on.
    ///
    /// Errors: those of [`connect_hubspot`](Self::connect_hubspot).
    pub fn connect_hubspot_oauth(
        &self,
        company_id: impl Into<String>,
        grant: HubSpotOAuth,
    ) -> Mutate<ConnectVendorRequest> {
        let mut connect = self.connect_hubspot(company_id, "");
        if let Some(Settings::Hubspot(settings)) = &mut connect.request.settings {
            settings.credential = Some(Credential::Oauth(grant));
        }
        connect
    }

    /// Connects a company to its Upso account, or gives the connection a new API key. Upso has no
    /// usual address: give one by [`base_url`](Mutate::base_url). It is asked while the caller
    /// waits.
    ///
    /// Errors: those of [`connect_hubspot`](Self::connect_hubspot).
    pub fn connect_upso(
        &self,
        company_id: impl Into<String>,
        api_key: impl Into<String>,
    ) -> Mutate<ConnectVendorRequest> {
        let settings = UpsoSettings { api_key: api_key.into(), ..UpsoSettings::default() };
        let request = ConnectVendorRequest {
            company_id: company_id.into(),
            vendor: Vendor::Upso.into(),
            settings: Some(Settings::Upso(settings)),
            ..ConnectVendorRequest::default()
        };
        Mutate::new(self, request)
    }

    /// Disconnects a company from a vendor. The vendor keeps everything as it is; GoMark forgets
    /// the credential; jobs wait.
    ///
    /// Errors: `NOT_FOUND`; `FAILED_PRECONDITION` (not connected).
    pub fn disconnect_vendor(
        &self,
        company_id: impl Into<String>,
        vendor: Vendor,
    ) -> Mutate<DisconnectVendorRequest> {
        let request = DisconnectVendorRequest {
            company_id: company_id.into(),
            vendor: vendor.into(),
            ..DisconnectVendorRequest::default()
        };
        Mutate::new(self, request)
    }
}

impl Mutate<AddFieldRequest> {
    /// Fills the default value in, once, on all deals that have no value.
    pub fn backfill(mut self) -> Self {
        self.request.backfill = true;
        self
    }
}

impl Mutate<ModifyFieldRequest> {
    /// Gives the field another internal name. The values of all deals are carried along, and the old
    /// name is archived after that.
    pub fn new_name(mut self, name: impl Into<String>) -> Self {
        self.request.new_name = name.into();
        self
    }

    /// Fills the default value in, once, on all deals that have no value.
    pub fn backfill(mut self) -> Self {
        self.request.backfill = true;
        self
    }

    /// Lets deals lose values that are options which are taken away.
    pub fn allow_data_loss(mut self) -> Self {
        self.request.allow_data_loss = true;
        self
    }
}

impl Mutate<RemoveFieldRequest> {
    /// Lets the values that deals hold be lost. Otherwise the job fails where there are some.
    pub fn allow_data_loss(mut self) -> Self {
        self.request.allow_data_loss = true;
        self
    }
}

impl Mutate<RollbackRequest> {
    /// Lets values that deals hold be lost, where fields or options go.
    pub fn allow_data_loss(mut self) -> Self {
        self.request.allow_data_loss = true;
        self
    }
}

impl Mutate<ModifyFieldRequest> {
    /// Says which attributes to take, for example `["label", "options"]`. One that is named and
    /// not set in the field is cleared. Empty: every attribute that is set.
    pub fn update_mask<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.request.update_mask = Some(mask(paths));
        self
    }
}

impl Mutate<RegisterCompanyRequest> {
    /// Sets the company's name for people. Default: its id.
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.request.company.get_or_insert_default().display_name = name.into();
        self
    }
}

impl Mutate<UpdateCompanyRequest> {
    /// Sets the company's name for people.
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.request.company.get_or_insert_default().display_name = name.into();
        self
    }

    /// Says which attributes to take. Empty: every attribute that is set.
    pub fn update_mask<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.request.update_mask = Some(mask(paths));
        self
    }
}

impl Mutate<ConnectVendorRequest> {
    /// Sets where the vendor is reached. Empty: its usual address.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.request.base_url = url.into();
        self
    }

    /// Sets how many calls GoMark may make in 10 seconds, 1 to 10,000. 0: learned from HubSpot's
    /// answers. Only for HubSpot.
    pub fn burst_per_10s(mut self, calls: i32) -> Self {
        if let Some(Settings::Hubspot(settings)) = &mut self.request.settings {
            settings.burst_per_10s = calls;
        }
        self
    }

    /// Sets what messages of the account's webhook subscription are signed with: none, one, or two
    /// while one takes the place of the other, each 16 to 128 printable ASCII characters without
    /// spaces. Only for Upso.
    pub fn webhook_secrets<S: Into<String>>(
        mut self,
        secrets: impl IntoIterator<Item = S>,
    ) -> Self {
        if let Some(Settings::Upso(settings)) = &mut self.request.settings {
            settings.webhook_secrets = secrets.into_iter().map(Into::into).collect();
        }
        self
    }

    /// Sets the share of HubSpot's limits, in percent, that GoMark never uses: 0 to 90. Only for
    /// HubSpot.
    pub fn reserve_percent(mut self, percent: i32) -> Self {
        if let Some(Settings::Hubspot(settings)) = &mut self.request.settings {
            settings.reserve_percent = percent;
        }
        self
    }
}

pub(super) fn mask<P: Into<String>>(paths: impl IntoIterator<Item = P>) -> FieldMask {
    FieldMask { paths: paths.into_iter().map(Into::into).collect() }
}
