"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const {nodes, edges, groups, includes} = data.graph, findings = data.findings;
const $ = id => document.getElementById(id);
const esc = text => String(text).replace(/[&<>"]/g, c => ({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}[c]));
const cut = (text, most) => text.length > most ? text.slice(0, most - 1) + "…" : text;
const W = 220, ROW = 19, HEAD = 26, GAP = 22, BETWEEN = 120, MANY = 30, PAGE = 300;
const MARK = {person: "☎", message: "✉", cut: "✖", dead: "⚠", stays: "∞", open: "?"};
const RANK = {info: 1, warning: 2, error: 3};

const groupOf = new Int32Array(nodes.length), onNode = nodes.map(() => []), onGroup = groups.map(() => []);
groups.forEach((g, n) => g.k.forEach(k => { groupOf[k] = n; }));
findings.forEach((f, n) => { if (f.n >= 0) { onNode[f.n].push(n); onGroup[groupOf[f.n]].push(n); } });
const worst = list => list.reduce((a, n) => RANK[findings[n].s] > (RANK[a] || 0) ? findings[n].s : a, "");

const shut = new Set(groups.length > MANY ? groups.keys() : []);
let box = [], lit = null, hit = -1, view = {x: 0, y: 0, k: 1};

function place() {
  const top = [];
  box = groups.map((g, n) => {
    const y = top[g.c] || GAP, rows = shut.has(n) ? 0 : g.k.length;
    top[g.c] = y + HEAD + ROW * rows + GAP;
    return {x: GAP + g.c * (W + BETWEEN), y, h: HEAD + ROW * rows};
  });
}
function spot(node) {
  const n = groupOf[node], b = box[n], at = groups[n].k.indexOf(node);
  return {x: b.x, y: shut.has(n) ? b.y + HEAD / 2 : b.y + HEAD + ROW * at + ROW / 2};
}
const head = n => ({x: box[n].x, y: box[n].y + HEAD / 2});
function curve(a, b) {
  if (a.x === b.x) { const o = a.x - 34; return `M${a.x} ${a.y}C${o} ${a.y} ${o} ${b.y} ${b.x} ${b.y}`; }
  const on = b.x > a.x, x1 = on ? a.x + W : a.x, x2 = on ? b.x : b.x + W, d = on ? BETWEEN / 2 : -BETWEEN / 2;
  return `M${x1} ${a.y}C${x1 + d} ${a.y} ${x2 - d} ${b.y} ${x2} ${b.y}`;
}
function drawEdges() {
  const made = new Map();
  for (const [s, t, label] of edges) {
    const gs = groupOf[s], gt = groupOf[t];
    if (gs === gt) continue;
    const key = (shut.has(gs) ? "g" + gs : s) + ">" + (shut.has(gt) ? "g" + gt : t);
    const known = made.get(key);
    if (!known) made.set(key, {a: spot(s), b: spot(t), labels: label ? [label] : []});
    else if (label && known.labels.length < 3 && !known.labels.includes(label)) known.labels.push(label);
  }
  let out = "";
  for (const {a, b, labels} of made.values()) {
    out += `<path class="edge" d="${curve(a, b)}"/>`;
    if (labels.length) out += `<text class="label" x="${a.x + W + 5}" y="${a.y - 3}">${esc(cut(labels.join(", "), 16))}</text>`;
  }
  for (const [a, b] of includes) if (a !== b) out += `<path class="edge include" d="${curve(head(a), head(b))}"/>`;
  return out;
}
function drawBox(g, n) {
  const b = box[n], bad = worst(onGroup[n]), on = lit && lit.groups.has(n);
  const sum = bad ? `<tspan class="${bad}" dx="6">● ${onGroup[n].length}</tspan>` : "";
  let out = `<g class="box${bad ? " bad " + bad : ""}${on ? " on" : ""}${hit === n ? " found" : ""}" data-group="${n}"><title>[${esc(g.n)}]</title>`
    + `<rect x="${b.x}" y="${b.y}" width="${W}" height="${b.h}" rx="6"/>`
    + `<text class="head" x="${b.x + 8}" y="${b.y + 17}">${shut.has(n) ? "▸" : "▾"} ${g.k.some(k => nodes[k].i) ? "▶ " : ""}${esc(cut(g.t, 24))}${sum}</text>`;
  if (!shut.has(n)) g.k.forEach((k, at) => {
    const node = nodes[k], y = b.y + HEAD + ROW * at, hurt = worst(onNode[k]);
    out += `<g class="row${lit && lit.nodes.has(k) ? " on" : ""}" data-node="${k}"><rect x="${b.x + 1}" y="${y}" width="${W - 2}" height="${ROW}"/>`
      + `<text class="${node.m ? "" : "off"}" x="${b.x + 22}" y="${y + 13}">${node.i ? "▶ " : ""}${esc(cut(node.x, 20))}`
      + node.e.map(e => `<tspan class="${e}" dx="5">${MARK[e]}</tspan>`).join("")
      + (hurt ? `<tspan class="${hurt}" dx="5">● ${esc(findings[onNode[k][0]].c)}</tspan>` : "") + "</text></g>";
  });
  return out + "</g>";
}
function drawLit() {
  if (!lit) return "";
  let out = "";
  lit.hops.forEach((hop, n) => {
    if (!n) return;
    const a = spot(lit.hops[n - 1].node), b = spot(hop.node);
    out += `<path class="lit" d="${curve(a, b)}"/>`;
    const keys = lit.hops[n - 1].keys;
    if (keys) out += a.x === b.x
      ? `<text class="litlabel" text-anchor="end" x="${a.x - 30}" y="${(a.y + b.y) / 2}">${esc(cut(keys, 22))}</text>`
      : `<text class="litlabel" x="${a.x + W + 6}" y="${a.y + 14}">${esc(cut(keys, 22))}</text>`;
  });
  const last = lit.hops[lit.hops.length - 1];
  if (last && last.keys) { const p = spot(last.node); out += `<text class="litlabel" x="${p.x + W + 6}" y="${p.y + 14}">${esc(cut(last.keys, 22))}</text>`; }
  return out;
}
function draw() {
  place();
  $("world").innerHTML = drawEdges() + groups.map(drawBox).join("") + drawLit();
  $("picture").classList.toggle("dim", !!lit);
  move();
}
function move() { $("world").setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.k})`); }
function show(left, top, right, bottom, least) {
  const s = $("picture").getBoundingClientRect();
  const k = Math.min(1.2, (s.width - 60) / (right - left), (s.height - 110) / (bottom - top));
  view.k = Math.max(k, least || 0.02);
  const wide = (right - left) * view.k, high = (bottom - top) * view.k;
  view.x = (wide < s.width - 60 ? (s.width - wide) / 2 : 30) - left * view.k;
  view.y = (high < s.height - 110 ? Math.max(55, (s.height - high) / 2 - 100) : 55) - top * view.k;
  move();
}
function bounds(list) {
  return [Math.min(...list.map(n => box[n].x)) - 40, Math.min(...list.map(n => box[n].y)) - 10,
    Math.max(...list.map(n => box[n].x)) + W + 90, Math.max(...list.map(n => box[n].y + box[n].h)) + 20];
}
function fit(least) { if (groups.length) { const b = [Infinity, Infinity, -Infinity, -Infinity];
  box.forEach(o => { b[0] = Math.min(b[0], o.x); b[1] = Math.min(b[1], o.y); b[2] = Math.max(b[2], o.x + W); b[3] = Math.max(b[3], o.y + o.h); });
  show(b[0] - 20, b[1] - 10, b[2] + 20, b[3] + 10, least); } }
function zoom(by, cx, cy) {
  const k = Math.min(3, Math.max(0.02, view.k * by));
  view.x = cx - (cx - view.x) * k / view.k; view.y = cy - (cy - view.y) * k / view.k; view.k = k; move();
}

function light(n) {
  const f = findings[n], hops = [];
  for (const [, , , keys, node] of f.way || []) {
    if (node < 0) continue;
    const last = hops[hops.length - 1];
    if (last && last.node === node) { if (keys) last.keys = last.keys ? last.keys + ", " + keys : keys; }
    else hops.push({node, keys});
  }
  if (!hops.length && f.n >= 0) hops.push({node: f.n, keys: ""});
  lit = {finding: n, hops, nodes: new Set(hops.map(h => h.node)), groups: new Set(hops.map(h => groupOf[h.node]))};
  lit.groups.forEach(g => { if (groups[g].k.length <= 60 || !shut.size) shut.delete(g); });
  tab("graph");
  draw();
  if (lit.groups.size) show(...bounds([...lit.groups]), 0.35);
  side();
}
function item(n) {
  const f = findings[n];
  return `<div class="item${lit && lit.finding === n ? " on" : ""}" data-finding="${n}"><b class="${f.s}">${f.c}</b> ${esc(f.m)}<div class="soft">${esc(f.gui || f.f + ":" + f.l)}${f.own ? " (the GUI writes this by itself)" : ""}</div></div>`;
}
function side(list, title) {
  if (lit) {
    const f = findings[lit.finding];
    const steps = (f.way || []).map(s => `<li>${esc(s[0])} <b>${esc(s[2])}</b> ${s[3] ? `<kbd>${esc(s[3])}</kbd>` : ""}<div class="soft">${esc(s[1])}</div></li>`).join("");
    $("side").innerHTML = `<button data-back>← all findings</button><h2><b class="${f.s}">${f.c}</b> ${esc(f.m)}</h2><div class="soft">${esc(f.f)}:${f.l}</div>`
      + (f.gui ? `<p>In the GUI: <b>${esc(f.gui)}</b></p>` : "") + (f.own ? "<p>The GUI writes this by itself: it is not yours to repair.</p>" : "") + (f.src ? `<pre>${esc(f.src.trim())}</pre>` : "") + (f.fix ? `<p>Can be repaired: ${esc(f.fix)} (<code>--fix</code>)</p>` : "")
      + (f.keys !== undefined ? `<p>The caller: <kbd>${esc(f.keys)}</kbd></p><ol>${steps}</ol><p><b>${esc(f.end)}</b></p>` : "<p>No call was seen to come here.</p>")
      + `<p><a href="#rule-${f.c}" data-rule="${f.c}">Why it matters, and a good example</a></p>`;
    return;
  }
  const shown = list || findings.map((_, n) => n).sort((a, b) => findings[a].own - findings[b].own || RANK[findings[b].s] - RANK[findings[a].s] || a - b);
  $("side").innerHTML = `<h2>${esc(title || (findings.length ? "Findings: click one to see the call" : "No findings"))}</h2>`
    + shown.slice(0, PAGE).map(item).join("") + (shown.length > PAGE ? `<p class="soft">${shown.length - PAGE} more in the tab Findings</p>` : "");
}
function sideNode(k) {
  const node = nodes[k];
  $("side").innerHTML = `<button data-back>← all findings</button><h2>${esc(groups[groupOf[k]].t)}: ${esc(node.x)}</h2><div class="soft">[${esc(groups[groupOf[k]].n)}] ${esc(node.f)}:${node.l}${node.m ? "" : "; no call that was followed comes here"}</div>`
    + `<pre>${esc(node.s.join("\n"))}</pre>` + onNode[k].map(item).join("");
}
function clear() { lit = null; draw(); side(); }

function tab(name) {
  document.querySelectorAll("main>section").forEach(s => { s.hidden = s.id !== name; });
  document.querySelectorAll("nav [data-tab]").forEach(b => b.classList.toggle("on", b.dataset.tab === name));
  if (name === "table" && !$("rows").children.length) rows();
  if (name === "gaps" && !$("unknown").children.length) $("unknown").innerHTML = data.unknown.map(u => `<tr><td>${esc(u[0])}</td><td>${esc(u[2])}:${u[3]}</td><td>${esc(u[1])}</td></tr>`).join("") || "<tr><td colspan=3>Everything could be followed.</td></tr>";
}
let limit = PAGE;
function rows() {
  const on = new Set([...document.querySelectorAll("[data-severity]")].filter(c => c.checked).map(c => c.dataset.severity));
  const code = $("code").value, file = $("file").value, text = $("words").value.toLowerCase();
  const list = findings.map((_, n) => n).filter(n => { const f = findings[n];
    return on.has(f.s) && ($("own").checked || !f.own) && (!code || f.c === code) && (!file || f.f === file) && (!text || `${f.c} ${f.m} ${f.f}:${f.l} ${f.x} ${f.keys || ""}`.toLowerCase().includes(text)); });
  $("rows").innerHTML = list.slice(0, limit).map(n => { const f = findings[n];
    return `<tr data-finding="${n}"><td><b class="${f.s}">${f.c}</b></td><td>${esc(f.f)}:${f.l}</td><td>${esc(f.m)}${f.gui ? `<div class="soft">${esc(f.gui)}</div>` : ""}</td><td>${f.keys !== undefined ? `<kbd>${esc(f.keys)}</kbd>` : ""}</td></tr>`; }).join("");
  $("shown").textContent = `${list.length} of ${findings.length}`;
  $("more").hidden = list.length <= limit;
}
function search() {
  const text = $("search").value.toLowerCase().trim();
  if (!text) { hit = -1; $("hits").textContent = ""; draw(); return; }
  const found = groups.map((_, n) => n).filter(n => `${groups[n].n} ${groups[n].t}`.toLowerCase().includes(text) || groups[n].k.some(k => nodes[k].x.toLowerCase().includes(text)));
  const at = found.indexOf(hit);
  hit = found.length ? found[(at + 1) % found.length] : -1;
  $("hits").textContent = found.length ? `${found.indexOf(hit) + 1} of ${found.length}` : "nothing";
  if (hit >= 0) { shut.delete(hit); draw(); const b = box[hit]; show(b.x - 200, b.y - 60, b.x + W + 200, b.y + Math.min(b.h, 500) + 60, 0.5); } else draw();
}

const pic = $("picture");
let from = null, moved = false;
pic.addEventListener("pointerdown", e => { from = {x: e.clientX - view.x, y: e.clientY - view.y, sx: e.clientX, sy: e.clientY}; moved = false; });
addEventListener("pointermove", e => { if (!from) return; moved = moved || Math.abs(e.clientX - from.sx) + Math.abs(e.clientY - from.sy) > 4;
  if (moved) { view.x = e.clientX - from.x; view.y = e.clientY - from.y; pic.classList.add("drag"); move(); } });
addEventListener("pointerup", () => { from = null; pic.classList.remove("drag"); });
pic.addEventListener("wheel", e => { e.preventDefault(); const r = pic.getBoundingClientRect(); zoom(Math.exp(-e.deltaY / 500), e.clientX - r.left, e.clientY - r.top); }, {passive: false});
pic.addEventListener("click", e => {
  if (moved) return;
  const row = e.target.closest("[data-node]"), group = e.target.closest("[data-group]");
  if (row) { sideNode(+row.dataset.node); return; }
  if (group) { const n = +group.dataset.group, before = {...box[n]}; if (shut.has(n)) shut.delete(n); else shut.add(n);
    place(); view.y += (before.y - box[n].y) * view.k; draw(); }
});
const middle = by => { const r = pic.getBoundingClientRect(); zoom(by, r.width / 2, r.height / 2); };
$("in").onclick = () => middle(1.3); $("out").onclick = () => middle(1 / 1.3); $("fit").onclick = () => fit();
$("open").onclick = () => { shut.clear(); draw(); fit(); };
$("shut").onclick = () => { groups.forEach((_, n) => shut.add(n)); draw(); fit(); };
$("clear").onclick = clear;
$("search").addEventListener("keydown", e => { if (e.key === "Enter") search(); });
$("search").addEventListener("search", () => { if (!$("search").value) search(); });
document.addEventListener("click", e => {
  const f = e.target.closest("[data-finding]"), t = e.target.closest("[data-tab]"), r = e.target.closest("[data-rule]");
  if (e.target.closest("[data-back]")) clear();
  else if (f) light(+f.dataset.finding);
  else if (t) tab(t.dataset.tab);
  else if (r) { tab("rules"); const d = $("rule-" + r.dataset.rule); if (d) { d.open = true; d.scrollIntoView(); } e.preventDefault(); }
});
document.addEventListener("keydown", e => { if (e.key === "Escape") clear(); });
const option = (text, value) => `<option value="${esc(value)}">${esc(text)}</option>`;
$("code").innerHTML = option("all rules", "") + [...new Set(findings.map(f => f.c))].sort().map(c => option(c, c)).join("");
$("file").innerHTML = option("all files", "") + [...new Set(findings.map(f => f.f))].sort().map(f => option(f, f)).join("");
document.querySelectorAll("#table .tools input,#table .tools select").forEach(i => i.addEventListener("input", () => { limit = PAGE; rows(); }));
$("more").onclick = () => { limit += PAGE; rows(); };
$("theme").onclick = () => document.documentElement.classList.toggle("dark");
if (matchMedia("(prefers-color-scheme: dark)").matches) document.documentElement.classList.add("dark");
draw(); side();
fit(0.55);
document.documentElement.dataset.ready = "1";
})();
