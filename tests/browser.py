"""A real browser for tests: Debian's chromium, driven by Selenium."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM, DRIVER = "chromium", "chromedriver"
MISSING = "needs chromium and chromedriver (Debian: apt-get install chromium chromium-driver)"


@contextmanager
def open_browser(*arguments: str) -> Iterator[Any]:
    """Yield a headless browser; without one skip in a line, and fail in CI."""
    browser, driver = shutil.which(CHROMIUM), shutil.which(DRIVER)
    if browser is None or driver is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    # No sandbox: tests may run as root, and the pages are ours.
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", *arguments):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driving = webdriver.Chrome(options=options, service=Service(driver))
    try:
        driving.set_page_load_timeout(60)
        driving.set_script_timeout(60)
        yield driving
    finally:
        driving.quit()
