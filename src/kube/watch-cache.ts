export interface CacheEntry<T> {
  readonly namespace: string;
  readonly name: string;
  readonly value: T;
}

export interface CacheChange<T> {
  readonly namespace: string;
  readonly name: string;
  /** Undefined where the object was added. */
  readonly before: T | undefined;
  /** Undefined where the object was removed. */
  readonly after: T | undefined;
}

export interface WatchCache<T> {
  /** Runs until the signal; never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** True once a list was read to its end. */
  synced(): boolean;
  get(namespace: string, name: string): T | undefined;
  /** Entries of one namespace (all without an argument). */
  list(namespace?: string): readonly CacheEntry<T>[];
  /**
   * Called after the entry changed, for every new resourceVersion, also where the projection stays the same. An object
   * that was deleted and made anew comes as removed and added. Returns the unsubscribe.
   */
  onChange(listener: (change: CacheChange<T>) => void): () => void;
  /** Why it cannot be relied on now; undefined when fine. For readiness. */
  fault(): string | undefined;
  /** Seconds since the API server was last heard of (event, bookmark, list). */
  lagSeconds(): number;
}
