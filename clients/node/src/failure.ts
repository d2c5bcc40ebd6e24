import type { Exchange, Explanation } from './control.js';
import type { Sandbox } from './sandbox.js';

/** How many exchanges are explained, and how many are listed. */
const EXPLAINED_MAX = 5;
const LISTED_MAX = 200;

/** What a sandbox saw in a test that failed. */
export interface FailureReport {
  /** The exchanges, oldest first. */
  journal: Exchange[];
  /** The exchanges, one line each, and how the notable responses came about. */
  explanation: string;
  /** The curl commands that send the notable requests again. */
  curl: string;
}

/** Collects journal, explanations and curl commands. Rejected and failed requests are notable, else the last one. */
export async function collectFailure(sandbox: Sandbox): Promise<FailureReport | undefined> {
  const journal = (await sandbox.requests({ limit: LISTED_MAX })).reverse();
  if (journal.length === 0) return undefined;
  const isNotable = (exchange: Exchange): boolean =>
    exchange.response.status >= 400 || exchange.violations.length > 0 || exchange.applied_rules.length > 0;
  const notable = journal.filter(isNotable).slice(-EXPLAINED_MAX);
  const explained: Explanation[] = [];
  for (const exchange of notable.length > 0 ? notable : journal.slice(-1)) {
    explained.push(await sandbox.explain({ exchange: exchange.number }));
  }
  const details = explained.map((one) => [
    `#${one.exchange} ${one.request.method} ${one.request.url} -> ${one.reply.status}`,
    ...one.reasons.map((reason) => `  - ${reason}`),
    `  ${one.curl}`,
  ].join('\n'));
  return {
    journal,
    explanation: [journal.map(describeExchange).join('\n'), ...details].join('\n\n') + '\n',
    curl: [
      `# LEADCONDUIT_API_KEY=${sandbox.apiKey.split('+')[0]} (the key of the user; the superuser has another one)`,
      ...explained.map((one) => one.curl),
    ].join('\n') + '\n',
  };
}

/** One line: `#2 POST /onboards -> 400 create_onboard: /body/invitation_id: ...`. */
export function describeExchange(exchange: Exchange): string {
  const { number, request, response, operation, violations, applied_rules: rules } = exchange;
  const notes = [
    ...rules.map((one) => `rule \`${one.rule}\``),
    ...violations.map((one) => `${one.location}: ${one.message}`),
  ];
  const head = `#${number} ${request.method} ${request.url} -> ${response.status} ${operation ?? '(no operation)'}`;
  return notes.length > 0 ? `${head}: ${notes.join('; ')}` : head;
}
