/** v1.ObjectReference, as much of it as an event needs. */
export interface EventObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface EventRecord {
  readonly regarding: EventObject;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, for machines: why. */
  readonly reason: string;
  /** CamelCase: what was done or not done. */
  readonly action: string;
  /** One sentence for a person. */
  readonly note: string;
  readonly related?: EventObject;
}

export interface EventRecorder {
  /** Returns at once and never throws; the same event again within the window is counted in its series. */
  record(event: EventRecord): void;
  /** Sends what is still waiting. For the end of the process. */
  flush(): Promise<void>;
}
