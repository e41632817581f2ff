"""Links of the pages: to files, to headings, and the form of addresses of other sites.

Whether other sites answer is asked by ``make links``, which needs a network.
"""

import re
from itertools import pairwise
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from markdown_it import MarkdownIt

from tests.pages import pages
from tests.toy import ROOT

PAGES = [*pages(), ROOT / 'CHANGELOG.md', *sorted((ROOT / 'npid_mm').rglob('*.md'))]
METAFILES = sorted((ROOT / 'configs').rglob('metafile.yml'))

# What an address of these sites looks like; a typing error seldom does.
FORMS = {
    'arxiv.org': r'/abs/((1[5-9]|[2-9]\d)\d\d\.\d{5}|(0[7-9]|1[0-4])\d\d\.\d{4})',
    'github.com': r'/[\w-]+/[\w.-]+(/(tree|blob)/[\w.-]+(/[\w.+-]+)+|/(issues|pull)/\d+)?',
    'download.openmmlab.com': r'/mmselfsup/(1\.x/)?npid/([\w-]+/)*'
    r'[\w-]+_\d{8}(-[0-9a-f]{8}\.pth|_\d{6}(\.log)?\.json)',
}
# Sites that name their own addresses without https.
PLAIN = {'host.robots.ox.ac.uk', 'places.csail.mit.edu'}


def parts(text):
    """The inline parts of a page, code blocks left out."""
    for token in MarkdownIt().enable('table').parse(text):
        yield from token.children or ()


def links(text):
    """What links and images of a page lead to."""
    return [
        part.attrs[name]
        for part in parts(text)
        for name in ('href', 'src')
        if part.type in ('link_open', 'image') and name in part.attrs
    ]


def addresses(text):
    """Addresses of other sites: links, and those that stand in the text."""
    bare = [
        address
        for part in parts(text)
        if part.type == 'text'
        for address in re.findall(r'https?:[^\s|)<>]*', part.content)
    ]
    return [each for each in links(text) if urlsplit(each).scheme] + bare


def anchors(text):
    """Fragments that GitHub gives the headings of a page."""
    tokens = MarkdownIt().enable('table').parse(text)
    slugs = []
    for before, token in pairwise(tokens):
        if before.type == 'heading_open':
            title = ''.join(part.content for part in token.children)
            slugs.append(re.sub(r'[^\w\- ]', '', title.lower()).replace(' ', '-'))
    earlier = [slugs[:number].count(slug) for number, slug in enumerate(slugs)]
    return [f'{slug}-{n}' if n else slug for slug, n in zip(slugs, earlier, strict=True)]


def dead(page, link):
    """What is wrong with a link within the project, if anything is."""
    target, _, fragment = link.partition('#')
    path = (page.parent / unquote(target)).resolve() if target else page
    if not path.is_relative_to(ROOT) or not path.exists():
        return 'no such file'
    if fragment and (path.suffix != '.md' or fragment not in anchors(path.read_text())):
        return 'no such heading'
    return None


def malformed(address):
    """What is wrong with the address of another site, if anything is."""
    site = urlsplit(address)
    if site.scheme != ('http' if site.hostname in PLAIN else 'https'):
        return 'not https'
    if not re.fullmatch(r'[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}', site.netloc):
        return 'no host'
    if re.search(r"[.,;:!?'*_]$", address):
        return 'ends in punctuation'
    if not re.fullmatch(FORMS.get(site.netloc, r'.*'), site.path):
        return f'no address of {site.netloc}'
    return None


def in_metafile(part):
    """Addresses of a metafile."""
    if isinstance(part, str):
        return [part] if re.match('https?:', part) else []
    values = part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
    return [address for value in values for address in in_metafile(value)]


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    """Files that are there, headings that their pages have, addresses of a known form."""
    text = page.read_text(encoding='utf-8')
    inner = [link for link in links(text) if not urlsplit(link).scheme]
    wrong = [(link, reason) for link in inner if (reason := dead(page, link))]
    wrong += [(each, reason) for each in addresses(text) if (reason := malformed(each))]
    assert not wrong


def test_every_page_is_linked_from_the_readme():
    """A page that no one links to is not read."""
    linked = links((ROOT / 'README.md').read_text())
    assert not {f'docs/{page.name}' for page in (ROOT / 'docs').glob('*.md')} - set(linked)


def test_addresses_of_metafiles_are_on_the_model_page():
    """There ``make links`` asks for them; what no page shows is asked for by nobody."""
    found = {each for file in METAFILES for each in in_metafile(yaml.safe_load(file.read_text()))}
    assert any(address.endswith('.pth') for address in found)
    shown = addresses((ROOT / 'configs/selfsup/npid/README.md').read_text())
    assert not found - set(shown)


def test_headings_get_the_fragments_that_github_gives_them():
    """Lower case, hyphens for blanks, no other punctuation, and a number where one comes again."""
    text = '# A `code` & B\n## Set up\n## Set up\n## 3.9, x_y!\n```\n# no heading\n```\n'
    assert anchors(text) == ['a-code--b', 'set-up', 'set-up-1', '39-x_y']


@pytest.mark.parametrize(
    ('link', 'reason'),
    [
        ('nowhere.md', 'no such file'),
        ('../../shared', 'no such file'),
        ('detection.md#nowhere', 'no such heading'),
        ('#nowhere', 'no such heading'),
        ('../setup.py#L1', 'no such heading'),
        ('detection.md#set-up', None),
        ('../setup.py', None),
    ],
)
def test_dead_links_are_noticed(link, reason):
    assert dead(ROOT / 'docs/segmentation.md', link) == reason


@pytest.mark.parametrize(
    ('address', 'reason'),
    [
        ('http://example.org/a', 'not https'),
        ('https://host.robots.ox.ac.uk/pascal', 'not https'),
        ('https:/example.org', 'no host'),
        ('https://example.org/a.', 'ends in punctuation'),
        ('https://arxiv.org/abs/1805.0197', 'no address of arxiv.org'),
        ('https://arxiv.org/abs/1406.5298', None),
        ('https://github.com/open-mmlab', 'no address of github.com'),
        ('https://github.com/open-mmlab/mmengine/tree', 'no address of github.com'),
        ('https://github.com/open-mmlab/mmengine/tree/main/docs', None),
        (
            'https://download.openmmlab.com/mmselfsup/npid/a_20220225.pth',
            'no address of download.openmmlab.com',
        ),
        ('https://example.org/a_(b)', None),
    ],
)
def test_malformed_addresses_are_noticed(address, reason):
    assert malformed(address) == reason


def test_addresses_in_the_text_are_found_and_those_in_code_are_not():
    text = (
        '| https://a.org/b | `https://c.org` |\n|---|---|\n| [x](https://d.org) | https://e.org. |'
    )
    assert sorted(addresses(text)) == ['https://a.org/b', 'https://d.org', 'https://e.org.']
