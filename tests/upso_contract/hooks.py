"""What the document says in words only, for schemathesis to draw and to judge by."""

from zoneinfo import available_timezones

import schemathesis
from hypothesis import strategies as st

# The formats that a schema cannot spell out. Nobody listens at these addresses: messages are tried
# and given up.
ZONES = sorted(available_timezones() - {"Factory", "localtime", "posixrules"})
ADDRESSES = ["http://127.0.0.1:9/hook", "http://[::1]:9/?a=b"]
schemathesis.openapi.format("iana-time-zone", st.sampled_from(ZONES))
schemathesis.openapi.format("webhook-address", st.sampled_from(ADDRESSES))

# What a call that keeps to the schemas meets. A version that was drawn is hardly ever the present
# one, a key that was drawn hardly ever there.
MET = {200, 201, 204, 404, 409, 412}

# The rules that no schema can state.
STATED_IN_WORDS = {
    "this Idempotency-Key came with another body before",
    "must be later than from",
    "must be unique within the cadence",
}


@schemathesis.check
def right_calls_are_accepted(ctx, response, case):
    """Stands in for positive_data_acceptance, which knows no rules beyond the schemas."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code in MET:
        return
    error = response.json()["error"]
    words = (response.status_code, error["message"])
    assert words[0] == 422 and words[1] in STATED_IN_WORDS, f"{case.operation.label}: {error}"
