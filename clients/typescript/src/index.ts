export { CookieAuth, KeyAuth, TokenAuth, type Auth, type Send, type Tokens } from './auth';
export { call, createClient, once, version, type Gantry, type Options } from './client';
export {
  events,
  type EventOptions,
  type Happened,
  type Interrupted,
  type Opened,
  type WorkspaceEvent,
} from './events';
export { all, pages, rows, type PageOf } from './pages';
export { NetworkError, ProblemError, type FieldError } from './problem';
export type * from './schema';
