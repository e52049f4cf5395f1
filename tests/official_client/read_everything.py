"""Reads all that somebody defined in a portal with HubSpot's official client.

Usage: read_everything.py BASE_URL TOKEN; prints one JSON object: properties and groups by name.
"""

import json
import sys

from hubspot import HubSpot


def main():
    base_url, token = sys.argv[1:]
    api = HubSpot(access_token=token, host=base_url).crm.properties
    properties = {
        held.name: {
            "label": held.label,
            "description": held.description,
            "type": held.type,
            "field_type": held.field_type,
            "group_name": held.group_name,
            "options": [[option.label, option.value] for option in held.options],
            "calculation_formula": held.calculation_formula or "",
            "has_unique_value": bool(held.has_unique_value),
            "hidden": bool(held.hidden),
            "form_field": bool(held.form_field),
            "external_options": bool(held.external_options),
            "referenced_object_type": held.referenced_object_type or "",
        }
        for held in api.core_api.get_all("deals").results
        if not held.hubspot_defined
    }
    groups = {
        held.name: {"label": held.label, "display_order": held.display_order}
        for held in api.groups_api.get_all("deals").results
    }
    print(json.dumps({"properties": properties, "groups": groups}))


main()
