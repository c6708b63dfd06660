"""Slate: the image of `relay.slate`, looked at before anything starts, since it is needed only when something fails."""

from pathlib import Path

from tailrace.errors import ConfigError

FORMATS = ("PNG", "JPEG")
# 2K, as for the images of mixes (spec/03 section 5).
MAX_PIXELS = 3_686_400


def check_slate(name: str) -> None:
    """Read the image whole, if one is named. Raises ConfigError, which says what is wrong with it."""
    if not name:
        return
    # Only who has a slate pays for loading what reads it.
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(Path(name), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise ConfigError(
                    f"relay.slate: {name} has {width} x {height} pixels, at most {MAX_PIXELS} can be used"
                )
            image.load()
    except UnidentifiedImageError:
        raise ConfigError(f"relay.slate: {name} is neither PNG nor JPEG") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is broken"
        raise ConfigError(f"relay.slate: {name} cannot be read: {reason}") from None
