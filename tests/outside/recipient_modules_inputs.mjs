// Leads, mappings and responses for the custom recipient modules, from a seed.

import { Choices } from './comparison.mjs';

const texts = ['1', '0', 'abc', 'a b', 'x&y=z', 'Łódź & Müller', 'a+b', '100%', '"quoted"', "it's (fine)!*~", '<b>&amp;</b>', 'line\nbreak', 'tab\there', '日本', '', ' ', 'null', 'true', 'C:\\x', '{"a":1}', 'ß', '[x]', 'a,b', 'x;y', '/p?q#r'];
const ascii = ['1', 'abc', 'Renée', 'Łódź', 'Müller ß', 'señor', 'œuvre', '', 'Ærø'];
const templates = ['{{lead.first_name}}', '{{lead.last_name}}', '{{lead.email}}', '{{lead.phone_1}}', '{{lead.state}}', '{{lead.city}}', '{{lead.dob}}', '{{lead.annual_salary}}', '{{lead.citizen}}', '{{lead.comments}}', '{{lead.first_name}} {{lead.last_name}}', 'ref {{lead.phone_1}}/{{lead.annual_salary}}'];
const textTemplates = templates.filter((template) => !/annual_salary\}\}$|citizen/.test(template));
const names = ['a', 'b', 'Name', 'first name', 'x-y', 'a[b]', 'naïve', 'A', 'id', 'n1', 'type', 'zip_code', '7', '10', 'k=v', 'p%q'];
const elements = ['a', 'b', 'lead', 'Name', 'x-y', 'n1', 'type', 'Zip_Code'];

function lead(g) {
  const of = {
    first_name: () => g.pick(['Renée', 'Ann', 'jOHN', "D'Arcy", 'Łukasz']),
    last_name: () => g.pick(['Okafor', 'Smith-Jones', 'de la Cruz', 'Ng']),
    email: () => g.pick(['Renee.Okafor@Harbor-Tools.example', 'a+b@c.example', 'not an address']),
    phone_1: () => g.pick(['(737) 555-0163', '7375550163', 'call me', '1-737-555-0199']),
    state: () => g.pick(['ohio', 'TX', 'Nowhere']),
    city: () => g.pick(['Austin', 'são paulo', 'Köln']),
    dob: () => g.pick(['03/18/1990', '1985-12-01']),
    annual_salary: () => g.pick(['$2,500.75', '7', '0', '1000000', 'a lot', '-3.5']),
    citizen: () => g.pick(['yes', 'no', 'TRUE']),
    comments: () => g.pick(['Call after 5 & before 7', '<urgent>', 'two\nlines', '100% sure?']),
  };
  return Object.fromEntries(Object.entries(of).filter(() => g.chance(80)).map(([name, make]) => [name, make()]));
}

// A dotted path of one to three parts; numbers among them make lists.
function path(g, from = names) {
  const parts = [g.pick(from)];
  while (parts.length < 3 && g.chance(45)) parts.push(g.chance(40) ? String(g.int(0, 3)) : g.pick(from));
  return parts.join('.');
}

function properties(g, prefix, count, make) {
  return Array.from({ length: count }, () => [`${prefix}.${make()}`, undefined]);
}

// Mappings of a module as pairs, with the URL first.
export function mappings(g, variant, url) {
  const isAscii = g.chance(12);
  const value = () => {
    if (isAscii) return g.chance(50) ? g.pick(ascii) : g.pick(textTemplates);
    if (g.chance(4)) return Array.from({ length: g.int(1, 3) }, () => g.pick(texts));
    if (g.chance(4)) return g.pick([0, 1, 2.5, -7, 1e3]);
    return g.chance(55) ? g.pick(templates) : g.pick(texts);
  };
  const pairs = [['url', g.chance(10) ? `${url}?k=1` : url]];
  // What the platform makes of a value with others inside it is not known.
  const isInside = (name, other) => name.startsWith(`${other}.`) || other.startsWith(`${name}.`);
  const plain = (name) => name.split(/[@#]/)[0];
  const fill = (list) => {
    for (const [name] of list) {
      if (!pairs.some(([other]) => isInside(variant === 'xml' ? plain(name) : name, variant === 'xml' ? plain(other) : other))) pairs.push([name, value()]);
    }
  };
  if (variant === 'form') fill(properties(g, 'form_field', g.int(0, 7), () => path(g)));
  if (variant === 'form' && g.chance(15)) pairs.push(['encode_form_field_names', g.pick(['true', 'no'])]);
  if (variant === 'query') fill(properties(g, 'parameter', g.int(0, 6), () => path(g)));
  if (variant === 'json') {
    const isList = g.chance(10);
    fill(properties(g, 'json_property', g.int(0, 8), () => (isList ? `${g.int(0, 3)}.${g.pick(names)}` : path(g))));
    if (g.chance(20)) pairs.push(['json_parameter', g.pick(['payload', 'json data'])]);
    if (g.chance(20)) fill(properties(g, 'extra_parameter', g.int(1, 3), () => path(g)));
    if (g.chance(12)) fill(properties(g, 'nested_extra_parameter', g.int(1, 3), () => path(g)));
  }
  if (variant === 'xml') {
    const root = g.pick(elements);
    const suffix = () => (g.chance(15) ? `@${g.pick(elements)}` : g.chance(10) ? '#cdata' : '');
    if (!g.chance(5)) fill(properties(g, 'xml_path', g.int(1, 7), () => `${root}.${path(g, elements)}${suffix()}`));
    if (g.chance(20)) pairs.push(['xml_parameter', g.pick(['doc', 'xml data'])]);
    if (g.chance(20)) fill(properties(g, 'extra_parameter', g.int(1, 3), () => path(g)));
  }
  if (isAscii) pairs.push(['send_ascii', g.pick(['true', 'yes'])]);
  else if (g.chance(5)) pairs.push(['send_ascii', 'false']);
  if (g.chance(25)) pairs.push(['method', g.pick(['post', 'PUT', 'patch', 'DELETE', 'GET'])]);
  if (g.chance(30)) pairs.push(['basic_username', 'amy'], ['basic_password', g.pick(['pw', 'p:w é', ''])]);
  const header = () => g.pick(['X-Api-Key', 'X-Trace', 'x-list.0', 'x-list.1', 'Authorization', 'User-Agent', 'X-Deep.Name', 'Accept-Language']);
  for (let count = g.chance(60) ? g.int(1, 3) : 0; count > 0; count -= 1) pairs.push([`header.${header()}`, g.pick(['k-1', 'Bearer t', ' ', 'a, b', '{{lead.phone_1}}', '{{lead.annual_salary}}'])]);
  const types = { form: 'application/x-www-form-urlencoded', json: 'application/vnd.x+json', query: 'text/plain', xml: 'application/soap+xml; charset=utf-8' };
  if (g.chance(10)) pairs.push([`header.${g.pick(['Content-Type', 'content-type'])}`, g.chance(70) ? types[variant] : 'text/html']);
  if (g.chance(3)) pairs.push([`header.${g.pick(['Accept', 'content-length'])}`, '1']);
  return pairs;
}

const pick = {
  json: ['status', 'data.id', 'data.bid', 'errors.*.text', 'errors[0].text', 'errors', 'errors.length', 'array.0.id', 'array[0].id', 'data', 'data.ok', 'none', 'a.b', '*', 'data.*', 'count'],
  xml: ['//status', '/reply/status', '//error/text()', '//error', '/reply/bid/text()', '/reply/@code', '//@id', 'count(//error)', 'string(//status)', '//none', "//item[@id='2']", '///', '//n:status', "//*[local-name()='status']", '//note/text()', '/reply/item[1]'],
  html: ['h1', 'p.err', 'p.err @id', 'a@href', 'body', '#main', 'ul > li', 'li:nth-child(2)', '.none', 'h1, p', '[id]', '::', 'p @data-id'],
  text: ['error: (.*)', '/ID=(\\d+)/i', 'id=(\\d+)', '(ok|queued)', '(', 'price ([0-9.]+)', '/(\\w+)/g', '(?<=code )(\\w+)', 'x'],
  form: ['status', 'id', 'reason', 'list', 'list[0]', 'none'],
};
const terms = ['accepted', 'ok', '^ok$', '/accepted|queued/', '/^OK/i', 'error', '(', '"status":"accepted"', '{"status"', '<status>', 'true', '2', '\\d+', '', '.', 'null', 'not found', '[a-z]+ted', 'é'];

const statuses = ['Accepted', 'accepted', 'Rejected', 'OK', 'queued', 'error', ''];
const words = ['zip missing', 'age too low', 'ZIP', ' blank ', 'é & ü', '', 'a<b'];

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

const bodies = {
  json(g) {
    const errors = Array.from({ length: g.int(0, 3) }, () => (g.chance(80) ? { text: g.pick(words) } : g.pick([1, null, 'text', []])));
    const object = { status: g.pick(statuses), data: { id: g.pick(['K-17', 7, 0, null]), bid: g.pick([12.5, '3', 0, 'free', 2]), ok: g.chance(50) }, errors, count: g.pick([0, 2, false, 10.0]) };
    if (g.chance(20)) object['a.b'] = 'direct';
    if (g.chance(20)) object.a = { b: 'nested' };
    if (g.chance(20)) object.ids = { 1984: 'a', '7up': { 5: [{ 6: 1 }] }, '-1': 2 };
    if (g.chance(15)) object.reason = g.pick(['own reason', 5]);
    if (g.chance(10)) Object.assign(object, { price: 9, outcome: 'own', reference: 'r', cookie: 'c' });
    const all = [object, object, object, object, [object], [], {}, 5, true, null, 'Accepted id=5', 'plain'];
    const text = JSON.stringify(g.pick(all));
    return g.chance(8) ? text.slice(0, -1) : text;
  },
  xml(g) {
    const errors = Array.from({ length: g.int(0, 3) }, () => `<error>${escape(g.pick(words))}</error>`).join('');
    const items = Array.from({ length: g.int(0, 3) }, (_, at) => `<item id="${at}">${g.pick(['x', ''])}</item>`).join('\n  ');
    const note = g.pick(['', '<note><![CDATA[ a < b ]]></note>', '<note kind="k">mixed <b>text</b> here</note>', '<note/>', '<note>  </note>']);
    const attributes = g.pick(['', ' code="7"', ' code="a&amp;b &quot;q&quot;"']);
    const reply = `<reply${attributes}><status>${g.pick(statuses)}</status><bid>${g.pick(['1.5', '', 'free', '0'])}</bid>${errors}${items}${note}</reply>`;
    const spaced = `<n:reply xmlns:n="urn:n"><n:status>${g.pick(statuses)}</n:status></n:reply>`;
    const defaulted = `<reply xmlns="urn:d"><status>${g.pick(statuses)}</status></reply>`;
    const all = [reply, reply, reply, reply, `<?xml version="1.0" encoding="UTF-8"?>\n${reply}\n`, spaced, defaulted, '<reply>accepted</reply>', '<reply/>', '', ` ${reply}`, `<!-- c -->${reply}`];
    const text = g.pick(all);
    return g.chance(6) ? g.pick(['accepted', text.slice(0, -3), `${text}<again/>`]) : text;
  },
  html(g) {
    const paragraphs = Array.from({ length: g.int(0, 3) }, (_, at) => `<p class="err" id="e${at}" data-id="d">${escape(g.pick(words))}</p>`).join('');
    const page = `<h1>${g.pick(['Sorry', 'OK', 'Thank <b>you</b>', 'accepted'])}</h1>${paragraphs}<div id="main"><a href="/x?a=1&amp;b=2">link ID=5</a><script>var x = "ok";</script></div><ul><li>1<li>2</ul>`;
    return g.pick([page, page, `<html><body>${page}</body></html>`, `<!DOCTYPE html><html><head><title>t</title></head><body>${page}</body></html>`, `<!DOCTYPE html>\n<html><body>${page}</body></html>`, `Text ${page}`, '', 'error: plain', `<!-- c -->${page}`, `\n${page}`]);
  },
  text(g) {
    return g.pick(['ok', 'OK id=5', 'error: No Budget code 88', 'MAINTENANCE until noon, ID=77 price 2.50', '', ' ok ', 'a\nerror: second line\nc', '{"status":"accepted"}', 'null', 'Accepted\r\nID=9', 'é', 'code abc x']);
  },
  form(g) {
    return g.pick(['status=QUEUED&id=9', 'status=accepted&id=9&reason=a+b&list=1&list=2', 'a', '', 'status=%C3%A9%20x&7=8&id=', 'x=%zz&status=ok', 'reason=r&price=4']);
  },
};

const mediaTypes = {
  json: ['application/json', 'application/json', 'application/json; charset=utf-8', 'Application/JSON', 'text/json', 'application/vnd.x+json'],
  xml: ['text/xml', 'application/xml', 'text/xml; charset=utf-8'],
  html: ['text/html', 'text/html; charset=utf-8'],
  text: ['text/plain', null, 'text/csv', 'x'],
  form: ['application/x-www-form-urlencoded'],
};

// A response, and the mappings that read it.
export function response(g) {
  const kind = g.pick(['json', 'json', 'json', 'xml', 'xml', 'html', 'html', 'text', 'form']);
  const paths = g.chance(92) ? pick[kind] : pick[g.pick(Object.keys(pick))];
  const pairs = [];
  if (g.chance(65)) pairs.push(['outcome_search_term', g.pick(terms)]);
  if (g.chance(55)) pairs.push(['outcome_search_path', g.chance(90) ? g.pick(paths) : ' ']);
  if (g.chance(40)) pairs.push(['outcome_on_match', g.pick(['success', 'failure', 'failure', 'error', 'error', g.pick(['Success', ' failure', ''])])]);
  if (g.chance(55)) pairs.push(['reason_path', g.pick(paths)]);
  if (g.chance(45)) pairs.push(['price_path', g.pick(paths)]);
  if (g.chance(25)) pairs.push(['fallback_price', g.pick(['2.25', '3', '0'])]);
  if (g.chance(40)) pairs.push(['reference_path', g.pick(paths)]);
  if (g.chance(35)) pairs.push(['default_reason', g.pick(['not taken', ' spaced ', ''])]);
  if (g.chance(30)) pairs.push(['capture.code', g.pick(pick.text)], ['capture.word', '(\\w+)']);
  if (g.chance(20)) pairs.push(['cookie_search_term', g.pick(['sid', '^a', '(', ''])]);
  const headers = [];
  const type = g.pick(mediaTypes[kind]);
  if (type !== null) headers.push(['Content-Type', type]);
  if (g.chance(10)) pairs.push(['response_content_type_override', g.pick(Object.values(mediaTypes).flat().filter(Boolean))]);
  if (g.chance(25)) headers.push(...g.pick([[['Set-Cookie', 'SID=1; Path=/']], [['Set-Cookie', 'b=2'], ['Set-Cookie', 'a=1; Secure']]]));
  return { pairs, headers, kind, status: g.pick([200, 200, 200, 200, 201, 302, 400, 404, 422, 500, 503]), body: bodies[kind](g) };
}

export function generate(seed, variant, count) {
  const g = new Choices(seed);
  return Array.from({ length: count }, () => ({ lead: lead(g), response: response(g), mappings: (url) => mappings(g, variant, url) }));
}
