import type { Database, Statement } from '../database/database.js';
import type { Job } from '../jobs/jobs.js';

/** The function belongs to the role that owns the view; that of the service owns nothing. */
const REFRESH: Statement = { name: 'refresh-analytics', text: 'SELECT refresh_basket_analytics()' };

/** Longer than a refresh takes for millions of baskets. */
const MOST_MS = 600_000;

export const REFRESH_JOB = 'refresh-analytics';

/** Brings the figures up to date; they can be read meanwhile as they were before. */
export class RefreshAnalytics implements Job {
  readonly name = REFRESH_JOB;
  readonly everyMs: number;

  /** @param everySeconds from one refresh to the next; 0: never */
  constructor(
    private readonly database: Database,
    everySeconds: number,
  ) {
    this.everyMs = everySeconds * 1000;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.database.query(REFRESH, [], performance.now() + MOST_MS, signal);
  }
}
