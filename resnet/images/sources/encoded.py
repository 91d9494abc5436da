"""Decode JPEG and PNG images."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from resnet.images.sources.cache import DataError

MODES = ("L", "P", "RGB")
"""Pillow's names of 8-bit pixels: grey, with a palette, and RGB."""


def decode(encoded: bytes | None, size: int, where: str) -> NDArray[np.uint8]:
    """Return an image's pixels, of shape (size, size, 3).

    Parameters
    ----------
    encoded
        A JPEG or PNG file's content.
    size
        The expected width and height, in pixels.
    where
        The image's place, for the error message.

    Raises
    ------
    DataError
        If it is not such an image, or has another size.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(encoded or b""), formats=("JPEG", "PNG")) as image:
            if image.size != (size, size):
                width, height = image.size
                raise DataError(f"{where}: an image of {width}x{height}, expected {size}x{size}")
            if image.mode not in MODES:
                # 16 bits would be clipped, and what is transparent would show.
                raise DataError(
                    f"{where}: pixels of mode {image.mode}, expected 8 bits of grey or RGB"
                )
            return np.asarray(image.convert("RGB"))
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        ValueError,
        SyntaxError,
    ) as error:
        raise DataError(f"{where}: not a JPEG or PNG image: {error}") from None
