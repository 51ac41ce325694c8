"""Makes the viewing copy of an image, in a process of its own that can do little harm: reads the original from standard
input, writes one line of JSON about it and then a clean picture to standard output. It knows neither Django nor the
mall; see `orders.attachments`.

A picture made to attack its reader breaks this process, not the mall: it has little memory, little time, no files, and
knows three formats. What comes out is drawn anew from the pixels alone, without metadata, comments or anything behind
the end. The line says when and with what it was taken, as its own file tells, and how it looks in 64 bits; where it
was taken is left behind.
"""

import contextlib
import io
import json
import resource
import sys
import warnings
from typing import Any

#: Refusals, as exit codes: not a picture of the three formats, or broken; more pixels than anybody's camera has.
UNREADABLE, TOO_MANY_PIXELS = 3, 4
MOST_PIXELS = 40_000_000
#: The longest side of a viewing copy: small print stays readable.
LONGEST_SIDE = 4_096
FORMATS = ("JPEG", "PNG", "WEBP")
MEMORY, SECONDS = 512 * 1024 * 1024, 10


def main() -> int:
    """Read, look at the size before anything is decoded, draw anew, write."""
    give_up_power()
    from PIL import Image, ImageOps

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        picture: Image.Image = Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=FORMATS)
        if picture.width * picture.height > MOST_PIXELS:
            return TOO_MANY_PIXELS
        is_see_through = "A" in picture.getbands() or "transparency" in picture.info
        told = of_its_own(picture)
        is_drawn = picture.format == "PNG" or is_see_through
        picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        ImageOps.exif_transpose(picture, in_place=True)
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        mode = "RGBA" if is_see_through else "RGB"
        clean = Image.new(mode, picture.size)
        clean.paste(picture.convert(mode))
        told["likeness"] = likeness(clean)
        drawn = io.BytesIO()
        if is_drawn:
            clean.save(drawn, "PNG")
        else:
            clean.save(drawn, "JPEG", quality=88)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return TOO_MANY_PIXELS
    except Exception:  # noqa: BLE001 - whatever a broken picture breaks, it is not one that can be shown
        return UNREADABLE
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + drawn.getvalue())
    return 0


#: What of a picture's own words is taken over, by their numbers: never a place, never a name.
SOFTWARE, MAKE, MODEL, CHANGED, DETAILS, TAKEN, ZONE = 0x0131, 0x010F, 0x0110, 0x0132, 0x8769, 0x9003, 0x9011


def of_its_own(picture: Any) -> dict[str, str]:
    """When a picture was taken and with what, by its own words; nothing where it says nothing or nothing readable."""
    try:
        exif = picture.getexif()
        details = exif.get_ifd(DETAILS)
    except Exception:  # noqa: BLE001 - broken words beside a good picture
        return {}
    camera = " ".join(plain(exif.get(tag)) for tag in (MAKE, MODEL)).strip()
    found = {
        "taken": plain(details.get(TAKEN) or exif.get(CHANGED)),
        "zone": plain(details.get(ZONE)),
        "software": plain(exif.get(SOFTWARE) or picture.info.get("Software")),
        "camera": camera,
    }
    return {name: text for name, text in found.items() if text}


def plain(value: Any) -> str:
    """A short text without anything invisible."""
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value or "")
    return "".join(sign for sign in text if sign.isprintable()).strip()[:80]


def likeness(picture: Any) -> str:
    """How a picture looks, in 64 bits as 16 hexadecimal signs: where it gets brighter from left to right (dHash).

    Two pictures of the same thing, made smaller or saved again, differ in a few bits only.
    """
    small = picture.convert("L").resize((9, 8))
    light = list(small.tobytes())
    bits = 0
    for line in range(8):
        for place in range(8):
            bits = bits << 1 | (light[line * 9 + place] < light[line * 9 + place + 1])
    return f"{bits:016x}"


def give_up_power() -> None:
    """Little memory and time, no new files, no core dumps. Where a system lacks a limit, the others still hold."""
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, most))


if __name__ == "__main__":
    sys.exit(main())
