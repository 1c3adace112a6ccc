import { hash } from 'node:crypto';
import type { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { Tracer } from '@opentelemetry/api';
import { NotedSpan } from './noted-span.js';
import { record, recordedSpan } from './spans.js';

interface Bus {
  execute(message: object, ...rest: unknown[]): Promise<unknown>;
}

/** Gives every command and query that is executed for a recorded request its span: `command.AddItem`, `query.GetBasket`. */
export function traceBuses(commands: CommandBus, queries: QueryBus, tracer: Tracer): void {
  traceBus(commands, 'command', tracer);
  traceBus(queries, 'query', tracer);
}

function traceBus(bus: Bus, kind: 'command' | 'query', tracer: Tracer): void {
  const execute = bus.execute.bind(bus);
  bus.execute = (message, ...rest) => {
    const parent = recordedSpan();
    if (!parent) return execute(message, ...rest);
    const type = message.constructor.name;
    const attributes = { [`${kind}.type`]: type, ...hashOfUser(message) };
    return record(new NotedSpan(tracer, `${kind}.${type}`, { attributes }, parent), () => execute(message, ...rest));
  };
}

/** Finds the traces of a user whose name one knows, and tells the name to nobody who does not. */
function hashOfUser({ userName }: { userName?: unknown }): { 'user.hash'?: string } {
  if (typeof userName !== 'string') return {};
  return { 'user.hash': hash('sha256', userName, 'hex').slice(0, 16) };
}
