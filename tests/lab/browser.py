"""A real browser without a screen, driven over the WebDriver protocol (https://www.w3.org/TR/webdriver2/)."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from .process import accepts_connections, free_port, tied_to_us, wait_until


def is_installed() -> bool:
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


class Browser:
    """Chromium with nothing in it. It logs what it refuses to load or run."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="lab-browser-")
        self._port = free_port()
        self._driver = subprocess.Popen(tied_to_us(["chromedriver", f"--port={self._port}"]), cwd=self._folder,
                                        env={**os.environ, "HOME": self._folder}, start_new_session=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: accepts_connections(self._port), "the driver of the browser")
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                            "--no-proxy-server", f"--user-data-dir={self._folder}/profile"]}
        self._session = self._ask("POST", "", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})["sessionId"]

    def open(self, url: str) -> None:
        self._ask("POST", "/url", {"url": url})

    def run(self, script: str) -> Any:
        """The value that the function body returns."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": []})

    def text(self) -> str:
        return self.run("return document.body.innerText")

    def log(self) -> list[str]:
        """What the console said since it was asked last."""
        return [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})]

    def screen(self, width: int, height: int, dark: bool = False, telephone: bool = False) -> None:
        self._devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, mobile=telephone,
                       deviceScaleFactor=2 if telephone else 1)
        self._devtools("Emulation.setEmulatedMedia",
                       features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def script(self, allowed: bool) -> None:
        self._devtools("Emulation.setScriptExecutionDisabled", value=not allowed)

    def screenshot(self, path: Path) -> None:
        shot = self._devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        try:
            self._ask("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.wait(20)
            shutil.rmtree(self._folder, ignore_errors=True)

    def _devtools(self, command: str, **parameters: Any) -> Any:
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        session = f"/{self._session}" if hasattr(self, "_session") else ""
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}/session{session}{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as reply:
            return json.load(reply)["value"]
