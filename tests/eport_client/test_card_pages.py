"""Chromium: a page written like those of the Single Window, and the service's own page for people."""

from __future__ import annotations

import functools
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import SSLContext

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from host_tools.eport_client.faults import Fault
from host_tools.eport_client.identity import Certificate
from tests.eport_client import openssl
from tests.eport_client.support import PIN, Served, served
from tests.eport_client.test_manual import ADDRESS, certificate, example

pytestmark = pytest.mark.xdist_group("chromium")
"""One browser for all of them, not one in each worker."""

SECONDS = 30
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,1400",
    "--host-resolver-rules=MAP other.example 127.0.0.1",
)

CLIENT_PAGE = """<!DOCTYPE html><meta charset="utf-8"><title>client</title><script>
// One socket, one callback for each method, a counter that starts at 0, and no look at the hello.
var callbacks = {}, id = 0, socket = new WebSocket("ws://ADDRESS");
socket.onmessage = function (event) {
  var message = JSON.parse(event.data);
  if (callbacks[message._method]) { callbacks[message._method](message._args); }
};
socket.onclose = function () { window.closed_ = true; };
function invoke(method, args, callback) {
  callbacks[method] = callback;
  var request = JSON.stringify({_method: method, _id: id++, args: args});
  if (socket.readyState === 1) { socket.send(request); return; }
  socket.addEventListener("open", function () { socket.send(request); });
}
function login(random, passwd, done) {
  invoke("ra_Is903Reader", {}, function (reader) {
    invoke("security_SpcSignRandom", {passwd: passwd, random: random}, function (signed) {
      if (!signed.Result) { done([signed.Error[1]]); return; }
      invoke("security_getGetCardUserInfoAll", {userpin: passwd}, function (info) {
        invoke("cus-sec_SpcGetValidTimeFromCert", {}, function (validity) {
          invoke("cus-sec_SpcGetSignCertAsPEM", {}, function (certificate) {
            done([reader.Data[0], signed.Data[0], info.Data[0], validity.Data[0].szEndTime, certificate.Data[0]]);
          });
        });
      });
    });
  });
}
</script>"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    options = ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with Chrome(options, ChromeService("/usr/bin/chromedriver")) as made:
        made.set_script_timeout(SECONDS)
        yield made


@contextmanager
def site(folder: Path, tls: SSLContext | None = None) -> Iterator[str]:
    """The folder as a web site; its address."""
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    """Serves and says nothing."""

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Nothing."""


@pytest.fixture
def client_page(service: Served, tmp_path: Path) -> Iterator[tuple[Served, str]]:
    """A service, and the origin of a site with a client's page."""
    (tmp_path / "index.html").write_text(CLIENT_PAGE.replace("ADDRESS", service.address), encoding="utf-8")
    with site(tmp_path) as origin:
        yield service, origin


def run(browser: Chrome, script: str, *args: object) -> list[str]:
    """Run a script that calls back with a list."""
    found = browser.execute_async_script(f"var done = arguments[arguments.length - 1]; {script}", *args)
    assert isinstance(found, list)
    return found


def test_a_page_like_the_official_ones_logs_in(browser: Chrome, client_page: tuple[Served, str]) -> None:
    """M12: the sequence of the Single Window's login page, in a real browser."""
    browser.get(f"http://{client_page[1]}/")
    reader, signature, info, end, pem = run(browser, "login(arguments[0], arguments[1], done)", "MTIzNDU2Nzg=", PIN)
    certificate = Certificate.parse(b64decode(pem))
    assert ["0", certificate.number, "20360102000000"] == [reader, info.split("||")[0], end]
    assert openssl.verifies(certificate.der, b"12345678", b64decode(signature))


def test_the_page_gets_the_error_code_of_a_wrong_password(browser: Chrome, client_page: tuple[Served, str]) -> None:
    browser.get(f"http://{client_page[1]}/")
    assert ["Err:Custom51572"] == run(browser, "login(arguments[0], arguments[1], done)", "MTIzNDU2Nzg=", "00000000")


def test_a_page_of_another_origin_cannot_connect(browser: Chrome, client_page: tuple[Served, str]) -> None:
    running, origin = client_page
    browser.get(f"http://other.example:{origin.rpartition(':')[2]}/")
    wait(browser, lambda: browser.execute_script("return window.closed_ === true"))
    assert f"http://other.example:{origin.rpartition(':')[2]}" == running.service.journal.entries[-1]["origin"]


def test_the_example_of_the_manual(browser: Chrome, service: Served, tmp_path: Path) -> None:
    script = example("javascript").replace(ADDRESS, service.address)
    (tmp_path / "index.html").write_text(f'<!DOCTYPE html><meta charset="utf-8"><script>{script}</script>', "utf-8")
    with site(tmp_path) as origin:
        browser.get(f"http://{origin}/")
        wait(browser, lambda: bool(browser.title))
        number, signature = browser.title.split()
    found = certificate(service)
    assert found.number == number
    assert openssl.verifies(found.der, "测试".encode(), b64decode(signature))


# -- the page for people


@pytest.fixture
def page(browser: Chrome) -> Iterator[tuple[Chrome, Served]]:
    with served() as running:
        severe(browser)
        browser.get(f"http://{running.address}/")
        wait(browser, lambda: "03-ZZ9S000000002" in text(browser, "card"))
        yield browser, running
        assert [] == severe(browser)
        browser.get("about:blank")


def severe(browser: Chrome) -> list[object]:
    """Errors the browser logged since it was asked last."""
    return [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]  # type: ignore[no-untyped-call]  # selenium


def element(browser: Chrome, name: str) -> WebElement:
    return browser.find_element(By.ID, name)


def text(browser: Chrome, name: str) -> str:
    return element(browser, name).text


def wait(browser: Chrome, condition: Callable[[], bool]) -> None:
    WebDriverWait(browser, SECONDS, 0.02).until(lambda _: condition())


def test_the_page_shows_the_card_its_holder_and_its_certificate(page: tuple[Chrome, Served]) -> None:
    shown = text(page[0], "card")
    expected = ("操作员卡", "测试操作员", "测试进出口有限公司", "0300000000000002", "SM2-256", "2036-01-02", "3 次可用")
    assert [] == [word for word in expected if word not in shown]


def test_the_page_is_chinese_first_and_english_by_a_switch(page: tuple[Chrome, Served]) -> None:
    browser, _ = page
    assert ("zh-CN", "电子口岸客户端模拟服务") == (
        browser.find_element(By.TAG_NAME, "html").get_attribute("lang"),
        browser.title,
    )
    element(browser, "language").click()
    assert ("en", "Electronic Port client, simulated") == (
        browser.find_element(By.TAG_NAME, "html").get_attribute("lang"),
        browser.title,
    )
    assert "Holder" in text(browser, "card")
    assert "slow card" in text(browser, "faults")


def test_a_call_is_shown_as_it_happens_without_its_password(page: tuple[Chrome, Served]) -> None:
    browser, running = page
    with running.client() as client:
        client.data("cus-sec_SpcSignDataAsPEM", inData="报文", passwd=PIN)
    wait(browser, lambda: "cus-sec_SpcSignDataAsPEM" in text(browser, "journal"))
    assert "inData=报文 passwd=***" in text(browser, "journal")
    assert PIN not in text(browser, "journal")


def test_text_of_a_client_is_never_markup(page: tuple[Chrome, Served]) -> None:
    browser, running = page
    with running.client() as client:
        client.refused("<img src=x onerror=alert(1)>", inData="<b>bold</b>")
    wait(browser, lambda: "<img src=x" in text(browser, "journal"))
    assert [] == browser.find_elements(By.CSS_SELECTOR, "#journal img, #journal b")


def test_a_method_is_tried_with_the_keyboard_alone(page: tuple[Chrome, Served]) -> None:
    browser, _ = page
    keyboard(browser, element(browser, "method"))
    Select(element(browser, "method")).select_by_value("cus-sec_SpcGetCardID")
    element(browser, "method").send_keys(Keys.TAB, Keys.TAB, Keys.ENTER)
    wait(browser, lambda: "03-ZZ9S000000002" in text(browser, "answer"))


def keyboard(browser: Chrome, wanted: WebElement) -> None:
    """Press Tab from the beginning until the focus is there."""
    browser.find_element(By.TAG_NAME, "body").click()
    for _ in range(40):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        if browser.switch_to.active_element == wanted:
            return
    raise AssertionError("the keyboard does not get there")


def test_a_fault_is_switched_with_the_keyboard_and_seen_by_clients(page: tuple[Chrome, Served]) -> None:
    browser, running = page
    keyboard(browser, element(browser, "fault-hung"))
    browser.switch_to.active_element.send_keys(Keys.SPACE)
    wait(browser, lambda: "Err:Custom50070" in text(browser, "problem"))
    assert Fault.HUNG in running.faults
    with running.client() as client:
        assert "Err:Custom50070" == client.refused("cus-sec_SpcInitEnvEx")
    assert element(browser, "fault-hung") == browser.switch_to.active_element


def test_a_restart_mends_the_reader(page: tuple[Chrome, Served]) -> None:
    browser, running = page
    running.faults.switch(Fault.HUNG, True)
    element(browser, "restart").click()
    wait(browser, lambda: Fault.HUNG not in running.faults)
    wait(browser, lambda: "测试操作员" in text(browser, "card"))


def test_a_card_that_is_taken_out_is_seen_though_nobody_calls(page: tuple[Chrome, Served]) -> None:
    """M11."""
    browser, running = page
    running.reader.inserted = 0
    wait(browser, lambda: "Err:Custom51590" in text(browser, "problem"))


def test_arguments_that_are_no_object_are_marked_beside_the_field(page: tuple[Chrome, Served]) -> None:
    browser, _ = page
    args = element(browser, "args")
    args.clear()
    args.send_keys("[1]")
    browser.find_element(By.CSS_SELECTOR, "#try button").click()
    assert "参数不是JSON对象" == text(browser, "args-error")
    assert args == browser.switch_to.active_element


def test_every_field_has_a_label_and_every_fault_a_box(page: tuple[Chrome, Served]) -> None:
    browser, _ = page
    boxes = browser.find_elements(By.CSS_SELECTOR, "#faults input")
    assert len(Fault) == len(boxes)
    fields = browser.find_elements(By.CSS_SELECTOR, "input, select, textarea")
    names = [browser.execute_script("return arguments[0].labels.length", each) for each in fields]
    assert [1] * len(fields) == names
