/**
 * A mock server for ActiveProspect's LeadConduit API.
 *
 * @example
 * import { startMock } from 'leadconduit-mock';
 * const mock = await startMock({ scenario: 'sso-outage' });
 * // ... run the client with mock.url and mock.apiKey ...
 * await mock.stop();
 */
export { BinaryNotFoundError, VERSION, findBinary } from './binary.js';
export { ControlError } from './control.js';
export type {
  ClockState,
  ControlClient,
  Coverage,
  Exchange,
  Expectations,
  ExplainRequest,
  Explanation,
  Fault,
  RequestFilter,
  Rule,
  Scenario,
  Snapshot,
  Verdict,
} from './control.js';
export type { components, operations, paths } from './control-api.js';
export { type FailureReport, collectFailure, describeExchange } from './failure.js';
export {
  DEFAULT_API_KEY,
  DEFAULT_SUPERUSER_API_KEY,
  type FaultSpec,
  Sandbox,
  SandboxClock,
  type ServerAddress,
  VerificationError,
  sandboxName,
} from './sandbox.js';
export {
  type ConnectOptions,
  MockServer,
  ServerError,
  type StartOptions,
  type Stopped,
  connectMock,
  startMock,
} from './server.js';
