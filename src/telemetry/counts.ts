/**
 * What happened in this process since it started, counted where it happens and read at each scrape. Plain numbers,
 * because a counter of the SDK costs a hot path half a microsecond each time.
 */
export const counts = {
  cacheHits: 0,
  cacheMisses: 0,
  /** Reads and writes of the cache that Redis did not carry out in time, or was not asked for while it is left alone. */
  cacheErrors: 0,
  /** Reads that were not cached, because the basket may have changed since they were made. */
  cacheStaleDiscards: 0,
  /** Appends that found the stream at another version than the one decided on. */
  versionConflicts: 0,
  /** Decisions taken again, on a fresh basket. */
  retries: 0,
};

/** What is the case at the moment of a scrape. Whoever knows puts its own function here. */
export const gauges = {
  /** Open streams of server-sent events. */
  liveStreams: (): number => 0,
};
