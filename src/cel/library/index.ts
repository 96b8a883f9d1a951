/** The functions that Kubernetes adds to CEL, or has in another way than the CEL library. */
import type { Environment } from '@marcbachmann/cel-js';
import type { Budget } from '../budget.ts';
import { libraryOf } from './define.ts';
import { registerLists } from './lists.ts';
import { registerQuantities } from './quantity.ts';
import { registerRegex } from './regex.ts';
import { registerStrings } from './strings.ts';
import { registerTimes } from './times.ts';
import { registerUrls } from './url.ts';

export { OVERRIDDEN, OVERRIDDEN_GLOBALS } from './define.ts';

export function registerLibrary(environment: Environment, budget: Budget): void {
  const library = libraryOf(environment, budget);
  registerQuantities(library);
  registerUrls(library);
  registerLists(library);
  registerStrings(library);
  registerRegex(library);
  registerTimes(library);
}
