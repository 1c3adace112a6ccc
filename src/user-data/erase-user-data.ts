import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { userNotFound } from '../basket/domain/basket.errors.js';
import { UserData } from './user-data.js';

/** GDPR, article 17. Answers the version that the erasure took. */
export class EraseUserData extends Command<number> {
  constructor(readonly userName: string) {
    super();
  }
}

@CommandHandler(EraseUserData)
export class EraseUserDataHandler implements ICommandHandler<EraseUserData> {
  constructor(private readonly data: UserData) {}

  async execute({ userName }: EraseUserData): Promise<number> {
    const version = await this.data.erase(userName);
    if (version === undefined) throw userNotFound(userName);
    return version;
  }
}
