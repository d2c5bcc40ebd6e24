import createClient, { type Client } from 'openapi-fetch';

import type { components, paths } from './control-api.js';

type Schemas = components['schemas'];

/** A rule as in the scenario language: which requests get another response, and which. */
export type Rule = Schemas['Rule'];
/** A rule that was added to a sandbox, with the number of requests that it matched and applied to. */
export type Fault = Schemas['Fault'];
/** The clock of a sandbox. */
export type ClockState = Schemas['Clock'];
/** The scenario of a sandbox. */
export type Scenario = Schemas['Scenario'];
/** One exchange of the journal, in WireMock's format with the mock's additions. */
export type Exchange = Schemas['ServeEvent'];
/** Expectations about the requests of a client. */
export type Expectations = Schemas['Expectations'];
/** The result of a verification. */
export type Verdict = Schemas['Verdict'];
/** A request to explain, or the number of an exchange. */
export type ExplainRequest = Schemas['ExplainRequest'];
/** How the response to a request comes about. */
export type Explanation = Schemas['Explanation'];
/** What clients have exercised, and how they broke the contract. */
export type Coverage = Schemas['Coverage'];
/** A snapshot of a sandbox. */
export type Snapshot = Schemas['Snapshot'];
/** The filters of the journal. */
export type RequestFilter = NonNullable<paths['/__admin/requests']['get']['parameters']['query']>;

/** Every call of the control API, typed by its OpenAPI document: `control.GET('/__admin/health')`. */
export type ControlClient = Client<paths>;

/** The server rejected a control call. The message is the problem's detail, which says what to do instead. */
export class ControlError extends Error {
  override readonly name = 'ControlError';

  constructor(
    /** The call, such as `POST /__admin/faults`. */
    readonly call: string,
    /** The status of the response. */
    readonly status: number,
    /** The problem (RFC 9457), or the body when it is something else. */
    readonly problem: unknown,
  ) {
    super(`${call}: ${describeProblem(problem, status)}`);
  }
}

function describeProblem(problem: unknown, status: number): string {
  if (typeof problem !== 'object' || problem === null) return `status ${status}`;
  const { detail, title, diagnostics } = problem as { detail?: unknown; title?: unknown; diagnostics?: unknown };
  const text = typeof detail === 'string' ? detail : typeof title === 'string' ? title : `status ${status}`;
  // The diagnostics of an invalid rule or expectation contain the detail, and the place where it is wrong.
  if (!Array.isArray(diagnostics)) return text;
  return diagnostics.map((one: unknown) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n');
}

/** A client of the control API that acts on one sandbox. */
export function createControlClient(url: string, sandbox: string, adminToken: string | undefined): ControlClient {
  const headers: Record<string, string> = { 'X-Mock-Sandbox': sandbox };
  if (adminToken !== undefined) headers['Authorization'] = `Bearer ${adminToken}`;
  return createClient<paths>({ baseUrl: url, headers });
}

/** The data of a successful control call; the error of a rejected one. */
export async function unwrap<T>(
  call: string,
  result: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await result;
  if (!response.ok) throw new ControlError(call, response.status, error);
  return data as T;
}
