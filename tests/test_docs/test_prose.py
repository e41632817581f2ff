"""The check of prose that `make lint` runs over pages and code."""

import pytest

from tests.prose import clauses, offenses


@pytest.mark.parametrize(
    ('text', 'line', 'words'),
    [
        ('First.\nThe bank is no\nbuffer.', 2, 'is no'),
        ('# the run goes\n# on from here', 1, 'goes on'),
        ('It takes 256 bytes an image.', 1, 'bytes an image'),
        ('It is trained anew.', 1, 'anew'),
    ],
)
def test_a_phrase_is_found_with_its_line(text, line, words):
    """Also where it is split over two lines of a page or of a comment."""
    ((found_line, found, _),) = offenses(text)
    assert (found_line, found.replace('# ', '')) == (line, words)


@pytest.mark.parametrize(
    'text', ['where there is no GPU', 'it is no longer read', 'it takes 256 bytes per image']
)
def test_plain_sentences_are_left_alone(text):
    assert not list(offenses(text))


def test_a_docstring_begins_with_a_name_or_an_imperative():
    code = '"""Read files."""\ndef one():\n    """What it does."""\ndef two():\n    """Do it."""\n'
    assert [(line, text) for line, text, _ in clauses(code)] == [(2, 'What it does.')]
