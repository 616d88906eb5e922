/* An incident in a window of time: picks its rows from `windows` of index.json, which holds all windows; walks nothing.
   The window is in the address, so that a link opens it again. */
(() => {
  "use strict";

  const frame = document.querySelector(".sb-incident");
  const form = frame && frame.querySelector("form");
  if (!form) return;
  const { element, save, saveCsv, table, unbroken } = window.studbook;
  const root = frame.dataset.root;
  const rows = frame.querySelector(".sb-incident__rows");
  const counts = frame.querySelector(".sb-incident__counts");
  const sentence = frame.querySelector(".sb-incident__sentence");
  const line = frame.querySelector(".sb-incident__line");
  const whole = { sentence: [...sentence.childNodes], rows: [...rows.childNodes], counts: [...counts.childNodes] };
  /* What the build made of a card's words, by the endpoint's id. */
  const calls = new Map([...rows.querySelectorAll("[aria-label='Affected endpoints'] tbody tr")].map((row) => [row.cells[0].querySelector("a")?.title, row.cells[row.cells.length - 1]]));
  const unknown = Number(counts.lastElementChild.firstElementChild.textContent.replace(/,/g, ""));
  const TITLES = { certain: "Reached for certain", possible: "Possibly reached", cleared: "Cleared" };
  let asked = null;

  const data = () => (asked = asked || Promise.all(["index.json", `${root}snapshot.json`].map((name) => fetch(name).then((answer) => {
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }))).then(([page, snapshot]) => {
    if (page.error) throw new Error(page.error);
    return { ...page.windows, unknown: page.answers.incident.unknown, answer: page.answers.incident, snapshot };
  }));

  const time = (text) => (text ? Date.parse(/Z|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`) : null);
  const utc = (text) => (text ? `${text.length === 16 ? `${text}:00` : text}Z` : "");

  /* The rows of a window: certain where a certain reader started in it, else possible, else cleared, else none. */
  function picked(all, from, to) {
    const inside = all.readers.map(([, at]) => at === null || !((from !== null && time(at) < from) || (to !== null && time(at) >= to)));
    const place = new Map(all.readers.map(([id], index) => [id, index]));
    const found = [];
    for (const row of all.rows) {
      const within = (name) => row[name].filter((index) => inside[index]);
      const [certain, possible] = [within("certain"), within("possible")];
      const status = certain.length ? "certain" : possible.length || row.always === "possible" ? "possible" : row.always ? "certain" : place.has(row.id) ? "cleared" : null;
      if (status) found.push({ ...row, status, by: certain.length ? certain : possible });
    }
    const hit = new Set([...all.members, ...found.filter((row) => row.status !== "cleared").map((row) => row.id)]);
    for (const row of found) {
      row.why = why(all, row, place, inside, from);
      if (row.kind !== "endpoint" || row.status === "cleared") continue;
      const groups = [...new Set((row.back || []).filter(([version]) => hit.has(version)).map(([, group]) => group))];
      if (groups.length !== 1) { row.last = groups.length ? "several lines: ask the command line" : null; continue; }
      const sound = all.lines[groups[0]].find(([, , , ids]) => !ids.some((id) => hit.has(id)));
      row.last = sound ? { id: sound[0], name: sound[1], path: sound[2], where: sound[4] } : null;
    }
    const rank = ["certain", "possible", "cleared"];
    const first = (row) => (row.kind === "endpoint" ? 0 : row.kind === "model_package" ? 1 : row.kind === "transform_job" ? 2 : 3);
    return found.sort((a, b) => rank.indexOf(a.status) - rank.indexOf(b.status) || first(a) - first(b) || (a.id < b.id ? -1 : 1));
  }

  function why(all, row, place, inside, from) {
    const own = place.get(row.id);
    if (row.status === "cleared") {
      const at = all.readers[own][1];
      return `started ${at}, ${from !== null && time(at) < from ? "before" : "after"} the window`;
    }
    if (row.always || (own !== undefined && row.by.includes(own))) return row.because;
    const names = row.by.map((index) => (all.rows.find((one) => one.id === all.readers[index][0]) || { name: all.readers[index][0] }).name);
    return `follows from ${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}, who read it in the window${row.status === "possible" ? "; not for certain" : ""}`;
  }

  const chosen = () => ({ from: form.elements.from.value, to: form.elements.to.value });

  async function show() {
    const { from, to } = chosen();
    const query = new URLSearchParams(Object.entries({ from, to }).filter(([, value]) => value)).toString();
    history.replaceState(null, "", `${location.pathname}${query ? `?${query}` : ""}#incident`);
    if (!from && !to) {
      sentence.replaceChildren(...whole.sentence);
      rows.replaceChildren(...whole.rows);
      counts.replaceChildren(...whole.counts);
    }
    let all;
    try { all = await data(); } catch (error) { sentence.textContent = /^could not be made/.test(error.message) ? `The windows ${error.message}. This is a bug in Studbook.` : "The windows could not be fetched. This page needs a web server: 'studbook serve' is one."; return; }
    draw(all);
    if (!from && !to) return;
    if (from && to && time(from) >= time(to)) { sentence.textContent = "That window is no time at all: give the earlier time first."; rows.replaceChildren(); counts.replaceChildren(); return; }
    const found = picked(all, time(from), time(to));
    const number = (status) => found.filter((row) => row.status === status);
    sentence.replaceChildren(...unbroken(said(found, from, to)));
    counts.replaceChildren(...["certain", "possible", "cleared"].map((name) => count(name, number(name).length)), count("unknown", unknown));
    const endpoints = found.filter((row) => row.kind === "endpoint");
    const others = found.filter((row) => row.kind !== "endpoint");
    rows.replaceChildren(
      ...(endpoints.length ? [element("h3", {}, "Endpoints"), table("Affected endpoints", ["Endpoint", "Stage", "Account", "How sure", "Why", "Last version not touched", "Whom to call"], endpoints.map((row) => [
        link(row), row.stage || "", row.named || "", element("span", { className: `sb-incident__${row.status}` }, row.status), unbroken(row.why),
        row.last ? (row.last.path ? [link(row.last), " ", element("span", { className: "sb-quiet" }, ...unbroken(row.last.where))] : row.last) : "none known", calls.has(row.id) ? [...calls.get(row.id).cloneNode(true).childNodes] : call(row)]))] : []),
      ...["certain", "possible", "cleared"].flatMap((status) => {
        const several = others.filter((row) => row.status === status);
        return several.length ? [element("h3", {}, TITLES[status]), table(status, ["Name", "Kind", "Stage", "Account", "Why"], several.map((row) => [link(row), row.title, row.stage || "", row.named || "", unbroken(row.why)]))] : [];
      }),
      ...(found.length ? [] : [element("p", { className: "sb-quiet" }, "Nothing that is known read it in this window.")]),
    );
  }

  function said(found, from, to) {
    const at = (status) => {
      const several = found.filter((row) => row.status === status), ends = several.filter((row) => row.kind === "endpoint");
      const production = ends.filter((row) => row.stage === "production").length;
      return several.length ? `${several.length} ${status}${ends.length ? `, of them ${ends.length} ${ends.length === 1 ? "endpoint" : "endpoints"}${production ? ` (${production} in production)` : ""}` : ""}` : "";
    };
    const told = ["certain", "possible", "cleared"].map(at).filter(Boolean).join("; ");
    const when = [from && `from ${utc(from)}`, to && `until ${utc(to)}`].filter(Boolean).join(" ");
    return `${when ? `Read ${when}` : "Read at any time"}: ${told || "nothing that is known"}.`;
  }

  const call = (row) => (row.call ? [row.call.owner, row.call.contact, row.call.note].filter(Boolean).join(" · ") : "no card says");
  const count = (name, number) => element("li", { className: `sb-incident__${name}` }, element("strong", {}, number.toLocaleString("en")), ` ${name}`);
  const link = (row) => element("a", { className: "sb-name", href: root + row.path, title: row.id }, ...unbroken(row.at ? `${row.name} · ${row.at}` : row.name));

  /* The readers in the order of time, and the window over them. */
  function draw(all) {
    const times = all.readers.filter(([, at]) => at !== null).map(([, at]) => time(at));
    const { from, to } = chosen();
    if (!times.length) return;
    const ends = [...times, ...[from, to].filter(Boolean).map(time)];
    const low = Math.min(...ends), span = Math.max(...ends) - low || 1;
    const x = (at) => 10 + 980 * ((at - low) / span);
    const svg = (name, attributes) => { const made = document.createElementNS("http://www.w3.org/2000/svg", name); for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value); return made; };
    const picture = svg("svg", { viewBox: "0 0 1000 40", preserveAspectRatio: "none", role: "img", "aria-label": `${times.length} readers from ${new Date(Math.min(...times)).toISOString().slice(0, 16)} to ${new Date(Math.max(...times)).toISOString().slice(0, 16)}` });
    const begin = from ? x(time(from)) : 0, end = to ? x(time(to)) : 1000;
    if (from || to) picture.append(svg("rect", { x: begin, y: 4, width: Math.max(1, end - begin), height: 24 }));
    picture.append(svg("line", { x1: 0, x2: 1000, y1: 16, y2: 16 }));
    for (const at of times) picture.append(svg("circle", { cx: x(at), cy: 16, r: 5, class: (!from || at >= time(from)) && (!to || at < time(to)) ? "sb-in" : "" }));
    line.replaceChildren(picture);
    line.hidden = false;
  }

  /* --- taken away ------------------------------------------------------------------------------------------- */

  async function take(what, button) {
    const all = await data(), { from, to } = chosen();
    const found = picked(all, time(from), time(to));
    const name = `incident-${(frame.dataset.asset.match(/[\w.-]+/g) || ["data"]).slice(-2).join("-").slice(0, 60)}`;
    if (what === "ticket") {
      await navigator.clipboard.writeText(ticket(all, found, from, to));
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy as a ticket"; }, 2000);
    } else if (what === "csv") {
      const heads = ["asset", "kind", "name", "stage", "account", "status", "because", "last_unaffected", "owner", "contact"];
      const lines = found.map((row) => [row.id, row.kind, row.name, row.stage, row.account, row.status, row.why, row.last && row.last.id, row.call && row.call.owner, row.call && row.call.contact]);
      saveCsv(name, [heads, ...lines]);
    } else {
      const told = found.map((row) => ({ asset: row.id, kind: row.kind, stage: row.stage, account: row.account, status: row.status, because: row.why, last_unaffected: (row.last && row.last.id) || null }));
      save(`${name}.json`, JSON.stringify({ question: "incident", root: frame.dataset.asset, from: utc(from) || null, to: utc(to) || null, snapshot: all.snapshot, total: told.length, rows: told, unknown: all.unknown }, null, 1), "application/json");
    }
  }

  function ticket(all, found, from, to) {
    const place = (row) => [row.name, row.stage, row.named].filter(Boolean).join(" · ");
    const out = [`# Incident: ${frame.dataset.asset}`, "", said(found, from, to), ""];
    for (const row of found.filter((one) => one.kind === "endpoint")) {
      out.push(`- [ ] ${row.status}: endpoint ${place(row)}`, `      ${row.why}`, `      go back to: ${row.last ? row.last.name || row.last : "none known"}; call: ${call(row)}`);
    }
    for (const status of ["certain", "possible", "cleared"]) {
      const several = found.filter((row) => row.kind !== "endpoint" && row.status === status);
      if (several.length) out.push("", `## ${TITLES[status]}`, ...several.map((row) => `- ${row.title} ${place(row)}: ${row.why}`));
    }
    if (all.unknown.length) out.push("", "## Could not be seen", ...all.unknown.map((one) => `- ${one.what}: ${one.why}${one.partition ? ` in ${one.partition}` : ""}`));
    return [...out, "", `Snapshot ${all.snapshot.number} of ${all.snapshot.taken_at}, ${all.snapshot.envelope}`, location.href, ""].join("\n");
  }

  const query = new URLSearchParams(location.search);
  for (const name of ["from", "to"]) if (/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(query.get(name) || "")) form.elements[name].value = query.get(name);
  form.hidden = false;
  form.addEventListener("change", (event) => {
    if (event.target.name === "state") {
      const state = event.target.selectedOptions[0].dataset;
      form.elements.from.value = (state.from || "").slice(0, 19).replace(/Z$/, "");
      form.elements.to.value = (state.to || "").slice(0, 19).replace(/Z$/, "");
    }
    show();
  });
  form.addEventListener("reset", () => setTimeout(show));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", (event) => { if (event.target.dataset.take) take(event.target.dataset.take, event.target).catch(() => { sentence.textContent = "That could not be taken away: it needs a web server and a page that may write to the clipboard."; }); });
  if (form.elements.from.value || form.elements.to.value) show();
})();
