"""Pages travel compressed; what shows a secret, and what is compressed already, does not."""

import gzip

import pytest
from django.test import Client

GZIP = {"Accept-Encoding": "gzip, br"}

pytestmark = pytest.mark.django_db


def test_a_page_travels_compressed(client: Client) -> None:
    plain, packed = client.get("/rules/matrix/"), client.get("/rules/matrix/", headers=GZIP)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert b"</html>" in gzip.decompress(packed.content)
    assert len(packed.content) < len(plain.content) / 3


def test_a_page_with_a_code_does_not(client: Client, order, rich_buyer) -> None:
    client.force_login(rich_buyer)
    page = client.post(f"/orders/{order.number}/units/1/", headers=GZIP)
    assert b"XH7Q-" in page.content
    assert "Content-Encoding" not in page.headers


def test_neither_does_what_is_no_page(client: Client) -> None:
    assert "Content-Encoding" not in client.get("/api/v1/listings/", headers=GZIP).headers
