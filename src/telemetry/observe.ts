import type { Attributes, Meter } from '@opentelemetry/api';

/** Values at the moment of a scrape, each with its labels. */
type Read = () => Iterable<readonly [number, Attributes?]>;

export function counter(meter: Meter, name: string, description: string, read: Read): void {
  meter.createObservableCounter(name, { description }).addCallback((result) => {
    for (const [value, labels] of read()) result.observe(value, labels);
  });
}

export function gauge(meter: Meter, name: string, description: string, read: Read): void {
  meter.createObservableGauge(name, { description }).addCallback((result) => {
    for (const [value, labels] of read()) result.observe(value, labels);
  });
}
