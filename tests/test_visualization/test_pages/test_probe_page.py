"""The page of accuracies: figures, names that look like HTML, and pictures."""

import base64

from npid_mm.visualization.pages.probe_page import Figure, ProbeTable, probe_page


def test_tables_and_pictures_are_shown(tmp_path):
    picture = tmp_path / 'a.png'
    picture.write_bytes(b'\x89PNG of neighbors')
    figures = [Figure(0.5, 0.4049, 0.6), Figure(-0.01, -0.1, 0.08)]
    table = ProbeTable('<b>cats</b>', '3 & 4 images', ['kNN', 'linear'], {'<i>': figures}, picture)
    out = probe_page([table, table], 'RUN <on> cats', tmp_path / 'page.html')
    text = out.read_text()
    assert text.count('<h2>&lt;b&gt;cats&lt;/b&gt;</h2>') == 2
    assert '<title>RUN &lt;on&gt; cats</title>' in text and '<p>3 &amp; 4 images</p>' in text
    assert '<th>features</th><th>kNN</th><th>linear</th>' in text
    row = '<td>50.0 (40.5 to 60.0)</td><td>-1.0 (-10.0 to 8.0)</td>'
    assert f'<tr><th>&lt;i&gt;</th>{row}</tr>' in text
    assert base64.b64encode(picture.read_bytes()).decode() in text
    assert '<script' not in text and '<i>' not in text
