"use strict";
(() => {
  const PAGE = 200, MAX_PRINTED = 500;
  const $ = (id) => document.getElementById(id);
  const index = JSON.parse($("index").textContent);
  const { rules, objects, perChunk } = index;
  const chunks = document.getElementsByClassName("chunk");
  const unpacked = new Map();
  const open = new Set();
  let shown = [], limit = PAGE;

  // Every text of an object goes through here: it never is markup.
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "onclick") element.addEventListener("click", value);
      else element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };

  const titleOf = (object) => object.t;
  const VERDICTS = { allowed: ["allowed", "good"], denied: ["denied", "deny"], error: ["not evaluated", "deny"] };

  async function chunkOf(number) {
    const key = Math.floor(number / perChunk);
    if (!unpacked.has(key)) {
      unpacked.set(key, (async () => {
        const packed = Uint8Array.from(atob(chunks[key].textContent.trim()), (c) => c.charCodeAt(0));
        const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
        return JSON.parse(await new Response(stream).text());
      })());
      if (unpacked.size > 40) unpacked.delete(unpacked.keys().next().value);
    }
    return (await unpacked.get(key))[number % perChunk];
  }

  function filter() {
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = $("verdict").value, rule = $("rule").value;
    const namespace = $("namespace").value, team = $("team").value;
    shown = [];
    objects.forEach((object, number) => {
      if (verdict === "warned" ? object.v !== "allowed" || !object.c[1] : verdict && object.v !== verdict) return;
      if (rule && !object.r.some((each) => rules[each].id === rule)) return;
      if (namespace !== "" && object.n !== namespace.slice(1)) return;
      if (team && object.m !== team) return;
      object.s ??= [object.t, object.m, ...object.r.map((each) => rules[each].id)].join("\n").toLowerCase();
      if (words.every((word) => object.s.includes(word))) shown.push(number);
    });
    // Those to look at come first, each group in the order of the source.
    const rank = (number) => objects[number].v !== "allowed" ? 0 : objects[number].c[1] ? 1 : 2;
    shown.sort((a, b) => rank(a) - rank(b) || a - b);
  }

  function update() {
    limit = PAGE;
    filter();
    render();
  }

  function rowOf(number) {
    const object = objects[number];
    const [word, css] = VERDICTS[object.v];
    const count = (n, kind) => make("td", { class: "n" }, n ? make("span", { class: kind }, String(n)) : make("span", { class: "dim" }, "0"));
    const button = make("button", {
      class: "link", "aria-expanded": String(open.has(number)), onclick: () => toggle(number),
    }, titleOf(object));
    const chips = object.r.slice(0, 6).map((each) => make("span", { class: "chip" }, rules[each].id));
    if (object.r.length > 6) chips.push(make("span", { class: "chip" }, `+${object.r.length - 6}`));
    return make("tr", { id: `row-${number}`, class: "object" },
      make("td", {}, button),
      make("td", { class: css }, word),
      count(object.c[0], "deny"), count(object.c[1], "warn"), count(object.c[2], "audit"), count(object.c[3], "dim"),
      index.teams ? make("td", {}, object.m) : null,
      make("td", {}, ...chips));
  }

  function render() {
    const body = $("rows");
    const rows = [];
    for (const number of shown.slice(0, limit)) {
      rows.push(rowOf(number));
      if (open.has(number)) rows.push(detailRow(number));
    }
    body.replaceChildren(...rows);
    $("count").textContent = `${shown.length.toLocaleString("en")} of ${objects.length.toLocaleString("en")} objects`;
    $("next").hidden = shown.length <= limit;
    $("next").textContent = `Show ${Math.min(PAGE, shown.length - limit)} more`;
  }

  function toggle(number, force) {
    if (open.has(number) && !force) open.delete(number);
    else open.add(number);
    const row = $(`row-${number}`);
    if (!row) return;
    const below = row.nextElementSibling;
    if (below && below.classList.contains("detail")) below.remove();
    row.querySelector("button").setAttribute("aria-expanded", String(open.has(number)));
    if (open.has(number)) {
      row.after(detailRow(number));
      history.replaceState(null, "", `#${encodeURIComponent(titleOf(objects[number]))}`);
    }
  }

  function detailRow(number) {
    const cell = make("td", { colspan: index.teams ? "8" : "7" }, make("p", { class: "dim" }, "loading …"));
    const row = make("tr", { class: "detail" }, cell);
    row.ready = chunkOf(number).then(
      (detail) => cell.replaceChildren(...detailOf(detail)),
      (error) => cell.replaceChildren(make("p", { class: "deny" }, `This browser cannot show it: ${error}`)));
    return row;
  }

  const finding = (action, rule, path, message, remediation, ...more) =>
    make("div", { class: `finding f${action}` },
      make("div", {}, make("b", { class: action }, action), " ", message, " ", make("span", { class: "chip" }, rule)),
      make("div", { class: "path dim" }, path),
      remediation ? make("div", {}, `→ ${remediation}`) : null, ...more);

  function* detailOf(detail) {
    if (detail.w) yield make("p", { class: "dim" }, detail.w);
    if (detail.e) yield make("p", { class: "deny" }, detail.e);
    yield make("h3", {}, detail.f.length ? "Findings" : "No findings");
    for (const each of detail.f) yield finding(...each);
    if (detail.x.length) {
      yield make("h3", {}, "Exceptions");
      for (const [action, rule, path, message, name, reason, expires] of detail.x) {
        yield finding(action, rule, path, message, "", make("div", {}, `exempt by ${name} until ${expires}: ${reason}`));
      }
    }
    if (detail.g) {
      const picture = new DOMParser().parseFromString(detail.g, "image/svg+xml").documentElement;
      yield make("h3", {}, "Graph");
      yield make("div", { class: "graph", tabindex: "0" }, document.importNode(picture, true));
    }
    if (detail.s.length) {
      yield make("h3", {}, "Effective security of its containers");
      yield make("div", { class: "security" }, ...detail.s.map(([path, name, injected, fields, levels]) =>
        make("section", {},
          make("b", {}, name), injected ? make("span", { class: "dim" }, " added by graphgate") : "",
          make("div", { class: "path dim" }, path),
          make("table", {}, make("tbody", {}, ...fields.map(([field, value, source]) =>
            make("tr", {}, make("td", {}, field), make("td", {}, value), make("td", { class: "dim" }, source))))),
          make("div", {}, "its pod meets ", ...levels.map(([level, met]) =>
            make("span", { class: `chip ${met ? "good" : "deny"}` }, `${met ? "✓" : "✗"} ${level}`))))));
    }
  }

  for (const id of ["search", "verdict", "rule", "namespace", "team"]) {
    $(id).addEventListener("input", update);
  }
  for (const button of document.querySelectorAll("button[data-filter]")) {
    button.addEventListener("click", () => {
      const select = $(button.dataset.filter);
      select.value = button.dataset.value;
      update();
      $("objects").scrollIntoView();
    });
  }
  $("reset").addEventListener("click", () => {
    for (const id of ["search", "verdict", "rule", "namespace", "team"]) $(id).value = "";
    open.clear();
    update();
  });
  $("next").addEventListener("click", () => { limit += PAGE; render(); });
  $("print").addEventListener("click", async () => {
    limit = Infinity;
    for (const number of shown.slice(0, MAX_PRINTED)) open.add(number);
    render();
    await Promise.all([...document.querySelectorAll(".detail")].map((row) => row.ready));
    $("printed").hidden = shown.length <= MAX_PRINTED;
    window.print();
  });
  // Printing shows every object that the filter leaves, not only those that are on the page.
  window.addEventListener("beforeprint", () => { if (limit !== Infinity) { limit = Infinity; render(); } });
  window.addEventListener("afterprint", () => { limit = PAGE; render(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/INPUT|SELECT|TEXTAREA/.test(document.activeElement.tagName)) {
      event.preventDefault();
      $("search").focus();
    }
  });

  function follow() {
    let title;
    try { title = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const number = title ? objects.findIndex((object) => object.t === title) : -1;
    if (number < 0) return;
    const place = shown.indexOf(number);
    if (place < 0) return;
    if (place >= limit) { limit = Math.ceil((place + 1) / PAGE) * PAGE; render(); }
    toggle(number, true);
    const row = $(`row-${number}`);
    // The filter stays at the top, and would cover it.
    row.style.scrollMarginTop = `${document.querySelector(".filter").offsetHeight}px`;
    row.scrollIntoView();
  }
  window.addEventListener("hashchange", follow);
  update();
  follow();
})();
