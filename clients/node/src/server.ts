import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

import { VERSION, findBinary } from './binary.js';
import { DEFAULT_API_KEY, DEFAULT_SUPERUSER_API_KEY, Sandbox, type ServerAddress } from './sandbox.js';

/** How much of the log is kept for error messages, in characters. */
const LOG_CHARS_MAX = 64 * 1024;

/** How to reach a server that is already running. */
export interface ConnectOptions {
  /** The token of `--admin-token`. The default is the environment variable `LEADCONDUIT_MOCK_ADMIN_TOKEN`. */
  adminToken?: string;
  /** The key of a user, for scenarios with other keys than the built-in ones. */
  apiKey?: string;
  /** The key of a superuser, for scenarios with other keys than the built-in ones. */
  superuserApiKey?: string;
}

/** The settings of a new server. Those without a value come from the environment: `LEADCONDUIT_MOCK_SEED` and so on. */
export interface StartOptions extends ConnectOptions {
  /** The initial scenario of every sandbox. */
  scenario?: string;
  /** A scenario file, or a folder of them. */
  scenarios?: string;
  /** The seed of generated values. */
  seed?: number;
  /** `real`, or an RFC 3339 time at which the clock is frozen. */
  clock?: string;
  /** How requests that violate the contract are handled. */
  requests?: 'strict' | 'warn' | 'off';
  /** The port. The default is a free one. */
  port?: number;
  /** Files for the report, which is written when the server stops. */
  report?: string[];
  /** More flags of `leadconduit-mock serve`. */
  args?: string[];
  /** The path of the binary. The default is `LEADCONDUIT_MOCK_BINARY`, else the one of this package. */
  binary?: string;
  /** How long the start can take. */
  startTimeoutMs?: number;
}

/** How a server ended. */
export interface Stopped {
  /** 0, or 1 when `--fail-on` or `--fail-under` is not met. `null` when a signal ended the process. */
  exitCode: number | null;
  /** The end of the log. */
  log: string;
}

/** The server cannot be started or used. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
}

/** A running server. Its own methods act on the sandbox `default`. */
export class MockServer extends Sandbox {
  constructor(
    private readonly address: ServerAddress,
    private readonly stopProcess: () => Promise<Stopped | undefined>,
  ) {
    super(address, 'default');
  }

  /** A sandbox of this server. The server creates it on first use. */
  sandbox(name: string): Sandbox {
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
      throw new TypeError(`${JSON.stringify(name)} is not a sandbox name: write 1 to 64 of A-Z a-z 0-9 . _ -`);
    }
    return new Sandbox(this.address, name);
  }

  /**
   * Stops the server, and waits until it has ended and written its reports. `undefined` when this process did not
   * start the server, which then continues.
   */
  async stop(): Promise<Stopped | undefined> {
    return this.stopProcess();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/**
 * Starts a server on a free port of 127.0.0.1, and waits until it accepts connections.
 *
 * The server ends when this process does, also when it crashes.
 *
 * @throws {@link ServerError} with the server's own message, for example when the scenario does not exist.
 */
export async function startMock(options: StartOptions = {}): Promise<MockServer> {
  const binary = findBinary(options.binary);
  const child = spawn(binary, flags(options), {
    // The server stops when its standard input ends, however this process ends.
    env: { ...process.env, LEADCONDUIT_MOCK_STOP_WITH_STDIN: 'true' },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C ends the test run first, whose last requests still get responses.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const running = new ServerProcess(child, binary);
  const url = await running.listening(options.startTimeoutMs ?? 30_000);
  try {
    return await connect(url, options, () => running.stop(), binary);
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/**
 * Uses a server that is already running, such as one of `leadconduit-mock run` or of another machine.
 *
 * @throws {@link ServerError} when it does not respond, or has another version than this package.
 */
export async function connectMock(url: string, options: ConnectOptions = {}): Promise<MockServer> {
  return connect(url, options, () => Promise.resolve(undefined), url);
}

async function connect(
  url: string,
  options: ConnectOptions,
  stop: () => Promise<Stopped | undefined>,
  what: string,
): Promise<MockServer> {
  const root = url.replace(/\/+$/, '');
  let version: string;
  try {
    const response = await fetch(`${root}/__admin/version`);
    version = ((await response.json()) as { version: string }).version;
  } catch (error) {
    throw new ServerError(`${root} does not respond as a leadconduit-mock: ${reason(error)}`, { cause: error });
  }
  if (version !== VERSION) {
    throw new ServerError(
      `${what} is leadconduit-mock ${version}, but this npm package is version ${VERSION}. Install the package ` +
        'in the version of the binary, or use the binary of the package.',
    );
  }
  const adminToken = options.adminToken ?? (process.env['LEADCONDUIT_MOCK_ADMIN_TOKEN'] || undefined);
  const apiKey = options.apiKey ?? DEFAULT_API_KEY;
  const superuserApiKey = options.superuserApiKey ?? DEFAULT_SUPERUSER_API_KEY;
  return new MockServer({ url: root, apiKey, superuserApiKey, adminToken }, stop);
}

function flags(options: StartOptions): string[] {
  const found = ['serve', '--port', String(options.port ?? 0)];
  const add = (flag: string, value: string | number | undefined): void => {
    if (value !== undefined) found.push(flag, String(value));
  };
  add('--scenario', options.scenario);
  add('--scenarios', options.scenarios);
  add('--seed', options.seed);
  add('--clock', options.clock);
  add('--requests', options.requests);
  add('--admin-token', options.adminToken);
  for (const file of options.report ?? []) add('--report', file);
  return [...found, ...(options.args ?? [])];
}

/** The process of a server. */
class ServerProcess {
  private log = '';
  private readonly exited: Promise<number | null>;

  constructor(
    private readonly child: ChildProcess,
    private readonly binary: string,
  ) {
    this.exited = new Promise((resolve) => {
      child.once('close', (code) => resolve(code));
      child.once('error', (error) => {
        this.log += reason(error);
        resolve(null);
      });
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.log = (this.log + text).slice(-LOG_CHARS_MAX);
    });
    // A write to a server that has ended is not an error of the test run.
    child.stdin?.on('error', () => undefined);
    // None of these keeps the test run alive: when it ends, the pipe is closed and the server stops.
    child.unref();
    for (const stream of [child.stdin, child.stdout, child.stderr]) {
      (stream as unknown as { unref?: () => void } | null)?.unref?.();
    }
  }

  /** Waits for the line `listening on URL`. */
  async listening(timeoutMs: number): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<'timeout'>((resolve) => {
      timer = setTimeout(() => resolve('timeout'), timeoutMs);
    });
    const ended = this.exited.then(() => 'ended' as const);
    const first = await Promise.race([firstLine(this.child.stdout), ended, timeout]);
    clearTimeout(timer);
    const url = /^listening on (\S+)/.exec(first)?.[1];
    if (url !== undefined) return url;
    const what = first === 'timeout' ? `did not start within ${timeoutMs} ms` : 'could not be started';
    const { log } = await this.stop();
    throw new ServerError(`${this.binary} ${what}: ${log.trim() || 'it printed nothing'}`);
  }

  async stop(): Promise<Stopped> {
    this.child.ref();
    this.child.stdin?.end();
    // A binary that does not know the variable needs the signal; for others it changes nothing.
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
    return { exitCode: await this.exited, log: this.log };
  }
}

/** The first line of a stream; the rest is read and ignored. */
function firstLine(stream: Readable | null): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    let found = false;
    stream?.setEncoding('utf8').on('data', (part: string) => {
      if (found) return;
      text += part;
      if (text.includes('\n')) {
        found = true;
        resolve(text.slice(0, text.indexOf('\n')));
      }
    });
  });
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
