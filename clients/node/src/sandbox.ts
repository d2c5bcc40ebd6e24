import {
  type ClockState,
  type ControlClient,
  type Coverage,
  type Exchange,
  type Expectations,
  type ExplainRequest,
  type Explanation,
  type Fault,
  type RequestFilter,
  type Rule,
  type Scenario,
  type Snapshot,
  type Verdict,
  createControlClient,
  unwrap,
} from './control.js';

/** The keys of the built-in scenarios. */
export const DEFAULT_API_KEY = '2f1d5f29915b866c7a2fa5de29613104';
export const DEFAULT_SUPERUSER_API_KEY = '00000000000000000000000000000000000000aa';

/** How to reach a server, and the keys of its scenarios. */
export interface ServerAddress {
  /** The root URL, without a trailing slash. */
  url: string;
  apiKey: string;
  superuserApiKey: string;
  adminToken: string | undefined;
}

/** A rule, or the short form of one: the operation, and what happens to its requests. */
export type FaultSpec = Rule & {
  /** The operation whose requests match: `when.operation`. */
  operation?: string | string[];
  /** The status of the response: `then.status`. */
  status?: number;
  /** The body of the response: `then.body`. */
  body?: unknown;
  /** The headers of the response: `then.headers`. */
  headers?: Record<string, string>;
  /** A delay in milliseconds, or as in scenarios: `then.delay`. */
  delay?: number | string | Record<string, unknown>;
  /** A broken connection, such as `CONNECTION_RESET_BY_PEER`: `then.fault`. */
  fault?: string;
};

/** A client did not do what it was expected to do. The message is the verdict as text. */
export class VerificationError extends Error {
  override readonly name = 'VerificationError';

  constructor(
    /** The verdict, with the result of each expectation and the nearest exchanges. */
    readonly verdict: Verdict,
  ) {
    super(verdict.text);
  }
}

/** The clock of a sandbox. */
export class SandboxClock {
  constructor(private readonly control: ControlClient) {}

  /** The time and the mode of the clock. */
  async show(): Promise<ClockState> {
    return unwrap('GET /__admin/clock', this.control.GET('/__admin/clock'));
  }

  /** Freezes the clock, at its current time or at an RFC 3339 time. */
  async freeze(time?: string | Date): Promise<ClockState> {
    return this.change({ freeze: time === undefined ? true : time instanceof Date ? time.toISOString() : time });
  }

  /** Advances the clock by milliseconds, or by a duration such as `90s` or `14d`. */
  async advance(duration: number | string): Promise<ClockState> {
    return this.change({ advance: duration });
  }

  /** Resumes the clock from its current time. */
  async resume(): Promise<ClockState> {
    return this.change({ resume: true });
  }

  private async change(
    body: { freeze: true | string } | { advance: number | string } | { resume: true },
  ): Promise<ClockState> {
    return unwrap('PUT /__admin/clock', this.control.PUT('/__admin/clock', { body }));
  }
}

/** One isolated world of a server: its scenario, faults, clock, journal and documents. */
export class Sandbox {
  /** The name of the sandbox. */
  readonly name: string;
  /** The root URL of the server. Requests with {@link apiKey} are served by this sandbox. */
  readonly url: string;
  /** A base URL that selects this sandbox, for clients with a fixed API key. */
  readonly sandboxUrl: string;
  /** The API key of a user. It ends in the sandbox's name, so that unchanged clients use the sandbox. */
  readonly apiKey: string;
  /** The API key of a superuser. It ends in the sandbox's name too. */
  readonly superuserApiKey: string;
  /** All calls of the control API, typed, for this sandbox. */
  readonly control: ControlClient;
  /** The clock. */
  readonly clock: SandboxClock;

  constructor(address: ServerAddress, name: string) {
    const suffix = name === 'default' ? '' : `+${name}`;
    this.name = name;
    this.url = address.url;
    this.sandboxUrl = `${address.url}/__sandbox/${name}`;
    this.apiKey = address.apiKey + suffix;
    this.superuserApiKey = address.superuserApiKey + suffix;
    this.control = createControlClient(address.url, name, address.adminToken);
    this.clock = new SandboxClock(this.control);
  }

  /** Switches to a scenario. The world starts anew, unless `keepWorld` is set; the journal is kept. */
  async useScenario(name: string, options: { keepWorld?: boolean } = {}): Promise<Scenario> {
    const body = { name, keep_world: options.keepWorld ?? false };
    return unwrap('PUT /__admin/scenario', this.control.PUT('/__admin/scenario', { body }));
  }

  /**
   * Adds a fault, which applies from the next request on.
   *
   * @example
   * await leadconduit.fault({ operation: 'list_connections', status: 503, times: 2 });
   */
  async fault(spec: FaultSpec): Promise<Fault> {
    return unwrap('POST /__admin/faults', this.control.POST('/__admin/faults', { body: toRule(spec) }));
  }

  /** The faults that were added, in the order in which they are evaluated. */
  async faults(): Promise<Fault[]> {
    return (await unwrap('GET /__admin/faults', this.control.GET('/__admin/faults'))).faults;
  }

  /** Removes one fault, or all of them. */
  async removeFaults(id?: string): Promise<void> {
    if (id === undefined) {
      await unwrap('DELETE /__admin/faults', this.control.DELETE('/__admin/faults'));
    } else {
      const params = { path: { id } };
      await unwrap(`DELETE /__admin/faults/${id}`, this.control.DELETE('/__admin/faults/{id}', { params }));
    }
  }

  /** The exchanges in the journal, newest first. */
  async requests(filter: RequestFilter = {}): Promise<Exchange[]> {
    const params = { query: filter };
    return (await unwrap('GET /__admin/requests', this.control.GET('/__admin/requests', { params }))).requests;
  }

  /**
   * Compares the journal with expectations. Waits up to `waitMs` for them to be met.
   *
   * @throws {@link VerificationError} when they are not met. Its `verdict` has the details.
   */
  async verify(expectations: Expectations, options: { waitMs?: number } = {}): Promise<Verdict> {
    const params = { query: { wait: options.waitMs ?? 0 } };
    const call = this.control.POST('/__admin/verify', { params, body: expectations });
    const verdict = (await unwrap('POST /__admin/verify', call)) as Verdict;
    if (!verdict.passed) throw new VerificationError(verdict);
    return verdict;
  }

  /** Explains how the response to a request comes about, or came about: `{ exchange: 7 }`. Changes nothing. */
  async explain(request: ExplainRequest): Promise<Explanation> {
    return unwrap('POST /__admin/explain', this.control.POST('/__admin/explain', { body: request }));
  }

  /** What the client has exercised, and how it broke the contract. */
  async coverage(): Promise<Coverage> {
    return unwrap('GET /__admin/coverage', this.control.GET('/__admin/coverage'));
  }

  /** Saves the world under a name. */
  async snapshot(name: string): Promise<Snapshot> {
    const params = { path: { name } };
    return unwrap(`POST /__admin/snapshots/${name}`, this.control.POST('/__admin/snapshots/{name}', { params }));
  }

  /** Restores a saved world. */
  async restore(name: string): Promise<void> {
    const call = this.control.POST('/__admin/snapshots/{name}/restore', { params: { path: { name } } });
    await unwrap(`POST /__admin/snapshots/${name}/restore`, call);
  }

  /** Resets this sandbox to the start of its scenario, and clears its journal and coverage. */
  async reset(): Promise<void> {
    await unwrap('POST /__admin/reset', this.control.POST('/__admin/reset'));
  }

  /** Ends the sandbox and releases its memory. What its client exercised still counts in reports. */
  async end(): Promise<void> {
    const call = this.control.DELETE('/__admin/sandboxes/{name}', { params: { path: { name: this.name } } });
    const { error, response } = await call;
    // The sandbox was not used, or has been ended already.
    if (!response.ok && response.status !== 404) {
      await unwrap(`DELETE /__admin/sandboxes/${this.name}`, Promise.resolve({ error, response }));
    }
  }
}

function toRule(spec: FaultSpec): Rule {
  const { operation, status, body, headers, delay, fault, ...rule } = spec;
  const when = { ...(operation !== undefined && { operation }), ...rule.when };
  const then = {
    ...(status !== undefined && { status }),
    ...(body !== undefined && { body }),
    ...(headers !== undefined && { headers }),
    ...(delay !== undefined && { delay }),
    ...(fault !== undefined && { fault }),
    ...rule.then,
  };
  return {
    ...rule,
    ...(Object.keys(when).length > 0 && { when }),
    ...(Object.keys(then).length > 0 && { then }),
  } as Rule;
}

/** The name of a new sandbox: readable, valid, and different for each call. */
export function sandboxName(title: string): string {
  const readable = title
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(-48);
  return `${readable || 'test'}-${crypto.randomUUID().slice(0, 8)}`;
}
