"""Files: what is taken, what is refused, what others get to see of it, and that the original stays as it was given."""

import hashlib
import io
import struct
import zipfile
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from PIL import Image

from orders import attachments
from orders.attachments import FileBroken, attach, shown
from orders.models import Attachment
from orders.uploads import too_large
from tests.orders.test_pages import as_, page_of, text, url
from tests.races import race
from timeline import clock
from timeline.models import Event
from timeline.refusals import Refused

HOSTILE = b"<html><script>alert(document.domain)</script></html>"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    """A private storage of this test's own."""
    options = settings.STORAGES["files"]["OPTIONS"] | {"location": str(tmp_path / "files")}
    settings.STORAGES = settings.STORAGES | {"files": settings.STORAGES["files"] | {"OPTIONS": options}}
    return tmp_path / "files"


def picture(form="JPEG", size=(64, 48), color="teal", mode="RGB", **more):
    drawn = io.BytesIO()
    Image.new(mode, size, color).save(drawn, form, **more)
    return drawn.getvalue()


def telling_jpeg():
    """A photo that says where it was taken, carries a script in its metadata, and HTML behind its end."""
    exif = Image.Exif()
    exif[0x010E] = HOSTILE.decode()
    exif[0x0131] = "PhotoEditor 9"
    exif.get_ifd(0x8825).update({1: "N", 2: (39.0, 54.0, 26.0), 3: "E", 4: (116.0, 23.0, 29.0)})
    return picture(exif=exif, comment=HOSTILE) + HOSTILE


def png_header(width, height):
    """A PNG that says it is so large, in a few bytes."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def upload(content, name="photo.jpg", kind="image/jpeg"):
    return SimpleUploadedFile(name, content, kind)


def zipped():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.html", HOSTILE)
    return packed.getvalue()


def code_of(call):
    with pytest.raises(ValidationError) as found:
        call()
    return found.value.error_dict["file"][0].code


PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

# What is taken


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (picture("JPEG"), "a.jpg", "image/jpeg"),
        (picture("PNG"), "a.png", "image/png"),
        (picture("WEBP"), "a.webp", "image/webp"),
        (picture("PNG", mode="RGBA"), "glass.png", "image/png"),
        (picture("PNG", mode="P", color=1), "few colors.png", "image/png"),
        (picture("JPEG", mode="CMYK", color=1), "print.jpg", "image/jpeg"),
        (picture("JPEG"), "a jpeg that calls itself.png", "image/jpeg"),
        (PDF, "a.pdf", "application/pdf"),
        ("兑换失败：此卡已被使用\n".encode(), "chat.txt", "text/plain"),
        (b"time,what\n1 < 2,a > b\n", "log.csv", "text/plain"),
    ],
)
def test_pictures_pdf_and_plain_text_are_taken_for_what_they_are(order, rich_buyer, at, content, name, media_type):
    given = attach(order, upload(content, name), by=rich_buyer, at=at)
    assert (given.media_type, given.size, given.name) == (media_type, len(content), name)
    assert given.sha256 == hashlib.sha256(content).hexdigest()
    assert attachments.original(given) == content
    seen, kind = shown(given)
    if media_type.startswith("image/"):
        assert Image.open(io.BytesIO(seen), formats=["JPEG", "PNG"]).size == (64, 48)
    else:
        assert (seen, kind) == (content, media_type)


def test_the_event_holds_the_hash_and_never_the_name(order, rich_buyer, at):
    given = attach(order, upload(picture(), "my passport.jpg"), by=rich_buyer, at=at)
    event = Event.objects.get(name="order.file_attached")
    expected = {
        "attachment": given.pk,
        "sha256": given.sha256,
        "type": "image/jpeg",
        "size": given.size,
        "side": "buyer",
    }
    assert (event.by, event.data) == (rich_buyer, expected)
    assert "passport" not in event.body


def test_a_photo_loses_where_it_was_taken_and_everything_hidden_in_it(order, rich_buyer, at):
    content = telling_jpeg()
    assert Image.open(io.BytesIO(content)).getexif().get_ifd(0x8825)
    given = attach(order, upload(content), by=rich_buyer, at=at)
    seen, _kind = shown(given)
    copy = Image.open(io.BytesIO(seen))
    assert not copy.getexif()
    assert not {"exif", "comment", "icc_profile", "xmp", "photoshop"} & set(copy.info)
    for hidden in (b"script", b"PhotoEditor", b"Exif", b"html"):
        assert hidden not in seen
    assert attachments.original(given) == content, "the original is evidence: kept to the byte"


def test_a_photo_is_turned_the_way_it_was_held(order, rich_buyer, at):
    exif = Image.Exif()
    exif[0x0112] = 6
    given = attach(order, upload(picture(exif=exif)), by=rich_buyer, at=at)
    assert Image.open(io.BytesIO(shown(given)[0])).size == (48, 64)


def test_a_very_large_picture_is_shown_smaller(order, rich_buyer, at):
    given = attach(order, upload(picture("PNG", size=(8_000, 5_000))), by=rich_buyer, at=at)
    assert Image.open(io.BytesIO(shown(given)[0])).size == (4_096, 2_560)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\lin\\shot.png", "shot.png"),
        ("bill\u202egnp.exe.jpg", "billgnp.exe.jpg"),
        ("a\r\nSet-Cookie: x.jpg", "aSet-Cookie: x.jpg"),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
        ("...", "file"),
    ],
)
def test_a_name_is_only_a_name(name, kept):
    assert attachments.visible_name(name) == kept


# What is refused


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "empty.png", "empty"),
        (SVG, "a.svg", "wrong_type"),
        (SVG, "a.txt", "wrong_type"),
        (SVG.replace(b'<?xml version="1.0"?>', b""), "a.png", "wrong_type"),
        (HOSTILE, "a.png", "wrong_type"),
        (HOSTILE, "a.html", "wrong_type"),
        (HOSTILE, "a.txt", "wrong_type"),
        (b"hello\n" * 5_000 + HOSTILE, "a.txt", "wrong_type"),
        (b"just words", "a.png", "wrong_type"),
        (b"\xff\xfe\x00\x01", "a.txt", "wrong_type"),
        (picture("GIF"), "a.gif", "wrong_type"),
        (picture("GIF"), "a.jpg", "wrong_type"),
        (picture("BMP"), "a.bmp", "wrong_type"),
        (picture("TIFF"), "a.tiff", "wrong_type"),
        (zipped(), "a.zip", "wrong_type"),
        (zipped(), "a.pdf", "wrong_type"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a.jpg", "wrong_type"),
        (b"MZ" + b"\0" * 200, "a.jpg", "wrong_type"),
        (picture()[:200], "half.jpg", "unreadable"),
        (b"\xff\xd8\xff\xe0" + HOSTILE, "a.jpg", "unreadable"),
        (b"\x89PNG\r\n\x1a\n" + HOSTILE, "a.png", "unreadable"),
        (png_header(50_000, 50_000), "bomb.png", "too_many_pixels"),
        (png_header(8_000, 5_001), "a little too many.png", "too_many_pixels"),
        (png_header(2_000, 2_000), "no pixels.png", "unreadable"),
        (b"words\n" * 200_000, "a.txt", "too_large"),
    ],
)
def test_everything_else_is_refused_and_nothing_is_kept(order, rich_buyer, at, files, content, name, code):
    assert code_of(lambda: attach(order, upload(content, name), by=rich_buyer, at=at)) == code
    assert not Attachment.objects.exists()
    assert not files.exists()
    assert not Event.objects.filter(name="order.file_attached").exists()


def test_a_picture_and_a_pdf_have_caps_of_their_own(order, rich_buyer, at):
    assert code_of(lambda: attach(order, upload(picture() + b"\0" * (10 * 2**20)), by=rich_buyer, at=at)) == "too_large"
    attach(order, upload(PDF + b"\n" * (11 * 2**20), "a.pdf"), by=rich_buyer, at=at)
    assert (
        code_of(lambda: attach(order, upload(PDF + b"\n" * (20 * 2**20), "a.pdf"), by=rich_buyer, at=at)) == "too_large"
    )


def test_a_recording_may_have_a_hundred_megabytes_and_no_more():
    """It is only kept and handed out, so the mall takes what a phone films in a minute (reliability 6.3)."""
    begins, most = b"\0\0\0\x14ftypisom\0\0\0\0isom", 100 * 2**20
    assert attachments.media_type_of(begins.ljust(most, b"\0"), "a.mp4") == "video/mp4"
    assert code_of(lambda: attachments.media_type_of(begins.ljust(most + 1, b"\0"), "a.mp4")) == "too_large"


def test_each_side_gives_two_hundred_megabytes_at_most(order, rich_buyer, seller, at):
    first = attach(order, upload(b"line 1", "a.txt"), by=rich_buyer, at=at)
    Attachment.objects.filter(pk=first.pk).update(size=200 * 2**20 - 6)
    attach(order, upload(b"line 2", "a.txt"), by=rich_buyer, at=at)
    with pytest.raises(Refused) as refusal:
        attach(order, upload(b"x", "a.txt"), by=rich_buyer, at=at)
    assert refusal.value.code == "too_much_in_all"
    attach(order, upload(b"of the shop", "a.txt"), by=seller, at=at)


def test_what_is_larger_than_any_file_may_be_is_not_even_let_in(rf, monkeypatch):
    monkeypatch.setattr("orders.uploads.BIGGEST", attachments.MB)
    monkeypatch.setattr(attachments, "BIGGEST", attachments.MB)
    body = {"file": upload(b"\xff\xd8\xff" + b"\0" * attachments.BIGGEST), "text": "words"}
    request = rf.post("/", body)
    assert (request.POST["text"], len(request.FILES)) == ("words", 0)
    assert too_large(request)
    fits = rf.post("/", {"file": upload(b"\0" * attachments.BIGGEST)})
    assert fits.FILES["file"].size == attachments.BIGGEST
    assert not too_large(fits)
    fits.close()


def test_a_polyglot_is_shown_as_the_picture_it_is_and_nothing_else(order, rich_buyer, at):
    for content in (picture() + zipped(), picture("PNG") + HOSTILE, picture("WEBP") + PDF):
        seen, _kind = shown(attach(order, upload(content), by=rich_buyer, at=at))
        for hidden in (b"PK\x03\x04", b"script", b"%PDF"):
            assert hidden not in seen


def test_only_those_who_take_part_give_files(order, stranger, finance, auditor, seller, agent, at):
    for person in (stranger, finance, auditor):
        with pytest.raises(Refused) as refusal:
            attach(order, upload(picture()), by=person, at=at)
        assert refusal.value.code == "not_your_turn"
    for person, side in ((seller, "shop"), (agent, "platform")):
        attach(order, upload(picture()), by=person, at=at)
        assert Event.objects.filter(name="order.file_attached").latest("pk").data["side"] == side


def test_each_side_gives_twenty_files_at_most(order, rich_buyer, seller, at):
    for number in range(20):
        attach(order, upload(f"line {number}".encode(), "a.txt"), by=rich_buyer, at=at)
    with pytest.raises(Refused) as refusal:
        attach(order, upload(b"one more", "a.txt"), by=rich_buyer, at=at)
    assert refusal.value.code == "too_many_files"
    attach(order, upload(b"line 1", "a.txt"), by=rich_buyer, at=at)
    attach(order, upload(b"of the shop", "a.txt"), by=seller, at=at)
    assert Attachment.objects.count() == 21


def test_the_same_file_again_is_the_same_attachment(order, rich_buyer, seller, at):
    first, again = (attach(order, upload(picture()), by=rich_buyer, at=at) for _ in range(2))
    assert first == again
    other = attach(order, upload(picture()), by=seller, at=at)
    assert other != first
    assert other.original == first.original
    assert Event.objects.filter(name="order.file_attached").count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_same_file_sent_twice_at_the_same_moment_is_one_attachment(order, rich_buyer):
    at, content = clock.now(), picture()
    race(*[lambda: attach(order, upload(content), by=rich_buyer, at=at)] * 3)
    assert Attachment.objects.count() == 1
    assert Event.objects.filter(name="order.file_attached").count() == 1


# What is kept


def test_what_was_changed_behind_the_mall_s_back_is_never_shown(order, rich_buyer, at, files):
    given = attach(order, upload(b"as it was", "a.txt"), by=rich_buyer, at=at)
    path = files / given.original
    assert path.stat().st_mode & 0o777 == 0o400, "written once"
    path.chmod(0o600)
    path.write_bytes(b"as it never was")
    with pytest.raises(FileBroken):
        shown(given)
    path.unlink()
    with pytest.raises(FileBroken):
        shown(given)


def test_what_a_dying_machine_left_half_written_is_not_taken_for_the_file(order, rich_buyer, at):
    sha256 = hashlib.sha256(b"the whole").hexdigest()
    storages["files"].save(f"originals/{sha256[:2]}/{sha256}", SimpleUploadedFile("x", b"the who"))
    given = attach(order, upload(b"the whole", "a.txt"), by=rich_buyer, at=at)
    assert attachments.original(given) == b"the whole"


# On the page


def file_url(order, given):
    return url("file", order, pk=given.pk)


def test_somebody_adds_a_photo_with_a_word_and_sees_its_hash(order, rich_buyer, seller):
    content = telling_jpeg()
    browser = as_(rich_buyer)
    answer = browser.post(url("say", order), {"text": "look", "file": upload(content)}, follow=True)
    digest = hashlib.sha256(content).hexdigest()
    assert any(digest in str(message) for message in answer.context["messages"])
    entries = page_of(seller, order).context["entries"]
    assert [(entry["side"], bool(entry["file"]), entry["text"]) for entry in entries] == [
        ("buyer", True, ""),
        ("buyer", False, "look"),
    ]
    assert digest in text(page_of(seller, order))


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (SVG, "a.svg", "Only JPEG, PNG and WebP images, PDF, MP4 and MOV videos and plain text are taken."),
        (b"", "a.png", "This file is empty."),
        (HOSTILE, "renamed.png", "Only JPEG"),
        (b"\xff\xd8\xff" + b"\0" * (21 * 2**20), "a.jpg", "This file is too large"),
    ],
)
def test_a_wrong_file_comes_back_with_a_sentence_and_the_words_are_kept(order, rich_buyer, content, name, said):
    answer = as_(rich_buyer).post(url("say", order), {"text": "my words", "file": upload(content, name)})
    assert answer.status_code == 422
    assert said in " ".join(answer.context["form"].errors["file"])
    assert ">\nmy words</textarea>" in text(answer)
    assert not Attachment.objects.exists()
    assert not order.conversation.exists()


@pytest.mark.parametrize(
    ("brand", "name", "is_taken_as"), [(b"isom", "a.mp4", "video/mp4"), (b"qt  ", "a.mov", "video/quicktime")]
)
def test_a_recording_is_kept_as_it_is_and_only_to_be_saved(order, rich_buyer, seller, at, brand, name, is_taken_as):
    """What a shop asks for (a recording of how it is redeemed) can be given; nothing here plays it."""
    content = b"\0\0\0\x14ftyp" + brand + b"\0\0\0\0" + brand + b"\0" * 500
    given = attach(order, upload(content, name), by=rich_buyer, at=at)
    assert given.media_type == is_taken_as
    answer = as_(seller).get(file_url(order, given))
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert (answer.headers["Content-Type"], answer.content) == (is_taken_as, content)


def test_a_wrong_file_is_explained_in_the_language_of_the_person(order, rich_buyer):
    browser = as_(rich_buyer)
    answer = browser.post(url("say", order), {"file": upload(b"")}, headers={"accept-language": "zh-CN"})
    assert answer.status_code == 422


def test_a_picture_is_shown_inline_and_everything_else_is_downloaded_in_a_sandbox(order, rich_buyer, seller, agent, at):
    photo = attach(order, upload(telling_jpeg(), "收据.webp"), by=rich_buyer, at=at)
    paper = attach(order, upload(PDF, "a.pdf"), by=rich_buyer, at=at)
    words = attach(order, upload(b"words", "a.txt"), by=rich_buyer, at=at)
    for person in (rich_buyer, seller, agent):
        for given, kind, way in (
            (photo, "image/jpeg", "inline"),
            (paper, "application/pdf", "attachment"),
            (words, "text/plain; charset=utf-8", "attachment"),
        ):
            answer = as_(person).get(file_url(order, given))
            assert answer.status_code == 200
            assert answer.headers["Content-Type"] == kind
            assert answer.headers["Content-Disposition"].startswith(way)
            assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert b"script" not in answer.content


def test_a_file_is_for_those_who_see_the_order_and_asked_anew_each_time(
    order, rich_buyer, stranger, finance, client, at
):
    given = attach(order, upload(picture()), by=rich_buyer, at=at)
    for person in (stranger, finance):
        assert as_(person).get(file_url(order, given)).status_code == 404
    assert client.get(file_url(order, given)).url.startswith("/account/login/")


def test_a_file_of_another_order_is_not_found_under_this_one(order, rich_buyer, listing, at):
    from orders import lifecycle

    other = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    given = attach(order, upload(picture()), by=rich_buyer, at=at)
    assert as_(rich_buyer).get(file_url(other, given)).status_code == 404


def test_nothing_of_a_file_has_an_address_of_its_own(order, rich_buyer, at, client):
    given = attach(order, upload(picture()), by=rich_buyer, at=at)
    browser = as_(rich_buyer)
    for path in (given.original, given.viewing_copy):
        for root in ("/", "/media/", "/static/", "/files/"):
            assert browser.get(f"{root}{path}").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_while_a_picture_is_drawn_others_act_on_the_order(order, rich_buyer, monkeypatch):
    """What happens in the middle of `attach` sees no transaction of it: the order is not locked for a picture."""
    seen = []

    def drawn_slowly(content):
        seen.append(connection.in_atomic_block)
        return draw(content)

    draw = attachments.draw
    monkeypatch.setattr(attachments, "draw", drawn_slowly)
    attach(order, upload(picture()), by=rich_buyer, at=clock.now())
    assert seen == [False]
