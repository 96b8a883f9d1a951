import { jest } from '@jest/globals';

/** No test is a speed test: this only ends what hangs, on a machine that may be busy with the end-to-end tests. */
jest.setTimeout(60_000);
