//! Page sizes and page tokens that are refused.

use gomark_sdk::fields;
use gomark_sdk::v1::*;

use crate::refusals::{Bad, all_are_refused, bad};
use crate::world::World;

const AUDIT: &str = "ConfigService/ListAudit";
const JOBS: &str = "ConfigService/ListJobs";
const COMPANIES: &str = "CompanyService/ListCompanies";
const RULE: &str = "must be the next_page_token of the page before, with all else unchanged";

fn audit(company: &str, token: &str) -> ListAuditRequest {
    ListAuditRequest {
        company_id: company.to_owned(),
        page_size: 1,
        page_token: token.to_owned(),
        ..ListAuditRequest::default()
    }
}

fn jobs(company: &str, token: &str) -> ListJobsRequest {
    ListJobsRequest {
        company_id: company.to_owned(),
        page_size: 1,
        page_token: token.to_owned(),
        ..ListJobsRequest::default()
    }
}

fn companies(token: &str) -> ListCompaniesRequest {
    ListCompaniesRequest { page_size: 1, page_token: token.to_owned() }
}

async fn world() -> World {
    let world = World::start().await;
    for company in ["acme", "other"] {
        world.client.register_company(company).await.unwrap();
        for label in ["One", "Two"] {
            world.client.add_field(company, fields::text(label)).await.unwrap();
        }
    }
    world
}

#[tokio::test]
async fn a_page_size_is_not_negative() {
    let world = world().await;
    let rule = "must not be negative";
    let mut rows = Vec::new();
    for page_size in [-1, i32::MIN] {
        let request = ListAuditRequest { page_size, ..audit("acme", "") };
        rows.push(bad("audit", AUDIT, &request, "page_size", rule));
        let request = ListJobsRequest { page_size, ..jobs("acme", "") };
        rows.push(bad("jobs", JOBS, &request, "page_size", rule));
        let request = ListCompaniesRequest { page_size, ..companies("") };
        rows.push(bad("companies", COMPANIES, &request, "page_size", rule));
    }
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_page_token_is_of_the_page_before() {
    let world = world().await;
    let (mut config, mut company) = (world.client.raw_config(), world.client.raw_company());
    let of_audit = config.list_audit(audit("acme", "")).await.unwrap().into_inner();
    let of_jobs = config.list_jobs(jobs("acme", "")).await.unwrap().into_inner();
    let of_companies = company.list_companies(companies("")).await.unwrap().into_inner();
    let tokens = [of_audit.next_page_token, of_jobs.next_page_token, of_companies.next_page_token];
    assert!(tokens.iter().all(|token| !token.is_empty()), "{tokens:?}");
    let [of_audit, of_jobs, of_companies] = tokens.each_ref().map(String::as_str);

    let to_audit = |what: &str, request| bad(what, AUDIT, &request, "page_token", RULE);
    let to_jobs = |what: &str, request| bad(what, JOBS, &request, "page_token", RULE);
    let to_companies =
        |what: &str, token: &str| bad(what, COMPANIES, &companies(token), "page_token", RULE);
    let mut rows: Vec<Bad> = vec![
        to_audit("of jobs", audit("acme", of_jobs)),
        to_audit("of companies", audit("acme", of_companies)),
        to_audit("of another company", audit("other", of_audit)),
        to_audit(
            "newest first",
            ListAuditRequest { newest_first: true, ..audit("acme", of_audit) },
        ),
        to_audit("after", ListAuditRequest { after_revision: 1, ..audit("acme", of_audit) }),
        to_jobs("of the audit log", jobs("acme", of_audit)),
        to_jobs("of another company", jobs("other", of_jobs)),
        to_jobs(
            "other states",
            ListJobsRequest { states: vec![JobState::Failed.into()], ..jobs("acme", of_jobs) },
        ),
        to_companies("of the audit log", of_audit),
        to_companies("of jobs", of_jobs),
    ];
    let changed = format!("{of_audit}A");
    let cut_off = &of_audit[..of_audit.len() - 1];
    let long = "A".repeat(10_000);
    for made_up in ["1", "x", "acme", "AAAAAAAAAAA0Mg", "===", "\u{e9}", &changed, cut_off, &long] {
        rows.push(to_audit(made_up, audit("acme", made_up)));
        rows.push(to_jobs(made_up, jobs("acme", made_up)));
        rows.push(to_companies(made_up, made_up));
    }
    all_are_refused(&world, "acme", rows).await;

    // Only what a page holds may change with the page size and the records.
    let request =
        ListAuditRequest { page_size: 2, include_records: true, ..audit("acme", of_audit) };
    let next = config.list_audit(request).await.unwrap().into_inner();
    let revisions: Vec<_> = next.entries.iter().map(|entry| entry.revision).collect();
    assert_eq!((revisions, next.next_page_token.as_str()), (vec![2, 3], ""));
    assert!(world.stop().await);
}
