/** How much of everything: enough for figures, fewer for a first look, or only enough to see that it works. */

export type ReviewSize = 2 | 20 | 200;

export interface Amounts {
  readonly rounds: number;
  /** KB of the reviews that are sent flat out. */
  readonly sizes: readonly ReviewSize[];
  /** Of one program in one round. */
  readonly seconds: number;
  /**
   * Flat out, so that what a server of weeks has compiled long ago is compiled; its first seconds are told apart. Long enough
   * at 2 KB for ours to have renewed each connection once (after 10,000 requests), which makes V8 compile much of it again.
   */
  readonly warmUpSeconds: number;
  /** Requests per second of the latency measurement. */
  readonly rate: number;
  /** Of the chart. */
  readonly ladder: readonly number[];
  readonly pauseSeconds: number;
  /** Writes through the real API server. */
  readonly apiServerRequests: number;
  readonly small: { readonly workloads: number; readonly configs: number };
  readonly middle: { readonly workloads: number; readonly configs: number };
  readonly large: { readonly workloads: number; readonly configs: number };
  /** In the namespace of the config that is deleted. */
  readonly deletionWorkloads: number;
  readonly deletions: number;
  /** That refer to the config that is edited. */
  readonly editWorkloads: number;
  readonly starts: number;
}

export const FULL: Amounts = {
  rounds: 3,
  sizes: [2, 20, 200],
  seconds: 1.5,
  warmUpSeconds: 12,
  rate: 1000,
  ladder: [250, 500, 1000, 2000, 4000, 6000, 8000, 12_000, 16_000],
  pauseSeconds: 60,
  apiServerRequests: 1500,
  small: { workloads: 10, configs: 10 },
  middle: { workloads: 10_000, configs: 1000 },
  large: { workloads: 100_000, configs: 10_000 },
  deletionWorkloads: 5000,
  deletions: 15,
  editWorkloads: 1000,
  starts: 5,
};

export const SHORT: Amounts = {
  ...FULL,
  rounds: 1,
  seconds: 1,
  warmUpSeconds: 6,
  ladder: [500, 1000, 2000, 4000, 8000],
  pauseSeconds: 10,
  apiServerRequests: 300,
  large: { workloads: 20_000, configs: 2000 },
  deletionWorkloads: 1000,
  deletions: 5,
  editWorkloads: 200,
  starts: 2,
};

/** Says nothing about speed. */
export const SMOKE: Amounts = {
  ...SHORT,
  sizes: [2],
  seconds: 0.2,
  warmUpSeconds: 0.4,
  rate: 50,
  ladder: [50, 100],
  pauseSeconds: 1,
  apiServerRequests: 10,
  middle: { workloads: 30, configs: 10 },
  large: { workloads: 60, configs: 20 },
  deletionWorkloads: 20,
  deletions: 2,
  editWorkloads: 10,
  starts: 1,
};
