import type { Database, Statement } from '../../database/database.js';

/**
 * The index has the hour, which begins before the change itself, so no basket is missed; some of the last hour are not
 * idle yet. To filter them out here would mislead the planner into sorting all that are.
 */
const IN_USE: Statement = {
  name: 'baskets-in-use-since',
  text: `SELECT user_name, active_hour, updated_at <= $1 AS is_idle FROM basket_projections
         WHERE active_hour <= $1 AND (active_hour, user_name) > ($2, $3)
         ORDER BY active_hour, user_name LIMIT $4`,
};

export interface BasketInUse {
  readonly userName: string;
  readonly activeHour: Date;
  /** Whether it was not changed since then; else it was, within the hour. */
  readonly isIdle: boolean;
}

/** The baskets that are in use, by the hour of their last change. It reads an index, not the table. */
export class IdleBaskets {
  constructor(private readonly database: Database) {}

  /**
   * The next of those that were last changed by the end of that hour, the ones without a change for longest first.
   *
   * @param since ISO 8601
   * @param behind the last one of the batch before
   */
  async next(since: string, behind: BasketInUse | undefined, limit: number, deadline: number): Promise<BasketInUse[]> {
    const { activeHour, userName } = behind ?? { activeHour: new Date(0), userName: '' };
    const { rows } = await this.database.query<{ user_name: string; active_hour: Date; is_idle: boolean }>(
      IN_USE,
      [since, activeHour, userName, limit],
      deadline,
    );
    return rows.map(({ user_name, active_hour, is_idle }) => ({
      userName: user_name,
      activeHour: active_hour,
      isIdle: is_idle,
    }));
  }
}
