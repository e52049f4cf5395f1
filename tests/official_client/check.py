"""Drives the sandbox with HubSpot's official client and checks what comes back.

Usage: check.py BASE_URL
"""

import json
import sys
from types import SimpleNamespace

from hubspot import HubSpot
from hubspot.crm import deals as crm_deals
from hubspot.crm.properties import (
    ApiException,
    BatchInputPropertyCreate,
    BatchInputPropertyName,
    BatchReadInputPropertyName,
    OptionInput,
    PropertyCreate,
    PropertyGroupCreate,
    PropertyGroupUpdate,
    PropertyName,
    PropertyUpdate,
)
from hubspot.crm.properties.models import BatchResponsePropertyWithErrors

DEALS = "deals"
GROUP = "dealinformation"
TOKEN = "official-client-portal"


def text_property(name, **attributes):
    wanted = {
        "name": name,
        "label": name.title(),
        "type": "string",
        "field_type": "text",
        "group_name": GROUP,
    }
    return PropertyCreate(**{**wanted, **attributes})


def refused(api, status, call):
    """Makes a call that must be refused and returns the error as the client's own model."""
    try:
        call()
    except (ApiException, crm_deals.ApiException) as exception:
        assert exception.status == status, (exception.status, exception.body)
        response = SimpleNamespace(data=exception.body)
        return api.api_client.deserialize(response, "Error")
    raise AssertionError(f"expected {status}, but the call went through")


def check_one_property(api):
    options = [
        OptionInput(label="Gold", value="gold", display_order=0, hidden=False),
        OptionInput(label="Silver", value="silver", display_order=1, hidden=True),
    ]
    wanted = text_property("tier", type="enumeration", field_type="select", options=options)
    created = api.create(DEALS, wanted)
    assert created.name == "tier" and created.options[1].hidden is True

    read = api.get_by_name(DEALS, "tier")
    assert read.archived is False and read.hubspot_defined is False
    assert read.created_at is not None and read.created_at.tzinfo is not None
    assert read.modification_metadata.archivable is True

    updated = api.update(DEALS, "tier", PropertyUpdate(label="Level"))
    assert updated.label == "Level" and len(updated.options) == 2
    updated = api.update(DEALS, "tier", PropertyUpdate(options=options[:1]))
    assert [option.value for option in updated.options] == ["gold"]

    names = {found.name for found in api.get_all(DEALS).results}
    assert {"tier", "dealname", "amount"} <= names, names
    amount = api.get_by_name(DEALS, "amount")
    assert amount.hubspot_defined is True and amount.modification_metadata.archivable is False

    error = refused(api, 409, lambda: api.create(DEALS, wanted))
    assert error.category == "OBJECT_ALREADY_EXISTS"
    assert error.sub_category == "Properties.PROPERTY_WITH_NAME_EXISTS"
    assert error.correlation_id
    return read


def check_refusals(api):
    error = refused(api, 404, lambda: api.get_by_name(DEALS, "nothing"))
    assert error.category == "OBJECT_NOT_FOUND"
    error = refused(api, 400, lambda: api.create(DEALS, text_property("Bad Name")))
    assert error.category == "VALIDATION_ERROR"
    error = refused(api, 400, lambda: api.create(DEALS, text_property("x", group_name="nowhere")))
    assert error.context["groupName"] == ["nowhere"]
    error = refused(
        api,
        400,
        lambda: api.create(DEALS, text_property("flag", type="bool", field_type="booleancheckbox")),
    )
    assert error.errors[0].code == "INVALID_BOOLEAN_OPTION"
    error = refused(api, 400, lambda: api.get_all("starships"))
    assert "Unable to infer object type" in error.message
    refused(api, 400, lambda: api.archive(DEALS, "amount"))


def check_batches(batch):
    inputs = [text_property("note"), text_property("tier"), text_property("remark")]
    answer = batch.create(DEALS, BatchInputPropertyCreate(inputs=inputs))
    assert isinstance(answer, BatchResponsePropertyWithErrors), type(answer)
    assert answer.status == "COMPLETE" and answer.num_errors == 1
    assert [result.name for result in answer.results] == ["note", "remark"]
    assert answer.errors[0].category == "OBJECT_ALREADY_EXISTS"
    assert answer.errors[0].context["name"] == ["tier"]

    answer = batch.create(DEALS, BatchInputPropertyCreate(inputs=[text_property("third")]))
    assert not isinstance(answer, BatchResponsePropertyWithErrors)

    def read(*names, archived=False):
        inputs = [PropertyName(name=name) for name in names]
        return batch.read(DEALS, BatchReadInputPropertyName(archived=archived, inputs=inputs))

    assert {found.name for found in read("note", "remark").results} == {"note", "remark"}
    answer = read("note", "nothing")
    assert answer.num_errors == 1 and answer.errors[0].category == "OBJECT_NOT_FOUND"

    gone = BatchInputPropertyName(inputs=[PropertyName(name=n) for n in ("third", "nothing")])
    batch.archive(DEALS, gone)
    assert read("third", archived=True).results[0].archived is True

    many = [text_property(f"many_{i}") for i in range(101)]
    refused(batch, 400, lambda: batch.create(DEALS, BatchInputPropertyCreate(inputs=many)))


def check_recycle_bin(api, before):
    api.archive(DEALS, "tier")
    refused(api, 404, lambda: api.get_by_name(DEALS, "tier"))
    refused(api, 404, lambda: api.archive(DEALS, "tier"))
    archived = api.get_by_name(DEALS, "tier", archived=True)
    assert archived.archived is True and archived.archived_at is not None
    assert "tier" in {found.name for found in api.get_all(DEALS, archived=True).results}

    api.create(DEALS, text_property("tier", label="Tier again"))
    restored = api.get_by_name(DEALS, "tier")
    assert restored.created_at == before.created_at, "a re-create restores"
    assert restored.label == "Tier again" and restored.type == "string"
    refused(api, 404, lambda: api.get_by_name(DEALS, "tier", archived=True))


def check_groups(api, groups):
    wanted = PropertyGroupCreate(name="sales", label="Sales", display_order=-1)
    created = groups.create(DEALS, wanted)
    assert created.name == "sales" and created.archived is False and created.display_order >= 0
    error = refused(groups, 409, lambda: groups.create(DEALS, wanted))
    assert error.category == "OBJECT_ALREADY_EXISTS"

    updated = groups.update(DEALS, "sales", PropertyGroupUpdate(label="Selling"))
    assert updated.label == "Selling"
    assert groups.get_by_name(DEALS, "sales").label == "Selling"
    assert {found.name for found in groups.get_all(DEALS).results} == {GROUP, "sales"}

    api.create(DEALS, text_property("quota", group_name="sales"))
    try:
        groups.archive(DEALS, "sales")
        raise AssertionError("a group with an active property must stay")
    except ApiException as exception:
        assert exception.status == 400
        inner = json.loads(json.loads(exception.body)["message"])
        assert inner["subCategory"] == "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES"
    api.archive(DEALS, "quota")
    groups.archive(DEALS, "sales")
    refused(groups, 404, lambda: groups.get_by_name(DEALS, "sales"))


def check_deals(deals):
    def values(**properties):
        return crm_deals.SimplePublicObjectInput(properties=properties)

    def batch_read(ids, **wanted):
        inputs = [crm_deals.SimplePublicObjectId(id=i) for i in ids]
        wanted = {"properties": ["amount"], "properties_with_history": [], **wanted}
        return deals.batch_api.read(
            crm_deals.BatchReadInputSimplePublicObjectId(inputs=inputs, **wanted)
        )

    def create(number):
        properties = {"dealname": f"Deal {number}", "amount": str(number)}
        wanted = crm_deals.SimplePublicObjectInputForCreate(properties=properties, associations=[])
        return deals.basic_api.create(wanted).id

    ids = [create(number) for number in range(5)]
    page = deals.basic_api.get_page(limit=3, properties=["amount", "nothing"], archived=False)
    assert [deal.id for deal in page.results] == ids[:3] and page.paging.next.after == ids[2]
    assert "nothing" not in page.results[0].properties
    page = deals.basic_api.get_page(limit=3, after=page.paging.next.after)
    assert [deal.id for deal in page.results] == ids[3:] and page.paging is None
    assert len(deals.get_all(properties=["amount"])) == 5

    deals.basic_api.update(ids[0], values(amount="100"))
    read = deals.basic_api.get_by_id(ids[0], properties_with_history=["amount"])
    history = read.properties_with_history["amount"]
    assert [entry.value for entry in history] == ["100", "0"], history

    answer = batch_read([*ids[:2], "7"])
    assert answer.num_errors == 1 and answer.errors[0].context["ids"] == ["7"]
    assert {deal.properties["amount"] for deal in answer.results} == {"100", "1"}
    refused(deals.batch_api, 400, lambda: batch_read(ids * 11, properties_with_history=["amount"]))

    inputs = [
        crm_deals.SimplePublicObjectBatchInput(id=ids[1], properties={"amount": "200"}),
        crm_deals.SimplePublicObjectBatchInput(id=ids[2], properties={"amount": "a lot"}),
    ]
    answer = deals.batch_api.update(
        crm_deals.BatchInputSimplePublicObjectBatchInput(inputs=inputs)
    )
    assert answer.results[0].properties["amount"] == "200"
    assert answer.errors[0].context["ids"] == [ids[2]]

    filters = [crm_deals.Filter(property_name="amount", operator="GTE", value="100")]
    found = deals.search_api.do_search(
        crm_deals.PublicObjectSearchRequest(
            filter_groups=[crm_deals.FilterGroup(filters=filters)],
            sorts=["-amount"],
            properties=["amount"],
            limit=1,
            after="0",
        )
    )
    assert found.total == 2 and found.results[0].id == ids[1] and found.paging.next.after == "1"

    error = refused(
        deals.basic_api, 400, lambda: deals.basic_api.update(ids[0], values(nothing="1"))
    )
    assert error.errors[0].code == "PROPERTY_DOESNT_EXIST"
    assert error.errors[0].context["propertyName"] == ["nothing"]
    deals.basic_api.archive(ids[0])
    refused(deals.basic_api, 404, lambda: deals.basic_api.get_by_id(ids[0]))


def check_tokens(base_url):
    for token in ("invalid-token", "revoked-token", "short"):
        api = HubSpot(access_token=token, host=base_url).crm.properties.core_api
        error = refused(api, 401, lambda: api.get_all(DEALS))
        assert error.category in ("INVALID_AUTHENTICATION", "EXPIRED_AUTHENTICATION")
    other = HubSpot(access_token="another-portal", host=base_url).crm.properties.core_api
    refused(other, 404, lambda: other.get_by_name(DEALS, "tier"))


def check_dated_path(base_url):
    # The raw requests of the client take `base_url`; they would ignore `host`.
    client = HubSpot(access_token=TOKEN, base_url=base_url)
    answer = client.api_request({"path": "/crm/properties/2026-09/0-3/tier"})
    assert answer.json()["name"] == "tier"
    assert answer.headers["X-HubSpot-RateLimit-Max"] == "190"
    answer = client.api_request({"path": "/account-info/2026-09/details"})
    assert answer.json()["portalId"] > 0


def main():
    base_url = sys.argv[1]
    client = HubSpot(access_token=TOKEN, host=base_url)
    properties = client.crm.properties
    before = check_one_property(properties.core_api)
    check_refusals(properties.core_api)
    check_batches(properties.batch_api)
    check_recycle_bin(properties.core_api, before)
    check_groups(properties.core_api, properties.groups_api)
    check_deals(client.crm.deals)
    check_tokens(base_url)
    check_dated_path(base_url)
    print("every check passed")


if __name__ == "__main__":
    main()
