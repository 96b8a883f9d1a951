/** What a backend has to know. A third one is one new file and one line in registry.ts. */
import type { AuthorizerSpec, Problem } from './analysis.ts';
import type { Cedar } from './cedar.ts';
import type { Decide } from './decision.ts';
import type { CompilePolicy } from './policy-compiler.ts';

export interface Authorizer {
  /** `spec.type`, case-sensitive. */
  readonly type: string;
  /** Under which key the proxy finds the config; never empty, `version` or `type`. */
  readonly configKey: string;
  /** Why the proxy could not be given this config, all reasons at once. Bounded in time and depth by analyze.ts. */
  validate(config: AuthorizerSpec['config'], cedar: Cedar): readonly Problem[];
  /** What will surprise at run time; asked only for a config that is valid. */
  lint(config: AuthorizerSpec['config'], cedar: Cedar): readonly Problem[];
  /** Decides calls as the proxy would; absent where that takes somebody else's word. The config's work is done once. */
  decide?(config: AuthorizerSpec['config'], compile: CompilePolicy): Decide;
}
