"""Pages in a real, headless Chromium, that of Qt, in a process of its own.

OpenCV brings parts of another Qt into a process that imports it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

WAIT = 20_000  # milliseconds until something that should happen is given up
# the pages are our own, and Chromium's sandbox refuses root
SETTINGS = {
    'QT_QPA_PLATFORM': 'offscreen',
    'QTWEBENGINE_DISABLE_SANDBOX': '1',
    'QTWEBENGINE_CHROMIUM_FLAGS': '--disable-gpu',
}


def browse(page: Path, width: int, *steps: tuple[str, str]) -> list:
    """Open a page from the disk in a window of ``width`` pixels and go through steps.

    A step is ('click', selector), ('until', expression), ('read', expression) or
    ('shot', path of a PNG). A click is one of the mouse, in the middle of the element.

    Returns:
        list: What the steps 'read' gave.
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
    """Do what :func:`browse` says and print what was read; messages of the page are errors."""
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
        """The value that ``start`` hands to its argument, once it does."""
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

    def shot(target):
        # two frames: one may be on its way
        QTest.qWait(200)
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
        'shot': shot,
    }
    for action, argument in json.loads(steps):
        actions[action](argument)
    if messages:
        sys.exit(f'the page says: {messages}')
    print(json.dumps(read), flush=True)
    app.processEvents()
    os._exit(0)  # Qt's own way down may outlive the page's profile


if __name__ == '__main__':
    main(*sys.argv[1:])
