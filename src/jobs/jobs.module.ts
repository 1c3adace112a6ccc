import { Inject, Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, ModuleMetadata, Type } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Database } from '../database/database.js';
import { Jobs } from './jobs.js';
import type { Job } from './jobs.js';

@Module({})
export class JobsModule implements BeforeApplicationShutdown {
  /** @param imports the modules that provide the jobs */
  static forRoot(jobs: readonly Type<Job>[], imports: NonNullable<ModuleMetadata['imports']>): DynamicModule {
    const provider = {
      provide: Jobs,
      inject: [Database, ...jobs],
      useFactory: (database: Database, ...all: Job[]) => new Jobs(database, all),
    };
    return { module: JobsModule, imports: [ScheduleModule.forRoot(), ...imports], providers: [provider] };
  }

  constructor(@Inject(Jobs) private readonly jobs: Jobs) {}

  async beforeApplicationShutdown(): Promise<void> {
    await this.jobs.stop();
  }
}
