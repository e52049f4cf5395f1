"""Reads the properties that somebody defined in a portal with HubSpot's official client.

Usage: read.py BASE_URL TOKEN; prints one JSON object, definitions by name.
"""

import json
import sys

from hubspot import HubSpot


def main():
    base_url, token = sys.argv[1:]
    api = HubSpot(access_token=token, host=base_url).crm.properties.core_api
    found = {
        held.name: {
            "label": held.label,
            "type": held.type,
            "field_type": held.field_type,
            "group_name": held.group_name,
            "options": [option.value for option in held.options],
        }
        for held in api.get_all("deals").results
        if not held.hubspot_defined
    }
    print(json.dumps(found))


main()
