// Parses generated inputs with the vendor's type library and with ours, at several times, and compares the results.
// The library is executed as it is published; nothing of it is copied.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { exit, report } from './comparison.mjs';
import { generators } from './field_types_inputs.mjs';

const [parser] = process.argv.slice(2);
const seed = Number(process.env.SEED ?? 1);
const inputsPerType = Number(process.env.INPUTS ?? 600);
// A day in spring, the end of a leap day, the day before a birthday of 65.
const times = ['2026-03-18T15:00:00Z', '2024-02-29T23:59:59Z', '2026-11-28T12:00:00Z'];

// The library reads the clock.
const RealDate = Date;
let now = 0;
globalThis.Date = class extends RealDate {
  constructor(...parts) {
    super(...(parts.length === 0 ? [now] : parts));
  }
  static now() {
    return now;
  }
};
const types = createRequire(import.meta.url)('leadconduit-types');

// Differences with a reason, by class: never by input. docs/src/reference/field-types.md lists them too.
const zones = /\b(ACDT|ACST|ADT|AFT|ALMT|AMST|ANAST|ANAT|AQTT|AWDT|AZO?ST|AZOT|BNT|BTT|CAST|CCT|CHADT|CHAST|CKT|CVT|CXT|DAVT|EASST|EAST|EGST|EGT|FJST|FKS?T|FNT|GALT|GAMT|GFT|GILT|GYT|HA[A-Z]|HLV|HN[A-Z]|HOVT|IOT|IRKS?T|KGT|KRAS?T|KUYT|LHDT|LHST|LINT|MAGS?T|MART|MAWT|MESZ|MEZ|MHT|MUT|MVT|NCT|NFT|NOVS?T|NUT|OMSS?T|PETS?T|PETT|PGT|PHOT|PM[DS]T|PONT|PWT|PYST|RET|SAMT|SBT|SCT|SRT|TAHT|TFT|TJT|TKT|TLT|TMT|TVT|ULAT|UYST|VLAS?T|VUT|WAST|WES?Z|WFT|WGS?T|WITA|WST|WT|YAKS?T|YAPT|YEKS?T)\b/i;
const units = '(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?|mos?|mon|months?|qtr|quarters?|y|yrs?|years?)(?![A-Za-z])';
const phrases = new RegExp(`(?:[0-9]|\\b(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|few|several|couple|half|the|this|last|past|next))\\s*${units}|\\bend\\s+of\\s`, 'i');
const without = (value, ...names) => Object.fromEntries(Object.entries(value ?? {}).filter(([name]) => !names.includes(name)));
const allowed = [
  {
    type: 'email',
    name: 'a provider of free or disposable mailboxes that is not one of the best known',
    matches: (input, expected, found) => expected.is_free && same(without(expected, 'is_free', 'is_disposable'), without(found, 'is_free', 'is_disposable')),
  },
  {
    type: 'email',
    name: 'a domain that no mail server has: a literal with blanks, a character such as +, or invalid punycode',
    matches: (input) => /@.*(?:xn--|\[.*\s.*\]|[!#$%&'*+/=?^`{|}~])/.test(input),
  },
  {
    type: 'phone',
    name: 'a number range that one edition of the numbering plans has and the other lacks',
    matches: (input, expected, found) => same(without(expected, 'valid'), without(found, 'valid'))
      || (expected.country_calling_code !== 1 && expected.country_calling_code === found.country_calling_code && expected.normal === found.normal),
  },
  {
    type: 'time',
    name: 'a phrase with units, such as `in two weeks`',
    matches: (input) => phrases.test(input),
  },
  ...['url', 'trustedform_url'].map((type) => ({
    type,
    name: 'a host with right-to-left letters or with punycode that a strict reader refuses',
    matches: (input) => /[\u0590-\u08ff]|xn--/i.test(input),
  })),
  { type: 'time', name: 'an abbreviation of a time zone that is rarely used', matches: (input) => zones.test(input) },
];

const sorted = (value) => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
};
const same = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

// What the library makes of a value, as JSON; undefined when it fails.
function expectedOf(type, value, isMasked) {
  try {
    const parsed = types[type].parse(value);
    return JSON.parse(JSON.stringify(types.normalize(isMasked ? types.mask(parsed) : parsed)));
  } catch {
    return undefined;
  }
}

function run(type, inputs, time, isMasked) {
  const lines = inputs.map((input) => JSON.stringify([type, input])).join('\n');
  const result = spawnSync(parser, isMasked ? [time, '--masked'] : [time], { input: lines, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status !== 0) throw new Error(`${parser} ended with ${result.status}: ${result.stderr}`);
  return result.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
}

const used = new Set();
for (const [type, generate] of Object.entries(generators)) {
  const inputs = generate(seed, inputsPerType);
  const differences = [];
  let compared = 0;
  for (const time of times) {
    for (const isMasked of [false, true]) {
      if (isMasked && !types[type].maskable) continue;
      now = RealDate.parse(time);
      const found = run(type, inputs, time, isMasked);
      inputs.forEach((input, index) => {
        const expected = expectedOf(type, input, isMasked);
        if (expected === undefined) return;
        compared += 1;
        if (same(expected, found[index])) return;
        const reason = allowed.find((one) => one.type === type && one.matches(String(input), expected, found[index]));
        if (reason) used.add(reason);
        else differences.push(`${type} ${JSON.stringify(input)}${isMasked ? ' masked' : ''} at ${time}\n  library ${JSON.stringify(expected)}\n  mock    ${JSON.stringify(found[index])}`);
      });
    }
    // Only these depend on the time.
    if (!['date', 'dob', 'time'].includes(type)) break;
  }
  const shown = differences.slice(0, Number(process.env.SHOWN ?? 5));
  report(differences.length === 0 && inputs.length >= 500, `${type}: ${inputs.length} inputs, ${compared} comparisons, ${differences.length} differences`, shown);
}
if (!process.env.SEED && !process.env.INPUTS) {
  // A reason that nothing needs any more is removed.
  for (const reason of allowed) report(used.has(reason), `difference with a reason: ${reason.type}, ${reason.name}`);
}
exit();
