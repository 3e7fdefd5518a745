"""Reading answers in OpenAI's form: whatever JSON a server sends, no reader falls over it."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.catalogue import Model
from overpaint.errors import ProviderFailed
from overpaint.providers.base import Usage
from overpaint.providers.exchange import Answer
from overpaint.providers.gateway_chat import Reply
from overpaint.providers.gateway_faults import Faults
from overpaint.providers.gateway_presets import PRESETS, Way
from overpaint.providers.openai_faults import by_code, first_problem
from overpaint.providers.openai_wire import found_in, usage_of

NAMES = [
    "b64_json",
    "choices",
    "code",
    "content",
    "cost",
    "data",
    "delta",
    "detail",
    "error",
    "error_type",
    "finish_reason",
    "id",
    "image_url",
    "images",
    "input_tokens",
    "input_tokens_details",
    "loc",
    "message",
    "metadata",
    "msg",
    "output_tokens",
    "reasons",
    "refusal",
    "text",
    "text_tokens",
    "type",
    "url",
    "usage",
]
RATES = {"text_in": 5.0, "image_in": 8.0, "image_out": 30.0}
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=9),
    st.sampled_from(NAMES),
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=25,
)
# What a reader finds only where the outside is as it should be.
ANSWERS = st.one_of(
    JSON,
    st.builds(lambda inner: {"choices": [{"message": inner}]}, JSON),
    st.builds(
        lambda inner: {"choices": [{"delta": {"content": [inner], "images": [inner]}}]}, JSON
    ),
    st.builds(lambda inner: {"choices": [inner], "usage": inner}, JSON),
    st.builds(lambda inner: {"data": [inner], "usage": {"cost": inner}}, JSON),
    st.builds(lambda inner: {"detail": [{"loc": inner, "msg": inner}]}, JSON),
    st.builds(lambda inner: {"error": {"code": inner, "metadata": {"reasons": inner}}}, JSON),
)


@settings(max_examples=400)
@given(ANSWERS, st.sampled_from([200, 400, 401, 403, 404, 429, 500, 502, 503]))
def test_no_answer_is_too_odd_to_be_read(data: Any, status: int) -> None:
    """Every reader returns something, or nothing, but never fails in a way of its own."""
    assert isinstance(found_in(data), list)
    usage = usage_of(data, "", RATES)
    assert isinstance(usage, Usage)
    assert usage.cost is None or 0 <= usage.cost < float("inf")
    answer = Answer(status, {}, b"")
    problem = first_problem(data)
    assert isinstance(by_code(answer, problem, "It", Model(id="m", title="M")), ProviderFailed)
    for preset in PRESETS.values():
        faults = Faults(preset, Model(id="m", title="M"), Way.IMAGES, None)
        assert isinstance(faults._mean(answer, problem), ProviderFailed)
    if isinstance(data, dict):
        reply = Reply()
        reply.take(data)
        reply.in_text(whole=True)
        assert isinstance(reply.without_picture("It", str), ProviderFailed)
