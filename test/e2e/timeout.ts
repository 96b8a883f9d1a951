import { jest } from '@jest/globals';

/** A real API server on a busy machine; each wait inside a test has a deadline of its own. */
jest.setTimeout(120_000);
