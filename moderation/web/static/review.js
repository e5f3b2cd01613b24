// The keyboard, the claim that stays alive while the page is open, and the queue that keeps itself fresh. Everything works
// without this file, by links, forms and a mouse.
"use strict";

const QUEUE_EVERY_MS = 15000, RENEW_BEFORE_MS = 10 * 60000, RETRY_MS = 30000, LOOK_EVERY_MS = 20000;
const body = document.body;
const say = (text) => { document.getElementById("say").textContent = text; };
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

// -- keyboard ---------------------------------------------------------------------------------------------------------

const help = document.getElementById("help");
const keysOn = document.getElementById("keys-on");
const remembered = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
const remember = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private mode */ } };
if (keysOn) {
  keysOn.checked = remembered("keys") !== "off";
  keysOn.addEventListener("change", () => remember("keys", keysOn.checked ? "on" : "off"));
}

const writing = (target) => target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");

function step(by) {
  const rows = $$("[data-row]");
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("here"));
  mark(rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by))], true);
}

function mark(row, focus) {
  $$(".here").forEach((one) => one.classList.remove("here"));
  row.classList.add("here");
  row.scrollIntoView({ block: "nearest" });
  if (focus) (row.querySelector("[data-open]") || row).focus({ preventScroll: true });
}

const here = () => $("[data-row].here");

function arm(outcome) {
  const box = $(`[data-arm="${outcome}"]`);
  const button = box && box.querySelector("button");
  if (!button || button.disabled) {
    const case_ = document.getElementById("hold");
    say(box || !case_ || !case_.dataset.token ? "Claim the case first." : "Nobody may allow this case.");
    return;
  }
  $$(".armed").forEach((one) => one.classList.remove("armed"));
  box.classList.add("armed");
  const told = document.getElementById("armed");
  told.textContent = `${outcome === "allow" ? "Allow" : button.firstChild.textContent.trim()} is chosen. Ctrl+Enter sends it.`;
  document.getElementById("note").focus();
}

function send() {
  const box = $(".armed");
  const form = document.getElementById("decide");
  if (!box || !form) { say("Choose first: a to allow, b to block."); return; }
  form.requestSubmit(box.querySelector("button"));
}

function press(key) {
  if (body.dataset.page === "queue" && key === "c") {
    const form = here() && here().querySelector("[data-claim]");
    form ? form.requestSubmit() : say(here() ? "This case is not free." : "Mark a case first with j and k.");
    return true;
  }
  if (key === "a" || key === "b") { if (!$("#hold")) return false; arm(key === "a" ? "allow" : "block"); return true; }
  const target = $(`[data-key="${CSS.escape(key)}"]`);
  if (!target) return false;
  if (target.matches("video")) target.paused ? target.play() : target.pause();
  else if (target.matches("select, input[type=text]")) target.focus();
  else target.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.ctrlKey) { event.preventDefault(); send(); return; }
  if (event.key === "Escape" && writing(event.target)) { event.target.blur(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || writing(event.target)) return;
  if (help && help.open && event.key !== "?") return;
  if (keysOn && !keysOn.checked && event.key !== "?") return;
  let used = true;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "?") toggleHelp();
  else if (event.key.length === 1) used = press(event.key);
  else used = false;
  if (used) event.preventDefault();
});

function toggleHelp() { if (help) help.open ? help.close() : help.showModal(); }

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-help], [data-close], [data-seek]");
  if (!target) return;
  if (target.matches("[data-help]")) { event.preventDefault(); toggleHelp(); }
  else if (target.matches("[data-close]")) help.close();
  else seek(target);
});

function seek(target) {
  const clip = $("video", target.closest("[data-asset]"));
  if (clip) clip.currentTime = Number(target.dataset.seek) / 1000;
}

document.addEventListener("focusin", (event) => {
  const row = event.target.closest("[data-row]");
  if (row) mark(row, false);
});

$$("[data-arm] button").forEach((button) => button.addEventListener("focus", () => {
  $$(".armed").forEach((one) => one.classList.remove("armed"));
  button.closest("[data-arm]").classList.add("armed");
}));

// -- the queue keeps itself fresh -------------------------------------------------------------------------------------

const queue = document.getElementById("queue");
const places = (from) => $$("[data-row]", from).map((row) => row.id);

async function refresh() {
  if (document.hidden || queue.contains(document.activeElement) && writing(document.activeElement)) return;
  const answer = await fetch(queue.dataset.part).catch(() => null);
  if (!answer || !answer.ok || answer.redirected) return;
  const before = places(queue), chosen = here() && here().id, focused = queue.contains(document.activeElement);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
  queue.replaceChildren(...fresh.childNodes);
  const row = chosen && document.getElementById(chosen);
  if (row) mark(row, focused);
  const added = places(queue).filter((id) => !before.includes(id)).length;
  if (added) say(`${added} new ${added === 1 ? "case" : "cases"}.`);
}

if (queue) setInterval(refresh, QUEUE_EVERY_MS);

// -- the claim stays alive --------------------------------------------------------------------------------------------

const hold = document.getElementById("hold");
const json = { Accept: "application/json" };

function startHold() {
  let until = performance.now() + Number(hold.dataset.left), lost = false;
  const address = `/review/cases/${hold.dataset.case}`;
  const lose = (why) => {
    lost = true;
    hold.replaceChildren(Object.assign(document.createElement("p"), { className: "problem", textContent: why }));
    $$("#decide button").forEach((button) => { button.disabled = true; });
    say(why);
  };
  const renew = async () => {
    const form = new URLSearchParams({ claim_token: hold.dataset.token });
    const answer = await fetch(`${address}/renew`, { method: "POST", body: form, headers: { ...json, "X-CSRF-Token": body.dataset.csrf } }).catch(() => null);
    if (!answer) return;
    const told = await answer.json();
    if (answer.ok) until = performance.now() + told.left_ms;
    else lose(`${told.detail}: ${told.remedy}. What you wrote is still here.`);
  };
  hold.renew = renew;
  let asked = 0;
  setInterval(() => {
    if (lost) return;
    const left = until - performance.now();
    const shown = $("[data-countdown]");
    if (shown) shown.textContent = left > 90000 ? `${Math.ceil(left / 60000)} min` : `${Math.max(0, Math.ceil(left / 1000))} s`;
    if (left <= 0) lose("Your claim ran out. Claim the case again; what you wrote is still here.");
    else if (left < RENEW_BEFORE_MS && !document.hidden && performance.now() - asked > RETRY_MS) { asked = performance.now(); renew(); }
  }, 1000);
}

async function look() {
  if (document.hidden) return;
  const answer = await fetch(`/review/cases/${hold.dataset.case}/state`, { headers: json }).catch(() => null);
  if (!answer || !answer.ok) return;
  const told = await answer.json();
  const was = hold.dataset.other;
  if (told.state === "decided") tell(`${told.decided_by} has decided this case. Reload to read it.`);
  else if (told.by_other && told.by_other !== was) tell(`${told.by_other} has claimed this case.`);
  else if (was && !told.by_other) tell("This case is free now. Reload to claim it.");
  hold.dataset.other = told.by_other;
}

function tell(text) {
  const known = $(".live-note", hold) || hold.insertBefore(Object.assign(document.createElement("p"), { className: "problem live-note" }), hold.firstChild);
  known.textContent = text;
  say(text);
}

if (hold) Number(hold.dataset.left) > 0 ? startHold() : setInterval(look, LOOK_EVERY_MS);

// -- what is written is not lost --------------------------------------------------------------------------------------

const note = document.getElementById("note");
if (note) {
  const name = `note ${hold.dataset.case}`;
  if (!note.value) note.value = sessionStorage.getItem(name) || "";
  note.addEventListener("input", () => sessionStorage.setItem(name, note.value));
} else if (hold === null) {
  Object.keys(sessionStorage).filter((name) => name === `note ${location.pathname.split("/").pop()}`).forEach((name) => sessionStorage.removeItem(name));
}
