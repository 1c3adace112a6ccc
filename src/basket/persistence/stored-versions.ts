import type { Database, Statement } from '../../database/database.js';
import type { EventStore } from '../../event-store/event-store.js';
import { requestContext } from '../../request-context.js';

const VERSIONS: Statement = {
  name: 'basket-versions',
  text: 'SELECT user_name, version FROM basket_projections WHERE user_name = ANY($1)',
};

/** Names a statement. */
const MOST_NAMES = 500;

/** The versions of many baskets at once, from the store itself: a cache may have missed what is asked for here. */
export class StoredVersions {
  constructor(
    private readonly database: Database,
    private readonly events: EventStore,
    private readonly deadlineMs: number,
  ) {}

  /** Users that never had a basket are missing; an erasure is the last version of its user. @throws DatabaseUnavailableError within the deadline */
  read(userNames: readonly string[]): Promise<Map<string, number>> {
    // The timers of those who ask were started by some request, whose deadline has long passed.
    return requestContext.exit(() => this.readAll(userNames));
  }

  private async readAll(userNames: readonly string[]): Promise<Map<string, number>> {
    const deadline = performance.now() + this.deadlineMs;
    const versions = new Map<string, number>();
    for (let at = 0; at < userNames.length; at += MOST_NAMES) {
      const names = userNames.slice(at, at + MOST_NAMES);
      const { rows } = await this.database.query<{ user_name: string; version: number }>(VERSIONS, [names], deadline);
      for (const { user_name, version } of rows) versions.set(user_name, version);
      const missing = names.filter((name) => !versions.has(name));
      if (missing.length === 0) continue;
      for (const [name, version] of await this.events.erasedVersions(missing, deadline)) versions.set(name, version);
    }
    return versions;
  }
}
