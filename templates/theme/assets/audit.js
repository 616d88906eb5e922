/* Audit: the snapshot below a dossier, the approvals of a period, and an evidence pack verified in the browser. */
(() => {
  "use strict";

  const { element, save } = window.studbook;

  /* --- the snapshot of a dossier ----------------------------------------------------------------------------- */

  const foot = document.querySelector("[data-snapshot][data-root]");
  if (foot && foot.tagName === "DL") {
    fetch(`${foot.dataset.root}snapshot.json`).then((answer) => answer.json()).then((snapshot) => {
      const rows = [["Snapshot", `${snapshot.number}`], ["Taken", snapshot.taken_at], ["Content digest", snapshot.digest], ["Envelope", snapshot.envelope]];
      foot.replaceChildren(...rows.map(([name, text]) => element("div", {},
        element("dt", {}, name), element("dd", {}, element("code", { className: "sb-break" }, text)))));
      const head = document.querySelector("[data-taken]");
      if (head) head.replaceChildren(...window.studbook.unbroken(`snapshot ${snapshot.number} of ${snapshot.taken_at}`));
    }).catch(() => {});
  }

  /* --- the approvals of a period ------------------------------------------------------------------------------ */

  const period = document.querySelector(".sb-approvals");
  if (period) {
    const table = document.querySelector("table[aria-label=Approvals]"), asked = new URLSearchParams(location.search);
    const { from, to } = period.elements;
    /* What is printed is what is chosen, and the address has it. */
    const choose = () => {
      const chosen = new URLSearchParams(location.search);
      for (const one of [from, to]) if (one.value) chosen.set(one.name, one.value); else chosen.delete(one.name);
      history.replaceState(history.state, "", `${location.pathname}${chosen.size ? `?${chosen}` : ""}${location.hash}`);
      table.dispatchEvent(new CustomEvent("sb:period", { detail: [from.value, to.value] }));
    };
    for (const one of [from, to]) if (/^\d{4}-\d\d-\d\d$/.test(asked.get(one.name) || "")) one.value = asked.get(one.name);
    if (table) period.addEventListener("change", choose);
    if (table && (from.value || to.value)) choose();
    period.hidden = false;
    period.addEventListener("submit", (event) => {
      event.preventDefault();
      const said = period.querySelector("[role=status]");
      fetch("approvals.csv").then((answer) => answer.text()).then((text) => {
        const [head, ...rows] = lines(text);
        const kept = rows.filter((row) => (!from.value || row.slice(0, 10) >= from.value) && (!to.value || row.slice(0, 10) <= to.value));
        said.textContent = `${kept.length} of ${rows.length}`;
        save(`approvals${from.value && `-${from.value}`}${to.value && `-${to.value}`}.csv`, [head, ...kept, ""].join("\r\n"), "text/csv");
      }).catch(() => { said.textContent = "The approvals could not be fetched."; });
    });
  }

  /* Records of a CSV file, as they stand: a line feed within quotes ends none. */
  function lines(text) {
    const found = [];
    let start = 0, quoted = false;
    for (let at = 0; at < text.length; at += 1) {
      if (text[at] === '"') quoted = !quoted;
      else if (text[at] === "\n" && !quoted) {
        found.push(text.slice(start, at).replace(/\r$/, ""));
        start = at + 1;
      }
    }
    return found;
  }

  /* --- verify here: what the manual's verify-pack.mjs does, with WebCrypto ------------------------------------ */

  const form = document.querySelector(".sb-here");
  if (!form) return;
  const said = form.querySelector("[role=status]");
  form.hidden = false;
  if (!globalThis.crypto || !crypto.subtle) {
    said.textContent = "This browser computes digests only on pages that came over https, or from this machine.";
    return;
  }
  const base = form.dataset.root, where = /^model-package\/[a-z0-9-]+\/$/;
  let turn = 0, own = null;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", run);

  async function bytesOf(path) {
    const answer = await fetch(`${base}${path}`);
    check(answer.ok, `${path} could not be fetched`);
    return new Uint8Array(await answer.arrayBuffer());
  }

  async function run() {
    const file = form.elements.pack.files[0], anchor = form.elements.anchor.value.trim(), mine = ++turn;
    if (!file && !own) return;
    tell({ said: "Computing ..." });
    let found;
    try {
      const pack = file ? new Uint8Array(await file.arrayBuffer()) : await bytesOf(`${own}evidence.zip`);
      found = await verify(pack, anchor, file ? null : own);
    } catch (error) {
      found = { tone: "bad", said: `Damaged: ${error instanceof Wrong ? error.message : `cannot be read: ${error.message}`}.` };
    }
    if (mine === turn) tell(found);
  }

  /* The sentence, then what was shown by computing it here, and what was not. */
  function tell({ said: sentence, tone = "", shown = [], open = [] }) {
    const list = (title, items) => (items.length ? [element("p", {}, title), element("ul", {}, ...items.map((one) => element("li", {}, one)))] : []);
    said.replaceChildren(element("strong", {}, sentence), ...list("Shown here:", shown), ...list("Not shown:", open));
    said.dataset.tone = tone;
  }

  class Wrong extends Error {}
  const check = (right, why) => { if (!right) throw new Wrong(why); };
  const encoder = new TextEncoder(), decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const encoded = (text) => encoder.encode(text);
  const joined = (several) => {
    const out = new Uint8Array(several.reduce((size, one) => size + one.length, 0));
    several.reduce((at, one) => { out.set(one, at); return at + one.length; }, 0);
    return out;
  };
  const same = (one, other) => one.length === other.length && one.every((byte, index) => byte === other[index]);
  const sha = async (...several) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(several)));
  const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const named = async (data) => `sha256:${hex(await sha(data))}`;
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const base64 = (data) => btoa(String.fromCharCode(...data));
  const but = (value, name) => { const rest = { ...value }; delete rest[name]; return rest; };

  /* RFC 8785: numbers and texts are as JSON.stringify writes them. */
  function canonical(value) {
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    if (Array.isArray(value)) return `[${value.map(canonical)}]`;
    return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)}}`;
  }

  const table = Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
  });
  const crc32 = (data) => ~data.reduce((value, byte) => (value >>> 8) ^ table[(value ^ byte) & 255], ~0) >>> 0;

  /* The ZIP: files stored one after the other, then their list; written again it must be the same bytes. */
  function unpacked(pack) {
    const view = new DataView(pack.buffer, pack.byteOffset, pack.length), files = new Map();
    let at = 0;
    while (at + 30 <= pack.length && view.getUint32(at, true) === 0x04034b50) {
      const size = view.getUint32(at + 18, true), start = at + 30 + view.getUint16(at + 26, true);
      check(start + size <= pack.length, "the pack is cut off");
      files.set(decoder.decode(pack.subarray(at + 30, start)), pack.subarray(start, start + size));
      at = start + size;
    }
    check(files.size, "this is no evidence pack");
    const heads = [], list = [];
    let offset = 0;
    for (const [name, data] of files) {
      const common = new DataView(new ArrayBuffer(26)), tail = new DataView(new ArrayBuffer(14)), title = encoded(name);
      common.setUint16(0, 20, true);
      common.setUint16(8, 0x21, true);
      common.setUint32(10, crc32(data), true);
      common.setUint32(14, data.length, true);
      common.setUint32(18, data.length, true);
      common.setUint16(22, title.length, true);
      tail.setUint32(6, 0o644 * 0x10000, true);
      tail.setUint32(10, offset, true);
      const [both, last] = [new Uint8Array(common.buffer), new Uint8Array(tail.buffer)];
      heads.push(joined([encoded("PK\x03\x04"), both, title, data]));
      list.push(joined([encoded("PK\x01\x02\x14\x03"), both, last, title]));
      offset += heads.at(-1).length;
    }
    const end = new DataView(new ArrayBuffer(22));
    end.setUint32(0, 0x06054b50, true);
    end.setUint16(8, files.size, true);
    end.setUint16(10, files.size, true);
    end.setUint32(12, list.reduce((size, one) => size + one.length, 0), true);
    end.setUint32(16, offset, true);
    check(same(joined([...heads, ...list, new Uint8Array(end.buffer)]), pack), "the pack between its files");
    return files;
  }

  /* RFC 6962: from a leaf by its path to the root of its tree. */
  const leaf = (row) => sha(new Uint8Array(1), encoded(row));
  async function root(node, index, size, path) {
    check(index < size, "an index beyond its tree");
    const left = [...path], one = new Uint8Array([1]);
    const next = () => { check(left.length, "a path is too short"); return left.shift(); };
    for (let last = size - 1; last; index = Math.floor(index / 2), last = Math.floor(last / 2)) {
      if (index % 2) node = await sha(one, next(), node);
      else if (index < last) node = await sha(one, node, next());
    }
    check(!left.length, "a path is too long");
    return node;
  }

  const step = /([^.[\]|"]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|(\|)/g;
  const value = (body, path) => [...path.matchAll(step)].reduce((at, [, name, index, key, inner]) =>
    (inner ? JSON.parse(at) : at?.[name ?? (key ? JSON.parse(key) : index)]), body);

  async function verify(pack, anchor, own) {
    const files = unpacked(pack);
    const text = (name) => { check(files.has(name), `${name} is missing`); return decoder.decode(files.get(name)); };
    const told = [];
    for (const [name, data] of files) {
      if (name === "SHA256SUMS" || name === "night.json") continue;
      told.push(`${hex(await sha(data))}  ${name}\n`);
      check(text("SHA256SUMS").includes(told.at(-1)), name);
      const manifest = /^manifests\/([0-9a-f]{64})\.tsv$/.exec(name);
      check(!manifest || told.at(-1).startsWith(manifest[1]), `${name} is not what its name says`);
    }
    check(text("SHA256SUMS") === told.join(""), "SHA256SUMS");
    const pedigree = JSON.parse(text("pedigree.json"));
    const linesOf = (name) => text(name).split("\n").slice(0, -1);
    const bodies = new Map(linesOf("records.jsonl").map((line) => JSON.parse(line)).map((one) => [`${one.source}/${one.kind}/${one.id}`, one.body]));
    for (const one of pedigree.edges.flatMap((edge) => edge.evidence)) {
      check(!one.record || value(bodies.get(one.record), one.path) != null, `${one.path} of ${one.record} leads nowhere`);
    }
    const shown = [
      `${files.size} files are what SHA256SUMS says, and nothing stands between them.`,
      `Whatever evidence of its ${pedigree.edges.length} links names a record leads to a value in one of ${bodies.size}.`,
    ];
    const open = [
      "That the APIs answered so: their answers are taken as they were kept.",
      "That bill, card and README follow from the other files: studbook verify makes them anew.",
    ];
    if (!files.has("night.json")) {
      const [more, less] = await heldAgainstSite(pack, pedigree.root, own);
      const unheld = anchor ? "your anchor was held against nothing" : "it can be held against no anchor";
      return { tone: "wait", said: `Whole in itself: ${pedigree.root}. It names no night: ${unheld}.`, shown: [...shown, ...more], open: [
        "That any of it is in a snapshot, or of the chain that you know: 'studbook export evidence' writes a pack that shows it.", ...less, ...open] };
    }
    const night = JSON.parse(text("night.json"));
    const sealed = canonical({ ...night, digest: await named(encoded(canonical(but(night, "digest")))) });
    check(`${sealed}\n` === text("night.json"), "night.json");
    check(night.sums === await named(files.get("SHA256SUMS")), "night.json is of other files");
    const { envelope } = night;
    check(await named(encoded(canonical(but(envelope, "envelope")))) === envelope.envelope, "the envelope");
    const rows = [...pedigree.assets, ...pedigree.edges, ...pedigree.findings, ...night.readings].map(canonical);
    rows.push(...linesOf("records.jsonl"), ...linesOf("people.jsonl"));
    check(night.rows && envelope.tree, "its snapshot has no tree: an older Studbook wrote it");
    const nodes = night.nodes.map(bytes);
    for (const row of rows) {
      const node = await leaf(row), proof = night.rows[base64(node)];
      check(proof, `no proof of ${row.slice(0, 200)}`);
      const found = await root(node, proof.index, envelope.tree.size, proof.path.map((number) => nodes[number]));
      check(envelope.tree.root === `sha256:${hex(found)}`, `not in its snapshot: ${row.slice(0, 200)}`);
    }
    check(night.log, "its log is not in it");
    const [, size, hash] = night.log.checkpoint.split("\n\n")[0].split("\n");
    const entry = canonical({ envelope: envelope.envelope, number: envelope.number });
    const top = await root(await leaf(entry), night.log.index, Number(size), night.log.path.map(bytes));
    check(same(top, bytes(hash)), "the log");
    const what = `${pedigree.root}, snapshot ${envelope.number} of ${envelope.taken_at}, ${envelope.envelope}`;
    shown.push(
      `Each of its ${rows.length} rows is in the tree of snapshot ${envelope.number}, whose envelope has the digest that it names.`,
      `That envelope is entry ${night.log.index + 1} of a log of ${size}.`,
    );
    if (night.log.checkpoint.includes("\n\n\u2014")) open.push("Whose signature stands below the log: studbook verify checks it.");
    const unanchored = "That it is the chain that you know";
    if (!anchor) return { tone: "wait", said: `Whole: ${what}. No anchor was given.`, shown, open: [`${unanchored}: paste the digest of the envelope, or the checkpoint, that you kept.`, ...open] };
    const kept = anchor.split("\n").map((line) => line.trim());
    const right = kept.length >= 3 ? kept[1] === size && kept[2] === hash : anchor === envelope.envelope;
    if (!right) {
      return { tone: "bad", said: `Whole in itself, and not of your anchor: ${what}.`, shown, open: [
        `${unanchored}: an anchor of another night needs the log in between: studbook verify PACK --anchor ... --catalog CATALOG.`, ...open] };
    }
    return { tone: "good", said: `Whole, and of your anchor: ${what}.`, shown: [...shown, "Your anchor is of that envelope, or of that log."], open };
  }

  /* Nights that know the same share a pack, so that one from a page can be held against what the site itself says. */
  async function heldAgainstSite(pack, id, own) {
    try {
      const [page] = own ? [{ path: own }] : await window.studbookSearch.find(id, (one) => where.test(one.path), 1);
      const [snapshot, here] = await Promise.all([bytesOf("snapshot.json"), page ? bytesOf(`${page.path}evidence.zip`) : null]);
      const { number, taken_at: taken, envelope } = JSON.parse(decoder.decode(snapshot));
      const site = `this site of snapshot ${number} of ${taken}, which says that its envelope is ${envelope}`;
      return here && same(here, pack) ? [[`It is, byte for byte, the pack of ${site}.`], []] : [[], [`That it is of ${site}: the pack there is another.`]];
    } catch {
      return [[], ["That this site has the same pack: it could not be fetched."]];
    }
  }

  /* A version's page leads here with its own pack: what lies beside it is fetched, and looked at like any other. */
  const asked = new URLSearchParams(location.search).get("pack") || "";
  if (where.test(asked)) {
    own = asked;
    run();
  }
})();
