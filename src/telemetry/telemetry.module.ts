import { Inject, Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { Database } from '../database/database.js';
import { EventStore } from '../event-store/event-store.js';
import { Lifecycle } from '../http/lifecycle.js';
import { Outbox } from '../outbox/outbox.js';
import { BusinessCounts } from './business-counts.js';
import { createMetrics } from './metrics.js';
import { MetricsServer } from './metrics-server.js';
import { Operations } from './operations.js';
import { traceBuses } from './traced-buses.js';
import { tracingIsOn } from './tracing.js';

/** Looks at the other modules from outside: none of them knows it. */
@Module({})
export class TelemetryModule implements OnModuleInit, OnApplicationShutdown {
  private read: (() => Promise<string>) | undefined;
  private stopMetrics: (() => Promise<void>) | undefined;
  private server: MetricsServer | undefined;

  static forRoot(operations: Operations): DynamicModule {
    return { module: TelemetryModule, providers: [{ provide: Operations, useValue: operations }] };
  }

  constructor(
    @Inject(ModuleRef) private readonly modules: ModuleRef,
    @Inject(Operations) private readonly operations: Operations,
  ) {}

  async onModuleInit(): Promise<void> {
    const of = <T>(token: abstract new (...args: never[]) => T): T => this.modules.get<T>(token, { strict: false });
    const business = new BusinessCounts();
    of(EventStore).onAppend((append) => business.count(append));
    const { read, stop } = createMetrics({
      operations: this.operations,
      business,
      database: of(Database),
      outbox: of(Outbox),
      lifecycle: of(Lifecycle),
    });
    this.read = read;
    this.stopMetrics = stop;
    this.server = new MetricsServer(read);
    if (!tracingIsOn()) return;
    const { TraceService } = await import('nestjs-otel');
    traceBuses(of(CommandBus), of(QueryBus), new TraceService().getTracer());
  }

  /** Serves the metrics. @returns where; @throws Error when the port is taken */
  async serveMetrics(port: number, host: string): Promise<string> {
    if (!this.server) throw new Error('The application is not initialised.');
    return await this.server.listen(port, host);
  }

  /** What a scrape would be answered, for a process whose metrics another one serves. */
  async readMetrics(): Promise<string> {
    if (!this.read) throw new Error('The application is not initialised.');
    return await this.read();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.server?.close();
    await this.stopMetrics?.();
  }
}
