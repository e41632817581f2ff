"""A small neighbor page: its images, links and labels, and the data that it holds."""

import base64
import io
import json
import re

from PIL import Image

COLORS = ['#0000ff', '#00ffff', '#ff00ff', '#ffff00', '#808080']
LABELS = ['cat', 'cat', 'dog', None, 'cat']
# the first two are queries
LINKS = [
    [(2, 0.9), (4, 0.8), (3, 0.1)],
    [(4, 0.7)],
    [(3, 0.6), (4, 0.5)],
    [(2, 0.6), (4, 0.55)],
    [(3, 0.55), (2, 0.5)],
]


def content(page):
    """The data of a page."""
    (text,) = re.findall(r'id="data">(.*?)</script>', page.read_text(encoding='utf-8'))
    return json.loads(text)


def picture(thumbnail):
    """The image of a thumbnail."""
    with Image.open(io.BytesIO(base64.b64decode(thumbnail['src'].partition(',')[2]))) as image:
        return image.convert('RGB')
