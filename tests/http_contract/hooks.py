"""What the document says in words only, for schemathesis to draw and to judge by."""

import re

import schemathesis

# What there is in the service that is called. Right names that were drawn become these, so that most
# calls are about something; wrong ones stay as they are.
COMPANY, FIELD, CADENCE = "123", "tier", "welcome"
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

# What a right call meets. Names that were drawn are not there, or there already.
MET = {200, 202, 404, 409}

# The rules that no schema states.
STATED_IN_WORDS = re.compile(
    "was used before with another request"
    "|must be given where no name can be derived from the label"
    "|must not (be blank|begin or end with white space|begin with hs_).*"
    "|must not contain (control|invisible) characters.*"
    "|must have at least one option"
    r"|must match \^\[a-z\]\[a-z0-9_\]\{0,99\}\$"
    "|needs a default_value, which is what is filled in"
    "|must be (a decimal number|a date|a moment|true or false|the value of an option).*"
    "|must be at most 102400 bytes long"
)


def is_right(name):
    return isinstance(name, str) and SLUG.fullmatch(name) is not None


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if path_parameters and is_right(path_parameters.get("company_id")):
        path_parameters["company_id"] = COMPANY
        # Every other one: those that are not there have to be told, too.
        name = path_parameters.get("old_name")
        if isinstance(name, str) and len(name) % 2:
            path_parameters["old_name"] = FIELD
    return path_parameters


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, dict):
        if is_right(body.get("company_id")):
            body["company_id"] = COMPANY
        if is_right(body.get("cadence_id")):
            body["cadence_id"] = CADENCE
    return body


@schemathesis.check
def right_calls_are_accepted(ctx, response, case):
    """Stands in for positive_data_acceptance, which knows no rules beyond the schemas."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code in MET:
        return
    # Nobody but Upso can sign.
    if case.operation.path.startswith("/webhooks/") and response.status_code == 401:
        return
    problem = response.json()
    assert problem["reason"] in ("VALIDATION", "REQUEST_ID_REUSED"), problem
    for error in problem["errors"]:
        assert STATED_IN_WORDS.fullmatch(error["rule"]), f"{case.operation.label}: {error}"
