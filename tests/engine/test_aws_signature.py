"""Requests signed for AWS."""

from typing import Any

import pytest
from lockgate.engine.rego.builtins.errors import BuiltinError

from tests.engine.builtin_cases import call

CONFIG = {
    "aws_access_key": "AKIDEXAMPLE",
    "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "aws_service": "service",
    "aws_region": "us-east-1",
}
# 2015-08-30T12:36:00Z
TIME = 1_440_938_160_000_000_000


def signed(request: dict[str, Any], **config: Any) -> Any:
    return call("providers.aws.sign_req", request, {**CONFIG, **config}, TIME)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        # From Amazon's own examples for Signature Version 4: get-vanilla, post-vanilla and get-vanilla-query.
        (
            {"method": "GET", "url": "https://example.amazonaws.com/"},
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            {"method": "POST", "url": "https://example.amazonaws.com/"},
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            {"method": "GET", "url": "https://example.amazonaws.com/?Param1=value1&Param2=value2"},
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
    ],
)
def test_published_examples(request_: dict[str, Any], code: str) -> None:
    headers = signed(request_)["headers"]
    assert headers == {
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,"
        f"SignedHeaders=host;x-amz-date,Signature={code}",
        "host": "example.amazonaws.com",
        "x-amz-date": "20150830T123600Z",
    }


def test_headers_are_kept_and_signed() -> None:
    request = {"method": "GET", "url": "https://a.example/", "headers": {"X-Own": "v", "User-Agent": "me"}}
    headers = signed(request, aws_session_token="t", aws_service="s3")["headers"]
    assert headers["X-Own"] == "v"
    assert headers["x-amz-security-token"] == "t"
    names = "host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-own"
    assert f"SignedHeaders={names}," in headers["Authorization"]


def test_a_payload_may_stay_unsigned() -> None:
    request = {"method": "PUT", "url": "https://a.example/", "body": {"a": 1}}
    one = signed(request, aws_service="s3", disable_payload_signing=True)["headers"]
    assert one["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    raw = signed({**request, "raw_body": '{"a":1}'}, aws_service="s3")
    assert raw["headers"] == signed(request, aws_service="s3")["headers"]


@pytest.mark.parametrize(
    ("request_", "config", "message"),
    [
        ({}, {}, 'operand 1 missing required request parameters(s): {"method", "url"}'),
        (
            {"method": 1, "url": "x"},
            {},
            'operand 1 invalid values for required request parameters(s): {"method"}',
        ),
        ({"method": "GET", "url": "x", "odd": 1}, {}, 'operand 1 invalid request parameters(s): {"odd"}'),
        ({"method": "GET", "url": "x"}, {"aws_region": 1}, "invalid values for required AWS config"),
        ({"method": "GET", "url": "x"}, {"disable_payload_signing": 1}, "'disable_payload_signing'"),
        ({"method": "GET", "url": "http://[x/"}, {}, "parse"),
    ],
)
def test_wrong_requests(request_: dict[str, Any], config: dict[str, Any], message: str) -> None:
    with pytest.raises(BuiltinError) as caught:
        signed(request_, **config)
    assert message in caught.value.message
