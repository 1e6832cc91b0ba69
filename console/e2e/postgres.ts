/** The PostgreSQL that journeys may use, as the other tests do. */
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';

/** The address of a database of one's own there. Its name says when it was made: what is left of it, later runs of the tests remove. */
export function ownDatabase(): string {
  const named = process.env['GANTRY_TEST_POSTGRES_URL'] ?? '';
  const url = new URL(named === '' ? `postgres://${userInfo().username}@127.0.0.1:5432/postgres` : named);
  url.pathname = `/gantry_t_${String(Math.floor(Date.now() / 1000))}_${randomBytes(4).toString('hex')}`;
  return url.href;
}
