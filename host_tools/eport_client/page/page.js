"use strict";
// The page for people. State and journal come over /console; a tried call goes over a client connection of its own.
(() => {
  const $ = (id) => document.getElementById(id);
  const KEPT_ROWS = 200;
  const SAMPLES = { inData: "测试", passwd: "88888888", random: "MTIzNDU2Nzg=", szInfo: "测试", oldPin: "88888888", newPin: "88888888" };
  let english = false;
  let state = null;
  let shapes = {};
  let connection = "connecting";
  let console_ = null;

  const text = (key) => TEXTS[key][english ? 1 : 0];
  const pick = (pair) => pair[english ? 1 : 0];
  const make = (tag, content, attributes = {}) => {
    const element = document.createElement(tag);
    element.textContent = content;
    Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
    return element;
  };
  const address = (path) => `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
  const tell = (message) => console_ && console_.readyState === WebSocket.OPEN && console_.send(JSON.stringify(message));

  function showTexts() {
    document.documentElement.lang = english ? "en" : "zh-CN";
    document.title = text("title");
    document.querySelectorAll("[data-text]").forEach((element) => { element.textContent = text(element.dataset.text); });
    $("language").textContent = english ? "中文" : "English";
    $("language").lang = english ? "zh-CN" : "en";
    showConnection();
    showState();
    showShape();
    document.querySelectorAll("#journal [data-zh]").forEach((cell) => { cell.textContent = english ? cell.dataset.en : cell.dataset.zh; });
  }

  function showConnection() {
    $("connection").textContent = text(connection);
    $("connection").dataset.state = connection;
  }

  function showState() {
    if (!state) return;
    $("problem").hidden = !state.problem;
    $("problem").textContent = state.problem ? `${pick(state.problem)} (${state.problem[2]})` : "";
    $("card").replaceChildren(...cardRows().flatMap(([key, value]) => [make("dt", text(key)), make("dd", value)]));
    showFaults();
  }

  function cardRows() {
    const rows = [["reader", state.reader]];
    if (!state.holder) return rows;
    const { holder, certificate, pin } = state;
    const validity = `${certificate.start} — ${certificate.end}${state.expired ? ` (${text("expired")})` : ""}`;
    const tries = pin.left ? `${pin.left} ${text("left")} ${pin.of}` : text("locked");
    return rows.concat([
      ["kind", holder.kind], ["holder", holder.name], ["number13", holder.card], ["unit", holder.unit],
      ["code", holder.code], ["credit", holder.credit], ["certificate", certificate.number], ["key", certificate.key],
      ["validity", validity], ["pin", tries + (pin.verified ? ` (${text("verified")})` : "")],
    ]);
  }

  // The check boxes are made once and then only changed, so that the keyboard's focus stays where it is.
  function showFaults() {
    state.faults.forEach((fault) => {
      const id = `fault-${fault.name}`;
      if (!$(id)) $("faults").append(faultRow(fault, id));
      $(id).checked = fault.on;
      $(`${id}-label`).textContent = english ? fault.en : fault.zh;
    });
  }

  function faultRow(fault, id) {
    const row = document.createElement("li");
    const box = make("input", "", { type: "checkbox", id });
    box.addEventListener("change", () => tell({ do: "fault", fault: fault.name, on: box.checked }));
    row.append(box, make("label", "", { for: id, id: `${id}-label` }));
    return row;
  }

  function showMethods(methods) {
    const chosen = $("method").value || "cus-sec_SpcSignDataAsPEM";
    shapes = Object.fromEntries(methods.map((method) => [method.name, method]));
    $("method").replaceChildren(...methods.map((method) => make("option", method.name, { value: method.name })));
    $("method").value = chosen;
    suggestArgs();
  }

  function suggestArgs() {
    const method = shapes[$("method").value];
    if (!method) return;
    const names = method.args.replace(/\([^)]*\)/g, "").split(/,| or /).map((name) => name.trim());
    const wanted = names.filter((name) => name && (!name.endsWith("?") || name === "passwd?")).map((name) => name.replace("?", ""));
    $("args").value = JSON.stringify(Object.fromEntries(wanted.map((name) => [name, SAMPLES[name] || ""])));
    showShape();
  }

  function showShape() {
    const method = shapes[$("method").value];
    $("shape").textContent = method ? text(method.shape) : "";
  }

  function addRow(cells, failed) {
    const row = document.createElement("tr");
    if (failed) row.className = "failed";
    row.append(...cells);
    $("journal").prepend(row);
    while ($("journal").rows.length > KEPT_ROWS) $("journal").deleteRow(-1);
  }

  function inBoth(zh, en) {
    return make("td", english ? en : zh, { "data-zh": zh, "data-en": en });
  }

  function addCall(entry) {
    const result = entry.ok ? inBoth(TEXTS.ok[0], TEXTS.ok[1]) : inBoth(`${entry.text} ${entry.code}`, `${entry.text_en} ${entry.code}`);
    const args = Object.entries(entry.args).map(([name, value]) => `${name}=${value}`).join(" ");
    addRow([make("td", entry.number), make("td", entry.client), make("td", entry.method), make("td", args), result, make("td", entry.ms)], !entry.ok);
    // A call may have changed what the card says of itself; several calls at once are asked about once.
    clearTimeout(addCall.waiting);
    addCall.waiting = setTimeout(() => tell({ do: "look" }), 200);
  }

  function addRefused(entry) {
    addRow([make("td", ""), make("td", entry.origin), make("td", ""), make("td", ""), inBoth(TEXTS.refused[0], TEXTS.refused[1]), make("td", "")], true);
  }

  function take(message) {
    if (message.type === "state") { state = message; showState(); }
    if (message.type === "methods") showMethods(message.methods);
    if (message.type === "call") addCall(message);
    if (message.type === "refused") addRefused(message);
  }

  function watch() {
    console_ = new WebSocket(address("/console"));
    console_.onopen = () => { $("journal").replaceChildren(); connection = "connected"; showConnection(); };
    console_.onmessage = (event) => take(JSON.parse(event.data));
    console_.onclose = () => { connection = "lost"; showConnection(); setTimeout(watch, 1000); };
  }

  function call(event) {
    event.preventDefault();
    let args = null;
    try { args = JSON.parse($("args").value || "{}"); } catch { args = null; }
    const bad = args === null || typeof args !== "object" || Array.isArray(args);
    $("args-error").hidden = !bad;
    $("args-error").textContent = bad ? text("badArgs") : "";
    $("args").setAttribute("aria-invalid", String(bad));
    if (bad) { $("args").focus(); return; }
    const method = $("method").value;
    send(JSON.stringify({ _method: method, _id: 1, args }), method);
  }

  function send(request, method) {
    const socket = new WebSocket(address("/"));
    $("answer").textContent = "…";
    socket.onopen = () => socket.send(request);
    socket.onmessage = (event) => {
      if (JSON.parse(event.data)._method !== method) return;
      $("answer").textContent = event.data;
      socket.close();
    };
    socket.onclose = () => { if ($("answer").textContent === "…") $("answer").textContent = text("lost"); };
  }

  $("language").addEventListener("click", () => { english = !english; showTexts(); });
  $("method").addEventListener("change", suggestArgs);
  $("restart").addEventListener("click", () => tell({ do: "restart" }));
  $("try").addEventListener("submit", call);
  showTexts();
  watch();
})();
