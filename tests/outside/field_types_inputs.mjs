// Inputs for the field types, from a seed: formats of forms, exports, spreadsheets and programs, each with random
// values, and random changes of them.

import { Choices } from './comparison.mjs';

class Inputs extends Choices {
  digits(count) {
    return Array.from({ length: count }, () => this.int(0, 9)).join('');
  }
  pad(number, length = 2) {
    return String(number).padStart(length, '0');
  }
  letters(count, from = 'abcdefghijklmnopqrstuvwxyz') {
    return Array.from({ length: count }, () => from[this.int(0, from.length - 1)]).join('');
  }
  // Upper, lower or other case.
  anyCase(text) {
    return this.pick([text, text, text.toUpperCase(), text.toLowerCase(), text.charAt(0).toUpperCase() + text.slice(1).toLowerCase()]);
  }
  // A small change of a text: a character is removed, doubled, replaced or added, blanks are put around it.
  change(text) {
    const at = this.int(0, Math.max(0, text.length - 1));
    const other = this.pick([' ', '-', '.', '/', ',', ':', '(', ')', '*', '+', '@', '#', 'x', 'a', '0', '9', '"', '\'', '\t', '\u00a0', 'é', 'ß', '５', '٣', '\n', '_', '%', '&', '=', '?']);
    switch (this.int(0, 6)) {
      case 0: return text.slice(0, at) + text.slice(at + 1);
      case 1: return text.slice(0, at) + text.charAt(at) + text.slice(at);
      case 2: return text.slice(0, at) + other + text.slice(at + 1);
      case 3: return text.slice(0, at) + other + text.slice(at);
      case 4: return ` ${text}`;
      case 5: return `${text} `;
      default: return text + other;
    }
  }
}

// Collects distinct inputs: fixed ones, then generated ones, a third of them changed.
const generator = (fixed, one, canChange = true) => (seed, count) => {
  const inputs = new Inputs(seed);
  const found = new Set(fixed);
  for (let tries = 0; found.size < count && tries < count * 50; tries += 1) {
    const input = one(inputs);
    found.add(canChange && typeof input === 'string' && inputs.chance(33) ? inputs.change(input) : input);
  }
  return [...found].filter((input) => input !== null);
};

const blanks = ['', ' ', '\t', '\n', '   ', 'n/a', 'N/A', 'null', 'undefined', '-', '.', 'test', '0', '1'];
const monthNames = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

function day(g) {
  const year = g.pick([g.int(1925, 2012), g.int(2013, 2030), 1900, 1968, 1969, 2000, 2024]);
  const month = g.chance(3) ? g.pick([0, 13, 14]) : g.int(1, 12);
  const date = g.chance(5) ? g.pick([0, 29, 30, 31, 32]) : g.int(1, 28);
  const name = monthNames[(month + 11) % 12];
  const weekday = dayNames[new Date(Date.UTC(year, month - 1, date)).getUTCDay()];
  return { year, month, date, name, short: name.slice(0, 3), weekday: g.chance(10) ? g.pick(dayNames) : weekday };
}

function clock(g) {
  const [hour, minute, second] = [g.int(0, 23), g.int(0, 59), g.int(0, 59)];
  const half = g.pick(['AM', 'PM', 'am', 'pm', 'a.m.', 'p.m.']);
  return g.pick([
    `${g.pad(hour)}:${g.pad(minute)}`,
    `${g.pad(hour)}:${g.pad(minute)}:${g.pad(second)}`,
    `${hour % 12 || 12}:${g.pad(minute)} ${half}`,
    `${hour % 12 || 12}:${g.pad(minute)}:${g.pad(second)} ${half}`,
    `${hour % 12 || 12}${half}`,
    `${g.pad(hour)}:${g.pad(minute)}:${g.pad(second)}.${g.digits(3)}`,
  ]);
}

function dayText(g) {
  const { year, month, date, name, short, weekday } = day(g);
  const [m, d, yy] = [g.pad(month), g.pad(date), g.pad(year % 100)];
  return g.pick([
    `${month}/${date}/${year}`, `${m}/${d}/${year}`, `${date}/${month}/${year}`, `${d}/${m}/${year}`, `${month}/${date}/${yy}`,
    `${year}-${m}-${d}`, `${year}-${d}-${m}`, `${m}-${d}-${year}`, `${d}-${m}-${year}`, `${m}${d}${year}`, `${year}${m}${d}`, `${d}${m}${year}`,
    `${year}/${m}/${d}`, `${year}.${m}.${d}`, `${date}.${month}.${year}`, `${d}.${m}.${year}`, `${m}-${d}-${yy}`,
    `${weekday.slice(0, 3)} ${short} ${d} ${year}`, `${short} ${d} ${year}`, `${short} ${date}, ${year}`, `${name} ${date}, ${year}`,
    `${weekday.slice(0, 3)} ${d} ${short} ${year}`, `${date} ${name} ${year}`, `${d}-${short}-${year}`, `${d}-${short}-${yy}`, `${date}th of ${name} ${year}`,
    `${weekday}, ${name} ${date}, ${year}`, `${short}. ${date}, ${year}`, g.anyCase(`${name} ${date} ${year}`),
  ]);
}

const partialDay = (g) => {
  const { year, month, date, name, short } = day(g);
  return g.pick([`${year}`, `${name} ${year}`, `${short} ${year}`, `${month}/${year}`, `${month}/${date}`, `${year}-${g.pad(month)}`, name, `${name} ${date}`, `${date} ${short}`, g.digits(g.int(1, 10)), `${g.digits(2)}/${g.digits(2)}`, '**/**/' + year, g.pick(dayNames)]);
};

const dated = (g) => {
  const { year, month, date } = day(g);
  const [m, d] = [g.pad(month), g.pad(date)];
  return g.pick([
    `${month}/${date}/${year} 12:00:00 AM`, `${month}/${date}/${year} ${clock(g)}`, `${year}-${m}-${d}T00:00:00`, `${year}-${m}-${d}T${g.pad(g.int(0, 23))}:00:00Z`,
    `${year}-${m}-${d}T10:20:30.${g.digits(3)}Z`, `${year}-${m}-${d} ${clock(g)}`, `${year}-${m}-${d}T10:20:30+02:00`, `${dayText(g)} ${clock(g)}`,
  ]);
};

const dates = generator(
  [...blanks, '6/2/1980 12:00:00 AM', '1980/06/02', '02/29/2023', '02/29/2024', '00/00/0000', '12/31/1899', '29219', '1720483200', '31.12.99', 'soon', 'Fri 18 July 2014'],
  (g) => g.pick([dayText, dayText, dayText, dated, dated, partialDay])(g),
);

const timeZones = ['UTC', 'GMT', 'EST', 'EDT', 'CST', 'CDT', 'MST', 'PDT', 'PST', 'CET', 'ET', 'PT', 'Z', '+02:00', '-0500', 'GMT+2', 'GMT-0500 (CDT)', '(EST)', 'AKST', 'JST', 'BST'];
const times = generator(
  [...blanks, 'now', 'today', 'tomorrow', 'yesterday', 'tonight', 'noon', 'midnight', 'this morning', 'tomorrow at noon', 'next monday', 'last friday', 'this weekend', '1720483200', 'soon', '2024-13-45', 'Sat Jun 14 2014 13:27:33 GMT-0500 (CDT)', 'in two weeks', '3 days ago', '12:00 HKT', '10:00 YEKT', '6/2/1980 12:00:00 AM'],
  (g) => {
    const { year, month, date, name, short, weekday } = day(g);
    const [m, d] = [g.pad(month), g.pad(date)];
    return g.pick([
      () => dayText(g), () => dayText(g), () => partialDay(g), () => dated(g), () => dated(g), () => clock(g),
      () => `${dayText(g)} ${clock(g)}`, () => `${dayText(g)} ${clock(g)} ${g.pick(timeZones)}`, () => `${clock(g)} ${g.pick(timeZones)}`,
      () => `${dayText(g)}, ${clock(g)}`, () => `${dayText(g)} at ${clock(g)}`, () => `${clock(g)} on ${dayText(g)}`, () => `call at ${clock(g)} on ${dayText(g)}`,
      () => `${year}-${m}-${d}T${g.pad(g.int(0, 24))}:${g.pad(g.int(0, 60))}:${g.pad(g.int(0, 60))}${g.pick(['', '.5', '.123', '.123456'])}${g.pick(['', 'Z', '+01:00', '-0800', '+5'])}`,
      () => `${weekday} ${clock(g)}`, () => `${weekday}, ${date} ${name} ${year}`, () => `${g.pick(['next', 'last', 'this', 'on'])} ${weekday}`,
      () => `${clock(g)} - ${clock(g)}`, () => `${dayText(g)} - ${dayText(g)}`, () => `${name} ${date} - ${g.int(1, 31)}, ${year}`, () => `${short} ${year}`,
      () => `${g.pick(['today', 'tomorrow', 'yesterday'])} ${g.pick(['at ', ''])}${clock(g)}`, () => `${weekday} ${g.pick(['morning', 'afternoon', 'evening'])}`,
      () => `${g.pick(['in', 'within'])} ${g.int(1, 20)} ${g.pick(['minutes', 'hours', 'days', 'weeks'])}`, () => `between ${clock(g)} and ${clock(g)}`, () => g.digits(g.int(1, 12)),
    ])();
  },
);

const vanity = ['FLOWERS', 'HOME', 'CALL', 'LAWYERS', 'GO', 'TAXES', 'Roofing'];
const abroad = [
  () => '+44 161 496 0123', (g) => `+44 7${g.digits(9)}`, (g) => `+44 20 ${g.digits(4)} ${g.digits(4)}`, (g) => `+49 30 ${g.digits(8)}`, (g) => `+49 (0)171 ${g.digits(7)}`,
  (g) => `+33 6 ${g.digits(8)}`, (g) => `+52 55 ${g.digits(8)}`, (g) => `+52 1 55 ${g.digits(8)}`, (g) => `+91 98${g.digits(8)}`, (g) => `+61 4${g.digits(8)}`, (g) => `+39 06 ${g.digits(8)}`,
  (g) => `+54 9 11 ${g.digits(8)}`, (g) => `+55 11 9${g.digits(8)}`, (g) => `011 44 20 ${g.digits(8)}`, (g) => `0044 20 ${g.digits(8)}`, (g) => `+${g.int(1, 999)} ${g.digits(g.int(4, 11))}`,
  (g) => `+1 ${g.pick(['876', '809', '787', '416', '242'])} ${g.int(2, 9)}${g.digits(6)}`, (g) => `+800 ${g.digits(8)}`, (g) => `+7 9${g.digits(9)}`, (g) => `+86 138 ${g.digits(8)}`, (g) => `+81 90 ${g.digits(8)}`,
];
const phones = generator(
  [...blanks, 'p:+15127891111', 'tel:737-555-0163', '737-555-HOME', '1-800-FLOWERS', '911', '411', '5127891111h', '5550163', '+1', '++15127891111', 'donkey kong', '737-555-0163/737-555-0164', '737-555-0163, 737-555-0164', '５１２７８９１１１１'],
  (g) => {
    const area = g.chance(80) ? `${g.int(2, 9)}${g.digits(2)}` : g.digits(3);
    const exchange = g.chance(80) ? `${g.int(2, 9)}${g.digits(2)}` : g.digits(3);
    const line = g.digits(4);
    const plain = g.pick([
      `${area}${exchange}${line}`, `(${area}) ${exchange}-${line}`, `${area}-${exchange}-${line}`, `${area}.${exchange}.${line}`, `${area} ${exchange} ${line}`,
      `1${area}${exchange}${line}`, `+1${area}${exchange}${line}`, `p:+1${area}${exchange}${line}`, `1-${area}-${exchange}-${line}`, `+1 (${area}) ${exchange}-${line}`,
      `tel:+1-${area}-${exchange}-${line}`, `${area}–${exchange}–${line}`, `Mobile: ${area}-${exchange}-${line}`, `${area}/${exchange}/${line}`,
      `${area}-${exchange.slice(0, 3)}-${g.pick(vanity)}`, `1-${g.pick(['800', '888', '877', '866', '855', '844', '833'])}-${g.pick(vanity)}`, g.digits(g.int(1, 20)), `${exchange}-${line}`,
      `${area}${exchange}****`, `(***) ***-${line}`, `${area}-***-****`, '*'.repeat(g.int(1, 14)), `1 (${area}) *** ${line}`,
      [...`${area}${exchange}${line}`].map((c) => String.fromCharCode(0xff10 + Number(c))).join(''), [...`${area}${exchange}${line}`].map((c) => String.fromCharCode(0x660 + Number(c))).join(''),
    ]);
    const number = g.chance(25) ? g.pick(abroad)(g) : plain;
    return g.pick([
      number, number, number, `${number} x${g.digits(g.int(1, 10))}`, `${number} ext. ${g.digits(g.int(1, 6))}`, `${number}#${g.digits(3)}`, `${number};ext=${g.digits(4)}`, `${number} x`,
      `${number} ${g.pick(['h', 'w', 'c', 'm', '(h)', '(w)', '(m)', 'cell', 'home', 'M', '(c'])}`, `${number}${g.pick(['h', 'w', 'c', 'm'])}`, `${number} x***`, `${number} ext **`,
    ]);
  },
);

const mailHosts = ['gmail.com', 'yahoo.com', 'Yahoo.com', 'YAHOO.COM', 'hotmail.co.uk', 'outlook.com', 'aol.com', 'mailinator.com', 'guerrillamail.com', 'yopmail.com', 'mail.yahoo.com', 'gmx.de', 'free.fr', 'icloud.com', 'comcast.net', 'verizon.net', 'rediffmail.com', 'zoho.com', 'xmail.net', 'operamail.com', 'spamgourmet.com', 'example.com', 'harbor-tools.example', 'mail.harbor.co.uk', 'localhost', 'x.y', 'harbor_tools.example', '[127.0.0.1]', '[IPv6:2001:db8::1]', 'hárbor.example', 'xn--hrbor-xqa.example', 'münchen.de', '-a.example', 'a..b'];
const emails = generator(
  [...blanks, 'a@b', '@b.c', 'a@', 'a@@b.c', 'mailto:a@b.c', 'a@b.c\n', 'a@b.c\r\n', 'jürgen@example.com', '用户@例子.广告', 'a@b.c,d@e.f', 'a@b.c;d@e.f', ',a@b.c', 'a@b.c,', 'a@zoho.co+m', 'Team: a@b.c;', '<@x.y:a@b.c>'],
  (g) => {
    const user = g.pick([
      g.letters(g.int(1, 8)), g.anyCase(`${g.letters(4)}.${g.letters(5)}`), `${g.letters(3)}+${g.letters(3)}`, `${g.letters(3)}_${g.digits(2)}`, `"${g.letters(2)} ${g.letters(2)}"`, `${g.letters(3)}..${g.letters(2)}`,
      `.${g.letters(3)}`, `${g.letters(3)}.`, `${g.letters(2)} ${g.letters(2)}`, `${g.letters(2)}(note)`, `o'${g.letters(4)}`, `"\\"${g.letters(2)}"`, g.letters(70), `${g.letters(2)}é`, `"é${g.letters(2)}"`, g.letters(3, '!#$%&*/=?^`{|}~-'), `${g.letters(2)} . ${g.letters(2)}`,
    ]);
    const host = g.chance(70) ? g.pick(mailHosts) : `${g.letters(5)}.${g.pick(['com', 'org', 'co.uk', 'example', 'io', 'museum'])}`;
    const address = `${user}@${host}`;
    return g.pick([address, address, address, `${g.anyCase(g.letters(5))} <${address}>`, `"${g.letters(3)}, ${g.letters(3)}" <${address}>`, `<${address}>`, `${address} (work)`, `${user} @ ${host}`, `${user}@${host.replaceAll('.', ' . ')}`, `${g.letters(1)}. ${g.letters(4)} <${address}>`]);
  },
);

const postalCodes = generator([...blanks, '60614-', 'GIR 0AA', 'K2P-1L4', '1AA'], (g) => {
  const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
  return g.pick([
    () => g.digits(5), () => `${g.digits(5)}-${g.digits(4)}`, () => g.digits(9), () => `${g.digits(5)} ${g.digits(4)}`, () => `${g.digits(5)}  -  ${g.digits(4)}`, () => g.digits(g.int(1, 10)), () => g.int(501, 99999),
    () => g.anyCase(`${g.letters(1, upper)}${g.digits(1)}${g.letters(1, upper)}${g.pick(['', ' ', '  ', '-'])}${g.digits(1)}${g.letters(1, upper)}${g.digits(1)}`),
    () => g.anyCase(`${g.letters(g.int(1, 2), upper)}${g.digits(g.int(1, 2))}${g.pick(['', g.letters(1, upper)])}${g.pick(['', ' '])}${g.digits(1)}${g.letters(2, upper)}`),
    () => `${g.digits(1)}${g.letters(2, upper)}`,
  ])();
});

const numbers = generator([...blanks, '-', '--5', '5-', '.', '5.', '.5', '-.5', '1e5', '0xB2', 'Infinity', '٣', '５', '9'.repeat(400), '(512.25)', '3/4', '2 500,75', 1, 0, -1, 2.5, 1e21, true, false], (g) => {
  const whole = g.digits(g.int(1, 9));
  return g.pick([
    () => whole, () => `$${Number(whole).toLocaleString('en')}`, () => `${whole}.${g.digits(g.int(1, 4))}`, () => `-${whole}`, () => `-$${whole}.${g.digits(2)}`, () => `${whole}%`, () => `${whole}k`, () => `${whole} per month`,
    () => `${g.digits(2)}.${g.digits(2)}.${g.digits(2)}`, () => `${g.digits(3)}-${g.digits(3)}`, () => g.letters(5), () => Number(whole) / 100, () => `€ ${whole},${g.digits(2)}`, () => `${g.digits(18)}`, () => `00${whole}`,
  ])();
});

const ranges = generator([...blanks, '20-', '-', 'a lot', 'under 25', '20–30', '-10 to -5', '20 thru 30', '2024-01-01', '2024-02-30 - 2024-12-31', '2024-13-01', '2024-01-01T10:00:00.000Z to 2024-01-02', '1 to\n5', 'total 5', 'tomorrow', 5, 7.5, true], (g) => {
  const [a, b] = [g.int(0, 100000), g.int(0, 100000)];
  const decimal = (n) => g.pick([`${n}`, `${n}.${g.digits(1)}`, `${n}.${g.digits(2)}`, `${n}.${g.digits(3)}`, n.toLocaleString('en'), `$${n.toLocaleString('en')}`]);
  return g.pick([
    () => `${decimal(a)}-${decimal(b)}`, () => `${decimal(a)} - ${decimal(b)}`, () => `${decimal(a)} to ${decimal(b)}`, () => `${decimal(a)} ${decimal(b)}`, () => `${decimal(a)}+`, () => `${decimal(a)} +`, () => decimal(a), () => `-${decimal(a)}`,
    () => `-${decimal(a)} - ${decimal(b)}`, () => `${decimal(a)} or more`, () => `less than ${decimal(a)}`, () => `${decimal(a)}/${decimal(b)}`, () => `${decimal(a)}-${decimal(b)}-${decimal(a)}`, () => `0.${g.digits(7)} to 0.${g.digits(8)}`,
    () => `20${g.digits(2)}-0${g.int(1, 9)}-${g.pad(g.int(1, 31))}`, () => `20${g.digits(2)}-01-01 - 20${g.digits(2)}-12-31`, () => `${g.digits(15)} to ${g.digits(18)}`, () => `${a} years`,
  ])();
});

const stateWords = ['Alabama', 'Alaska', 'Arizona', 'California', 'Texas', 'New York', 'New Jersey', 'North Carolina', 'District of Columbia', 'Puerto Rico', 'Guam', 'U.S. Virgin Islands', 'Ontario', 'Quebec', 'British Columbia', 'Newfoundland and Labrador', 'Yukon', 'Nunavut', 'Northwest Territories', 'Federated States of Micronesia', 'Bavaria', 'Île-de-France', 'Palau', 'Armed Forces', 'West Virginia', 'Prince Edward Island'];
const states = generator([...blanks, ' oh', 'Ohio ', 'D.C.', 'ındiana', 'ﬁ', 7], (g) => g.pick([
  () => g.letters(2, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'), () => g.letters(2), () => g.anyCase(g.pick(stateWords)), () => g.pick(stateWords).replace(' ', '  '), () => g.letters(1, 'ABC') + g.letters(1), () => g.letters(g.int(1, 12)), () => `${g.pick(stateWords)} ${g.letters(2, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')}`,
])());

const streets = generator([...blanks, '418\nAlder Ct', '418 Alder Ct\nApt 5', '418\u2028Alder', '\ufeff418 Alder', 7, 7.5], (g) => {
  const street = `${g.int(1, 20000)} ${g.anyCase(g.letters(6))} ${g.pick(['St', 'Ave', 'Rd.', 'Blvd', 'Lane'])}`;
  return g.pick([street, `  ${street}`, `${street} Apt ${g.int(1, 90)}`, `${street}, Unit ${g.int(1, 9)}`, `PO Box ${g.int(1, 999)}`, g.letters(6), `${g.int(1, 99)}-${g.letters(1)}   ${g.letters(6)}`, `${street}\n${g.letters(4)}`, `${g.letters(5)}\t${g.letters(5)}`, `${g.int(1, 99)}\u00a0${g.letters(5)}`]);
});

const words = (list) => generator([...blanks, 1, 0, true, false, 2, 1.5], (g) => g.pick([() => g.anyCase(g.pick(list)), () => ` ${g.anyCase(g.pick(list))}`, () => `${g.anyCase(g.pick(list))}${g.pick(['.', '!', ' ', '\u00a0', '\n'])}`, () => g.pick(list) + g.letters(1), () => g.letters(g.int(1, 5)), () => g.digits(g.int(1, 3)), () => `#${g.digits(1)}`, () => `${g.pick(list)} ${g.pick(list)}`])());

const texts = generator([...blanks, 55, 7.5, true, 'Łódź', 'a\u0000b'], (g) => g.pick([() => g.anyCase(g.letters(g.int(1, 12))), () => `  ${g.letters(4)} `, () => `${g.letters(3)}-${g.letters(3)}`, () => `D'${g.letters(4)}`, () => `${g.letters(3)} ${g.letters(5)}`, () => g.digits(5), () => `${g.letters(3)}é${g.letters(2)}`, () => g.int(0, 9999)])());

const ssns = generator([...blanks, '000-00-0000', '***-**-1234', 'SSN: 900-45-1234', '９００４５１２３４', 900451234, 45], (g) => g.pick([() => `9${g.digits(2)}-${g.digits(2)}-${g.digits(4)}`, () => `9${g.digits(8)}`, () => `9${g.digits(2)} ${g.digits(2)} ${g.digits(4)}`, () => g.digits(g.int(1, 12)), () => `xxx-xx-${g.digits(4)}`, () => `***-**-${g.digits(4)}`, () => `9${g.digits(2)}.${g.digits(2)}.${g.digits(4)}`, () => `${g.letters(4)} ${g.digits(9)}`])());

const credentials = generator([...blanks, 12, true, 'a\nb', '🗝️ key'], (g) => g.pick([() => g.letters(g.int(1, 40)), () => `${g.letters(4)} ${g.digits(4)}`, () => `${g.letters(3)}é${g.digits(2)}`, () => g.digits(20), () => `${g.letters(2)}\t${g.letters(2)}`])());

const urlHosts = ['shop.harbor.example', 'Shop.Harbor.Example', 'x', 'hárbor.example', 'localhost', '192.0.2.44', '192.0.2.044', '[2001:db8::44]', 'münchen.de', 'a_b.example', 'xn--hrbor-xqa.example', '例子.广告', 'a..b', '256.1.2.3', 'a b.example', 'ex%61mple.com'];
const urls = generator([...blanks, '//shop.harbor.example', 'http://a٣.example/', 'ftp://shop.harbor.example', 'mailto:a@b.c', 'javascript:alert(1)', 'not a url', 'http://', 'https:///', 'http:/x', 'HTTP://X', ' https://x.y ', 'https://x.y/a b?c d#e f', 'https://x.y?', 'https://x.y#', 'https://x.y/?#', 7], (g) => {
  const host = g.chance(60) ? g.pick(urlHosts) : `${g.letters(5)}.${g.pick(['com', 'org', 'example'])}`;
  const path = g.pick(['', '/', '/deals', '/Deals/', '/a/../b', '/a b', '/é', '/%7Ea', '/a;b=c', '//a']);
  const rest = g.pick(['', '', '?id=7', '?a=b&c=d', '#top', '?q=a b#é', '?', '#', '??a', '?a=%20']);
  return `${g.pick(['https://', 'http://', '', '', 'HTTPS://', 'ftp://', 'https:', '//', 'user:pass@', 'https://user@'])}${host}${g.pick(['', '', '', ':80', ':443', ':8443', ':99999', ':'])}${path}${rest}`;
});

const trustedForms = generator([...blanks, 'http://cert.trustedform.co٣/kpcclyqfdcffypilvnnjstmzhxaggpfflwqwufnc', 'https://cert.trustedform.com/', 'https://cert.trustedform.com', 'https://cert.trustedform.com.evil.example/7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c', 'https://mycert.trustedform.com/7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c'], (g) => {
  const hex = g.anyCase(g.letters(40, '0123456789abcdef'));
  const id = g.pick([hex, hex, hex, hex.slice(1), `${hex}0`, `0.${g.letters(20)}.${g.letters(10)}`, `0.${g.letters(2)}`, g.letters(80, 'abcXYZ019-_'), g.letters(40), `${hex}/`, `${hex}/x`, `${hex.slice(0, 39)} `, `${hex}?a=1`, `${hex}#x`, g.letters(4)]);
  return `${g.pick(['https://', 'https://', 'https://', 'http://', '', 'HTTPS://', ' https://'])}${g.pick(['cert', 'cert', 'cert', 'ping', 'www', 'CERT'])}.${g.pick(['trustedform.com', 'trustedform.com', 'trustedform.com', 'staging.trustedform.com', 'trustedform-staging.com', 'trustedform-dev.com', 'trustedform.localhost', 'example.com', 'trustedform.com:8443'])}/${id}`;
});

const ips = generator([...blanks, '::', '::1', '1.2.3', '1.2.3.4.5', '1.2.3.4.example.com', '192.0.2.44, 198.51.100.7', 'fe80::1%eth0', '::ffff:192.0.2.44', 'ffff::192.0.2.44', '[::1]:80', '0x7f.1', '2130706433', 1], (g) => {
  const four = Array.from({ length: 4 }, () => (g.chance(5) ? g.int(256, 999) : g.int(0, 255))).join('.');
  const group = () => g.letters(g.int(1, 4), '0123456789abcdefABCDEF');
  const eight = Array.from({ length: 8 }, group).join(':');
  const short = `${group()}:${group()}::${group()}`;
  return g.pick([four, four, `https://${four}:8080/path`, `${four}:${g.int(1, 70000)}`, `${four}/24`, four.split('.').map((part) => part.padStart(3, '0')).join('.'), eight, short, `[${short}]`, `[${eight}]:443`, `https://[${short}]/x`, `${short}/64`, `::ffff:${four}`, `${g.letters(5)}.example`, ` ${four} `, four.replace('.', ' . '), `::${four}`, `ffff::${four}`, `[ffff::${four}]`]);
});

export const generators = {
  boolean: words(['yes', 'no', 'y', 'n', 'true', 'false', 't', 'f', '1', '0', 'okay', 'on', 'off', 'nah', 'yep']),
  city: texts,
  credential: credentials,
  date: dates,
  dob: dates,
  email: emails,
  first_name: texts,
  gender: words(['m', 'f', 'o', 'male', 'female', 'other', 'man', 'woman', 'nonbinary', 'MALE', 'Mr']),
  ip: ips,
  last_name: texts,
  number: numbers,
  phone: phones,
  postal_code: postalCodes,
  range: ranges,
  ssn: ssns,
  state: states,
  street: streets,
  string: texts,
  time: times,
  trustedform_url: trustedForms,
  url: urls,
};
