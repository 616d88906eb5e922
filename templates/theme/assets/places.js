/* Incident: a pasted place, ARN or digest leads to the pages that say what it has reached. */
(() => {
  "use strict";

  const form = document.querySelector(".sb-places");
  if (!form) return;
  const { element } = window.studbook;
  const root = form.dataset.root;
  const status = form.querySelector("[role=status]");
  const found = form.querySelector(".sb-places__found");
  let asked = null;

  const places = () => (asked = asked || fetch(`${root}incident/places.json`).then((answer) => {
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }).then((data) => data.places));

  /* Spellings of a place in S3 are one, as search knows them; a folder is what lies in it, and an object lies in the folders around it. */
  function plain(text) {
    const asked = text.trim().replace(/^["'<]+|["'>]+$/g, "");
    return (!asked.startsWith("s3://") && window.studbookSearch.place(asked.replace(/^http:/, "https:"))) || asked;
  }
  const folder = (id) => `${id.split("@sha256:")[0].replace(/\/+$/, "")}/`;

  function matches(all, text) {
    const wanted = plain(text);
    const exact = all.filter(([id, , , , ...others]) => [id, ...others].includes(wanted) || id === `${wanted}/`);
    if (/^(sha256:)?[0-9a-f]{6,64}$/.test(wanted)) return [...exact, ...all.filter(([id]) => id.includes(`@sha256:${wanted.replace("sha256:", "")}`))];
    if (!wanted.startsWith("s3://") || wanted.length < 7) return exact;
    const around = all.filter(([id]) => id.startsWith("s3://") && !exact.some((one) => one[0] === id) && !id.includes("@sha256:") && wanted.startsWith(folder(id)) ).sort((a, b) => b[0].length - a[0].length);
    const inside = all.filter(([id]) => id.startsWith(wanted) && !exact.some((one) => one[0] === id) && !around.some((one) => one[0] === id) && !id.includes("@sha256:"));
    return [...exact, ...around, ...inside];
  }

  async function look(go) {
    const text = form.elements.place.value;
    history.replaceState(null, "", text.trim() ? `?place=${encodeURIComponent(text.trim())}` : location.pathname);
    found.replaceChildren();
    if (!text.trim()) { status.textContent = ""; return; }
    let all;
    try { [all] = await Promise.all([places(), window.studbookSearch.ready()]); } catch { status.textContent = "The places could not be fetched. This page needs a web server: 'studbook serve' is one."; return; }
    const several = matches(all, text);
    status.textContent = several.length ? `${several.length} known ${several.length === 1 ? "place" : "places"}, the nearest first.` : "No known place of data. That is no proof that nobody read it: the command line says what is unknown.";
    if (go && several.length) { location.assign(`${root}${several[0][3]}#incident`); return; }
    found.replaceChildren(...several.slice(0, 50).map(([id, name, kind, path]) => element("li", {},
      element("a", { href: `${root}${path}#incident` }, id.replace(/(@sha256:.{12}).*/, "$1")), element("span", { className: "sb-quiet" }, ` ${kind} ${name}`))));
  }

  form.hidden = false;
  form.elements.place.value = new URLSearchParams(location.search).get("place") || "";
  form.addEventListener("input", () => look(false));
  form.addEventListener("submit", (event) => { event.preventDefault(); look(true); });
  if (form.elements.place.value) look(false);
})();
