/* What two to six things have in common, and the verdict: `compared` of queries/compare.py, word for word. Text alone; it touches no page. */
const Comparison = (() => {
  "use strict";

  const SAME = {
    model_package: ["base", "data", "code"],
    training_job: ["base", "data", "code"],
    mlflow_run: ["data", "code"],
    evaluator_version: ["code", "configuration"],
  };
  const SET = { training_job: ["hyperparameters", "hyperparameter"], mlflow_run: ["parameters", "parameter"] };
  const NAMED = 3;

  const counted = (number, word) => `${number || "no"} ${word}${number === 1 ? "" : "s"}`;
  const listed = (words) => (words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}` : words[0]);
  const sorted = (key, value) => (value && typeof value === "object" && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value);
  const same = (one, other) => JSON.stringify(one, sorted) === JSON.stringify(other, sorted);
  const known = (value) => value !== undefined && value !== null;
  const rounded = (number) => Number(number.toFixed(12));

  /* The facts of a thing by section and key. */
  const facts = (thing) => new Map(thing.facts.map((fact) => [`${fact[0]}\n${fact[1]}`, fact[fact.length - 1]]));
  const within = (thing, section) => new Map([...facts(thing)].filter(([key]) => key.startsWith(`${section}\n`)));

  function compared(things, names, sections) {
    const all = things.map(facts);
    const rows = [...new Set(all.flatMap((one) => [...one.keys()]))].map((key) => {
      const [section, name] = [key.slice(0, key.indexOf("\n")), key.slice(key.indexOf("\n") + 1)];
      return row(section, name, all.map((one) => one.get(key)));
    });
    if (things.every((one) => one.objects)) {
      const objects = things.map((one) => new Map(Object.entries(one.objects)));
      for (const key of new Set(objects.flatMap((one) => [...one.keys()]))) {
        const made = row("objects", key, objects.map((one) => one.get(key)));
        if (!made.equal) rows.push(made);
      }
    }
    rows.sort((p, q) => sections.indexOf(p.section) - sections.indexOf(q.section) || (p.name < q.name ? -1 : 1));
    const verdicts = things.slice(1).map((other, at) => `${names[at + 1]} against ${names[0]}: ${clauses(things[0], other, names[0]).join("; ")}.`);
    return { rows, verdicts, ranges: ranges(things) };
  }

  const row = (section, name, values) => ({ section, name, values: values.map((one) => (known(one) ? one : null)),
    equal: values.every((one) => known(one) && same(one, values[0])) });

  function clauses(first, other, name) {
    if (first.kind === "dataset_version") return ofData(first, other);
    const told = first.kind === "model_package" ? ofJudgements(first.scores, other.scores, name)
      : first.kind === "evaluator_version" ? [ofEvaluators(first.scores, other.scores)]
        : [ofMetrics(first.scores, other.scores), ofSettings(first, other, ...SET[first.kind])];
    return [...told, ...SAME[first.kind].map((section) => how(first, other, section))];
  }

  /* A score is [of, judges, value, way]. */
  const by = (scores) => new Map(scores.map((one) => [JSON.stringify(one[0]), one]));
  function shared(first, other) {
    const theirs = by(other);
    return [...by(first)].map(([of, one]) => [one, theirs.get(of)])
      .filter(([one, there]) => there && one[3] !== null && there[3] !== null && same(one[1], there[1]));
  }

  function ofJudgements(first, other, name) {
    const signs = shared(first, other).map(([one, there]) => Math.sign(rounded(there[2] - one[2])) * one[3]);
    const number = (sign) => signs.filter((one) => one === sign).length;
    const judgements = counted(signs.length, "shared judgement");
    const told = [!signs.length ? "no judgement is surely shared" : signs.every((one) => !one) ? `equal on ${judgements}`
      : `better on ${number(1)} of ${judgements}${number(-1) ? `, worse on ${number(-1)}` : ""}`];
    const [ours, theirs] = [by(first), by(other)];
    const lacks = [...ours.keys()].filter((key) => !theirs.has(key)).length, adds = [...theirs.keys()].filter((key) => !ours.has(key)).length;
    if (lacks) told.push(`${counted(lacks, "judgement")} of ${name} without a counterpart`);
    if (adds) told.push(`${counted(adds, "judgement")} of its own without one there`);
    return told;
  }

  function ofEvaluators(first, other) {
    const pairs = shared(first, other);
    if (!pairs.length) return "no judgement of the same model on the same data is known of both";
    const differ = pairs.filter(([one, there]) => !same(one[2], there[2])).length;
    const what = `${counted(pairs.length, "judgement")} of the same model on the same data`;
    return differ ? `another value in ${differ} of ${what}` : `the same value in ${what}`;
  }

  function ofMetrics(first, other) {
    const pairs = shared(first, other);
    if (!pairs.length) return "no metric is recorded of both";
    const told = pairs.sort(([p], [q]) => (p[0][0] < q[0][0] ? -1 : 1)).map(([one, there]) => [one[0][0], change(one[2], there[2])]).filter(([, by]) => by).map((one) => one.join(" "));
    if (!told.length) return `equal in ${counted(pairs.length, "shared metric")}`;
    return listed([...told.slice(0, NAMED), ...(told.length > NAMED ? [`${told.length - NAMED} more`] : [])]);
  }

  function change(was, now) {
    if (![was, now].every(Number.isFinite)) return "not comparable";
    const difference = rounded(now - was);
    return difference && Number.isFinite(difference) ? `${difference > 0 ? "+" : "−"}${Number(Math.abs(difference).toPrecision(4))}` : "";
  }

  function ofSettings(first, other, section, word) {
    const [ours, theirs] = [within(first, section), within(other, section)];
    const both = [...ours.keys()].filter((key) => theirs.has(key));
    if (!both.length) return `no ${word} is recorded of both`;
    const differ = both.filter((key) => !same(ours.get(key), theirs.get(key))).length;
    const alone = ours.size + theirs.size - 2 * both.length;
    return `${differ || "none"} of ${counted(both.length, `shared ${word}`)} ${differ === 1 ? "differs" : "differ"}${alone ? `, ${alone} recorded of one alone` : ""}`;
  }

  function how(first, other, section) {
    const [ours, theirs] = [within(first, section), within(other, section)];
    const both = [...ours.keys()].filter((key) => theirs.has(key));
    if (!both.length) return `${section} not known of both`;
    if (both.some((key) => !same(ours.get(key), theirs.get(key)))) return `other ${section}`;
    const alone = both.length < ours.size || both.length < theirs.size;
    if ([first, other].some((one) => one.unsure.includes(section)) || (alone && section === "configuration")) return `${section} not wholly known of both`;
    return `${alone ? "other" : "same"} ${section}`;
  }

  function ofData(first, other) {
    if (first.objects && other.objects) {
      const [was, now] = [first.objects, other.objects];
      const keys = [...new Set([...Object.keys(was), ...Object.keys(now)])], count = { same: 0, changed: 0, new: 0, gone: 0 };
      for (const key of keys) count[!Object.hasOwn(was, key) ? "new" : !Object.hasOwn(now, key) ? "gone" : same(was[key], now[key]) ? "same" : "changed"] += 1;
      const told = [`${count.same} ${count.same === 1 ? "object" : "objects"} the same, ${count.changed} changed, ${count.new} new, ${count.gone} gone`];
      const [old, size] = [was, now].map((one) => { const sizes = Object.values(one).map(([bytes]) => bytes); return sizes.every(Number.isInteger) ? sizes.reduce((sum, bytes) => sum + bytes, 0) : null; });
      const words = (number) => number.toLocaleString("en");
      if (old !== null && size !== null) told.push(`${words(size)} ${size === 1 ? "byte" : "bytes"}, ${size === old ? "as many" : `${words(Math.abs(size - old))} ${size > old ? "more" : "less"}`}`);
      return told;
    }
    const [ours, theirs] = [first, other].map((one) => facts(one).get("state\nfingerprint"));
    if (!known(ours) || !known(theirs)) return ["not comparable: of one of them no object manifest is known"];
    return [ours === theirs ? "the same object manifest" : "another object manifest; which objects differ is not known here"];
  }

  function ranges(things) {
    const states = things.map((one) => new Map(Object.values(one.code || {})));
    return states.slice(1).flatMap((now) => [...states[0]].sort().flatMap(([place, commit]) => (now.has(place) && now.get(place) !== commit ? [`${place}${commit}...${now.get(place)}`] : [])));
  }

  return { compared };
})();
