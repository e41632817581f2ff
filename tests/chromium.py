"""Open pages in the headless Chromium of Qt, in a separate process.

OpenCV loads parts of another Qt into each process that imports it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

WAIT = 20_000  # milliseconds
# the pages are trusted, and Chromium's sandbox does not run as root
SETTINGS = {
    'QT_QPA_PLATFORM': 'offscreen',
    'QTWEBENGINE_DISABLE_SANDBOX': '1',
    'QTWEBENGINE_CHROMIUM_FLAGS': '--disable-gpu',
}


def browse(page: Path, width: int, *steps: tuple[str, str]) -> list:
    """Open a page from the disk in a window of ``width`` pixels and take steps.

    A step is ('click', selector), ('until', expression), ('read', expression), ('resize', width)
    or ('shot', path of a PNG). A click is one of the mouse, in the middle of the element.

    Returns:
        list: The values of the 'read' steps.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith('QT_')}
    done = subprocess.run(
        [sys.executable, __file__, page, str(width), json.dumps(steps, default=str)],
        capture_output=True,
        text=True,
        env=environment | SETTINGS,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def main(path: str, width: str, steps: str) -> None:
    """Take the steps of :func:`browse` and print the values; messages of the page are errors."""
    from PySide6.QtCore import QDeadlineTimer, QEventLoop, QPoint, Qt, QTimer, QUrl
    from PySide6.QtTest import QTest
    from PySide6.QtWebEngineCore import QWebEnginePage
    from PySide6.QtWebEngineWidgets import QWebEngineView
    from PySide6.QtWidgets import QApplication

    messages, read = [], []

    class Page(QWebEnginePage):
        def javaScriptConsoleMessage(self, level, message, line, source):
            messages.append(f'{message} (line {line})')

    def wait_for(start):
        """Return the value with which ``start`` calls its argument."""
        loop, values = QEventLoop(), []
        start(lambda value=None: (values.append(value), loop.quit()))
        if not values:
            QTimer.singleShot(WAIT, loop.quit)
            loop.exec()
        if not values:
            sys.exit('Chromium does not answer')
        return values[0]

    def evaluate(expression):
        script = f'JSON.stringify({expression})'
        return json.loads(wait_for(lambda done: view.page().runJavaScript(script, 0, done)))

    def until(expression):
        deadline = QDeadlineTimer(WAIT)
        while not evaluate(expression):
            if deadline.hasExpired():
                sys.exit(f'never became true: {expression}')
            QTest.qWait(20)

    def click(selector):
        element = f'document.querySelector({json.dumps(selector)})'
        until(f'{element} !== null')
        wait_for(lambda done: view.page().runJavaScript(f'{element}.scrollIntoView()', 0, done))
        box = evaluate(f'{element}.getBoundingClientRect()')
        middle = QPoint(box['x'] + box['width'] / 2, box['y'] + box['height'] / 2)
        QTest.mouseClick(view.focusProxy(), Qt.LeftButton, Qt.NoModifier, middle)

    def resize(width):
        view.resize(int(width), 900)
        until(f'innerWidth === {width}')

    def shot(target):
        QTest.qWait(200)  # more than a frame, as one may be under way
        assert view.grab().save(target)

    app = QApplication(sys.argv[:1])
    view = QWebEngineView()
    view.setPage(Page(view))
    view.resize(int(width), 900)
    view.show()
    view.loadFinished.connect(lambda good: good or sys.exit('the page cannot be loaded'))
    wait_for(
        lambda done: (
            view.loadFinished.connect(done),
            view.load(QUrl.fromLocalFile(str(Path(path).resolve()))),
        )
    )
    actions = {
        'click': click,
        'until': until,
        'read': lambda expression: read.append(evaluate(expression)),
        'resize': resize,
        'shot': shot,
    }
    for action, argument in json.loads(steps):
        actions[action](argument)
    if messages:
        sys.exit(f'the page says: {messages}')
    print(json.dumps(read), flush=True)
    app.processEvents()
    os._exit(0)  # an orderly exit may destroy the profile before the page that uses it


if __name__ == '__main__':
    main(*sys.argv[1:])
