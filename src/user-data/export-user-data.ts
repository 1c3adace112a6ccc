import { Query, QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { userNotFound } from '../basket/domain/basket.errors.js';
import { UserData } from './user-data.js';

/** GDPR, articles 15 and 20. Answers JSON, a line each, with the line breaks. */
export class ExportUserData extends Query<AsyncIterable<string>> {
  constructor(readonly userName: string) {
    super();
  }
}

@QueryHandler(ExportUserData)
export class ExportUserDataHandler implements IQueryHandler<ExportUserData> {
  constructor(private readonly data: UserData) {}

  async execute({ userName }: ExportUserData): Promise<AsyncIterable<string>> {
    const items = await this.data.export(userName);
    if (!items) throw userNotFound(userName);
    return linesOf(userName, items);
  }
}

/** Whoever finds the last line, and as many before it as it says, has all of it. */
async function* linesOf(userName: string, items: AsyncIterable<object>): AsyncGenerator<string> {
  yield line({ type: 'user', userName });
  let lines = 1;
  for await (const item of items) {
    yield line(item);
    lines++;
  }
  yield line({ type: 'end', lines });
}

const line = (item: object): string => `${JSON.stringify(item)}\n`;
