"""Makes the viewing copy of an image, in a process of its own that can do little harm: reads the original from standard
input, writes a clean picture to standard output. It knows neither Django nor the mall; see `orders.attachments`.

A picture made to attack its reader breaks this process, not the mall: it has little memory, little time, no files, and
knows three formats. What comes out is drawn anew from the pixels alone, without metadata, comments or anything behind
the end.
"""

import contextlib
import io
import resource
import sys
import warnings

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
        is_drawn = picture.format == "PNG" or is_see_through
        picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        ImageOps.exif_transpose(picture, in_place=True)
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        mode = "RGBA" if is_see_through else "RGB"
        clean = Image.new(mode, picture.size)
        clean.paste(picture.convert(mode))
        drawn = io.BytesIO()
        if is_drawn:
            clean.save(drawn, "PNG")
        else:
            clean.save(drawn, "JPEG", quality=88)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return TOO_MANY_PIXELS
    except Exception:  # noqa: BLE001 - whatever a broken picture breaks, it is not one that can be shown
        return UNREADABLE
    sys.stdout.buffer.write(drawn.getvalue())
    return 0


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
