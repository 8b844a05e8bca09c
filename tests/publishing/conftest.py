"""What tests of pages share: one browser."""

import pytest

from tests.browser import chromium


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started
