"""Evidence at filing: what a picture says of itself goes to the staff, never to the other side, and decides nothing."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image, ImageDraw

from orders import attachments, traces
from orders import lifecycle as orders
from orders.models import Trace
from orders.traces import bands_of, distance, read_time
from refunds import signals
from tests.fixtures.cases import claim, units_of


def picture(*, taken="", software="", place=False, quality=90, size=(240, 160), lines=7):
    drawn = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(drawn)
    for line in range(lines):
        pen.rectangle([line * 30, line * 17, line * 30 + 45, 150], fill=(line * 30, 90, 200 - line * 20))
    exif = Image.Exif()
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken
    if software:
        exif[0x0131] = software
    if place:
        exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    drawn.save(out, "JPEG", exif=exif, quality=quality)
    return SimpleUploadedFile("错误.jpg", out.getvalue(), content_type="image/jpeg")


def given(order, user, at, **how):
    return attachments.attach(order, picture(**how), by=user, at=at)


def test_the_time_of_capture_is_read_and_stripped_from_what_people_see(order, rich_buyer, at):
    file = given(order, rich_buyer, at, taken="2026:11:22 10:20:30", software="Photoshop", place=True)
    trace = Trace.objects.get(attachment=file)
    assert trace.taken == "2026:11:22 10:20:30"
    assert trace.taken_at.isoformat() == "2026-11-22T10:20:30+08:00" or trace.taken_at.hour == 2
    assert trace.software == "Photoshop"
    seen, media_type = attachments.shown(file)
    assert media_type == "image/jpeg"
    assert not Image.open(io.BytesIO(seen)).getexif()


@pytest.mark.parametrize(
    ("text", "zone", "hour"),
    [("2026:11:22 10:20:30", "", 2), ("2026:11:22 10:20:30", "+00:00", 10), ("yesterday", "", None), ("", "", None)],
)
def test_cameras_write_times_in_their_own_way(text, zone, hour):
    from datetime import UTC

    found = read_time(text, zone)
    assert (found.astimezone(UTC).hour if found else None) == hour


def test_a_picture_saved_again_looks_the_same_and_another_does_not(order, rich_buyer, at):
    one = Trace.objects.get(attachment=given(order, rich_buyer, at))
    again = Trace.objects.get(attachment=given(order, rich_buyer, at, quality=40, size=(240, 160)))
    other = Trace.objects.get(attachment=given(order, rich_buyer, at, lines=2))
    assert distance(one.likeness, again.likeness) <= traces.NEAR
    assert distance(one.likeness, other.likeness) > traces.NEAR
    assert set(one.bands) & set(again.bands)


def test_a_flat_picture_is_like_nothing():
    assert bands_of("0" * 16) == []
    assert bands_of("") == []


@pytest.fixture
def two_cases(order, revealed, listing, rich_buyer, at):
    """The same picture, saved again, in cases of two orders."""
    second = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    orders.pay_from_wallet(second, by=rich_buyer, at=at)
    first = claim(revealed, "WRONG_ITEM", by=rich_buyer, at=at, attachments=[given(order, rich_buyer, at)])
    file = given(second, rich_buyer, at, quality=60)
    return first, claim(units_of(second)[0], "WRONG_ITEM", by=rich_buyer, at=at, attachments=[file])


def test_the_same_picture_in_two_cases_is_a_signal_for_the_staff(two_cases):
    first, second = two_cases
    assert {each.code for each in signals.signals(second)} == {"same_picture"}
    assert signals.signals(second)[0].other == first.order.number


def test_a_picture_older_than_the_purchase_or_newer_than_its_upload_is_a_signal(order, revealed, rich_buyer, at):
    def written(moment):
        from timeline.spans import SHANGHAI

        return f"{moment.astimezone(SHANGHAI):%Y:%m:%d %H:%M:%S}"

    files = [
        given(order, rich_buyer, at, taken=written(at - timedelta(days=2)), lines=3),
        given(order, rich_buyer, at, taken=written(at + timedelta(days=2)), lines=5),
        given(order, rich_buyer, at, taken=written(at + timedelta(minutes=1)), lines=6),
        given(order, rich_buyer, at, software="Adobe Photoshop 26", lines=2),
    ]
    refund = claim(revealed, "WRONG_ITEM", by=rich_buyer, at=at, attachments=files)
    found = {(each.code, each.attachment) for each in signals.signals(refund)}
    assert found == {
        ("older_than_purchase", files[0].pk),
        ("newer_than_upload", files[1].pk),
        ("edited", files[3].pk),
    }


def test_signals_change_neither_figure_nor_lane(two_cases):
    first, second = two_cases
    assert (first.figure, first.decision["lane"]) == (second.figure, second.decision["lane"])


def test_signals_are_for_the_staff_alone(client, two_cases, rich_buyer, seller, arbiter):
    _first, second = two_cases
    page = reverse("refunds:signals", kwargs={"number": second.number})
    for person, status in ((rich_buyer, 404), (seller, 404), (arbiter, 200)):
        client.force_login(person)
        assert client.get(page).status_code == status


def test_thumbnails_of_what_was_given_stand_in_the_wizard(client, order, revealed, rich_buyer):
    client.force_login(rich_buyer)
    where = {name: reverse(f"refunds:{name}", kwargs={"number": order.number}) for name in ("claim", "claim_facts")}
    client.post(where["claim"], {"reason": "CODE_INVALID", "places": ["1"]})
    client.post(where["claim_facts"], {"text": "", "file": picture(), "stay": "1"})
    page = client.get(where["claim_facts"]).content.decode()
    assert 'loading="lazy"' in page
    assert "data-uploader" in page
