"""Comparison of the pixels of two images that may be copies."""

from collections.abc import Iterator

import cv2
import numpy as np

SIDE = 48  # pixels of the images that are compared
COARSE = 24  # pixels of the images in which one is searched in the other
LEAST = 19  # of them that an image must share with the other, 80 % of a side
MIN_COARSE = 0.8  # correlation of an alignment that is examined
MIN_START, ALIGNED = 0.5, 0.995  # similarities between which an alignment is refined
TIE = 0.03  # of the best correlation, within which a mirrored alignment is examined too
ITERATIONS, CHANGE = 30, 1e-4  # at which a refinement ends
MAX_SHIFT = 3.0  # pixels by which an alignment may be refined, at any corner
BAND = (1.5, 4.0)  # deviations of the two Gaussians, in pixels
BORDER = 3  # pixels at each border that are not compared
DARK, BRIGHT = 5.0, 250.0  # limits of the values that are not clipped
MIN_DEVIATION = 0.5  # of 255; a filtered image below it has no pattern to compare
NOISE = 1.0  # deviation of the noise of a filtered image, as JPEG of quality 30 makes it
MIN_SIGNAL = 3.0  # least deviation of a filtered image whose noise is discounted in full


def pixel_similarity(first: np.ndarray, second: np.ndarray) -> float:
    """Correlation of the details of two images, at the best mirroring, crop and position.

    Both are reduced to 48 x 48 gray values. Each is searched in the other one, at 80 to 100 % of
    its size and mirrored or not, and the best alignment is refined (ECC of OpenCV). A linear fit
    removes differences of brightness and contrast, and values that one image clips are clipped in
    both. Then both are filtered by a difference of two Gaussians: the differences that re-encoding
    makes are finer than this band, and the shading that different images share is coarser. What is
    left of the noise is discounted.

    Args:
        first (ndarray): (H, W, 3) or (H, W), uint8.
        second (ndarray): The same, of any size.

    Returns:
        float: From 0 to 1; 0 if an image has no details, or no alignment is close.

    Raises:
        ValueError: If an argument is not an image of uint8.

    Example:
        >>> pixel_similarity(image, image[:, ::-1])  # the mirrored image
        1.0
    """
    return prepared_similarity(prepare(first), prepare(second))


def prepare(image: np.ndarray) -> np.ndarray:
    """Reduce an image to (48, 48) gray values of uint8, for :func:`prepared_similarity`.

    Args:
        image (ndarray): (H, W, 3) or (H, W), uint8.

    Raises:
        ValueError: If it is not an image of uint8.
    """
    shape = image.shape
    if image.dtype != np.uint8 or not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)):
        raise ValueError(
            f'an image must be (H, W, 3) or (H, W) of uint8, got {shape} of {image.dtype}'
        )
    gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    # INTER_AREA averages, but does not interpolate an enlarged image
    how = cv2.INTER_AREA if min(shape[:2]) > SIDE else cv2.INTER_CUBIC
    return cv2.resize(gray, (SIDE, SIDE), interpolation=how)


def prepared_similarity(first: np.ndarray, second: np.ndarray) -> float:
    """Compute :func:`pixel_similarity` of two images of :func:`prepare`."""
    best = 0.0
    for image, part, start in _alignments(first.astype(np.float32), second.astype(np.float32)):
        value = _detail_correlation(_warp(image, start), part)
        if MIN_START <= value < ALIGNED:
            refined = _refined(image, part, start)
            value = max(value, _detail_correlation(_warp(image, refined), part))
        best = max(best, value)
    return best


def _alignments(
    first: np.ndarray, second: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield an image, the part of it that the other one shows, and the place of the part.

    The place is a (2, 3) matrix from coordinates of the part to those of the image. The best
    alignment comes with its mirrored one if that is nearly as good.
    """
    found = []
    for image, other in ((first, second), (second, first)):
        small = cv2.resize(image, (COARSE, COARSE), interpolation=cv2.INTER_AREA)
        for mirrored, part in enumerate((other, np.ascontiguousarray(other[:, ::-1]))):
            for side in range(LEAST, COARSE + 1):
                scaled = cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA)
                table = cv2.matchTemplate(small, scaled, cv2.TM_CCOEFF_NORMED)
                _, value, _, place = cv2.minMaxLoc(table)
                found.append((value, mirrored, side / COARSE, place, image, part))
    largest = max(each[0] for each in found)
    for side in (False, True):
        value, _, scale, (x, y), image, part = max(
            (each for each in found if each[1] == side), key=lambda each: each[0]
        )
        if value >= max(MIN_COARSE, largest - TIE):
            middle = (scale - 1) / 2  # coordinates are those of the centers of the pixels
            step = SIDE / COARSE
            start = [[scale, 0, step * x + middle], [0, scale, step * y + middle]]
            yield image, part, np.array(start, np.float32)


def _refined(image: np.ndarray, part: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the affine alignment with the largest correlation near another one."""
    end = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, ITERATIONS, CHANGE)
    try:
        warp = cv2.findTransformECC(part, image, start.copy(), cv2.MOTION_AFFINE, end)[1]
    except cv2.error:  # it did not converge
        return start
    corners = np.array([[0, 0, 1], [SIDE, 0, 1], [0, SIDE, 1], [SIDE, SIDE, 1]])
    return warp if np.abs((warp - start) @ corners.T).max() <= MAX_SHIFT else start


def _warp(image: np.ndarray, warp: np.ndarray) -> np.ndarray:
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, warp, (SIDE, SIDE), flags=how, borderMode=cv2.BORDER_REPLICATE)


def _detail_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return the correlation of the filtered images, at equal brightness and contrast."""
    inner = (np.minimum(first, second) > DARK) & (np.maximum(first, second) < BRIGHT)
    if inner.sum() < 2:
        return 0.0
    one, other = first[inner], second[inner]
    gain = other.std() / max(one.std(), 1e-6)
    offset = other.mean() - gain * one.mean()
    low, high = max(DARK, gain * DARK + offset), min(BRIGHT, gain * BRIGHT + offset)
    bands = [_band(image.clip(low, high)) for image in (gain * first + offset, second)]
    one, other = (band - band.mean() for band in bands)
    deviations = one.std(), other.std()
    if min(deviations) < MIN_DEVIATION:
        return 0.0
    correlation = float((one * other).mean() / np.prod(deviations))
    # noise lowers the correlation by its share of the variance, most where an image has few details
    noise = NOISE**2 / max(float(np.prod(deviations)), MIN_SIGNAL**2)
    return min(correlation + noise, 1.0)


def _band(image: np.ndarray) -> np.ndarray:
    fine, coarse = (cv2.GaussianBlur(image, (0, 0), deviation) for deviation in BAND)
    return (fine - coarse)[BORDER:-BORDER, BORDER:-BORDER]
