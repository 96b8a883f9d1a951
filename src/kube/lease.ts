export interface Leadership {
  /**
   * Runs `lead` while the lease is ours, again each time that it becomes ours again, until `signal`; never rejects.
   * The signal given to `lead` aborts as soon as leadership is lost; the lease is not asked for again before `lead` ended.
   */
  run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void>;
  /** True only while our last renewal is younger than the renew deadline, looked at anew each time. */
  isLeader(): boolean;
}
