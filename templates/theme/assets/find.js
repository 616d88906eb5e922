/* What finds: an index in small files, cut as src/studbook/render/search.py says. What strangers wrote is only ever set as text. */
(() => {
  "use strict";

  const search = window.studbookSearch;
  const { root, make, input, dialog, status } = search;
  const waiting = new Map();
  const loaded = new Map();

  search.take = (name, data) => waiting.get(name)?.(data);

  function load(name) {
    if (!loaded.has(name)) {
      loaded.set(name, new Promise((done, failed) => {
        const script = document.createElement("script");
        waiting.set(name, done);
        script.src = new URL(`search/${name}.js`, root);
        script.onload = () => script.remove();
        script.onerror = () => { loaded.delete(name); script.remove(); failed(new Error(name)); };
        document.head.append(script);
      }));
    }
    return loaded.get(name);
  }

  const hex = (text) => Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");

  /* Letter by letter: to cut the text into words first takes several times as long. */
  function numbers(packed, each) {
    let last = -1, value = 0, run = false;
    for (let at = 0; at <= packed.length && packed; at += 1) {
      const code = at < packed.length ? packed.charCodeAt(at) : 32;
      if (code === 43) run = true;
      else if (code !== 32) value = value * 36 + code - (code < 58 ? 48 : 87);
      else {
        if (run) for (; value > 0; value -= 1) each(last += 1);
        else each(last += value);
        [value, run] = [0, false];
      }
    }
  }

  const FRACTION = /(?<![\w.])(?:\d{1,4}\.\d{1,10}(?:e[+-]?\d{1,2})?|\d{1,4}e-\d{1,2})(?![\w.])/g;
  const split = (text) => (text.match(/[\p{L}\p{N}]+/gu) || []).map((word) => word.slice(0, 24));
  /* As the index has them; a number with a fraction is one word, however it is written. */
  function words(text) {
    const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    const numbers = (plain.match(FRACTION) || []).map((one) => Number(one).toExponential().replace("+", ""));
    return [...split(plain.replace(FRACTION, " ")), ...numbers];
  }

  /* What a question has beside what is looked for. */
  const EMPTY = new Set("a all an and any are at by can did do does for from get give had has have how i in is it its list me my of on or our please show that the there these this those to use used uses using was we were what when where which who whose why with".split(" "));

  /* SHA-256 (FIPS 180-4), since the browser's own is not there on plain http. */
  function sha256(text) {
    const bytes = new TextEncoder().encode(text);
    const message = new Uint32Array(((bytes.length + 8 >> 6) + 1) * 16);
    const put = (byte, at) => { message[at >> 2] |= byte << 24 - at % 4 * 8; };
    bytes.forEach(put);
    put(0x80, bytes.length);
    message[message.length - 1] = bytes.length * 8;
    const fraction = (number) => (number - Math.floor(number)) * 2 ** 32 | 0;
    const roots = [];
    for (let n = 2; roots.length < 64; n += 1) if (!roots.some(([prime]) => n % prime === 0)) roots.push([n, fraction(Math.cbrt(n))]);
    const hash = roots.slice(0, 8).map(([prime]) => fraction(Math.sqrt(prime)));
    const turn = (x, by) => x >>> by | x << 32 - by;
    for (let block = 0; block < message.length; block += 16) {
      const w = Array.from(message.subarray(block, block + 16));
      let [a, b, c, d, e, f, g, h] = hash;
      for (let i = 0; i < 64; i += 1) {
        if (i > 15) {
          const x = w[i - 15], y = w[i - 2];
          w[i] = w[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ x >>> 3) + w[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ y >>> 10) | 0;
        }
        const one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (e & f ^ ~e & g) + roots[i][1] + w[i];
        const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c);
        [a, b, c, d, e, f, g, h] = [one + two | 0, a, b, c, d + one | 0, e, f, g];
      }
      [a, b, c, d, e, f, g, h].forEach((value, at) => { hash[at] = hash[at] + value | 0; });
    }
    return hash.map((value) => (value >>> 0).toString(16).padStart(8, "0")).join("");
  }

  search.sha256 = sha256;

  /* A place in S3 in one spelling, whichever of the URI, the ARN, the address and the console's it was; null for anything else. */
  function place(text) {
    const uri = /^(?:s3[an]?:\/\/|arn:[^:]*:s3:::)([^/]+)\/?(.*)$/is.exec(text);
    if (uri) return `s3://${uri[1]}/${uri[2]}`;
    let url;
    try { url = new URL(text); } catch { return null; }
    if (url.protocol !== "https:") return null;
    const path = (() => { try { return decodeURIComponent(url.pathname.slice(1)); } catch { return url.pathname.slice(1); } })();
    const host = /^(?:(.+)\.)?s3(?:-fips|-accelerate|-external-1|-[a-z]{2,4}(?:-[a-z]+)+-\d)?(?:\.dualstack)?(?:\.[a-z]{2,4}(?:-[a-z]+)+-\d)?\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/.exec(url.hostname);
    if (host) return `s3://${host[1] ? `${host[1]}/` : ""}${path}`;
    const shown = /\bconsole\.(?:aws\.amazon\.com|amazonaws(?:-us-gov)?\.(?:com|cn))$/.test(url.hostname) && /^s3\/(?:buckets|object)\/([^/]+)/.exec(path);
    return shown ? `s3://${shown[1]}/${url.searchParams.get("prefix") || ""}` : null;
  }

  search.place = place;

  let index;
  async function opened() {
    if (index) return index;
    const data = await load("index");
    const facets = data.facets.map(([name, values, letters], at) => ({
      name, values,
      words: values.map((value, place) => [...words(value), ...words(value.replace(/([a-z])([A-Z])/g, "$1 $2")), ...(at === 1 ? words(data.accounts[place]) : [])]),
      of: Uint16Array.from(letters, (letter) => { const code = letter.charCodeAt(0); return code >= 0x100 ? code - 0x100 : code - 0x30; }),
    }));
    index = { ...data, facets, shards: new Set(data.shards) };
    const [kinds, , , stages, states] = facets;
    /* What is meant more often: by its kind, in production, live; the manual last. */
    const more = [kinds.values.map((kind, at) => 1 + index.first[at] / 20), stages.values.map((stage) => /^prod|^live/i.test(stage) * 0.15), states.values.map((state) => (state === "InService") * 0.1 - (state === "gone") * 0.3)];
    const manual = kinds.values.indexOf("Manual");
    index.text = Uint8Array.from(kinds.of, (kind) => kind === manual);
    index.prior = Float32Array.from(kinds.of, (kind, at) => more[0][kind] + more[1][stages.of[at]] + more[2][states.of[at]]);
    return index;
  }

  /* How well a word of each facet tells a page: kind, account, region, stage, status, approval. */
  const TELLS = [3, 3, 3, 3, 3, 7];

  const shardOf = (word) => { let prefix = word; while (prefix && !index.shards.has(prefix)) prefix = prefix.slice(0, -1); return prefix; };

  /* How well each document answers one word: 0 is not at all, and an odd number that it has the word as it stands. */
  async function scores(word) {
    const out = new Uint8Array(index.count);
    const best = (number, score) => { if (out[number] < score) out[number] = score; };
    index.facets.forEach((facet, at) => {
      const fits = facet.words.map((several) => Number(several.some((one) => one.startsWith(word) || `${one}s` === word) && TELLS[at] + (several.every((one) => one === word || `${one}s` === word) && 2)));
      if (fits.some(Boolean)) for (let number = 0; number < index.count; number += 1) best(number, fits[facet.of[number]]);
    });
    const prefix = shardOf(word);
    if (prefix) for (const [term, title, other] of await load(`t/${hex(prefix)}`)) {
      const whole = term === word;
      if (!whole && !term.startsWith(word)) continue;
      numbers(title, (number) => best(number, whole ? 9 : 6));
      numbers(other, (number) => best(number, whole ? 5 : 2));
    }
    return out;
  }

  /* The pages of a whole id, and of what lies below it. */
  async function own(id) {
    const term = `=${sha256(id.toLowerCase()).slice(0, 10)}`, is = [], below = [];
    const prefix = shardOf(term);
    const row = prefix ? (await load(`t/${hex(prefix)}`)).find(([one]) => one === term) : null;
    if (row) { numbers(row[1], (number) => is.push(number)); numbers(row[2], (number) => below.push(number)); }
    return { is, below };
  }

  /* What was pasted and is one thing: its pages, and in words how they are it. Null where it is no such text. */
  async function exact(text) {
    const account = index.facets[1].words.findIndex((several, at) => index.facets[1].values[at].toLowerCase() === text.toLowerCase() || index.accounts[at] === text);
    if (account >= 0 && text) {
      const kind = index.facets[0].values.indexOf("Account");
      const found = [...index.facets[1].of.keys()].filter((number) => index.facets[0].of[number] === kind && index.facets[1].of[number] === account);
      return { found, how: "This account's page comes first." };
    }
    const where = place(text);
    if (!where) {
      if (!/^[^\s:/]+[:/]\S+$/.test(text)) return null;
      const { is } = await own(text);
      return is.length || /^(?:arn|mlflow|git|bedrock):/i.test(text) ? { found: is, how: is.length ? "This is its page." : "No page here has exactly this id." } : null;
    }
    const places = [where.replace(/\/+$/, "")];
    for (let at = places[0].lastIndexOf("/"); at > 5; at = places[0].lastIndexOf("/", at - 1)) places.push(places[0].slice(0, at));
    const [whole, ...around] = await Promise.all(places.map(own));
    if (whole.is.length) return { found: whole.is, how: "This is its page." };
    if (whole.below.length) return { found: whole.below, how: `${whole.below.length === 1 ? "This dataset lies" : "These datasets lie"} in it.` };
    const inside = around.find((one) => one.is.length);
    return inside ? { found: inside.is, how: "It lies in this place." } : { found: [], how: "No page here has this place, nor one that it lies in." };
  }

  /* Optimal string alignment distance: letters put in, left out, changed or swapped; more than `most` is Infinity. */
  function distance(a, b, most) {
    if (Math.abs(a.length - b.length) > most) return Infinity;
    let [before, last] = [null, Array.from({ length: b.length + 1 }, (_, at) => at)];
    for (let i = 1; i <= a.length; i += 1) {
      const row = [i];
      for (let j = 1; j <= b.length; j += 1) {
        row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] !== b[j - 1]));
        if (before && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], before[j - 2] + 1);
      }
      if (Math.min(...row) > most) return Infinity;
      [before, last] = [last, row];
    }
    return last[b.length] <= most ? last[b.length] : Infinity;
  }

  /* The words that a misspelt one may mean. */
  async function near(word) {
    const most = word.length > 8 ? 2 : 1;
    if (word.length < 4 || /\p{N}/u.test(word)) return [];
    const found = (await load("near")).map((one) => [distance(word, one, most), one]).filter(([far]) => far <= most);
    const least = Math.min(...found.map(([far]) => far));
    return found.filter(([far]) => far === least).slice(0, 3).map(([, one]) => one);
  }

  async function look(query, chosen) {
    await opened();
    const text = query.trim();
    const all = words(text.replace(/^arn:[^:]*:[^:]*:[^:]*:[^:]*:|^sha256:|^[a-z0-9]+:\/\//i, ""));
    const kept = all.filter((word) => !EMPTY.has(word));
    let parts = [...new Set(kept.length ? kept : all)];
    const corrected = [];
    /* Asked at once: what is one thing when pasted has words like any other. */
    const [pasted, ...each] = await Promise.all([exact(text), ...parts.map(async (word) => {
      let score = await scores(word);
      if (!score.some((one, at) => one && !index.text[at])) {
        const others = await near(word);
        if (others.length) corrected.push([word, others]);
        for (const several of await Promise.all(others.map(scores))) score = score.map((one, at) => Math.max(one, several[at]));
      }
      /* What few pages have tells more. */
      let having = 0;
      for (const one of score) if (one) having += 1;
      return { score, weight: Math.log2(1 + index.count / (1 + having)) };
    })]);
    for (const [, others] of corrected) parts = parts.concat(others);
    const first = new Map((pasted?.found || []).map((number, at) => [number, at]));
    const found = [], ranks = new Float64Array(index.count);
    const narrowed = [...index.facets.keys()].filter((place) => chosen[place] >= 0);
    const counts = index.facets.map((facet) => new Uint32Array(facet.values.length));
    let whole = 0;
    for (let number = 0; number < index.count; number += 1) {
      let score = 0, hits = 0, plain = 0;
      for (const one of each) if (one.score[number]) { hits += 1; plain += one.score[number] & 1; score += one.score[number] * one.weight; }
      if (!hits && each.length && !first.has(number)) continue;
      const full = hits === each.length || first.has(number);
      /* A choice is counted as if it alone were open, so that another value can be taken instead. */
      let misses = 0, missed = -1;
      for (const place of narrowed) if (chosen[place] !== index.facets[place].of[number]) { misses += 1; missed = place; }
      if (misses === 0) {
        /* First what has all words, as they stand and then as beginnings; the manual where little else is like them. */
        const rank = index.text[number] ? 0 : first.has(number) ? Infinity : !full ? 0 : plain === each.length ? 2e6 : 1e6;
        ranks[number] = rank + score * index.prior[number];
        found.push(number);
        whole += full;
        for (let place = 0; place < counts.length; place += 1) counts[place][index.facets[place].of[number]] += 1;
      } else if (misses === 1) counts[missed][index.facets[missed].of[number]] += 1;
    }
    found.sort((a, b) => (ranks[a] === ranks[b] ? (first.size && first.get(a) - first.get(b)) || b - a : ranks[b] - ranks[a]));
    return { parts, counts, corrected, pasted, whole, found };
  }

  async function told(number) {
    const [title, path, place = ""] = (await load(`d/${Math.floor(number / index.chunk)}`))[number % index.chunk];
    return { number, title, path, place, facets: index.facets.map((facet) => facet.values[facet.of[number]]) };
  }

  /* For other scripts: the best pages for a query that `fits` holds of, `[{title, path, place, facets}]`. */
  search.find = async (query, fits, count) => {
    const out = [];
    const { found } = await look(query, []);
    for (let at = 0; at < found.length && out.length < count; at += count) {
      out.push(...(await Promise.all(found.slice(at, at + count).map(told))).filter(fits));
    }
    return out.slice(0, count);
  };

  /* --- what is seen --------------------------------------------------------------------------------------------- */

  const PAGE = 12;
  const list = make("div", { role: "listbox", id: "sb-search-list", class: "sb-search__list", "aria-label": "Results" });
  const more = make("button", { type: "button", class: "sb-search__more" }, "More");
  const choices = make("div", { class: "sb-search__facets" });
  status.before(choices);
  status.after(list, make("div", { class: "sb-search__foot" }, more, make("span", { class: "sb-search__keys" }, "↑ ↓ to move, Enter to open, Esc to close")));
  const chosen = [];
  const selects = [];
  let answer, shownCount = 0, turn = 0, current = -1;

  function choose(place) {
    const facet = index.facets[place];
    const select = make("select", { "aria-label": facet.name });
    select.addEventListener("change", () => { chosen[place] = Number(select.value); search.run(); });
    chosen[place] = -1;
    selects[place] = select;
    return select;
  }

  function refill() {
    selects.forEach((select, place) => {
      const facet = index.facets[place];
      const options = facet.values.map((value, at) => [value, at, answer.counts[place][at]]).filter(([value, at, count]) => value && (count || at === chosen[place]));
      options.sort((a, b) => b[2] - a[2] || window.studbook.byName(a[0], b[0]));
      const all = make("option", { value: "-1" }, `${facet.name}: all`);
      select.replaceChildren(all, ...options.map(([value, at, count]) => make("option", { value: at }, `${value} (${count.toLocaleString("en")})`)));
      select.value = String(chosen[place]);
      select.classList.toggle("sb-search__chosen", chosen[place] >= 0);
      select.hidden = options.length < 2 && chosen[place] < 0;
    });
  }

  /* The title with what was asked for marked, and what tells it from its namesakes. */
  function marked({ title, place }, parts) {
    const out = make("span", { class: "sb-search__title" });
    let rest = title;
    const pattern = parts.length ? new RegExp(parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).sort((a, b) => b.length - a.length).join("|"), "iu") : null;
    for (let match = pattern && pattern.exec(rest); match && match[0]; match = pattern.exec(rest)) {
      out.append(rest.slice(0, match.index), make("mark", {}, match[0]));
      rest = rest.slice(match.index + match[0].length);
    }
    out.append(rest, ...(place ? [make("small", {}, ` · ${place}`)] : []));
    return out;
  }

  function option(found, place) {
    const [kind, ...where] = found.facets;
    const link = make("a", { role: "option", id: `sb-search-${place}`, class: "sb-search__option", tabindex: "-1", "aria-selected": "false" },
      make("span", { class: "sb-search__kind" }, kind), marked(found, answer.parts),
      make("span", { class: "sb-search__where" }, where.filter((one) => one && !found.place.split(" · ").includes(one)).join(" · ")));
    const [path, anchor] = found.path.split("#");
    link.href = new URL(path + (root.protocol === "file:" && (path === "" || path.endsWith("/")) ? "index.html" : "") + (anchor ? `#${anchor}` : ""), root);
    return link;
  }

  function point(place) {
    const options = list.children;
    options[current]?.setAttribute("aria-selected", "false");
    current = options.length ? Math.max(0, Math.min(place, options.length - 1)) : -1;
    if (current < 0) return input.removeAttribute("aria-activedescendant");
    options[current].setAttribute("aria-selected", "true");
    options[current].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[current].id);
  }

  async function show(mine) {
    const start = shownCount, next = answer.found.slice(start, start + PAGE).map(told);
    shownCount += next.length;
    more.hidden = shownCount >= answer.found.length;
    /* All are asked for at once, and each stands as soon as those before it do: the best need not wait for the last. */
    for (const [at, one] of next.entries()) {
      const made = option(await one, start + at);
      if (mine !== turn) return;
      if (!start && !at) list.replaceChildren();
      list.append(made);
      if (!start && !at) { list.scrollTop = 0; current = -1; point(0); }
    }
  }

  const counted = (count) => `${count.toLocaleString("en")} ${count === 1 ? "page" : "pages"}`;

  /* What was found, in words. */
  function summary() {
    const { found, whole, parts, corrected, pasted } = answer;
    const some = found.length - whole;
    const out = corrected.map(([word, others]) => `Nothing has “${word}”; near it: ${others.join(", ")}.`);
    if (pasted) return [...out, pasted.how, pasted.found.length ? "Enter opens it." : found.length ? "What is like it:" : ""].join(" ");
    if (!parts.length) out.push(`${counted(found.length)}, the newest first`);
    else if (!found.length) out.push("Nothing has any of these words. A part of a name, an ARN, a place in S3, a digest, a tag or an account finds it too.");
    else if (!whole) out.push(`${counted(some)} with some of the words`);
    else out.push(some ? `${counted(whole)} with all words, ${some.toLocaleString("en")} with some` : counted(whole));
    return out.join(" ");
  }

  let running = Promise.resolve();
  search.run = (straight) => { running = run(straight); };

  async function run(straight) {
    const mine = turn += 1;
    try {
      await opened();
      if (!selects.length) choices.append(...index.facets.map((facet, place) => choose(place)));
      const result = await look(input.value, chosen);
      if (mine !== turn) return;
      answer = result;
      shownCount = 0;
      const listed = show(mine);
      refill();
      status.textContent = summary();
      if (!answer.found.length) list.replaceChildren();
      await listed;
      if (straight && answer.pasted?.found.length === 1) location.replace(list.firstElementChild.href);
    } catch (error) {
      if (mine === turn) status.textContent = "The search index could not be loaded. Is the site whole?";
    }
  }

  input.addEventListener("input", () => search.run());
  more.addEventListener("click", () => { const at = shownCount; show(turn).then(() => { point(at); input.focus(); }); });
  dialog.addEventListener("keydown", (event) => {
    if (event.target !== input) return;
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: 6, PageUp: -6 };
    if (event.key in moves) { event.preventDefault(); point(current + moves[event.key]); }
    /* What was typed last is answered first. */
    if (event.key === "Enter") { event.preventDefault(); running.then(() => current >= 0 && list.children[current].click()); }
  });
  list.addEventListener("mousemove", (event) => { const over = event.target.closest("[role=option]"); if (over) { const place = [...list.children].indexOf(over); if (place !== current) point(place); } });
})();
